use std::sync::Arc;

use jiff::Timestamp;
use store::{Attempt, Outcome, Store, Trace, TraceFilter, TraceOutcome, TracedRequest, TracedResponse};

use crate::place::Place;
use crate::support::{
    ALL, LEASE, REGISTRATION, after, append, at, attempt, claim_one, finish, id, is_recorded, run, with_keys,
};

for_every_store!(
    a_trace_can_be_read,
    the_newest_traces_come_first,
    traces_are_listed_by_outcome,
    traces_belong_to_one_registration,
    the_newest_hundred_of_each_outcome_are_kept,
    a_trace_is_recorded_with_its_attempt,
    a_late_finish_records_its_trace,
    a_trace_is_recorded_once,
    traces_outlive_their_process,
);

/// What is kept of each outcome.
const KEPT: usize = 100;

pub const ALL_TRACES: TraceFilter = TraceFilter { registration: REGISTRATION, outcome: None, limit: ALL };
const SUCCESSES: TraceFilter = TraceFilter { outcome: Some(TraceOutcome::Success), ..ALL_TRACES };
const ERRORS: TraceFilter = TraceFilter { outcome: Some(TraceOutcome::Error), ..ALL_TRACES };

/// A request of the one registration.
pub fn trace(at: Timestamp, status: u16) -> Trace {
    Trace {
        id: id(at),
        registration: REGISTRATION,
        events: vec![id(at), id(at)],
        at,
        duration_ms: 12,
        request: TracedRequest {
            method: "POST".to_owned(),
            url: "https://hooks.example.com/stock".to_owned(),
            headers: vec![("content-type".to_owned(), "application/json".to_owned())],
            body: r#"{"ß": "\u0000" }"#.to_owned(),
        },
        response: TracedResponse { status, headers: Vec::new(), body: "ok\n".to_owned() },
    }
}

async fn put(store: &Arc<dyn Store>, trace: Trace) -> Trace {
    store.put_trace(trace.clone()).await.expect("the store records traces");
    trace
}

async fn expect(store: &Arc<dyn Store>, filter: TraceFilter, expected: &[Trace]) {
    assert_eq!(store.traces(filter).await.expect("the store can be read"), expected, "{filter:?}");
}

async fn a_trace_can_be_read(place: &Place) {
    let store = place.open().await;
    expect(&store, ALL_TRACES, &[]).await;
    let challenge = put(&store, Trace { events: Vec::new(), ..trace(at(0), 611) }).await;
    expect(&store, ALL_TRACES, &[challenge]).await;
}

async fn the_newest_traces_come_first(place: &Place) {
    let store = place.open().await;
    let mut traces = Vec::new();
    for (second, status) in (0..).zip([200, 500, 200, 404, 602]) {
        traces.insert(0, put(&store, trace(at(second), status)).await);
    }
    expect(&store, ALL_TRACES, &traces).await;
    expect(&store, TraceFilter { limit: 3, ..ALL_TRACES }, &traces[..3]).await;
    expect(&store, TraceFilter { limit: 0, ..ALL_TRACES }, &[]).await;
    expect(&store, TraceFilter { limit: usize::MAX, ..ALL_TRACES }, &traces).await;
}

async fn traces_are_listed_by_outcome(place: &Place) {
    let store = place.open().await;
    let (mut successes, mut errors) = (Vec::new(), Vec::new());
    for (second, status) in (0..).zip([199, 200, 204, 299, 300, 410, 503, 601]) {
        let trace = put(&store, trace(at(second), status)).await;
        if matches!(status, 200 | 204 | 299) { successes.insert(0, trace) } else { errors.insert(0, trace) }
    }
    expect(&store, SUCCESSES, &successes).await;
    expect(&store, ERRORS, &errors).await;
    expect(&store, TraceFilter { limit: 2, ..ERRORS }, &errors[..2]).await;
}

async fn traces_belong_to_one_registration(place: &Place) {
    let store = place.open().await;
    let one = put(&store, trace(at(0), 200)).await;
    let other = put(&store, Trace { registration: 2, ..trace(at(1), 200) }).await;
    expect(&store, ALL_TRACES, &[one]).await;
    expect(&store, TraceFilter { registration: 2, ..ALL_TRACES }, &[other]).await;
    expect(&store, TraceFilter { registration: 3, ..ALL_TRACES }, &[]).await;
}

async fn the_newest_hundred_of_each_outcome_are_kept(place: &Place) {
    let store = place.open().await;
    let other = put(&store, Trace { registration: 2, ..trace(at(0), 200) }).await;
    let error = put(&store, trace(at(0), 500)).await;
    let mut successes = Vec::new();
    for second in 0..130 {
        successes.insert(0, put(&store, trace(at(second), 200)).await);
        expect(&store, SUCCESSES, &successes[..successes.len().min(KEPT)]).await;
    }
    expect(&store, ERRORS, &[error]).await;
    expect(&store, TraceFilter { registration: 2, ..ALL_TRACES }, &[other]).await;
    let mut errors = Vec::new();
    for second in 130..240 {
        errors.insert(0, put(&store, trace(at(second), 500)).await);
    }
    expect(&store, ERRORS, &errors[..KEPT]).await;
    errors.truncate(KEPT);
    errors.extend_from_slice(&successes[..KEPT]);
    expect(&store, ALL_TRACES, &errors).await;
}

async fn a_trace_is_recorded_with_its_attempt(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    let mut traces = Vec::new();
    for (second, status, outcome) in [(0, 503, Outcome::RetryAt(at(1))), (1, 200, Outcome::Done)] {
        let claimed = claim_one(&store, at(second)).await;
        let trace = trace(at(second), status);
        let ended = Attempt { trace: Some(trace.clone()), ..attempt(&claimed, outcome) };
        assert!(store.finish(ended).await.unwrap());
        traces.insert(0, trace);
        expect(&store, ALL_TRACES, &traces).await;
    }
}

async fn a_late_finish_records_its_trace(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    let lost = claim_one(&store, at(0)).await;
    let held = claim_one(&store, after(at(0), LEASE)).await;
    let (trace, run) = (trace(at(0), 200), run("stock/updated", at(0)));
    let late = Attempt { trace: Some(trace.clone()), activations: vec![run.clone()], ..attempt(&lost, Outcome::Done) };
    assert!(!store.finish(late).await.unwrap());
    // The request was made, whatever it counts.
    expect(&store, ALL_TRACES, &[trace]).await;
    assert!(is_recorded(&store, run.id).await);
    assert!(finish(&store, &held, Outcome::Done).await);
}

/// Who hears that the store cannot write records an attempt again; the first time may have been written after all.
async fn a_trace_is_recorded_once(place: &Place) {
    let store = place.open().await;
    append(&store, with_keys(at(0), &[])).await;
    let claimed = claim_one(&store, at(0)).await;
    let first = trace(at(0), 200);
    let again = Attempt { trace: Some(first.clone()), ..attempt(&claimed, Outcome::Done) };
    assert!(store.finish(again).await.unwrap());
    let again = Attempt { trace: Some(first.clone()), ..attempt(&claimed, Outcome::Done) };
    assert!(!store.finish(again).await.unwrap());
    put(&store, Trace { id: first.id, ..trace(at(1), 500) }).await;
    expect(&store, ALL_TRACES, &[first]).await;
}

async fn traces_outlive_their_process(place: &Place) {
    let store = place.open().await;
    let first = put(&store, trace(at(0), 200)).await;
    let store = place.reopen(store).await;
    let second = put(&store, trace(at(1), 500)).await;
    expect(&store, ALL_TRACES, &[second, first]).await;
}
