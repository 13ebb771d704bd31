//! The objects that clients send, read member by member. A member that is null counts as absent; one that the
//! object does not have in Commerce is refused, as there.

use axum::http::StatusCode;
use serde_json::{Map, Number, Value, json};

use crate::answer::Answer;

/// What a text of one line may have, as the columns behind Commerce.
const LINE_CHARS_MAX: usize = 255;
/// What a comment may have.
const TEXT_BYTES_MAX: usize = 65_535;
const LIST_ITEMS_MAX: usize = 5_000;

#[derive(Debug)]
pub struct Members {
    /// What the object is, with its article, as refusals name it.
    what: &'static str,
    members: Map<String, Value>,
}

impl Members {
    /// The body itself; an empty one is an object without members.
    pub fn of_body(what: &'static str, body: &[u8]) -> Result<Self, Answer> {
        let unreadable = || Answer::unreadable("the body is no JSON object");
        match body {
            [] => Ok(Self { what, members: Map::new() }),
            body => match serde_json::from_slice(body) {
                Ok(Value::Object(members)) => Ok(Self { what, members }),
                _ => Err(unreadable()),
            },
        }
    }

    pub fn of(what: &'static str, value: Value) -> Result<Self, Answer> {
        match object(value) {
            Ok(members) => Ok(Self { what, members }),
            Err(other) => Err(Answer::unusable(what, &other)),
        }
    }

    /// The object under `name` in the body.
    pub fn inside(what: &'static str, name: &str, body: &[u8]) -> Result<Self, Answer> {
        let members = Self::of_body(what, body)?.need(name, object)?;
        Ok(Self { what, members })
    }

    /// `read` gives the value back when the member cannot take it.
    pub fn take<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Result<T, Value>) -> Result<Option<T>, Answer> {
        match self.members.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(value).map(Some).map_err(|value| Answer::unusable(name, &value)),
        }
    }

    pub fn need<T>(&mut self, name: &str, read: impl FnOnce(Value) -> Result<T, Value>) -> Result<T, Answer> {
        self.take(name, read)?.ok_or_else(|| required(name))
    }

    /// The members of these names that have a value, as they came.
    pub fn rest(&mut self, names: &[&str]) -> Map<String, Value> {
        let taken = names.iter().filter_map(|name| self.members.remove_entry(*name));
        taken.filter(|(_, value)| !value.is_null()).collect()
    }

    /// What is left has to be among the members that are not kept.
    pub fn finish(self, not_kept: &[&str]) -> Result<(), Answer> {
        match self.members.keys().find(|name| !not_kept.contains(&name.as_str())) {
            None => Ok(()),
            Some(name) => Err(Answer::unknown_member(self.what, name)),
        }
    }
}

pub fn required(name: &str) -> Answer {
    let (message, parameters) = required_parts(name);
    Answer::refusal(StatusCode::BAD_REQUEST, message, &parameters)
}

/// All that is missing, in one refusal.
pub fn all_required(names: &[&str]) -> Answer {
    match names {
        [name] => required(name),
        names => {
            let errors = names.iter().map(|name| required_parts(name));
            let errors = errors.map(|(message, parameters)| json!({ "message": message, "parameters": parameters }));
            Answer::refusals("One or more input exceptions have occurred.", &errors.collect::<Vec<_>>())
        }
    }
}

fn required_parts(name: &str) -> (&'static str, Value) {
    ("\"%fieldName\" is required. Enter and try again.", json!({ "fieldName": name }))
}

pub fn filled_text(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Ok(text),
        other => Err(other),
    }
}

/// A text of one line.
pub fn line(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) if text.chars().count() <= LINE_CHARS_MAX => Ok(text),
        other => Err(other),
    }
}

pub fn text(value: Value) -> Result<String, Value> {
    match value {
        Value::String(text) if text.len() <= TEXT_BYTES_MAX => Ok(text),
        other => Err(other),
    }
}

/// Zero or more, as a number or as the text of one.
pub fn amount(value: Value) -> Result<Number, Value> {
    let number = match &value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => number_of(text),
        _ => None,
    };
    number.filter(|number| number.as_f64().is_some_and(|number| number >= 0.0)).ok_or(value)
}

/// Zero or more, as a number or as the text of one.
pub fn integer(value: Value) -> Result<u64, Value> {
    let number = match &value {
        Value::Number(number) => Some(number.clone()),
        Value::String(text) => number_of(text),
        _ => None,
    };
    number.as_ref().and_then(whole).ok_or(value)
}

/// Commerce's switches are numbers, and it takes booleans for them.
pub fn flag(value: Value) -> Result<u8, Value> {
    match &value {
        Value::Bool(is_set) => Ok(u8::from(*is_set)),
        _ => match integer(value)? {
            0 => Ok(0),
            1 => Ok(1),
            other => Err(Value::from(other)),
        },
    }
}

pub fn object(value: Value) -> Result<Map<String, Value>, Value> {
    match value {
        Value::Object(members) => Ok(members),
        // PHP writes an empty object as an empty list.
        Value::Array(items) if items.is_empty() => Ok(Map::new()),
        other => Err(other),
    }
}

pub fn list(value: Value) -> Result<Vec<Value>, Value> {
    match value {
        Value::Array(items) if items.len() <= LIST_ITEMS_MAX => Ok(items),
        Value::Array(items) => Err(Value::from(format!("a list of {}", items.len()))),
        other => Err(other),
    }
}

/// The id in a path.
pub fn id(segment: &str) -> Result<u64, Answer> {
    let is_number = segment.bytes().all(|byte| byte.is_ascii_digit());
    segment.parse().ok().filter(|_| is_number).ok_or_else(|| Answer::wrong_type(segment, "int"))
}

/// What the texts of PHP's numbers have in common with JSON's.
fn number_of(text: &str) -> Option<Number> {
    text.trim().parse().ok()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the range is checked")]
fn whole(number: &Number) -> Option<u64> {
    let below_2_pow_53 = |number: &f64| (0.0..9_007_199_254_740_992.0).contains(number) && number.fract() == 0.0;
    number.as_u64().or_else(|| number.as_f64().filter(below_2_pow_53).map(|number| number as u64))
}
