use std::sync::Arc;

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// One event as actions see it: a CloudEvent 1.0 whose data stays unparsed until a handler decodes it.
///
/// Serialises as structured CloudEvents JSON.
#[derive(Clone, Debug)]
pub struct Event {
    /// The same on every attempt; `source` and `id` together name the event for good.
    pub id: String,
    /// `urn:uuid:<provider id>`.
    pub source: String,
    /// The event code, CloudEvents' `type`.
    pub code: String,
    /// When the event was accepted.
    pub time: Timestamp,
    pub data: Arc<RawValue>,
}

impl Event {
    /// The same event with other data, as a consumer hands a part of it to a handler.
    #[must_use]
    pub fn with_data(&self, data: Arc<RawValue>) -> Self {
        Self { data, ..self.clone() }
    }
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_struct("Event", 7)?;
        event.serialize_field("specversion", "1.0")?;
        event.serialize_field("id", &self.id)?;
        event.serialize_field("source", &self.source)?;
        event.serialize_field("type", &self.code)?;
        event.serialize_field("datacontenttype", "application/json")?;
        event.serialize_field("time", &self.time)?;
        event.serialize_field("data", &*self.data)?;
        event.end()
    }
}
