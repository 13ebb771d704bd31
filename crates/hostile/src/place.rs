use std::sync::LazyLock;

use onboarding::Place;
use serde_json::{Value, json};

static SCHEMA: LazyLock<Value> = LazyLock::new(|| {
    json!({
        "properties": {"sku": {}, "price": {}, "items": {"items": {"$ref": "#/$defs/Item"}}, "round": {"$ref": "#/$defs/Round"}},
        "$defs": {"Item": {"properties": {"qty": {}, "note": {}}}, "Round": {"$ref": "#/$defs/Round"}},
    })
});

/// Any path is taken or refused with a message; what was set stands there, under the path as it is written.
pub fn place(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let Ok(place) = text.parse::<Place>() else { return };
    let written = place.to_string();
    let again: Place = written.parse().unwrap_or_else(|error| panic!("`{written}`: {error}"));
    assert_eq!(again, place, "{written}");
    let before = json!({"sku": "A", "items": [{"qty": 1}, [[2]]], "round": {}, "a.b": {"": null}});
    let mut value = before.clone();
    match place.set(&mut value, json!("set"), &SCHEMA) {
        Ok(()) => assert!(value.to_string().contains("\"set\""), "{written}: {value}"),
        Err(error) => {
            assert_eq!(value, before, "{written}: what is refused changes nothing");
            assert!(error.to_string().contains("\n  hint: "), "{error}");
        }
    }
}
