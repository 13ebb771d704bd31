//! Filters that subscribers write themselves; a registration has one at the most.

use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{get, post};
use engine::Filter;
use http::StatusCode;
use sdk::{Fault, json};
use serde::Deserialize;
use serde_json::{Value, json};
use store::{Catalogue, Registration, SubscriberFilter};

use crate::Service;
use crate::management::call::{Call, Names, OfEvent, OfRegistration};
use crate::management::fields::{Fields, Text, refusal};
use crate::management::hal::no_content;
use crate::management::input::Document;
use crate::management::registrations::{FilterDraft, Planned, find, take};
use crate::management::{catalogue, samples};
use crate::problem::Problem;

const SAMPLE_NAME: Text = Text::new(1, 255);
const SAMPLES_MAX: usize = 100;

pub(super) fn routes() -> Router<Service> {
    const REGISTRATION: &str = "/events/{org}/{project}/{workspace}/registrations/{registration}";
    Router::new()
        .route(&format!("{REGISTRATION}/filters"), get(list).post(create))
        .route(&format!("{REGISTRATION}/filters/{{filter}}"), get(read).put(replace).delete(remove))
        .route(&format!("{REGISTRATION}/filter/validate"), post(validate))
}

/// Path names of a filter.
#[derive(Debug, Deserialize)]
struct OfFilter {
    registration: String,
    filter: String,
}

async fn list(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfRegistration>,
) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    Ok(call.media.ok(json!(find(&catalogue, &path.registration)?.subscriber_filters)))
}

async fn read(State(service): State<Service>, call: Call, Names(path): Names<OfFilter>) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    let registration = find(&catalogue, &path.registration)?;
    Ok(call.media.ok(json!(find_filter(registration, &path.filter)?)))
}

async fn create(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfRegistration>,
    Document(document): Document,
) -> Result<Response, Problem> {
    let draft = FilterDraft::read(&document)?;
    let add = |old: &Registration| match old.subscriber_filters.first() {
        None => Ok(vec![draft.clone().applied(None)]),
        Some(other) => {
            let message = "a registration may have one filter, and this one has it; PUT changes it";
            Err(Problem::conflict(message, Some(&other.id)))
        }
    };
    let planned = update(&service, &path.registration, add).await?;
    Ok(call.media.answer(StatusCode::CREATED, json!(planned.registration.subscriber_filters.first())))
}

async fn replace(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfFilter>,
    Document(document): Document,
) -> Result<Response, Problem> {
    let draft = FilterDraft::read(&document)?;
    let change = |old: &Registration| {
        let filter = find_filter(old, &path.filter)?;
        Ok(vec![draft.clone().applied(Some(filter))])
    };
    let planned = update(&service, &path.registration, change).await?;
    Ok(call.media.ok(json!(planned.registration.subscriber_filters.first())))
}

async fn remove(State(service): State<Service>, _: Call, Names(path): Names<OfFilter>) -> Result<Response, Problem> {
    let clear = |old: &Registration| find_filter(old, &path.filter).map(|_| Vec::new());
    update(&service, &path.registration, clear).await?;
    Ok(no_content())
}

fn find_filter<'a>(registration: &'a Registration, id: &str) -> Result<&'a SubscriberFilter, Problem> {
    let found = registration.subscriber_filters.iter().find(|filter| filter.id == id);
    found.ok_or_else(|| Problem::not_found("this registration has no filter with this id"))
}

async fn update(
    service: &Service,
    registration: &str,
    change: impl Fn(&Registration) -> Result<Vec<SubscriberFilter>, Problem>,
) -> Result<Planned, Problem> {
    let now = service.0.clock.now();
    let plan = |catalogue: &Catalogue| {
        let old = find(catalogue, registration)?;
        let mut registration = Registration { subscriber_filters: change(old)?, ..old.clone() };
        let is_changed = registration != *old;
        if is_changed {
            registration.updated_date = now;
        }
        Ok(Planned { registration, must_prove: false, is_changed })
    };
    take(service, plan).await
}

/// `POST .../filter/validate`: tells whether a filter can be read and which events it lets through, and keeps nothing.
/// Without events of the caller's own, the samples of those that the registration is interested in are tried.
async fn validate(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfRegistration>,
    Document(document): Document,
) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    let registration = find(&catalogue, &path.registration)?;
    let trial = Trial::read(&document)?;
    let events = trial.events.unwrap_or_else(|| samples_of(&catalogue, registration));
    Ok(call.media.ok(match Filter::parse(trial.filter.pattern()) {
        Ok(filter) => {
            let result = |(name, event): &(String, Value)| json!({"name": name, "matched": filter.matches(event)});
            json!({"valid": true, "results": events.iter().map(result).collect::<Vec<_>>()})
        }
        Err(error) => json!({"valid": false, "message": error.to_string(), "results": []}),
    }))
}

/// A filter and the events, by name, that it is to be tried on.
struct Trial {
    filter: FilterDraft,
    events: Option<Vec<(String, Value)>>,
}

impl Trial {
    fn read(document: &Value) -> Result<Self, Problem> {
        let mut fields = Fields::new(document)?;
        let filter = match fields.get("subscriber_filter") {
            Some(item) => FilterDraft::shape(item, "/subscriber_filter".to_owned()),
            None => Err(vec![Fault::new("/subscriber_filter", "is required")]),
        };
        let items = fields.items("custom_sample_events");
        if items.as_ref().is_some_and(|items| items.len() > SAMPLES_MAX) {
            fields.fault("custom_sample_events", format!("may hold at most {SAMPLES_MAX} events"));
        }
        let events = items.map(|items| {
            let read = items.into_iter().take(SAMPLES_MAX).map(|(path, item)| sample(item, path));
            read.filter_map(|sample| sample.map_err(|faults| fields.add(faults)).ok()).collect()
        });
        match filter {
            Ok(filter) => fields.finish(Self { filter, events }),
            Err(faults) => {
                fields.add(faults);
                Err(refusal(&fields.into_faults()))
            }
        }
    }
}

/// An event to be tried: a text with JSON, or the JSON itself.
fn sample(item: &Value, path: String) -> Result<(String, Value), Vec<Fault>> {
    let mut fields = Fields::at(item, path).map_err(|fault| vec![fault])?;
    let name = fields.required("name", &SAMPLE_NAME).to_owned();
    let event = match fields.get("sample_payload") {
        None => Err("is required".to_owned()),
        Some(Value::String(text)) => json::check(text.as_bytes())
            .and_then(|text| serde_json::from_str(text).map_err(|error| error.to_string()))
            .map_err(|reason| format!("must hold strict JSON: {reason}")),
        Some(event) => Ok(event.clone()),
    };
    let event = event.unwrap_or_else(|message| {
        fields.fault("sample_payload", message);
        Value::Null
    });
    fields.end((name, event))
}

fn samples_of(catalogue: &Catalogue, registration: &Registration) -> Vec<(String, Value)> {
    let events = registration.events_of_interest.iter().filter_map(|interest| {
        let metadata = catalogue.metadata.iter().find(|metadata| {
            metadata.provider_id == interest.provider_id && metadata.event_code == interest.event_code
        })?;
        let data = samples::template(metadata)?;
        let path = OfEvent { provider: interest.provider_id.clone(), code: interest.event_code.clone() };
        Some((interest.event_code.clone(), samples::as_event(&path, &data)))
    });
    events.take(SAMPLES_MAX).collect()
}
