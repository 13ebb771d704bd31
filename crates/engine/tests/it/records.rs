//! What is recorded of runs beside their answers: their own log lines, their stages and calls; and runs that somebody
//! asks for with parameters.

use std::sync::Arc;

use engine::{Asked, CaptureLogs, NotStarted, SystemClock};
use sdk::Params;
use serde_json::{Value, json};
use store::{Activation, Status};
use tracing_subscriber::layer::SubscriberExt;

use crate::product::Step;
use crate::text;
use crate::world::World;

/// Has what runs of this thread log captured.
fn capture() -> tracing::subscriber::DefaultGuard {
    let capture = CaptureLogs::new(Arc::new(SystemClock));
    tracing::subscriber::set_default(tracing_subscriber::registry().with(capture))
}

fn params(value: Value) -> Params {
    let Value::Object(params) = value else { panic!("{value}") };
    params
}

/// Runs an action on parameters; its record as it is stored.
async fn run(world: &World, action: &str, given: Value) -> Activation {
    let started = world.runner.invoke(action, params(given), Asked::default()).unwrap();
    let id = started.id;
    let ended = started.ended().await.unwrap();
    assert_eq!(ended.id, id.uuid());
    world.store.activation(ended.id).await.unwrap().expect("it is on record when it has ended")
}

fn result(run: &Activation) -> Value {
    serde_json::from_str(&run.result).unwrap()
}

/// The lines of a log without their times.
fn lines(run: &Activation) -> Vec<String> {
    let logs = run.logs.as_deref().unwrap_or_default();
    logs.lines().map(|line| line.split_once(' ').unwrap().1.to_owned()).collect()
}

#[tokio::test]
async fn a_run_is_recorded_with_its_own_lines_only() {
    let _guard = capture();
    let world = World::new().await;
    let [first, second] =
        ["first", "second"].map(|name| run(&world, "test/logs", json!({"name": name, "lines": 3, "yields": true})));
    let (first, second) = tokio::join!(first, second);
    for (run, name) in [(first, "first"), (second, "second")] {
        let expected: Vec<String> = (0..3).map(|count| format!("stdout: INFO line {count} of={name}")).collect();
        assert_eq!(lines(&run), expected);
    }
}

#[tokio::test]
async fn the_lines_of_a_run_inside_of_another_are_its_own() {
    let _guard = capture();
    let world = World::new().await;
    let data = text::product_with("A", &[Step::Status(404)]);
    let consumer = run(&world, "product/consumer", json!({"type": "product.changed", "data": data})).await;
    assert_eq!(consumer.status, Status::ApplicationError, "{}", consumer.result);
    assert_eq!((consumer.logs, consumer.detail), (None, None));
    let runs = world.activations(None).await;
    let handler = runs.iter().find(|run| run.cause == Some(consumer.id)).unwrap();
    let handler = world.store.activation(handler.id).await.unwrap().unwrap();
    assert_eq!(lines(&handler), ["stderr: WARN the call failed: the target answered 404 status=404"]);
    let detail: Value = serde_json::from_str(handler.detail.as_deref().unwrap()).unwrap();
    let stages: Vec<&Value> = detail["stages"].as_array().unwrap().iter().map(|stage| &stage["name"]).collect();
    assert_eq!(stages, ["decode", "validate", "transform", "pre", "send"]);
    assert_eq!(detail["stages"][4]["stopped"], json!(true));
    let call = &detail["calls"][0];
    assert_eq!(
        (&call["target"], &call["method"], &call["path"]),
        (&json!("commerce"), &json!("PUT"), &json!("products/A"))
    );
    assert_eq!((&call["status"], &call["request"]), (&json!(200), &json!(r#"{"sku":"A","price":0,"tags":[]}"#)));
}

#[tokio::test]
async fn lines_below_the_level_of_the_action_are_not_kept() {
    let _guard = capture();
    let world = World::new().await;
    let run = run(&world, "test/logs", json!({"name": "a", "lines": 1, "debug": true})).await;
    assert_eq!(lines(&run), ["stdout: INFO line 0 of=a"]);
}

#[tokio::test]
async fn a_log_without_end_is_cut_at_its_limit() {
    let _guard = capture();
    let world = World::new().await;
    let flood = run(&world, "test/logs", json!({"name": "flood", "lines": 100_000})).await;
    let logs = flood.logs.as_deref().unwrap();
    assert!(logs.len() < 70_000, "{}", logs.len());
    assert!(logs.trim_end().ends_with("stderr: the log was cut here: it has reached its limit"));
    assert_eq!(flood.status, Status::Success);
}

#[tokio::test]
async fn a_run_that_hangs_panics_or_answers_nonsense_is_its_own_harm() {
    let world = World::new().await;
    let hung = world.runner.invoke("test/hung", params(json!({"do": "hang"})), Asked::default()).unwrap();
    let panicked = run(&world, "test/logs", json!({"do": "panic"})).await;
    assert_eq!(panicked.status, Status::DeveloperError);
    assert!(result(&panicked)["error"].is_string());
    let garbage = run(&world, "test/logs", json!({"do": "garbage"})).await;
    assert_eq!(garbage.status, Status::DeveloperError);
    let large = run(&world, "test/logs", json!({"do": "large"})).await;
    assert_eq!(large.status, Status::DeveloperError);
    let error = result(&large)["error"].as_str().unwrap().to_owned();
    assert!(error.starts_with("The action produced a response that exceeded the allowed length: "), "{error}");
    let failed = run(&world, "test/logs", json!({"do": "fail"})).await;
    assert_eq!((failed.status, result(&failed)), (Status::ApplicationError, json!({"error": "as asked"})));
    assert_eq!(run(&world, "test/logs", json!({})).await.status, Status::Success);
    let hung = hung.ended().await.unwrap();
    assert_eq!(hung.status, Status::TimedOut);
    assert_eq!(result(&hung), json!({"error": "The action exceeded its time limits of 20 milliseconds."}));
}

#[tokio::test]
async fn runs_beyond_the_limit_of_an_action_do_not_begin_and_others_do() {
    let world = World::new().await;
    let hang = || world.runner.invoke("test/hung", params(json!({"do": "hang"})), Asked::default());
    let running = [hang().unwrap(), hang().unwrap()];
    assert_eq!(hang().unwrap_err(), NotStarted::Busy { running: 2, allowed: 2 });
    assert_eq!(run(&world, "test/logs", json!({})).await.status, Status::Success);
    for run in running {
        assert_eq!(run.ended().await.unwrap().status, Status::TimedOut);
    }
    assert!(hang().is_ok(), "their places are free again");
    let unknown = world.runner.invoke("test/none", Params::new(), Asked::default());
    assert_eq!(unknown.unwrap_err(), NotStarted::Unknown);
}

#[tokio::test]
async fn a_web_action_is_invoked_with_parameters_as_its_request() {
    let world = World::new().await;
    let asked = run(&world, "web/asked", json!({"a": 1})).await;
    assert_eq!((asked.status, &result(&asked)["statusCode"]), (Status::Success, &json!(200)));
    let refused = run(&world, "web/asked", json!({"__ow_query": "refuse"})).await;
    assert_eq!(refused.status, Status::ApplicationError);
    assert_eq!(result(&refused)["error"]["body"], json!({"error": "refused"}));
}

#[tokio::test]
async fn a_run_on_parameters_is_given_the_inputs_and_what_its_caller_sends_over_them() {
    let world = World::new().await;
    let echoed = run(&world, "test/logs", json!({"do": "echo", "given": 2})).await;
    assert_eq!(result(&echoed), json!({"do": "echo", "given": 2, "input": "of the manifest"}));
    let over = run(&world, "test/logs", json!({"do": "echo", "input": 3})).await;
    assert_eq!(result(&over)["input"], 3);
}
