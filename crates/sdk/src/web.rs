//! Web actions: actions that answer HTTP requests themselves.

use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde::Serialize;

use crate::{ActivationId, Context, Inputs, Nonce};

/// One HTTP request as it came; the body is raw and within the server's limit.
#[derive(Debug)]
pub struct Request {
    pub method: Method,
    pub headers: HeaderMap,
    /// The raw query string.
    pub query: Option<String>,
    pub body: Bytes,
    /// The other end of the connection, which may be a proxy. None when it did not come over one.
    pub peer: Option<IpAddr>,
}

/// What a check of who is asking decides.
#[derive(Debug)]
pub enum Verdict {
    Accept,
    /// Accepted, and this very request makes no more than one event.
    AcceptOnce(Nonce),
    /// Answered with 401 and this message; it says no more than a stranger may know.
    Refuse(String),
    /// Answered with 401 and the words that all get who could not prove who they are; the reason is for the activation.
    Unproven(String),
    /// Answered with 503: it cannot be told now. The reason is for the activation.
    Undecided {
        reason: String,
        retry_after: Duration,
    },
}

impl Verdict {
    /// What makes the request one of its kind, if anything does; the refusal is the answer to the caller of this run.
    pub fn admit(self, activation: ActivationId) -> Result<Option<Nonce>, Response> {
        match self {
            Self::Accept => Ok(None),
            Self::AcceptOnce(nonce) => Ok(Some(nonce)),
            Self::Refuse(message) => Err(Response::error(401, &message)),
            Self::Unproven(reason) => Err(Response::unauthorized(activation).because(reason)),
            Self::Undecided { reason, retry_after } => {
                let response = Response::error(503, "it cannot be told now who sends this; send it again later");
                let pause = HeaderValue::from(retry_after.as_secs().max(1));
                Err(response.with_header(RETRY_AFTER, pause).because(reason))
            }
        }
    }
}

/// What the caller is answered.
#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// JSON text.
    pub body: Bytes,
    /// Set when the run is on record already: a published event's own row.
    pub recorded: Option<ActivationId>,
    /// Why, for the activation alone; the caller never sees it.
    pub detail: Option<String>,
}

impl Response {
    pub fn json(status: u16, body: &impl Serialize) -> Self {
        match serde_json::to_vec(body) {
            Ok(body) => Self { status, headers: Vec::new(), body: body.into(), recorded: None, detail: None },
            Err(_) => Self::error(500, "the answer cannot be written as JSON"),
        }
    }

    /// `{"error": <message>}`.
    pub fn error(status: u16, message: &str) -> Self {
        let body = serde_json::json!({"error": message}).to_string();
        Self { status, headers: Vec::new(), body: body.into(), recorded: None, detail: None }
    }

    /// The one answer to all who could not prove who they are: it names the activation, and only that says what differed.
    pub fn unauthorized(activation: ActivationId) -> Self {
        Self::error(401, &not_authorized(activation))
    }

    #[must_use]
    pub fn because(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    #[must_use]
    pub fn recorded_as(mut self, activation: ActivationId) -> Self {
        self.recorded = Some(activation);
        self
    }
}

/// What strangers are told.
pub fn not_authorized(activation: ActivationId) -> String {
    format!("the request is not authorized; activation {activation} says why")
}

/// An action that answers HTTP requests.
#[async_trait]
pub trait WebAction: Send + Sync + 'static {
    /// The methods it answers; others get 405.
    fn methods(&self) -> &'static [Method];

    /// Whether it finds out itself who calls, before it does anything. What others can reach needs a guard otherwise.
    fn checks_callers(&self) -> bool {
        false
    }

    /// Says at start what is wrong with its inputs, so that no caller has to find out.
    fn check_inputs(&self, inputs: &Inputs) -> Result<(), String> {
        let _ = inputs;
        Ok(())
    }

    async fn run(&self, cx: &Context, request: Request) -> Response;
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Response, Verdict};
    use crate::ActivationId;

    #[test]
    fn a_refusal_is_a_401_with_its_message() {
        let activation = ActivationId::new(uuid::Uuid::nil());
        let refused = Verdict::Refuse("the key is wrong".to_owned()).admit(activation).unwrap_err();
        assert_eq!((refused.status, &*refused.body), (401, br#"{"error":"the key is wrong"}"#.as_slice()));
        let unproven = Verdict::Unproven("`x-api-key` is missing".to_owned()).admit(activation).unwrap_err();
        assert_eq!(unproven.body, Response::unauthorized(activation).body);
        assert!(matches!(Verdict::Accept.admit(activation), Ok(None)));
    }

    #[test]
    fn what_cannot_be_told_now_is_asked_again_after_a_pause() {
        let activation = ActivationId::new(uuid::Uuid::nil());
        let verdict = Verdict::Undecided { reason: "no keys".to_owned(), retry_after: Duration::from_millis(10) };
        let undecided = verdict.admit(activation).unwrap_err();
        assert_eq!((undecided.status, undecided.detail.as_deref()), (503, Some("no keys")));
        assert_eq!(undecided.headers[0].1, "1");
    }

    #[test]
    fn whoever_is_not_authorized_reads_the_activation_and_no_reason() {
        let activation = ActivationId::new(uuid::Uuid::nil());
        let refused = Response::unauthorized(activation).because("`x-api-key` is missing");
        let text = format!("the request is not authorized; activation {activation} says why");
        assert_eq!(refused.body, serde_json::json!({"error": text}).to_string());
        assert_eq!((refused.status, refused.detail.as_deref()), (401, Some("`x-api-key` is missing")));
    }
}
