use std::sync::LazyLock;

use redaction::Redactor;
use serde_json::Value;

const SECRET: &str = "Qx7#hush-\"hush\"-9";

static REDACTOR: LazyLock<Redactor> = LazyLock::new(|| {
    let redactor = Redactor::default();
    redactor.learn(SECRET);
    redactor
});

/// Whatever is told has no secret in it afterwards, JSON stays JSON, and what was redacted is not redacted again. Where the
/// input has a `$`, the secret stands.
pub fn redaction(input: &[u8]) {
    let text = String::from_utf8_lossy(input).replace('$', SECRET);
    let told = REDACTOR.text(&text);
    assert!(!told.contains(SECRET), "{told}");
    assert_eq!(REDACTOR.text(&told), told);
    let _ = (REDACTOR.json(&text), REDACTOR.header("x-anything", &text), redaction::url(&text));

    let document = String::from_utf8_lossy(input).replace('$', "Qx7#hush-\\\"hush\\\"-9");
    if serde_json::from_str::<Value>(&document).is_ok() {
        let told = REDACTOR.json(&document);
        let value: Value = serde_json::from_str(&told).expect("JSON stays JSON");
        assert!(!has_secret(&value), "{told}");
    }
}

fn has_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains(SECRET),
        Value::Array(items) => items.iter().any(has_secret),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains(SECRET) || has_secret(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}
