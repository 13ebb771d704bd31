use proptest::prelude::*;
use serde::Deserialize;
use serde_json::value::RawValue;
use validator::Validate;

use super::{check, decode, texts_at};

fn refused(document: &[u8], because: &str) {
    let error = check(document).expect_err("the document is wrong");
    assert!(error.contains(because), "`{error}` does not say `{because}`");
}

#[test]
fn plain_documents_pass() {
    for document in [r#"{"a":[1,-2,3.5e2,true,false,null,"x\u00e9\ud83d\ude00"],"b":{"a":1}}"#, "[]", " 5 ", r#""x""#] {
        check(document.as_bytes()).expect(document);
    }
}

#[test]
fn what_lenient_readers_let_through_is_refused() {
    refused(br#"{"a":1,"a":2}"#, "used twice");
    refused(br#"{"x":{"a":1,"\u0061":2}}"#, "used twice");
    refused(br#"{"a":"\ud800"}"#, "line 1 column");
    refused(br#"{"a":"\udc00x"}"#, "line 1 column");
    refused(br#"{"a":1e999}"#, "number out of range");
    refused(b"{\"a\":\"\xff\"}", "not UTF-8 text at byte 6");
    refused(b"{\"a\":1} x", "trailing characters");
    refused(b"{\"a\":", "EOF");
    refused(b"", "EOF");
    refused(b"{\"a\":\"\n\"}", "control character");
}

#[test]
fn names_used_twice_are_found_among_many() {
    let mut members: Vec<String> = (0..500).map(|number| format!(r#""m{number}":0"#)).collect();
    check(format!("{{{}}}", members.join(",")).as_bytes()).expect("all names differ");
    members.push(r#""m3":1"#.to_owned());
    refused(format!("{{{}}}", members.join(",")).as_bytes(), "used twice");
}

#[test]
fn nesting_ends_at_the_limit() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    check(nested(64).as_bytes()).expect("the limit itself is allowed");
    refused(nested(65).as_bytes(), "nested more than 64 levels deep");
    refused(nested(200).as_bytes(), "nested more than 64 levels deep");
}

#[test]
fn pointers_find_texts_and_numbers() {
    let find = |json: &str, pointer: &str| {
        texts_at(&RawValue::from_string(json.to_owned()).expect("the test's own JSON"), pointer)
    };
    assert_eq!(find(r#"{"sku":"A","id":7}"#, "/sku"), ["A"]);
    assert_eq!(find(r#"{"sku":"A","id":7}"#, "/id"), ["7"]);
    assert_eq!(find(r#"[{"sku":"A"},{"no":1},{"sku":"B"}]"#, "/*/sku"), ["A", "B"]);
    assert_eq!(find(r#"[{"sku":"A"},{"sku":"B"}]"#, "/1/sku"), ["B"]);
    assert!(find(r#"{"sku":{"deep":1}}"#, "/sku").is_empty());
    assert!(find("[]", "/*/sku").is_empty());
}

#[derive(Debug, Deserialize, Validate)]
struct Named {
    #[validate(length(min = 1, max = 3))]
    name: String,
}

/// A list of its own was named as if it were a member of itself. A fault's pointer leads to the value at fault.
#[test]
fn a_rule_broken_within_a_list_names_the_item() {
    let faulty = r#"[{"name":"A"},{"name":""},{"name":"ABCD"}]"#.to_owned();
    let fault = decode::<Vec<Named>>(&RawValue::from_string(faulty).expect("the test's own JSON")).unwrap_err();
    assert_eq!(fault.path, "/1/name");
    let fine = RawValue::from_string(r#"[{"name":"ABC"}]"#.to_owned()).expect("the test's own JSON");
    assert_eq!(decode::<Vec<Named>>(&fine).expect("it keeps the rule")[0].name, "ABC");
}

/// The library read another document out of a text under a name of its own, or failed on a document that had been let
/// through. Such names are refused.
#[test]
fn names_that_the_library_has_for_itself_are_refused() {
    for name in ["$serde_json::private::RawValue", "$serde_json::private::Number"] {
        let document = serde_json::json!({"data": [{"value": {name: "{\"sku\":\"A\"}"}}]}).to_string();
        let error = check(document.as_bytes()).unwrap_err();
        assert!(error.starts_with("a member has a name that is reserved"), "{error}");
    }
    assert!(check(br#"{"$serde_json": 1, "serde_json::private": 2}"#).is_ok());
}

proptest! {
    #[test]
    fn no_bytes_make_the_check_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
        let _ = check(&bytes);
    }

    #[test]
    fn what_passes_is_read_alike_by_a_lenient_reader(text in r#"[\[\]{}:,"a0-9e.\\u-]{0,40}"#) {
        if check(text.as_bytes()).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }
}
