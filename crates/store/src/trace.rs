use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One request that carried events to a webhook, with what came back. Credentials are left out by whoever makes it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct Trace {
    /// Names this request: `x-adobe-delivery-id`.
    pub id: Uuid,
    pub registration: i64,
    /// The store's ids; several in a batch, none in a challenge.
    pub events: Vec<Uuid>,
    pub at: Timestamp,
    pub duration_ms: u64,
    pub request: TracedRequest,
    pub response: TracedResponse,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct TracedRequest {
    pub method: String,
    pub url: String,
    pub headers: Vec<(String, String)>,
    /// Cut at 64 KiB.
    pub body: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct TracedResponse {
    /// HTTP's number; 601, 602, 604 or 611 when no answer came.
    pub status: u16,
    pub headers: Vec<(String, String)>,
    /// Cut at 64 KiB.
    pub body: String,
}

impl Trace {
    /// Requests and answers are kept up to here, as the tracing API shows them.
    pub const BODY_BYTES_MAX: usize = 64 * 1024;

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.response.status)
    }
}

/// Which traces to list; newest first.
#[derive(Clone, Copy, Debug)]
pub struct TraceFilter {
    pub registration: i64,
    /// Only those that ended this way.
    pub outcome: Option<TraceOutcome>,
    pub limit: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TraceOutcome {
    Success,
    Error,
}
