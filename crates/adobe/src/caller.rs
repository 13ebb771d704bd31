//! How a call to a target runs: one way for all of them.

use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_LENGTH, CONTENT_TYPE, HOST, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use reqwest::Url;
use sdk::{Call, Reply, Stop, TraceContext, spans};
use tracing::{Instrument, Span};

use crate::authorize::Authorize;
use crate::governor::{Admission, Answered, Busy, Governor, is_deadlock};
use crate::pool::{BodyError, CallFailure, Pool, Silence, read};
use crate::retry_after::retry_after;
use crate::span;

/// Larger answers are not read.
const REPLY_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Carries the event's id, the same on every attempt.
const EVENT_ID: HeaderName = HeaderName::from_static("x-event-id");

/// What belongs to the call and the connection; nobody's fixed headers replace it.
const OURS: [HeaderName; 4] = [EVENT_ID, CONTENT_LENGTH, HOST, TRANSFER_ENCODING];

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// Credentials shorter than this are not searched for in errors: they would be found in ordinary words.
const CREDENTIAL_CHARACTERS_MIN: usize = 8;

/// Makes the calls of one target. A call waits for its turn, is signed anew for each attempt, and is made once more
/// when it is answered 401 and its credentials can be renewed.
#[derive(Debug)]
pub(crate) struct Caller {
    pub pool: Pool,
    /// Begins sentences about the target.
    pub who: &'static str,
    /// On every request.
    pub headers: HeaderMap,
    pub authorize: Arc<dyn Authorize>,
    pub governor: Arc<Governor>,
    /// An answer's meaning.
    pub judge: fn(u16, &[u8]) -> Reply,
}

/// An answer to one attempt, with the headers that it was sent with.
struct Attempt {
    reply: Reply,
    sent: HeaderMap,
}

/// What all attempts at one call share.
struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    trace: Option<TraceContext>,
}

impl Caller {
    /// Makes a call to this address; the call's own path is part of it.
    pub async fn call(&self, url: Url, mut call: Call) -> Result<Reply, Stop> {
        // Reading excludes nobody.
        let changes = if call.method.is_safe() { Vec::new() } else { mem::take(&mut call.changes) };
        let request = self.request(url, call);
        let mut admission = self.governor.admit(&changes).await.map_err(|busy| self.busy(&busy))?;
        let first = self.attempt(&request, &admission).await?;
        let is_rejected = first.reply.status == StatusCode::UNAUTHORIZED.as_u16();
        if !is_rejected || !self.authorize.rejected(&first.sent) {
            return Ok(first.reply);
        }
        admission.again().await.map_err(|busy| self.busy(&busy))?;
        Ok(self.attempt(&request, &admission).await?.reply)
    }

    fn request(&self, url: Url, call: Call) -> Request {
        let body = call.body.map(Bytes::from);
        let mut headers = HeaderMap::from_iter([(ACCEPT, JSON)]);
        if body.is_some() {
            headers.insert(CONTENT_TYPE, JSON);
        }
        for (name, value) in self.headers.iter().filter(|(name, _)| !OURS.contains(name)) {
            headers.insert(name, value.clone());
        }
        if let Some(id) = call.event_id.and_then(|id| HeaderValue::try_from(id).ok()) {
            headers.insert(EVENT_ID, id);
        }
        Request { method: call.method, url, headers, body, trace: call.trace }
    }

    async fn attempt(&self, request: &Request, admission: &Admission) -> Result<Attempt, Stop> {
        let trace = request.trace.as_ref();
        let mut request = self.build(request)?;
        self.authorize.authorize(&mut request).await?;
        let span = span::request(self.governor.target(), request.method(), request.url());
        if let Some(trace) = spans::onward(&span, trace) {
            trace.write_to(request.headers_mut());
        }
        let sent = request.headers().clone();
        let reply = self.exchange(request, admission).instrument(span.clone()).await;
        let reply = reply.inspect_err(|error| {
            admission.unanswered();
            span::unanswered(&span, Silence::of(error));
        });
        let mut reply = reply.map_err(|error| self.no_reply(error))?;
        reply.error = reply.error.map(|error| conceal(error, &sent));
        Ok(Attempt { reply, sent })
    }

    fn build(&self, request: &Request) -> Result<reqwest::Request, Stop> {
        // A user and a password in the address become a header, which ours replace.
        let builder = self.pool.client().request(request.method.clone(), request.url.clone());
        let builder = builder.headers(request.headers.clone());
        let builder = if let Some(body) = &request.body { builder.body(body.clone()) } else { builder };
        let cannot = |error: reqwest::Error| {
            Stop::park(format!("{} cannot be called like this", self.who)).because(error.without_url())
        };
        builder.build().map_err(cannot)
    }

    async fn exchange(&self, request: reqwest::Request, admission: &Admission) -> Result<Reply, CallFailure> {
        let mut response = self.pool.execute(request).await?;
        let status = response.status().as_u16();
        span::answered(&Span::current(), status);
        let retry_after = retry_after(response.headers(), self.governor.clock().now());
        let bytes = match read(&mut response, REPLY_BYTES_MAX).await {
            Ok(bytes) => Some(bytes),
            Err(BodyError::TooLarge) => None,
            Err(BodyError::Broken(error)) => return Err(error.into()),
        };
        let is_deadlock = bytes.as_deref().is_some_and(|bytes| is_deadlock(status, bytes));
        admission.answered(Answered { status, is_deadlock, retry_after });
        let Some(bytes) = bytes else {
            let error = format!("{} answered {status} with more than {REPLY_BYTES_MAX} bytes", self.who);
            return Ok(Reply { status: 502, error: Some(error), retry_after, ..Reply::default() });
        };
        let mut reply = (self.judge)(status, &bytes);
        if is_deadlock {
            // A store may call it 400, yet the same request will do when the other one is through.
            reply.status = StatusCode::SERVICE_UNAVAILABLE.as_u16();
        }
        Ok(Reply { retry_after, ..reply })
    }

    /// No reply at all. Unless nobody was reached, whether the call had its effect is not known.
    fn no_reply(&self, error: CallFailure) -> Stop {
        let silence = Silence::of(&error);
        let message = format!("{} {silence}", self.who);
        let stop = match silence {
            Silence::TimedOut => Stop::unknown(message).with_status(504),
            Silence::Unreachable => Stop::retry(message),
            Silence::Broken => Stop::unknown(message).with_status(502),
            Silence::NotAllowed => Stop::park(message),
        };
        stop.because(error.without_url())
    }

    fn busy(&self, busy: &Busy) -> Stop {
        let stop = Stop::retry(format!("{} has more calls than it can take; this one waits", self.who));
        if let Some(wait) = busy.after { stop.after(wait) } else { stop }
    }
}

/// A target that repeats the credentials in its complaint does not spread them.
fn conceal(error: String, sent: &HeaderMap) -> String {
    let secrets =
        sent.values().filter(|value| value.is_sensitive()).filter_map(|value| str::from_utf8(value.as_bytes()).ok());
    let secrets = secrets.map(|text| text.split_once(' ').map_or(text, |(_, credential)| credential));
    secrets
        .filter(|secret| secret.len() >= CREDENTIAL_CHARACTERS_MIN)
        .fold(error, |error, secret| if error.contains(secret) { error.replace(secret, "***") } else { error })
}
