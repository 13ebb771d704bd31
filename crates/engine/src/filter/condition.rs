use std::ops::RangeBounds;

use serde_json::Value;

use super::network::Network;
use super::number::{Numeral, Range};

/// What is asked of one scalar.
#[derive(Clone, Debug)]
pub(super) enum Condition {
    Equal(Scalar),
    NoneOf(Vec<Condition>),
    Prefix(String),
    Suffix(String),
    /// The text's letters in lower case, one by one.
    EqualIgnoreCase(String),
    Numeric(Range),
    Network(Network),
    Present,
    /// Matches no scalar; whoever finds none asks for this one.
    Absent,
}

#[derive(Clone, Debug)]
pub(super) enum Scalar {
    Null,
    Bool(bool),
    Number(Numeral),
    Text(String),
}

impl Condition {
    pub(super) fn equal_ignore_case(text: &str) -> Self {
        Self::EqualIgnoreCase(text.chars().flat_map(char::to_lowercase).collect())
    }

    pub(super) fn matches(&self, scalar: &Value) -> bool {
        match self {
            Self::Equal(wanted) => wanted.equals(scalar),
            Self::NoneOf(conditions) => !conditions.iter().any(|condition| condition.matches(scalar)),
            Self::Prefix(prefix) => scalar.as_str().is_some_and(|text| text.starts_with(prefix.as_str())),
            Self::Suffix(suffix) => scalar.as_str().is_some_and(|text| text.ends_with(suffix.as_str())),
            Self::EqualIgnoreCase(lower) => {
                scalar.as_str().is_some_and(|text| text.chars().flat_map(char::to_lowercase).eq(lower.chars()))
            }
            Self::Numeric(range) => scalar.as_number().is_some_and(|number| range.contains(&Numeral::from(number))),
            Self::Network(network) => scalar.as_str().is_some_and(|text| network.contains(text)),
            Self::Present => true,
            Self::Absent => false,
        }
    }
}

impl Scalar {
    fn equals(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Null, Value::Null) => true,
            (Self::Bool(wanted), Value::Bool(value)) => wanted == value,
            (Self::Number(wanted), Value::Number(value)) => *wanted == Numeral::from(value),
            (Self::Text(wanted), Value::String(value)) => wanted == value,
            (Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_), _) => false,
        }
    }
}
