//! What holds for any text, any event and any scalar.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::filter::Filter;

/// What filters are made of, in any order.
const WORDS: [&str; 22] = [
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"a\"",
    "\"b\"",
    "\"$or\"",
    "\"anything-but\"",
    "\"prefix\"",
    "\"suffix\"",
    "\"numeric\"",
    "\"exists\"",
    "\"equals-ignore-case\"",
    "\"cidr\"",
    "\"<\"",
    "\">=\"",
    "\"::/0\"",
    "1",
    "true",
    "null",
];

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-3_i64..3).prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        (-3_i32..3).prop_map(|number| Value::from(f64::from(number) / 2.0)),
        prop::num::f64::NORMAL.prop_map(Value::from),
        "[ab1]{0,2}".prop_map(Value::from),
        any::<String>().prop_map(|text| Value::from(text.chars().take(200).collect::<String>())),
    ]
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof!["[abc]", "[~/é\"]{0,3}", Just("prefix".to_owned()), Just("exists".to_owned())]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(6, 64, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name(), inner, 0..5).prop_map(Value::from_iter),
        ]
    })
}

fn event() -> impl Strategy<Value = Value> {
    prop::collection::btree_map(name(), value(), 1..6).prop_map(Value::from_iter)
}

/// A pattern of a few members, of which many are right.
fn pattern() -> impl Strategy<Value = Value> {
    let condition = prop_oneof![
        scalar(),
        scalar().prop_map(|value| json!({"anything-but": value})),
        "[ab]{0,2}".prop_map(|text| json!({"anything-but": {"suffix": text}})),
        "[ab]{0,2}".prop_map(|text| json!({"prefix": text})),
        "[ab]{0,2}".prop_map(|text| json!({"equals-ignore-case": text})),
        any::<bool>().prop_map(|flag| json!({"exists": flag})),
        (-3_i32..3).prop_map(|number| json!({"numeric": [">=", number]})),
        Just(json!({"cidr": "10.0.0.0/8"})),
    ];
    let leaf = prop::collection::vec(condition, 1..4).prop_map(Value::from);
    leaf.prop_recursive(4, 32, 4, |inner| {
        let object = prop::collection::btree_map(name(), inner, 1..4).prop_map(Value::from_iter).boxed();
        prop_oneof![
            object.clone(),
            prop::collection::vec(object, 2..4).prop_map(|patterns| json!({ "$or": patterns })),
        ]
    })
    .prop_map(|inner| if inner.is_object() { inner } else { json!({ "a": inner }) })
}

/// The pattern of exactly what is in the object; `None` where there is nothing to ask for.
fn exactly(object: &Map<String, Value>) -> Option<Value> {
    let mut members = Map::new();
    for (name, value) in object {
        if let Some(node) = exactly_one(value) {
            members.insert(name.clone(), node);
        }
    }
    (!members.is_empty()).then(|| members.into())
}

/// A leaf or a pattern for the value; for an array, of its first item that has one.
fn exactly_one(value: &Value) -> Option<Value> {
    match value {
        Value::Object(object) => exactly(object),
        Value::Array(items) => items.iter().find_map(exactly_one),
        scalar => Some(json!([scalar])),
    }
}

fn is_match(conditions: &Value, value: &Value) -> bool {
    Filter::parse(&json!({ "a": conditions }).to_string())
        .expect("the test's own filter")
        .matches(&json!({ "a": value }))
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_panic(text in any::<String>()) {
        let _ = Filter::parse(&text);
    }

    #[test]
    fn no_order_of_words_makes_the_parser_panic(words in prop::collection::vec(prop::sample::select(&WORDS[..]), 0..40)) {
        if let Err(error) = Filter::parse(&words.concat()) {
            prop_assert!(error.to_string().starts_with("`/"));
        }
    }

    #[test]
    fn any_json_is_a_filter_or_is_refused_at_a_place_within_it(value in value()) {
        if let Err(error) = Filter::parse(&value.to_string()) {
            prop_assert!(value.pointer(error.pointer()).is_some(), "{error}");
        }
    }

    #[test]
    fn no_event_makes_a_filter_panic(pattern in pattern(), event in value()) {
        let filter = Filter::parse(&pattern.to_string()).expect("patterns are made to be right");
        prop_assert_eq!(filter.matches(&event), filter.clone().matches(&event));
    }

    #[test]
    fn a_filter_of_an_events_values_matches_it(event in event()) {
        // Filters and events are both read from text.
        let event: Value = serde_json::from_str(&event.to_string()).expect("the test's own JSON");
        if let Some(pattern) = event.as_object().and_then(exactly) {
            let filter = Filter::parse(&pattern.to_string()).expect("exact values are a filter");
            prop_assert!(filter.matches(&event), "{pattern} must match {event}");
        }
    }

    #[test]
    fn anything_but_is_the_complement_of_exact(wanted in scalar(), value in scalar()) {
        let but = json!([{ "anything-but": wanted }]);
        prop_assert_ne!(is_match(&json!([wanted]), &value), is_match(&but, &value));
        prop_assert!(!is_match(&but, &wanted));
    }

    #[test]
    fn absent_and_present_are_complements(value in value()) {
        prop_assert_ne!(is_match(&json!([{"exists": true}]), &value), is_match(&json!([{"exists": false}]), &value));
    }

    #[test]
    fn one_comparison_in_three_holds(one in scalar(), other in scalar()) {
        if one.is_number() && other.is_number() {
            let holds = |sign: &str| usize::from(is_match(&json!([{ "numeric": [sign, other] }]), &one));
            prop_assert_eq!(holds("<") + holds("=") + holds(">"), 1);
            prop_assert_eq!(holds("<="), holds("<") + holds("="));
            prop_assert_eq!(holds(">="), holds(">") + holds("="));
            prop_assert_eq!(holds("=") == 1, is_match(&json!([other]), &one));
        }
    }
}
