use axum::response::{IntoResponse, Response};
use http::StatusCode;
use store::StoreError;
use tracing::error;

use crate::answer;

/// Why a request is not answered as it was meant: a status, and a text that anybody may read.
#[derive(Debug)]
pub(super) struct Refused {
    status: StatusCode,
    text: String,
}

impl Refused {
    pub(super) fn new(status: StatusCode, text: impl Into<String>) -> Self {
        Self { status, text: text.into() }
    }

    /// Something in the request is not what it should be.
    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, text)
    }

    /// There is no such thing.
    pub(super) fn unknown() -> Self {
        Self::new(StatusCode::NOT_FOUND, answer::NO_SUCH_RESOURCE)
    }

    #[cfg(test)]
    pub(super) fn text(&self) -> &str {
        &self.text
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        error!(%error, "the runtime API cannot read the store");
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "System is overloaded, try again later.")
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        answer::coded_error(self.status, &self.text)
    }
}
