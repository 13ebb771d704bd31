use std::sync::Arc;

use jiff::Timestamp;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use crate::TraceContext;

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
    /// Where in a trace the event arose: the extension for distributed tracing.
    pub trace: Option<TraceContext>,
    pub data: Arc<RawValue>,
}

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut event = serializer.serialize_struct("Event", 9)?;
        event.serialize_field("specversion", "1.0")?;
        event.serialize_field("id", &self.id)?;
        event.serialize_field("source", &self.source)?;
        event.serialize_field("type", &self.code)?;
        event.serialize_field("datacontenttype", "application/json")?;
        event.serialize_field("time", &self.time)?;
        if let Some(trace) = &self.trace {
            event.serialize_field(TraceContext::TRACEPARENT, trace.traceparent())?;
        }
        if let Some(tracestate) = self.trace.as_ref().and_then(TraceContext::tracestate) {
            event.serialize_field(TraceContext::TRACESTATE, tracestate)?;
        }
        event.serialize_field("data", &*self.data)?;
        event.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn an_event_is_written_as_a_structured_cloudevent() {
        let event = Event {
            id: "01a200bf-5507-7193-887c-ac776645718e".to_owned(),
            source: "urn:uuid:4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55".to_owned(),
            code: "be-observer.catalog_product_delete".to_owned(),
            time: "2026-11-22T00:54:28.872Z".parse().unwrap(),
            trace: TraceContext::parse(PARENT, Some("vendor=1")),
            data: RawValue::from_string(r#"{"sku":"A"}"#.to_owned()).unwrap().into(),
        };
        assert_eq!(
            serde_json::to_value(event).unwrap(),
            serde_json::json!({
                "specversion": "1.0",
                "id": "01a200bf-5507-7193-887c-ac776645718e",
                "source": "urn:uuid:4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55",
                "type": "be-observer.catalog_product_delete",
                "datacontenttype": "application/json",
                "time": "2026-11-22T00:54:28.872Z",
                "traceparent": PARENT,
                "tracestate": "vendor=1",
                "data": {"sku": "A"},
            })
        );
    }
}
