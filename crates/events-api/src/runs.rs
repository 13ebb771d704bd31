//! Deliveries to actions of this process, told as the requests that they would have been.

use engine::traced;
use serde_json::Value;
use store::{Activation, Filter, Registration, StoredEvent, Trace, TraceOutcome, TracedRequest, TracedResponse};

use crate::problem::Problem;
use crate::{Service, delivered};

/// Runs looked at for one answer; others of the action may be among them, started by hand or for other registrations.
const RUNS_MAX: usize = 400;

/// The newest runs of a registration's action on events of this registration.
pub(crate) async fn of(
    service: &Service,
    registration: &Registration,
    action: &str,
    outcome: Option<TraceOutcome>,
    limit: usize,
) -> Result<Vec<(Trace, StoredEvent)>, Problem> {
    let filter = Filter { limit: RUNS_MAX, action: Some(action.to_owned()), ..Filter::default() };
    let mut found = Vec::new();
    for run in service.0.store.activations(filter).await? {
        let is_delivery = run.action == action && run.cause.is_none() && run.attempt > 0;
        let Some(id) = run.event.filter(|_| is_delivery && found.len() < limit) else { continue };
        let Some((event, deliveries)) = service.0.store.event(id).await? else { continue };
        if !deliveries.iter().any(|delivery| delivery.registration == registration.id) {
            continue;
        }
        let trace = trace(service, registration, &run, &event);
        let is_wanted = |outcome| trace.is_success() == (outcome == TraceOutcome::Success);
        if outcome.is_none_or(is_wanted) {
            found.push((trace, event));
        }
    }
    Ok(found)
}

fn trace(service: &Service, registration: &Registration, run: &Activation, event: &StoredEvent) -> Trace {
    let mut body = String::new();
    delivered::write(&mut body, event, &registration.client_id, &service.0.options);
    let mut headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("x-adobe-event-id".to_owned(), event.id.to_string()),
        ("x-adobe-event-code".to_owned(), event.code.to_string()),
    ];
    if run.attempt > 1 {
        headers.push(("x-adobe-retry-count".to_owned(), (run.attempt - 1).to_string()));
    }
    let url = registration.webhook_url.as_deref().map_or_else(|| run.action.clone(), traced::url);
    Trace {
        id: run.id,
        registration: registration.id,
        events: vec![event.id],
        at: run.start,
        duration_ms: u64::try_from(run.end.duration_since(run.start).as_millis()).unwrap_or(0),
        request: TracedRequest { method: "POST".to_owned(), url, headers, body: traced::body(&body) },
        response: response(run),
    }
}

/// The action's own answer; its activation is where to look further.
fn response(run: &Activation) -> TracedResponse {
    let result: Value = serde_json::from_str(&run.result).unwrap_or_default();
    let answer = result.get("error").filter(|error| error.is_object()).unwrap_or(&result);
    let status = answer.get("statusCode").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let headers = vec![("x-openwhisk-activation-id".to_owned(), run.id.simple().to_string())];
    let body = answer.get("body").unwrap_or(answer).to_string();
    TracedResponse { status: status.unwrap_or(500), headers, body }
}
