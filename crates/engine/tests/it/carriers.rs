//! Deliveries that leave the process: what a carrier is given, and what follows from its answer.

use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use engine::{Ack, Carried, DeliveryOptions, PUBLISH, PUBLISH_ACTION, WEBHOOK_ACTION};
use futures_util::FutureExt;
use jiff::Timestamp;
use sdk::Fate;
use serde_json::Value;
use store::{State, Status, Store, Trace, TraceFilter, TracedRequest, TracedResponse};
use testkit::FakeCarrier;
use uuid::Uuid;

use crate::service::{CHANGED, Service, Setup, registration, sent};
use crate::world::{day, just_before};

const MINUTE: Duration = Duration::from_mins(1);
const MILLISECOND: Duration = Duration::from_millis(1);
const AGAIN: Fate = Fate::Retry { after: None };

/// How events leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    Publish,
    Webhook,
    Batch,
}

const EXITS: [Exit; 3] = [Exit::Publish, Exit::Webhook, Exit::Batch];

/// A service whose events leave by one exit.
struct Line {
    exit: Exit,
    service: Service,
    carrier: FakeCarrier,
    /// The events' ids and products.
    events: Mutex<Vec<(String, String)>>,
}

impl Line {
    async fn new(exit: Exit, carrier: &FakeCarrier) -> Self {
        Self::with(exit, carrier, day()).await
    }

    async fn with(exit: Exit, carrier: &FakeCarrier, options: DeliveryOptions) -> Self {
        let setup = Setup { options, ..setup(exit, Some(carrier)) };
        Self { exit, service: Service::with(setup).await, carrier: carrier.clone(), events: Mutex::default() }
    }

    async fn send(&self, sku: &str) -> String {
        let id = if self.exit == Exit::Publish {
            self.service.offer(None, sku).await.unwrap().activation.event_id()
        } else {
            let id = format!("wire-{}", self.events.lock().unwrap().len());
            self.service.change(&id, sku).await;
            id
        };
        self.events.lock().unwrap().push((id.clone(), sku.to_owned()));
        id
    }

    fn number(&self) -> i64 {
        if self.exit == Exit::Publish { PUBLISH } else { self.service.number("Hook") }
    }

    async fn states(&self) -> Vec<State> {
        self.service.states(self.number()).await
    }

    /// The attempts so far in short: `A1` is the first at product A.
    fn names(&self) -> Vec<String> {
        let events = self.events.lock().unwrap().clone();
        let product = |id: &String| &events.iter().find(|(known, _)| known == id).unwrap().1;
        let carryings = self.carrier.carryings();
        carryings.iter().map(|one| format!("{}{}", product(&one.ids[0]), one.attempt)).collect()
    }
}

fn setup(exit: Exit, carrier: Option<&FakeCarrier>) -> Setup {
    match exit {
        Exit::Publish => Setup { publish: carrier.cloned(), ack: Some(Ack::Stored), ..Setup::default() },
        Exit::Webhook | Exit::Batch => {
            let kind = if exit == Exit::Batch { "webhook_batch" } else { "webhook" };
            let registrations = vec![sent(registration("Hook", &[CHANGED]), kind)];
            Setup { webhook: carrier.cloned(), registrations, ..Setup::default() }
        }
    }
}

fn trace(status: u16) -> Trace {
    Trace {
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
        response: TracedResponse { status, headers: Vec::new(), body: String::new() },
    }
}

#[tokio::test]
async fn an_event_is_carried_out_with_the_same_id_on_every_attempt_by_schedule() {
    for exit in EXITS {
        let carrier = FakeCarrier::new().then(AGAIN, 503, "busy").then(AGAIN, 429, "slower");
        let line = Line::new(exit, &carrier).await;
        let id = line.send("A").await;
        line.service.settle().await;
        for (attempts, minutes) in [(1, 1), (2, 2)] {
            assert_eq!(line.states().await, [State::Due], "{exit:?}");
            line.service.advance(just_before(minutes * MINUTE)).await;
            assert_eq!(carrier.carryings().len(), attempts, "{exit:?}: not too early");
            line.service.advance(MILLISECOND).await;
        }
        assert_eq!(line.states().await, [State::Done], "{exit:?}");
        let carryings = carrier.carryings();
        assert!(carryings.iter().all(|one| one.ids == [&*id] && one.registration == line.number()), "{carryings:?}");
        assert_eq!(line.names(), ["A1", "A2", "A3"], "{exit:?}");
    }
}

#[tokio::test]
async fn whoever_takes_events_can_ask_for_a_longer_pause() {
    for exit in EXITS {
        let after = Some(Duration::from_secs(5_000));
        let carrier = FakeCarrier::new().then(Fate::Retry { after }, 429, "slower");
        let line = Line::new(exit, &carrier).await;
        line.send("A").await;
        line.service.settle().await;
        line.service.advance(Duration::from_millis(4_999_999)).await;
        assert_eq!(line.names(), ["A1"], "{exit:?}");
        line.service.advance(MILLISECOND).await;
        assert_eq!(line.names(), ["A1", "A2"], "{exit:?}");
    }
}

#[tokio::test]
async fn a_final_answer_ends_the_delivery_and_lets_the_next_of_its_key_go() {
    let endings = [
        (Fate::Done, State::Done),
        (Fate::Skipped, State::Skipped),
        (Fate::Refused, State::Refused),
        (Fate::Parked, State::Parked),
        (Fate::Retry { after: Some(Duration::from_hours(25)) }, State::Parked),
    ];
    for (exit, (fate, state)) in EXITS.into_iter().flat_map(|exit| endings.clone().map(|ending| (exit, ending))) {
        let line = Line::new(exit, &FakeCarrier::new().then(fate, 400, "so it is")).await;
        line.send("A").await;
        line.send("A").await;
        line.service.settle().await;
        line.service.advance(Duration::from_hours(25)).await;
        assert_eq!(line.states().await, [state, State::Done], "{exit:?}");
        assert_eq!(line.names(), ["A1", "A1"], "{exit:?}: {state:?} is final");
    }
}

#[tokio::test]
async fn failed_attempts_are_on_record_with_status_and_reason_and_others_are_not() {
    for exit in EXITS {
        let carrier = FakeCarrier::new().then(AGAIN, 503, "the other side is busy").then(AGAIN, 602, "no line");
        let line = Line::new(exit, &carrier).await;
        line.send("A").await;
        line.service.settle().await;
        line.service.advance(MINUTE).await;
        line.service.advance(2 * MINUTE).await;
        assert_eq!(line.states().await, [State::Done]);
        let activations = line.service.activations().await;
        let event = line.service.journal(line.number()).await.remove(0);
        assert_eq!(activations.len(), 2, "{exit:?}: {activations:?}");
        let expected = [(1, 503, "the other side is busy"), (2, 602, "no line")];
        for (activation, (attempt, status, reason)) in activations.iter().zip(expected) {
            assert_eq!(activation.action, if exit == Exit::Publish { PUBLISH_ACTION } else { WEBHOOK_ACTION });
            assert_eq!((activation.attempt, activation.event), (attempt, Some(event.id)));
            assert_eq!(activation.status, Status::ApplicationError);
            let result: Value = serde_json::from_str(&activation.result).unwrap();
            assert_eq!(result["error"]["statusCode"], status);
            assert_eq!(result["error"]["body"]["error"], reason);
        }
    }
}

#[tokio::test]
async fn the_request_of_every_attempt_is_traced() {
    let traces = [trace(503), trace(200)];
    let ended = |fate: Fate, trace: &Trace| Carried {
        fate,
        status: trace.response.status,
        reason: None,
        trace: Some(trace.clone()),
    };
    let carrier = FakeCarrier::new().then_carried(ended(AGAIN, &traces[0])).then_carried(ended(Fate::Done, &traces[1]));
    let line = Line::new(Exit::Webhook, &carrier).await;
    assert_eq!(line.number(), traces[0].registration);
    line.send("A").await;
    line.service.settle().await;
    line.service.advance(MINUTE).await;
    let stored = line.service.store.traces(TraceFilter { registration: 1, outcome: None, limit: 10 }).await.unwrap();
    let mut ids: Vec<Uuid> = stored.into_iter().map(|trace| trace.id).collect();
    ids.sort();
    assert_eq!(ids, traces.map(|trace| trace.id));
}

#[tokio::test]
async fn a_carrier_that_hangs_is_cut_off_and_tried_again() {
    for exit in EXITS {
        let carrier = FakeCarrier::within(Duration::from_millis(20)).then_hang();
        let line = Line::new(exit, &carrier).await;
        line.send("A").await;
        line.service.settle().await;
        assert_eq!(line.states().await, [State::Due], "{exit:?}");
        let activations = line.service.activations().await;
        assert!(activations[0].result.contains(r#""statusCode":604"#), "{}", activations[0].result);
        line.service.advance(MINUTE).await;
        assert_eq!(line.states().await, [State::Done], "{exit:?}");
    }
}

#[tokio::test]
async fn a_carrier_that_panics_is_one_failed_attempt_and_gives_its_place_back() {
    // A panic ended the task: the delivery stayed leased until the lease was over, and with one place the engine never
    // heard that it was free. It has to be an attempt like any other that failed.
    for exit in EXITS {
        let carrier = FakeCarrier::new().then_panic();
        let line = Line::with(exit, &carrier, DeliveryOptions { at_once: 1, ..day() }).await;
        line.send("A").await;
        line.send("B").await;
        line.service.settle().await;
        assert_eq!(line.states().await, [State::Due, State::Done], "{exit:?}");
        let activations = line.service.activations().await;
        assert_eq!(activations.len(), 1);
        assert!(activations[0].result.contains("the attempt crashed"), "{}", activations[0].result);
        line.service.advance(MINUTE).await;
        assert_eq!(line.states().await, [State::Done, State::Done], "{exit:?}");
        assert_eq!(line.names(), ["A1", "B1", "A2"]);
    }
}

#[tokio::test]
async fn events_of_one_key_keep_their_order_across_retries_and_other_keys_overtake() {
    for exit in EXITS {
        let carrier = FakeCarrier::new().then(AGAIN, 503, "busy");
        let line = Line::new(exit, &carrier).await;
        line.send("A").await;
        line.service.settle().await;
        let second = line.send("A").await;
        let other = line.send("B").await;
        line.service.settle().await;
        assert_eq!(line.states().await, [State::Due, State::Waiting, State::Done], "{exit:?}");
        line.service.advance(MINUTE).await;
        assert_eq!(line.states().await, [State::Done; 3], "{exit:?}");
        assert_eq!(line.names(), ["A1", "B1", "A2", "A1"], "{exit:?}");
        let carryings = carrier.carryings();
        assert_eq!((&carryings[1].ids, &carryings[3].ids), (&vec![other], &vec![second]), "{exit:?}");
    }
}

#[tokio::test]
async fn without_a_carrier_an_event_waits_for_one() {
    for exit in EXITS {
        let folder = tempfile::tempdir().unwrap();
        let clock = testkit::ManualClock::new();
        let service = Service::open(folder.path(), &clock, setup(exit, None)).await;
        if exit == Exit::Publish {
            service.offer(None, "A").await.unwrap();
        } else {
            service.change("1", "A").await;
        }
        service.settle().await;
        let activations = service.activations().await;
        assert!(activations[0].result.contains("no way to where the event is to go"), "{}", activations[0].result);
        service.stop();
        service.store.close().await;
        drop(service);

        let carrier = FakeCarrier::new();
        let service = Service::open(folder.path(), &clock, setup(exit, Some(&carrier))).await;
        service.settle().await;
        assert!(carrier.carryings().is_empty(), "{exit:?}: its time has not come");
        service.advance(MINUTE).await;
        assert_eq!(carrier.carryings().len(), 1, "{exit:?}");
        assert_eq!(carrier.carryings()[0].attempt, 2);
    }
}

#[tokio::test]
async fn the_end_of_all_attempts_includes_those_that_are_carried() {
    for exit in EXITS {
        let carrier = FakeCarrier::new().then_hold();
        let line = Line::new(exit, &carrier).await;
        line.send("A").await;
        carrier.until_begun(1).await;
        line.service.stop();
        let mut finished = pin!(line.service.deliveries.finished());
        assert!(finished.as_mut().now_or_never().is_none(), "{exit:?}: one attempt runs");
        carrier.open_gate();
        finished.await;
        assert_eq!(line.states().await, [State::Done], "{exit:?}: its outcome is written");
    }
}
