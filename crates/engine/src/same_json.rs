use serde_json::{Number, Value};

/// Whether two texts are the same JSON: the order of members, blanks and the way a number is written do not count.
pub(crate) fn is_same_json(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    match (serde_json::from_str::<Value>(left), serde_json::from_str::<Value>(right)) {
        (Ok(left), Ok(right)) => is_same(&left, &right),
        _ => false,
    }
}

fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => is_same_number(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => left == right,
    }
}

fn is_same_number(left: &Number, right: &Number) -> bool {
    let is_whole = |number: &Number| number.is_i64() || number.is_u64();
    left == right || (!(is_whole(left) && is_whole(right)) && left.as_f64() == right.as_f64())
}

#[cfg(test)]
mod tests {
    use super::is_same_json;

    #[test]
    fn json_is_compared_as_json() {
        assert!(is_same_json(r#"{"a":1,"b":[1.0,"x"]}"#, r#"{ "b":[1,"x"], "a":1.0e0 }"#));
        assert!(is_same_json(r#""\u0041""#, r#""A""#));
        assert!(!is_same_json(r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!is_same_json(r#"{"a":1}"#, r#"{"a":1,"b":null}"#));
        assert!(!is_same_json("[1,2]", "[2,1]"));
        assert!(!is_same_json("9007199254740993", "9007199254740992"));
        assert!(!is_same_json("1", r#""1""#));
    }
}
