//! Whatever is sent, there is an answer, and it is never the service's own fault.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use serde_json::{Map, Value, json};

use crate::world::{REGISTRATIONS, WORKSPACE, World};

const NAMES: [&str; 19] = [
    "label",
    "description",
    "docs_url",
    "provider_metadata",
    "instance_id",
    "event_code",
    "sample_event_template",
    "client_id",
    "name",
    "delivery_type",
    "runtime_action",
    "events_of_interest",
    "enabled",
    "subscriber_filters",
    "provider_id",
    "subscriber_filter",
    "custom_sample_events",
    "sample_payload",
    "x",
];

const WORDS: [&str; 10] =
    ["", "abc", "journal", "WEBHOOK", "a/b", "https://127.0.0.1:1", "{\"type\":[\"a\"]}", "e30=", "aem", "\u{1f980}\0"];

fn words() -> impl Strategy<Value = String> {
    prop_oneof![prop::sample::select(&WORDS[..]).prop_map(str::to_owned), ".{0,20}"]
}

/// JSON whose members often are those that the API looks for.
fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let member = (prop::sample::select(&NAMES[..]).prop_map(str::to_owned), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            prop::collection::vec(member, 0..8).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn patches() -> impl Strategy<Value = Value> {
    let pointer = || {
        let name = prop::sample::select(&NAMES[..]);
        let tail =
            prop::sample::select(&["", "/0", "/-", "/-1", "/0/name", "/x", "~", "~2", "/18446744073709551616"][..]);
        prop_oneof![(name, tail).prop_map(|(name, tail)| format!("/{name}{tail}")), ".{0,8}"]
    };
    let operation = prop::sample::select(&["add", "remove", "replace", "move", "copy", "test", "other"][..]);
    let step = (operation, pointer(), pointer(), documents())
        .prop_map(|(op, path, from, value)| json!({"op": op, "path": path, "from": from, "value": value}));
    prop::collection::vec(step, 0..6).prop_map(Value::from)
}

/// Where to send bodies, each place with one that it takes.
type Places = Vec<(String, Value)>;

/// Sends bodies of a strategy everywhere, as they are and as members of one that is right. Some are even taken, which
/// changes what the next ones meet.
fn check(strategy: &impl Strategy<Value = Value>, method: &'static str, places: impl Fn(&str, &Value, &str) -> Places) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (world, places) = runtime.block_on(async {
        let world = World::new().await;
        let provider = world.orders().await;
        let mut draft = world.draft("Orders", &provider);
        draft["subscriber_filters"] = json!([filter()]);
        let registration = world.register(&draft).await;
        let places = places(&provider, &draft, &registration);
        (world, places)
    });
    let send = |path: &str, body: &Value| {
        runtime.block_on(async {
            match method {
                "PATCH" => world.patch(path, body).await,
                _ => world.write(method, path, body).await,
            }
        })
    };
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) });
    let result = runner.run(strategy, |body| {
        for (path, right) in &places {
            for body in [&body, &within(right, &body)] {
                let answer = send(path, body);
                prop_assert!(answer.status < 500, "{method} {path} {body}: {answer:?}");
                prop_assert!(answer.status < 400 || answer.body["message"].is_string(), "{answer:?}");
            }
        }
        Ok(())
    });
    result.unwrap();
}

fn filter() -> Value {
    json!({"name": "abc", "subscriber_filter": "{\"type\":[\"a\"]}"})
}

/// The right body with some members of the other.
fn within(right: &Value, other: &Value) -> Value {
    let mut body = right.clone();
    if let (Some(members), Some(others)) = (body.as_object_mut(), other.as_object()) {
        members.extend(others.iter().take(2).map(|(name, value)| (name.clone(), value.clone())));
    }
    body
}

fn event() -> Value {
    json!({"event_code": "order.created", "label": "L", "description": "D", "sample_event_template": "e30="})
}

#[test]
fn no_body_of_a_post_is_our_fault() {
    check(&documents(), "POST", |provider, draft, registration| {
        let test = format!("/events/providers/{provider}/eventmetadata/order.created/sample_event/{registration}");
        let trial = json!({
            "subscriber_filter": filter(),
            "custom_sample_events": [{"name": "a", "sample_payload": "{\"type\":\"a\"}"}],
        });
        vec![
            (format!("{WORKSPACE}/providers"), json!({"label": "Orders"})),
            (format!("{WORKSPACE}/providers/{provider}/eventmetadata"), event()),
            (REGISTRATIONS.to_owned(), draft.clone()),
            (format!("{REGISTRATIONS}/{registration}/filters"), filter()),
            (format!("{REGISTRATIONS}/{registration}/filter/validate"), trial),
            (test, json!({"id": 7})),
        ]
    });
}

#[test]
fn no_body_of_a_put_is_our_fault() {
    check(&documents(), "PUT", |provider, draft, registration| {
        vec![
            (format!("{WORKSPACE}/providers/{provider}"), json!({"label": "Orders"})),
            (format!("{WORKSPACE}/providers/{provider}/eventmetadata/order.created"), event()),
            (format!("{REGISTRATIONS}/{registration}"), draft.clone()),
        ]
    });
}

#[test]
fn no_patch_is_our_fault() {
    check(&patches(), "PATCH", |provider, _, registration| {
        vec![
            (format!("{WORKSPACE}/providers/{provider}"), json!([])),
            (format!("{WORKSPACE}/providers/{provider}/eventmetadata/order.created"), json!([])),
            (format!("{REGISTRATIONS}/{registration}"), json!([])),
        ]
    });
}
