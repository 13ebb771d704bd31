use std::time::Duration;

use serde_json::Value;

/// What a target answered. Its number decides what happens to the event.
#[derive(Clone, Debug, Default)]
pub struct Reply {
    pub status: u16,
    /// `Null` when the answer had no body.
    pub body: Value,
    /// The target's own words about a failure, made readable; no payload values of ours.
    pub error: Option<String>,
    pub retry_after: Option<Duration>,
}

impl Reply {
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, body, ..Self::default() }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
