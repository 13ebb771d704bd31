use std::fmt;
use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::header::CONTENT_LENGTH;
use http::{HeaderMap, StatusCode};

use crate::answer::error;
use crate::bodies::give_back;
use crate::inflate::NotGzip;
use crate::json_shape::{self, Beyond, JsonRules};

/// How bodies are read.
#[derive(Clone, Copy, Debug)]
pub struct BodyRules {
    /// Of a web action's request.
    pub bytes_max: usize,
    /// A body has to arrive within this time.
    pub timeout: Duration,
    pub json: JsonRules,
}

/// Of a refused body this much is read and thrown away, for at most this long. Many clients send all of their body
/// before they look for an answer; a connection closed before that takes the answer with it.
const DRAINED_BYTES_MAX: usize = 16 * 1024 * 1024;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);

/// Why a body was not read.
#[derive(Debug)]
pub enum BodyFault {
    TooLarge {
        /// Those that are known of.
        bytes: usize,
        bytes_max: usize,
    },
    Late,
    /// The connection broke.
    Cut,
    NotGzip,
    TooDeep {
        depth_max: usize,
    },
    TooManyMembers {
        members_max: usize,
    },
}

impl BodyFault {
    pub fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge { .. } | Self::TooManyMembers { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Late => StatusCode::REQUEST_TIMEOUT,
            Self::Cut | Self::NotGzip | Self::TooDeep { .. } => StatusCode::BAD_REQUEST,
        }
    }
}

impl fmt::Display for BodyFault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge { bytes_max, .. } => write!(formatter, "the body is larger than {bytes_max} bytes"),
            Self::Late => formatter.write_str("the body did not arrive in time"),
            Self::Cut => formatter.write_str("the body did not arrive whole"),
            Self::NotGzip => NotGzip.fmt(formatter),
            Self::TooDeep { depth_max } => write!(formatter, "the body is nested more than {depth_max} levels deep"),
            Self::TooManyMembers { members_max } => {
                write!(formatter, "the body has more than {members_max} members and elements")
            }
        }
    }
}

impl IntoResponse for BodyFault {
    fn into_response(self) -> Response {
        error(self.status(), &self.to_string())
    }
}

impl Default for BodyRules {
    /// As Adobe I/O Runtime has it.
    fn default() -> Self {
        let json = JsonRules { depth_max: 64, members_max: 100_000 };
        Self { bytes_max: 1024 * 1024, timeout: Duration::from_secs(30), json }
    }
}

impl BodyRules {
    /// Reads a body of at most so many bytes.
    ///
    /// # Errors
    /// It is larger, slower, deeper or wider than the rules say, or its connection broke.
    pub async fn read(&self, bytes_max: usize, headers: &HeaderMap, body: Body) -> Result<Bytes, BodyFault> {
        let stream = body.into_data_stream();
        if let Some(bytes) = announced(headers).filter(|length| *length > bytes_max) {
            return Err(too_large(bytes, bytes_max, stream));
        }
        let collected = tokio::time::timeout(self.timeout, collect(bytes_max, stream)).await;
        let body = collected.unwrap_or(Err(BodyFault::Late))?;
        if json_shape::may_be_json(headers) {
            self.check_shape(&body)?;
        }
        Ok(body)
    }

    fn check_shape(&self, body: &[u8]) -> Result<(), BodyFault> {
        let JsonRules { depth_max, members_max } = self.json;
        json_shape::check(self.json, body).map_err(|beyond| match beyond {
            Beyond::Depth => BodyFault::TooDeep { depth_max },
            Beyond::Members => BodyFault::TooManyMembers { members_max },
        })
    }
}

/// The length that a request says its body has.
pub(crate) fn announced(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Most bodies are one chunk, which is handed on without a copy.
async fn collect(bytes_max: usize, mut stream: BodyDataStream) -> Result<Bytes, BodyFault> {
    let mut only = Bytes::new();
    let mut whole = BytesMut::new();
    while let Some(chunk) = stream.next().await {
        let chunk =
            chunk.map_err(|error| if NotGzip::is_behind(&error) { BodyFault::NotGzip } else { BodyFault::Cut })?;
        let bytes = only.len() + whole.len() + chunk.len();
        if bytes > bytes_max {
            return Err(too_large(bytes, bytes_max, stream));
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

fn too_large(bytes: usize, bytes_max: usize, stream: BodyDataStream) -> BodyFault {
    give_back();
    drain_apart(stream);
    BodyFault::TooLarge { bytes, bytes_max }
}

pub(crate) fn drain_apart(stream: BodyDataStream) {
    tokio::spawn(tokio::time::timeout(DRAIN_TIMEOUT, drain(stream)));
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
