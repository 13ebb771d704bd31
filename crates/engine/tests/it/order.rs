//! Who waits for whom.

use std::time::Duration;

use store::State;

use crate::product::{Follow, Step};
use crate::text::{product, product_with};
use crate::world::{CHANGED, HUNG, World};

#[tokio::test]
async fn events_of_one_key_keep_their_order_across_retries_and_other_keys_overtake() {
    let world = World::new().await;
    let steps = [Step::Status(503), Step::Status(503), Step::Status(200)];
    let first = world.publish(CHANGED, &product_with("A", &steps)).await;
    let second = world.publish(CHANGED, &product("A")).await;
    let third = world.publish(CHANGED, &product("A")).await;
    let other = world.publish(CHANGED, &product("B")).await;
    world.until(other, State::Done).await;
    world.settle().await;
    assert_eq!(world.runs.names(), ["A1", "B1"]);
    assert_eq!(world.delivery(second).await.state, State::Waiting);
    world.advance(Duration::from_mins(1)).await;
    assert_eq!(world.runs.names(), ["A1", "B1", "A2"], "the first event comes first, however often it fails");
    world.advance(Duration::from_mins(2)).await;
    for event in [first, second, third] {
        world.until(event, State::Done).await;
    }
    let ids: Vec<String> = world.target.calls().into_iter().filter_map(|call| call.event_id).collect();
    let expected = [first, other, first, first, second, third].map(|id| id.hyphenated().to_string());
    assert_eq!(ids, expected);
}

#[tokio::test]
async fn only_one_attempt_of_a_key_runs_at_a_time() {
    let world = World::new().await;
    let first = world.publish(CHANGED, &product_with("A", &[Step::Hold])).await;
    let second = world.publish(CHANGED, &product_with("A", &[Step::Hold])).await;
    let other_code = world.publish(HUNG, &product("A")).await;
    world.runs.until_held(1).await;
    world.catch_up().await;
    assert_eq!(world.runs.names(), ["A1"]);
    for waiting in [second, other_code] {
        assert_eq!(world.delivery(waiting).await.state, State::Waiting);
    }
    world.runs.open_gate();
    for event in [first, second, other_code] {
        world.until(event, State::Done).await;
    }
    assert_eq!(world.runs.held_max(), 1);
}

async fn check_stepped_over(steps: &[Step], state: State) {
    let world = World::new().await;
    let first = world.publish(CHANGED, &product_with("A", steps)).await;
    let second = world.publish(CHANGED, &product("A")).await;
    world.until(first, state).await;
    world.until(second, State::Done).await;
    assert_eq!(world.delivery(first).await.state, state);
}

#[tokio::test]
async fn an_event_that_is_over_is_stepped_over() {
    check_stepped_over(&[Step::Park], State::Parked).await;
    check_stepped_over(&[Step::Reject], State::Refused).await;
    check_stepped_over(&[Step::Skip], State::Skipped).await;
    check_stepped_over(&[Step::Post(Follow::Retry)], State::Parked).await;
}
