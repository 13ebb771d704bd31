use serde_json::{Value, json};

use crate::eventing::rules::{Operator, Rule, pattern};

fn holds(operator: &str, value: &str, data: Value, before: Option<Value>) -> bool {
    let operator = Operator::read(json!(operator)).unwrap();
    let rule = Rule { field: "f".to_owned(), operator, value: value.to_owned() };
    let members = |value: Value| json!({ "f": value }).as_object().unwrap().clone();
    rule.holds(&members(data), before.map(members).as_ref())
}

fn check(operator: &str, value: &str, yes: &[Value], no: &[Value]) {
    for data in yes {
        assert!(holds(operator, value, data.clone(), None), "{data} {operator} {value}");
    }
    for data in no {
        assert!(!holds(operator, value, data.clone(), None), "not {data} {operator} {value}");
    }
}

#[test]
fn numbers_are_compared_as_numbers() {
    check(
        "greaterThan",
        "9",
        &[json!("10.0000"), json!(9.5)],
        &[json!(9), json!("9"), json!("x"), json!(null), json!([10])],
    );
    check("greaterThan", "nine", &[], &[json!(10)]);
    check("lessThan", "9", &[json!("-1"), json!(8.99), json!(false)], &[json!("10"), json!(9), json!("")]);
}

#[test]
fn equal_compares_numbers_by_their_worth_and_texts_as_they_are() {
    check("equal", "39", &[json!("39.0000"), json!(39)], &[json!("39x"), json!(null)]);
    check("equal", "red", &[json!("red")], &[json!("Red"), json!(["red"]), json!({})]);
    check("equal", "1", &[json!(true)], &[json!(false)]);
    check("equal", "", &[json!(""), json!(null)], &[json!("0")]);
}

#[test]
fn in_is_equal_to_one_of_them() {
    check("in", "1, 2,red", &[json!(1), json!("2.0"), json!("red")], &[json!(3), json!("1, 2"), json!(null)]);
}

#[test]
fn a_regex_is_one_of_php_or_bare() {
    check("regex", "/^24-/", &[json!("24-MB01")], &[json!("x24-"), json!([24]), json!(null)]);
    check("regex", "#^a/b$#i", &[json!("A/B")], &[json!("a/bc")]);
    check("regex", "^[0-9]+$", &[json!(12)], &[json!("12a")]);
    for wrong in ["/(/", "(", "/a/e", "a{1000}{1000}{1000}"] {
        assert!(pattern(wrong).is_none(), "{wrong}");
    }
}

#[test]
fn on_change_compares_with_the_data_of_before() {
    assert!(holds("onChange", "", json!("2"), Some(json!("1"))));
    assert!(!holds("onChange", "", json!("1"), Some(json!("1"))));
    assert!(holds("onChange", "", json!("1"), None), "a new document was nothing");
    assert!(!holds("onChange", "", json!(null), None));
}

#[test]
fn there_are_six_operators() {
    for unknown in [json!("GreaterThan"), json!("notEqual"), json!(1), json!(null)] {
        assert!(Operator::read(unknown).is_err());
    }
}
