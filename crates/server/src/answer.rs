use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use uuid::Uuid;

/// Names one request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

pub(crate) const NO_SUCH_RESOURCE: &str = "The requested resource does not exist.";

/// `{"error": <message>}` with a status.
pub(crate) fn error(status: StatusCode, message: &str) -> Response {
    (status, Json(json!({"error": message}))).into_response()
}

/// As [`error`], with the id of this one request as `code` and as header, by which the runtime's users ask what went wrong.
pub(crate) fn coded_error(status: StatusCode, message: &str) -> Response {
    let code = Uuid::new_v4().simple().to_string();
    let mut response = (status, Json(json!({"error": message, "code": code}))).into_response();
    if let Ok(code) = HeaderValue::try_from(code) {
        response.headers_mut().insert(REQUEST_ID, code);
    }
    response
}

/// The runtime's own words for everything that does not exist.
pub(crate) async fn not_found() -> Response {
    error(StatusCode::NOT_FOUND, NO_SUCH_RESOURCE)
}

pub(crate) async fn method_not_allowed() -> Response {
    error(StatusCode::METHOD_NOT_ALLOWED, "this method is not allowed here")
}
