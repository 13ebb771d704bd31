//! Actions that take long, callers that go away, and actions that take all they may.

use std::time::Duration;

use sdk::ActivationId;
use serde_json::{Value, json};
use store::Status;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::world::World;

/// Nobody waits longer in these tests for an action that the test holds.
const SHORT: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_mins(5);

/// What a caller is answered: status, activation, body.
async fn answered(request: reqwest::RequestBuilder) -> (u16, ActivationId, Value) {
    let answer = request.send().await.unwrap();
    let id = answer.headers()["x-openwhisk-activation-id"].to_str().unwrap().parse().unwrap();
    (answer.status().as_u16(), id, serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap_or_default())
}

async fn check_late(path: &str, result: Value) {
    let world = World::new(SHORT).await;
    let (status, id, body) = answered(world.client.post(world.url(path)).body("a")).await;
    assert_eq!(status, 202, "{body}");
    assert_eq!(body, json!({"error": "Response not yet ready.", "code": id.to_string()}));
    assert_eq!(world.store.activation(id.uuid()).await.unwrap().map(|run| run.status), None, "it has no end yet");
    world.script.release();
    let record = world.recorded(id).await;
    assert_eq!(record.status, Status::Success);
    assert_eq!(serde_json::from_str::<Value>(&record.result).unwrap(), result);
}

#[tokio::test]
async fn who_waits_too_long_is_told_the_activation_and_the_action_goes_on() {
    check_late("web/late", json!({"body": "late"})).await;
    check_late("web/native?late", json!({"statusCode": 201, "body": {"got": "a"}})).await;
}

async fn check_hang_up(path: &str, action: &str) {
    let world = World::of_one_connection(LONG).await;
    let mut caller = TcpStream::connect(world.address).await.unwrap();
    let request = format!("GET /api/v1/web/{path} HTTP/1.1\r\nhost: kit\r\n\r\n");
    caller.write_all(request.as_bytes()).await.unwrap();
    world.until("the run", async || world.script.take_seen()).await;
    drop(caller);
    world.script.give(json!({}));
    // Another caller is let in once the server has seen that the first one is gone.
    world
        .until("the end of the connection", async || {
            let answer = world.client.get(world.url("web/give")).header("connection", "close").send().await.ok()?;
            (answer.status() == 204).then_some(())
        })
        .await;
    world.script.release();
    let runs = world.runs(action, 1).await;
    assert_eq!((runs.len(), runs[0].status), (1, Status::Success));
}

#[tokio::test]
async fn an_action_whose_caller_hangs_up_goes_on() {
    check_hang_up("web/late", "web/late").await;
    check_hang_up("web/native?late", "web/native").await;
}

#[tokio::test]
async fn an_action_that_uses_all_its_concurrency_harms_no_other() {
    let world = World::new(LONG).await;
    let call = || tokio::spawn(answered(world.client.get(world.url("web/two"))));
    let held = [call(), call()];
    world.until("both runs", async || (world.script.runs() == 2).then_some(())).await;
    let (status, id, body) = answered(world.client.get(world.url("web/two"))).await;
    let text = "Too many concurrent requests in flight (count: 2, allowed: 2).";
    assert_eq!((status, body), (429, json!({"error": text, "code": id.to_string()})));
    assert_eq!(world.recorded(id).await.status, Status::ApplicationError);
    world.script.give(json!({"body": {"is": "fine"}}));
    let (status, _, body) = answered(world.client.get(world.url("web/give"))).await;
    assert_eq!((status, body), (200, json!({"is": "fine"})));
    world.script.release();
    for call in held {
        assert_eq!(call.await.unwrap().0, 200);
    }
    let (status, ..) = answered(world.client.get(world.url("web/two"))).await;
    assert_eq!(status, 200, "there is room again");
}

#[tokio::test]
async fn actions_that_fail_harm_no_other() {
    let world = World::new(LONG).await;
    world.script.give(json!("garbage"));
    let failing = ["web/panic", "web/hang", "web/give", "web/native?panic"];
    let calls = failing.iter().cycle().take(40).map(|path| {
        let request = world.client.post(world.url(path));
        tokio::spawn(answered(request))
    });
    let calls: Vec<_> = calls.collect();
    let (status, _, body) = answered(world.client.post(world.url("web/native")).body("a")).await;
    assert_eq!((status, body), (201, json!({"got": "a"})));
    let mut ids = Vec::new();
    for call in calls {
        let (status, id, body) = call.await.unwrap();
        assert!(matches!(status, 400 | 500), "{status}");
        assert_eq!(body, json!({"error": "There was an error processing your request.", "code": id.to_string()}));
        assert!(world.recorded(id).await.status.as_str() == "action developer error");
        ids.push(id);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 40);
}
