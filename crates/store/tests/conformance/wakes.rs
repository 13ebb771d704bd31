use std::sync::Arc;
use std::time::Duration;

use store::{Forgotten, Outcome, Store};
use tokio::time::timeout;

use crate::place::Place;
use crate::support::{PARKED, append, at, claim_as, claim_one, expect_claim, finish, number, replay, with_keys};

for_every_store!(
    an_event_that_can_run_wakes_who_waits,
    an_event_wakes_who_waits_later,
    a_finish_that_frees_the_next_wakes,
    a_retry_wakes,
    a_replay_wakes,
    a_release_wakes,
    a_forgotten_event_wakes_for_those_behind_it,
);

/// A bound for what takes milliseconds.
const WAKE_MAX: Duration = Duration::from_secs(10);

async fn woken(store: &Arc<dyn Store>) {
    timeout(WAKE_MAX, store.work_arrived()).await.expect("something became due");
}

async fn an_event_that_can_run_wakes_who_waits(place: &Place) {
    let store = place.open().await;
    let waiting = tokio::spawn({
        let store = Arc::clone(&store);
        async move { woken(&store).await }
    });
    tokio::task::yield_now().await;
    append(&store, with_keys(at(0), &[])).await;
    waiting.await.unwrap();
}

/// Whoever claims nothing and then waits must not miss what came in between.
async fn an_event_wakes_who_waits_later(place: &Place) {
    let store = place.open().await;
    for second in 0..3 {
        append(&store, with_keys(at(second), &[])).await;
        woken(&store).await;
        claim_one(&store, at(second)).await;
    }
}

async fn a_finish_that_frees_the_next_wakes(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &["sku-1"])).await;
    woken(&store).await;
    let claimed = claim_one(&store, at(0)).await;
    let second = append(&store, with_keys(at(1), &["sku-1"])).await;
    finish(&store, &claimed, PARKED).await;
    woken(&store).await;
    expect_claim(&store, at(1), &[second]).await;
}

async fn a_retry_wakes(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    woken(&store).await;
    let claimed = claim_one(&store, at(0)).await;
    // Who sleeps until the lease ends has to learn of the earlier time.
    finish(&store, &claimed, Outcome::RetryAt(at(1))).await;
    woken(&store).await;
}

async fn a_replay_wakes(place: &Place) {
    let store = place.open().await;
    let event = append(&store, with_keys(at(0), &[])).await;
    woken(&store).await;
    let claimed = claim_one(&store, at(0)).await;
    finish(&store, &claimed, PARKED).await;
    replay(&store, event, &[], at(1)).await;
    woken(&store).await;
    expect_claim(&store, at(1), &[event]).await;
}

async fn a_release_wakes(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    woken(&store).await;
    assert_eq!(claim_as(&store, 1, at(0)).await.len(), 1);
    store.release(1, Vec::new(), at(1)).await.unwrap();
    woken(&store).await;
    claim_one(&store, at(1)).await;
}

async fn a_forgotten_event_wakes_for_those_behind_it(place: &Place) {
    let store = place.open().await;
    let first = append(&store, with_keys(at(0), &["a"])).await;
    woken(&store).await;
    let second = append(&store, with_keys(at(1), &["a"])).await;
    let number = number(&store, first).await;
    assert_eq!(store.forget(number).await.unwrap(), Forgotten::Removed);
    woken(&store).await;
    expect_claim(&store, at(1), &[second]).await;
}
