//! Tracing: the latest requests to a registration's receiver, with what came back (contract, section 6).

use std::collections::BTreeMap;

use axum::extract::{Path, RawQuery, State};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use store::{Registration, StoredEvent, Trace, TraceFilter, TraceOutcome};

use crate::access::Caller;
use crate::challenge::{CHALLENGE_CODE, VALIDATION_PATH};
use crate::integration::{Address, owned};
use crate::problem::Problem;
use crate::{Service, runs};

/// Entries in one answer.
const SHOWN_MAX: usize = 100;

pub(crate) fn routes() -> Router<Service> {
    Router::new()
        .route("/events/organizations/{organization}/integrations/{credential}/tracing/{registration}", get(list))
}

async fn list(
    State(service): State<Service>,
    caller: Caller,
    address: Path<Address>,
    RawQuery(query): RawQuery,
) -> Result<Json<Vec<Value>>, Problem> {
    let registration = owned(&service, &caller, address)?.registration;
    let outcome = outcome(&query.unwrap_or_default())?;
    let mut entries = Vec::new();
    if let Some(action) = &registration.runtime_action {
        for (trace, event) in runs::of(&service, &registration, action, outcome, SHOWN_MAX).await? {
            entries.push(entry(&service, &registration, &trace, &[event]));
        }
        return Ok(Json(entries));
    }
    let filter = TraceFilter { registration: registration.id, outcome, limit: SHOWN_MAX };
    for trace in service.0.store.traces(filter).await? {
        let mut events = Vec::new();
        for id in &trace.events {
            // Traces are kept no longer than events, so all are there but after a change of the retention.
            events.extend(service.0.store.event(*id).await?.map(|(event, _)| event));
        }
        entries.push(entry(&service, &registration, &trace, &events));
    }
    Ok(Json(entries))
}

fn outcome(query: &str) -> Result<Option<TraceOutcome>, Problem> {
    let status = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "status");
    match status.as_ref().map(|(_, value)| &**value) {
        None => Ok(None),
        Some("success") => Ok(Some(TraceOutcome::Success)),
        Some("error") => Ok(Some(TraceOutcome::Error)),
        Some(_) => Err(Problem::bad_request("`status` must be `success` or `error`")),
    }
}

fn entry(service: &Service, registration: &Registration, trace: &Trace, events: &[StoredEvent]) -> Value {
    let (request, response) = (&trace.request, &trace.response);
    let header = |name: &str| request.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str());
    let code = match events {
        [] => header("x-adobe-event-code").unwrap_or_default(),
        [first, ..] => &first.code,
    };
    let started = trace.at.as_millisecond();
    json!({
        "event": code,
        "id": trace.id,
        "date": trace.at,
        "clientId": registration.client_id,
        "registrationId": registration.registration_id,
        "trace": {
            "tracingRequest": {
                "requestUrl": request.url,
                "requestMethod": request.method,
                "contentType": header("content-type"),
                "requestBody": masked(code, &request.body),
                "requestHeaders": by_name(&request.headers),
            },
            "tracingResponse": {
                "responseBody": response.body,
                "responseCode": response.status,
                "responseTime": trace.duration_ms,
                "responseHeaders": by_name(&response.headers),
            },
            "ts": started,
            "deliveryTime": started.saturating_add_unsigned(trace.duration_ms),
            "insightsInfo": insights(service, events),
        },
    })
}

/// Whoever reads a validation URL could validate the webhook, so tracing does not show it.
fn masked(code: &str, body: &str) -> String {
    match body.split_once(VALIDATION_PATH) {
        Some(_) if code == CHALLENGE_CODE => json!({"validationUrl": "*****"}).to_string(),
        _ => body.to_owned(),
    }
}

fn by_name(headers: &[(String, String)]) -> BTreeMap<&str, Vec<&str>> {
    let mut names: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, value) in headers {
        names.entry(name).or_default().push(value);
    }
    names
}

/// Which events the request carried, by provider and code.
fn insights(service: &Service, events: &[StoredEvent]) -> Vec<Value> {
    let mut ids: BTreeMap<(&str, &str), Vec<String>> = BTreeMap::new();
    for event in events {
        ids.entry((&event.provider_id, &event.code)).or_default().push(event.id.to_string());
    }
    let routes = service.0.routes.get();
    let label = |id: &str| {
        let provider = routes.catalogue().providers.iter().find(|provider| provider.id == id);
        provider.map_or_else(|| id.to_owned(), |provider| provider.label.clone())
    };
    let insights = ids
        .into_iter()
        .map(|((provider, code), ids)| json!({"providerName": label(provider), "eventCode": code, "eventIds": ids}));
    insights.collect()
}
