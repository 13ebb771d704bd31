//! What is no filter, and what its author is told.

use serde_json::{Value, json};

use crate::filter::{DEPTH_MAX, Filter, FilterError, NODES_MAX, STRING_BYTES_MAX, TEXT_BYTES_MAX};

#[track_caller]
fn refused(text: &str) -> FilterError {
    Filter::parse(text).expect_err("the filter is wrong")
}

/// The pattern is refused at the pointer, in words that include these.
#[track_caller]
fn check(pattern: &Value, pointer: &str, because: &str) {
    let error = refused(&pattern.to_string());
    assert_eq!(error.pointer(), pointer, "{error}");
    let text = error.to_string();
    assert!(text.contains(because), "`{text}` does not say `{because}`");
    let shown = if pointer.is_empty() { "/" } else { pointer };
    assert!(text.starts_with(&format!("`{shown}` ")), "`{text}` begins with the place");
}

/// Patterns within patterns, the innermost with a condition.
fn nested(levels: usize) -> Value {
    (1..levels).fold(json!({"x": [1]}), |inner, _| json!({ "x": inner }))
}

#[test]
fn texts_that_are_not_strict_json_are_refused() {
    for (text, because) in [
        ("", "EOF"),
        ("{", "EOF"),
        (r#"{"a": [1]} x"#, "trailing"),
        (r#"{"a": [1], "a": [2]}"#, "used twice"),
        (r#"{"b": {"a": [1], "\u0061": [2]}}"#, "used twice"),
        (r#"{"a": [1e999]}"#, "out of range"),
        (r#"{"a": [{"prefix": "x", "prefix": "y"}]}"#, "used twice"),
    ] {
        let error = refused(text);
        assert_eq!(error.pointer(), "");
        assert!(error.to_string().starts_with("`/` is not strict JSON (") && error.to_string().contains(because));
    }
}

#[test]
fn a_pattern_is_an_object_with_members() {
    for value in [json!([]), json!([{"a": [1]}]), json!("x"), json!(1), json!(null)] {
        check(&value, "", r#"must be an object that mirrors the event, such as {"type""#);
    }
    check(&json!({}), "", "at least one member; leave the filter out");
    check(&json!({"a": {"b": {}}}), "/a/b", "at least one member");
}

#[test]
fn a_leaf_is_an_array_of_conditions() {
    for value in [json!("x"), json!(1), json!(true), json!(null)] {
        check(&json!({"a": {"b": value}}), "/a/b", r#"put a single value in an array, such as ["new"]"#);
    }
    check(&json!({"a": {"prefix": "x"}}), "/a/prefix", r#"write it as a condition, such as [{"prefix": ...}]"#);
    check(&json!({"a": []}), "/a", r#"at least one condition; write [{"exists": true}]"#);
    check(&json!({"a": [1, [2]]}), "/a/1", "an array within an array");
}

#[test]
fn a_condition_has_one_operator_that_exists() {
    check(&json!({"a": [{}]}), "/a/0", "exactly one operator");
    check(&json!({"a": [1, {"prefix": "x", "suffix": "y"}]}), "/a/1", "an object of its own");
    check(&json!({"a": [{"wildcard": "x*"}]}), "/a/0", "no operator by the name `wildcard`; there are `anything-but`");
    check(&json!({"a": [{"Prefix": "x"}]}), "/a/0", "`Prefix`");
}

#[test]
fn pointers_escape_names() {
    check(&json!({"a/b": {"~c": {"": [[]]}}}), "/a~1b/~0c//0", "within an array");
}

#[test]
fn operands_fit_their_operators() {
    for operator in ["prefix", "suffix", "equals-ignore-case", "cidr"] {
        for operand in [json!(1), json!(null), json!(["x"]), json!({"prefix": "x"})] {
            let hint = format!(r#"must be a text, such as {{"{operator}": "#);
            check(&json!({"a": [{ operator: operand }]}), &format!("/a/0/{operator}"), &hint);
        }
    }
    for operand in [json!("true"), json!(1), json!(null), json!([true])] {
        check(&json!({"a": [{"exists": operand}]}), "/a/0/exists", "must be `true`");
    }
    for operand in
        ["10.0.0.0", "10.0.0.0/33", "::/129", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "/8", "x/8", "1.2.3.4/8/8"]
    {
        check(&json!({"a": [{"cidr": operand}]}), "/a/0/cidr", &format!("`{operand}` is no network; write an address"));
    }
}

#[test]
fn anything_but_takes_values_or_one_end_of_a_text() {
    let at = |operand: Value| json!({"a": [{"anything-but": operand}]});
    for operand in [json!([]), json!({}), json!({"cidr": "::/0"}), json!({"prefix": "x", "suffix": "y"})] {
        check(&at(operand), "/a/0/anything-but", "must be a value, an array of at least one value");
    }
    check(&at(json!({"prefix": 1})), "/a/0/anything-but/prefix", "must be a text");
    for item in [json!({"prefix": "x"}), json!([1])] {
        check(&at(json!(["x", item])), "/a/0/anything-but/1", "stand without a list");
    }
}

#[test]
fn numeric_takes_a_comparison_or_two_bounds() {
    let at = |operand: Value| json!({"a": [{"numeric": operand}]});
    for operand in
        [json!([]), json!(5), json!("<5"), json!(["<"]), json!(["<", 5, ">"]), json!(["<", 1, "<", 1, "<", 1])]
    {
        check(&at(operand), "/a/0/numeric", r#"a lower and an upper bound, such as [">", 0]"#);
    }
    check(&at(json!([5, "<"])), "/a/0/numeric/0", "one comparison");
    check(&at(json!(["==", 5])), "/a/0/numeric/0", "`==` is no comparison; there are");
    check(&at(json!([">", 1, "!", 5])), "/a/0/numeric/2", "`!` is no comparison");
    check(&at(json!(["<", "5"])), "/a/0/numeric/1", "a number without quotes");
    check(&at(json!([">", 1, "<", null])), "/a/0/numeric/3", "a number without quotes");
    for operand in [json!([">", 1, ">=", 2]), json!(["<", 1, "<", 2]), json!(["=", 1, "<", 2]), json!([">", 1, "=", 2])]
    {
        check(&at(operand), "/a/0/numeric", "one lower bound (`>` or `>=`) and one upper bound");
    }
    for operand in
        [json!([">", 2, "<", 1]), json!([">=", 1, "<", 1.0]), json!(["<=", 1, ">", 1]), json!([">=", 1.5, "<=", 1])]
    {
        check(&at(operand), "/a/0/numeric", "matches no number");
    }
}

#[test]
fn alternatives_are_two_patterns_at_least() {
    for value in [json!([]), json!([{"a": [1]}]), json!({"a": [1]}), json!("x")] {
        check(&json!({"a": {"$or": value}}), "/a/$or", "at least two patterns");
    }
    check(&json!({"$or": [{"a": [1]}, "b"]}), "/$or/1", "must be an object that mirrors");
    check(&json!({"$or": [{"a": [1]}, {}]}), "/$or/1", "at least one member");
    check(&json!({"$or": [{"a": [1]}, {"a": 1}]}), "/$or/1/a", "array of conditions");
}

#[test]
fn the_text_has_a_longest_length() {
    let padded = |bytes: usize| format!("{}{}", r#"{"a":[1]}"#, " ".repeat(bytes - 9));
    Filter::parse(&padded(TEXT_BYTES_MAX)).expect("the limit itself is allowed");
    let error = refused(&padded(TEXT_BYTES_MAX + 1));
    assert_eq!(
        error.to_string(),
        "`/` is longer than 65536 bytes; ask for less, or split it over several registrations"
    );
}

#[test]
fn patterns_have_a_deepest_level() {
    Filter::parse(&nested(DEPTH_MAX).to_string()).expect("the limit itself is allowed");
    check(&nested(DEPTH_MAX + 1), &"/x".repeat(DEPTH_MAX), "more than 16 patterns deep");
    let or = |levels| (1..levels).fold(json!({"x": [1]}), |inner: Value, _| json!({"$or": [inner, {"x": [1]}]}));
    Filter::parse(&or(DEPTH_MAX).to_string()).expect("the limit itself is allowed");
    check(&or(DEPTH_MAX + 1), &"/$or/0".repeat(DEPTH_MAX), "more than 16 patterns deep");
    assert!(refused(&"[".repeat(TEXT_BYTES_MAX)).to_string().contains("nested"));
}

#[test]
fn a_filter_has_a_largest_number_of_parts() {
    let numbers = |count: usize| (0..count).collect::<Vec<_>>();
    Filter::parse(&json!({"a": numbers(NODES_MAX - 1)}).to_string()).expect("the limit itself is allowed");
    check(&json!({"a": numbers(NODES_MAX)}), "/a/1999", "2000 are allowed");
    // The member, the condition and its first 1998 values are the 2000.
    check(&json!({"a": [{"anything-but": numbers(NODES_MAX)}]}), "/a/0/anything-but/1998", "2000 are allowed");
    let patterns: Vec<Value> = numbers(NODES_MAX / 3 + 1).into_iter().map(|number| json!({"a": [number]})).collect();
    // `$or` is one part and each pattern three, so pattern 666 is the 2000th and its member one too many.
    check(&json!({ "$or": patterns }), "/$or/666/a", "2000 are allowed");
}

#[test]
fn names_and_texts_have_a_longest_length() {
    let (longest, longer) = ("é".repeat(STRING_BYTES_MAX / 2), "x".repeat(STRING_BYTES_MAX + 1));
    let whole = json!({ &longest: [&longest, {"prefix": &longest}, {"anything-but": [&longest]}]});
    Filter::parse(&whole.to_string()).expect("the limit itself is allowed");
    check(&json!({"a": {&longer: [1]}}), "/a", "has a name longer than 1024 bytes");
    check(&json!({"a": [&longer]}), "/a/0", "is longer than 1024 bytes; compare a part of it");
    check(&json!({"a": [{"anything-but": ["x", &longer]}]}), "/a/0/anything-but/1", "is longer than 1024 bytes");
    for operator in ["prefix", "suffix", "equals-ignore-case", "cidr"] {
        check(&json!({"a": [{operator: &longer}]}), &format!("/a/0/{operator}"), "is longer than 1024 bytes");
    }
}

#[test]
fn errors_quote_little_and_on_one_line() {
    let shown = |length: usize| refused(&json!({"a": [{ "é".repeat(length): 1 }]}).to_string()).to_string();
    assert!(shown(80).contains(&format!("`{}`", "é".repeat(80))));
    assert!(shown(81).contains(&format!("`{}…`", "é".repeat(79))));
    assert!(shown(30_000).len() < 400);
    let text = refused(&json!({"a": [{"cidr": "1\n\u{1b}[31m2"}]}).to_string()).to_string();
    assert!(text.contains("`1??[31m2`"), "{text}");
}
