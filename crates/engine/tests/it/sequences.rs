//! Sequences: each action is a run of its own, and the first that fails is the last.

use engine::Asked;
use sdk::Params;
use serde_json::{Value, json};
use store::{Activation, Filter, Status};
use uuid::Uuid;

use crate::world::World;

struct Run {
    whole: Activation,
    /// In the order in which they ran.
    parts: Vec<Activation>,
}

async fn run(world: &World, sequence: &str, params: Value) -> Run {
    let Value::Object(params) = params else { panic!("{params}") };
    let started = world.runner.invoke(sequence, params, Asked::default()).unwrap();
    let ended = started.ended().await.unwrap();
    let whole = world.store.activation(ended.id).await.unwrap().expect("it is on record when it has ended");
    let mut parts = Vec::new();
    for id in whole.logs.as_deref().unwrap_or_default().lines() {
        let id: Uuid = id.parse().unwrap();
        let found = world.store.activation(id).await.unwrap().expect("it is on record before the next begins");
        assert_eq!(found.cause, Some(whole.id));
        parts.push(found);
    }
    Run { whole, parts }
}

fn result(run: &Activation) -> Value {
    serde_json::from_str(&run.result).unwrap()
}

#[tokio::test]
async fn the_result_of_one_is_the_parameters_of_the_next() {
    let world = World::new().await;
    let run = run(&world, "test/twice", json!({"do": "echo", "given": 1})).await;
    let expected = json!({"do": "echo", "given": 1, "input": "of the manifest"});
    assert_eq!((run.whole.status, result(&run.whole)), (Status::Success, expected.clone()));
    assert_eq!(run.parts.len(), 2);
    for part in &run.parts {
        assert_eq!((part.action.as_str(), result(part)), ("test/logs", expected.clone()));
    }
    let all = world.store.activations(Filter { limit: 10, ..Filter::default() }).await.unwrap();
    assert_eq!(all.len(), 3, "the sequence and its two runs");
    assert_eq!(world.store.count_activations(Filter::default()).await.unwrap(), 3);
}

#[tokio::test]
async fn what_fails_ends_the_sequence_with_its_result() {
    let world = World::new().await;
    for (given, status, error) in [
        (json!({"do": "fail"}), Status::ApplicationError, json!("as asked")),
        (
            json!({"do": "garbage"}),
            Status::DeveloperError,
            json!("The action did not produce a valid response and exited unexpectedly."),
        ),
        (
            json!({"do": "list"}),
            Status::Success,
            json!("The action `test/logs` did not produce an object, which the next one takes."),
        ),
    ] {
        let run = run(&world, "test/twice", given).await;
        let whole = if status == Status::Success { Status::DeveloperError } else { status };
        assert_eq!((run.whole.status, result(&run.whole)), (whole, json!({"error": error})));
        assert_eq!((run.parts.len(), run.parts[0].status), (1, status));
    }
    let run = run(&world, "test/hangs", json!({"do": "hang"})).await;
    assert_eq!((run.whole.status, run.parts.len()), (Status::TimedOut, 1));
    assert!(result(&run.whole)["error"].as_str().unwrap().starts_with("The action exceeded its time limits"));
}

#[tokio::test]
async fn a_sequence_may_run_another() {
    let world = World::new().await;
    let run = run(&world, "test/nested", json!({"do": "echo"})).await;
    let names: Vec<&str> = run.parts.iter().map(|part| part.action.as_str()).collect();
    assert_eq!((run.whole.status, names), (Status::Success, vec!["test/twice", "test/logs"]));
}

#[tokio::test]
async fn an_action_that_has_no_place_ends_the_sequence() {
    let world = World::new().await;
    let hang = Params::from_iter([("do".to_owned(), json!("hang"))]);
    let _taken = world.runner.invoke("test/one", hang, Asked::default()).unwrap();
    let run = run(&world, "test/full", json!({"do": "echo"})).await;
    let error = "Too many concurrent requests in flight (count: 1, allowed: 1).";
    assert_eq!((run.whole.status, result(&run.whole)), (Status::ApplicationError, json!({"error": error})));
    assert!(run.parts.is_empty(), "what did not begin has no record");
}
