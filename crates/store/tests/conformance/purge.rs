use std::sync::Arc;

use jiff::Timestamp;
use store::{Activation, NewEvent, Outcome, Purged, Store, Trace};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::place::Place;
use crate::support::{
    ALL, PARKED, REFUSED, append, append_again, at, claim, claim_one, claim_up_to, event, expect_claim, finish, id,
    is_recorded, is_stored, retention, run, with_deliveries, with_keys, with_uid,
};
use crate::traces::{ALL_TRACES, trace};

for_every_store!(
    nothing_to_purge_is_finished_at_once,
    an_old_finished_event_goes_with_all_that_is_its,
    an_event_with_an_open_delivery_stays,
    an_event_as_old_as_the_limit_stays,
    an_old_run_goes,
    an_old_trace_goes,
    an_expired_value_goes,
    a_purge_is_bounded_and_tells_when_it_is_finished,
    events_that_stay_do_not_hide_those_that_go,
    a_purged_store_goes_on,
);

/// More rows than any store removes at once.
const MANY: i64 = 1_000;

/// Removes all that is to go, whatever the bound of one purge.
async fn purge_all(store: &Arc<dyn Store>, events: Timestamp, activations: Timestamp, now: Timestamp) {
    for _ in 0..MANY {
        if store.purge(retention(events, activations, now)).await.expect("the store can be purged").is_finished {
            let again = store.purge(retention(events, activations, now)).await.expect("the store can be purged");
            assert_eq!(again, Purged { rows: 0, is_finished: true, early: 0 }, "nothing is left behind");
            return;
        }
    }
    panic!("the purge does not come to an end");
}

pub async fn purge_events(store: &Arc<dyn Store>, before: Timestamp) {
    purge_all(store, before, at(0), at(0)).await;
}

/// Appends events that come about together.
async fn append_many(
    store: &Arc<dyn Store>,
    keys: &'static [&'static str],
    seconds: std::ops::Range<i64>,
) -> Vec<Uuid> {
    let mut appends = JoinSet::new();
    for second in seconds {
        let store = Arc::clone(store);
        appends.spawn(async move { append(&store, with_keys(at(second), keys)).await });
    }
    appends.join_all().await
}

async fn finish_many(store: &Arc<dyn Store>, now: Timestamp, deliveries_max: usize) {
    let mut finishes = JoinSet::new();
    for delivery in claim_up_to(store, now, deliveries_max).await.deliveries {
        let store = Arc::clone(store);
        finishes.spawn(async move { finish(&store, &delivery, Outcome::Done).await });
    }
    assert!(finishes.join_all().await.into_iter().all(|is_counted| is_counted));
}

async fn nothing_to_purge_is_finished_at_once(place: &Place) {
    let store = place.open().await;
    let purged = store.purge(retention(at(100), at(100), at(100))).await.unwrap();
    assert_eq!(purged, Purged { rows: 0, is_finished: true, early: 0 });
    append(&store, event(at(100))).await;
    let purged = store.purge(retention(at(50), at(50), at(50))).await.unwrap();
    assert_eq!(purged, Purged { rows: 0, is_finished: true, early: 0 });
}

async fn an_old_finished_event_goes_with_all_that_is_its(place: &Place) {
    let store = place.open().await;
    let unheard = append(&store, event(at(0))).await;
    let delivered = NewEvent { uid: Some("A-1".to_owned()), ..with_deliveries(at(1), &[(1, &["a"]), (2, &["a"])]) };
    append(&store, delivered.clone()).await;
    for delivery in claim(&store, at(1)).await {
        finish(&store, &delivery, Outcome::Done).await;
    }
    append_again(&store, with_uid(at(2), "A-1")).await;
    assert!(store.purge(retention(at(10), at(0), at(0))).await.unwrap().rows > 0);
    purge_events(&store, at(10)).await;
    for event in [unheard, delivered.id] {
        assert!(!is_stored(&store, event).await);
        assert!(!is_recorded(&store, event).await, "the run that published it lived in the event");
    }
    // The uid is forgotten with its event, also by a later process.
    let store = place.reopen(store).await;
    append(&store, with_uid(at(3), "A-1")).await;
}

async fn an_event_with_an_open_delivery_stays(place: &Place) {
    let store = place.open().await;
    let waiting_for_retry = append(&store, with_keys(at(0), &["a"])).await;
    let waiting_for_lane = append(&store, with_keys(at(1), &["a"])).await;
    let half_done = append(&store, with_deliveries(at(2), &[(2, &[]), (3, &[])])).await;
    for delivery in claim(&store, at(2)).await {
        let outcome = if delivery.registration == 3 { Outcome::Done } else { Outcome::RetryAt(at(1_000)) };
        finish(&store, &delivery, outcome).await;
    }
    let leased = append(&store, with_keys(at(3), &["b"])).await;
    expect_claim(&store, at(3), &[leased]).await;
    let due = append(&store, with_keys(at(4), &["c"])).await;
    purge_events(&store, at(500)).await;
    for event in [waiting_for_retry, waiting_for_lane, half_done, leased, due] {
        assert!(is_stored(&store, event).await);
    }
}

async fn an_event_as_old_as_the_limit_stays(place: &Place) {
    let store = place.open().await;
    let mut events = Vec::new();
    for (second, outcome) in [(9, PARKED), (10, REFUSED), (11, Outcome::Skipped)] {
        events.push(append(&store, with_keys(at(second), &[])).await);
        let claimed = claim_one(&store, at(second)).await;
        finish(&store, &claimed, outcome).await;
    }
    purge_events(&store, at(10)).await;
    assert!(!is_stored(&store, events[0]).await);
    assert!(is_stored(&store, events[1]).await);
    assert!(is_stored(&store, events[2]).await);
}

async fn an_old_run_goes(place: &Place) {
    let store = place.open().await;
    let mut runs = Vec::new();
    for end in 9..12 {
        let run = Activation { end: at(end), ..run("stock/updated", at(0)) };
        runs.push(run.id);
        store.record(run).await.unwrap();
    }
    let event = append(&store, event(at(0))).await;
    purge_all(&store, at(0), at(10), at(0)).await;
    assert!(!is_recorded(&store, runs[0]).await);
    assert!(is_recorded(&store, runs[1]).await, "it ended at the limit");
    assert!(is_recorded(&store, runs[2]).await);
    assert!(is_recorded(&store, event).await, "an ingestion goes with its event");
}

async fn an_old_trace_goes(place: &Place) {
    let store = place.open().await;
    let mut traces: Vec<Trace> = (9..12).map(|second| trace(at(second), 200)).collect();
    for trace in &traces {
        store.put_trace(trace.clone()).await.unwrap();
    }
    purge_all(&store, at(100), at(10), at(100)).await;
    traces.remove(0);
    traces.reverse();
    assert_eq!(store.traces(ALL_TRACES).await.unwrap(), traces, "one is as old as the limit");
}

async fn an_expired_value_goes(place: &Place) {
    let store = place.open().await;
    for (key, expires) in [("old", 10), ("young", 11)] {
        store.put_value(key, b"v".to_vec(), at(expires)).await.unwrap();
        assert!(store.value(key, at(9)).await.unwrap().is_some());
    }
    purge_all(&store, at(0), at(0), at(10)).await;
    // Whoever asks for an earlier time sees that it is gone.
    assert!(store.value("old", at(9)).await.unwrap().is_none());
    assert!(store.value("young", at(9)).await.unwrap().is_some());
}

async fn a_purge_is_bounded_and_tells_when_it_is_finished(place: &Place) {
    let store = place.open().await;
    append_many(&store, &[], 0..MANY).await;
    finish_many(&store, at(MANY), ALL).await;
    let mut writes = JoinSet::new();
    for number in 0..MANY {
        let store = Arc::clone(&store);
        writes.spawn(async move {
            store.put_value(&number.to_string(), Vec::new(), at(0)).await?;
            store.put_trace(Trace { registration: number, ..trace(at(2 * MANY + number), 200) }).await?;
            store.record(run("stock/updated", at(number))).await
        });
    }
    assert!(writes.join_all().await.iter().all(Result::is_ok));
    assert!(!store.purge(retention(at(MANY), at(0), at(-1))).await.unwrap().is_finished, "events");
    assert!(!store.purge(retention(at(0), at(2 * MANY), at(-1))).await.unwrap().is_finished, "runs");
    assert!(!store.purge(retention(at(0), at(0), at(0))).await.unwrap().is_finished, "values");
    purge_all(&store, at(MANY), at(2 * MANY), at(0)).await;
    assert!(!store.purge(retention(at(0), at(3 * MANY), at(0))).await.unwrap().is_finished, "traces");
    purge_all(&store, at(0), at(3 * MANY), at(0)).await;
}

/// Only the oldest events were looked at, so that a few hundred which waited for a target that was down kept all
/// others from being removed. However many stay, what is old and finished goes.
async fn events_that_stay_do_not_hide_those_that_go(place: &Place) {
    let store = place.open().await;
    let open = append_many(&store, &["down"], 0..MANY).await;
    let finished = append_many(&store, &[], MANY..MANY + 10).await;
    let first = claim_up_to(&store, at(0), 1).await.deliveries;
    finish(&store, &first[0], Outcome::RetryAt(at(5 * MANY))).await;
    finish_many(&store, at(2 * MANY), ALL).await;
    purge_events(&store, at(2 * MANY)).await;
    for event in finished {
        assert!(!is_stored(&store, event).await);
    }
    for event in open {
        assert!(is_stored(&store, event).await);
    }
}

async fn a_purged_store_goes_on(place: &Place) {
    let store = place.open().await;
    let stuck = append(&store, with_keys(at(0), &["a"])).await;
    let claimed = expect_claim(&store, at(0), &[stuck]).await;
    finish(&store, &claimed[0], Outcome::RetryAt(at(50))).await;
    let gone = append(&store, with_keys(at(1), &["b"])).await;
    finish_many(&store, at(1), ALL).await;
    purge_events(&store, at(20)).await;
    assert!(!is_stored(&store, gone).await);
    let behind = append(&store, with_keys(at(30), &["a"])).await;
    let free = append(&store, NewEvent { id: id(at(31)), ..with_keys(at(31), &["b"]) }).await;
    expect_claim(&store, at(31), &[free]).await;
    let claimed = expect_claim(&store, at(50), &[stuck]).await;
    finish(&store, &claimed[0], Outcome::Done).await;
    expect_claim(&store, at(50), &[behind]).await;
}
