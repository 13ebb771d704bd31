//! What goes for the store's size, and what stays however old it is.

use std::sync::Arc;

use store::{NewEvent, Outcome, Purged, Retention, Store};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::place::Place;
use crate::purge::purge_events;
use crate::support::{
    ALL, BLOCKING, append, at, claim_one, claim_up_to, finish, is_recorded, is_stored, replay, retention, run,
    with_keys,
};

for_every_store!(
    above_its_size_the_oldest_go_before_their_time,
    what_is_open_or_blocks_stays_above_the_size,
    runs_of_that_time_go_along,
    what_blocks_stays_until_it_is_over,
    a_purge_passes_what_is_open_in_bounded_steps,
    counts_of_attempts_go,
);

/// Everything is young, and too much of it.
fn too_large() -> Retention {
    Retention { bytes: 0, ..retention(at(0), at(0), at(0)) }
}

async fn append_many(
    store: &Arc<dyn Store>,
    seconds: std::ops::Range<i64>,
    keys: &'static [&'static str],
) -> Vec<Uuid> {
    let mut appends = JoinSet::new();
    for second in seconds {
        let store = Arc::clone(store);
        let event = NewEvent { body: "x".repeat(500).into(), ..with_keys(at(second), keys) };
        appends.spawn(async move { append(&store, event).await });
    }
    appends.join_all().await
}

async fn finish_all(store: &Arc<dyn Store>, second: i64) {
    let mut finishes = JoinSet::new();
    for claimed in claim_up_to(store, at(second), ALL).await.deliveries {
        let store = Arc::clone(store);
        finishes.spawn(async move { finish(&store, &claimed, Outcome::Done).await });
    }
    assert!(finishes.join_all().await.into_iter().all(|is_counted| is_counted));
}

async fn above_its_size_the_oldest_go_before_their_time(place: &Place) {
    let store = place.open().await;
    for begin in 0..8 {
        append_many(&store, begin * 100..begin * 100 + 100, &[]).await;
    }
    finish_all(&store, 1_000).await;
    let bytes = store.health().await.bytes / 2;
    let halved = Retention { bytes, ..retention(at(0), at(0), at(0)) };
    let mut early = 0;
    for _ in 0..100 {
        let purged: Purged = store.purge(halved).await.unwrap();
        assert!(purged.early <= 256, "{purged:?}");
        early += purged.early;
        if purged.is_finished {
            break;
        }
    }
    assert!(store.health().await.bytes <= bytes);
    assert!((300..=768).contains(&early), "{early} of 800 had to go");
    let left = store.events(0, ALL).await.unwrap();
    assert_eq!(left.len(), 800 - early);
    assert!(left.iter().all(|event| event.at >= at(150)), "the oldest go first, as far as batches are in order");
    assert_eq!(store.purge(halved).await.unwrap(), Purged { rows: 0, is_finished: true, early: 0 });
}

async fn what_is_open_or_blocks_stays_above_the_size(place: &Place) {
    let store = place.open().await;
    let blocking = append(&store, with_keys(at(0), &["a"])).await;
    let claimed = claim_one(&store, at(0)).await;
    assert!(finish(&store, &claimed, BLOCKING).await);
    let waiting = append(&store, with_keys(at(1), &["a"])).await;
    let done = append(&store, with_keys(at(2), &["b"])).await;
    let claimed = claim_one(&store, at(2)).await;
    assert!(finish(&store, &claimed, Outcome::Done).await);
    let due = append(&store, with_keys(at(3), &["b"])).await;
    for early in [1, 0] {
        let purged = store.purge(too_large()).await.unwrap();
        assert_eq!((purged.early, purged.is_finished), (early, true));
    }
    for (event, expected) in [(blocking, true), (waiting, true), (done, false), (due, true)] {
        assert_eq!(is_stored(&store, event).await, expected);
    }
    // Those that are old as well do not count as early.
    let claimed = claim_one(&store, at(3)).await;
    assert!(finish(&store, &claimed, Outcome::Done).await);
    let purged = store.purge(Retention { events: at(100), ..too_large() }).await.unwrap();
    assert_eq!(purged.early, 0);
    assert!(!is_stored(&store, due).await);
}

async fn runs_of_that_time_go_along(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(50), &[])).await;
    let claimed = claim_one(&store, at(50)).await;
    assert!(finish(&store, &claimed, Outcome::Done).await);
    let (old, young) = (run("stock/updated", at(10)), run("stock/updated", at(60)));
    for run in [&old, &young] {
        store.record(run.clone()).await.unwrap();
    }
    assert_eq!(store.purge(too_large()).await.unwrap().early, 1);
    assert!(!is_recorded(&store, old.id).await);
    assert!(is_recorded(&store, young.id).await);
}

async fn what_blocks_stays_until_it_is_over(place: &Place) {
    let store = place.open().await;
    let blocking = append(&store, with_keys(at(0), &["a"])).await;
    let claimed = claim_one(&store, at(0)).await;
    assert!(finish(&store, &claimed, BLOCKING).await);
    purge_events(&store, at(1_000)).await;
    assert!(is_stored(&store, blocking).await, "somebody has to decide first");
    replay(&store, blocking, &[], at(1_000)).await;
    let claimed = claim_one(&store, at(1_000)).await;
    assert!(finish(&store, &claimed, Outcome::Done).await);
    purge_events(&store, at(1_000)).await;
    assert!(!is_stored(&store, blocking).await);
}

/// However many old events wait, a purge looks at a bounded number of them and the next goes on behind.
async fn a_purge_passes_what_is_open_in_bounded_steps(place: &Place) {
    const OPEN: i64 = 2_500;
    let store = place.open().await;
    append_many(&store, 0..OPEN, &["down"]).await;
    let first = claim_one(&store, at(OPEN)).await;
    assert!(finish(&store, &first, Outcome::RetryAt(at(9 * OPEN))).await);
    let done = append_many(&store, OPEN..OPEN + 10, &[]).await;
    finish_all(&store, 2 * OPEN).await;
    let all = retention(at(2 * OPEN), at(0), at(0));
    for steps in 1..20 {
        let purged = store.purge(all).await.unwrap();
        if purged.is_finished {
            assert_eq!(steps, 3, "about a thousand events are looked at in each");
            break;
        }
        assert_eq!(purged.rows, 0);
    }
    for event in done {
        assert!(!is_stored(&store, event).await);
    }
    assert_eq!(store.events(0, ALL).await.unwrap().len(), 2_500);
    // What ends later is found when the next purge begins anew.
    let claimed = claim_one(&store, at(9 * OPEN)).await;
    assert!(finish(&store, &claimed, Outcome::Done).await);
    assert!(store.purge(all).await.unwrap().rows > 0);
}

async fn counts_of_attempts_go(place: &Place) {
    const DAY: i64 = 86_400;
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one(&store, at(0)).await;
    assert!(finish(&store, &claimed, Outcome::Done).await);
    for (day, expected) in [(8, 1), (9, 0)] {
        store.purge(retention(at(0), at(0), at(day * DAY))).await.unwrap();
        assert_eq!(store.attempt_counts(at(0)).await.unwrap().len(), expected, "after {day} days");
    }
}
