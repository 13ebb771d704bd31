use axum::Json;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

/// `{"error": <message>}` with a status.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}

/// The runtime's own words for everything that does not exist.
pub(crate) async fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, "The requested resource does not exist.")
}

pub(crate) async fn method_not_allowed() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here")
}
