use std::sync::Arc;

use jiff::Timestamp;
use store::{JournalFrom, JournalRead, NewEvent, Outcome, State, Store};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{
    ALL, LEASE, MILLISECOND, PARKED, REFUSED, REGISTRATION, append, append_again, at, claim, claim_one, claim_up_to,
    deliveries, event, everything, expect_claim, expect_journal, finish, id, journal, journaled, number, state,
    with_deliveries, with_keys,
};

for_every_store!(
    a_new_journal_is_empty,
    a_journal_holds_events_in_their_order,
    a_journal_is_read_on_behind_an_event,
    a_journal_is_read_from_a_time,
    a_page_holds_no_more_events_than_asked_for,
    a_page_holds_no_more_bytes_than_asked_for_but_always_an_event,
    an_event_lies_in_several_journals,
    an_event_lies_once_in_a_journal,
    a_journal_holds_events_whatever_became_of_them,
    an_event_for_journals_only_is_never_claimed,
    an_event_for_journals_only_keeps_no_lane,
    a_duplicate_lies_in_no_journal,
    a_journal_outlives_its_process,
);

const JOURNAL: JournalRead =
    JournalRead { registration: REGISTRATION, from: JournalFrom::Oldest, events_max: ALL, bytes_max: usize::MAX };

fn from(from: JournalFrom) -> JournalRead {
    JournalRead { from, ..JOURNAL }
}

/// Events for the one journal, with others between them that are in none or in another.
async fn append_journal(store: &Arc<dyn Store>, seconds: std::ops::Range<i64>) -> Vec<Uuid> {
    let mut events = Vec::new();
    for second in seconds {
        append(store, event(at(second))).await;
        events.push(append(store, journaled(at(second), &[REGISTRATION])).await);
        append(store, journaled(at(second), &[2])).await;
    }
    events
}

async fn a_new_journal_is_empty(place: &Place) {
    let store = place.open().await;
    for _ in 0..2 {
        for begin in [JournalFrom::Oldest, JournalFrom::After(0), JournalFrom::After(7), JournalFrom::At(at(0))] {
            let page = journal(&store, from(begin)).await;
            assert_eq!((page.events.len(), page.lost, page.newest), (0, 0, 0), "{begin:?}");
        }
        // What others get does not count.
        append(&store, journaled(at(0), &[2])).await;
    }
}

async fn a_journal_holds_events_in_their_order(place: &Place) {
    let store = place.open().await;
    let new = NewEvent {
        uid: Some("A-1".to_owned()),
        body: r#"{ "ß" : 1.0 }"#.into(),
        given_id: Some("given".into()),
        attributes: Some(r#"{"time":"2026-01-01T00:00:00Z"}"#.into()),
        ..journaled(at(0), &[REGISTRATION])
    };
    append(&store, new.clone()).await;
    let mut events = vec![new.id];
    events.extend(append_journal(&store, 1..6).await);
    events.push(append(&store, with_keys(at(6), &["sku-1"])).await);
    // Numbers tell the order, not ids and times.
    events.push(append(&store, NewEvent { id: id(at(-1)), ..with_keys(at(-1), &[]) }).await);
    expect_journal(&store, JOURNAL, &events).await;
    let page = journal(&store, JOURNAL).await;
    let (stored, _) = store.event(new.id).await.unwrap().unwrap();
    assert_eq!(format!("{:?}", page.events[0]), format!("{stored:?}"), "the event is all there");
    assert!(page.events.is_sorted_by(|earlier, later| earlier.number < later.number));
    assert_eq!((page.lost, page.newest), (0, number(&store, events[events.len() - 1]).await));
}

async fn a_journal_is_read_on_behind_an_event(place: &Place) {
    let store = place.open().await;
    let events = append_journal(&store, 0..6).await;
    for (position, event) in events.iter().enumerate() {
        let number = number(&store, *event).await;
        expect_journal(&store, from(JournalFrom::After(number)), &events[position + 1..]).await;
        expect_journal(&store, from(JournalFrom::After(number - 1)), &events[position..]).await;
    }
    expect_journal(&store, from(JournalFrom::After(i64::MAX)), &[]).await;
    expect_journal(&store, from(JournalFrom::After(i64::MIN)), &events).await;
    let newest = journal(&store, JOURNAL).await.newest;
    let next = append(&store, with_keys(at(6), &[])).await;
    expect_journal(&store, from(JournalFrom::After(newest)), &[next]).await;
}

async fn a_journal_is_read_from_a_time(place: &Place) {
    async fn check(store: &Arc<dyn Store>, time: Timestamp, expected: &[Uuid]) {
        expect_journal(store, from(JournalFrom::At(time)), expected).await;
    }
    let store = place.open().await;
    let mut events = Vec::new();
    for second in [10, 11, 11, 11, 20] {
        append(&store, event(at(second))).await;
        events.push(append(&store, journaled(at(second), &[REGISTRATION])).await);
    }
    check(&store, Timestamp::MIN, &events).await;
    check(&store, at(10), &events).await;
    check(&store, at(10) + MILLISECOND, &events[1..]).await;
    check(&store, at(11), &events[1..]).await;
    check(&store, at(11) + MILLISECOND, &events[4..]).await;
    check(&store, at(20), &events[4..]).await;
    check(&store, at(20) + MILLISECOND, &[]).await;
    check(&store, Timestamp::MAX, &[]).await;
    let page = JournalRead { events_max: 2, ..from(JournalFrom::At(at(11))) };
    expect_journal(&store, page, &events[1..3]).await;
}

async fn a_page_holds_no_more_events_than_asked_for(place: &Place) {
    let store = place.open().await;
    let events = append_journal(&store, 0..5).await;
    for events_max in 0..7 {
        let read = JournalRead { events_max, ..JOURNAL };
        expect_journal(&store, read, &events[..events_max.min(5)]).await;
        let newest = journal(&store, read).await.newest;
        assert_eq!(newest, number(&store, events[4]).await, "the newest of all, not of the page");
    }
    expect_journal(&store, JournalRead { events_max: usize::MAX, ..JOURNAL }, &events).await;
}

async fn a_page_holds_no_more_bytes_than_asked_for_but_always_an_event(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for bytes in [10, 20, 100_000, 5] {
        let body = format!("\"{}\"", "x".repeat(bytes - 2)).into();
        events.push(append(&store, NewEvent { body, ..with_keys(at(0), &[]) }).await);
    }
    for (bytes_max, expected) in
        [(0, 1), (10, 1), (29, 1), (30, 2), (100_029, 2), (100_030, 3), (100_034, 3), (100_035, 4), (usize::MAX, 4)]
    {
        expect_journal(&store, JournalRead { bytes_max, ..JOURNAL }, &events[..expected]).await;
    }
    let second = number(&store, events[1]).await;
    expect_journal(&store, JournalRead { bytes_max: 50, ..from(JournalFrom::After(second)) }, &events[2..3]).await;
    expect_journal(&store, JournalRead { bytes_max: 0, events_max: 0, ..JOURNAL }, &[]).await;
}

async fn an_event_lies_in_several_journals(place: &Place) {
    let store = place.open().await;
    let both = NewEvent { journals: vec![3, 5], ..with_deliveries(at(0), &[(1, &["a"]), (4, &[])]) };
    let both = append(&store, both).await;
    let one = append(&store, journaled(at(1), &[3])).await;
    for (registration, expected) in
        [(1, vec![both]), (2, vec![]), (3, vec![both, one]), (4, vec![both]), (5, vec![both])]
    {
        expect_journal(&store, everything(registration), &expected).await;
    }
    let states = deliveries(&store, both).await;
    for delivery in states {
        let is_journaled = matches!(delivery.registration, 3 | 5);
        assert_eq!(delivery.state == State::Journaled, is_journaled, "{delivery:?}");
    }
}

async fn an_event_lies_once_in_a_journal(place: &Place) {
    let store = place.open().await;
    let named_twice = append(&store, journaled(at(0), &[1, 2, 1, 1])).await;
    let delivered = append(&store, NewEvent { journals: vec![1, 2], ..with_keys(at(1), &["a"]) }).await;
    for registration in [1, 2] {
        expect_journal(&store, everything(registration), &[named_twice, delivered]).await;
    }
    expect_claim(&store, at(1), &[delivered]).await;
}

async fn a_journal_holds_events_whatever_became_of_them(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for outcome in [Outcome::Done, Outcome::Skipped, REFUSED, PARKED, Outcome::RetryAt(at(1_000))] {
        events.push(append(&store, with_keys(at(0), &[])).await);
        let claimed = claim_one(&store, at(0)).await;
        assert!(finish(&store, &claimed, outcome).await);
        expect_journal(&store, JOURNAL, &events).await;
    }
    events.push(append(&store, with_keys(at(1), &["a"])).await);
    claim_one(&store, at(1)).await;
    events.push(append(&store, with_keys(at(1), &["a"])).await);
    events.push(append(&store, with_keys(at(1), &["b"])).await);
    events.push(append(&store, journaled(at(1), &[REGISTRATION])).await);
    let mut states = Vec::new();
    for event in &events {
        states.push(state(&store, *event).await);
    }
    let expected = [
        State::Done,
        State::Skipped,
        State::Refused,
        State::Parked,
        State::Due,
        State::Leased,
        State::Waiting,
        State::Due,
        State::Journaled,
    ];
    assert_eq!(states, expected);
    expect_journal(&store, JOURNAL, &events).await;
}

async fn an_event_for_journals_only_is_never_claimed(place: &Place) {
    let store = place.open().await;
    let event = append(&store, journaled(at(0), &[1, 2])).await;
    let store = place.reopen(store).await;
    let claimed = claim_up_to(&store, at(1_000_000), ALL).await;
    assert!(claimed.deliveries.is_empty() && claimed.next_due.is_none(), "{claimed:?}");
    assert!(store.health().await.backlogs.is_empty());
    // Somebody who has claimed another can do nothing to it either.
    append(&store, with_keys(at(1), &[])).await;
    let mut claimed = claim_one(&store, at(1)).await;
    claimed.event.number = number(&store, event).await;
    for attempt in [0, 1] {
        claimed.attempt = attempt;
        assert!(!finish(&store, &claimed, Outcome::RetryAt(at(0))).await);
    }
    for delivery in deliveries(&store, event).await {
        assert_eq!((delivery.state, delivery.attempts), (State::Journaled, 0));
        assert!(!delivery.state.is_open());
    }
}

async fn an_event_for_journals_only_keeps_no_lane(place: &Place) {
    let store = place.open().await;
    append(&store, journaled(at(0), &[1])).await;
    let first = append(&store, with_keys(at(1), &["a"])).await;
    append(&store, journaled(at(2), &[1])).await;
    let second = append(&store, with_keys(at(3), &["a"])).await;
    let unordered = append(&store, with_keys(at(4), &[])).await;
    let claimed = expect_claim(&store, at(4), &[first, unordered]).await;
    assert!(finish(&store, &claimed[0], Outcome::Done).await);
    expect_claim(&store, at(4), &[second]).await;
}

async fn a_duplicate_lies_in_no_journal(place: &Place) {
    let store = place.open().await;
    let first = NewEvent { uid: Some("A-1".to_owned()), ..journaled(at(0), &[1]) };
    append(&store, first.clone()).await;
    append_again(&store, NewEvent { id: id(at(1)), journals: vec![1, 2], ..first.clone() }).await;
    expect_journal(&store, everything(1), &[first.id]).await;
    expect_journal(&store, everything(2), &[]).await;
}

async fn a_journal_outlives_its_process(place: &Place) {
    let store = place.open().await;
    let mut events = append_journal(&store, 0..3).await;
    events.push(append(&store, with_keys(at(3), &[])).await);
    let before = journal(&store, JOURNAL).await;
    claim_one(&store, at(3)).await;
    let store = place.reopen(store).await;
    assert_eq!(format!("{:?}", journal(&store, JOURNAL).await), format!("{before:?}"));
    let next = append(&store, journaled(at(4), &[REGISTRATION])).await;
    expect_journal(&store, from(JournalFrom::After(before.newest)), &[next]).await;
    assert_eq!(claim(&store, at(4) + jiff::SignedDuration::try_from(LEASE).unwrap()).await.len(), 1);
}
