//! Who runs a delivery, and until when.

use std::sync::Arc;

use jiff::Timestamp;
use store::{ClaimedDelivery, Lease, Outcome, Parked, State, Store};
use uuid::Uuid;

use crate::place::Place;
use crate::support::{
    ASIDE, LEASE, MILLISECOND, PARKED, REFUSED, after, append, at, claim_as, deliveries, delivery, finish, lease,
    replay_of, state, with_deliveries, with_keys,
};

for_every_store!(
    a_lease_that_ends_goes_to_another_owner_in_doubt,
    an_owner_never_claims_what_it_holds,
    a_renewed_lease_ends_later,
    a_lease_that_is_lost_cannot_be_renewed,
    released_leases_are_due_and_in_doubt,
    a_release_concerns_one_owner,
    doubt_stays_until_the_effect_is_on_record,
    an_outcome_that_is_known_brings_no_doubt,
    an_answer_that_did_not_come_leaves_doubt,
    a_restart_leaves_doubt,
);

const A: i64 = 1;
const B: i64 = 2;

async fn claim_one_as(store: &Arc<dyn Store>, owner: i64, now: Timestamp) -> ClaimedDelivery {
    let mut claimed = claim_as(store, owner, now).await;
    assert_eq!(claimed.len(), 1, "one delivery can run: {claimed:?}");
    claimed.remove(0)
}

async fn is_in_doubt(store: &Arc<dyn Store>, event: Uuid) -> bool {
    delivery(store, event).await.is_in_doubt
}

async fn a_lease_that_ends_goes_to_another_owner_in_doubt(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &["a"])).await;
    let lost = claim_one_as(&store, A, at(0)).await;
    assert!(!lost.is_in_doubt && !is_in_doubt(&store, event).await);
    let ends = after(at(0), LEASE);
    assert!(claim_as(&store, B, ends - MILLISECOND).await.is_empty());
    let held = claim_one_as(&store, B, ends).await;
    assert_eq!((held.attempt, held.is_in_doubt), (2, true));
    assert!(is_in_doubt(&store, event).await);
    assert!(!finish(&store, &lost, Outcome::Done).await, "it is another's by now");
    assert_eq!(state(&store, event).await, State::Leased);
    assert!(finish(&store, &held, Outcome::Done).await);
    assert!(!is_in_doubt(&store, event).await);
}

async fn an_owner_never_claims_what_it_holds(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one_as(&store, A, at(0)).await;
    for now in [at(0), after(at(0), LEASE), at(1_000_000)] {
        assert!(claim_as(&store, A, now).await.is_empty(), "its attempt may still run");
    }
    assert!(finish(&store, &claimed, Outcome::RetryAt(at(0))).await, "nobody else has it");
    assert!(!is_in_doubt(&store, event).await);
    assert_eq!(claim_one_as(&store, A, at(0)).await.attempt, 2);
}

async fn a_renewed_lease_ends_later(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one_as(&store, A, at(0)).await;
    assert!(store.renew(A, vec![lease(&claimed)], at(500)).await.unwrap().is_empty());
    assert_eq!(delivery(&store, event).await.due, at(500));
    assert!(claim_as(&store, B, at(500) - MILLISECOND).await.is_empty());
    assert!(store.renew(A, Vec::new(), at(900)).await.unwrap().is_empty());
    let held = claim_one_as(&store, B, at(500)).await;
    assert_eq!(store.renew(A, vec![lease(&claimed)], at(900)).await.unwrap(), [lease(&claimed)]);
    assert!(finish(&store, &held, Outcome::Done).await);
}

async fn a_lease_that_is_lost_cannot_be_renewed(place: &Place) {
    let store = place.open().await;
    append(&store, with_deliveries(at(0), &[(1, &[]), (2, &[])])).await;
    let claimed = claim_as(&store, A, at(0)).await;
    let leases: Vec<Lease> = claimed.iter().map(lease).collect();
    assert_eq!(store.renew(B, leases.clone(), at(900)).await.unwrap(), leases, "they are somebody else's");
    let never = [
        Lease { attempt: 0, ..leases[0] },
        Lease { attempt: 2, ..leases[0] },
        Lease { registration: 3, ..leases[0] },
        Lease { event: i64::MAX, ..leases[0] },
    ];
    assert_eq!(store.renew(A, never.to_vec(), at(900)).await.unwrap(), never);
    assert!(finish(&store, &claimed[0], Outcome::Done).await);
    assert_eq!(store.renew(A, leases.clone(), at(900)).await.unwrap(), leases[..1], "it is over, the other runs");
}

async fn released_leases_are_due_and_in_doubt(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for second in 0..4 {
        events.push(append(&store, with_keys(at(second), &[])).await);
    }
    let claimed = claim_as(&store, A, at(4)).await;
    assert_eq!(store.release(A, vec![lease(&claimed[1])], at(5)).await.unwrap(), 3);
    for (position, event) in events.iter().enumerate() {
        let delivery = delivery(&store, *event).await;
        let expected = if position == 1 { (State::Leased, false) } else { (State::Due, true) };
        assert_eq!((delivery.state, delivery.is_in_doubt), expected);
        assert_eq!(delivery.due, if position == 1 { after(at(4), LEASE) } else { at(5) });
        assert_eq!(delivery.attempts, 1);
    }
    assert!(!finish(&store, &claimed[0], Outcome::Done).await, "nobody runs it any more");
    assert!(finish(&store, &claimed[1], Outcome::Done).await);
    assert!(claim_as(&store, A, at(5) - MILLISECOND).await.is_empty());
    let again = claim_as(&store, A, at(5)).await;
    assert_eq!(again.len(), 3);
    assert!(again.iter().all(|delivery| delivery.is_in_doubt && delivery.attempt == 2));
    // The lease of an attempt that is over spares no other of its delivery.
    assert_eq!(store.release(A, claimed.iter().map(lease).collect(), at(6)).await.unwrap(), 3);
    assert_eq!(store.release(A, Vec::new(), at(6)).await.unwrap(), 0);
}

async fn a_release_concerns_one_owner(place: &Place) {
    let store = place.open().await;
    append(&store, with_deliveries(at(0), &[(1, &[]), (2, &[])])).await;
    claim_as(&store, A, at(0)).await;
    append(&store, with_deliveries(at(1), &[(1, &[]), (3, &[])])).await;
    let held = claim_as(&store, B, at(1)).await;
    assert_eq!(store.release(A, Vec::new(), at(2)).await.unwrap(), 2);
    assert_eq!(store.release(A, Vec::new(), at(2)).await.unwrap(), 0);
    for delivery in &held {
        assert!(finish(&store, delivery, Outcome::Done).await);
    }
}

/// Each of these leaves the doubt that was there, but for those that put the effect on record.
async fn doubt_stays_until_the_effect_is_on_record(place: &Place) {
    async fn check(store: &Arc<dyn Store>, outcome: Outcome, expected: bool) {
        let event = append(store, with_keys(at(0), &[])).await;
        for outcome in [Outcome::Unknown(at(0)), Outcome::RetryAt(at(0)), Outcome::RetryAt(at(0)), outcome] {
            let claimed = claim_one_as(store, A, at(0)).await;
            assert_eq!(claimed.is_in_doubt, claimed.attempt > 1);
            assert!(finish(store, &claimed, outcome).await);
        }
        assert_eq!(is_in_doubt(store, event).await, expected, "{outcome:?}");
    }
    let store = place.open().await;
    let parked = |has_effect, is_in_doubt| Outcome::Parked(Parked { has_effect, is_in_doubt, ..ASIDE });
    for outcome in [Outcome::Skipped, Outcome::Suppressed, REFUSED, PARKED, parked(false, true), parked(true, true)] {
        check(&store, outcome, true).await;
    }
    for outcome in [Outcome::Done, parked(true, false)] {
        check(&store, outcome, false).await;
    }
}

async fn an_outcome_that_is_known_brings_no_doubt(place: &Place) {
    let store = place.open().await;
    for outcome in [Outcome::Done, Outcome::Skipped, Outcome::Suppressed, REFUSED, PARKED, Outcome::RetryAt(at(9))] {
        let event = append(&store, with_keys(at(0), &[])).await;
        let claimed = claim_one_as(&store, A, at(0)).await;
        assert!(finish(&store, &claimed, outcome).await);
        let delivery = delivery(&store, event).await;
        assert_eq!((delivery.is_in_doubt, delivery.has_effect), (false, outcome == Outcome::Done), "{outcome:?}");
        assert_eq!(delivery.drawer, outcome.drawer());
    }
}

async fn an_answer_that_did_not_come_leaves_doubt(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &["a"])).await;
    let claimed = claim_one_as(&store, A, at(0)).await;
    assert!(finish(&store, &claimed, Outcome::Unknown(at(30))).await);
    let unknown = delivery(&store, event).await;
    assert_eq!((unknown.state, unknown.due, unknown.is_in_doubt), (State::Due, at(30), true));
    assert!(claim_as(&store, A, at(30) - MILLISECOND).await.is_empty());
    let again = claim_one_as(&store, A, at(30)).await;
    assert!(again.is_in_doubt);
    assert!(finish(&store, &again, PARKED).await);
    // A replay looks for what it does not know, too.
    let replay = replay_of(&store, event, &[], at(40)).await;
    store.replay(replay).await.unwrap();
    assert!(claim_one_as(&store, A, at(40)).await.is_in_doubt);
}

async fn a_restart_leaves_doubt(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_deliveries(at(0), &[(1, &[]), (2, &[])])).await;
    let claimed = claim_as(&store, A, at(0)).await;
    assert!(finish(&store, &claimed[0], Outcome::RetryAt(at(9))).await);
    let store = place.reopen(store).await;
    for delivery in deliveries(&store, event).await {
        let is_lost = delivery.registration == claimed[1].registration;
        assert_eq!((delivery.state, delivery.is_in_doubt), (State::Due, is_lost));
        assert_eq!(delivery.due, if is_lost { at(0) } else { at(9) });
    }
    // Its number tells it from the owner that is gone.
    assert!(claim_one_as(&store, A, at(0)).await.is_in_doubt);
}
