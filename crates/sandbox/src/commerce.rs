//! One call of the Commerce REST API: fault, authorisation, route, effect, row in the list of calls.

use std::time::Duration;

use axum::extract::{FromRequest, Request, State};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;

use crate::answer::{Answer, broken};
use crate::calls::Row;
use crate::faults::{Cut, Fault, Target};
use crate::routes::{self, Operation};
use crate::{COMMERCE_BODY_BYTES_MAX, Sandbox, path};

const BEARER: &str = "Bearer ";
const EVENT_ID: &str = "x-event-id";

struct Incoming {
    method: Method,
    path: String,
    query: String,
    event_id: Option<String>,
    is_authorized: bool,
    body: Result<Bytes, Answer>,
}

/// The effect happens at arrival and a fault's delay after it, so a client that gives up waiting has still
/// changed the store, as with a slow Commerce.
pub async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let Some(path) = path::below_version(request.uri().path()).map(ToOwned::to_owned) else {
        return Answer::no_route().into_response();
    };
    let incoming = Incoming {
        method: request.method().clone(),
        path,
        query: request.uri().query().unwrap_or_default().to_owned(),
        event_id: text_header(request.headers(), EVENT_ID),
        is_authorized: is_authorized(&sandbox, request.headers()),
        // Read before anything is refused: an answer to a half-read request may get lost with its connection.
        body: read_body(request).await,
    };
    let fault = sandbox.faults().strike(Target::Commerce, &incoming.method, &incoming.path);
    let answer = take_effect(&sandbox, incoming, fault.as_ref());
    if let Some(fault) = fault.as_ref().filter(|fault| fault.delay_ms > 0) {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    }
    answer.map_or_else(broken, IntoResponse::into_response)
}

/// Decides, changes the store and writes the row under one lock. `None` is a lost answer.
fn take_effect(sandbox: &Sandbox, incoming: Incoming, fault: Option<&Fault>) -> Option<Answer> {
    let cut = fault.map_or(Cut::None, |fault| fault.cut);
    let ordered = fault.and_then(Fault::answer);
    let mut state = sandbox.state();
    let now = Timestamp::now();
    let answer = match (cut, ordered) {
        (Cut::Before, _) => None,
        (Cut::None, Some(ordered)) => Some(ordered),
        (Cut::None, None) | (Cut::After, _) => Some(handle(&mut state, &incoming, now)),
    };
    state.calls.push(Row {
        at: now,
        method: incoming.method,
        path: incoming.path,
        body: incoming.body.unwrap_or_default(),
        status: answer.as_ref().map(|answer| answer.status.as_u16()),
        event_id: incoming.event_id,
    });
    answer.filter(|_| cut == Cut::None)
}

fn handle(state: &mut crate::State, incoming: &Incoming, now: Timestamp) -> Answer {
    if !incoming.is_authorized {
        return Answer::not_authorized();
    }
    let body = match &incoming.body {
        Ok(body) => body,
        Err(refusal) => return refusal.clone(),
    };
    routes::answer(
        state,
        &Operation { method: &incoming.method, path: &incoming.path, query: &incoming.query, body, now },
    )
}

async fn read_body(request: Request) -> Result<Bytes, Answer> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Answer::body_too_large(COMMERCE_BODY_BYTES_MAX),
        _ => Answer::unreadable("the body ended early"),
    })
}

fn is_authorized(sandbox: &Sandbox, headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::AUTHORIZATION) else { return false };
    match given.as_bytes().split_at_checked(BEARER.len()) {
        Some((scheme, token)) => scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && sandbox.is_token(token),
        None => false,
    }
}

fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
