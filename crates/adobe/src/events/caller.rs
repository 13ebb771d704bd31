use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use reqwest::Url;
use sdk::TraceContext;

use super::said::said;
use crate::flight::Failure;
use crate::ims::{Ims, Token, TokenError};
use crate::pool::{BodyError, CallFailure, Pool, Silence, read};
use crate::retry_after::retry_after;

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const ORG_ID: HeaderName = HeaderName::from_static("x-ims-org-id");

/// Makes calls with our credentials.
#[derive(Debug)]
pub(super) struct Caller {
    pub pool: Pool,
    pub ims: Arc<Ims>,
    pub api_key: HeaderValue,
    pub org_id: HeaderValue,
}

/// One call, as often as it takes.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    pub method: Method,
    pub url: &'a Url,
    pub headers: &'a [(HeaderName, &'static str)],
    pub body: Option<Bytes>,
    /// Where in a trace it belongs.
    pub trace: Option<TraceContext>,
    pub answer_bytes_max: usize,
}

/// Any answer, whatever its status.
pub(super) struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Result<Vec<u8>, BodyError>,
    pub received: Timestamp,
    token: Token,
}

/// No answer.
#[derive(Debug)]
pub(super) enum CallError {
    Token(TokenError),
    NoAnswer { silence: Silence, source: Arc<CallFailure> },
}

impl Caller {
    /// A call that is answered 401 is made once more with a new token.
    pub async fn call(&self, ask: &Ask<'_>) -> Result<Answer, CallError> {
        let token = self.ims.token().await.map_err(CallError::Token)?;
        let answer = self.attempt(ask, &token).await?;
        if answer.status != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        self.ims.rejected(&token);
        let renewed = self.ims.token().await.map_err(CallError::Token)?;
        if renewed == token { Ok(answer) } else { self.attempt(ask, &renewed).await }
    }

    async fn attempt(&self, ask: &Ask<'_>, token: &Token) -> Result<Answer, CallError> {
        let mut request = reqwest::Request::new(ask.method.clone(), ask.url.clone());
        let headers = request.headers_mut();
        for (name, value) in ask.headers {
            headers.insert(name, HeaderValue::from_static(value));
        }
        headers.insert(AUTHORIZATION, token.bearer().clone());
        headers.insert(API_KEY, self.api_key.clone());
        headers.insert(ORG_ID, self.org_id.clone());
        if let Some(trace) = &ask.trace {
            trace.write_to(headers);
        }
        *request.body_mut() = ask.body.clone().map(reqwest::Body::from);
        let mut response = self.pool.execute(request).await.map_err(CallError::no_answer)?;
        let (status, headers) = (response.status(), std::mem::take(response.headers_mut()));
        let body = read(&mut response, ask.answer_bytes_max).await;
        Ok(Answer { status, headers, body, received: self.ims.clock().now(), token: token.clone() })
    }
}

impl Answer {
    pub fn retry_after(&self) -> Option<Duration> {
        retry_after(&self.headers, self.received)
    }

    /// What the answer says about a failure, unless it repeats our token.
    pub fn said(&self) -> Option<String> {
        let body = self.body.as_deref().ok().filter(|body| !self.token.is_in(&String::from_utf8_lossy(body)))?;
        said(body)
    }
}

impl CallError {
    pub fn no_answer(error: impl Into<CallFailure>) -> Self {
        let error = error.into();
        Self::NoAnswer { silence: Silence::of(&error), source: Arc::new(error.without_url()) }
    }

    /// When the token's service named a time.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Token(error) => error.retry_after(),
            Self::NoAnswer { .. } => None,
        }
    }

    /// One sentence about `who` was asked, with the innermost cause: `the journal cannot be reached: ...`.
    pub fn sentence(&self, who: &str) -> String {
        match self {
            Self::Token(error) => error.to_string(),
            Self::NoAnswer { silence: Silence::TimedOut, .. } => format!("{who} {}", Silence::TimedOut),
            Self::NoAnswer { silence, source } => format!("{who} {silence}: {}", root(source)),
        }
    }
}

fn root(error: &CallFailure) -> String {
    let mut root: &dyn Error = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}
