use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, StatusCode};

use crate::problem::Problem;

/// A body has to arrive within this time.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);

/// Of a refused body this much is read and thrown away, for at most this long: many clients send all of it before they
/// look for an answer, and a connection closed before that takes the answer with it.
const DRAINED_BYTES_MAX: usize = 16 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Reads a body of at most so many bytes.
///
/// # Errors
/// 413, 408, or 400 when the connection broke.
pub(crate) async fn read(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, Problem> {
    let announced = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    let stream = body.into_data_stream();
    if announced.is_some_and(|length| length > bytes_max) {
        return Err(too_large(stream, bytes_max));
    }
    match tokio::time::timeout(BODY_TIMEOUT, collect(stream, bytes_max)).await {
        Ok(collected) => collected,
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time")),
    }
}

/// Most bodies are one chunk, which is handed on without a copy.
async fn collect(mut stream: BodyDataStream, bytes_max: usize) -> Result<Bytes, Problem> {
    let mut only = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let Ok(chunk) = chunk else { return Err(Problem::bad_request("the body did not arrive whole")) };
        if only.len() + whole.len() + chunk.len() > bytes_max {
            return Err(too_large(stream, bytes_max));
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

fn too_large(stream: BodyDataStream, bytes_max: usize) -> Problem {
    tokio::spawn(tokio::time::timeout(DRAIN_TIMEOUT, drain(stream)));
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, format!("the body is larger than {bytes_max} bytes"))
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

/// The content type without its parameters.
pub(crate) fn content_type(headers: &HeaderMap) -> String {
    let text = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
