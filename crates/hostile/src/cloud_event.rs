use engine::{CloudEvent, Told};
use sdk::json;
use serde_json::{Value, json};

/// Any strict document is a CloudEvent, or one of Adobe's older forms, or is refused with faults that name a place, without
/// a panic. What was read can be read again.
pub fn cloud_event(document: &[u8]) {
    let Ok(text) = json::check(document) else { return };
    // Adobe's older forms: what was taken has names and data.
    if let Ok((event, _)) = CloudEvent::parse_delivered(text, &Told::default()) {
        assert!(!event.id.is_empty() && !event.source.is_empty() && !event.code.is_empty());
        assert!(serde_json::from_str::<Value>(event.data.get()).is_ok());
    }
    let event = match CloudEvent::parse(text) {
        Ok(event) => event,
        Err(faults) => {
            assert!(!faults.is_empty());
            assert!(faults.iter().all(|fault| fault.path.is_empty() || fault.path.starts_with('/')));
            return;
        }
    };
    assert!(!event.id.is_empty() && !event.source.is_empty() && !event.code.is_empty());
    let mut members = event.attributes.clone();
    let texts = [("id", &event.id), ("source", &event.source), ("type", &event.code)];
    members.extend(texts.map(|(name, text)| (name.to_owned(), json!(text))));
    let data: Value = serde_json::from_str(event.data.get()).expect("the data of an event is JSON");
    members.insert("data".to_owned(), data);
    let again = CloudEvent::parse(&Value::Object(members).to_string()).expect("what was read can be read again");
    assert_eq!((again.id, again.source, again.code), (event.id, event.source, event.code));
    // Fractions may come back with another last digit.
    assert!(again.attributes.keys().eq(event.attributes.keys()));
}
