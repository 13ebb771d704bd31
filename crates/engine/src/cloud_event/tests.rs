use proptest::prelude::*;
use serde_json::json;

use super::*;

fn valid() -> Value {
    json!({"specversion": "1.0", "id": "1", "source": "urn:uuid:p", "type": "product.changed",
        "datacontenttype": "application/json", "data": {"sku": "A"}})
}

/// The valid event with this member.
fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut event = valid();
    event[name] = value.into();
    event
}

fn without(name: &str) -> Value {
    let mut event = valid();
    event.as_object_mut().unwrap().remove(name);
    event
}

fn parse(event: &Value) -> CloudEvent {
    CloudEvent::parse(&event.to_string()).unwrap_or_else(|faults| panic!("{event} is taken: {faults:?}"))
}

fn check_faults(event: &Value, expected: &[(&str, &str)]) {
    let faults = CloudEvent::parse(&event.to_string()).expect_err("this is refused");
    let faults: Vec<(&str, &str)> = faults.iter().map(|fault| (&*fault.path, &*fault.message)).collect();
    assert_eq!(faults, expected, "{event}");
}

/// The event as others are sent it.
fn delivered(event: &CloudEvent) -> String {
    let texts = [("specversion", "1.0"), ("datacontenttype", "application/json"), ("id", &event.id)];
    let texts = texts.into_iter().chain([("source", &*event.source), ("type", &event.code)]);
    let member = |name: &str, value: &Value| format!("{}:{value}", Value::from(name));
    let texts = texts.map(|(name, text)| member(name, &text.into()));
    let attributes = event.attributes.iter().map(|(name, value)| member(name, value));
    let members: Vec<String> = texts.chain(attributes).chain([format!(r#""data":{}"#, event.data)]).collect();
    format!("{{{}}}", members.join(","))
}

#[test]
fn an_event_is_its_attributes_and_its_data_as_it_came() {
    let text = "{\"type\":\"t\", \"source\": \"urn:uuid:p\",\"id\":\"\\u0031\", \"data\" : {\"b\":1.50,\n\"a\": 2},
        \"specversion\":\"1.0\",\"time\":\"2026-01-31T10:00:00.5+01:00\",\"tenant\":\"eu1\",\"n\":7,\"flag\":false}";
    let event = CloudEvent::parse(text).unwrap();
    assert_eq!((&*event.id, &*event.source, &*event.code), ("1", "urn:uuid:p", "t"));
    assert_eq!(event.data.get(), "{\"b\":1.50,\n\"a\": 2}");
    let expected = json!({"time": "2026-01-31T10:00:00.5+01:00", "tenant": "eu1", "n": 7, "flag": false});
    assert_eq!(Value::Object(event.attributes.clone()), expected);
    assert_eq!(event.provider_id(), Some("p"));
    assert_eq!(event.attribute("tenant"), Some("eu1"));
    assert_eq!(event.attribute("n"), None, "it is no text");
    assert_eq!(event.attribute("id"), None, "it has a place of its own");
}

#[test]
fn what_is_no_object_is_no_event() {
    for text in ["", "5", "null", "[]", "\"{}\"", "{", r#"{"id":"1"} 5"#] {
        let faults = CloudEvent::parse(text).expect_err(text);
        assert_eq!(faults, [Fault::new("", "must be an object")], "{text}");
    }
}

#[test]
fn ids_sources_and_types_are_texts_of_a_bounded_length_without_control_characters() {
    for name in ["id", "source", "type"] {
        let path = &*format!("/{name}");
        check_faults(&without(name), &[(path, "is required")]);
        check_faults(&with(name, Value::Null), &[(path, "is required")]);
        check_faults(&with(name, ""), &[(path, "must not be empty")]);
        for wrong in [json!(5), json!(true), json!([]), json!({})] {
            check_faults(&with(name, wrong), &[(path, "must be a string")]);
        }
        check_faults(&with(name, "x".repeat(513)), &[(path, "must have at most 512 bytes")]);
        check_faults(&with(name, "ä".repeat(257)), &[(path, "must have at most 512 bytes")]);
        for control in ["a\u{1}b", "a\nb", "\u{0}", "a\u{7f}", "a\u{85}"] {
            check_faults(&with(name, control), &[(path, "must have no control characters")]);
        }
        parse(&with(name, "x".repeat(512)));
        parse(&with(name, "ä \"quoted\" / ☃"));
    }
}

#[test]
fn a_missing_version_is_taken_for_the_only_one_and_another_is_refused() {
    parse(&without("specversion"));
    parse(&with("specversion", Value::Null));
    assert!(CloudEvent::parse(&valid().to_string().replace(r#""1.0""#, r#""\u0031.0""#)).is_ok());
    for wrong in [json!("0.3"), json!("1"), json!(""), json!(1.0), json!(["1.0"])] {
        check_faults(&with("specversion", wrong), &[("/specversion", "must be `1.0`")]);
    }
}

#[test]
fn only_json_is_taken_as_data() {
    parse(&without("datacontenttype"));
    for fine in ["application/json", "Application/JSON; charset=utf-8", "application/cloudevents+json", "text/x+json"] {
        parse(&with("datacontenttype", fine));
    }
    parse(&with("datacontenttype", Value::Null));
    for wrong in [json!("text/plain"), json!("application/jsonp"), json!(""), json!(5), json!(";application/json")] {
        check_faults(&with("datacontenttype", wrong), &[("/datacontenttype", "must be `application/json`")]);
    }
    check_faults(&with("data_base64", "AA=="), &[("/data_base64", "is not taken; only JSON in `data` is")]);
    parse(&with("data_base64", Value::Null));
}

#[test]
fn data_may_be_anything_and_is_null_when_it_is_absent() {
    assert_eq!(parse(&without("data")).data.get(), "null");
    for data in [Value::Null, json!(0), json!("x"), json!(false), json!([1, {"a": null}]), json!({})] {
        assert_eq!(parse(&with("data", data.clone())).data.get(), data.to_string());
    }
}

#[test]
fn an_extension_is_a_scalar_under_a_name_of_lower_case_letters_and_digits() {
    for value in [json!("text"), json!(""), json!(5), json!(-2.5), json!(true)] {
        assert_eq!(parse(&with("tenant2", value.clone())).attributes["tenant2"], value);
    }
    assert!(parse(&with("tenant", Value::Null)).attributes.is_empty());
    for wrong in [json!([]), json!({}), json!(["a"])] {
        check_faults(&with("tenant", wrong), &[("/tenant", "must be a string, a number or a boolean")]);
    }
    let huge = valid().to_string().replacen('{', r#"{"tenant":1e999,"#, 1);
    let faults = CloudEvent::parse(&huge).expect_err("nobody could read this number");
    assert_eq!(faults, [Fault::new("/tenant", "must be a string, a number or a boolean")]);
    for (name, path) in [("Tenant", "/Tenant"), ("a-b", "/a-b"), ("a/b~", "/a~1b~0"), ("ä", "/ä"), ("", "/")] {
        check_faults(&with(name, "x"), &[(path, "is no attribute name; lower-case letters and digits are")]);
    }
}

#[test]
fn a_time_is_one_of_rfc_3339() {
    for time in ["2026-01-31T10:00:00Z", "2026-01-31t10:00:00.123456789+05:30", "2016-12-31T23:59:60Z"] {
        assert_eq!(parse(&with("time", time)).attribute("time"), Some(time));
    }
    assert!(parse(&with("time", Value::Null)).attributes.is_empty());
    let wrong =
        [json!("yesterday"), json!(""), json!("2026-01-31"), json!("2026-01-31T10:00:00"), json!(1_767_225_600)];
    for wrong in wrong.into_iter().chain([json!(true), json!([]), json!({})]) {
        check_faults(&with("time", wrong), &[("/time", "must be a time in the form of RFC 3339")]);
    }
}

#[test]
fn what_the_service_adds_to_an_event_may_come_back_with_it() {
    let mut event = valid();
    for name in ["eventid", "event_id", "recipientclientid", "recipient_client_id"] {
        event[name] = "x".into();
    }
    event["phidata"] = true.into();
    assert_eq!(parse(&event).attributes.len(), 5);
}

#[test]
fn an_event_has_a_bounded_number_of_extensions() {
    let mut event = valid();
    for number in 0..64 {
        event[format!("x{number}")] = number.into();
    }
    assert_eq!(parse(&event).attributes.len(), 64);
    event["x64"] = 64.into();
    check_faults(&event, &[("", "has too many extension attributes")]);
}

#[test]
fn an_event_is_told_everything_that_is_wrong_with_it() {
    let event = json!({"specversion": "2", "source": 5, "type": "", "datacontenttype": "text/plain",
        "data_base64": "AA==", "time": "noon", "B": 1, "tenant": []});
    let expected = [
        ("/specversion", "must be `1.0`"),
        ("/id", "is required"),
        ("/source", "must be a string"),
        ("/type", "must not be empty"),
        ("/datacontenttype", "must be `application/json`"),
        ("/data_base64", "is not taken; only JSON in `data` is"),
        ("/B", "is no attribute name; lower-case letters and digits are"),
        ("/tenant", "must be a string, a number or a boolean"),
        ("/time", "must be a time in the form of RFC 3339"),
    ];
    check_faults(&event, &expected);
}

#[test]
fn no_fault_shows_a_value() {
    let secret = "PAYLOAD-4711";
    for name in ["specversion", "id", "source", "type", "datacontenttype", "data_base64", "time", "tenant"] {
        for value in [json!([secret]), json!({"a": secret}), json!(format!("{secret}\u{1}{}", "x".repeat(600)))] {
            let faults = CloudEvent::parse(&with(name, value).to_string()).err().unwrap_or_default();
            assert!(name == "tenant" || !faults.is_empty(), "{name}");
            assert!(faults.iter().all(|fault| !fault.to_string().contains(secret)), "{faults:?}");
        }
    }
}

#[test]
fn a_provider_stands_behind_a_source_of_the_one_form_only() {
    for source in ["p", "urn:uuid:", "URN:UUID:p", "https://example.com/urn:uuid:p"] {
        assert_eq!(parse(&with("source", source)).provider_id(), None, "{source}");
    }
    assert_eq!(parse(&with("source", "urn:uuid:urn:uuid:p")).provider_id(), Some("urn:uuid:p"));
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 8.0)),
        "[a-z]{0,3}|2026-01-31T10:00:00Z".prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z/~\"]{0,3}", inner, 0..4).prop_map(Value::from_iter),
        ]
    })
}

/// Members as they are, and such that are not quite it.
fn name() -> impl Strategy<Value = String> {
    let known =
        prop::sample::select(vec!["specversion", "id", "source", "type", "datacontenttype", "data_base64", "time"]);
    prop_oneof![known.prop_map(str::to_owned), "[a-z0-9_]{1,4}", "[A-Z/~-]{0,2}", any::<String>()]
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), cut in 0_usize..200) {
        let _ = CloudEvent::parse(&text);
        let valid = valid().to_string();
        let _ = CloudEvent::parse(valid.get(..cut).unwrap_or(&valid));
    }

    #[test]
    fn what_is_refused_says_where(members in prop::collection::btree_map(name(), value(), 0..5)) {
        let mut event = valid();
        event.as_object_mut().unwrap().extend(members);
        if let Err(faults) = CloudEvent::parse(&event.to_string()) {
            prop_assert!(!faults.is_empty());
            for fault in faults {
                prop_assert!(fault.path.is_empty() || event.pointer(&fault.path).is_some() || fault.message == "is required");
            }
        }
    }

    #[test]
    fn what_is_taken_can_be_delivered_and_is_the_same_again(
        texts in prop::array::uniform3("\\PC{1,40}"),
        data in value(),
        extensions in prop::collection::btree_map("[a-z0-9_]{1,6}", scalar(), 0..5),
    ) {
        let [id, source, code] = texts;
        let mut event = json!({"id": id, "source": source, "type": code, "data": data});
        for (name, value) in extensions {
            if !KNOWN.contains(&&*name) && name != "time" {
                event[name] = value;
            }
        }
        let first = parse(&event);
        let again = CloudEvent::parse(&delivered(&first)).unwrap();
        prop_assert_eq!((&first.id, &first.source, &first.code), (&again.id, &again.source, &again.code));
        prop_assert_eq!(first.data.get(), again.data.get());
        prop_assert_eq!(&first.attributes, &again.attributes);
        prop_assert!(json::check(delivered(&first).as_bytes()).is_ok());
    }

    #[test]
    fn whatever_is_taken_of_wild_members_is_the_same_again(members in prop::collection::btree_map(name(), value(), 0..4)) {
        let mut event = valid();
        event.as_object_mut().unwrap().extend(members);
        if let Ok(first) = CloudEvent::parse(&event.to_string()) {
            let again = CloudEvent::parse(&delivered(&first)).unwrap();
            prop_assert_eq!((&first.id, &first.source, &first.code), (&again.id, &again.source, &again.code));
            prop_assert_eq!(first.data.get(), again.data.get());
            prop_assert_eq!(first.attributes, again.attributes);
        }
    }
}
