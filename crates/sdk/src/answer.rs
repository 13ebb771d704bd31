use std::time::Duration;

use serde_json::{Value, json};

/// What happens to the event after an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Done,
    /// Done without an effect: the event was not for this action.
    Skipped,
    /// Done without an effect: the event is the echo of a change that we brought there ourselves.
    Suppressed,
    /// Final: the target's verdict on the event will not change.
    Refused,
    /// Final: the event itself is broken.
    Rejected,
    /// Again by schedule, no sooner than `after` when the target named a time. Nothing has happened yet.
    Retry {
        after: Option<Duration>,
    },
    /// Again by schedule as well; but whether the call had its effect is not known, so the next attempt is told.
    Unknown {
        after: Option<Duration>,
    },
    /// Waits for a person. Nothing has happened yet.
    Parked,
    /// Waits for a person. The event had its effect, but what was to follow failed.
    Incomplete,
}

impl Fate {
    /// How a target's status decides: 2xx is done; 429 and 5xx except 505 are tried again; all else is final. Where our
    /// credentials were refused a person has to act, and the event itself may be fine. A target or a gateway that failed
    /// midway may have done what it was asked; 429 and 503 say that it has not.
    pub fn of_status(status: u16, retry_after: Option<Duration>) -> Self {
        match status {
            200..=299 => Self::Done,
            401 | 403 => Self::Parked,
            505 => Self::Refused,
            429 | 503 => Self::Retry { after: retry_after },
            500..=599 => Self::Unknown { after: retry_after },
            _ => Self::Refused,
        }
    }

    /// One word for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Suppressed => "suppressed",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Retry { .. } => "retry",
            Self::Unknown { .. } => "unknown",
            Self::Parked => "parked",
            Self::Incomplete => "incomplete",
        }
    }

    /// The fate with this word.
    pub fn named(word: &str, after: Option<Duration>) -> Option<Self> {
        let all = [
            Self::Done,
            Self::Skipped,
            Self::Suppressed,
            Self::Refused,
            Self::Rejected,
            Self::Retry { after },
            Self::Unknown { after },
            Self::Parked,
            Self::Incomplete,
        ];
        all.into_iter().find(|fate| fate.as_str() == word)
    }

    /// The time that the target asked to be left alone for.
    pub fn after(&self) -> Option<Duration> {
        match self {
            Self::Retry { after } | Self::Unknown { after } => *after,
            Self::Done
            | Self::Skipped
            | Self::Suppressed
            | Self::Refused
            | Self::Rejected
            | Self::Parked
            | Self::Incomplete => None,
        }
    }

    pub fn is_success(&self) -> bool {
        matches!(self, Self::Done | Self::Skipped | Self::Suppressed)
    }
}

/// What an action answers: the result in the kit's response shape, its number, and what follows from it.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    /// `{"statusCode", "body"}`, or `{"error": {"statusCode", "body"}}` where the contract says so.
    pub result: Value,
    pub fate: Fate,
}

impl Answer {
    /// A handler's success: `{"statusCode":200,"body":{"success":true,"message":...}}`.
    pub fn success(message: &str) -> Self {
        Self {
            status: 200,
            result: json!({"statusCode": 200, "body": {"success": true, "message": message}}),
            fate: Fate::Done,
        }
    }

    pub fn skipped(message: &str) -> Self {
        Self { fate: Fate::Skipped, ..Self::success(message) }
    }

    /// The answer to an echo, from the handler and from its consumer alike; the response is text, as the contract has it.
    pub fn suppressed(code: &str, response: &str) -> Self {
        Self {
            status: 200,
            result: json!({"statusCode": 200, "body": {"type": code, "response": response}}),
            fate: Fate::Suppressed,
        }
    }

    /// A handler's failure: `{"statusCode":n,"body":{"success":false,"error":...}}`.
    pub fn failure(status: u16, error: &str, fate: Fate) -> Self {
        Self { status, result: json!({"statusCode": status, "body": {"success": false, "error": error}}), fate }
    }

    /// A consumer's failure: `{"error":{"statusCode":n,"body":{"error":...}}}`.
    pub fn error(status: u16, error: &str, fate: Fate) -> Self {
        Self { status, result: json!({"error": {"statusCode": status, "body": {"error": error}}}), fate }
    }

    /// A handler's answer as its consumer passes it on (contract: consumer responses).
    pub fn routed(code: &str, handler: Self) -> Self {
        if handler.fate == Fate::Suppressed {
            return handler;
        }
        let body = handler.result.get("body").cloned().unwrap_or_default();
        if handler.fate.is_success() {
            let result = json!({"statusCode": 200, "body": {"type": code, "response": body}});
            return Self { status: 200, result, fate: handler.fate };
        }
        let error = body.get("error").and_then(Value::as_str).unwrap_or("the handler failed without a reason");
        Self::error(handler.status, error, handler.fate)
    }
}
