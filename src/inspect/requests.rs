//! The requests that carried a delivery, each with what came back.

use engine::traced;
use serde_json::{Map, Value, json};
use store::{Activation, Listed, Reader, Trace, TraceFilter};

use super::{Registrations, journals};

/// Requests of a registration that are on record at the most, successes and errors.
const ON_RECORD_MAX: usize = 200;

/// Oldest first. What left the process is on record; deliveries to actions of this process are told as the requests that
/// they would have been.
pub(super) fn of(
    reader: &Reader,
    registrations: &Registrations,
    listed: &Listed,
    runs: &[Activation],
) -> anyhow::Result<Value> {
    let number = listed.delivery.registration;
    let mut traces = reader.traces(&TraceFilter { registration: number, outcome: None, limit: ON_RECORD_MAX })?;
    traces.retain(|trace| trace.events.contains(&listed.id));
    traces.reverse();
    if traces.is_empty() {
        traces = as_requests(reader, registrations, listed, runs)?;
    }
    Ok(traces.iter().map(row).collect())
}

fn as_requests(
    reader: &Reader,
    registrations: &Registrations,
    listed: &Listed,
    runs: &[Activation],
) -> anyhow::Result<Vec<Trace>> {
    let registration = registrations.of(listed.delivery.registration);
    let Some((registration, action)) = registration.and_then(|one| Some((one, one.runtime_action.as_deref()?))) else {
        return Ok(Vec::new());
    };
    let Some((event, _)) = reader.event(listed.id)? else { return Ok(Vec::new()) };
    let mut sent = journals::cloud_event(&event);
    sent["recipientclientid"] = registration.client_id.as_str().into();
    let sent = sent.to_string();
    Ok(runs.iter().map(|run| traced::delivery(run, registration.id, &event, action, &sent)).collect())
}

fn row(trace: &Trace) -> Value {
    let (request, response) = (&trace.request, &trace.response);
    json!({
        "id": trace.id.to_string(),
        "at": trace.at.to_string(),
        "duration_ms": trace.duration_ms,
        "request": {
            "method": request.method,
            "url": request.url,
            "headers": headers(&request.headers),
            "body": request.body,
        },
        "response": {
            "status": response.status,
            "in_words": in_words(response.status),
            "headers": headers(&response.headers),
            "body": response.body,
        },
    })
}

/// By name, as the tracing API has them.
fn headers(pairs: &[(String, String)]) -> Value {
    let mut by_name: Map<String, Value> = Map::new();
    for (name, value) in pairs {
        let values = by_name.entry(name.clone()).or_insert_with(|| json!([]));
        if let Value::Array(values) = values {
            values.push(value.as_str().into());
        }
    }
    by_name.into()
}

/// What stands behind the numbers of answers that never came (contract, section 6).
fn in_words(status: u16) -> Option<&'static str> {
    match status {
        601 => Some("the request could not be made"),
        602 => Some("nobody could be reached"),
        604 => Some("no answer came in time"),
        611 => Some("the TLS handshake failed"),
        _ => None,
    }
}
