//! The Rust type of an event and the schema made from it take and refuse the same values.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

/// The samples of the back office's events, by code.
fn samples() -> Vec<(String, Value)> {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../onboarding/config/events.json");
    let events: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let backoffice = events.as_object().unwrap().values().filter_map(|providers| providers["backoffice"].as_object());
    backoffice.flatten().map(|(code, event)| (code.clone(), event["sampleEventTemplate"].clone())).collect()
}

/// The members of a value, however deep: what a change can be made to.
fn pointers(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        _ => Vec::new(),
    };
    for (name, member) in inner {
        found.extend(pointers(member).into_iter().map(|pointer| format!("/{name}{pointer}")));
    }
    found
}

/// What a member is replaced with: every type, and values at the edge of each.
fn replacements() -> Vec<Value> {
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(-1),
        json!(1.0),
        json!(1.5),
        json!(u64::MAX),
        json!(1e300),
        json!(""),
        json!("text"),
        json!("x".repeat(65)),
        json!("ü".repeat(64)),
        json!([]),
        json!([null]),
        json!({}),
    ]
}

#[derive(Clone, Debug)]
enum Change {
    Replace(Value),
    Remove,
    Add(String),
}

fn apply(value: &mut Value, pointer: &str, change: Change) {
    match change {
        Change::Replace(other) => *value.pointer_mut(pointer).unwrap() = other,
        Change::Remove => {
            let Some((parent, name)) = pointer.rsplit_once('/') else { return };
            match value.pointer_mut(parent).unwrap() {
                Value::Object(members) => drop(members.remove(name)),
                Value::Array(items) => drop(items.remove(name.parse().unwrap())),
                _ => {}
            }
        }
        Change::Add(name) => {
            if let Some(Value::Object(members)) = value.pointer_mut(pointer) {
                members.insert(name, json!(1));
            }
        }
    }
}

fn agree(code: &str, value: &Value) -> Result<(), TestCaseError> {
    let spec = actions::EVENTS.iter().find(|spec| spec.code == code).expect("the sample has an event");
    let raw = RawValue::from_string(value.to_string()).unwrap();
    let by_type = spec.check(&raw);
    let schema = jsonschema::validator_for(&spec.schema().to_value()).unwrap();
    let by_schema = schema.is_valid(value);
    prop_assert_eq!(by_type.is_ok(), by_schema, "{} with {}: the type says {:?}", code, value, by_type);
    Ok(())
}

#[test]
fn every_sample_is_taken_by_both() {
    let samples = samples();
    assert_eq!(samples.len(), 13);
    for (code, value) in samples {
        agree(&code, &value).unwrap();
        let spec = actions::EVENTS.iter().find(|spec| spec.code == code).unwrap();
        let raw = RawValue::from_string(value.to_string()).unwrap();
        spec.check(&raw).unwrap_or_else(|fault| panic!("{code}: {fault}"));
    }
}

#[test]
fn every_single_change_is_judged_alike() {
    for (code, sample) in samples() {
        for pointer in pointers(&sample) {
            let replaced = replacements().into_iter().map(Change::Replace);
            for change in replaced.chain([Change::Remove, Change::Add("unheard_of".to_owned())]) {
                let mut value = sample.clone();
                apply(&mut value, &pointer, change);
                agree(&code, &value).unwrap();
            }
        }
    }
}

/// Any small JSON.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        let names = prop_oneof!["sku|name|price|description|id|status|orderId|items", "[a-z]{1,4}"];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((names, inner), 0..5).prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

proptest! {
    #[test]
    fn any_value_is_judged_alike(value in any_json()) {
        for spec in actions::EVENTS {
            agree(spec.code, &value)?;
        }
    }
}
