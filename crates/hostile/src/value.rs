use sdk::json;
use serde_json::value::RawValue;

/// Any value is judged by every event's type, and its business keys are found, without a panic. What the strict check
/// lets through, `serde_json` reads too.
pub fn value(document: &[u8]) {
    if json::check(document).is_err() {
        return;
    }
    let value: Box<RawValue> = serde_json::from_slice(document).expect("a checked document is JSON");
    let is_empty = value.get().chars().all(|letter| "[] \t\r\n".contains(letter));
    for spec in actions::EVENTS {
        let keys = spec.keys.iter().flat_map(|pointer| json::texts_at(&value, pointer)).count();
        assert!(spec.check(&value).is_err() || keys > 0 || is_empty, "{}", spec.code);
    }
}
