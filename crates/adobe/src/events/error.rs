use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::caller::{Answer, CallError};
use super::link::BadLink;
use crate::flight::Failure;
use crate::ims::TokenError;
use crate::pool::{CallFailure, Silence};

/// Why the management API gave nothing. `what` is what was asked for.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EventsApiError {
    #[error("there is no token to ask I/O Events for {what}")]
    Token { what: &'static str, source: TokenError },
    #[error("I/O Events {silence} when asked for {what}")]
    NoAnswer { what: &'static str, silence: Silence, source: Arc<CallFailure> },
    #[error("I/O Events answered {status} when asked for {what}{}{}", Said(said.as_deref()), hint(*status))]
    Status { what: &'static str, status: u16, said: Option<String>, retry_after: Option<Duration> },
    #[error("I/O Events answered with something that is not {what}; check `IO_MANAGEMENT_BASE_URL`")]
    Unreadable { what: &'static str },
    #[error("{what} has more than {bytes_max} bytes")]
    TooLarge { what: &'static str, bytes_max: usize },
    #[error("{what} has more than {pages_max} pages")]
    TooManyPages { what: &'static str, pages_max: usize },
    #[error("{what} leads to another host, which must not get our token; check `IO_MANAGEMENT_BASE_URL`")]
    Foreign { what: &'static str },
    // The text is Adobe's kit's.
    #[error("Could not find any external backoffice provider")]
    NoProvider,
}

impl EventsApiError {
    pub(super) fn of(what: &'static str, error: CallError) -> Self {
        match error {
            CallError::Token(source) => Self::Token { what, source },
            CallError::NoAnswer { silence, source } => Self::NoAnswer { what, silence, source },
        }
    }

    pub(super) fn of_status(what: &'static str, answer: &Answer) -> Self {
        Self::Status { what, status: answer.status.as_u16(), said: answer.said(), retry_after: answer.retry_after() }
    }

    pub(super) fn of_link(what: &'static str, link: BadLink) -> Self {
        match link {
            BadLink::Foreign => Self::Foreign { what },
            BadLink::Invalid => Self::Unreadable { what },
        }
    }
}

impl Failure for EventsApiError {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            Self::Token { source, .. } => source.retry_after(),
            Self::NoAnswer { .. }
            | Self::Unreadable { .. }
            | Self::TooLarge { .. }
            | Self::TooManyPages { .. }
            | Self::Foreign { .. }
            | Self::NoProvider => None,
        }
    }
}

struct Said<'a>(Option<&'a str>);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |said| write!(f, ": {said}"))
    }
}

fn hint(status: u16) -> &'static str {
    match status {
        401 | 403 => "; check `OAUTH_CLIENT_ID`, `OAUTH_ORG_ID` and `OAUTH_SCOPES`",
        404 => "; check `IO_CONSUMER_ID`, `IO_PROJECT_ID` and `IO_WORKSPACE_ID`",
        _ => "",
    }
}
