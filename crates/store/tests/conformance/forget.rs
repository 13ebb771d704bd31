//! Events that somebody wants removed.

use std::sync::Arc;

use store::{Activation, Attempt, Forgotten, NewEvent, Outcome, State, Store, Trace};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{
    BLOCKING, PARKED, append, at, attempt, claim, claim_one, claim_up_to, event, everything, expect_claim,
    expect_journal, finish, id, is_recorded, is_stored, journal, journaled, number, replay, run, state,
    with_deliveries, with_keys, with_uid,
};
use crate::traces::{ALL_TRACES, trace};

for_every_store!(
    a_forgotten_event_is_gone_with_all_that_is_its,
    what_runs_is_not_forgotten,
    a_forgotten_event_hands_its_lanes_on,
    an_event_is_forgotten_for_all_registrations_or_none,
    a_forgotten_event_leaves_a_hole_in_its_journal,
    the_number_of_a_forgotten_event_is_not_given_again,
    a_forgotten_uid_is_new,
);

async fn forget(store: &Arc<dyn Store>, event: Uuid) -> Forgotten {
    let number = number(store, event).await;
    store.forget(number).await.expect("the store takes it")
}

async fn a_forgotten_event_is_gone_with_all_that_is_its(place: &Place) {
    let store = place.open().await;
    let (gone, kept) = (append(&store, with_keys(at(0), &[])).await, append(&store, with_keys(at(1), &[])).await);
    let mut runs = Vec::new();
    let mut traces = Vec::new();
    for claimed in claim(&store, at(1)).await {
        let run = Activation { event: Some(claimed.event.id), ..run("stock/updated", at(2)) };
        let trace = Trace { events: vec![claimed.event.id], ..trace(at(2), 200) };
        runs.push(run.id);
        traces.push(trace.clone());
        let ended = Attempt { activations: vec![run], trace: Some(trace), ..attempt(&claimed, Outcome::Done) };
        assert!(store.finish(ended).await.unwrap());
    }
    // A request for several tells of each of them.
    let both = Trace { events: vec![kept, gone], ..trace(at(3), 500) };
    store.put_trace(both).await.unwrap();
    let gone_number = number(&store, gone).await;
    assert_eq!(forget(&store, gone).await, Forgotten::Removed);
    for store in [Arc::clone(&store), store] {
        assert!(!is_stored(&store, gone).await && is_stored(&store, kept).await);
        assert!(!is_recorded(&store, gone).await && !is_recorded(&store, runs[0]).await);
        assert!(is_recorded(&store, runs[1]).await);
        assert_eq!(store.traces(ALL_TRACES).await.unwrap(), traces[1..]);
        assert_eq!(store.forget(gone_number).await.unwrap(), Forgotten::Gone);
    }
}

async fn what_runs_is_not_forgotten(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_deliveries(at(0), &[(1, &[]), (2, &["a"])])).await;
    let behind = append(&store, with_deliveries(at(1), &[(2, &["a"])])).await;
    let claimed = claim_up_to(&store, at(0), 1).await.deliveries;
    assert_eq!(forget(&store, event).await, Forgotten::Running);
    assert_eq!(store.health().await.open, 3, "nothing of it has changed");
    assert_eq!(state(&store, behind).await, State::Waiting);
    assert!(finish(&store, &claimed[0], Outcome::RetryAt(at(5))).await);
    assert_eq!(forget(&store, event).await, Forgotten::Removed);
    assert_eq!(store.health().await.open, 1);
    assert!(!finish(&store, &claimed[0], Outcome::Done).await);
    expect_claim(&store, at(5), &[behind]).await;
}

async fn a_forgotten_event_hands_its_lanes_on(place: &Place) {
    let store = place.open().await;
    let blocking = append(&store, with_keys(at(0), &["a"])).await;
    let claimed = claim_one(&store, at(0)).await;
    assert!(finish(&store, &claimed, BLOCKING).await);
    let waiting = append(&store, with_keys(at(1), &["a", "b"])).await;
    let behind_both = append(&store, with_keys(at(2), &["a", "b"])).await;
    let last = append(&store, with_keys(at(3), &["b"])).await;
    assert_eq!(forget(&store, waiting).await, Forgotten::Removed);
    expect_claim(&store, at(10), &[]).await;
    assert_eq!(forget(&store, blocking).await, Forgotten::Removed);
    for (event, is_replayed) in [(behind_both, true), (last, false)] {
        assert_eq!(state(&store, event).await, State::Due);
        if is_replayed {
            assert_eq!(forget(&store, event).await, Forgotten::Removed, "one that is due");
        }
    }
    let parked = append(&store, with_keys(at(4), &["c"])).await;
    for claimed in expect_claim(&store, at(10), &[last, parked]).await {
        assert!(finish(&store, &claimed, PARKED).await);
    }
    let holder = append(&store, with_keys(at(5), &["c"])).await;
    replay(&store, parked, &["c"], at(11)).await;
    let behind = append(&store, with_keys(at(12), &["c"])).await;
    assert_eq!(forget(&store, parked).await, Forgotten::Removed, "its place is the replay's");
    let store = place.reopen(store).await;
    assert_eq!(store.health().await.open, 2);
    for event in [holder, behind] {
        let claimed = expect_claim(&store, at(20), &[event]).await;
        assert!(finish(&store, &claimed[0], Outcome::Done).await);
    }
}

async fn an_event_is_forgotten_for_all_registrations_or_none(place: &Place) {
    let store = place.open().await;
    let event = append(&store, NewEvent { journals: vec![3], ..with_deliveries(at(0), &[(1, &["a"]), (2, &["a"])]) });
    let event = event.await;
    let behind = append(&store, with_deliveries(at(1), &[(1, &["a"]), (2, &["a"])])).await;
    assert_eq!(forget(&store, event).await, Forgotten::Removed);
    expect_claim(&store, at(1), &[behind, behind]).await;
    expect_journal(&store, everything(3), &[]).await;
}

async fn a_forgotten_event_leaves_a_hole_in_its_journal(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for second in 0..4 {
        events.push(append(&store, journaled(at(second), &[1])).await);
    }
    assert_eq!(forget(&store, events[1]).await, Forgotten::Removed);
    assert_eq!(forget(&store, events[3]).await, Forgotten::Removed);
    expect_journal(&store, everything(1), &[events[0], events[2]]).await;
    assert_eq!(journal(&store, everything(1)).await.lost, 0);
}

async fn the_number_of_a_forgotten_event_is_not_given_again(place: &Place) {
    let store = place.open().await;
    append(&store, event(at(0))).await;
    let newest = append(&store, event(at(1))).await;
    let number_of_newest = number(&store, newest).await;
    forget(&store, newest).await;
    let store = place.reopen(store).await;
    let next = append(&store, event(at(2))).await;
    assert!(number(&store, next).await > number_of_newest);
}

async fn a_forgotten_uid_is_new(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_uid(at(0), "A-1")).await;
    forget(&store, first).await;
    let again = append(&store, NewEvent { id: id(at(1)), ..with_uid(at(1), "A-1") }).await;
    let store = place.reopen(store).await;
    assert!(is_stored(&store, again).await);
}
