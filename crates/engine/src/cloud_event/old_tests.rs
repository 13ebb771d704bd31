use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Form, Told};
use crate::CloudEvent;

fn told(code: &str) -> Told {
    Told { code: Some(code.to_owned()) }
}

fn parse(document: &Value, told: &Told) -> (CloudEvent, Form) {
    CloudEvent::parse_delivered(&document.to_string(), told)
        .unwrap_or_else(|faults| panic!("{document} is taken: {faults:?}"))
}

fn check_faults(document: &Value, expected: &[(&str, &str)]) {
    let faults = CloudEvent::parse_delivered(&document.to_string(), &Told::default()).expect_err("this is refused");
    let faults: Vec<(&str, &str)> = faults.iter().map(|fault| (&*fault.path, &*fault.message)).collect();
    assert_eq!(faults, expected, "{document}");
}

/// An asset in the form of XDM.
fn xdm() -> Value {
    json!({"@id": "x-1", "@type": "xdmCreated", "xdmEventEnvelope:objectType": "xdmAsset",
        "activitystreams:published": "2016-07-16T19:20:30+01:00",
        "activitystreams:object": {"@type": "xdmAsset", "xdmAsset:format": "image/png"}})
}

#[test]
fn an_envelope_is_the_event_in_it() {
    let envelope = json!({"event_id": "e-1", "event": xdm(), "recipient_client_id": "client-1"});
    let (event, form) = parse(&envelope, &told("asset_created"));
    assert_eq!((&*event.id, &*event.code, form), ("e-1", "asset_created", Form::Envelope));
    assert_eq!(event.source, "urn:adobe-io:events");
    assert_eq!((event.recipient(), event.attribute("time")), (Some("client-1"), Some("2016-07-16T19:20:30+01:00")));
    assert_eq!(serde_json::from_str::<Value>(event.data.get()).unwrap(), xdm());
    assert_eq!(parse(&envelope, &Told::default()).0.code, "xdmCreated");
}

#[test]
fn an_envelope_of_commerce_has_the_data_that_a_cloudevent_has() {
    let data = json!({"key": "k", "value": {"sku": "A"}, "_metadata": {"storeId": "1"}});
    let envelope = json!({"event_id": "e-1", "event": {"data": data}, "recipient_client_id": "client-1"});
    let (event, _) = parse(&envelope, &told("com.adobe.commerce.observer.catalog_product_save_commit_after"));
    assert_eq!(serde_json::from_str::<Value>(event.data.get()).unwrap(), data);
}

#[test]
fn a_bare_event_is_its_own_data() {
    let (event, form) = parse(&xdm(), &told("asset_created"));
    assert_eq!((&*event.id, &*event.code, form, event.recipient()), ("x-1", "asset_created", Form::Bare, None));
    assert_eq!(serde_json::from_str::<Value>(event.data.get()).unwrap(), xdm());
    assert_eq!(parse(&xdm(), &Told::default()).0.code, "xdmCreated");
}

#[test]
fn a_cloudevent_is_read_as_ever_whatever_the_headers_say() {
    let document = json!({"specversion": "1.0", "id": "1", "source": "s", "type": "t", "recipient_client_id": "old",
        "recipientclientid": "new", "data": 5});
    let (event, form) = parse(&document, &told("another"));
    assert_eq!((&*event.code, event.recipient(), form), ("t", Some("new"), Form::CloudEvent));
}

#[test]
fn what_an_old_event_lacks_is_named() {
    check_faults(
        &json!({"event": {}}),
        &[
            ("/event_id", "is required"),
            ("/event/@type", "is required where no header `x-adobe-event-code` names the event"),
        ],
    );
    check_faults(&json!({"event_id": 5, "event": {"@type": "t"}}), &[("/event_id", "must be a string")]);
    check_faults(&json!({"@type": "t"}), &[("/@id", "is required")]);
    check_faults(
        &json!({"@id": "1"}),
        &[("/@type", "is required where no header `x-adobe-event-code` names the event")],
    );
    check_faults(&json!({}), &[("/id", "is required"), ("/source", "is required"), ("/type", "is required")]);
    check_faults(&json!([]), &[("", "must be an object")]);
}

proptest! {
    #[test]
    fn no_document_is_too_strange(
        members in proptest::collection::btree_map(
            prop_oneof![Just("event"), Just("event_id"), Just("@id"), Just("@type"), Just("type"), Just("specversion"),
                Just("activitystreams:published"), Just("recipient_client_id"), Just("data")],
            prop_oneof![Just(json!(null)), Just(json!({"@type": "t", "data": {}})), Just(json!({"data": 5})),
                Just(json!([1])), ".{0,8}".prop_map(Value::from), Just(json!(1.5))],
            0..6,
        ),
    ) {
        let document = json!(members).to_string();
        if let Ok((event, _)) = CloudEvent::parse_delivered(&document, &Told::default()) {
            prop_assert!(!event.id.is_empty() && !event.code.is_empty() && !event.source.is_empty());
            prop_assert!(serde_json::from_str::<Value>(event.data.get()).is_ok());
        }
    }
}
