//! What journals tell of events that were removed for their age.

use std::sync::Arc;

use store::{JournalFrom, JournalRead, NewEvent, Outcome, Store};

use crate::place::Place;
use crate::purge::purge_events;
use crate::support::{
    PARKED, append, at, claim, claim_one, event, everything, expect_claim, expect_journal, finish, is_stored, journal,
    journaled, number, retention, with_deliveries, with_keys,
};

for_every_store!(
    only_the_journals_concerned_lose_an_event,
    the_newest_is_told_when_all_are_lost,
    a_number_is_never_given_again,
    a_journal_begins_behind_what_it_lost,
    nothing_is_lost_without_being_told,
);

/// `lost` and `newest` of a journal.
async fn ends(store: &Arc<dyn Store>, registration: i64) -> (i64, i64) {
    let page = journal(store, everything(registration)).await;
    (page.lost, page.newest)
}

async fn only_the_journals_concerned_lose_an_event(place: &Place) {
    let store = place.open().await;
    append(&store, event(at(0))).await;
    let both = append(&store, journaled(at(1), &[1, 2])).await;
    let of_two = append(&store, NewEvent { journals: vec![2], ..with_deliveries(at(2), &[(3, &[])]) }).await;
    let delivery = claim_one(&store, at(2)).await;
    finish(&store, &delivery, PARKED).await;
    let kept = append(&store, journaled(at(3), &[1, 2, 4])).await;
    let (both, of_two, newest) = (number(&store, both).await, number(&store, of_two).await, number(&store, kept).await);
    purge_events(&store, at(1)).await;
    assert_eq!(ends(&store, 1).await, (0, newest), "the oldest event was in no journal");
    purge_events(&store, at(3)).await;
    let store = place.reopen(store).await;
    assert_eq!(ends(&store, 1).await, (both, newest));
    assert_eq!(ends(&store, 2).await, (of_two, newest));
    assert_eq!(ends(&store, 3).await, (of_two, of_two));
    assert_eq!(ends(&store, 4).await, (0, newest));
    for registration in [1, 2, 4] {
        expect_journal(&store, everything(registration), &[kept]).await;
        let page = JournalRead { events_max: 1, from: JournalFrom::After(newest), ..everything(registration) };
        assert_eq!(journal(&store, page).await.newest, newest, "whatever is asked for");
    }
}

async fn the_newest_is_told_when_all_are_lost(place: &Place) {
    let store = place.open().await;
    append(&store, journaled(at(0), &[1])).await;
    let last = append(&store, journaled(at(1), &[1])).await;
    let newest = number(&store, last).await;
    purge_events(&store, at(10)).await;
    assert!(!is_stored(&store, last).await);
    assert_eq!(ends(&store, 1).await, (newest, newest));
    for from in [JournalFrom::Oldest, JournalFrom::After(0), JournalFrom::At(at(0))] {
        expect_journal(&store, JournalRead { from, ..everything(1) }, &[]).await;
    }
}

/// After a restart the numbers of events that had been removed were given again: whoever had read that far in a
/// journal never saw the new ones. A number stands for one event for ever.
async fn a_number_is_never_given_again(place: &Place) {
    let mut store = place.open().await;
    let mut newest = 0;
    for second in 0..4 {
        let heard = append(&store, journaled(at(second), &[1])).await;
        let given = number(&store, heard).await;
        assert!(given > newest, "{given} was given before");
        expect_journal(&store, JournalRead { from: JournalFrom::After(newest), ..everything(1) }, &[heard]).await;
        let unheard = append(&store, event(at(second))).await;
        newest = number(&store, unheard).await;
        purge_events(&store, at(second + 1)).await;
        store = place.reopen(store).await;
        assert_eq!(ends(&store, 1).await, (given, given));
    }
}

/// An old event whose delivery is open outlives younger ones. Read from the oldest, the journal began with it, and who
/// read on behind it was told of a loss, however often he began anew. The journal is whole behind what it lost.
async fn a_journal_begins_behind_what_it_lost(place: &Place) {
    let store = place.open().await;
    let stuck = append(&store, with_keys(at(0), &["a"])).await;
    let claimed = claim_one(&store, at(0)).await;
    finish(&store, &claimed, Outcome::RetryAt(at(100))).await;
    let gone = append(&store, journaled(at(1), &[1])).await;
    let kept = append(&store, journaled(at(20), &[1])).await;
    let (first, lost) = (number(&store, stuck).await, number(&store, gone).await);
    purge_events(&store, at(10)).await;
    for from in [JournalFrom::Oldest, JournalFrom::After(0), JournalFrom::After(first), JournalFrom::At(at(0))] {
        let page = journal(&store, JournalRead { from, ..everything(1) }).await;
        assert_eq!(page.lost, lost);
        assert_eq!(page.events.iter().map(|event| event.id).collect::<Vec<_>>(), [kept], "{from:?}");
    }
    // It is delivered all the same.
    let claimed = expect_claim(&store, at(100), &[stuck]).await;
    finish(&store, &claimed[0], Outcome::Done).await;
    purge_events(&store, at(10)).await;
    assert_eq!(ends(&store, 1).await.0, lost, "a loss that was told stays told");
    assert!(claim(&store, at(1_000)).await.is_empty());
}

/// A page was put together from several looks at the store; a purge between them took events that the page then did not
/// tell as lost. A page is of one moment.
async fn nothing_is_lost_without_being_told(place: &Place) {
    const EVENTS: i64 = 400;
    let store = place.open().await;
    let writer = tokio::spawn({
        let store = Arc::clone(&store);
        async move {
            for second in 0..EVENTS {
                append(&store, journaled(at(second), &[1])).await;
                store.purge(retention(at(second), at(0), at(0))).await.expect("the store can be purged");
            }
        }
    });
    // No event is for another journal, so the numbers in this one have no gaps.
    let mut is_over = false;
    while !is_over {
        is_over = writer.is_finished();
        let page = journal(&store, everything(1)).await;
        let numbers: Vec<i64> = page.events.iter().map(|event| event.number).collect();
        let expected: Vec<i64> = (page.lost + 1..=page.newest).collect();
        assert_eq!(numbers, expected, "lost up to {}", page.lost);
    }
    writer.await.unwrap();
    assert_eq!(ends(&store, 1).await.1 - ends(&store, 1).await.0, 1);
}
