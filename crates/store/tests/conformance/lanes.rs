use std::sync::{Arc, Mutex};

use store::{NewEvent, Outcome, State};
use tokio::task::JoinSet;

use crate::place::Place;
use crate::support::{
    LEASE, PARKED, REFUSED, after, append, at, claim, claim_as, expect_claim, finish, state, with_deliveries, with_keys,
};

for_every_store!(
    events_with_one_key_run_one_after_the_other,
    a_retry_holds_its_lane,
    a_lost_lease_holds_its_lane,
    a_lane_outlives_its_process,
    different_keys_are_independent,
    events_without_key_wait_for_nobody,
    every_registration_has_its_own_lanes,
    an_event_with_several_keys_waits_for_all_and_blocks_all,
    crossed_keys_do_not_lock_each_other_out,
    what_will_not_run_again_is_stepped_over,
    a_key_named_twice_counts_once,
    a_lane_that_ran_empty_starts_again,
    two_owners_at_once_keep_the_order_of_each_lane,
);

async fn events_with_one_key_run_one_after_the_other(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for second in 0..4 {
        events.push(append(&store, with_keys(at(second), &["sku-1"])).await);
    }
    for (position, event) in events.iter().enumerate() {
        let claimed = expect_claim(&store, at(10), &[*event]).await;
        for waiting in &events[position + 1..] {
            assert_eq!(state(&store, *waiting).await, State::Waiting);
        }
        expect_claim(&store, at(11), &[]).await;
        assert!(finish(&store, &claimed[0], Outcome::Done).await);
    }
    expect_claim(&store, at(1_000), &[]).await;
}

async fn a_retry_holds_its_lane(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_keys(at(0), &["sku-1"])).await;
    let second = append(&store, with_keys(at(1), &["sku-1"])).await;
    for (now, retry) in [(at(1), at(100)), (at(100), at(200))] {
        let claimed = expect_claim(&store, now, &[first]).await;
        assert!(finish(&store, &claimed[0], Outcome::RetryAt(retry)).await);
        expect_claim(&store, now, &[]).await;
        assert_eq!(state(&store, second).await, State::Waiting);
    }
    let claimed = expect_claim(&store, at(200), &[first]).await;
    assert!(finish(&store, &claimed[0], Outcome::Done).await);
    expect_claim(&store, at(200), &[second]).await;
}

async fn a_lost_lease_holds_its_lane(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_keys(at(0), &["sku-1"])).await;
    let second = append(&store, with_keys(at(1), &["sku-1"])).await;
    let lost = expect_claim(&store, at(1), &[first]).await;
    let ended = after(at(1), LEASE);
    let held = expect_claim(&store, ended, &[first]).await;
    assert!(!finish(&store, &lost[0], Outcome::Done).await);
    expect_claim(&store, ended, &[]).await;
    assert!(finish(&store, &held[0], Outcome::Done).await);
    expect_claim(&store, ended, &[second]).await;
}

async fn a_lane_outlives_its_process(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_keys(at(0), &["sku-1"])).await;
    let second = append(&store, with_keys(at(1), &["sku-1"])).await;
    let store = place.reopen(store).await;
    let third = append(&store, with_keys(at(2), &["sku-1"])).await;
    expect_claim(&store, at(2), &[first]).await;
    let store = place.reopen(store).await;
    let claimed = expect_claim(&store, at(2), &[first]).await;
    assert!(finish(&store, &claimed[0], Outcome::RetryAt(at(10))).await);
    let store = place.reopen(store).await;
    expect_claim(&store, at(9), &[]).await;
    for event in [first, second, third] {
        let claimed = expect_claim(&store, at(10), &[event]).await;
        assert!(finish(&store, &claimed[0], Outcome::Done).await);
    }
    expect_claim(&store, at(1_000), &[]).await;
}

async fn different_keys_are_independent(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for (second, key) in (0..).zip(["sku-1", "SKU-1", "sku-1 ", "", "sku-10"]) {
        events.push(append(&store, with_keys(at(second), &[key])).await);
    }
    expect_claim(&store, at(10), &events).await;
}

async fn events_without_key_wait_for_nobody(place: &Place) {
    let store = place.open().await;
    let keyed = append(&store, with_keys(at(0), &["sku-1"])).await;
    let first = append(&store, with_keys(at(1), &[])).await;
    let second = append(&store, with_keys(at(2), &[])).await;
    expect_claim(&store, at(2), &[keyed, first, second]).await;
}

async fn every_registration_has_its_own_lanes(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_deliveries(at(0), &[(1, &["sku-1"]), (2, &["sku-1"])])).await;
    let second = append(&store, with_deliveries(at(1), &[(1, &["sku-1"]), (2, &["sku-1"])])).await;
    let claimed = expect_claim(&store, at(1), &[first, first]).await;
    let of_two = claimed.iter().find(|delivery| delivery.registration == 2).unwrap();
    assert!(finish(&store, of_two, Outcome::Done).await);
    let next = expect_claim(&store, at(1), &[second]).await;
    assert_eq!(next[0].registration, 2, "the first registration is still busy with its first event");
}

async fn an_event_with_several_keys_waits_for_all_and_blocks_all(place: &Place) {
    let store = place.open().await;
    let a = append(&store, with_keys(at(0), &["a"])).await;
    let b = append(&store, with_keys(at(1), &["b"])).await;
    let all = append(&store, with_keys(at(2), &["a", "b", "c"])).await;
    let later_a = append(&store, with_keys(at(3), &["a"])).await;
    let later_c = append(&store, with_keys(at(4), &["c"])).await;
    let other = append(&store, with_keys(at(5), &["d"])).await;
    let claimed = expect_claim(&store, at(5), &[a, b, other]).await;
    assert!(finish(&store, &claimed[0], Outcome::Done).await);
    expect_claim(&store, at(5), &[]).await;
    assert!(finish(&store, &claimed[1], Outcome::Done).await);
    let claimed = expect_claim(&store, at(5), &[all]).await;
    assert!(finish(&store, &claimed[0], Outcome::RetryAt(at(10))).await);
    expect_claim(&store, at(9), &[]).await;
    let claimed = expect_claim(&store, at(10), &[all]).await;
    assert!(finish(&store, &claimed[0], Outcome::Done).await);
    expect_claim(&store, at(10), &[later_a, later_c]).await;
}

async fn crossed_keys_do_not_lock_each_other_out(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for (second, keys) in (0..).zip([["a", "b"], ["b", "a"], ["b", "c"], ["c", "a"]]) {
        events.push(append(&store, with_keys(at(second), &keys)).await);
    }
    for event in events {
        let claimed = expect_claim(&store, at(10), &[event]).await;
        assert!(finish(&store, &claimed[0], Outcome::Done).await);
    }
}

async fn what_will_not_run_again_is_stepped_over(place: &Place) {
    let store = place.open().await;
    let outcomes = [PARKED, REFUSED, Outcome::Skipped, Outcome::Suppressed, Outcome::Done];
    let mut events = Vec::new();
    for (second, _) in (0..).zip(outcomes) {
        events.push(append(&store, with_keys(at(second), &["sku-1"])).await);
    }
    for (event, outcome) in events.into_iter().zip(outcomes) {
        let claimed = expect_claim(&store, at(10), &[event]).await;
        assert!(finish(&store, &claimed[0], outcome).await);
    }
    let later = append(&store, with_keys(at(20), &["sku-1"])).await;
    expect_claim(&store, at(20), &[later]).await;
}

async fn a_key_named_twice_counts_once(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_keys(at(0), &["a", "a"])).await;
    let second = append(&store, with_keys(at(1), &["a", "b", "a", "b"])).await;
    let third = append(&store, with_keys(at(2), &["b"])).await;
    for event in [first, second, third] {
        let claimed = expect_claim(&store, at(2), &[event]).await;
        assert!(finish(&store, &claimed[0], Outcome::Done).await);
    }
}

async fn a_lane_that_ran_empty_starts_again(place: &Place) {
    let store = place.open().await;
    for second in 0..3 {
        let event = append(&store, with_keys(at(second), &["sku-1"])).await;
        assert_eq!(state(&store, event).await, State::Due);
        let claimed = claim(&store, at(second)).await;
        assert!(finish(&store, &claimed[0], Outcome::Done).await);
    }
}

/// Both claim whenever they can, so that what one of them ends is the other's next.
async fn two_owners_at_once_keep_the_order_of_each_lane(place: &Place) {
    const EVENTS: i64 = 90;
    const KEYS: [&[&str]; 4] = [&["a"], &["a", "b"], &["b", "c"], &["c"]];
    let store = place.open().await;
    for (second, keys) in (0..EVENTS).zip(KEYS.into_iter().cycle()) {
        append(&store, NewEvent { body: keys.join(" ").into(), ..with_keys(at(second), keys) }).await;
    }
    let ended: Arc<Mutex<Vec<(i64, String)>>> = Arc::default();
    let mut owners = JoinSet::new();
    for owner in 1..3 {
        let (store, ended) = (Arc::clone(&store), Arc::clone(&ended));
        owners.spawn(async move {
            while ended.lock().unwrap().len() < usize::try_from(EVENTS).unwrap() {
                for claimed in claim_as(&store, owner, at(EVENTS)).await {
                    // Noted before the lane is handed on.
                    ended.lock().unwrap().push((claimed.event.number, claimed.event.body.to_string()));
                    tokio::task::yield_now().await;
                    assert!(finish(&store, &claimed, Outcome::Done).await);
                }
            }
        });
    }
    owners.join_all().await;
    let ended = ended.lock().unwrap();
    for key in ["a", "b", "c"] {
        let of_lane = ended.iter().filter(|(_, keys)| keys.contains(key)).map(|(number, _)| *number);
        assert!(of_lane.is_sorted(), "lane {key}: {ended:?}");
    }
    assert_eq!(ended.len(), usize::try_from(EVENTS).unwrap(), "each ran once");
}
