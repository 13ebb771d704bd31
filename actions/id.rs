//! Ids that are numbers.

use serde_json::Number;

/// An id as Commerce reads it in a path, and as its events carry it: `15` and `15.0` are one id.
pub(crate) fn text(id: &Number) -> String {
    match id.as_f64() {
        Some(float) if id.is_f64() => float.to_string(),
        _ => id.to_string(),
    }
}
