//! `GET, POST /webhooks/{registration}`: deliveries of an events API to one of our registrations.
//!
//! As at Adobe two runs follow each other: the validator, which says whether a delivery comes from the events API and is for
//! us, and the one action that the registration is bound to, once for each event however often it is delivered.

mod body;
mod record;
mod sender;
mod verdict;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use engine::{CloudEvent, SentHeaders};
use futures_util::future::join_all;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, StatusCode};
use sdk::{Fault, TraceContext, json};
use serde::Deserialize;
use serde_json::json;

use crate::answer::{error as refusal, not_found};
use crate::{Face, WebhookIntake, traced};
use body::{Delivered, Unfit};
use record::Validator;
pub use sender::{EventsApiSender, Unproven};
use verdict::Verdict;

pub(crate) const ROUTE: &str = "/webhooks/{registration}";

/// The largest delivery: a batch of 2 MB (contract, section 4.3) with its envelope.
const DELIVERY_BYTES_MAX: usize = 2 * 1024 * 1024 + 128 * 1024;

const CHALLENGE_BYTES_MAX: usize = 1_024;

/// Headers of a delivery that its action sees, and the bytes of one value: they are kept with the event.
const SENT_HEADERS_MAX: usize = 32;
const SENT_VALUE_BYTES_MAX: usize = 1_024;

/// What the validator has dealt with already (contract, section 4.8).
const SIGNATURE_HEADERS: [&str; 4] = [
    "x-adobe-digital-signature-1",
    "x-adobe-digital-signature-2",
    "x-adobe-public-key1-path",
    "x-adobe-public-key2-path",
];

/// Whoever could not be told from a stranger for want of a key is asked to come again after this.
const AGAIN_AFTER: Duration = Duration::from_secs(30);

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
    if face.webhooks.reception.routes.get().registration_called(&called).is_none() {
        return not_found().await;
    }
    let Some(challenge) = asked.challenge.filter(|challenge| challenge.len() <= CHALLENGE_BYTES_MAX) else {
        return refusal(StatusCode::BAD_REQUEST, "the query has no `challenge`, or one that is too long");
    };
    let wants_json = headers.get(ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"application/json"));
    // What a stranger put into the query comes back: as on every answer `nosniff` keeps it from being a page.
    if wants_json {
        Json(json!({"challenge": challenge})).into_response()
    } else {
        let plain = HeaderValue::from_static("text/plain; charset=utf-8");
        ([(CONTENT_TYPE, plain)], challenge).into_response()
    }
}

/// Takes one event or a batch. The answer is the action's when it comes in time, else that the event is stored.
pub(crate) async fn receive(
    State(face): State<Face>,
    registration: Result<Path<String>, PathRejection>,
    request: Request,
) -> Response {
    traced(ROUTE, request, |request| take(face, registration, request)).await
}

async fn take(face: Face, registration: Result<Path<String>, PathRejection>, request: Request) -> Response {
    let Ok(Path(called)) = registration else { return not_found().await };
    let routes = face.webhooks.reception.routes.get();
    let Some(registration) = routes.registration_called(&called).map(|registration| registration.id) else {
        return not_found().await;
    };
    let (head, stream) = request.into_parts();
    let body = match face.bodies.read(DELIVERY_BYTES_MAX, &head.headers, stream).await {
        Ok(body) => body,
        Err(fault) => return fault.into_response(),
    };
    let WebhookIntake::Open { client_id, sender } = &face.webhooks.intake else {
        let reason = "this kit takes no deliveries by webhook: its events reach their actions by themselves";
        return refusal(StatusCode::FORBIDDEN, reason);
    };
    let validator = Validator::begin(&face);
    let delivery = Delivery { face: &face, registration, client_id, headers: &head.headers, body: &body };
    match delivery.validate(&**sender, &validator).await {
        Ok(delivered) => delivery.run(delivered, &validator).await,
        Err(answer) => answer,
    }
}

/// A request that wants to be a delivery.
struct Delivery<'a> {
    face: &'a Face,
    registration: i64,
    client_id: &'a str,
    headers: &'a HeaderMap,
    body: &'a Bytes,
}

impl Delivery<'_> {
    /// Whether it comes from the events API and is for us, and what it brings. Nothing of an event is believed before.
    async fn validate(&self, sender: &dyn EventsApiSender, validator: &Validator<'_>) -> Result<Delivered, Response> {
        let document = json::check(self.body);
        if let Some(url) = document.as_ref().ok().and_then(|document| body::validation_url(document)) {
            return Err(self.visit(&url, sender, validator).await);
        }
        if let Err(unproven) = sender.check(self.headers, self.body).await {
            return Err(self.unproven(&unproven, validator).await);
        }
        let delivered =
            document.map_err(Unfit::Json).and_then(|document| body::read(document, self.headers, self.client_id));
        match delivered {
            Ok(delivered) => Ok(delivered),
            Err(Unfit::Json(reason)) => {
                let text = format!("the body is not valid JSON: {reason}");
                Err(validator.refuse(StatusCode::BAD_REQUEST, &text, None).await)
            }
            Err(Unfit::TooMany(count)) => {
                let text = format!("the batch has {count} events, at most {} are taken", body::EVENTS_MAX);
                Err(validator.refuse(StatusCode::BAD_REQUEST, &text, None).await)
            }
            Err(Unfit::Recipient(named)) => {
                let named = named.map_or("names no client".to_owned(), |named| format!("is for the client `{named}`"));
                let reason = format!("the event {named}, not for `{}` (OAUTH_CLIENT_ID)", self.client_id);
                Err(validator.refuse_stranger(&reason).await)
            }
        }
    }

    async fn unproven(&self, unproven: &Unproven, validator: &Validator<'_>) -> Response {
        if !unproven.is_temporary {
            return validator.refuse_stranger(&unproven.reason).await;
        }
        let text = format!("signatures cannot be checked now; activation {} says why", validator.id);
        let mut answer = validator.refuse(StatusCode::SERVICE_UNAVAILABLE, &text, Some(&unproven.reason)).await;
        answer.headers_mut().insert(RETRY_AFTER, AGAIN_AFTER.as_secs().into());
        answer
    }

    /// The other proof of a webhook: whoever registered it has us call a URL of the events API.
    async fn visit(&self, url: &str, sender: &dyn EventsApiSender, validator: &Validator<'_>) -> Response {
        match sender.visit(url).await {
            Ok(()) => {
                validator.pass().await;
                Json(json!({"success": true, "message": "Validation URL called"})).into_response()
            }
            Err(reason) => {
                let text = format!("the validation URL was not called; activation {} says why", validator.id);
                validator.refuse(StatusCode::BAD_REQUEST, &text, Some(&reason)).await
            }
        }
    }

    /// One run of the action for each event that is new or asked to come again.
    async fn run(&self, delivered: Delivered, validator: &Validator<'_>) -> Response {
        let webhooks = &self.face.webhooks;
        let late = webhooks.reception.clock.now();
        let late = late.saturating_add(webhooks.answer_within).unwrap_or(late);
        let sent = sent(self.headers);
        let brought_in = TraceContext::from_headers(self.headers);
        let taking = delivered.events.into_iter().map(|event| {
            let event =
                event.map(|event| CloudEvent { brought_in: brought_in.clone(), ..event }.validated_by(validator.id));
            self.take(event, &sent, late)
        });
        // The validator's row goes to the disk together with the events.
        let ((), verdicts) = tokio::join!(validator.pass(), join_all(taking));
        let faults: Vec<String> = verdicts.iter().filter_map(|(_, verdict)| verdict.fault()).collect();
        let told = if faults.is_empty() {
            validator.id
        } else {
            Validator::begin(self.face).put_down(&faults.join("; ")).await
        };
        match verdicts.as_slice() {
            [(_, verdict)] if !delivered.is_batch => verdict::single(verdict, told),
            verdicts => verdict::batch(verdicts, told),
        }
    }

    async fn take(
        &self,
        event: Result<CloudEvent, Vec<Fault>>,
        sent: &SentHeaders,
        late: jiff::Timestamp,
    ) -> (Option<String>, Verdict) {
        match event {
            Ok(event) => {
                let id = event.id.clone();
                let taken = self.face.webhooks.reception.take(self.registration, event, sent, late).await;
                (Some(id), taken.map_or_else(Verdict::Untaken, Verdict::Taken))
            }
            Err(faults) => (None, Verdict::Invalid(faults)),
        }
    }
}

/// What the action sees of the request: `x-request-id` and Adobe's headers but for those of the signatures.
fn sent(headers: &HeaderMap) -> SentHeaders {
    let mut sent = BTreeMap::new();
    for name in headers.keys() {
        let is_seen = name == "x-request-id" || name.as_str().starts_with("x-adobe-");
        if !is_seen || SIGNATURE_HEADERS.contains(&name.as_str()) || sent.len() == SENT_HEADERS_MAX {
            continue;
        }
        let values: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
        let value = values.join(", ");
        if !value.is_empty() && value.len() <= SENT_VALUE_BYTES_MAX {
            sent.insert(name.as_str().to_owned(), value);
        }
    }
    Arc::new(sent)
}
