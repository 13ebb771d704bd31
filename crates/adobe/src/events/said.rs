//! What an answer of I/O Events says about a failure, made readable.

use serde_json::Value;

/// The rest is cut.
const CHARACTERS_MAX: usize = 500;

/// Where Adobe's services put texts and codes; the gateway before them has a shape of its own.
const PLACES: [&str; 5] = ["/message", "/error/message", "/reason", "/error_code", "/error/details/error_code"];

/// One line from an answer that is JSON; nothing from any other, which is somebody's page.
pub(super) fn said(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    let mut parts: Vec<String> = Vec::new();
    for part in PLACES.iter().filter_map(|place| text(body.pointer(place)?)) {
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    let line: String = parts.join("; ").chars().take(CHARACTERS_MAX).collect();
    Some(line).filter(|line| !line.is_empty())
}

/// Control characters would break the line, or a terminal.
fn text(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.replace(char::is_control, " ").trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, line: Option<&str>) {
        assert_eq!(said(body.as_bytes()).as_deref(), line, "{body}");
    }

    #[test]
    fn texts_and_codes_of_all_shapes_become_one_line() {
        check(r#"{"error_code":"403003","message":"Api Key is invalid"}"#, Some("Api Key is invalid; 403003"));
        check(
            r#"{"error":{"code":"Forbidden","message":"Client ID is invalid","details":{"error_code":"403003"}}}"#,
            Some("Client ID is invalid; 403003"),
        );
        check(r#"{"reason":null,"message":"Unexpected server error"}"#, Some("Unexpected server error"));
        check(r#"{"reason":"Bad.","message":"a\nb\u001b[0m"}"#, Some("a b [0m; Bad."));
        check(r#"{"reason":"same","message":"same","error_code":7}"#, Some("same; 7"));
    }

    #[test]
    fn what_is_not_a_complaint_says_nothing() {
        check("", None);
        check("<html>login</html>", None);
        check(r#"{"message":{"a":1},"reason":" "}"#, None);
        check(r#"["message"]"#, None);
    }

    #[test]
    fn long_complaints_are_cut() {
        let body = serde_json::json!({"message": "ä".repeat(5_000)}).to_string();
        assert_eq!(said(body.as_bytes()).unwrap().chars().count(), CHARACTERS_MAX);
    }
}
