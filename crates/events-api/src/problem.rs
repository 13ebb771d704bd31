use axum::Json;
use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode};
use serde_json::json;
use server::BodyFault;
use store::StoreError;
use tracing::error;
use uuid::Uuid;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const CONFLICTING_ID: HeaderName = HeaderName::from_static("x-conflicting-id");

/// A refusal in the shape of the management API:
/// `{"reason": "Bad Request. Request id: <id>.", "message": <what is wrong>}`.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    message: String,
    conflicting_id: Option<String>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), conflicting_id: None }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message)
    }

    /// What is wrong, for whoever did not ask over HTTP.
    pub(crate) fn into_message(self) -> String {
        self.message
    }

    /// Something that has what was to be unique.
    pub(crate) fn conflict(message: impl Into<String>, existing: Option<&str>) -> Self {
        Self { conflicting_id: existing.map(str::to_owned), ..Self::new(StatusCode::CONFLICT, message) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken => Self::conflict("something with this name or id is there already", None),
            error => {
                error!(%error, "the events service cannot use its store");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "the service cannot read or write its data now")
            }
        }
    }
}

impl From<BodyFault> for Problem {
    fn from(fault: BodyFault) -> Self {
        Self::new(fault.status(), fault.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let id = Uuid::new_v4().to_string();
        let reason = format!("{}. Request id: {id}.", self.status.canonical_reason().unwrap_or("Error"));
        let mut response = (self.status, Json(json!({"reason": reason, "message": self.message}))).into_response();
        let headers = [(REQUEST_ID, Some(id)), (CONFLICTING_ID, self.conflicting_id)];
        for (name, value) in headers {
            if let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }
}
