//! Actions that answer HTTP requests.

use std::time::Duration;

use engine::{Denial, NotStarted};
use http::header::RETRY_AFTER;
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

/// One request, let in by the action's guards or not.
async fn call(world: &World, action: &str, request: Request) -> (Response, ActivationId) {
    let deployed = world.runner.registry().get(action).unwrap();
    let begun = world.runner.begin();
    match world.runner.admit(begun.id, deployed, &request).await {
        Ok(()) => world.runner.run_web(begun, deployed, request).unwrap().await,
        Err(refused) => {
            world.runner.turn_away(begun, action, &refused).await;
            (refused, begun.id)
        }
    }
}

/// Asks a web action; the answer, its body and its activation.
async fn ask(world: &World, action: &str, query: &str) -> (Response, Value, ActivationId) {
    let (response, id) = call(world, action, request(Method::POST, query)).await;
    let body = serde_json::from_slice(&response.body).unwrap();
    (response, body, id)
}

async fn the_one_run(world: &World) -> Activation {
    let mut activations = world.activations(None).await;
    assert_eq!(activations.len(), 1, "{activations:?}");
    activations.remove(0)
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
async fn a_run_has_a_place_until_it_is_over() {
    let world = World::new().await;
    let deployed = world.runner.registry().get("web/asked").unwrap();
    let allowed = deployed.limits.concurrency;
    let begin = |query: &str| world.runner.run_web(world.runner.begin(), deployed, request(Method::POST, query));
    let mut runs: Vec<_> = (0..allowed).map(|_| begin("").unwrap()).collect();
    assert_eq!(begin("").err(), Some(NotStarted::Busy { running: allowed, allowed }));
    let (response, _) = runs.swap_remove(0).await;
    assert_eq!(response.status, 200);
    assert!(begin("").is_ok(), "its place is free");
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
        let (response, id) = call(&world, "web/guarded", request(method.clone(), "panic")).await;
        let message = format!("the request is not authorized; activation {id} says why");
        assert_eq!(response.status, 401);
        let body = json!({"error": message, "code": id.to_string()});
        assert_eq!(serde_json::from_slice::<Value>(&response.body).unwrap(), body);
        assert_eq!(world.guard.asked(), [method]);
        let run = the_one_run(&world).await;
        assert_eq!((run.id, run.status), (id.uuid(), Status::ApplicationError));
        let result: Value = serde_json::from_str(&run.result).unwrap();
        let expected = json!({"statusCode": 401, "body": body, "reason": "the token is missing"});
        assert_eq!(result, expected);
    }
}

#[tokio::test]
async fn a_guard_that_cannot_tell_asks_for_a_pause_of_whole_seconds() {
    for (pause, seconds) in [(0, "1"), (1_000, "1"), (1_001, "2"), (30_000, "30")] {
        let world = World::new().await;
        let retry_after = Duration::from_millis(pause);
        world.guard.deny(Denial::Undecided { reason: "IMS cannot be reached".to_owned(), retry_after });
        let (response, body, id) = ask(&world, "web/guarded", "panic").await;
        let error = "who is calling cannot be checked right now";
        assert_eq!((response.status, body), (503, json!({"error": error, "code": id.to_string()})));
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
    assert_eq!(world.guard.asked(), [Method::POST]);
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
