//! Which part of an event ends up where: found by changing one part at a time.

use std::collections::BTreeSet;

use sdk::Call;
use serde_json::{Value, json};
use testkit::{FakeMemory, Recorder};

use super::run;

/// What a handler makes of a value.
pub struct Sent {
    pub calls: Vec<Call>,
    /// Names of the fields by which its echo is known; nothing when it has none.
    pub echo: Option<Vec<&'static str>>,
    pub answer: sdk::Answer,
}

/// Runs a handler on a value against targets that answer 200.
pub async fn sent(handler: &str, code: &str, value: &Value) -> Sent {
    let (target, memory) = (Recorder::new(), FakeMemory::new());
    let bench = testkit::context().commerce(target.clone()).backoffice(target.clone()).memory(memory.clone());
    let answer = run(handler, &testkit::event(code, value), bench).await;
    let echo = memory.carried().first().map(|echo| echo.fields().keys().copied().collect());
    Sent { calls: target.calls(), echo, answer }
}

/// Where a handler looks for the effect of an earlier attempt before it sends again.
pub async fn looks_at(handler: &str, code: &str, value: &Value) -> Option<String> {
    let target = Recorder::new();
    let bench = testkit::context().commerce(target.clone()).backoffice(target.clone()).in_doubt();
    run(handler, &testkit::event(code, value), bench).await;
    let call = target.calls().into_iter().next().filter(|call| call.method.is_safe())?;
    Some(call.path.split('?').next().unwrap_or_default().to_owned())
}

/// The members of a value without members of their own, as JSON pointers.
pub fn leaves(value: &Value) -> Vec<String> {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(members) => members.iter().map(|(name, member)| (name.clone(), member)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        _ => return vec![String::new()],
    };
    let below = |(name, member): (String, &Value)| {
        leaves(member).into_iter().map(move |leaf| format!("/{name}{leaf}")).collect::<Vec<_>>()
    };
    inner.into_iter().flat_map(below).collect()
}

/// Where the part of the value at `leaf` goes: members of the body, the path.
pub async fn goes_to(handler: &str, code: &str, value: &Value, leaf: &str) -> Vec<String> {
    let mut changed = value.clone();
    let part = changed.pointer_mut(leaf).expect("a leaf is there");
    *part = match &*part {
        Value::String(text) => json!(format!("{text}x")),
        Value::Number(number) => json!(number.as_f64().unwrap_or_default() + 1.0),
        Value::Bool(flag) => json!(!*flag),
        other => other.clone(),
    };
    let (before, after) = (sent(handler, code, value).await, sent(handler, code, &changed).await);
    let (Some(before), Some(after)) = (before.calls.first(), after.calls.first()) else { return Vec::new() };
    let mut places = differences(&body(before), &body(after), "");
    if before.path != after.path {
        places.insert("the path".to_owned());
    }
    places.into_iter().collect()
}

pub fn body(call: &Call) -> Value {
    call.body.as_deref().map_or(Value::Null, |body| serde_json::from_slice(body).expect("bodies are JSON"))
}

fn differences(left: &Value, right: &Value, path: &str) -> BTreeSet<String> {
    match (left, right) {
        (Value::Object(one), Value::Object(other)) => {
            let names: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            let below = |name: &String| differences(&left[name], &right[name], &format!("{path}/{name}"));
            names.into_iter().flat_map(below).collect()
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            let below = |index: usize| differences(&left[index], &right[index], &format!("{path}/{index}"));
            (0..one.len()).flat_map(below).collect()
        }
        _ if left == right => BTreeSet::new(),
        _ => BTreeSet::from([path.to_owned()]),
    }
}

/// A pointer as people read it: `/items/0/qty` is `items[].qty`.
pub fn readable(pointer: &str) -> String {
    let mut text = String::new();
    for part in pointer.split('/').skip(1) {
        if part.parse::<usize>().is_ok() {
            text.push_str("[]");
        } else {
            if !text.is_empty() {
                text.push('.');
            }
            text.push_str(part);
        }
    }
    text
}
