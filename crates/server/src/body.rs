use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};

use crate::answer::error;

/// The largest request body, as Adobe I/O Runtime has it: 1 MiB.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A body has to arrive within this time.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads a body within its limits.
///
/// # Errors
/// The answer for the caller: 413, 408, or 400 when the connection broke.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Response> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > BODY_BYTES_MAX) {
        return Err(too_large());
    }
    match tokio::time::timeout(BODY_TIMEOUT, axum::body::to_bytes(body, BODY_BYTES_MAX)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(problem)) if is_too_large(&problem) => Err(too_large()),
        Ok(Err(_)) => Err(error(StatusCode::BAD_REQUEST, "the body did not arrive whole")),
        Err(_) => Err(error(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

fn too_large() -> Response {
    error(StatusCode::PAYLOAD_TOO_LARGE, &format!("the body is larger than {BODY_BYTES_MAX} bytes"))
}

/// The limit's error is the innermost cause and has no public type here.
fn is_too_large(problem: &axum::Error) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(problem);
    while let Some(error) = cause {
        if error.to_string().contains("length limit exceeded") {
            return true;
        }
        cause = error.source();
    }
    false
}
