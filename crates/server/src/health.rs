use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use engine::{Finding, Reason};
use http::{HeaderMap, StatusCode};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::Face;

/// The store has to say how it is within this time.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Whoever compares what is due with what runs looks every 10 s. What an older look found counts no longer.
const LOOK_AGE_MAX: SignedDuration = SignedDuration::from_mins(1);

/// The process answers.
pub(crate) async fn live() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// Events can be taken in, and what is due is being delivered. Why not, is for operators.
pub(crate) async fn ready(State(face): State<Face>, headers: HeaderMap) -> Response {
    let findings = findings(&face).await;
    let Some(first) = findings.first() else { return Json(json!({"status": "ok"})).into_response() };
    if !face.operators.admits(&headers) {
        return (StatusCode::SERVICE_UNAVAILABLE, Json(json!({"status": "unavailable"}))).into_response();
    }
    let reasons: Vec<Value> =
        findings.iter().map(|finding| json!({"reason": finding.reason.as_str(), "text": finding.text})).collect();
    let body = Json(json!({"status": "unavailable", "reason": first.text, "reasons": reasons}));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

/// What the last look found, and how the store is at this moment.
async fn findings(face: &Face) -> Vec<Finding> {
    let mut findings = face.readiness.findings();
    let failure = match tokio::time::timeout(STORE_TIMEOUT, face.store.health()).await {
        Ok(health) => health.failure.map(|_| "the store cannot write"),
        Err(_) => Some("the store does not answer"),
    };
    if let Some(text) = failure
        && findings.iter().all(|finding| finding.reason != Reason::Disk)
    {
        findings.insert(0, Finding::new(Reason::Disk, text));
    }
    let age = face.readiness.looked().map(|looked| face.clock.now().duration_since(looked));
    if let Some(age) = age.filter(|age| *age > LOOK_AGE_MAX) {
        let text = format!("nobody has compared what is due with what runs for {} s", age.as_secs());
        findings.push(Finding::new(Reason::Audit, text));
    }
    findings
}
