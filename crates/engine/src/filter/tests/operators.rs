//! Each operator on single values.

use serde_json::{Value, json};

use super::is_match;

/// The conditions match each value of the first list at a member and none of the second.
#[track_caller]
fn check<const YES: usize, const NO: usize>(conditions: &Value, matching: [Value; YES], others: [Value; NO]) {
    super::check(
        &json!({"a": conditions}),
        matching.map(|value| json!({"a": value})),
        others.map(|value| json!({"a": value})),
    );
}

/// No condition but `{"exists": false}` matches what has no scalar.
#[track_caller]
fn check_absent(conditions: &Value) {
    let pattern = json!({"a": conditions});
    super::check(&pattern, [], [json!({}), json!({"a": {}}), json!({"a": {"a": "x"}}), json!({"a": []})]);
}

#[test]
fn scalars_match_their_like() {
    check(&json!(["x"]), [json!("x")], [json!("X"), json!("xx"), json!(""), json!(1), json!(null)]);
    check(&json!([""]), [json!("")], [json!("x"), json!(null)]);
    check(&json!([true]), [json!(true)], [json!(false), json!("true"), json!(1)]);
    check(&json!([null]), [json!(null)], [json!("null"), json!(0), json!(false)]);
    for conditions in [json!(["x"]), json!([null]), json!([0]), json!([false])] {
        check_absent(&conditions);
    }
}

#[test]
fn numbers_are_compared_by_value() {
    check(&json!([1]), [json!(1), json!(1.0)], [json!("1"), json!(1.5), json!(-1), json!(true)]);
    check(&json!([1.0]), [json!(1), json!(1.0)], [json!(1.000_000_1)]);
    check(&json!([-0.0]), [json!(0), json!(0.0)], [json!("-0")]);
    check(&json!([0.1]), [json!(0.1)], [json!(0.100_000_000_000_000_02), json!(0)]);
    check(&json!([u64::MAX]), [json!(u64::MAX)], [json!(u64::MAX - 1), json!(-1), json!(1e300)]);
    check(&json!([9_007_199_254_740_993_u64]), [], [json!(9_007_199_254_740_992_u64), json!(9_007_199_254_740_992.0)]);
    check(&json!([1e300]), [json!(1e300)], [json!(-1e300), json!(u64::MAX)]);
}

#[test]
fn prefix_and_suffix_look_at_texts() {
    check(&json!([{"prefix": "ab"}]), [json!("ab"), json!("abc")], [json!("a"), json!("xab"), json!("AB"), json!(12)]);
    check(&json!([{"suffix": "é"}]), [json!("é"), json!("café")], [json!("e"), json!("éa"), json!(null)]);
    check(&json!([{"prefix": "1"}]), [json!("12")], [json!(12)]);
    check_absent(&json!([{"prefix": ""}, {"suffix": ""}]));
}

#[test]
fn anything_but_is_every_other_scalar() {
    let but = |operand: Value| json!([{ "anything-but": operand }]);
    check(&but(json!("x")), [json!("y"), json!("X"), json!(1), json!(null), json!(false)], [json!("x")]);
    check(&but(json!(1)), [json!(2), json!("1")], [json!(1), json!(1.0)]);
    check(&but(json!(["x", 1, null, true])), [json!("y"), json!(2)], [json!("x"), json!(1), json!(null), json!(true)]);
    check(&but(json!({"prefix": "in"})), [json!("x"), json!("pin"), json!(5)], [json!("in"), json!("init")]);
    check(&but(json!({"suffix": ".png"})), [json!("a.gif"), json!("png")], [json!("a.png")]);
    for operand in [json!("x"), json!([1]), json!({"prefix": "x"}), json!({"suffix": "x"})] {
        check_absent(&but(operand));
    }
}

#[test]
fn numeric_compares() {
    let numeric = |operand: Value| json!([{ "numeric": operand }]);
    check(&numeric(json!(["<", 5])), [json!(4.999), json!(-1e300)], [json!(5), json!(5.0), json!("4"), json!(null)]);
    check(&numeric(json!(["<=", 5])), [json!(5), json!(5.0)], [json!(5.001), json!(u64::MAX)]);
    check(&numeric(json!(["=", 3.018e2])), [json!(301.8)], [json!(301), json!(302), json!("301.8")]);
    check(&numeric(json!(["=", 7])), [json!(7), json!(7.0)], [json!(7.5)]);
    check(&numeric(json!([">=", -2.5])), [json!(-2.5), json!(-2), json!(0)], [json!(-3), json!(-2.501)]);
    check(&numeric(json!([">", 2.5])), [json!(3), json!(1e300), json!(i64::MAX)], [json!(2), json!(2.5)]);
    check_absent(&numeric(json!([">", -1e300])));
}

#[test]
fn numeric_ranges_have_both_bounds_in_any_order() {
    for operand in [json!([">", 0, "<=", 5]), json!(["<=", 5, ">", 0])] {
        let conditions = json!([{ "numeric": operand }]);
        check(&conditions, [json!(0.5), json!(5)], [json!(0), json!(5.5), json!(-1), json!("3")]);
    }
    check(&json!([{"numeric": [">=", 2, "<=", 2]}]), [json!(2)], [json!(1), json!(3)]);
}

#[test]
fn exists_asks_for_a_scalar_or_for_none() {
    let there = json!({"a": [{"exists": true}]});
    let absent = json!({"a": [{"exists": false}]});
    let scalars = [json!("x"), json!(0), json!(false), json!(null), json!(["x"]), json!([{}, 1]), json!([[1]])];
    for value in scalars {
        let event = json!({"a": value});
        assert!(is_match(&there, &event) && !is_match(&absent, &event), "{event} has a scalar");
    }
    let others = [json!({}), json!({"b": 1}), json!({"a": {"b": 1}}), json!({"a": []}), json!({"a": [{}]})];
    for event in others {
        assert!(!is_match(&there, &event) && is_match(&absent, &event), "{event} has none");
    }
}

#[test]
fn absence_reaches_below_what_is_absent() {
    let pattern = json!({"a": {"b": {"c": [{"exists": false}]}}});
    super::check(
        &pattern,
        [json!({}), json!({"a": 1}), json!({"a": []}), json!({"a": {"b": "c"}}), json!({"a": {"b": [{"c": 1}, {}]}})],
        [json!({"a": {"b": {"c": 1}}}), json!({"a": [{"b": [{"c": 1}]}]})],
    );
    super::check(&json!({"a": {"b": [{"exists": false}], "c": [1]}}), [json!({"a": {"c": 1}})], [json!({})]);
}

#[test]
fn absence_is_one_condition_among_others() {
    let pattern = json!({"a": ["x", {"exists": false}]});
    super::check(&pattern, [json!({}), json!({"a": "x"})], [json!({"a": "y"}), json!({"a": null})]);
}

#[test]
fn case_is_ignored_beyond_ascii() {
    let equal = |text: &str| json!([{ "equals-ignore-case": text }]);
    check(&equal("Straße"), [json!("straße"), json!("STRAßE")], [json!("straß"), json!("straßen"), json!(1)]);
    check(&equal("ÉTÉ"), [json!("été"), json!("Été")], [json!("ete")]);
    check(&equal(""), [json!("")], [json!("x"), json!(null)]);
    check_absent(&equal("x"));
}

#[test]
fn networks_hold_addresses_of_their_family() {
    let cidr = |text: &str| json!([{ "cidr": text }]);
    check(&cidr("10.0.0.0/24"), [json!("10.0.0.0"), json!("10.0.0.255")], [json!("10.0.1.0"), json!("::a00:0")]);
    check(&cidr("10.0.0.77/24"), [json!("10.0.0.1")], [json!("10.0.1.77")]);
    check(&cidr("10.0.0.1/32"), [json!("10.0.0.1")], [json!("10.0.0.2")]);
    check(
        &cidr("0.0.0.0/0"),
        [json!("255.1.2.3")],
        [json!("::1"), json!("x"), json!(""), json!(1), json!("1.2.3.4/8")],
    );
    check(&cidr("2001:db8::/32"), [json!("2001:db8::1"), json!("2001:0DB8:1::")], [json!("2001:db9::1")]);
    check(&cidr("::/0"), [json!("::"), json!("fe80::1")], [json!("0.0.0.0")]);
    check(&cidr("::1/128"), [json!("::1")], [json!("::2")]);
    check_absent(&cidr("::/0"));
}
