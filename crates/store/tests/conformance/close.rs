use std::fmt::Debug;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use store::{Appended, DeliveryFilter, Filter, Job, JobState, Outcome, RegistrationHealth, Replay, State, StoreError};

use crate::catalogue::{metadata, provider, registration};
use crate::credentials::credential;
use crate::place::Place;
use crate::support::{
    PARKED, REGISTRATION, append, at, attempt, claim_of, claim_one, deliveries, event, everything, is_recorded,
    retention, run, state, with_keys,
};
use crate::traces::{ALL_TRACES, trace};

for_every_store!(
    a_closed_store_refuses_every_write,
    a_closed_store_refuses_every_read,
    what_was_acknowledged_is_there_after_a_restart,
    what_is_queued_is_finished,
    a_store_can_be_closed_twice,
);

fn refused<T: Debug>(call: &str, answer: &Result<T, StoreError>) {
    assert!(matches!(answer, Err(StoreError::Closed)), "`{call}` answered {answer:?}");
}

async fn a_closed_store_refuses_every_write(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one(&store, at(0)).await;
    store.close().await;
    refused("append", &store.append(event(at(1))).await);
    refused("claim", &store.claim(claim_of(1, at(1))).await);
    refused("renew", &store.renew(1, Vec::new(), at(1)).await);
    refused("release", &store.release(1, Vec::new(), at(1)).await);
    let replay = Replay { event: 1, registration: 1, keys: Vec::new(), now: at(1), repeats_effect: false };
    refused("replay", &store.replay(replay).await);
    refused("forget", &store.forget(1).await);
    refused("put_health", &store.put_health(1, RegistrationHealth::Active).await);
    let job = Job {
        id: run("a", at(0)).id,
        created: at(0),
        state: JobState::Waiting,
        document: String::new(),
        progress: String::new(),
    };
    refused("put_job", &store.put_job(job).await);
    refused("finish", &store.finish(attempt(&claimed, Outcome::Done)).await);
    refused("record", &store.record(run("stock/updated", at(1))).await);
    refused("put_provider", &store.put_provider(provider("p-1", "Backoffice")).await);
    refused("put_metadata", &store.put_metadata(metadata("p-1", "stock.updated")).await);
    refused("put_registration", &store.put_registration(registration("r-1", "Stock")).await);
    refused("delete_provider", &store.delete_provider("p-1").await);
    refused("delete_metadata", &store.delete_metadata("p-1", None).await);
    refused("delete_registration", &store.delete_registration("r-1").await);
    refused("put_trace", &store.put_trace(trace(at(1), 200)).await);
    refused("put_credential", &store.put_credential(credential("c-1", "Backoffice")).await);
    refused("put_value", &store.put_value("k", Vec::new(), at(2)).await);
    refused("reserve", &store.reserve("k", Vec::new(), at(1), at(2)).await);
    refused("delete_value", &store.delete_value("k").await);
    refused("purge", &store.purge(retention(at(1), at(1), at(1))).await);
}

async fn a_closed_store_refuses_every_read(place: &Place) {
    let store = place.open().await;
    let event = append(&store, event(at(0))).await;
    store.close().await;
    refused("deliveries", &store.deliveries(DeliveryFilter::default()).await);
    refused("blockers", &store.blockers(1, 1).await);
    refused("attempt_counts", &store.attempt_counts(at(0)).await);
    refused("events", &store.events(0, 1).await);
    refused("jobs", &store.jobs().await);
    refused("event", &store.event(event).await);
    refused("activation", &store.activation(event).await);
    refused("activations", &store.activations(Filter { limit: 1, ..Filter::default() }).await);
    refused("catalogue", &store.catalogue().await);
    refused("journal", &store.journal(everything(REGISTRATION)).await);
    refused("traces", &store.traces(ALL_TRACES).await);
    refused("credentials", &store.credentials().await);
    refused("value", &store.value("k", at(0)).await);
    assert!(store.health().await.failure.is_some());
}

async fn what_was_acknowledged_is_there_after_a_restart(place: &Place) {
    let store = place.open().await;
    let finished = append(&store, with_keys(at(0), &["a"])).await;
    let claimed = claim_one(&store, at(0)).await;
    let mut parked = attempt(&claimed, PARKED);
    let (of_attempt, alone) = (run("stock/updated", at(0)), run("stock/other", at(1)));
    parked.activations.push(of_attempt.clone());
    assert!(store.finish(parked).await.unwrap());
    store.record(alone.clone()).await.unwrap();
    let open = append(&store, with_keys(at(2), &["a"])).await;
    store.put_provider(provider("p-1", "Backoffice")).await.unwrap();
    store.put_value("k", b"v".to_vec(), at(9)).await.unwrap();
    let store = place.reopen(store).await;
    assert_eq!(state(&store, finished).await, State::Parked);
    assert_eq!(deliveries(&store, finished).await[0].attempts, 1);
    assert_eq!(state(&store, open).await, State::Due);
    assert!(is_recorded(&store, of_attempt.id).await);
    assert!(is_recorded(&store, alone.id).await);
    assert_eq!(store.catalogue().await.unwrap().providers.len(), 1);
    assert!(store.value("k", at(8)).await.unwrap().is_some());
}

/// Polls a call once, so that it is under way and nobody waits for it yet.
fn begin<T>(call: &mut Pin<Box<dyn Future<Output = T> + Send + '_>>) -> Poll<T> {
    call.as_mut().poll(&mut Context::from_waker(Waker::noop()))
}

async fn what_is_queued_is_finished(place: &Place) {
    let store = place.open().await;
    let events: Vec<_> = (0..50).map(|second| event(at(second))).collect();
    let mut queued = Vec::new();
    for event in &events {
        let mut append = store.append(event.clone());
        match begin(&mut append) {
            Poll::Pending => queued.push(append),
            // The store was faster than the test.
            Poll::Ready(appended) => assert!(matches!(appended, Ok(Appended::Stored)), "{appended:?}"),
        }
    }
    store.close().await;
    for append in queued {
        let appended = append.await;
        assert!(matches!(appended, Ok(Appended::Stored)), "{appended:?}");
    }
    let store = place.reopen(store).await;
    for event in events {
        assert!(store.event(event.id).await.unwrap().is_some());
    }
}

async fn a_store_can_be_closed_twice(place: &Place) {
    let store = place.open().await;
    let other = Arc::clone(&store);
    tokio::join!(store.close(), other.close());
    store.close().await;
    refused("append", &store.append(event(at(0))).await);
}
