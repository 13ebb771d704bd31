use axum::Router;
use axum::extract::State;
use axum::response::Response;
use axum::routing::{delete, get, post, put};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use sdk::json;
use serde_json::{Value, json};
use store::{Catalogue, EventMetadata};

use crate::Service;
use crate::management::call::{Call, Names, OfEvent, OfProvider};
use crate::management::fields::{Alphabet, Fields, Text};
use crate::management::hal::{Places, link, no_content};
use crate::management::input::{Document, Operations};
use crate::management::{catalogue, patch, providers, samples};
use crate::problem::Problem;

const WORD: Alphabet = Alphabet::new(
    |letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter),
    "letters from A to Z, digits and _ - .",
);
const CODE: Text = Text::new(1, 255).of(WORD);
const LABEL: Text = Text::new(1, 255);
/// In base64, which is 64 KiB without.
const TEMPLATE: Text = Text::new(1, 87_382);

pub(super) fn routes() -> Router<Service> {
    Router::new()
        .route("/events/providers/{provider}/eventmetadata", get(list))
        .route("/events/providers/{provider}/eventmetadata/{code}", get(read))
        .route(
            "/events/{org}/{project}/{workspace}/providers/{provider}/eventmetadata",
            post(create).merge(delete(remove_all)),
        )
        .route(
            "/events/{org}/{project}/{workspace}/providers/{provider}/eventmetadata/{code}",
            put(replace).patch(change).delete(remove),
        )
}

async fn list(State(service): State<Service>, call: Call, Names(path): Names<OfProvider>) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    let provider = providers::find(&catalogue, &path.provider)?;
    let views = views(&service, &catalogue, &provider.id);
    Ok(call.media.list("eventmetadata", views, Places::new(&service).metadata(&provider.id)))
}

async fn read(State(service): State<Service>, call: Call, Names(path): Names<OfEvent>) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    Ok(call.media.ok(view(&service, find(&catalogue, &path)?)))
}

async fn create(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfProvider>,
    Document(document): Document,
) -> Result<Response, Problem> {
    let metadata = parse(&document, &path.provider)?;
    let _turn = service.0.turn.lock().await;
    let catalogue = catalogue(&service).await?;
    providers::find(&catalogue, &path.provider)?;
    let is_same =
        |other: &EventMetadata| other.provider_id == metadata.provider_id && other.event_code == metadata.event_code;
    if catalogue.metadata.iter().any(is_same) {
        let message = "this provider has an event with this `/event_code` already; PUT changes it";
        return Err(Problem::conflict(message, Some(&metadata.event_code)));
    }
    service.0.store.put_metadata(metadata.clone()).await?;
    service.refresh().await?;
    Ok(call.media.answer(StatusCode::CREATED, view(&service, &metadata)))
}

async fn replace(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfEvent>,
    Document(document): Document,
) -> Result<Response, Problem> {
    let (metadata, _) = update(&service, &path, |_| parse(&document, &path.provider)).await?;
    Ok(call.media.ok(view(&service, &metadata)))
}

async fn change(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfEvent>,
    Operations(operations): Operations,
) -> Result<Response, Problem> {
    let patched = |old: &EventMetadata| {
        let EventMetadata { event_code, label, description, sample_event_template, .. } = old;
        let mut document = json!({
            "event_code": event_code,
            "label": label,
            "description": description,
            "sample_event_template": sample_event_template.as_ref().map(|template| STANDARD.encode(template)),
        });
        patch::apply(&operations, &mut document)?;
        parse(&document, &path.provider)
    };
    let (metadata, is_changed) = update(&service, &path, patched).await?;
    Ok(if is_changed { call.media.ok(view(&service, &metadata)) } else { no_content() })
}

async fn remove(State(service): State<Service>, _: Call, Names(path): Names<OfEvent>) -> Result<Response, Problem> {
    let _turn = service.0.turn.lock().await;
    find(&catalogue(&service).await?, &path)?;
    service.0.store.delete_metadata(&path.provider, Some(&path.code)).await?;
    service.refresh().await?;
    Ok(no_content())
}

async fn remove_all(
    State(service): State<Service>,
    _: Call,
    Names(path): Names<OfProvider>,
) -> Result<Response, Problem> {
    let _turn = service.0.turn.lock().await;
    providers::find(&catalogue(&service).await?, &path.provider)?;
    service.0.store.delete_metadata(&path.provider, None).await?;
    service.refresh().await?;
    Ok(no_content())
}

pub(super) fn find<'a>(catalogue: &'a Catalogue, path: &OfEvent) -> Result<&'a EventMetadata, Problem> {
    providers::find(catalogue, &path.provider)?;
    let found = catalogue
        .metadata
        .iter()
        .find(|metadata| metadata.provider_id == path.provider && metadata.event_code == path.code);
    found.ok_or_else(|| Problem::not_found("this provider has no event with this code"))
}

/// Changes an event's metadata; says whether anything is different now.
async fn update(
    service: &Service,
    path: &OfEvent,
    read: impl FnOnce(&EventMetadata) -> Result<EventMetadata, Problem>,
) -> Result<(EventMetadata, bool), Problem> {
    let _turn = service.0.turn.lock().await;
    let catalogue = catalogue(service).await?;
    let old = find(&catalogue, path)?;
    let new = read(old)?;
    if new.event_code != old.event_code {
        return Err(Problem::bad_request("`/event_code` must be the code in the path; it cannot be changed"));
    }
    let is_changed = new != *old;
    if is_changed {
        service.0.store.put_metadata(new.clone()).await?;
        service.refresh().await?;
    }
    Ok((new, is_changed))
}

fn parse(document: &Value, provider: &str) -> Result<EventMetadata, Problem> {
    let mut fields = Fields::new(document)?;
    let event_code = fields.required("event_code", &CODE).to_owned();
    let label = fields.required("label", &LABEL).to_owned();
    let description = fields.required("description", &LABEL).to_owned();
    let template = fields.filled("sample_event_template", &TEMPLATE).map(decode);
    let sample_event_template = template.transpose().unwrap_or_else(|message| {
        fields.fault("sample_event_template", message);
        None
    });
    let provider_id = provider.to_owned();
    fields.finish(EventMetadata { provider_id, event_code, label, description, sample_event_template })
}

/// A template as it is kept: JSON text.
fn decode(template: &str) -> Result<String, String> {
    let Ok(bytes) = STANDARD.decode(template) else { return Err("must be standard base64".to_owned()) };
    let text = json::check(&bytes).map_err(|reason| format!("must be the base64 of strict JSON: {reason}"))?;
    Ok(text.to_owned())
}

/// All events of a provider.
pub(super) fn views(service: &Service, catalogue: &Catalogue, provider: &str) -> Vec<Value> {
    let events = catalogue.metadata.iter().filter(|metadata| metadata.provider_id == provider);
    events.map(|metadata| view(service, metadata)).collect()
}

fn view(service: &Service, metadata: &EventMetadata) -> Value {
    let places = Places::new(service);
    let EventMetadata { provider_id, event_code, label, description, .. } = metadata;
    let mut view = json!({
        "event_code": event_code,
        "label": label,
        "description": description,
        "_links": {
            "rel:sample_event": link(places.sample(provider_id, event_code)),
            "rel:update": link(places.event_update(provider_id, event_code)),
            "self": link(places.event(provider_id, event_code)),
        },
    });
    if let Some(sample) = samples::view(service, metadata) {
        view["_embedded"] = json!({"sample_event": sample});
    }
    view
}
