//! What is found, what is left alone, and that it holds for everything.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const SECRET: &str = r#"hush "7"\ + é"#;
const TOKEN: &str = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzb21lYm9keSJ9.c2lnbmF0dXJlLW9mLXNvbWVib2R5";

fn knowing() -> Redactor {
    let redactor = Redactor::default();
    redactor.learn(SECRET);
    redactor.learn_pair("shop", "pa55word");
    redactor.learn("short");
    redactor
}

#[track_caller]
fn check(text: &str, told: &str) {
    assert_eq!(knowing().text(text), told);
}

#[track_caller]
fn check_json(document: &Value, told: &Value) {
    let text = document.to_string();
    let redacted = knowing().json(&text).into_owned();
    assert_eq!(serde_json::from_str::<Value>(&redacted).unwrap(), *told, "{redacted}");
}

#[test]
fn a_value_is_found_in_all_of_its_forms() {
    check(&format!("it is {SECRET}."), "it is [redacted].");
    check(&json!({"text": SECRET}).to_string(), r#"{"text":"[redacted]"}"#);
    let within = json!({"text": json!([SECRET]).to_string()}).to_string();
    check(&within, r#"{"text":"[\"[redacted]\"]"}"#);
    check("?a=hush%20%227%22%5C%20%2B%20%C3%A9&b", "?a=[redacted]&b");
    check("a=hush+%227%22%5C+%2B+%C3%A9", "a=[redacted]");
    check(&format!("Basic {}", BASE64_STANDARD.encode("shop:pa55word")), "Basic [redacted]");
}

#[test]
fn what_is_no_secret_is_not_touched_or_copied() {
    for text in ["", "nothing", "a short one", "kit-serve", "whsec_ is the prefix", "eyJ.eyJ.", "eyJhbGciOiJSUzI1NiJ9"]
    {
        let redactor = knowing();
        assert!(matches!(redactor.text(text), Cow::Borrowed(same) if same == text), "{text}");
    }
    let reason =
        r#"{"reason":"the key `kid-4711` is not known, 256 bytes, 312 s old","token_type":"bearer","passed":4}"#;
    assert!(matches!(knowing().json(reason), Cow::Borrowed(_)), "reasons stay useful");
}

#[test]
fn secrets_that_the_kit_makes_are_known_by_their_shape() {
    check(&format!("Bearer {TOKEN}, then"), "Bearer [redacted], then");
    check(&format!("kit-{}!", "aZ09_-x".repeat(7)), "[redacted]!");
    check(&format!("whsec_{}=", "a+/Z".repeat(11)), "[redacted]");
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", "MIIE".repeat(12));
    check(&pem, "[redacted]-----END PRIVATE KEY-----");
    check_json(&json!({"text": pem}), &json!({"text": "[redacted]-----END PRIVATE KEY-----"}));
}

#[test]
fn members_are_redacted_at_any_depth_by_name() {
    check_json(
        &json!({"a": [{"Client-Secret": {"x": ["y"]}, "b": 1}], "password": "", "token": null, "cvv": 123}),
        &json!({"a": [{"Client-Secret": REDACTED, "b": 1}], "password": "", "token": null, "cvv": REDACTED}),
    );
    let inner = json!({"access_token": "abc", "sku": "A"}).to_string();
    let told = json!({"access_token": REDACTED, "sku": "A"}).to_string();
    check_json(&json!({"body": inner}), &json!({"body": told}));
    assert_eq!(knowing().json(r#"{"password" : "abc def"#), r#"{"password" : "[redacted]""#);
    assert_eq!(knowing().json(r#"{"pass\u0077ord":"x","a":1}"#), r#"{"pass\u0077ord":"[redacted]","a":1}"#);
}

#[test]
fn json_stays_json_where_a_secret_looks_like_its_signs() {
    let redactor = Redactor::default();
    redactor.learn(r#"a","b":"c"#);
    redactor.learn("nabcdef");
    redactor.learn(r"0041abc");
    let untouched = r#"{"x":"a","b":"c","y":"\nabcdef \u0041abc"}"#;
    assert_eq!(redactor.json(untouched), untouched);
    assert_eq!(redactor.json(r#"["nabcdef","0041abc"]"#), r#"["[redacted]","[redacted]"]"#);
}

#[test]
fn headers_go_by_their_names_and_by_those_of_the_settings() {
    let redactor = knowing();
    redactor.learn_header("X-Tenant");
    for name in ["authorization", "X-Adobe-Signature", "x-tenant"] {
        assert_eq!(redactor.header(name, "abc"), REDACTED, "{name}");
    }
    assert_eq!(redactor.header("x-request-id", "abc"), "abc");
    assert_eq!(redactor.header("x-note", SECRET), REDACTED);
}

#[test]
fn addresses_keep_all_but_secrets() {
    let check = |before: &str, after: &str| assert_eq!(url(before), after);
    check("https://a.example/hook?sku=1&Token=abc&x=#top", "https://a.example/hook?sku=1&Token=[redacted]&x=#top");
    check("https://me:pass@a.example/hook", "https://a.example/hook");
    check("https://a.example/?acc%65ss_token=abc", "https://a.example/?acc%65ss_token=[redacted]");
    assert!(matches!(url("https://a.example/a@b?sku=1&b"), Cow::Borrowed(_)));
}

#[test]
fn of_passing_secrets_the_oldest_is_forgotten() {
    let redactor = Redactor::default();
    for number in 0..100 {
        redactor.learn_passing(&format!("passing-{number:04}"));
    }
    assert_eq!(redactor.text("passing-0099"), REDACTED);
    assert_eq!(redactor.text("passing-0035"), "passing-0035");
    assert!(!format!("{redactor:?}").contains("passing-0099"), "a redactor tells nothing either");
}

fn documents() -> impl Strategy<Value = Value> {
    let name = prop_oneof!["[a-c]{1,2}", Just("password".to_owned()), Just("api-key".to_owned()), ".{0,3}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(Value::from(SECRET)),
        r#"[a-c"\\n\[{]{0,6}"#.prop_map(Value::from),
        (".{0,4}", ".{0,4}").prop_map(|(before, after)| Value::from(format!("{before}{SECRET}{after}"))),
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name.clone(), inner), 0..4).prop_map(Value::from_iter),
        ]
    })
}

/// What is to come out, made by taking the document apart.
fn expected(value: Value) -> Value {
    match value {
        Value::String(text) => knowing().text(&text).replace(SECRET, REDACTED).into(),
        Value::Array(items) => items.into_iter().map(expected).collect(),
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| {
                let is_kept = matches!(value, Value::Null | Value::Bool(_)) || value == "" || !is_secret_member(&name);
                let value = if is_kept { expected(value) } else { REDACTED.into() };
                (name.replace(SECRET, REDACTED), value)
            };
            members.into_iter().map(member).collect()
        }
        other => other,
    }
}

proptest! {
    #[test]
    fn json_comes_out_as_json_with_nothing_else_changed(document in documents()) {
        let text = document.to_string();
        let redacted = knowing().json(&text).into_owned();
        prop_assert_eq!(serde_json::from_str::<Value>(&redacted).unwrap(), expected(document), "{}", redacted);
    }

    #[test]
    fn whatever_is_cut_off_or_no_json_holds_no_secret(before in ".{0,20}", after in ".{0,20}", cut in 0_usize..60) {
        let text = format!("{before}{SECRET}{after}");
        prop_assert!(!knowing().text(&text).contains(SECRET));
        let document = json!({"a": text, "password": "never told"}).to_string();
        let cut = &document[..document.floor_char_boundary(cut)];
        let told = knowing().json(cut).into_owned();
        prop_assert!(!told.contains("never"), "{}", told);
    }
}
