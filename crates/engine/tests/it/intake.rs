//! Which events are taken in.

use std::collections::BTreeSet;
use std::time::Duration;

use engine::Clock;
use sdk::{Fault, Refusal};
use store::State;

use crate::text::{Log, SECRET, product};
use crate::world::{CHANGED, HUNG, UNWANTED, WINDOW, World, just_before};

async fn faults(world: &World, value: &str) -> Vec<Fault> {
    match world.offer(CHANGED, None, value).await {
        Err(Refusal::Invalid(faults)) => faults,
        other => panic!("{value} is invalid, not {other:?}"),
    }
}

async fn check_faults(world: &World, value: &str, expected: &[(&str, &str)]) {
    let found = faults(world, value).await;
    let found: BTreeSet<(&str, &str)> = found.iter().map(|fault| (&*fault.path, &*fault.message)).collect();
    assert_eq!(found, expected.iter().copied().collect(), "{value}");
}

#[tokio::test]
async fn an_event_that_nobody_knows_or_wants_is_refused() {
    let world = World::new().await;
    for code in ["product.unheard-of", UNWANTED, "", "product.change"] {
        let refusal = world.offer(code, None, &product("A").to_string()).await;
        assert!(matches!(refusal, Err(Refusal::UnknownEvent)), "`{code}`: {refusal:?}");
    }
    world.settle().await;
    assert!(world.runs.all().is_empty());
}

#[tokio::test]
async fn an_event_of_another_entity_is_refused() {
    let world = World::new().await;
    let value = product("A").to_string();
    let refusal = world.offer_as(Some("order"), CHANGED, None, &value).await;
    assert!(matches!(refusal, Err(Refusal::OtherEntity("product"))), "{refusal:?}");
    assert!(world.offer_as(Some("product"), CHANGED, None, &value).await.is_ok());
}

#[tokio::test]
async fn an_invalid_value_is_told_everything_that_is_wrong_with_it() {
    let world = World::new().await;
    check_faults(&world, "{}", &[("/data/value/sku", "is required")]).await;
    check_faults(&world, r#"{"sku": ""}"#, &[("/data/value/sku", "must have at least 1 characters")]).await;
    check_faults(&world, "5", &[("/data/value", "must be an object")]).await;
    check_faults(&world, "null", &[("/data/value", "must be an object")]).await;
    let value =
        format!(r#"{{"sku": "{}", "price": -1, "tags": ["a", 5, {{}}], "a/b~c": 1, "more": 2}}"#, "x".repeat(65));
    let expected = [
        ("/data/value/a~1b~0c", "is not allowed here"),
        ("/data/value/more", "is not allowed here"),
        ("/data/value/price", "must be at least 0"),
        ("/data/value/sku", "must have at most 64 characters"),
        ("/data/value/tags/1", "must be a string"),
        ("/data/value/tags/2", "must be a string"),
    ];
    check_faults(&world, &value, &expected).await;
}

#[tokio::test]
async fn a_list_in_the_place_of_an_object_is_refused() {
    // serde reads a list as the members of a struct in their order. The schema says object, and an event that was
    // taken as a list would have no business key.
    let world = World::new().await;
    check_faults(&world, r#"["A", [], 0, []]"#, &[("/data/value", "must be an object")]).await;
}

#[tokio::test]
async fn a_refusal_never_shows_a_value() {
    let (log, _guard) = Log::collect();
    let world = World::new().await;
    let values = [
        format!(r#""{SECRET}""#),
        format!(r#"["{SECRET}", 1]"#),
        format!(r#"{{"sku": ["{SECRET}"]}}"#),
        format!(r#"{{"sku": {{"expected {SECRET}": "expected {SECRET}"}}}}"#),
        format!(r#"{{"sku": "A", "price": "expected {SECRET}"}}"#),
        format!(r#"{{"sku": "A", "price": 1.4711, "tags": "{SECRET}"}}"#),
        format!(r#"{{"sku": "A", "steps": ["{SECRET}"]}}"#),
        format!(r#"{{"sku": "A", "steps": [{{"status": "{SECRET}"}}]}}"#),
        format!(r#"{{"sku": "{}"}}"#, SECRET.repeat(20)),
    ];
    for value in values {
        let faults = faults(&world, &value).await;
        assert!(!faults.is_empty(), "{value}");
        for fault in faults {
            assert!(fault.path.starts_with("/data/value"), "{}", fault.path);
            assert!(!fault.to_string().contains(SECRET), "{fault}");
            assert!(!fault.to_string().contains("1.4711"), "{fault}");
        }
    }
    assert!(!log.text().contains(SECRET), "{}", log.text());
    assert!(world.activations(None).await.is_empty());
}

#[tokio::test]
async fn a_repeated_uid_with_the_same_json_is_the_same_event() {
    let world = World::new().await;
    let first = world.offer(CHANGED, Some("u1"), r#"{"sku":"A","price":1,"tags":["x","y"]}"#).await.unwrap();
    assert!(!first.is_repeated);
    world.until(first.activation.uuid(), State::Done).await;
    for again in [
        r#"{"sku":"A","price":1,"tags":["x","y"]}"#,
        "{ \"tags\" : [ \"x\",\n\"\\u0079\" ], \"price\": 1, \"sku\": \"A\" }",
    ] {
        let repeated = world.offer(CHANGED, Some("u1"), again).await.unwrap();
        assert!(repeated.is_repeated, "{again}");
        assert_eq!(repeated.activation, first.activation, "the first run is named");
    }
    world.settle().await;
    assert_eq!(world.runs.names(), ["A1"]);
}

#[tokio::test]
async fn a_repeated_uid_with_another_value_is_a_conflict() {
    let world = World::new().await;
    let begin = world.clock.now();
    world.offer(CHANGED, Some("u1"), r#"{"sku":"A","tags":["x","y"]}"#).await.unwrap();
    world.settle().await;
    world.clock.advance(Duration::from_mins(5));
    for other in [
        r#"{"sku":"B","tags":["x","y"]}"#,
        r#"{"sku":"A","tags":["y","x"]}"#,
        r#"{"sku":"A","tags":["x","y"],"price":0}"#,
    ] {
        match world.offer(CHANGED, Some("u1"), other).await {
            Err(Refusal::UidTaken(at)) => assert_eq!(at, begin, "{other}"),
            answer => panic!("{other} is a conflict, not {answer:?}"),
        }
    }
    // The uid belongs to its event code.
    assert!(!world.offer(HUNG, Some("u1"), r#"{"sku":"B"}"#).await.unwrap().is_repeated);
    world.settle().await;
    assert_eq!(world.runs.names().len(), 2);
}

#[tokio::test]
async fn an_event_without_a_uid_is_always_a_new_one() {
    let world = World::new().await;
    let value = product("A");
    let first = world.publish(CHANGED, &value).await;
    let second = world.publish(CHANGED, &value).await;
    assert_ne!(first, second);
    world.until(second, State::Done).await;
    assert_eq!(world.runs.names(), ["A1", "A1"]);
}

#[tokio::test]
async fn a_uid_is_remembered_for_the_window_and_no_longer() {
    let world = World::new().await;
    let value = product("A").to_string();
    let first = world.offer(CHANGED, Some("u1"), &value).await.unwrap();
    world.settle().await;
    world.clock.advance(just_before(WINDOW));
    let last = world.offer(CHANGED, Some("u1"), &value).await.unwrap();
    assert!(last.is_repeated);
    assert_eq!(last.activation, first.activation);
    world.clock.advance(Duration::from_millis(1));
    let new = world.offer(CHANGED, Some("u1"), &value).await.unwrap();
    assert!(!new.is_repeated);
    world.until(new.activation.uuid(), State::Done).await;
    assert_eq!(world.runs.names(), ["A1", "A1"]);
}

#[tokio::test]
async fn senders_at_the_same_moment_make_one_event_of_one_uid() {
    let world = World::new().await;
    let value = product("A").to_string();
    let offers = (0..20).map(|_| world.offer(CHANGED, Some("u1"), &value));
    let answers = futures_util::future::join_all(offers).await;
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers.iter().filter(|published| !published.is_repeated).count(), 1);
    assert!(answers.iter().all(|published| published.activation == answers[0].activation));
    world.settle().await;
    assert_eq!(world.runs.names(), ["A1"]);
}

#[tokio::test]
async fn a_closed_store_takes_nothing_in() {
    let world = World::new().await;
    world.store.close().await;
    let refusal = world.offer(CHANGED, None, &product("A").to_string()).await;
    assert!(matches!(refusal, Err(Refusal::Unavailable { .. })), "{refusal:?}");
}
