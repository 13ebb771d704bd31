//! One call of the Commerce REST API: fault, authorisation, route, effect, row in the list of calls.

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use jiff::Timestamp;

use crate::answer::Answer;
use crate::calls::Calls;
use crate::effect::{self, Incoming, StandIn, Unread};
use crate::faults::Target;
use crate::routes::{self, Operation};
use crate::{COMMERCE_BODY_BYTES_MAX, Sandbox, eventing, oauth, path};

const BEARER: &str = "Bearer ";

impl StandIn for crate::State {
    const TARGET: Target = Target::Commerce;

    fn calls(&mut self) -> &mut Calls {
        &mut self.calls
    }

    fn shown(path: &str, body: &Bytes) -> Bytes {
        eventing::masked(path, body)
    }
}

pub async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let Some(path) = path::below_version(request.uri().path()).map(ToOwned::to_owned) else {
        return Answer::no_route().into_response();
    };
    let (head, body) = request.into_parts();
    let incoming = Incoming::read(Request::from_parts(head.clone(), body), path).await;
    // A part of the effect, so that a call that is cut before it leaves its nonce unused.
    let effect = |state: &mut crate::State, incoming: &Incoming, now| match is_authorized(&sandbox, &head, now) {
        Ok(()) => {
            let answer = handle(state, incoming, head.uri.query().unwrap_or_default(), now);
            sandbox.emit(state, now);
            answer
        }
        Err(refusal) => refusal,
    };
    let is_check = incoming.path == eventing::CHECK;
    let response = effect::answer(&sandbox, &sandbox.shared.state, incoming, effect).await;
    // Only who may ask makes the store ask elsewhere.
    if is_check && response.status() == StatusCode::OK {
        return sandbox.checked_configuration().await.into_response();
    }
    response
}

fn handle(state: &mut crate::State, incoming: &Incoming, query: &str, now: Timestamp) -> Answer {
    let body = match body(incoming) {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    routes::answer(state, &Operation { method: &incoming.method, path: &incoming.path, query, body, now })
}

pub fn body(incoming: &Incoming) -> Result<&[u8], Answer> {
    incoming.body.as_deref().map_err(|unread| match unread {
        Unread::TooLarge => Answer::body_too_large(COMMERCE_BODY_BYTES_MAX),
        Unread::EndedEarly => Answer::unreadable("the body ended early"),
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
    if has_token(sandbox, &head.headers) { Ok(()) } else { Err(Answer::not_authorized()) }
}

pub fn has_token(sandbox: &Sandbox, headers: &HeaderMap) -> bool {
    let given = headers.get(header::AUTHORIZATION).map(HeaderValue::as_bytes).unwrap_or_default();
    let parts = given.split_at_checked(BEARER.len());
    parts.is_some_and(|(scheme, token)| scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && sandbox.is_token(token))
}
