use std::fmt;

use sdk::json::member;
use thiserror::Error;

use super::{DEPTH_MAX, NODES_MAX, STRING_BYTES_MAX, TEXT_BYTES_MAX};

/// Of a text in a pattern, an error quotes this much.
const QUOTED_CHARS_MAX: usize = 80;

/// Why a text is no filter: where, and which rule it breaks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{}` {rule}", if .pointer.is_empty() { "/" } else { .pointer })]
pub struct FilterError {
    pointer: String,
    rule: Rule,
}

impl FilterError {
    /// The place as a JSON pointer (RFC 6901); empty for the filter as a whole.
    pub fn pointer(&self) -> &str {
        &self.pointer
    }
}

/// What can be wrong. Each text ends with what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum Rule {
    #[error("is longer than {TEXT_BYTES_MAX} bytes; ask for less, or split it over several registrations")]
    TextTooLong,
    #[error("is not strict JSON ({0}); the filter is one object as text, and no object has a name twice")]
    Json(String),
    #[error("lies more than {DEPTH_MAX} patterns deep; filter by members further up")]
    TooDeep,
    #[error("is one part too many, {NODES_MAX} are allowed; ask for less, or split it over several registrations")]
    TooManyNodes,
    #[error("is longer than {STRING_BYTES_MAX} bytes; compare a part of it with `prefix` or `suffix`")]
    StringTooLong,
    #[error("has a name longer than {STRING_BYTES_MAX} bytes; names are those of the event's members")]
    NameTooLong,
    #[error(r#"must be an object that mirrors the event, such as {{"type": ["order.created"]}}"#)]
    NoPattern,
    #[error("must name at least one member; leave the filter out where every event is wanted")]
    EmptyPattern,
    #[error(r#"must be an object or an array of conditions; put a single value in an array, such as ["new"]"#)]
    NoConditions,
    #[error(r#"is an operator outside an array; write it as a condition, such as [{{"{0}": ...}}]"#)]
    OperatorOutside(&'static str),
    #[error(r#"must hold at least one condition; write [{{"exists": true}}] for any value"#)]
    EmptyConditions,
    #[error("is an array within an array; list all conditions in one")]
    NestedArray,
    #[error("must have exactly one operator; give each operator an object of its own")]
    NotOneOperator,
    #[error(
        "has no operator by the name `{0}`; there are `anything-but`, `prefix`, `suffix`, `numeric`, `exists`, \
         `equals-ignore-case` and `cidr`"
    )]
    UnknownOperator(Quoted),
    #[error(r#"must be a text, such as {{"{0}": "new"}}"#)]
    NoText(&'static str),
    #[error("must be `true` for a value that is there or `false` for one that is absent")]
    NoBoolean,
    #[error(r#"must be a value, an array of at least one value, or one {{"prefix": ...}} or {{"suffix": ...}}"#)]
    AnythingBut,
    #[error("must be a text, a number, a boolean or `null`; `prefix` and `suffix` stand without a list")]
    NoScalar,
    #[error(r#"must be one comparison or a lower and an upper bound, such as [">", 0] or [">=", 1, "<", 9]"#)]
    Numeric,
    #[error("`{0}` is no comparison; there are `<`, `<=`, `=`, `>=` and `>`")]
    UnknownComparison(Quoted),
    #[error(r#"must be a number without quotes, such as [">", 0]"#)]
    NoNumber,
    #[error("must be one lower bound (`>` or `>=`) and one upper bound (`<` or `<=`)")]
    NoRange,
    #[error("matches no number, because its lower bound lies above its upper one; swap them")]
    EmptyRange,
    #[error("`{0}` is no network; write an address and how many of its bits count, such as `10.0.0.0/24`")]
    NoNetwork(Quoted),
    #[error("must be an array of at least two patterns; what a single one asks for needs no `$or`")]
    NoAlternatives,
}

/// A part of the filter as errors show it: short, and on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Quoted(String);

impl Quoted {
    pub(super) fn new(text: &str) -> Self {
        let shown = text.chars().map(|letter| if letter.is_control() { '?' } else { letter });
        let mut quoted: String = shown.take(QUOTED_CHARS_MAX).collect();
        if text.chars().nth(QUOTED_CHARS_MAX).is_some() {
            quoted.pop();
            quoted.push('…');
        }
        Self(quoted)
    }
}

impl fmt::Display for Quoted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Where the parser is. It becomes a pointer only when something is wrong there.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    Root,
    Member(&'a Self, &'a str),
    Item(&'a Self, usize),
}

impl<'a> Place<'a> {
    pub(super) fn member(&'a self, name: &'a str) -> Self {
        Self::Member(self, name)
    }

    pub(super) fn item(&'a self, index: usize) -> Self {
        Self::Item(self, index)
    }

    pub(super) fn breaks(&self, rule: Rule) -> FilterError {
        FilterError { pointer: self.pointer(), rule }
    }

    fn pointer(&self) -> String {
        match self {
            Self::Root => String::new(),
            Self::Member(outer, name) => member(&outer.pointer(), name),
            Self::Item(outer, index) => format!("{}/{index}", outer.pointer()),
        }
    }
}
