//! An event as receivers get it, by webhook and in journals alike (contract, section 4.3).

use serde_json::{Map, Value};
use store::StoredEvent;

use crate::Options;

/// Names of the service's own; an event that brings one of them along gets ours.
const OURS: [&str; 4] = ["eventid", "event_id", "recipientclientid", "recipient_client_id"];

/// Writes an event as a structured CloudEvent for one client. Its value stays the text that came.
pub(crate) fn write(to: &mut String, event: &StoredEvent, client_id: &str, options: &Options) {
    let mut attributes = attributes(event);
    let time = attributes.remove("time").and_then(|time| Some(time.as_str()?.to_owned()));
    let time = time.unwrap_or_else(|| event.at.to_string());
    let event_id = event.id.to_string();
    let mut members = vec![
        ("specversion", "1.0".to_owned()),
        ("id", event.event_id()),
        ("source", engine::source(event)),
        ("type", event.code.to_string()),
        ("datacontenttype", "application/json".to_owned()),
        ("time", time),
        ("eventid", event_id.clone()),
        ("recipientclientid", client_id.to_owned()),
    ];
    if options.sends_deprecated_members {
        members.push(("event_id", event_id));
        members.push(("recipient_client_id", client_id.to_owned()));
    }
    to.push('{');
    for (name, text) in members {
        member(to, name, &text.into());
    }
    for (name, value) in attributes.iter().filter(|(name, _)| !OURS.contains(&name.as_str())) {
        member(to, name, value);
    }
    to.push_str("\"data\":");
    to.push_str(&event.body);
    to.push('}');
}

fn attributes(event: &StoredEvent) -> Map<String, Value> {
    event.attributes.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

fn member(to: &mut String, name: &str, value: &Value) {
    to.push_str(&Value::from(name).to_string());
    to.push(':');
    to.push_str(&value.to_string());
    to.push(',');
}
