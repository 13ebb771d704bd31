mod operators;
mod properties;
mod refusals;

use serde_json::{Value, json};

use super::Filter;

/// Whether the pattern matches the event, both as JSON.
fn is_match(pattern: &Value, event: &Value) -> bool {
    Filter::parse(&pattern.to_string()).unwrap_or_else(|error| panic!("{pattern}: {error}")).matches(event)
}

/// The pattern matches all events of the first list and none of the second.
#[track_caller]
fn check<const YES: usize, const NO: usize>(pattern: &Value, matching: [Value; YES], others: [Value; NO]) {
    for event in matching {
        assert!(is_match(pattern, &event), "{pattern} must match {event}");
    }
    for event in others {
        assert!(!is_match(pattern, &event), "{pattern} must not match {event}");
    }
}

fn order() -> Value {
    json!({
        "specversion": "1.0",
        "id": "0198c3a1-7c1e-7b4d-9d2f-2f6a3c1b9e10",
        "source": "urn:uuid:shop",
        "type": "be-observer.sales_order_status_update",
        "data": {"value": {
            "status": "processing",
            "total": 99.5,
            "tags": ["gift", "express"],
            "items": [{"sku": "A-1", "qty": 3}, {"sku": "B-2", "qty": 1}],
        }},
    })
}

#[test]
fn all_members_must_match_and_one_condition_of_each() {
    let pattern = json!({"type": ["a", "b"], "source": ["s"]});
    check(
        &pattern,
        [json!({"type": "a", "source": "s"}), json!({"type": "b", "source": "s", "id": 1})],
        [json!({"type": "c", "source": "s"}), json!({"type": "a", "source": "t"}), json!({"type": "a"}), json!({})],
    );
}

#[test]
fn nested_objects_mirror_the_event() {
    let events = [order()];
    check(&json!({"data": {"value": {"status": ["processing"], "total": [{"numeric": [">", 50]}]}}}), events, []);
    check(&json!({"data": {"status": ["processing"]}}), [], [order()]);
    check(&json!({"data": {"value": {"status": {"processing": ["x"]}}}}), [], [order()]);
    check(&json!({"data": ["processing"]}), [], [order()]);
}

#[test]
fn what_is_no_object_is_no_event() {
    let pattern = json!({"type": [{"exists": false}]});
    check(&pattern, [json!({})], [json!(null), json!([]), json!([{}]), json!("type"), json!(1)]);
}

#[test]
fn one_item_of_an_array_is_enough() {
    let at = |conditions: Value| json!({"data": {"value": {"tags": conditions}}});
    check(&at(json!(["express"])), [order()], []);
    check(&at(json!(["slow", {"prefix": "gi"}])), [order()], []);
    check(&at(json!(["slow"])), [], [order()]);
    check(&at(json!([{"anything-but": "gift"}])), [order()], []);
    check(&at(json!([{"anything-but": ["gift", "express"]}])), [], [order()]);
}

#[test]
fn arrays_within_arrays_are_searched_too() {
    let nested = json!({"a": [[], ["x", [1, ["y"]]], "z"]});
    for wanted in [json!("x"), json!(1), json!("y"), json!("z")] {
        check(&json!({"a": [wanted]}), [nested.clone()], []);
    }
    check(&json!({"a": ["w"]}), [], [nested]);
    check(&json!({"a": {"b": [1]}}), [json!({"a": [[{"b": 0}], [[{"b": 1}]]]})], [json!({"a": [[{"b": 0}]]})]);
}

#[test]
fn arrays_are_searched_without_recursion() {
    let deep = (0..500).fold(json!("x"), |inner, _| Value::Array(vec![json!("y"), inner, json!([])]));
    let event = json!({ "a": deep });
    assert!(is_match(&json!({"a": ["x"]}), &event) && !is_match(&json!({"a": ["z"]}), &event));
}

#[test]
fn a_pattern_matches_within_one_object_of_an_array() {
    let items = |pattern: Value| json!({"data": {"value": {"items": pattern}}});
    check(&items(json!({"sku": ["A-1"], "qty": [3]})), [order()], []);
    check(&items(json!({"sku": ["B-2"], "qty": [1]})), [order()], []);
    check(&items(json!({"sku": ["A-1"], "qty": [1]})), [], [order()]);
    check(&items(json!({"$or": [{"sku": ["C-3"]}, {"qty": [{"numeric": ["<", 2]}]}]})), [order()], []);
}

#[test]
fn scalars_beside_objects_in_an_array_are_passed_over() {
    let mixed = json!({"a": ["x", {"b": 1}]});
    check(&json!({"a": ["x"]}), [mixed.clone()], []);
    check(&json!({"a": {"b": [1]}}), [mixed.clone()], []);
    check(&json!({"a": {"b": [{"exists": false}]}}), [], [mixed]);
}

#[test]
fn any_alternative_is_enough_and_the_members_beside_it_count() {
    let pattern = json!({"source": ["s"], "$or": [{"type": ["a"]}, {"data": {"n": [1], "m": [2]}}]});
    check(
        &pattern,
        [
            json!({"source": "s", "type": "a"}),
            json!({"source": "s", "type": "b", "data": {"n": 1, "m": 2}}),
            json!({"source": "s", "type": "a", "data": {"n": 1, "m": 2}}),
        ],
        [
            json!({"source": "t", "type": "a"}),
            json!({"source": "s", "type": "b", "data": {"n": 1}}),
            json!({"source": "s"}),
        ],
    );
}

#[test]
fn alternatives_lie_in_alternatives_and_deeper() {
    let pattern = json!({"data": {"$or": [{"a": [1]}, {"b": [2], "$or": [{"c": [3]}, {"d": [4]}]}]}});
    check(
        &pattern,
        [json!({"data": {"a": 1}}), json!({"data": {"b": 2, "c": 3}}), json!({"data": {"b": 2, "d": 4}})],
        [json!({"data": {"b": 2}}), json!({"data": {"c": 3}}), json!({"a": 1}), json!({})],
    );
}

#[test]
fn an_alternative_can_ask_for_absence() {
    let pattern = json!({"data": {"$or": [{"a": [{"exists": false}]}, {"a": [1]}]}});
    check(&pattern, [json!({"data": {"a": 1}}), json!({"data": {}}), json!({})], [json!({"data": {"a": 2}})]);
    let both = json!({"data": {"b": [1], "$or": [{"a": [{"exists": false}]}, {"c": [1]}]}});
    check(&both, [json!({"data": {"b": 1}})], [json!({}), json!({"data": {"b": 1, "a": 1}})]);
}

#[test]
fn a_member_named_like_an_operator_is_a_member() {
    let pattern = json!({"data": {"prefix": ["x"], "exists": [true]}});
    check(&pattern, [json!({"data": {"prefix": "x", "exists": true}})], [json!({"data": {"prefix": "xy"}})]);
}

#[test]
fn clones_and_other_threads_judge_alike() {
    let filter = Filter::parse(r#"{"type": [{"suffix": "_update"}]}"#).unwrap();
    let clone = filter.clone();
    let event = order();
    let elsewhere = std::thread::spawn(move || clone.matches(&event)).join().unwrap();
    assert!(elsewhere && filter.matches(&order()));
}
