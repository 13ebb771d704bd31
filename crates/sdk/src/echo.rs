use std::collections::BTreeMap;

use serde_json::Value;

/// Which way a change travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    ToCommerce,
    FromCommerce,
}

/// A change as both directions carry it: the operation, whose it is, and the fields that the two have in common.
///
/// Whatever is brought to Commerce makes Commerce send an event, and the other way round. An event is such an echo when
/// the opposite direction carried the same operation on the same thing lately, with each field that this event carries
/// equal. A field that the event does not carry says nothing; one that only this event carries is news. News that passes
/// overtakes what the opposite direction carried before.
#[derive(Clone, Debug)]
pub struct Echo {
    direction: Direction,
    entity: &'static str,
    operation: &'static str,
    key: String,
    fields: BTreeMap<&'static str, String>,
}

impl Echo {
    /// A change that comes from the back office.
    pub fn to_commerce(entity: &'static str) -> Self {
        Self::new(Direction::ToCommerce, entity)
    }

    /// A change that comes from Commerce.
    pub fn from_commerce(entity: &'static str) -> Self {
        Self::new(Direction::FromCommerce, entity)
    }

    fn new(direction: Direction, entity: &'static str) -> Self {
        Self { direction, entity, operation: "", key: String::new(), fields: BTreeMap::new() }
    }

    /// Created or updated: neither side can tell which of the two the other makes of it.
    #[must_use]
    pub fn saved(self, key: impl std::fmt::Display) -> Self {
        Self { operation: "save", key: key.to_string(), ..self }
    }

    #[must_use]
    pub fn deleted(self, key: impl std::fmt::Display) -> Self {
        Self { operation: "delete", key: key.to_string(), ..self }
    }

    /// A text that both directions carry; blanks around it do not count.
    #[must_use]
    pub fn text(mut self, name: &'static str, text: Option<&str>) -> Self {
        self.fields.extend(text.map(|text| (name, format!("t{}", text.trim()))));
        self
    }

    /// A number that both directions carry. Commerce writes many as text: `"34.0000"` is 34.
    #[must_use]
    pub fn number(mut self, name: &'static str, number: Option<&Value>) -> Self {
        self.fields.extend(number.map(|number| (name, format!("n{}", amount(number)))));
        self
    }

    pub fn direction(&self) -> Direction {
        self.direction
    }

    /// What the change is about: entity and key. Case and blanks around the key do not count, as in Commerce's database.
    pub fn subject(&self) -> String {
        format!("{}/{}", self.entity, self.key.trim().to_lowercase())
    }

    /// `save` or `delete`.
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The fields by name, normalised.
    pub fn fields(&self) -> &BTreeMap<&'static str, String> {
        &self.fields
    }

    /// What the answer to an echo says, to the letter of the contract: each side has its own spelling.
    pub(crate) fn discarded(&self, code: &str) -> String {
        match self.direction {
            Direction::FromCommerce => format!("event discarded to prevent infinite loop({code})"),
            Direction::ToCommerce => format!("event discarded to prevent infinite loop  {code})"),
        }
    }
}

/// The plainest decimal of a number, whether it came as number or text; anything else as it is.
fn amount(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    };
    let unsigned = text.strip_prefix('-').unwrap_or(&text);
    let is_decimal = !unsigned.is_empty()
        && unsigned.chars().all(|letter| letter.is_ascii_digit() || letter == '.')
        && unsigned.matches('.').count() <= 1
        && unsigned != ".";
    if !is_decimal {
        return text;
    }
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let (whole, fraction) = (whole.trim_start_matches('0'), fraction.trim_end_matches('0'));
    let whole = if whole.is_empty() { "0" } else { whole };
    let plain = if fraction.is_empty() { whole.to_owned() } else { format!("{whole}.{fraction}") };
    if text.starts_with('-') && plain != "0" { format!("-{plain}") } else { plain }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(number: &Value, plain: &str) {
        assert_eq!(amount(number), plain, "{number}");
    }

    #[test]
    fn one_number_has_one_spelling() {
        check(&json!("34.0000"), "34");
        check(&json!(34), "34");
        check(&json!(34.0), "34");
        check(&json!(99.9), "99.9");
        check(&json!("0099.900"), "99.9");
        check(&json!(" .5 "), "0.5");
        check(&json!("-0.00"), "0");
        check(&json!("-1.50"), "-1.5");
        check(&json!(0), "0");
        check(&json!("1e3"), "1e3");
        check(&json!("."), ".");
        check(&Value::Null, "null");
    }

    #[test]
    fn the_subject_knows_no_case_and_no_blanks() {
        let there = Echo::to_commerce("product").saved(" A/b ");
        let back = Echo::from_commerce("product").saved("a/B");
        assert_eq!(there.subject(), back.subject());
        assert_ne!(there.operation(), Echo::to_commerce("product").deleted("a/b").operation());
    }
}
