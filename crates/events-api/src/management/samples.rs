use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use engine::{ArrivalError, CloudEvent, Filter};
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use store::{EventMetadata, Registration, Verification};
use uuid::Uuid;

use crate::Service;
use crate::management::call::{Call, Names, OfEvent};
use crate::management::hal::{Places, link, no_content};
use crate::management::input::Optional;
use crate::management::{catalogue, metadata, registrations};
use crate::problem::Problem;

pub(super) fn routes() -> Router<Service> {
    const SAMPLE: &str = "/events/providers/{provider}/eventmetadata/{code}/sample_event";
    Router::new().route(SAMPLE, get(read)).route(&format!("{SAMPLE}/{{registration}}"), post(send))
}

async fn read(State(service): State<Service>, call: Call, Names(path): Names<OfEvent>) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    match view(&service, metadata::find(&catalogue, &path)?) {
        Some(sample) => Ok(call.media.ok(sample)),
        None => Err(no_sample()),
    }
}

fn no_sample() -> Problem {
    Problem::not_found("this event has no sample; `sample_event_template` of its metadata brings one")
}

/// The sample as answers show it, when there is one.
pub(super) fn view(service: &Service, metadata: &EventMetadata) -> Option<Value> {
    let template = metadata.sample_event_template.as_ref()?;
    let place = Places::new(service).sample(&metadata.provider_id, &metadata.event_code);
    Some(json!({"format": "cloud_events", "sample_payload": template, "_links": {"self": link(place)}}))
}

/// Path names of a test delivery.
#[derive(Debug, Deserialize)]
struct Test {
    provider: String,
    code: String,
    registration: String,
}

/// `POST .../sample_event/{registration}`: one event for one registration, however many others want its kind.
async fn send(
    State(service): State<Service>,
    call: Call,
    Names(Test { provider, code, registration }): Names<Test>,
    Optional(given): Optional,
) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    let path = OfEvent { provider, code };
    let metadata = metadata::find(&catalogue, &path)?;
    let registration = registrations::find(&catalogue, &registration)?;
    let template = || RawValue::from_string(metadata.sample_event_template.clone()?).ok();
    let data = given.or_else(template).ok_or_else(no_sample)?;
    let id = Uuid::new_v4().to_string();
    if !is_posted_to(registration, &path) || !passes(registration, &path, &data) {
        return Ok(no_content());
    }
    let source = source(&path);
    let event = CloudEvent { id: id.clone(), source, code: path.code, data, attributes: Map::new(), brought_in: None };
    match service.0.arrivals.receive(registration.id, event).await {
        Ok(_) => Ok(call.media.ok(json!({"event_id": id, "registration_id": registration.registration_id}))),
        Err(ArrivalError::Unavailable { .. }) => {
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the event cannot be stored now"))
        }
        Err(error @ (ArrivalError::Invalid(_) | ArrivalError::Conflict)) => {
            Err(Problem::bad_request(error.to_string()))
        }
    }
}

/// Events of this kind are delivered to the registration, or lie in its journal.
fn is_posted_to(registration: &Registration, path: &OfEvent) -> bool {
    let is_interested = registration
        .events_of_interest
        .iter()
        .any(|event| event.provider_id == path.provider && event.event_code == path.code);
    let is_there = registration.enabled && registration.verification == Verification::Verified;
    is_interested && is_there
}

/// The registration's filter lets the event through. What cannot be read lets nothing through, as in deliveries.
fn passes(registration: &Registration, path: &OfEvent, data: &RawValue) -> bool {
    let Some(filter) = registration.subscriber_filters.first() else { return true };
    let data = serde_json::from_str(data.get());
    match (Filter::parse(&filter.subscriber_filter), data) {
        (Ok(filter), Ok(data)) => filter.matches(&as_event(path, &data)),
        (Err(_), _) | (_, Err(_)) => false,
    }
}

/// The sample's data.
pub(super) fn template(metadata: &EventMetadata) -> Option<Value> {
    serde_json::from_str(metadata.sample_event_template.as_ref()?).ok()
}

fn source(path: &OfEvent) -> String {
    format!("urn:uuid:{}", path.provider)
}

/// The whole `CloudEvent`, as filters see it.
pub(super) fn as_event(path: &OfEvent, data: &Value) -> Value {
    json!({
        "specversion": "1.0",
        "id": "sample",
        "source": source(path),
        "type": path.code,
        "datacontenttype": "application/json",
        "data": data,
    })
}
