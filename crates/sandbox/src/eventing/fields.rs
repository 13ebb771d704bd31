//! Which of an event's data goes along: the fields that a subscription names.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// All of the data.
const ALL: &str = "*";
/// The data as they were before; never a part of all.
pub const ORIG_DATA: &str = "_origData";
/// A name that goes deeper leads nowhere.
pub const SEGMENTS_MAX: usize = 16;
/// Behind a segment: each item of the list.
const ITEMS: &str = "[]";

/// One field of a subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    pub name: String,
    /// A class of PHP that changes the value in Commerce. It is kept and given back, nothing runs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub converter: Option<String>,
    /// Kept and given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

/// What a subscriber gets of these data. `a.b` is the member `b` of `a` and arrives as such, `a[].b` that of each item.
/// A field that the data do not have is null, as a subscription to a mistyped name is told by Commerce.
pub fn select(fields: &[Field], data: &Map<String, Value>) -> Value {
    let mut selected = Map::new();
    for field in fields {
        if field.name == ALL {
            let all = data.iter().filter(|(name, _)| *name != ORIG_DATA);
            selected.extend(all.map(|(name, value)| (name.clone(), value.clone())));
        } else {
            let mut segments = field.name.split('.').take(SEGMENTS_MAX);
            if let Some(first) = segments.next() {
                let rest: Vec<&str> = segments.collect();
                let (name, part) = cut(first, &rest, data);
                merge(selected.entry(name).or_insert(Value::Null), part);
            }
        }
    }
    Value::Object(selected)
}

/// The value under a name with dots; null when there is none.
pub fn find<'a>(name: &str, data: &'a Map<String, Value>) -> &'a Value {
    let mut segments = name.split('.').take(SEGMENTS_MAX);
    let first = segments.next().and_then(|first| data.get(first));
    segments.try_fold(first.unwrap_or(&Value::Null), |value, segment| value.get(segment)).unwrap_or(&Value::Null)
}

/// The member `first`, cut down to what `rest` names of it.
fn cut(first: &str, rest: &[&str], data: &Map<String, Value>) -> (String, Value) {
    let (name, is_list) = first.strip_suffix(ITEMS).map_or((first, false), |name| (name, true));
    let value = data.get(name).unwrap_or(&Value::Null);
    let Some((next, rest)) = rest.split_first() else { return (name.to_owned(), value.clone()) };
    let part = match value {
        Value::Array(items) if is_list => Value::Array(items.iter().map(|item| cut_one(item, next, rest)).collect()),
        _ if is_list => Value::Null,
        other => cut_one(other, next, rest),
    };
    (name.to_owned(), part)
}

fn cut_one(value: &Value, next: &str, rest: &[&str]) -> Value {
    let empty = Map::new();
    let (name, part) = cut(next, rest, value.as_object().unwrap_or(&empty));
    Value::Object(Map::from_iter([(name, part)]))
}

/// Two fields of one object, or of the items of one list, come together.
fn merge(into: &mut Value, part: Value) {
    match (into, part) {
        (Value::Object(known), Value::Object(members)) => {
            for (name, value) in members {
                merge(known.entry(name).or_insert(Value::Null), value);
            }
        }
        (Value::Array(known), Value::Array(items)) if known.len() == items.len() => {
            for (known, item) in known.iter_mut().zip(items) {
                merge(known, item);
            }
        }
        (into @ Value::Null, part) => *into = part,
        // What is there says more already.
        (_, _) => {}
    }
}
