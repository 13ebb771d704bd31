//! CloudEvents 1.0 in structured JSON, as they come over the wire. An attribute that is `null` is absent.

mod old;
#[cfg(test)]
mod old_tests;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use jiff::Timestamp;
use sdk::{ActivationId, Fault, TraceContext, json};
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use store::StoredEvent;

use crate::SentHeaders;
use crate::trace_context;

pub use old::{Form, Told};

/// Longer ids, sources and types are refused: they are kept for days, and go into headers.
const TEXT_BYTES_MAX: usize = 512;

/// Extension attributes of one event.
const EXTENSIONS_MAX: usize = 64;

/// Beside the attributes of a stored event stand the headers of the request that brought it. No attribute of a CloudEvent
/// can be called so.
const SENT_HEADERS: &str = "adobe-headers";

/// The run of the validator that let the event pass; no name of an attribute either.
const VALIDATOR: &str = "adobe-validator";

/// What every structured CloudEvent has a place of its own for; all other members are extensions.
const KNOWN: [&str; 6] = ["specversion", "id", "source", "type", "datacontenttype", "data"];

/// One event from the wire, checked. Its `data` stays unparsed.
#[derive(Clone, Debug)]
pub struct CloudEvent {
    /// With `source` it names the event for good.
    pub id: String,
    pub source: String,
    /// The event code.
    pub code: String,
    pub data: Box<RawValue>,
    /// `time` and extensions; nothing when there are none.
    pub attributes: Map<String, Value>,
    /// Where in a trace the request stands that brought it. It counts for an event that says nothing itself.
    pub brought_in: Option<TraceContext>,
}

impl CloudEvent {
    /// Reads a document that [`json::check`] has let through.
    ///
    /// # Errors
    /// Every attribute that is missing or wrong, with its pointer.
    pub fn parse(document: &str) -> Result<Self, Vec<Fault>> {
        let Ok(mut members) = serde_json::from_str::<BTreeMap<String, &RawValue>>(document) else {
            return Err(vec![Fault::new("", "must be an object")]);
        };
        members.retain(|_, value| value.get() != "null");
        let mut reader = Attributes { faults: Vec::new() };
        if members.get("specversion").is_some_and(|version| text(version).as_deref() != Some("1.0")) {
            reader.fault("/specversion", "must be `1.0`");
        }
        let id = reader.text("id", members.get("id").copied());
        let source = reader.text("source", members.get("source").copied());
        let code = reader.text("type", members.get("type").copied());
        if let Some(kind) = members.get("datacontenttype") {
            reader.content_type(kind);
        }
        if members.contains_key("data_base64") {
            reader.fault("/data_base64", "is not taken; only JSON in `data` is");
        }
        let others =
            members.iter().filter(|(name, _)| !KNOWN.contains(&name.as_str()) && name.as_str() != "data_base64");
        let attributes: Map<String, Value> =
            others.filter_map(|(name, value)| Some((name.clone(), reader.extension(name, value)?))).collect();
        if attributes.len() > EXTENSIONS_MAX {
            reader.fault("", "has too many extension attributes");
        }
        if !reader.faults.is_empty() {
            return Err(reader.faults);
        }
        let data = members.get("data").map_or_else(|| RawValue::NULL.to_owned(), |data| (*data).to_owned());
        Ok(Self { id, source, code, data, attributes, brought_in: None })
    }

    /// The provider behind a source of the form `urn:uuid:<provider id>`.
    pub fn provider_id(&self) -> Option<&str> {
        self.source.strip_prefix("urn:uuid:").filter(|id| !id.is_empty())
    }

    /// Puts the event into a trace, unless it has too many attributes already.
    pub(crate) fn go_on_in(&mut self, context: &TraceContext) {
        if self.attributes.len() + 2 <= EXTENSIONS_MAX {
            self.attributes.remove(TraceContext::TRACESTATE);
            self.attributes.extend(trace_context::attributes(context));
        }
    }

    /// Keeps the headers of the request that brought the event.
    pub(crate) fn sent_with(mut self, headers: &SentHeaders) -> Self {
        if !headers.is_empty() {
            let headers = headers.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str())));
            self.attributes.insert(SENT_HEADERS.to_owned(), Value::Object(headers.collect()));
        }
        self
    }

    /// Keeps which run of the validator let the event pass.
    #[must_use]
    pub fn validated_by(mut self, validator: ActivationId) -> Self {
        self.attributes.insert(VALIDATOR.to_owned(), validator.to_string().into());
        self
    }

    /// An attribute that is a text.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.get(name)?.as_str()
    }
}

/// The headers that a stored event keeps of the request that brought it.
pub(crate) fn sent_with(attributes: &str) -> Option<BTreeMap<String, String>> {
    if !attributes.contains(SENT_HEADERS) {
        return None;
    }
    let mut members: Map<String, Value> = serde_json::from_str(attributes).ok()?;
    serde_json::from_value(members.remove(SENT_HEADERS)?).ok()
}

/// The run of the validator that let a stored event pass, when it came by webhook.
pub fn validator_of(event: &StoredEvent) -> Option<ActivationId> {
    let attributes = event.attributes.as_deref().filter(|attributes| attributes.contains(VALIDATOR))?;
    let members: Map<String, Value> = serde_json::from_str(attributes).ok()?;
    members.get(VALIDATOR)?.as_str()?.parse().ok()
}

struct Attributes {
    faults: Vec<Fault>,
}

impl Attributes {
    fn fault(&mut self, path: impl Into<String>, message: impl Into<String>) {
        self.faults.push(Fault::new(path, message));
    }

    /// A required attribute; empty when it is wrong.
    fn text(&mut self, name: &str, value: Option<&RawValue>) -> String {
        let path = json::member("", name);
        let Some(value) = value else {
            self.fault(path, "is required");
            return String::new();
        };
        match text(value) {
            Some(text) if text.is_empty() => self.fault(path, "must not be empty"),
            Some(text) if text.len() > TEXT_BYTES_MAX => {
                self.fault(path, format!("must have at most {TEXT_BYTES_MAX} bytes"));
            }
            Some(text) if text.chars().any(char::is_control) => self.fault(path, "must have no control characters"),
            Some(text) => return text,
            None => self.fault(path, "must be a string"),
        }
        String::new()
    }

    fn content_type(&mut self, value: &RawValue) {
        let text = text(value).unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        if essence != "application/json" && !essence.ends_with("+json") {
            self.fault("/datacontenttype", "must be `application/json`");
        }
    }

    /// CloudEvents, section 3: lower-case letters and digits; values are texts, numbers or booleans. The service's own
    /// members, `event_id` and the like, come back with events that it delivered.
    fn extension(&mut self, name: &str, value: &RawValue) -> Option<Value> {
        let path = json::member("", name);
        let is_name = name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if name.is_empty() || !is_name {
            self.fault(path, "is no attribute name; lower-case letters and digits are");
            return None;
        }
        let fault = match serde_json::from_str::<Value>(value.get()) {
            Ok(Value::String(text)) if name == "time" && text.parse::<Timestamp>().is_ok() => {
                return Some(Value::String(text));
            }
            _ if name == "time" => "must be a time in the form of RFC 3339",
            Ok(value @ (Value::String(_) | Value::Bool(_) | Value::Number(_))) => return Some(value),
            Ok(Value::Null | Value::Array(_) | Value::Object(_)) | Err(_) => "must be a string, a number or a boolean",
        };
        self.fault(path, fault);
        None
    }
}

fn text(value: &RawValue) -> Option<String> {
    serde_json::from_str(value.get()).ok()
}
