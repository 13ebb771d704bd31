//! Commerce's error bodies, made readable.

use serde::Deserialize;
use serde_json::Value;

use crate::reply::sentence;

/// `{"message": "No such entity with %fieldName = %fieldValue", "parameters": {...}, "errors": [...]}`; the parameters
/// may be a list, then `%1` is the first.
#[derive(Deserialize)]
struct Complaint {
    message: String,
    #[serde(default)]
    parameters: Value,
    #[serde(default)]
    errors: Vec<Complaint>,
}

/// One readable line: `Commerce answered 404: No such entity with sku = X`.
pub(crate) fn render(status: u16, body: &Value) -> String {
    let said = Complaint::deserialize(body).map(|complaint| complaint.text()).unwrap_or_default();
    sentence("Commerce", status, &said)
}

impl Complaint {
    fn text(&self) -> String {
        let own = self.fill();
        let inner = self.errors.iter().map(Self::fill).filter(|text| !text.is_empty());
        std::iter::once(own).filter(|text| !text.is_empty()).chain(inner).collect::<Vec<_>>().join("; ")
    }

    /// Replaces the placeholders in one pass, so that a value with a `%` in it stays as it is.
    fn fill(&self) -> String {
        let mut filled = String::with_capacity(self.message.len());
        let mut rest = self.message.as_str();
        while let Some((before, after)) = rest.split_once('%') {
            filled.push_str(before);
            let end = after.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_');
            let (name, tail) = after.split_at(end.unwrap_or(after.len()));
            if let Some(value) = self.parameter(name) {
                filled.push_str(&value);
            } else {
                filled.push('%');
                filled.push_str(name);
            }
            rest = tail;
        }
        filled.push_str(rest);
        filled
    }

    fn parameter(&self, name: &str) -> Option<String> {
        let value = match &self.parameters {
            Value::Array(items) => items.get(name.parse::<usize>().ok()?.checked_sub(1)?)?,
            Value::Object(members) => members.get(name)?,
            _ => return None,
        };
        Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(body: &Value, said: &str) {
        assert_eq!(render(400, body), format!("Commerce answered 400{said}"));
    }

    #[test]
    fn placeholders_are_filled_from_both_kinds_of_parameters() {
        check(&json!({"message": "No %1 of %2", "parameters": ["sku", 7]}), ": No sku of 7");
        check(
            &json!({"message": "%fieldName = %fieldValue.", "parameters": {"fieldName": "sku", "fieldValue": "%1 x"}}),
            ": sku = %1 x.",
        );
        check(&json!({"message": "100% sure about %3", "parameters": ["a"]}), ": 100% sure about %3");
    }

    #[test]
    fn inner_errors_follow_the_outer_one() {
        let body =
            json!({"message": "Invalid", "errors": [{"message": "a %1", "parameters": ["x"]}, {"message": "b"}]});
        check(&body, ": Invalid; a x; b");
    }

    #[test]
    fn what_is_not_commerces_shape_says_only_the_number() {
        check(&json!("<html>"), "");
        check(&Value::Null, "");
        check(&json!({"message": 5}), "");
        check(&json!({"message": ""}), "");
    }

    #[test]
    fn long_complaints_are_cut() {
        let body = json!({"message": "ä".repeat(5_000)});
        assert_eq!(render(400, &body).chars().count(), 1_000 + "Commerce answered 400: ".len());
    }
}
