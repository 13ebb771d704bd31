//! Events that an events API brings by webhook and waits with.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{ActionAnswer, ArrivalError, Clock, Reception, SentHeaders, Taken};
use futures_util::FutureExt;
use futures_util::future::join_all;
use serde_json::{Value, json};
use store::{State, Store};

use crate::service::{CHANGED, Service, Setup, cloud_event, handled, journaled, parse, registration};

const WITHIN: Duration = Duration::from_secs(9);

async fn service() -> Service {
    let registrations = vec![handled(registration("R", &[CHANGED]))];
    Service::with(Setup { registrations, ..Setup::default() }).await
}

fn sent(headers: &[(&str, &str)]) -> SentHeaders {
    let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Arc::new(headers.collect::<BTreeMap<_, _>>())
}

/// A change of a product whose attempts take these steps.
fn change(id: &str, sku: &str, steps: &Value) -> Value {
    cloud_event(CHANGED, id, &json!({"sku": sku, "steps": steps}))
}

impl Service {
    fn reception(&self) -> Reception {
        Reception {
            arrivals: Arc::clone(&self.arrivals),
            routes: self.routes.clone(),
            store: Arc::<crate::flaky::Flaky>::clone(&self.store),
            clock: Arc::new(self.clock.clone()),
            answers: self.answers.clone(),
        }
    }

    async fn bring_with(&self, event: &Value, headers: SentHeaders) -> Result<Taken, ArrivalError> {
        let late = self.clock.now().saturating_add(WITHIN).unwrap();
        self.reception().take(self.number("R"), parse(event), &headers, late).await
    }

    async fn bring(&self, event: &Value) -> ActionAnswer {
        match self.bring_with(event, sent(&[])).await.unwrap() {
            Taken::Answered(answer) => answer,
            Taken::Accepted => panic!("{event} was not answered"),
        }
    }
}

#[tokio::test]
async fn the_answer_of_the_action_is_the_answer_and_a_repeat_gets_it_again() {
    let service = service().await;
    for (id, steps, status) in [
        ("1", json!([]), 200),
        ("2", json!(["skip"]), 200),
        ("3", json!(["reject"]), 400),
        ("4", json!([{"status": 404}]), 404),
    ] {
        let event = change(id, id, &steps);
        let first = service.bring(&event).await;
        assert_eq!(first.status, status, "{first:?}");
        let activation = service.store.activation(first.activation.unwrap().uuid()).await.unwrap().unwrap();
        assert_eq!((activation.action.as_str(), activation.attempt), ("product/consumer", 1));
        for _ in 1..=5 {
            assert_eq!(service.bring(&event).await, first);
        }
    }
    assert_eq!(service.runs.names(), ["11", "21", "31", "41"]);
}

#[tokio::test]
async fn ten_deliveries_of_one_event_at_once_are_one_run() {
    let service = service().await;
    let event = change("1", "A", &json!(["hold"]));
    let answers = join_all((0..10).map(|_| service.bring(&event)));
    let opened = async {
        service.runs.until_held(1).await;
        service.catch_up().await;
        service.runs.open_gate();
    };
    let (answers, ()) = tokio::join!(answers, opened);
    assert!(answers.iter().all(|answer| *answer == answers[0] && answer.status == 200), "{answers:?}");
    assert_eq!(service.runs.names(), ["A1"]);
    assert_eq!(service.answers.waiting(), 0);
}

#[tokio::test]
async fn an_answer_that_asked_for_a_retry_runs_again_when_the_sender_comes_again() {
    let service = service().await;
    let event = change("1", "A", &json!(["retry", {"status": 429}, {"status": 500}, {"status": 200}]));
    let mut statuses = Vec::new();
    for retry in 0..6 {
        let headers = match retry {
            0 => sent(&[]),
            count => sent(&[("x-adobe-retry-count", &count.to_string())]),
        };
        let Taken::Answered(answer) = service.bring_with(&event, headers).await.unwrap() else { panic!("answered") };
        statuses.push(answer.status);
    }
    assert_eq!(statuses, [503, 429, 500, 200, 200, 200]);
    assert_eq!(service.runs.names(), ["A1", "A2", "A3", "A4"]);
    let counts: Vec<Option<String>> = service
        .runs
        .all()
        .into_iter()
        .map(|run| run.delivery.unwrap().adobe_headers().remove("x-adobe-retry-count"))
        .collect();
    assert_eq!(counts, [None, Some("1".to_owned()), Some("2".to_owned()), Some("3".to_owned())]);
}

#[tokio::test]
async fn an_event_that_takes_long_belongs_to_our_schedule() {
    let service = service().await;
    let event = change("1", "A", &json!(["hold", "retry"]));
    let mut brought = Box::pin(service.bring_with(&event, sent(&[("x-request-id", "r-1")])));
    tokio::select! {
        _ = &mut brought => panic!("nothing is answered while the action runs"),
        () = service.runs.until_held(1) => {}
    }
    assert!((&mut brought).now_or_never().is_none());
    service.clock.advance(WITHIN);
    assert_eq!(brought.await.unwrap(), Taken::Accepted);
    assert_eq!(service.answers.waiting(), 0);
    service.runs.open_gate();
    service.settle().await;
    assert_eq!(service.states(service.number("R")).await, [State::Done]);
    assert_eq!(service.bring(&event).await.status, 200);
    assert_eq!(service.runs.names(), ["A1"]);
}

/// Our own retries have the headers of the request that brought the event: nobody else tells them.
#[tokio::test]
async fn our_own_retries_see_what_was_sent_with_the_event() {
    let service = service().await;
    let headers = sent(&[("x-request-id", "r-1"), ("x-adobe-event-code", "code")]);
    let taken = service.bring_with(&change("1", "A", &json!(["retry"])), Arc::clone(&headers)).await.unwrap();
    assert!(matches!(taken, Taken::Answered(ActionAnswer { status: 503, .. })), "{taken:?}");
    service.settle().await;
    service.advance(Duration::from_mins(1)).await;
    let runs = service.runs.all();
    assert_eq!(runs.len(), 2);
    for run in runs {
        assert_eq!(run.delivery.unwrap().adobe_headers(), *headers);
    }
}

#[tokio::test]
async fn whoever_waits_behind_others_of_its_lane_is_answered_in_turn() {
    let service = service().await;
    let (first, second) = (change("1", "A", &json!(["hold"])), change("2", "A", &json!([])));
    let (one, two) = (service.bring(&first), service.bring(&second));
    let opened = async {
        service.runs.until_held(1).await;
        service.catch_up().await;
        assert_eq!(service.answers.waiting(), 2);
        service.runs.open_gate();
    };
    let (one, two, ()) = tokio::join!(one, two, opened);
    assert_eq!((one.status, two.status), (200, 200));
    assert_eq!(service.runs.names(), ["A1", "A1"]);
}

#[tokio::test]
async fn when_the_kit_stops_whoever_waits_for_what_has_not_begun_is_let_go() {
    let service = service().await;
    let (running, waiting) = (change("1", "A", &json!(["hold"])), change("2", "A", &json!([])));
    let stopped = async {
        service.runs.until_held(1).await;
        service.catch_up().await;
        service.stop();
        service.runs.open_gate();
    };
    let (running, waiting, ()) =
        tokio::join!(service.bring(&running), service.bring_with(&waiting, sent(&[])), stopped);
    assert_eq!((running.status, waiting.unwrap()), (200, Taken::Accepted));
    assert_eq!(service.runs.names(), ["A1"]);
}

#[tokio::test]
async fn a_sender_that_hangs_up_leaves_no_place_behind() {
    let service = service().await;
    let event = change("1", "A", &json!(["hold"]));
    tokio::select! {
        _ = service.bring(&event) => panic!("nothing is answered while the action runs"),
        () = service.runs.until_held(1) => {}
    }
    assert_eq!(service.answers.waiting(), 0);
    service.runs.open_gate();
    service.settle().await;
    assert_eq!(service.bring(&event).await.status, 200);
    assert_eq!(service.runs.names(), ["A1"]);
}

#[tokio::test]
async fn what_stays_in_the_journal_is_answered_at_once() {
    let registrations = vec![journaled(handled(registration("R", &[CHANGED])))];
    let service = Service::with(Setup { registrations, ..Setup::default() }).await;
    for _ in 0..2 {
        let taken = service.bring_with(&change("1", "A", &json!([])), sent(&[])).await.unwrap();
        assert_eq!(taken, Taken::Accepted);
    }
    assert!(service.runs.names().is_empty());
}

#[tokio::test]
async fn other_data_under_the_same_id_is_a_conflict() {
    let service = service().await;
    service.bring(&change("1", "A", &json!([]))).await;
    let other = service.bring_with(&change("1", "B", &json!([])), sent(&[])).await;
    assert!(matches!(other, Err(ArrivalError::Conflict)), "{other:?}");
}

#[tokio::test]
async fn a_store_that_cannot_take_the_event_asks_its_sender_to_come_again() {
    let service = service().await;
    service.store.fail_appends(1);
    let event = change("1", "A", &json!([]));
    let untaken = service.bring_with(&event, sent(&[])).await;
    assert!(matches!(untaken, Err(ArrivalError::Unavailable { .. })), "{untaken:?}");
    assert_eq!((service.answers.waiting(), service.bring(&event).await.status), (0, 200));
}
