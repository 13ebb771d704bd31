//! The sandbox's own routes: what was called, and which faults come next. They need no token.

use axum::extract::{FromRequest, Query, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::Value;

use crate::answer::Answer;
use crate::faults::Fault;
use crate::{CONTROL_BODY_BYTES_MAX, Sandbox, commerce};

const NO_WORKSPACE: &str = "There is no client here whose secret is known. Where events travel through an events API elsewhere, \
                            download the file there.";

#[derive(Debug, Deserialize)]
pub struct Filter {
    #[serde(default)]
    path: String,
}

pub async fn calls(State(sandbox): State<Sandbox>, Query(filter): Query<Filter>) -> Response {
    let rows = sandbox.state().calls.rows(&filter.path);
    Answer::of(StatusCode::OK, &rows).into_response()
}

pub async fn erp_calls(State(sandbox): State<Sandbox>, Query(filter): Query<Filter>) -> Response {
    let rows = sandbox.erp().calls.rows(&filter.path);
    Answer::of(StatusCode::OK, &rows).into_response()
}

/// Who sees personal data here sees them in the calls, too.
pub async fn events(State(sandbox): State<Sandbox>) -> Response {
    let answer = sandbox.eventing(|module| Answer::of(StatusCode::OK, &module.rows().collect::<Vec<_>>()));
    answer.unwrap_or_else(Answer::no_route).into_response()
}

/// With the token: there is a secret in it.
pub async fn workspace(State(sandbox): State<Sandbox>, headers: HeaderMap) -> Response {
    if !commerce::has_token(&sandbox, &headers) {
        return Answer::not_authorized().into_response();
    }
    match sandbox.shared.workspace.get() {
        Some(text) => Answer::json(StatusCode::OK, text.expose_secret().to_owned()).into_response(),
        None => Answer::refusal(StatusCode::NOT_FOUND, NO_WORKSPACE, &Value::Null).into_response(),
    }
}

pub async fn add_fault(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let body = match Bytes::from_request(request, &()).await {
        Ok(body) => body,
        Err(rejection) if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE => {
            return Answer::body_too_large(CONTROL_BODY_BYTES_MAX).into_response();
        }
        Err(_) => return Answer::unreadable("the body ended early").into_response(),
    };
    match Fault::parse(&body).and_then(|fault| sandbox.faults().add(fault)) {
        Ok(fault) => Answer::of(StatusCode::CREATED, &fault).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

pub async fn remove_faults(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.faults().clear();
    StatusCode::NO_CONTENT
}
