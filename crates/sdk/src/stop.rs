use std::error::Error;
use std::fmt;
use std::time::Duration;

use crate::answer::{Answer, Fate};

/// Why a handler ends without success, named by what happens next.
///
/// The message is read by strangers: no internals, no secrets, no values of the payload.
#[derive(Debug)]
pub struct Stop {
    fate: Fate,
    status: u16,
    message: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

impl Stop {
    /// The event is not for this action: 200, done.
    pub fn skip(message: impl Into<String>) -> Self {
        Self::new(Fate::Skipped, 200, message)
    }

    /// The event is wrong and will stay wrong: 400, shown as refused.
    pub fn reject(message: impl Into<String>) -> Self {
        Self::new(Fate::Rejected, 400, message)
    }

    /// The target will not have the event: 400, shown as refused by it.
    pub fn refuse(message: impl Into<String>) -> Self {
        Self::new(Fate::Refused, 400, message)
    }

    /// The event is fine, the world is not ready: 503, again by schedule.
    pub fn retry(message: impl Into<String>) -> Self {
        Self::new(Fate::Retry { after: None }, 503, message)
    }

    /// A call got no answer, so that it may have had its effect: 503, again by schedule, and the next attempt finds
    /// [`is_in_doubt`](crate::Context::is_in_doubt) set.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(Fate::Unknown { after: None }, 503, message)
    }

    /// Again will not help: 422, waits for a person.
    pub fn park(message: impl Into<String>) -> Self {
        Self::new(Fate::Parked, 422, message)
    }

    /// Keeps the cause for the log; it is never part of the answer.
    #[must_use]
    pub fn because(mut self, cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// Answers another number; what happens next stays as it is.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    /// Asks for the next attempt no sooner than this; only what is tried again listens.
    #[must_use]
    pub fn after(mut self, wait: Duration) -> Self {
        if let Fate::Retry { after } | Fate::Unknown { after } = &mut self.fate {
            *after = Some(wait);
        }
        self
    }

    pub fn fate(&self) -> &Fate {
        &self.fate
    }

    /// The number that the answer has.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The stop as a handler's answer.
    pub(crate) fn into_answer(self) -> Answer {
        match self.fate {
            Fate::Skipped => Answer::skipped(&self.message),
            fate => Answer::failure(self.status, &self.message, fate),
        }
    }

    /// The stop of a step after the send: whatever it says, nothing is sent again.
    pub(crate) fn into_answer_after_send(self) -> Answer {
        match self.fate {
            Fate::Skipped | Fate::Suppressed | Fate::Done => Answer::skipped(&self.message),
            Fate::Refused
            | Fate::Rejected
            | Fate::Retry { .. }
            | Fate::Unknown { .. }
            | Fate::Parked
            | Fate::Incomplete => Answer::failure(self.status, &self.message, Fate::Incomplete),
        }
    }

    /// A stop of any kind, such as one that was kept.
    pub(crate) fn of(fate: Fate, status: u16, message: String) -> Self {
        Self { fate, status, message, cause: None }
    }

    fn new(fate: Fate, status: u16, message: impl Into<String>) -> Self {
        Self { fate, status, message: message.into(), cause: None }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl Error for Stop {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as _)
    }
}
