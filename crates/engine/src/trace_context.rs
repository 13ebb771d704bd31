//! Spans of the engine, and how a trace outlives a process: an event keeps its place in CloudEvents' extension for
//! distributed tracing, `traceparent` and `tracestate` among its attributes.

use std::fmt::Display;

use sdk::spans::{self, TARGET};
use sdk::{ActivationId, Answer, TraceContext};
use serde_json::{Map, Value};
use store::{ClaimedDelivery, Outcome, StoredEvent};
use tracing::field::{Empty, display};
use tracing::{Span, info_span};

use crate::carrying::PUBLISH_ACTION;
use crate::cloud_event::CloudEvent;
use crate::routes::{PUBLISH, Routes};

/// What OpenTelemetry calls the system that passes messages on.
const SYSTEM: &str = "commerce_kit";

const ERROR: &str = "ERROR";

/// The context among the attributes of a CloudEvent.
pub(crate) fn among(attributes: &Map<String, Value>) -> Option<TraceContext> {
    let text = |name: &str| attributes.get(name).and_then(Value::as_str);
    TraceContext::parse(text(TraceContext::TRACEPARENT)?, text(TraceContext::TRACESTATE))
}

/// The context that a stored event carries.
pub fn kept_with(event: &StoredEvent) -> Option<TraceContext> {
    let attributes = event.attributes.as_deref().filter(|text| text.contains(TraceContext::TRACEPARENT))?;
    among(&serde_json::from_str(attributes).ok()?)
}

/// The context as attributes of a CloudEvent.
pub(crate) fn attributes(context: &TraceContext) -> impl Iterator<Item = (String, Value)> {
    let texts =
        [(TraceContext::TRACEPARENT, Some(context.traceparent())), (TraceContext::TRACESTATE, context.tracestate())];
    texts.into_iter().filter_map(|(name, text)| Some((name.to_owned(), Value::from(text?))))
}

/// An event is being stored, for whoever registered for it.
pub(crate) fn storing(id: impl Display, code: &str) -> Span {
    info_span!(
        target: TARGET,
        "publish",
        otel.name = %format_args!("publish {code}"),
        otel.kind = "producer",
        messaging.system = SYSTEM,
        messaging.operation.name = "publish",
        messaging.operation.type = "send",
        messaging.destination.name = code,
        messaging.message.id = %id,
        cloudevents.event_id = %id,
        cloudevents.event_type = code,
    )
}

/// An event from the wire is being stored. It goes on in the trace that it names itself; one that names none belongs
/// to the request that brought it.
pub(crate) fn arriving(mut event: CloudEvent) -> (CloudEvent, Span) {
    let span = storing(&event.id, &event.code);
    match among(&event.attributes) {
        Some(own) => spans::adopt(&span, Some(&own)),
        None => {
            if let Some(context) = spans::onward(&span, event.brought_in.as_ref()) {
                event.go_on_in(&context);
            }
        }
    }
    (event, span)
}

/// One attempt at deliveries that go together; usually it is one.
pub(crate) fn attempt(deliveries: &[ClaimedDelivery], routes: &Routes) -> Span {
    let span = info_span!(
        target: TARGET,
        "process",
        otel.name = Empty,
        otel.kind = "consumer",
        otel.status_code = Empty,
        messaging.system = SYSTEM,
        messaging.operation.name = "process",
        messaging.operation.type = "process",
        messaging.destination.name = Empty,
        messaging.destination.subscription.name = Empty,
        messaging.message.id = Empty,
        messaging.batch.message_count = Empty,
        cloudevents.event_id = Empty,
        cloudevents.event_type = Empty,
        kit.attempt = Empty,
        kit.outcome = Empty,
    );
    if !span.is_disabled() {
        describe(&span, deliveries, routes);
    }
    span
}

/// An attempt at one event is part of the event's trace, however late it comes; one at several only refers to theirs.
fn describe(span: &Span, deliveries: &[ClaimedDelivery], routes: &Routes) {
    let Some(first) = deliveries.first() else { return };
    let registration = match first.registration {
        PUBLISH => PUBLISH_ACTION,
        number => routes.target(number).map_or("unknown", |target| &*target.name),
    };
    span.record("messaging.destination.subscription.name", registration);
    span.record("kit.attempt", deliveries.iter().map(|delivery| delivery.attempt).max());
    if deliveries.len() == 1 {
        let (id, code) = (first.event.event_id(), &*first.event.code);
        span.record("otel.name", display(format_args!("process {code}")));
        span.record("messaging.destination.name", code).record("messaging.message.id", &*id);
        span.record("cloudevents.event_type", code).record("cloudevents.event_id", &*id);
        spans::adopt(span, kept_with(&first.event).as_ref());
        return;
    }
    span.record("otel.name", display(format_args!("process {registration}")));
    span.record("messaging.batch.message_count", deliveries.len());
    for context in deliveries.iter().filter_map(|delivery| kept_with(&delivery.event)) {
        spans::link(span, &context);
    }
}

/// The attempt that runs now is over.
pub(crate) fn ended(outcome: Outcome) {
    let (word, is_failure) = match outcome {
        Outcome::Done => ("done", false),
        Outcome::Skipped => ("skipped", false),
        Outcome::Suppressed => ("suppressed", false),
        Outcome::Refused(_) => ("refused", true),
        Outcome::Parked(_) => ("parked", true),
        Outcome::RetryAt(_) => ("retry", true),
        Outcome::Unknown(_) => ("unknown", true),
    };
    let span = Span::current();
    span.record("kit.outcome", word);
    if is_failure {
        span.record("otel.status_code", ERROR);
    }
}

/// One run of an action.
pub(crate) fn action(name: &str, activation: ActivationId) -> Span {
    info_span!(
        target: TARGET,
        "action",
        otel.name = %format_args!("run {name}"),
        otel.status_code = Empty,
        kit.action = name,
        kit.status = Empty,
        faas.invocation_id = %activation,
    )
}

/// The run of an action on an event is over.
pub(crate) fn answered(span: &Span, answer: &Answer) {
    span.record("kit.status", answer.status);
    if !answer.fate.is_success() {
        span.record("otel.status_code", ERROR);
    }
}

/// The run of a web action is over.
pub(crate) fn responded(span: &Span, status: u16) {
    span.record("kit.status", status);
    if status >= 500 {
        span.record("otel.status_code", ERROR);
    }
}
