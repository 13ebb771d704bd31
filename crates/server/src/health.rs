use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;

use crate::Face;

/// Something that is due and unserved for longer than this makes us not ready.
const UNSERVED_MAX: SignedDuration = SignedDuration::from_secs(30);

/// The store has to say how it is within this time.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// The process answers.
pub(crate) async fn live() -> Response {
    Json(json!({"status": "ok"})).into_response()
}

/// Events can be taken in, and what is due is being delivered.
pub(crate) async fn ready(State(face): State<Face>) -> Response {
    match problem(&face).await {
        None => Json(json!({"status": "ok"})).into_response(),
        Some(reason) => {
            let body = Json(json!({"status": "unavailable", "reason": reason}));
            (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
        }
    }
}

async fn problem(face: &Face) -> Option<String> {
    let Ok(health) = tokio::time::timeout(STORE_TIMEOUT, face.store.health()).await else {
        return Some("the store does not answer".to_owned());
    };
    if health.failure.is_some() {
        return Some("the store cannot write".to_owned());
    }
    let oldest = health.backlogs.iter().filter_map(|backlog| backlog.oldest_due).min()?;
    let overdue = face.clock.now().duration_since(oldest);
    (overdue > UNSERVED_MAX).then(|| format!("a delivery is due and unserved for {} s", overdue.as_secs()))
}
