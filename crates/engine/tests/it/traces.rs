//! Where in a trace an event stands, when nobody exports traces: kept with it, and handed on as it came.

use engine::CloudEvent;
use sdk::{Publication, TraceContext};
use serde_json::{Value, json};
use store::StoredEvent;

use crate::service::{
    CHANGED, CUSTOM, Service, Setup, cloud_event, handled, parse, publication, registration, seen_by,
};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const OTHER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00";

fn context(traceparent: &str, tracestate: Option<&str>) -> Option<TraceContext> {
    TraceContext::parse(traceparent, tracestate)
}

fn attributes(event: &StoredEvent) -> Value {
    event.attributes.as_deref().map(|text| serde_json::from_str(text).unwrap()).unwrap_or_default()
}

/// What is kept with an event that brings these attributes, and what its action sees.
async fn check(own: Value, brought_in: Option<TraceContext>, kept: Value, seen: Option<TraceContext>) {
    let registrations = vec![seen_by(registration("Seen", &[CUSTOM]))];
    let service = Service::with(Setup { registrations, ..Setup::default() }).await;
    let mut event = cloud_event(CUSTOM, "1", &json!({"sku": "A"}));
    event.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    let event = CloudEvent { brought_in, ..parse(&event) };
    service.arrivals.publish(event).await.unwrap();
    service.settle().await;
    let journal = service.journal(service.number("Seen")).await;
    assert_eq!(attributes(&journal[0]), kept, "{own}");
    assert_eq!(service.seen.all()[0].trace, seen, "{own}");
}

#[tokio::test]
async fn an_event_from_the_wire_stays_in_the_trace_that_it_names() {
    let own = json!({"traceparent": PARENT, "tracestate": "a=1"});
    check(own.clone(), None, own.clone(), context(PARENT, Some("a=1"))).await;
    check(own.clone(), context(OTHER, Some("b=2")), own, context(PARENT, Some("a=1"))).await;
}

#[tokio::test]
async fn an_event_that_names_no_trace_belongs_to_the_request_that_brought_it() {
    check(json!({}), None, Value::Null, None).await;
    let brought = json!({"traceparent": OTHER, "tracestate": "b=2"});
    check(json!({}), context(OTHER, Some("b=2")), brought, context(OTHER, Some("b=2"))).await;
    let malformed = json!({"traceparent": "nonsense", "tracestate": "a=1", "tenant": "eu1"});
    check(malformed.clone(), None, malformed.clone(), None).await;
    check(malformed, context(OTHER, None), json!({"traceparent": OTHER, "tenant": "eu1"}), context(OTHER, None)).await;
    check(json!({"traceparent": 7}), None, json!({"traceparent": 7}), None).await;
}

#[tokio::test]
async fn an_ingested_event_keeps_the_trace_of_its_request() {
    let registrations = vec![handled(registration("Products", &[CHANGED]))];
    let service = Service::with(Setup { registrations, ..Setup::default() }).await;
    for (uid, trace) in [("1", context(PARENT, Some("a=1"))), ("2", context(PARENT, None)), ("3", None)] {
        let publication = Publication { trace, ..publication(Some(uid), "A") };
        sdk::Publisher::publish(&service.intake, publication).await.unwrap();
    }
    let journal = service.journal(service.number("Products")).await;
    let kept: Vec<Value> = journal.iter().map(attributes).collect();
    assert_eq!(
        kept,
        [json!({"traceparent": PARENT, "tracestate": "a=1"}), json!({"traceparent": PARENT}), Value::Null]
    );
    assert_eq!(journal[2].attributes, None);
}
