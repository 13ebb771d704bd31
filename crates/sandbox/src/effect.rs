//! What every stand-in does with a call: it reads the body, strikes the fault, lets the effect happen, writes the
//! row, and holds the answer back as long as it was told to.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;

use crate::Sandbox;
use crate::answer::{Answer, broken};
use crate::calls::{Calls, Row};
use crate::faults::{Cut, Fault, Target};

const EVENT_ID: &str = "x-event-id";

/// What the calls of one target change, their list included; it stands behind one lock.
pub trait StandIn {
    const TARGET: Target;

    fn calls(&mut self) -> &mut Calls;
}

/// One call that has arrived.
#[derive(Debug)]
pub struct Incoming {
    pub method: Method,
    /// Below the root of the target, percent-encoded as it came.
    pub path: String,
    pub event_id: Option<String>,
    pub body: Result<Bytes, Unread>,
}

/// Why a body is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unread {
    TooLarge,
    EndedEarly,
}

impl Incoming {
    /// Read before anything is refused: an answer to a half-read request may get lost with its connection.
    pub async fn read(request: Request, path: String) -> Self {
        Self {
            method: request.method().clone(),
            path,
            event_id: text_header(request.headers(), EVENT_ID),
            body: Bytes::from_request(request, &()).await.map_err(|rejection| match rejection.status() {
                StatusCode::PAYLOAD_TOO_LARGE => Unread::TooLarge,
                _ => Unread::EndedEarly,
            }),
        }
    }
}

/// The effect happens at arrival and a fault's delay after it, so a client that gives up waiting has still
/// changed the store, as with a slow Commerce.
pub async fn answer<S: StandIn>(
    sandbox: &Sandbox,
    state: &Mutex<S>,
    incoming: Incoming,
    effect: impl FnOnce(&mut S, &Incoming, Timestamp) -> Answer,
) -> Response {
    let fault = sandbox.faults().strike(S::TARGET, &incoming.method, &incoming.path);
    let kept =
        |state: &mut S, incoming: &Incoming, now| sandbox.shared.keeper.together(|| effect(state, incoming, now));
    let answer = take_effect(state, incoming, fault.as_ref(), kept);
    if let Some(fault) = fault.as_ref().filter(|fault| fault.delay_ms > 0) {
        tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    }
    answer.map_or_else(broken, IntoResponse::into_response)
}

/// Decides, changes the state and writes the row under one lock. `None` is a lost answer.
fn take_effect<S: StandIn>(
    state: &Mutex<S>,
    incoming: Incoming,
    fault: Option<&Fault>,
    effect: impl FnOnce(&mut S, &Incoming, Timestamp) -> Answer,
) -> Option<Answer> {
    let cut = fault.map_or(Cut::None, |fault| fault.cut);
    let ordered = fault.and_then(Fault::answer);
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Timestamp::now();
    let answer = match (cut, ordered) {
        (Cut::Before, _) => None,
        (Cut::None, Some(ordered)) => Some(ordered),
        (Cut::None, None) | (Cut::After, _) => Some(effect(&mut state, &incoming, now)),
    };
    state.calls().push(Row {
        at: now,
        method: incoming.method,
        path: incoming.path,
        body: incoming.body.unwrap_or_default(),
        status: answer.as_ref().map(|answer| answer.status.as_u16()),
        event_id: incoming.event_id,
    });
    answer.filter(|_| cut == Cut::None)
}

fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
