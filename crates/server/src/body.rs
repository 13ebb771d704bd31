use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::response::Response;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};

use crate::answer::error;

/// The largest request body, as Adobe I/O Runtime has it: 1 MiB.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;

/// A body has to arrive within this time.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Of a refused body this much is read and thrown away, for at most this long. Many clients send all of their body
/// before they look for an answer; a connection closed before that takes the answer with it.
const DRAINED_BYTES_MAX: usize = 16 * BODY_BYTES_MAX;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads a body within its limits.
///
/// # Errors
/// The answer for the caller: 413, 408, or 400 when the connection broke.
pub(crate) async fn read(headers: &HeaderMap, body: Body) -> Result<Bytes, Response> {
    read_up_to(BODY_BYTES_MAX, headers, body).await
}

/// Reads a body within a limit of its own.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_up_to(bytes_max: usize, headers: &HeaderMap, body: Body) -> Result<Bytes, Response> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let stream = body.into_data_stream();
    if announced.is_some_and(|length| length > bytes_max) {
        return Err(too_large(bytes_max, stream));
    }
    match tokio::time::timeout(BODY_TIMEOUT, collect(bytes_max, stream)).await {
        Ok(collected) => collected,
        Err(_) => Err(error(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

/// Most bodies are one chunk, which is handed on without a copy.
async fn collect(bytes_max: usize, mut stream: BodyDataStream) -> Result<Bytes, Response> {
    let mut only = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else {
            return Err(error(StatusCode::BAD_REQUEST, "the body did not arrive whole"));
        };
        if only.len() + whole.len() + chunk.len() > bytes_max {
            return Err(too_large(bytes_max, stream));
        }
        if only.is_empty() && whole.is_empty() {
            only = chunk;
        } else {
            whole.extend_from_slice(&std::mem::take(&mut only));
            whole.extend_from_slice(&chunk);
        }
    }
    Ok(if whole.is_empty() { only } else { whole.freeze() })
}

fn too_large(bytes_max: usize, stream: BodyDataStream) -> Response {
    tokio::spawn(tokio::time::timeout(DRAIN_TIMEOUT, drain(stream)));
    error(StatusCode::PAYLOAD_TOO_LARGE, &format!("the body is larger than {bytes_max} bytes"))
}

async fn drain(mut stream: BodyDataStream) {
    let mut drained = 0;
    while let Some(Ok(chunk)) = stream.next().await {
        drained += chunk.len();
        if drained > DRAINED_BYTES_MAX {
            return;
        }
    }
}
