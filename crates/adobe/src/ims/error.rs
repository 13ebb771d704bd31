use std::sync::Arc;
use std::time::Duration;

use oauth2::basic::{BasicErrorResponse, BasicErrorResponseType};
use oauth2::{RequestTokenError, StandardErrorResponse};

use crate::flight::Failure;
use crate::pool::{CallFailure, Silence};

/// What an error code may say at the most.
const CODE_CHARACTERS_MAX: usize = 64;

/// Why there is no access token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TokenError {
    #[error("IMS does not know this client or none of its secrets; check `OAUTH_CLIENT_ID` and `OAUTH_CLIENT_SECRET`")]
    InvalidClient,
    #[error("IMS does not grant these scopes; check `OAUTH_SCOPES`")]
    InvalidScope,
    /// Another code of OAuth 2.0, or of IMS.
    #[error("IMS refused to give a token, its reason is `{code}`")]
    Refused { code: String },
    #[error("IMS answered {status} with {content_type} instead of JSON; a proxy or login page seems to answer")]
    NotJson { status: u16, content_type: String },
    #[error("IMS answered {status} with JSON that holds neither a token nor an error")]
    Unreadable { status: u16 },
    #[error("IMS answered {status} with more than {bytes_max} bytes")]
    TooLarge { status: u16, bytes_max: usize },
    #[error("IMS is throttling or has a fault of its own, it answered {status}")]
    Unavailable { status: u16, retry_after: Option<Duration> },
    #[error("IMS {silence}")]
    NoAnswer { silence: Silence, source: Arc<CallFailure> },
}

impl TokenError {
    pub(super) fn no_answer(error: impl Into<CallFailure>) -> Self {
        let error = error.into();
        Self::NoAnswer { silence: Silence::of(&error), source: Arc::new(error.without_url()) }
    }

    /// The library's parse errors carry the answer's body, which must not go further.
    pub(super) fn of(error: RequestTokenError<Self, BasicErrorResponse>) -> Self {
        match error {
            RequestTokenError::ServerResponse(answer) => Self::of_code(&answer),
            RequestTokenError::Request(error) => error,
            RequestTokenError::Parse(..) | RequestTokenError::Other(_) => Self::Unreadable { status: 200 },
        }
    }

    fn of_code(answer: &StandardErrorResponse<BasicErrorResponseType>) -> Self {
        match answer.error() {
            BasicErrorResponseType::InvalidClient => Self::InvalidClient,
            BasicErrorResponseType::InvalidScope => Self::InvalidScope,
            code => Self::Refused { code: word(code.as_ref()) },
        }
    }
}

impl Failure for TokenError {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Unavailable { retry_after, .. } => *retry_after,
            Self::InvalidClient
            | Self::InvalidScope
            | Self::Refused { .. }
            | Self::NotJson { .. }
            | Self::Unreadable { .. }
            | Self::TooLarge { .. }
            | Self::NoAnswer { .. } => None,
        }
    }
}

/// A code is one short word; whatever else somebody put there is left out.
pub(super) fn word(code: &str) -> String {
    let is_allowed = |letter: &char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '.');
    code.chars().take_while(is_allowed).take(CODE_CHARACTERS_MAX).collect()
}
