use std::collections::BTreeSet;
use std::sync::Arc;

use store::{Attempt, Backlog, Lease, NewEvent, Outcome, State, Store};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::place::Place;
use crate::support::{
    LEASE, MILLISECOND, PARKED, REFUSED, after, append, at, attempt, claim, claim_of, claim_one, claim_up_to,
    claim_with, deliveries, event, expect_claim, finish, is_recorded, lease, run, state, with_deliveries, with_keys,
    with_uid,
};

for_every_store!(
    a_claim_carries_the_event,
    the_oldest_are_claimed_first,
    nothing_is_claimed_before_it_is_due,
    every_registration_has_its_own_delivery,
    claims_at_once_never_share_a_delivery,
    a_lease_hides_its_delivery_until_it_ends,
    a_finish_ends_the_delivery,
    a_finish_counts_once,
    a_finish_after_its_lease_counts_while_nobody_else_has_it,
    a_late_finish_changes_nothing_but_records_its_runs,
    a_finish_of_an_unknown_delivery_records_its_runs,
    a_retry_waits_for_its_time,
    the_next_due_time_is_told,
    a_hastened_retry_is_due_now,
    only_what_waits_for_its_next_attempt_is_hastened,
    a_later_process_claims_what_was_leased,
    health_tells_what_each_registration_has_to_do,
);

async fn a_claim_carries_the_event(place: &Place) {
    let store = place.open().await;
    let new = NewEvent { body: r#"{"sku":"A"}"#.into(), uid: Some("A-1".to_owned()), ..with_keys(at(3), &["A"]) };
    append(&store, new.clone()).await;
    let claimed = claim_one(&store, at(3)).await;
    let (stored, _) = store.event(new.id).await.unwrap().unwrap();
    assert_eq!((claimed.registration, claimed.attempt), (1, 1));
    assert_eq!(format!("{:?}", claimed.event), format!("{stored:?}"));
    let delivery = &deliveries(&store, new.id).await[0];
    assert_eq!((delivery.state, delivery.attempts, delivery.due), (State::Leased, 1, after(at(3), LEASE)));
}

async fn the_oldest_are_claimed_first(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for second in 0..5 {
        events.push(append(&store, with_keys(at(second), &[])).await);
    }
    for expected in [&events[..2], &events[2..4], &events[4..], &[]] {
        let claimed = claim_up_to(&store, at(10), 2).await.deliveries;
        let claimed: Vec<Uuid> = claimed.iter().map(|delivery| delivery.event.id).collect();
        assert_eq!(claimed, expected);
    }
}

async fn nothing_is_claimed_before_it_is_due(place: &Place) {
    let store = place.open().await;
    append(&store, with_uid(at(0), "nobody registered for it")).await;
    let event = append(&store, with_keys(at(10), &[])).await;
    expect_claim(&store, at(10) - MILLISECOND, &[]).await;
    expect_claim(&store, at(10), &[event]).await;
}

async fn every_registration_has_its_own_delivery(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_deliveries(at(0), &[(1, &[]), (2, &[])])).await;
    let claimed = claim(&store, at(0)).await;
    let registrations: BTreeSet<i64> = claimed.iter().map(|delivery| delivery.registration).collect();
    assert_eq!(registrations, BTreeSet::from([1, 2]));
    for delivery in &claimed {
        let outcome = if delivery.registration == 1 { PARKED } else { Outcome::RetryAt(at(30)) };
        assert!(finish(&store, delivery, outcome).await);
    }
    for delivery in deliveries(&store, event).await {
        assert_eq!(delivery.state, if delivery.registration == 1 { State::Parked } else { State::Due });
    }
    assert_eq!(claim_one(&store, at(30)).await.registration, 2);
}

async fn claims_at_once_never_share_a_delivery(place: &Place) {
    let store = place.open().await;
    for second in 0..20 {
        append(&store, with_keys(at(second), &[])).await;
    }
    let mut claims = JoinSet::new();
    for _ in 0..8 {
        let store = Arc::clone(&store);
        claims.spawn(async move { claim_up_to(&store, at(20), 5).await.deliveries });
    }
    let claimed: Vec<Uuid> = claims.join_all().await.into_iter().flatten().map(|delivery| delivery.event.id).collect();
    assert_eq!(claimed.len(), 20);
    assert_eq!(claimed.into_iter().collect::<BTreeSet<Uuid>>().len(), 20);
}

async fn a_lease_hides_its_delivery_until_it_ends(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    let mut now = at(0);
    for number in 1..=4 {
        let claimed = expect_claim(&store, now, &[event]).await;
        assert_eq!(claimed[0].attempt, number);
        let ends = after(now, LEASE);
        expect_claim(&store, ends - MILLISECOND, &[]).await;
        now = ends;
    }
    assert_eq!(deliveries(&store, event).await[0].attempts, 4);
}

async fn a_finish_ends_the_delivery(place: &Place) {
    async fn check(place: &Place, store: Arc<dyn Store>, outcome: Outcome, expected: State) -> Arc<dyn Store> {
        let event = append(&store, with_keys(at(0), &[])).await;
        let claimed = claim_one(&store, at(0)).await;
        let run = run("stock/updated", at(0));
        let ended = Attempt { activations: vec![run.clone()], ..attempt(&claimed, outcome) };
        assert!(store.finish(ended).await.unwrap());
        assert!(is_recorded(&store, run.id).await);
        let store = place.reopen(store).await;
        assert_eq!(state(&store, event).await, expected);
        assert_eq!(deliveries(&store, event).await[0].attempts, 1);
        assert!(!expected.is_open());
        expect_claim(&store, at(1_000_000), &[]).await;
        store
    }
    let store = place.open().await;
    let store = check(place, store, Outcome::Done, State::Done).await;
    let store = check(place, store, Outcome::Skipped, State::Skipped).await;
    let store = check(place, store, Outcome::Suppressed, State::Suppressed).await;
    let store = check(place, store, REFUSED, State::Refused).await;
    check(place, store, PARKED, State::Parked).await;
}

async fn a_finish_counts_once(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one(&store, at(0)).await;
    assert!(finish(&store, &claimed, PARKED).await);
    assert!(!finish(&store, &claimed, Outcome::Done).await);
    assert!(!finish(&store, &claimed, Outcome::RetryAt(at(1))).await);
    assert_eq!(state(&store, event).await, State::Parked);
}

async fn a_finish_after_its_lease_counts_while_nobody_else_has_it(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one(&store, at(0)).await;
    let late = after(at(0), 2 * LEASE);
    // A claim of nothing tells the store what time it is.
    claim_up_to(&store, late, 0).await;
    assert!(finish(&store, &claimed, Outcome::Done).await);
    assert_eq!(state(&store, event).await, State::Done);
    expect_claim(&store, late, &[]).await;
}

async fn a_late_finish_changes_nothing_but_records_its_runs(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &["sku-1"])).await;
    let next = append(&store, with_keys(at(1), &["sku-1"])).await;
    let lost = claim_one(&store, at(1)).await;
    let held = claim_one(&store, after(at(1), LEASE)).await;
    for (second, outcome) in [(0, Outcome::Done), (1, PARKED), (2, Outcome::RetryAt(at(0)))] {
        let before = format!("{:?}", deliveries(&store, event).await);
        let run = run("stock/updated", at(second));
        let late = Attempt { activations: vec![run.clone()], ..attempt(&lost, outcome) };
        assert!(!store.finish(late).await.unwrap(), "{outcome:?}");
        assert_eq!(format!("{:?}", deliveries(&store, event).await), before, "{outcome:?}");
        assert!(is_recorded(&store, run.id).await, "{outcome:?}");
    }
    expect_claim(&store, after(at(1), LEASE), &[]).await;
    assert!(finish(&store, &held, Outcome::Skipped).await);
    assert!(!finish(&store, &lost, Outcome::Done).await);
    assert_eq!(state(&store, event).await, State::Skipped);
    expect_claim(&store, after(at(1), LEASE), &[next]).await;
}

async fn a_finish_of_an_unknown_delivery_records_its_runs(place: &Place) {
    let store = place.open().await;
    append(&store, event(at(0))).await;
    append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one(&store, at(0)).await;
    let run = run("stock/updated", at(0));
    let unknown = Attempt {
        lease: Lease { event: i64::MAX, ..lease(&claimed) },
        activations: vec![run.clone()],
        ..attempt(&claimed, Outcome::Done)
    };
    assert!(!store.finish(unknown).await.unwrap());
    assert!(is_recorded(&store, run.id).await);
    let other = Attempt { lease: Lease { registration: 99, ..lease(&claimed) }, ..attempt(&claimed, Outcome::Done) };
    assert!(!store.finish(other).await.unwrap());
    assert!(finish(&store, &claimed, Outcome::Done).await);
}

async fn a_retry_waits_for_its_time(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    let mut now = at(0);
    for (number, retry) in [(1, at(100)), (2, at(300))] {
        let claimed = expect_claim(&store, now, &[event]).await;
        assert_eq!(claimed[0].attempt, number);
        assert!(finish(&store, &claimed[0], Outcome::RetryAt(retry)).await);
        let delivery = deliveries(&store, event).await[0].clone();
        assert_eq!((delivery.state, delivery.due, delivery.attempts), (State::Due, retry, number));
        expect_claim(&store, retry - MILLISECOND, &[]).await;
        now = retry;
    }
    // A restart does not cut the wait short.
    let store = place.reopen(store).await;
    expect_claim(&store, at(300) - MILLISECOND, &[]).await;
    assert_eq!(expect_claim(&store, at(300), &[event]).await[0].attempt, 3);
}

async fn a_hastened_retry_is_due_now(place: &Place) {
    let store = place.open().await;
    let id = append(&store, with_keys(at(0), &["A"])).await;
    let first = claim_one(&store, at(0)).await;
    finish(&store, &first, Outcome::RetryAt(at(60))).await;
    let number = first.event.number;
    assert!(store.hasten(number, 1, at(2)).await.unwrap());
    assert_eq!(deliveries(&store, id).await[0].due, at(2));
    assert!(store.hasten(number, 1, at(5)).await.unwrap());
    assert_eq!(deliveries(&store, id).await[0].due, at(2), "it is never put off");
    assert_eq!(claim_one(&store, at(2)).await.attempt, 2);
}

async fn only_what_waits_for_its_next_attempt_is_hastened(place: &Place) {
    let store = place.open().await;
    let id = append(&store, with_keys(at(0), &["A"])).await;
    let behind = append(&store, with_keys(at(0), &["A"])).await;
    let first = claim_one(&store, at(0)).await;
    let number = first.event.number;
    assert!(!store.hasten(number, 1, at(1)).await.unwrap(), "it runs");
    assert!(!store.hasten(number, 2, at(1)).await.unwrap(), "it is another registration's");
    let (waiting, _) = store.event(behind).await.unwrap().unwrap();
    assert!(!store.hasten(waiting.number, 1, at(1)).await.unwrap(), "it stands behind the first");
    assert_eq!(state(&store, behind).await, State::Waiting);
    finish(&store, &first, Outcome::Done).await;
    assert!(!store.hasten(number, 1, at(3)).await.unwrap(), "it is done");
    assert_eq!(state(&store, id).await, State::Done);
}

async fn the_next_due_time_is_told(place: &Place) {
    let store = place.open().await;
    assert_eq!(claim_up_to(&store, at(0), 1).await.next_due, None);
    append(&store, with_keys(at(0), &["sku-1"])).await;
    append(&store, with_keys(at(1), &["sku-1"])).await;
    let claimed = claim_with(&store, claim_of(1, at(5))).await;
    assert_eq!(claimed.next_due, None, "the own lease will not be claimed, and what waits is not due");
    assert_eq!(claim_up_to(&store, at(5), 1).await.next_due, Some(after(at(5), LEASE)), "somebody else's lease ends");
    assert!(finish(&store, &claimed.deliveries[0], Outcome::RetryAt(at(40))).await);
    assert_eq!(claim_up_to(&store, at(6), 1).await.next_due, Some(at(40)), "the retry");
    append(&store, with_keys(at(30), &["sku-2"])).await;
    assert_eq!(claim_up_to(&store, at(6), 1).await.next_due, Some(at(30)), "the new event");
    append(&store, with_keys(at(7), &["sku-3"])).await;
    append(&store, with_keys(at(8), &["sku-4"])).await;
    let claimed = claim_up_to(&store, at(8), 1).await;
    assert!(claimed.is_limited, "what the limit left out can run already");
    let claimed = claim_with(&store, claim_of(1, at(200))).await;
    assert_eq!(claimed.deliveries.len(), 4);
    assert!(claimed.next_due.is_none() && !claimed.is_limited, "all that can run is leased");
    for delivery in &claimed.deliveries {
        finish(&store, delivery, Outcome::Done).await;
    }
    let last = claim_one(&store, at(200)).await;
    finish(&store, &last, PARKED).await;
    assert_eq!(claim_up_to(&store, at(200), 1).await.next_due, None, "everything is finished");
}

async fn a_later_process_claims_what_was_leased(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_keys(at(0), &[])).await;
    let second = append(&store, with_keys(at(1), &[])).await;
    let lost = expect_claim(&store, at(1), &[first, second]).await;
    let store = place.reopen(store).await;
    assert!(!finish(&store, &lost[0], Outcome::Done).await, "the lease went with its process");
    let claimed = expect_claim(&store, at(2), &[first, second]).await;
    assert_eq!(claimed.iter().map(|delivery| delivery.attempt).collect::<Vec<u32>>(), [2, 2]);
    assert!(!finish(&store, &lost[1], Outcome::Done).await);
    assert!(finish(&store, &claimed[1], Outcome::Done).await);
}

async fn health_tells_what_each_registration_has_to_do(place: &Place) {
    let store = place.open().await;
    let health = store.health().await;
    assert_eq!((health.failure, health.open, health.backlogs), (None, 0, Vec::new()));
    append(&store, with_keys(at(5), &["a"])).await;
    append(&store, with_keys(at(6), &["a"])).await;
    append(&store, with_deliveries(at(7), &[(2, &[])])).await;
    let one = Backlog { registration: 1, oldest_due: Some(at(5)), lease_end: None };
    let two = Backlog { registration: 2, oldest_due: Some(at(7)), lease_end: None };
    assert_eq!(store.health().await.backlogs, [one, two]);
    let claimed = claim(&store, at(6)).await;
    let leased = Backlog { oldest_due: None, lease_end: Some(after(at(6), LEASE)), ..one };
    let health = store.health().await;
    assert_eq!((health.open, health.backlogs), (3, vec![leased, two]), "what waits is open");
    finish(&store, &claimed[0], PARKED).await;
    let second = Backlog { oldest_due: Some(at(6)), ..one };
    let health = store.health().await;
    assert_eq!((health.open, health.backlogs), (2, vec![second, two]));
    for delivery in claim(&store, at(7)).await {
        finish(&store, &delivery, Outcome::Done).await;
    }
    let health = store.health().await;
    assert_eq!((health.open, health.backlogs), (0, Vec::new()));
}
