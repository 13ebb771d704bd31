//! When a failed delivery is tried again, and when not.

use std::time::Duration;

use store::State;

use crate::product::Step;
use crate::text::product_with;
use crate::world::{CHANGED, World, just_before};

const MILLISECOND: Duration = Duration::from_millis(1);

/// The target's answer, or the stop, ends in this state after one attempt, whatever time goes by.
async fn check_final(step: Step, state: State) {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", std::slice::from_ref(&step))).await;
    world.until(event, state).await;
    world.settle().await;
    world.advance(Duration::from_hours(25)).await;
    assert_eq!(world.runs.names(), ["A1"], "{step:?} is final");
    assert_eq!(world.delivery(event).await.state, state, "{step:?}");
}

/// The next attempt comes after so many milliseconds, and not one earlier.
async fn check_again(step: Step, after_ms: u64) {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", &[step.clone(), Step::Status(200)])).await;
    world.settle().await;
    assert_eq!(world.delivery(event).await.state, State::Due, "{step:?}");
    world.advance(just_before(Duration::from_millis(after_ms))).await;
    assert_eq!(world.runs.names(), ["A1"], "{step:?} is not tried again too early");
    world.advance(MILLISECOND).await;
    world.until(event, State::Done).await;
    assert_eq!(world.runs.names(), ["A1", "A2"], "{step:?}");
}

#[tokio::test]
async fn the_targets_status_says_when_an_attempt_was_the_last() {
    for status in [200, 201, 202, 204, 299] {
        check_final(Step::Status(status), State::Done).await;
    }
    for status in [302, 304, 400, 404, 408, 409, 422, 505] {
        check_final(Step::Status(status), State::Refused).await;
    }
    for status in [401, 403] {
        check_final(Step::Status(status), State::Parked).await;
    }
}

#[tokio::test]
async fn the_targets_status_says_when_an_event_is_tried_again() {
    for status in [429, 500, 502, 503, 504, 599] {
        check_again(Step::Status(status), 60_000).await;
    }
}

#[tokio::test]
async fn a_target_can_ask_for_a_longer_pause_but_not_for_a_shorter_one() {
    check_again(Step::After(90), 90_000).await;
    check_again(Step::After(5_000), 5_000_000).await;
    check_again(Step::After(1), 60_000).await;
}

#[tokio::test]
async fn a_pause_beyond_the_schedules_end_parks() {
    check_final(Step::After(24 * 60 * 60 + 1), State::Parked).await;
}

#[tokio::test]
async fn a_stop_says_what_happens_next() {
    check_final(Step::Skip, State::Skipped).await;
    check_final(Step::Reject, State::Refused).await;
    check_final(Step::Park, State::Parked).await;
    check_again(Step::Retry, 60_000).await;
}

#[tokio::test]
async fn pauses_follow_the_schedule_to_the_millisecond() {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", &[Step::Status(503)])).await;
    world.settle().await;
    for (attempts, minutes) in (1..).zip([1, 2, 4, 8, 15, 15, 15]) {
        world.advance(just_before(Duration::from_mins(minutes))).await;
        assert_eq!(world.runs.all().len(), attempts, "one millisecond before the pause of {minutes} minutes ends");
        world.advance(MILLISECOND).await;
        assert_eq!(world.runs.all().len(), attempts + 1, "after {minutes} minutes");
    }
    assert_eq!(world.delivery(event).await.state, State::Due);
}

#[tokio::test]
async fn the_whole_day_of_the_schedule_holds_a_hundred_attempts_and_then_the_event_is_parked() {
    let world = World::new().await;
    let event = world.publish(CHANGED, &product_with("A", &[Step::Status(503)])).await;
    world.settle().await;
    while world.delivery(event).await.state == State::Due {
        let due = world.delivery(event).await.due;
        world.clock.advance_to(due);
        world.settle().await;
    }
    let delivery = world.delivery(event).await;
    assert_eq!((delivery.state, delivery.attempts), (State::Parked, 100));
    assert_eq!(world.runs.all().len(), 100);
    assert_eq!(world.activations(Some(event)).await.len(), 200);
    let minutes: Vec<i64> = world.runs.times_ms().iter().map(|time| time / 60_000).collect();
    assert_eq!(minutes[..7], [0, 1, 3, 7, 15, 30, 45]);
    assert_eq!(minutes.last(), Some(&(24 * 60)));
    world.advance(Duration::from_hours(24)).await;
    assert_eq!(world.runs.all().len(), 100, "a parked event waits for a person");
}
