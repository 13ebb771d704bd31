use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use http::header::{HeaderValue, RETRY_AFTER};
use sdk::ActivationId;
use sdk::web::{Request, Response, not_authorized};

use crate::web::failure;

/// Decides on a request to a web action before the action sees it.
#[async_trait]
pub trait Guard: fmt::Debug + Send + Sync + 'static {
    async fn check(&self, request: &Request) -> Result<(), Denial>;
}

/// Why a request does not get to its action. The reason stands in the activation alone: the caller never learns it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The caller did not prove who he is: 401.
    Unproven { reason: String },
    /// The caller did not bring what the action's annotation asks for: 401 in the runtime's own words.
    Unauthenticated { reason: String },
    /// Nobody can tell right now: 503, with the pause after which it is worth asking again.
    Undecided { reason: String, retry_after: Duration },
}

impl Denial {
    pub fn unproven(reason: impl Into<String>) -> Self {
        Self::Unproven { reason: reason.into() }
    }

    pub(crate) fn answer(self, activation: ActivationId) -> Response {
        match self {
            Self::Unproven { reason } => failure(activation, 401, &not_authorized(activation)).because(reason),
            Self::Unauthenticated { reason } => {
                let message = "Authentication is possible but has failed or not yet been provided.";
                failure(activation, 401, message).because(reason)
            }
            Self::Undecided { reason, retry_after } => {
                // Part of a second is a second: zero would ask for no pause at all.
                let seconds = retry_after.as_secs() + u64::from(retry_after.subsec_nanos() > 0);
                failure(activation, 503, "who is calling cannot be checked right now")
                    .with_header(RETRY_AFTER, HeaderValue::from(seconds.max(1)))
                    .because(reason)
            }
        }
    }
}
