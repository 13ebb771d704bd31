//! One call of the Commerce REST API: fault, authorisation, route, effect, row in the list of calls.

use std::time::Duration;

use axum::extract::{FromRequest, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;

use crate::answer::{Answer, broken};
use crate::calls::Row;
use crate::draft::Draft;
use crate::faults::{Cut, Fault, Target};
use crate::products::Products;
use crate::{COMMERCE_BODY_BYTES_MAX, Sandbox, oauth, path};

const BEARER: &str = "Bearer ";
const EVENT_ID: &str = "x-event-id";

pub struct Incoming {
    method: Method,
    path: String,
    event_id: Option<String>,
    body: Result<Bytes, Answer>,
}

/// What an authorized call with a complete body wants from the store.
struct Operation<'a> {
    method: &'a Method,
    body: &'a [u8],
    now: Timestamp,
}

/// The effect happens at arrival and a fault's delay after it, so a client that gives up waiting has still
/// changed the store, as with a slow Commerce.
pub async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let Some(path) = path::below_version(request.uri().path()).map(ToOwned::to_owned) else {
        return Answer::no_route().into_response();
    };
    let (head, body) = request.into_parts();
    let incoming = receive(path, Request::from_parts(head.clone(), body)).await;
    respond(&sandbox, incoming, |state, incoming, now| match is_authorized(&sandbox, &head, now) {
        Ok(()) => handle(&mut state.products, incoming, now),
        Err(refusal) => refusal,
    })
    .await
}

pub async fn receive(path: String, request: Request) -> Incoming {
    Incoming {
        method: request.method().clone(),
        path,
        event_id: text_header(request.headers(), EVENT_ID),
        // Read before anything is refused: an answer to a half-read request may get lost with its connection.
        body: read_body(request).await,
    }
}

/// `decide` is asked unless a fault takes its place, so a call that is cut before its effect uses nothing up.
pub async fn respond(
    sandbox: &Sandbox,
    incoming: Incoming,
    decide: impl FnOnce(&mut crate::State, &Incoming, Timestamp) -> Answer,
) -> Response {
    let fault = sandbox.faults().strike(Target::Commerce, &incoming.method, &incoming.path);
    let answer = take_effect(sandbox, incoming, fault.as_ref(), decide);
    if let Some(fault) = fault.as_ref().filter(|fault| fault.delay_ms > 0) {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    }
    answer.map_or_else(broken, IntoResponse::into_response)
}

/// Decides, changes the store and writes the row under one lock. `None` is a lost answer.
fn take_effect(
    sandbox: &Sandbox,
    incoming: Incoming,
    fault: Option<&Fault>,
    decide: impl FnOnce(&mut crate::State, &Incoming, Timestamp) -> Answer,
) -> Option<Answer> {
    let cut = fault.map_or(Cut::None, |fault| fault.cut);
    let ordered = fault.and_then(Fault::answer);
    let mut state = sandbox.state();
    let now = Timestamp::now();
    let answer = match (cut, ordered) {
        (Cut::Before, _) => None,
        (Cut::None, Some(ordered)) => Some(ordered),
        (Cut::None, None) | (Cut::After, _) => Some(decide(&mut state, &incoming, now)),
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

fn handle(products: &mut Products, incoming: &Incoming, now: Timestamp) -> Answer {
    let body = match &incoming.body {
        Ok(body) => body,
        Err(refusal) => return refusal.clone(),
    };
    let operation = Operation { method: &incoming.method, body, now };
    match incoming.path.split('/').collect::<Vec<_>>().as_slice() {
        ["products"] => all_products(products, &operation),
        ["products", sku] => match path::decode(sku) {
            Some(sku) => one_product(products, &sku, &operation),
            None => Answer::no_product(),
        },
        _ => Answer::no_route(),
    }
}

fn all_products(products: &mut Products, operation: &Operation<'_>) -> Answer {
    if operation.method != Method::POST {
        return Answer::wrong_method(operation.method.as_str(), "POST");
    }
    let saved = Draft::parse(operation.body).and_then(|draft| products.save(draft, operation.now));
    saved.map_or_else(|refusal| refusal, |body| Answer::json(StatusCode::OK, body))
}

fn one_product(products: &mut Products, sku: &str, operation: &Operation<'_>) -> Answer {
    let found = match *operation.method {
        Method::GET => products.get(sku),
        Method::PUT => Draft::parse(operation.body).and_then(|draft| products.update(sku, draft, operation.now)),
        Method::DELETE => products.delete(sku),
        _ => return Answer::wrong_method(operation.method.as_str(), "GET, PUT, DELETE"),
    };
    found.map_or_else(|refusal| refusal, |body| Answer::json(StatusCode::OK, body))
}

async fn read_body(request: Request) -> Result<Bytes, Answer> {
    Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Answer::body_too_large(COMMERCE_BODY_BYTES_MAX),
        _ => Answer::unreadable("the body ended early"),
    })
}

/// By the bearer token or by a signature.
fn is_authorized(sandbox: &Sandbox, head: &Parts, now: Timestamp) -> Result<(), Answer> {
    let given = head.headers.get(header::AUTHORIZATION).ok_or_else(Answer::not_authorized)?;
    if let Some(parameters) = given.to_str().ok().and_then(oauth::below_scheme) {
        let host = head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        let signed = oauth::Signed { method: head.method.as_str(), uri: &head.uri, host, parameters };
        return Ok(sandbox.shared.verifier.verify(&signed, now.as_second())?);
    }
    match given.as_bytes().split_at_checked(BEARER.len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && sandbox.is_token(token) => Ok(()),
        _ => Err(Answer::not_authorized()),
    }
}

fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
