//! Several events in one request.

use std::time::Duration;

use engine::{Carried, DeliveryOptions};
use jiff::Timestamp;
use sdk::Fate;
use serde_json::{Value, json};
use store::{State, Store, Trace, TraceFilter, TracedRequest, TracedResponse};
use testkit::{FakeCarrier, ManualClock};
use tokio::runtime::Builder;
use uuid::Uuid;

use crate::service::{CHANGED, CUSTOM, Service, Setup, cloud_event, registration, sent};
use crate::world::day;

const AGAIN: Fate = Fate::Retry { after: None };

/// Its deliveries do not run before the test says so: what is there by then is claimed at once.
fn setup(carrier: &FakeCarrier, at_once: usize) -> Setup {
    Setup {
        registrations: vec![sent(registration("Hook", &[CHANGED, CUSTOM]), "webhook_batch")],
        webhook: Some(carrier.clone()),
        options: DeliveryOptions { at_once, ..day() },
        delivers: false,
        ..Setup::default()
    }
}

async fn publish(service: &Service, id: &str, data: &Value) {
    service.publish(&cloud_event(CUSTOM, id, data)).await.unwrap();
}

async fn publish_many(service: &Service, count: usize) {
    for number in 0..count {
        publish(service, &format!("{number:02}"), &json!(number)).await;
    }
}

fn sizes(carrier: &FakeCarrier) -> Vec<usize> {
    carrier.carryings().iter().map(|one| one.ids.len()).collect()
}

async fn traces(service: &Service) -> Vec<Trace> {
    let filter = TraceFilter { registration: service.number("Hook"), outcome: None, limit: 100 };
    service.store.traces(filter).await.unwrap()
}

#[tokio::test]
async fn what_is_due_goes_in_requests_of_at_most_twenty_events() {
    let carrier = FakeCarrier::new();
    let service = Service::with(setup(&carrier, 64)).await;
    publish_many(&service, 45).await;
    service.start();
    service.settle().await;
    assert_eq!(sizes(&carrier), [20, 20, 5]);
    let ids: Vec<String> = carrier.carryings().into_iter().flat_map(|one| one.ids).collect();
    assert_eq!(ids, (0..45).map(|number| format!("{number:02}")).collect::<Vec<_>>(), "oldest first, each once");
    assert_eq!(service.states(service.number("Hook")).await, [State::Done; 45]);
    assert!(service.activations().await.is_empty());
}

#[tokio::test]
async fn no_request_has_more_than_two_megabytes() {
    const KILO: usize = 1024;
    let check = async |events: &[(usize, usize)], expected: &[usize]| {
        let carrier = FakeCarrier::new();
        let service = Service::with(setup(&carrier, 64)).await;
        for (number, (data, attribute)) in events.iter().enumerate() {
            let mut event = cloud_event(CUSTOM, &number.to_string(), &"x".repeat(*data).into());
            event["note"] = "y".repeat(*attribute).into();
            service.publish(&event).await.unwrap();
        }
        service.start();
        service.settle().await;
        assert_eq!(sizes(&carrier), expected);
    };
    check(&[(900 * KILO, 0); 5], &[2, 2, 1]).await;
    check(&[(1023 * KILO, 0), (1016 * KILO, 0), (1, 0)], &[2, 1]).await;
    check(&[(2047 * KILO, 0), (1, 0), (1, 0)], &[1, 2]).await;
    // One alone goes, whatever its size.
    check(&[(1, 0), (3_000 * KILO, 0), (1, 0)], &[1, 1, 1]).await;
    // Attributes were not counted, and a request of small values with large attributes went beyond the limit. All that
    // an event brings has to count.
    check(&[(1, 900 * KILO); 5], &[2, 2, 1]).await;
}

#[tokio::test]
async fn a_batch_that_failed_is_one_request_and_one_trace_and_an_attempt_of_each_event() {
    let trace = Trace {
        id: Uuid::now_v7(),
        registration: 1,
        events: Vec::new(),
        at: Timestamp::UNIX_EPOCH,
        duration_ms: 1,
        request: TracedRequest {
            method: "POST".to_owned(),
            url: "https://hook.example/".to_owned(),
            headers: Vec::new(),
            body: String::new(),
        },
        response: TracedResponse { status: 503, headers: Vec::new(), body: String::new() },
    };
    let failed = Carried { fate: AGAIN, status: 503, reason: Some("busy".to_owned()), trace: Some(trace.clone()) };
    let carrier = FakeCarrier::new().then_carried(failed);
    let service = Service::with(setup(&carrier, 64)).await;
    publish_many(&service, 3).await;
    service.start();
    service.settle().await;
    let hook = service.number("Hook");
    assert_eq!(service.states(hook).await, [State::Due; 3]);
    assert_eq!(traces(&service).await.iter().map(|trace| trace.id).collect::<Vec<_>>(), [trace.id]);
    let activations = service.activations().await;
    let mut events: Vec<Uuid> = activations.iter().filter_map(|activation| activation.event).collect();
    events.sort();
    let stored: Vec<Uuid> = service.journal(hook).await.iter().map(|event| event.id).collect();
    assert_eq!(events, stored, "each event has its own");

    // One that is new goes along with them. The batch's attempt is the highest, each event's is its own.
    service.clock.advance(Duration::from_millis(59_999));
    service.settle().await;
    service.stop();
    service.deliveries.finished().await;
    publish(&service, "new", &json!(1)).await;
    service.clock.advance(Duration::from_millis(1));
    service.start();
    service.settle().await;
    let last = carrier.carryings().pop().unwrap();
    assert_eq!((last.ids.len(), last.attempt), (4, 2));
    let attempts: Vec<u32> = service.deliveries_of(hook).await.iter().map(|delivery| delivery.attempts).collect();
    assert_eq!(attempts, [2, 2, 2, 1]);
    assert_eq!(service.states(hook).await, [State::Done; 4]);
}

#[tokio::test]
async fn a_batch_has_one_event_of_a_key_and_the_next_follows_when_it_is_over() {
    let carrier = FakeCarrier::new().then(AGAIN, 503, "busy");
    let service = Service::with(setup(&carrier, 64)).await;
    for (id, sku) in [("1", "A"), ("2", "A"), ("3", "B"), ("4", "A"), ("5", "B")] {
        service.change(id, sku).await;
    }
    service.start();
    service.settle().await;
    service.advance(Duration::from_mins(1)).await;
    let ids: Vec<Vec<String>> = carrier.carryings().into_iter().map(|one| one.ids).collect();
    let of = |key: &[&str]| ids.concat().into_iter().filter(|id| key.contains(&&**id)).collect::<Vec<_>>();
    assert_eq!(ids[..2], [["1", "3"], ["1", "3"]], "{ids:?}");
    assert_eq!(of(&["1", "2", "4"]), ["1", "1", "2", "4"], "{ids:?}");
    assert_eq!(of(&["3", "5"]), ["3", "3", "5"], "{ids:?}");
    assert_eq!(service.states(service.number("Hook")).await, [State::Done; 5]);
}

#[tokio::test]
async fn a_batch_gives_all_of_its_places_back() {
    for carrier in [FakeCarrier::new(), FakeCarrier::new().then_panic(), FakeCarrier::new().then(AGAIN, 503, "busy")] {
        let service = Service::with(setup(&carrier, 4)).await;
        publish_many(&service, 10).await;
        service.start();
        service.settle().await;
        assert_eq!(sizes(&carrier), [4, 4, 2], "no batch takes more places than there are");
        service.advance(Duration::from_mins(1)).await;
        assert_eq!(service.states(service.number("Hook")).await, [State::Done; 10]);
    }
}

#[test]
fn a_batch_whose_outcome_was_half_written_goes_on_with_the_rest_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let clock = ManualClock::new();
    let carrier = FakeCarrier::new();
    let process = Builder::new_current_thread().enable_all().build().unwrap();
    process.block_on(async {
        let service = Service::open(folder.path(), &clock, setup(&carrier, 64)).await;
        publish_many(&service, 5).await;
        service.store.die_after_finishes(2);
        service.start();
        carrier.until_begun(1).await;
        service.stop();
        service.deliveries.finished().await;
        let hook = service.number("Hook");
        let states = service.states(hook).await;
        assert_eq!(states, [State::Done, State::Done, State::Leased, State::Leased, State::Leased]);
        service.store.close().await;
    });
    drop(process);
    let process = Builder::new_current_thread().enable_all().build().unwrap();
    process.block_on(async {
        let service = Service::open(folder.path(), &clock, setup(&carrier, 64)).await;
        service.start();
        service.settle().await;
        let carryings = carrier.carryings();
        assert_eq!((carryings[1].ids.as_slice(), carryings[1].attempt), (&carryings[0].ids[2..], 2));
        assert_eq!(sizes(&carrier), [5, 3]);
        assert_eq!(service.states(service.number("Hook")).await, [State::Done; 5]);
    });
}
