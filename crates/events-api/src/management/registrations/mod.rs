mod checks;
mod draft;
mod page;
mod turn;
mod view;

use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};
use store::{Catalogue, Registration, RegistrationHealth, Verification};
use uuid::Uuid;

use crate::Service;
use crate::management::call::{Call, Names, OfRegistration};
use crate::management::hal::Places;
use crate::management::input::{Document, Operations};
use crate::management::{catalogue, patch};
use crate::problem::Problem;

pub(super) use draft::FilterDraft;
use draft::{Draft, NewDraft};
pub(super) use turn::{Planned, take};
use view::Views;

/// The delivery type of registrations that fetch their events themselves.
pub(super) const JOURNAL: &str = "journal";

pub(super) fn routes() -> Router<Service> {
    let one = get(read).put(replace).patch(change).delete(remove);
    Router::new()
        .route("/events/{org}/registrations", get(page::list))
        .route("/events/{org}/{project}/{workspace}/registrations", get(list).post(create))
        .route("/events/{org}/{project}/{workspace}/registrations/{registration}", one)
}

async fn list(State(service): State<Service>, call: Call) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    let views = Views::new(&service, &catalogue).await?;
    let registrations = catalogue.registrations.iter().map(|registration| views.of(registration)).collect();
    Ok(call.media.list("registrations", registrations, Places::new(&service).registrations()))
}

async fn read(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfRegistration>,
) -> Result<Response, Problem> {
    let catalogue = catalogue(&service).await?;
    let registration = find(&catalogue, &path.registration)?;
    Ok(call.media.ok(Views::new(&service, &catalogue).await?.of(registration)))
}

async fn create(State(service): State<Service>, call: Call, Document(document): Document) -> Result<Response, Problem> {
    let NewDraft { client_id, draft } = NewDraft::read(&document, &service.0.options)?;
    checks::client(&service, &call.caller, &client_id).await?;
    let now = service.0.clock.now();
    let blank = Registration {
        id: 0,
        registration_id: Uuid::new_v4().to_string(),
        client_id,
        name: String::new(),
        description: String::new(),
        delivery_type: String::new(),
        runtime_action: None,
        webhook_url: None,
        verification: Verification::Verified,
        enabled: true,
        health: RegistrationHealth::Active,
        events_of_interest: Vec::new(),
        subscriber_filters: Vec::new(),
        created_date: now,
        updated_date: now,
    };
    let plan = |catalogue: &Catalogue| {
        let registration = draft.clone().applied(&blank);
        checks::interests(catalogue, &registration, &blank)?;
        checks::name(catalogue, &registration)?;
        checks::quotas(catalogue, &registration.client_id)?;
        let must_prove = registration.webhook_url.is_some();
        Ok(Planned { registration, must_prove, is_changed: true })
    };
    let planned = take(&service, plan).await?;
    let view = shown(&service, &planned.registration).await?;
    Ok(call.media.answer(StatusCode::CREATED, view))
}

async fn replace(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfRegistration>,
    Document(document): Document,
) -> Result<Response, Problem> {
    let options = &service.0.options;
    let planned = update(&service, &path.registration, |_| Draft::read(&document, options)).await?;
    Ok(call.media.ok(shown(&service, &planned.registration).await?))
}

/// Always answers the registration, unlike those of providers and events when nothing is different.
async fn change(
    State(service): State<Service>,
    call: Call,
    Names(path): Names<OfRegistration>,
    Operations(operations): Operations,
) -> Result<Response, Problem> {
    let options = &service.0.options;
    let patched = |old: &Registration| {
        let mut document = draft::document(old);
        patch::apply(&operations, &mut document)?;
        if document.get("subscriber_filters").is_none_or(Value::is_null) {
            // Whoever removes them wants none; a body that never had them says nothing.
            document["subscriber_filters"] = json!([]);
        }
        Draft::read(&document, options)
    };
    let planned = update(&service, &path.registration, patched).await?;
    Ok(call.media.ok(shown(&service, &planned.registration).await?))
}

async fn remove(
    State(service): State<Service>,
    _: Call,
    Names(path): Names<OfRegistration>,
) -> Result<Response, Problem> {
    let _turn = service.0.turn.lock().await;
    if !service.0.store.delete_registration(&path.registration).await? {
        return Err(no_registration());
    }
    service.refresh().await?;
    let text = [(CONTENT_TYPE, HeaderValue::from_static("text/plain"))];
    Ok((StatusCode::NO_CONTENT, text).into_response())
}

async fn update(
    service: &Service,
    id: &str,
    read: impl Fn(&Registration) -> Result<Draft, Problem>,
) -> Result<Planned, Problem> {
    let now = service.0.clock.now();
    let plan = |catalogue: &Catalogue| {
        let old = find(catalogue, id)?;
        let mut registration = read(old)?.applied(old);
        checks::interests(catalogue, &registration, old)?;
        checks::name(catalogue, &registration)?;
        let must_prove = turn::must_prove(&registration, old, now);
        let is_changed = must_prove || registration != *old;
        if is_changed {
            registration.updated_date = now;
        }
        Ok(Planned { registration, must_prove, is_changed })
    };
    take(service, plan).await
}

/// Switches a registration on, whether it was switched off or disabled; its webhook is asked again.
pub(super) async fn enable(service: &Service, id: &str) -> Result<(), Problem> {
    let now = service.0.clock.now();
    let plan = |catalogue: &Catalogue| {
        let old = find(catalogue, id)?;
        let (enabled, health) = (true, RegistrationHealth::Active);
        let registration = Registration { enabled, health, updated_date: now, ..old.clone() };
        Ok(Planned { must_prove: old.webhook_url.is_some(), registration, is_changed: true })
    };
    take(service, plan).await.map(drop)
}

pub(super) fn find<'a>(catalogue: &'a Catalogue, id: &str) -> Result<&'a Registration, Problem> {
    let found = catalogue.registrations.iter().find(|registration| registration.registration_id == id);
    found.ok_or_else(no_registration)
}

fn no_registration() -> Problem {
    Problem::not_found("there is no registration with this id")
}

/// The registration as answers show it, with the number that the store gave it.
async fn shown(service: &Service, registration: &Registration) -> Result<Value, Problem> {
    let routes = service.0.routes.get();
    let catalogue = routes.catalogue();
    let stored = find(catalogue, &registration.registration_id).unwrap_or(registration);
    Ok(Views::new(service, catalogue).await?.of(stored))
}
