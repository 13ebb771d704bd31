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
    /// What people should know although the call succeeded; it follows the handler's success message.
    pub note: Option<String>,
}

const EARLIER_ATTEMPT: &str = "An earlier attempt had done it already";

impl Reply {
    pub fn new(status: u16, body: Value) -> Self {
        Self { status, body, ..Self::default() }
    }

    /// What an earlier attempt brought about: success, and people are told why nothing was sent now.
    pub fn of_earlier_attempt(body: Value) -> Self {
        Self::new(200, body).with_note(EARLIER_ATTEMPT)
    }

    #[must_use]
    pub fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}
