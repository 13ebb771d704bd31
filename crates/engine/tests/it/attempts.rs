//! What one attempt does, and what is written about it.

use std::time::Duration;

use engine::{Clock, DeliveryOptions};
use sdk::ActivationId;
use serde_json::{Value, json};
use store::{NewDelivery, NewEvent, State, Status};
use uuid::Uuid;

use crate::product::{Follow, Step};
use crate::text::{Log, SECRET, product, product_with};
use crate::world::{CHANGED, HASTY, HOMELESS, HUNG, UNBOUND, World, day};

#[tokio::test]
async fn an_event_is_run_once_by_the_one_action_bound_to_its_registration() {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product("A")).await;
    let delivery = world.until(event, State::Done).await;
    world.settle().await;
    assert_eq!(delivery.attempts, 1);
    assert_eq!(world.runs.names(), ["A1"]);
    let calls = world.target.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].path, "products/A");
    assert_eq!(calls[0].event_id.as_deref(), Some(&*event.hyphenated().to_string()));
}

#[tokio::test]
async fn the_runs_of_consumer_and_handler_are_recorded_with_cause_event_and_attempt() {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", &[Step::Status(503), Step::Status(200)])).await;
    world.settle().await;
    world.advance(Duration::from_mins(1)).await;
    world.until(event, State::Done).await;
    let activations = world.activations(Some(event)).await;
    assert_eq!(activations.len(), 4);
    for (attempt, pair) in (1..).zip(activations.chunks(2)) {
        let (handler, consumer) = (&pair[0], &pair[1]);
        assert_eq!((&*handler.action, &*consumer.action), ("product/changed", "product/consumer"));
        assert_eq!((handler.cause, consumer.cause), (Some(consumer.id), None));
        assert_eq!((handler.event, consumer.event), (Some(event), Some(event)));
        assert_eq!((handler.attempt, consumer.attempt), (attempt, attempt));
        let status = if attempt == 1 { Status::ApplicationError } else { Status::Success };
        assert_eq!((handler.status, consumer.status), (status, status));
    }
    let result: Value = serde_json::from_str(&activations[3].result).unwrap();
    let success = json!({"success": true, "message": "Product changed successfully"});
    assert_eq!(result, json!({"statusCode": 200, "body": {"type": CHANGED, "response": success}}));
}

#[tokio::test]
async fn an_action_is_told_of_its_delivery_in_adobes_headers() {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", &[Step::Status(503), Step::Status(200)])).await;
    world.settle().await;
    world.advance(Duration::from_mins(1)).await;
    world.until(event, State::Done).await;
    let told: Vec<_> = world.runs.all().into_iter().map(|run| run.delivery.unwrap().adobe_headers()).collect();
    let [first, second] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(first["x-adobe-event-id"], event.to_string());
    assert_eq!(first["x-adobe-event-id"], second["x-adobe-event-id"]);
    assert_ne!(first["x-adobe-delivery-id"], second["x-adobe-delivery-id"]);
    assert_eq!(first["x-adobe-provider"], "3rd_party_custom_events_ORG@AdobeOrg_instance-1");
    assert_eq!(first["x-adobe-event-code"], CHANGED);
    assert_eq!((first.get("x-adobe-retry-count"), &*second["x-adobe-retry-count"]), (None, "1"));
}

#[tokio::test]
async fn an_outcome_and_its_activations_are_there_together() {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", &[Step::Hold])).await;
    world.runs.until_held(1).await;
    assert_eq!(world.delivery(event).await.state, State::Leased);
    assert!(world.activations(Some(event)).await.is_empty(), "nothing is written about an attempt that runs");
    world.runs.open_gate();
    while world.delivery(event).await.state == State::Leased {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.delivery(event).await.state, State::Done);
    assert_eq!(world.activations(Some(event)).await.len(), 2);
}

#[tokio::test]
async fn a_panic_is_one_failed_attempt_and_others_go_on() {
    let world = World::new().await;
    let steps = [Step::Panic, Step::Status(200)];
    let event = world.publish(CHANGED, &product_with("A", &steps)).await;
    let other = world.publish(CHANGED, &product("B")).await;
    world.until(other, State::Done).await;
    world.settle().await;
    let activations = world.activations(Some(event)).await;
    assert_eq!(activations[0].status, Status::DeveloperError);
    assert!(activations[0].result.contains("the action crashed"), "{}", activations[0].result);
    world.settle().await;
    world.advance(Duration::from_mins(1)).await;
    world.until(event, State::Done).await;
    assert_eq!(world.runs.names(), ["A1", "B1", "A2"]);
}

#[tokio::test]
async fn an_action_beyond_its_time_limit_is_one_failed_attempt() {
    let world = World::new().await;
    let event = world.publish(HUNG, &product_with("A", &[Step::Hang, Step::Status(200)])).await;
    world.settle().await;
    let activations = world.activations(Some(event)).await;
    assert_eq!(activations[0].status, Status::TimedOut);
    assert!(activations[0].result.contains(r#""statusCode":504"#), "{}", activations[0].result);
    world.settle().await;
    world.advance(Duration::from_mins(1)).await;
    world.until(event, State::Done).await;
    assert_eq!(world.runs.names(), ["A1", "A2"]);
}

async fn check_after_send(step: Step, state: State) {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", std::slice::from_ref(&step))).await;
    world.until(event, state).await;
    world.settle().await;
    world.advance(Duration::from_hours(24)).await;
    assert_eq!(world.target.calls().len(), 1, "{step:?} never sends again");
    assert_eq!(world.delivery(event).await.state, state, "{step:?}");
}

#[tokio::test]
async fn a_stop_after_the_send_never_sends_again() {
    check_after_send(Step::Post(Follow::Skip), State::Skipped).await;
    check_after_send(Step::Post(Follow::Reject), State::Parked).await;
    check_after_send(Step::Post(Follow::Retry), State::Parked).await;
    check_after_send(Step::Post(Follow::Park), State::Parked).await;
}

#[tokio::test]
async fn an_attempt_that_outlives_its_lease_does_not_count() {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", &[Step::Hold, Step::Reject])).await;
    world.runs.until_held(1).await;
    world.lose_leases().await;
    world.until(event, State::Refused).await;
    world.runs.open_gate();
    world.deliveries.finished().await;
    assert_eq!(world.runs.names(), ["A1", "A3"], "the second attempt was somebody else's");
    let delivery = world.delivery(event).await;
    assert_eq!((delivery.state, delivery.attempts), (State::Refused, 3));
    assert_eq!(world.activations(Some(event)).await.len(), 4, "what ran is on record all the same");
}

#[tokio::test]
async fn an_attempt_keeps_its_lease_however_long_it_takes() {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", &[Step::Hold])).await;
    world.runs.until_held(1).await;
    let mut until = world.delivery(event).await.due;
    for _ in 0..6 {
        world.clock.advance(Duration::from_secs(20));
        world.catch_up().await;
        let renewed = world.delivery(event).await.due;
        assert!(renewed > until, "{renewed}");
        until = renewed;
    }
    world.runs.open_gate();
    world.until(event, State::Done).await;
    assert_eq!(world.runs.names(), ["A1"]);
}

#[tokio::test]
async fn an_attempt_after_one_that_ended_unseen_is_told_that_it_is_in_doubt() {
    let world = World::new().await;
    let event = world
        .publish(CHANGED, &product_with("A", &[Step::Hold, Step::Hold, Step::Status(503), Step::Status(200)]))
        .await;
    world.runs.until_held(1).await;
    world.lose_leases().await;
    world.settle().await;
    assert!(world.delivery(event).await.is_in_doubt, "that this one failed says nothing of the other");
    world.advance(Duration::from_hours(1)).await;
    world.until(event, State::Done).await;
    let runs = world.runs.all();
    let doubts: Vec<(u32, bool)> = runs.iter().map(|run| (run.attempt, run.is_in_doubt)).collect();
    assert_eq!(doubts, [(1, false), (3, true), (4, true)]);
    world.runs.open_gate();
}

async fn check_parked(code: &str, reason: &str) {
    let world = World::new().await;
    let event = world.publish(code, &product("A")).await;
    world.until(event, State::Parked).await;
    let texts: Vec<String> = world.activations(Some(event)).await.into_iter().map(|run| run.result).collect();
    assert!(texts.iter().any(|text| text.contains(reason)), "{texts:?}");
    assert!(world.target.calls().is_empty());
}

#[tokio::test]
async fn an_event_without_an_action_is_parked() {
    check_parked(HOMELESS, "the action `product/missing` is not deployed").await;
    check_parked(UNBOUND, "the registration `Unbound` is bound to no action").await;
}

#[tokio::test]
async fn a_delivery_whose_registration_is_gone_is_parked() {
    let world = World::new().await;
    let event = NewEvent {
        id: Uuid::now_v7(),
        provider_id: "backoffice".into(),
        publisher: "ingestion/webhook".into(),
        code: CHANGED.into(),
        uid: None,
        at: world.clock.now(),
        deliveries: vec![NewDelivery { registration: 4_711, keys: vec!["A".to_owned()] }],
        given_id: None,
        attributes: None,
        journals: Vec::new(),
        body: product("A").to_string().into(),
    };
    let id = event.id;
    world.store.append(event).await.unwrap();
    world.until(id, State::Parked).await;
    assert!(world.runs.all().is_empty());
    let activations = world.activations(Some(id)).await;
    assert_eq!(activations.len(), 1, "{activations:?}");
    assert!(activations[0].result.contains("the registration of this delivery is gone"), "{}", activations[0].result);
}

#[tokio::test]
async fn no_more_attempts_run_at_once_than_allowed() {
    let world = World::with(DeliveryOptions { at_once: 3, ..day() }).await;
    let mut events = Vec::new();
    for number in 0..10 {
        events.push(world.publish(CHANGED, &product_with(&format!("S{number}"), &[Step::Hold])).await);
    }
    world.runs.until_held(3).await;
    world.store.delete_value("fence").await.unwrap();
    assert_eq!(world.runs.all().len(), 3, "the others wait for a place");
    world.runs.open_gate();
    for event in events {
        world.until(event, State::Done).await;
    }
    assert_eq!(world.runs.held_max(), 3);
    assert_eq!(world.runs.all().len(), 10);
}

#[tokio::test]
async fn whoever_waits_for_the_end_of_all_attempts_does_not_stop_the_engine() {
    // The one who waited held all places for a moment; the engine found none and was never told of them again. It has
    // to go on.
    let world = World::new().await;
    world.publish(CHANGED, &product_with("A", &[Step::Hold])).await;
    world.runs.until_held(1).await;
    let ((), event) = tokio::join!(world.deliveries.finished(), async {
        let event = world.publish(CHANGED, &product("B")).await;
        // The engine looks for a place for it, and finds none.
        world.store.delete_value("fence").await.unwrap();
        tokio::task::yield_now().await;
        world.runs.open_gate();
        event
    });
    world.until(event, State::Done).await;
}

#[tokio::test]
async fn neither_logs_nor_results_show_what_an_event_carries() {
    let (log, _guard) = Log::collect();
    let world = World::new().await;
    let mut events = Vec::new();
    let steps = [Step::Status(200), Step::Status(400), Step::Status(503), Step::Reject, Step::Park, Step::Panic];
    for (number, step) in steps.into_iter().enumerate() {
        let mut value = product_with(&format!("{SECRET}-{number}"), &[step]);
        value["tags"] = json!([SECRET]);
        events.push(world.publish(CHANGED, &value).await);
    }
    world.settle().await;
    for event in events {
        assert_eq!(world.delivery(event).await.attempts, 1);
        for activation in world.activations(Some(event)).await {
            assert!(!activation.result.contains(SECRET), "{}", activation.result);
        }
    }
    let text = log.text();
    assert!(text.contains("was refused"), "the log is collected: {text}");
    assert!(!text.contains(SECRET), "{text}");
}

#[tokio::test]
async fn a_stored_event_reaches_its_handler_as_it_came() {
    let world = World::new().await;
    let value = format!("{{\n  \"sku\" : \"{}\" , \"price\": 1 }}", "\\u0041");
    let published = world.offer(CHANGED, None, &value).await.unwrap();
    let id: ActivationId = published.activation;
    world.until(id.uuid(), State::Done).await;
    let (stored, _) = world.store.event(id.uuid()).await.unwrap().unwrap();
    assert_eq!(&*stored.body, value);
    assert_eq!(world.runs.names(), ["A1"]);
}

#[tokio::test]
async fn a_run_that_is_cut_off_with_its_consumer_is_on_record() {
    // The handler never ends, and its consumer has less time than itself.
    let world = World::new().await;
    let event = world.publish(HASTY, &product_with("A", &[Step::Hang, Step::Status(200)])).await;
    world.settle().await;
    let activations = world.activations(Some(event)).await;
    let ended: Vec<(&str, Status)> = activations.iter().map(|run| (run.action.as_str(), run.status)).collect();
    assert_eq!(ended, [("product/changed", Status::DeveloperError), ("product/hasty", Status::TimedOut)]);
    assert_eq!(activations[0].cause, Some(activations[1].id));
    assert!(activations[0].result.contains("cut off"), "{}", activations[0].result);
}
