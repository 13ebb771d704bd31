//! Events as Adobe delivered them before CloudEvents (contract, section 4.3): an envelope around an event in XDM's form, or
//! that alone. Both become CloudEvents here.

use std::collections::BTreeMap;

use jiff::Timestamp;
use sdk::Fault;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::{Attributes, CloudEvent, text};

/// What the headers of a delivery say of its event; only the old forms need it.
#[derive(Clone, Debug, Default)]
pub struct Told {
    /// `x-adobe-event-code`.
    pub code: Option<String>,
}

/// How a delivered event is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    CloudEvent,
    /// `{"event_id", "event", "recipient_client_id"}`.
    Envelope,
    /// The bare event in XDM's form. It names no recipient.
    Bare,
}

/// Where events of the old forms come from: they name no source. What a header says of their provider does not count,
/// because an event is the same whatever request brings it.
const SOURCE: &str = "urn:adobe-io:events";

const PUBLISHED: &str = "activitystreams:published";

impl CloudEvent {
    /// Reads a document of a delivery, in whichever form, that [`sdk::json::check`] has let through.
    ///
    /// # Errors
    /// Every member that is missing or wrong, with its pointer.
    pub fn parse_delivered(document: &str, told: &Told) -> Result<(Self, Form), Vec<Fault>> {
        let members: BTreeMap<String, &RawValue> = serde_json::from_str(document).unwrap_or_default();
        let has = |name: &str| members.get(name).is_some_and(|member| member.get() != "null");
        if has("specversion") || has("type") {
            return Self::parse(document).map(|event| (event, Form::CloudEvent));
        }
        if has("event") {
            return envelope(&members, told).map(|event| (event, Form::Envelope));
        }
        if has("@id") || has("@type") {
            return bare(document, &members, told).map(|event| (event, Form::Bare));
        }
        Self::parse(document).map(|event| (event, Form::CloudEvent))
    }

    /// The client that the event is for; the old name counts where the new one is missing.
    pub fn recipient(&self) -> Option<&str> {
        self.attribute("recipientclientid").or_else(|| self.attribute("recipient_client_id"))
    }
}

fn envelope(members: &BTreeMap<String, &RawValue>, told: &Told) -> Result<CloudEvent, Vec<Fault>> {
    let event = members.get("event").map_or(RawValue::NULL, |event| event);
    let inner: BTreeMap<String, &RawValue> = serde_json::from_str(event.get()).unwrap_or_default();
    let mut reader = Attributes { faults: Vec::new() };
    let id = reader.text("event_id", members.get("event_id").copied());
    let code = reader.code(told, &inner, "/event");
    let mut attributes = time(&inner);
    if let Some(client) = members.get("recipient_client_id").and_then(|client| text(client)) {
        attributes.insert("recipient_client_id".to_owned(), client.into());
    }
    // Commerce puts its own envelope in there; XDM has no such member.
    let is_xdm = inner.contains_key("@id") || inner.contains_key("@type");
    let data = inner.get("data").filter(|_| !is_xdm).map_or(event, |data| data);
    finished(
        reader,
        CloudEvent { id, source: SOURCE.to_owned(), code, data: data.to_owned(), attributes, brought_in: None },
    )
}

fn bare(document: &str, members: &BTreeMap<String, &RawValue>, told: &Told) -> Result<CloudEvent, Vec<Fault>> {
    let mut reader = Attributes { faults: Vec::new() };
    let id = reader.text("@id", members.get("@id").copied());
    let code = reader.code(told, members, "");
    let Ok(data) = RawValue::from_string(document.trim().to_owned()) else {
        return Err(vec![Fault::new("", "must be an object")]);
    };
    let event = CloudEvent { id, source: SOURCE.to_owned(), code, data, attributes: time(members), brought_in: None };
    finished(reader, event)
}

fn finished(reader: Attributes, event: CloudEvent) -> Result<CloudEvent, Vec<Fault>> {
    if reader.faults.is_empty() { Ok(event) } else { Err(reader.faults) }
}

impl Attributes {
    /// The event code stands in a header; XDM's own type takes its place where there is none.
    fn code(&mut self, told: &Told, event: &BTreeMap<String, &RawValue>, prefix: &str) -> String {
        if let Some(code) = &told.code {
            return code.clone();
        }
        if event.get("@type").is_none_or(|kind| kind.get() == "null") {
            self.fault(format!("{prefix}/@type"), "is required where no header `x-adobe-event-code` names the event");
            return String::new();
        }
        self.text("@type", event.get("@type").copied())
    }
}

fn time(event: &BTreeMap<String, &RawValue>) -> Map<String, Value> {
    let published = event.get(PUBLISHED).and_then(|published| text(published));
    let published = published.filter(|published| published.parse::<Timestamp>().is_ok());
    published.map(|published| ("time".to_owned(), published.into())).into_iter().collect()
}
