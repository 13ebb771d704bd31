use std::fmt;
use std::time::Duration;

use sdk::{Fate, Reply, Stop};

/// What stands for an answer that is no failure by its number and still cannot be used.
const BAD_GATEWAY: u16 = 502;

/// Why something did not come through: what the caller is answered, and what may help.
#[derive(Debug)]
pub struct Failure {
    pub status: u16,
    pub message: String,
    pub remedy: Remedy,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Remedy {
    None,
    /// The same once more, no sooner than `after`.
    Again {
        after: Option<Duration>,
    },
    /// A look at whether there is such a page: Commerce refused the query itself.
    Look,
}

impl Failure {
    pub fn new(status: u16, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), remedy: Remedy::None }
    }

    /// An answer with a good number that is not what was asked for.
    pub fn unusable(message: impl Into<String>) -> Self {
        Self::new(BAD_GATEWAY, message)
    }

    pub fn of_stop(stop: &Stop) -> Self {
        Self::judge(stop.status(), stop.to_string(), stop.fate())
    }

    /// A reply of a number that is no success.
    pub fn of_reply(reply: &Reply, who: &str) -> Self {
        let message = reply.error.clone().unwrap_or_else(|| format!("{who} answered {}", reply.status));
        Self::judge(reply.status, message, &Fate::of_status(reply.status, reply.retry_after))
    }

    fn judge(status: u16, message: String, fate: &Fate) -> Self {
        let remedy = match fate {
            Fate::Retry { after } | Fate::Unknown { after } => Remedy::Again { after: *after },
            _ => Remedy::None,
        };
        Self { status: if status < 400 { BAD_GATEWAY } else { status }, message, remedy }
    }
}

impl From<Stop> for Failure {
    fn from(stop: Stop) -> Self {
        Self::of_stop(&stop)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}
