//! Actions that answer HTTP requests.

use std::time::Duration;

use engine::Denial;
use http::header::{ALLOW, RETRY_AFTER};
use http::{HeaderMap, Method};
use sdk::ActivationId;
use sdk::web::{Request, Response};
use serde_json::{Value, json};
use store::{Activation, Status};

use crate::web_action::RECORDED;
use crate::world::World;

fn request(method: Method, query: &str) -> Request {
    let query = Some(query.to_owned()).filter(|query| !query.is_empty());
    Request { method, headers: HeaderMap::new(), query, body: "{}".into(), peer: None }
}

/// Asks a web action; the answer, its body and its activation.
async fn ask(world: &World, action: &str, query: &str) -> (Response, Value, ActivationId) {
    let (response, id) = world.runner.run_web(action, request(Method::POST, query)).await.unwrap();
    let body = serde_json::from_slice(&response.body).unwrap();
    (response, body, id)
}

async fn the_one_run(world: &World) -> Activation {
    let mut activations = world.activations(None).await;
    assert_eq!(activations.len(), 1, "{activations:?}");
    activations.remove(0)
}

#[tokio::test]
async fn an_action_that_is_not_there_or_not_for_the_web_is_not_run() {
    let world = World::new().await;
    for name in ["web/none", "product/changed", "product/consumer", "web", ""] {
        assert!(!world.runner.has_web_action(name), "`{name}`");
        assert!(world.runner.run_web(name, request(Method::GET, "")).await.is_none(), "`{name}`");
    }
    assert!(world.runner.has_web_action("web/asked"));
    assert!(world.activations(None).await.is_empty());
}

#[tokio::test]
async fn a_run_is_recorded_under_the_id_that_the_action_and_its_caller_see() {
    let world = World::new().await;
    let (response, body, id) = ask(&world, "web/asked", "").await;
    assert_eq!(response.status, 200);
    assert_eq!(body, json!({"activation": id.to_string()}));
    let run = the_one_run(&world).await;
    assert_eq!((run.id, run.cause, run.event, run.attempt), (id.uuid(), None, None, 0));
    assert_eq!((&*run.action, run.status), ("web/asked", Status::Success));
    assert_eq!(serde_json::from_str::<Value>(&run.result).unwrap(), json!({"statusCode": 200, "body": body}));
}

#[tokio::test]
async fn a_method_that_an_action_does_not_answer_gets_405_and_the_ones_that_it_does() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for method in [Method::PUT, Method::DELETE, Method::OPTIONS, Method::HEAD] {
        let (response, id) = world.runner.run_web("web/asked", request(method, "")).await.unwrap();
        ids.push(id.uuid());
        assert_eq!(response.status, 405);
        let allow: Vec<&str> = response
            .headers
            .iter()
            .filter(|(name, _)| name == ALLOW)
            .map(|(_, value)| value.to_str().unwrap())
            .collect();
        assert_eq!(allow, ["GET, POST"]);
    }
    for run in world.activations(None).await {
        assert!(ids.contains(&run.id), "the caller is told the id on record");
        assert_eq!((&*run.action, run.status), ("web/asked", Status::ApplicationError));
    }
    assert_eq!(world.activations(None).await.len(), ids.len());
}

async fn check_failure(action: &str, query: &str, status: u16, recorded: Status) {
    let world = World::new().await;
    let (response, body, id) = ask(&world, action, query).await;
    assert_eq!(response.status, status, "{query}");
    assert!(body["error"].is_string(), "{body}");
    let run = the_one_run(&world).await;
    assert_eq!((run.id, run.status), (id.uuid(), recorded), "{query}");
    let result: Value = serde_json::from_str(&run.result).unwrap();
    assert_eq!(result, json!({"statusCode": status, "body": body}), "{query}");
}

#[tokio::test]
async fn a_panic_a_timeout_and_a_refusal_are_answered_and_recorded() {
    check_failure("web/asked", "panic", 500, Status::DeveloperError).await;
    check_failure("web/hung", "hang", 504, Status::TimedOut).await;
    check_failure("web/asked", "refuse", 400, Status::ApplicationError).await;
}

#[tokio::test]
async fn who_does_not_get_past_a_guard_reaches_nothing_and_only_the_activation_says_why() {
    for method in [Method::POST, Method::DELETE] {
        let world = World::new().await;
        world.guard.deny(Denial::unproven("the token is missing"));
        let (response, id) = world.runner.run_web("web/guarded", request(method.clone(), "panic")).await.unwrap();
        let message = format!("the request is not authorized; activation {id} says why");
        assert_eq!(response.status, 401);
        assert_eq!(serde_json::from_slice::<Value>(&response.body).unwrap(), json!({"error": message}));
        assert_eq!(world.guard.asked(), [method]);
        let run = the_one_run(&world).await;
        assert_eq!((run.id, run.status), (id.uuid(), Status::ApplicationError));
        let result: Value = serde_json::from_str(&run.result).unwrap();
        let expected = json!({"statusCode": 401, "body": {"error": message}, "reason": "the token is missing"});
        assert_eq!(result, expected);
    }
}

#[tokio::test]
async fn a_guard_that_cannot_tell_asks_for_a_pause_of_whole_seconds() {
    for (pause, seconds) in [(0, "1"), (1_000, "1"), (1_001, "2"), (30_000, "30")] {
        let world = World::new().await;
        let retry_after = Duration::from_millis(pause);
        world.guard.deny(Denial::Undecided { reason: "IMS cannot be reached".to_owned(), retry_after });
        let (response, body, _) = ask(&world, "web/guarded", "panic").await;
        assert_eq!((response.status, body), (503, json!({"error": "who is calling cannot be checked right now"})));
        let told = response.headers.iter().find(|(name, _)| name == RETRY_AFTER).unwrap();
        assert_eq!(told.1, seconds);
        let result: Value = serde_json::from_str(&the_one_run(&world).await.result).unwrap();
        assert_eq!(result["reason"], "IMS cannot be reached");
    }
}

#[tokio::test]
async fn who_gets_past_a_guard_is_answered_by_the_action() {
    let world = World::new().await;
    let (response, body, id) = ask(&world, "web/guarded", "").await;
    assert_eq!((response.status, body), (200, json!({"activation": id.to_string()})));
    let (response, _) = world.runner.run_web("web/guarded", request(Method::DELETE, "")).await.unwrap();
    assert_eq!(response.status, 405);
    assert_eq!(world.guard.asked(), [Method::POST, Method::DELETE]);
}

#[tokio::test]
async fn a_run_that_is_on_record_already_is_not_recorded_again() {
    let world = World::new().await;
    let (response, _, id) = ask(&world, "web/asked", "recorded").await;
    assert_eq!((response.status, id), (200, RECORDED), "the caller is told the id on record");
    assert!(world.activations(None).await.is_empty());
}

#[tokio::test]
async fn a_busy_answer_costs_no_write() {
    let world = World::new().await;
    let (response, _, _) = ask(&world, "web/asked", "busy").await;
    assert_eq!(response.status, 503);
    assert!(world.activations(None).await.is_empty());
}

#[tokio::test]
async fn an_action_that_a_web_action_runs_is_recorded_with_its_cause() {
    // Runs that a web action caused were collected for a delivery that there was none of, and never written. Every run
    // has to be on record.
    let world = World::new().await;
    let (response, _, id) = ask(&world, "web/asked", "invoke").await;
    assert_eq!(response.status, 200);
    assert_eq!(world.runs.names(), ["A1"]);
    let activations = world.activations(None).await;
    let handler = activations.iter().find(|run| run.action == "product/changed").expect("the handler's run");
    assert_eq!((handler.cause, handler.status), (Some(id.uuid()), Status::Success));
    assert_eq!(activations.len(), 2);
}
