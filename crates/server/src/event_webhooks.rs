//! `GET, POST /webhooks/{registration}`: deliveries of an events API to one of our registrations.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use engine::{ArrivalError, CloudEvent};
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderValue, StatusCode};
use sdk::{Fault, TraceContext, json};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use tracing::error;

use crate::answer::{error as refusal, not_found};
use crate::{Face, WebhookIntake, body, traced};

pub(crate) const ROUTE: &str = "/webhooks/{registration}";

/// The largest delivery: a batch of 2 MB (contract, section 4.3) with its envelope.
const DELIVERY_BYTES_MAX: usize = 2 * 1024 * 1024 + 128 * 1024;

const CHALLENGE_BYTES_MAX: usize = 1_024;

#[derive(Deserialize)]
pub(crate) struct Asked {
    challenge: Option<String>,
}

/// Proves that events are wanted here, for every registration that is configured.
pub(crate) async fn challenge(
    State(face): State<Face>,
    registration: Result<Path<String>, PathRejection>,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let Ok(Path(called)) = registration else { return not_found().await };
    if face.webhooks.routes.get().registration_called(&called).is_none() {
        return not_found().await;
    }
    let Some(challenge) = asked.challenge.filter(|challenge| challenge.len() <= CHALLENGE_BYTES_MAX) else {
        return refusal(StatusCode::BAD_REQUEST, "the query has no `challenge`, or one that is too long");
    };
    let wants_json = headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    let mut response = if wants_json {
        Json(json!({"challenge": challenge})).into_response()
    } else {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        ([(CONTENT_TYPE, plain)], challenge).into_response()
    };
    // What a stranger put into the query comes back: nobody may take it for a page.
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// Takes one event or a batch. The answer comes when all of it is stored; the action runs by our own schedule.
pub(crate) async fn receive(
    State(face): State<Face>,
    registration: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    traced(ROUTE, request, |request| take(face, registration, request)).await
}

async fn take(face: Face, registration: Result<Path<String>, PathRejection>, request: Request) -> Response {
    let Ok(Path(called)) = registration else { return not_found().await };
    let routes = face.webhooks.routes.get();
    let Some(registration) = routes.registration_called(&called) else { return not_found().await };
    let (head, stream) = request.into_parts();
    let body = match body::read_body(DELIVERY_BYTES_MAX, &head.headers, stream).await {
        Ok(body) => body,
        Err(fault) => return fault.into_response(),
    };
    let WebhookIntake::Unsigned { client_id } = &face.webhooks.intake else {
        return refusal(StatusCode::FORBIDDEN, "this kit takes no deliveries by webhook");
    };
    let events = match read(&body, client_id) {
        Ok(events) => events,
        Err(unfit) => return unfit.into_response(),
    };
    let is_single = events.len() == 1;
    let brought_in = TraceContext::from_headers(&head.headers);
    for event in events {
        let event = CloudEvent { brought_in: brought_in.clone(), ..event };
        match face.webhooks.arrivals.receive(registration.id, event).await {
            Ok(_) => {}
            Err(ArrivalError::Unavailable { retry_after }) => {
                let answer = refusal(StatusCode::SERVICE_UNAVAILABLE, "the event cannot be stored now");
                return ([(RETRY_AFTER, retry_after.as_secs().max(1).to_string())], answer).into_response();
            }
            Err(ArrivalError::Invalid(faults)) if is_single => return invalid(&faults),
            Err(conflict @ ArrivalError::Conflict) if is_single => {
                return refusal(StatusCode::CONFLICT, &conflict.to_string());
            }
            // The others of a batch go on; the events API would send all of it again.
            Err(reason) => error!(registration = registration.name, %reason, "an event of a batch was passed over"),
        }
    }
    (StatusCode::ACCEPTED, Json(json!({"success": true, "message": "Event accepted"}))).into_response()
}

/// Why a body is no delivery for us.
enum Unfit {
    Json(String),
    Event(Vec<Fault>),
    Recipient,
}

impl IntoResponse for Unfit {
    fn into_response(self) -> Response {
        match self {
            Self::Json(reason) => refusal(StatusCode::BAD_REQUEST, &format!("the body is not valid JSON: {reason}")),
            Self::Event(faults) => invalid(&faults),
            Self::Recipient => refusal(StatusCode::UNAUTHORIZED, "the event is for another client"),
        }
    }
}

/// The events of a body, all of them for us.
fn read(body: &[u8], client_id: &str) -> Result<Vec<CloudEvent>, Unfit> {
    let document = json::check(body).map_err(Unfit::Json)?;
    let is_batch = document.trim_start().starts_with('[');
    let documents: Vec<&RawValue> = if is_batch {
        serde_json::from_str(document).map_err(|error| Unfit::Json(error.to_string()))?
    } else {
        vec![serde_json::from_str(document).map_err(|error| Unfit::Json(error.to_string()))?]
    };
    let mut events = Vec::with_capacity(documents.len());
    for (index, document) in documents.iter().enumerate() {
        let prefix = if is_batch { format!("/{index}") } else { String::new() };
        let event = CloudEvent::parse(document.get())
            .map_err(|faults| Unfit::Event(faults.into_iter().map(|fault| fault.below(&prefix)).collect()))?;
        let recipient = event.attribute("recipientclientid").or_else(|| event.attribute("recipient_client_id"));
        if recipient != Some(client_id) {
            return Err(Unfit::Recipient);
        }
        events.push(event);
    }
    Ok(events)
}

/// `{"error": <text naming the fields>, "details": [{"path", "message"}]}`, as the ingestion webhook has it.
fn invalid(faults: &[Fault]) -> Response {
    let texts: Vec<String> = faults.iter().map(ToString::to_string).collect();
    (StatusCode::BAD_REQUEST, Json(json!({"error": texts.join("; "), "details": faults}))).into_response()
}
