//! When a subscription wants an event: rules over its data, all of which have to hold.

use std::cmp::Ordering;

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::fields::find;

const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// One rule of a subscription.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Rule {
    pub field: String,
    pub operator: Operator,
    pub value: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Operator {
    GreaterThan,
    LessThan,
    Equal,
    Regex,
    In,
    OnChange,
}

impl Operator {
    pub fn read(value: Value) -> Result<Self, Value> {
        serde_json::from_value(value.clone()).map_err(|_| value)
    }
}

impl Rule {
    /// Whether the data fit. `before` is what they were; a new document was nothing.
    ///
    /// A field that is not there is null: it is no number, its text is empty.
    pub fn holds(&self, data: &Map<String, Value>, before: Option<&Map<String, Value>>) -> bool {
        let value = find(&self.field, data);
        match self.operator {
            Operator::GreaterThan => numbers(value, &self.value).is_some_and(|(value, limit)| value > limit),
            Operator::LessThan => numbers(value, &self.value).is_some_and(|(value, limit)| value < limit),
            Operator::Equal => is_equal(value, &self.value),
            Operator::Regex => {
                text(value).is_some_and(|text| pattern(&self.value).is_some_and(|it| it.is_match(&text)))
            }
            Operator::In => self.value.split(',').any(|one| is_equal(value, one.trim())),
            Operator::OnChange => before.map_or(&Value::Null, |before| find(&self.field, before)) != value,
        }
    }
}

/// A pattern as PHP writes it, between delimiters and with flags behind, or bare. `None` when it is none, or one that
/// looks around, which the stand-in cannot.
pub fn pattern(text: &str) -> Option<Regex> {
    let (inner, flags) = undelimited(text).unwrap_or((text, ""));
    let mut builder = RegexBuilder::new(inner);
    builder.size_limit(PATTERN_BYTES_MAX).dfa_size_limit(PATTERN_BYTES_MAX);
    for flag in flags.chars() {
        match flag {
            'i' => builder.case_insensitive(true),
            'm' => builder.multi_line(true),
            's' => builder.dot_matches_new_line(true),
            'x' => builder.ignore_whitespace(true),
            'u' => &mut builder,
            _ => return None,
        };
    }
    builder.build().ok()
}

fn undelimited(text: &str) -> Option<(&str, &str)> {
    let first = text.chars().next().filter(|first| "/#~@%!".contains(*first))?;
    text[first.len_utf8()..].rsplit_once(first)
}

fn numbers(value: &Value, limit: &str) -> Option<(f64, f64)> {
    Some((text(value)?.trim().parse().ok()?, limit.trim().parse().ok()?))
}

/// As PHP compares: two texts of numbers by what they are worth.
fn is_equal(value: &Value, wanted: &str) -> bool {
    match (numbers(value, wanted), text(value)) {
        (Some((value, wanted)), _) => value.partial_cmp(&wanted).is_some_and(Ordering::is_eq),
        (None, Some(text)) => text == wanted,
        (None, None) => false,
    }
}

/// `None` of an object or a list.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(is_set) => Some(u8::from(*is_set).to_string()),
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        Value::Array(_) | Value::Object(_) => None,
    }
}
