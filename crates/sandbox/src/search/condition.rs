//! Conditions on one field, with the answers of the database behind Commerce: text compares without regard to case,
//! a number compares as one even if it is written as text, and no comparison is true of a field without a value.

use std::cmp::Ordering;

use serde_json::Value;

#[derive(Debug, PartialEq)]
pub enum Condition {
    Equal(Operand),
    NotEqual(Operand),
    Above(Operand),
    AtLeast(Operand),
    Below(Operand),
    AtMost(Operand),
    AnyOf(Vec<Operand>),
    NoneOf(Vec<Operand>),
    /// A pattern in lower case.
    Like(Vec<char>),
    NotLike(Vec<char>),
    Holds(Operand),
    HoldsNot(Operand),
    IsNull,
    IsNotNull,
}

/// What a field is compared with: a number if it can be one, else text in lower case.
#[derive(Debug, PartialEq)]
pub struct Operand {
    text: String,
    number: Option<f64>,
}

impl Condition {
    /// `None` when Commerce has no such type.
    pub fn parse(kind: &str, value: &str) -> Option<Self> {
        let operand = || Operand::of(value);
        Some(match kind {
            "eq" => Self::Equal(operand()),
            "neq" => Self::NotEqual(operand()),
            "gt" => Self::Above(operand()),
            "gteq" | "from" | "moreq" => Self::AtLeast(operand()),
            "lt" => Self::Below(operand()),
            "lteq" | "to" => Self::AtMost(operand()),
            "in" => Self::AnyOf(value.split(',').map(Operand::of).collect()),
            "nin" => Self::NoneOf(value.split(',').map(Operand::of).collect()),
            "like" => Self::Like(value.to_lowercase().chars().collect()),
            "nlike" => Self::NotLike(value.to_lowercase().chars().collect()),
            "finset" => Self::Holds(operand()),
            "nfinset" => Self::HoldsNot(operand()),
            "null" => Self::IsNull,
            "notnull" => Self::IsNotNull,
            _ => return None,
        })
    }

    /// The text that the field has to be.
    pub fn equal_to(&self) -> Option<&str> {
        if let Self::Equal(operand) = self { Some(&operand.text) } else { None }
    }

    pub fn is_met(&self, field: Option<&Value>) -> bool {
        let Some(field) = field.filter(|field| !field.is_null()) else { return *self == Self::IsNull };
        let own = Operand::of(&text(field));
        match self {
            Self::Equal(other) => own.compare(other).is_eq(),
            Self::NotEqual(other) => own.compare(other).is_ne(),
            Self::Above(other) => own.compare(other).is_gt(),
            Self::AtLeast(other) => own.compare(other).is_ge(),
            Self::Below(other) => own.compare(other).is_lt(),
            Self::AtMost(other) => own.compare(other).is_le(),
            Self::AnyOf(others) => others.iter().any(|other| own.compare(other).is_eq()),
            Self::NoneOf(others) => others.iter().all(|other| own.compare(other).is_ne()),
            Self::Like(pattern) => is_like(&own.text, pattern),
            Self::NotLike(pattern) => !is_like(&own.text, pattern),
            Self::Holds(member) => own.text.split(',').any(|part| part == member.text),
            Self::HoldsNot(member) => !own.text.split(',').any(|part| part == member.text),
            Self::IsNull => false,
            Self::IsNotNull => true,
        }
    }
}

impl Operand {
    fn of(text: &str) -> Self {
        let is_number = text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'));
        Self { text: text.to_lowercase(), number: text.parse().ok().filter(|_| is_number) }
    }

    fn compare(&self, other: &Self) -> Ordering {
        match (self.number, other.number) {
            (Some(own), Some(other)) => own.total_cmp(&other),
            _ => self.text.cmp(&other.text),
        }
    }
}

/// For sorting: what has no value comes first, then numbers, then text.
pub fn compare(left: &Value, right: &Value) -> Ordering {
    if left.is_null() || right.is_null() {
        return right.is_null().cmp(&left.is_null());
    }
    let (left, right) = (Operand::of(&text(left)), Operand::of(&text(right)));
    match (left.number, right.number) {
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        _ => left.compare(&right),
    }
}

/// The field as the database has it: a switch is a number, a list is its members with commas.
fn text(field: &Value) -> String {
    match field {
        Value::String(text) => text.clone(),
        Value::Bool(is_set) => u8::from(*is_set).to_string(),
        Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

/// `%` stands for any text, `_` for any character; a backslash takes their meaning away.
fn is_like(text: &str, pattern: &[char]) -> bool {
    let text: Vec<char> = text.chars().collect();
    let (mut at, mut place) = (0, 0);
    // Where to go on when the characters after the last `%` do not fit.
    let mut again: Option<(usize, usize)> = None;
    while at < text.len() {
        match pattern.get(place) {
            Some('%') => {
                place += 1;
                again = Some((at, place));
            }
            Some('\\') if pattern.get(place + 1) == Some(&text[at]) => (at, place) = (at + 1, place + 2),
            Some('_') => (at, place) = (at + 1, place + 1),
            Some(char) if *char == text[at] => (at, place) = (at + 1, place + 1),
            _ => match again {
                Some((start, after)) => {
                    again = Some((start + 1, after));
                    (at, place) = (start + 1, after);
                }
                None => return false,
            },
        }
    }
    pattern[place..].iter().all(|char| *char == '%')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn conditions_compare_as_the_database_does() {
        check("eq", "JOUST", &json!("Joust"), true);
        check("eq", "10.0", &json!("10"), true);
        check("neq", "9", &json!(10), true);
        check("gt", "9", &json!(10), true);
        check("gt", "9", &json!("10"), true);
        check("gteq", "10", &json!(10), true);
        check("moreq", "11", &json!(10), false);
        check("from", "2024-01-01", &json!("2024-06-12 16:31:43"), true);
        check("to", "2024-01-01", &json!("2024-06-12 16:31:43"), false);
        check("lt", "9", &json!(10), false);
        check("lteq", "10", &json!(10), true);
        check("in", "1,10,x", &json!(10), true);
        check("nin", "1,10", &json!(10), false);
        check("finset", "b", &json!("a,b"), true);
        check("finset", "2", &json!([1, 2]), true);
        check("nfinset", "b", &json!("a,b"), false);
        check("notnull", "", &json!(""), true);
        check("null", "", &json!(0), false);
    }

    #[test]
    fn no_comparison_is_true_without_a_value() {
        for kind in ["eq", "neq", "gt", "lt", "in", "nin", "like", "nlike", "finset", "nfinset", "notnull"] {
            check(kind, "", &Value::Null, false);
        }
        check("null", "", &Value::Null, true);
        assert_eq!(Condition::parse("equals", "1"), None);
    }

    #[test]
    fn patterns_have_two_wildcards() {
        check("like", "%duf_le%", &json!("Joust Duffle Bag"), true);
        check("like", "joust%bag", &json!("Joust Duffle Bag"), true);
        check("like", "joust", &json!("Joust Duffle Bag"), false);
        check("like", "%", &json!(""), true);
        check("like", "a\\%", &json!("a%"), true);
        check("like", "a\\%", &json!("ab"), false);
        check("like", "%ab%ac", &json!("abacabac"), true);
        check("nlike", "%bag", &json!("Joust Duffle Bag"), false);
    }

    fn check(kind: &str, value: &str, field: &Value, is_met: bool) {
        let condition = Condition::parse(kind, value).unwrap();
        assert_eq!(condition.is_met(Some(field)), is_met, "{kind} {value} {field}");
    }
}
