//! What every stand-in does with a call: it reads the body, strikes the fault, lets the effect happen, tells the
//! witness, writes the row, and holds the answer back as long as it was told to.

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
use crate::keep::Kept;
use crate::witness::Effect;

const EVENT_ID: &str = "x-event-id";

/// What the calls of one target change, their list included; it stands behind one lock.
pub trait StandIn {
    const TARGET: Target;

    fn calls(&mut self) -> &mut Calls;

    /// The body of a call as anybody may see it.
    fn shown(_path: &str, body: &Bytes) -> Bytes {
        body.clone()
    }
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
    let delay_ms = fault.as_ref().map_or(0, |fault| fault.delay_ms);
    let outcome = {
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let outcome = take_effect::<S>(sandbox, &mut state, (&incoming, fault.as_ref()), effect);
        witness::<S>(sandbox, &incoming, &outcome);
        state.calls().push(Row {
            at: outcome.at,
            method: incoming.method,
            body: S::shown(&incoming.path, &incoming.body.unwrap_or_default()),
            path: incoming.path,
            status: outcome.status(),
            event_id: incoming.event_id,
        });
        outcome
    };
    if delay_ms > 0 {
        tokio::time::sleep(Duration::from_millis(delay_ms)).await;
    }
    outcome.answer.filter(|_| !outcome.is_lost).map_or_else(broken, IntoResponse::into_response)
}

/// What became of a call.
struct Outcome {
    at: Timestamp,
    /// `None` when the call was cut before its effect.
    answer: Option<Answer>,
    is_lost: bool,
    is_changed: bool,
}

impl Outcome {
    fn status(&self) -> Option<u16> {
        self.answer.as_ref().map(|answer| answer.status.as_u16())
    }
}

/// Decides, and changes the state if it comes to that.
fn take_effect<S: StandIn>(
    sandbox: &Sandbox,
    state: &mut S,
    (incoming, fault): (&Incoming, Option<&Fault>),
    effect: impl FnOnce(&mut S, &Incoming, Timestamp) -> Answer,
) -> Outcome {
    let at = Timestamp::now();
    let cut = fault.map_or(Cut::None, |fault| fault.cut);
    let without_effect = |answer| Outcome { at, answer, is_lost: cut != Cut::None, is_changed: false };
    match (cut, fault.and_then(Fault::answer)) {
        (Cut::Before, _) => without_effect(None),
        (Cut::None, Some(ordered)) => without_effect(Some(ordered)),
        (Cut::None, None) | (Cut::After, _) => {
            let Kept { done, is_changed } = sandbox.shared.keeper.together(|| effect(state, incoming, at));
            Outcome { at, answer: Some(done), is_lost: cut != Cut::None, is_changed }
        }
    }
}

fn witness<S: StandIn>(sandbox: &Sandbox, incoming: &Incoming, outcome: &Outcome) {
    let Some(witness) = sandbox.shared.witness.get() else { return };
    witness(&Effect {
        target: S::TARGET,
        method: &incoming.method,
        path: &incoming.path,
        event_id: incoming.event_id.as_deref(),
        body: incoming.body.as_deref().unwrap_or_default(),
        status: outcome.status(),
        is_lost: outcome.is_lost,
        is_changed: outcome.is_changed,
    });
}

fn text_header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}
