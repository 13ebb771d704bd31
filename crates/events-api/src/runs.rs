//! Deliveries to actions of this process, told as the requests that they would have been.

use engine::traced;
use store::{Activation, Filter, Registration, StoredEvent, Trace, TraceOutcome};

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
    let address = registration.webhook_url.as_deref().unwrap_or(&run.action);
    traced::delivery(run, registration.id, event, address, &body)
}
