//! Ids that are numbers.

use serde_json::Number;

/// An id as Commerce reads it in a path, and as its events carry it: `15` and `15.0` are one id.
pub(crate) fn text(id: &Number) -> String {
    match id.as_f64() {
        Some(float) if id.is_f64() => float.to_string(),
        _ => id.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(id: &str, expected: &str) {
        assert_eq!(text(&id.parse().expect("the test's own number")), expected, "{id}");
    }

    #[test]
    fn an_id_has_one_spelling() {
        check("15", "15");
        check("15.0", "15");
        check("1.5e1", "15");
        check("-1", "-1");
        check("15.5", "15.5");
        check("9007199254740993", "9007199254740993");
        check("1e21", "1000000000000000000000");
    }
}
