//! When a failed delivery is tried again, and when not.

use std::time::Duration;

use engine::{DeliveryOptions, Rule, Rules};
use store::{Drawer, State};

use crate::product::Step;
use crate::text::{product, product_with};
use crate::world::{CHANGED, World, by_rules, day, just_before, rule_of_day};

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
    check_again_by(day(), step, after_ms).await;
}

async fn check_again_by(options: DeliveryOptions, step: Step, after_ms: u64) {
    let world = World::with(options).await;
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
async fn a_pause_beyond_what_targets_may_ask_for_is_cut() {
    let hour = 60 * 60;
    let mut rule = rule_of_day();
    rule.schedule.retry_after_max = Duration::from_hours(2);
    check_again_by(by_rules(Rules::new(rule, [])), Step::After(24 * hour + 1), 7_200_000).await;
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

#[tokio::test]
async fn attempts_end_when_there_have_been_enough() {
    let mut rule = rule_of_day();
    rule.schedule.attempts_max = 3;
    let world = World::with(by_rules(Rules::new(rule, []))).await;
    let event = world.publish(CHANGED, &product_with("A", &[Step::Status(503)])).await;
    world.settle().await;
    for minutes in [1, 2] {
        assert_eq!(world.delivery(event).await.state, State::Due);
        world.advance(Duration::from_mins(minutes)).await;
    }
    let delivery = world.delivery(event).await;
    assert_eq!((delivery.state, delivery.drawer), (State::Parked, Some(Drawer::Target)));
    assert_eq!(world.runs.names(), ["A1", "A2", "A3"]);
}

#[tokio::test]
async fn a_registration_has_its_own_schedule_by_name_or_slug() {
    let mut patient = rule_of_day();
    patient.schedule.delays = vec![Duration::from_mins(7)];
    for name in ["Products", "products"] {
        let rules = Rules::new(rule_of_day(), [(name.to_owned(), patient.clone())]);
        check_again_by(by_rules(rules), Step::Status(503), 420_000).await;
    }
    let rules = Rules::new(rule_of_day(), [("Hasty".to_owned(), patient)]);
    check_again_by(by_rules(rules), Step::Status(503), 60_000).await;
}

#[tokio::test]
async fn a_parked_event_is_stepped_over_or_holds_its_lane() {
    for is_blocking in [false, true] {
        let rule = Rule { is_blocking, ..rule_of_day() };
        let world = World::with(by_rules(Rules::new(rule, []))).await;
        let parked = world.publish(CHANGED, &product_with("A", &[Step::Park])).await;
        let behind = world.publish(CHANGED, &product("A")).await;
        let beside = world.publish(CHANGED, &product("B")).await;
        world.until(beside, State::Done).await;
        let (state, next) = if is_blocking { (State::Blocking, State::Waiting) } else { (State::Parked, State::Done) };
        world.until(parked, state).await;
        world.until(behind, next).await;
        world.advance(Duration::from_hours(25)).await;
        assert_eq!(world.delivery(behind).await.state, next, "blocking: {is_blocking}");
    }
}

#[tokio::test]
async fn a_registration_runs_no_more_at_once_than_was_set_for_it() {
    let rule = Rule { at_once: Some(2), ..rule_of_day() };
    let world = World::with(by_rules(Rules::new(rule_of_day(), [("Products".to_owned(), rule)]))).await;
    let mut events = Vec::new();
    for sku in ["A", "B", "C", "D", "E"] {
        events.push(world.publish(CHANGED, &product_with(sku, &[Step::Hold])).await);
    }
    world.runs.until_held(2).await;
    world.catch_up().await;
    world.runs.open_gate();
    for event in events {
        world.until(event, State::Done).await;
    }
    assert_eq!(world.runs.held_max(), 2);
    assert_eq!(world.runs.all().len(), 5);
}
