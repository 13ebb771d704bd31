//! One call of the Commerce REST API: fault, authorisation, route, effect, row in the list of calls.

use axum::extract::{Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use crate::answer::Answer;
use crate::calls::Calls;
use crate::effect::{self, Incoming, StandIn, Unread};
use crate::faults::Target;
use crate::routes::{self, Operation};
use crate::{COMMERCE_BODY_BYTES_MAX, Sandbox, path};

const BEARER: &str = "Bearer ";

impl StandIn for crate::State {
    const TARGET: Target = Target::Commerce;

    fn calls(&mut self) -> &mut Calls {
        &mut self.calls
    }
}

pub async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let Some(path) = path::below_version(request.uri().path()).map(ToOwned::to_owned) else {
        return Answer::no_route().into_response();
    };
    let is_authorized = is_authorized(&sandbox, request.headers());
    let query = request.uri().query().unwrap_or_default().to_owned();
    let incoming = Incoming::read(request, path).await;
    let effect = |state: &mut crate::State, incoming: &Incoming, now| {
        if is_authorized { handle(state, incoming, &query, now) } else { Answer::not_authorized() }
    };
    effect::answer(&sandbox, &sandbox.shared.state, incoming, effect).await
}

fn handle(state: &mut crate::State, incoming: &Incoming, query: &str, now: Timestamp) -> Answer {
    let body = match &incoming.body {
        Ok(body) => body,
        Err(Unread::TooLarge) => return Answer::body_too_large(COMMERCE_BODY_BYTES_MAX),
        Err(Unread::EndedEarly) => return Answer::unreadable("the body ended early"),
    };
    routes::answer(state, &Operation { method: &incoming.method, path: &incoming.path, query, body, now })
}

fn is_authorized(sandbox: &Sandbox, headers: &HeaderMap) -> bool {
    let Some(given) = headers.get(header::AUTHORIZATION) else { return false };
    match given.as_bytes().split_at_checked(BEARER.len()) {
        Some((scheme, token)) => scheme.eq_ignore_ascii_case(BEARER.as_bytes()) && sandbox.is_token(token),
        None => false,
    }
}
