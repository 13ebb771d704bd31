use std::time::Duration;

use events_api::Options;
use serde_json::Value;

use crate::world::{World, event, options};

#[tokio::test]
async fn a_client_publishes_so_many_events_in_five_seconds() {
    let world = World::with(Options { ingress_limit: Some(3), ..options() }).await;
    for id in ["a", "b", "c"] {
        world.publish(id).await;
        world.clock.advance(Duration::from_secs(1));
    }
    let answer = world.publication(event("d").to_string()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (429, "2"));
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["message"], "this client may publish 3 events in 5 seconds");
    world.clock.advance(Duration::from_secs(2));
    world.publish("d").await;
    let refused = world.publication("nonsense").send().await.unwrap();
    assert_eq!(refused.status(), 400, "what is refused counts too");
    world.publish("e").await;
    assert_eq!(world.publication(event("f").to_string()).send().await.unwrap().status(), 429);
}
