use std::fmt;
use std::time::{Duration, Instant};

use bytes::Bytes;
use egress::failed_at_tls;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use reqwest::Url;
use sdk::{Event, Fate, TraceContext, spans};
use tracing::Instrument;

use super::caller::{Answer, Ask, CallError, Caller};
use crate::pool::{CallFailure, Silence};
use crate::span;

const CONTENT: &str = "application/cloudevents+json";

/// The ingress answers a word, or a short complaint.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

const REQUEST_ID_CHARACTERS_MAX: usize = 100;

/// How publishing one event went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub fate: Fate,
    /// `None` when there was no answer.
    pub status: Option<u16>,
    /// Readable, without payload and credentials; `None` when it went well.
    pub reason: Option<String>,
    /// The answer's `x-request-id`, which Adobe's support asks for.
    pub request_id: Option<String>,
    /// The request with what came back; `None` when none was sent.
    pub exchange: Option<Exchange>,
}

/// One request, without our credentials, and its answer. `Debug` tells nothing of either body.
#[derive(Clone, PartialEq, Eq)]
pub struct Exchange {
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
    pub took: Duration,
    pub answer: Result<Answered, Unanswered>,
}

/// An answer as it came.
#[derive(Clone, PartialEq, Eq)]
pub struct Answered {
    pub headers: HeaderMap,
    /// Empty when it could not be read.
    pub body: Vec<u8>,
}

/// Why there was none, by the events API's numbers for it (contract, section 6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unanswered {
    pub code: u16,
    pub reason: String,
}

impl fmt::Debug for Exchange {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answer = self.answer.as_ref().map(|answered| answered.body.len());
        formatter
            .debug_struct("Exchange")
            .field("took", &self.took)
            .field("answer_bytes", &answer)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Answered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Answered").field("body_bytes", &self.body.len()).finish_non_exhaustive()
    }
}

pub(super) async fn publish(caller: &Caller, ingress: &Url, event: &Event) -> Sent {
    let body = match serde_json::to_vec(event) {
        Ok(body) => Bytes::from(body),
        Err(_) => return Sent::unanswered(Fate::Rejected, "this event cannot be written as JSON".to_owned()),
    };
    let span = span::request("events-api", &Method::POST, ingress);
    let ask = Ask {
        method: Method::POST,
        url: ingress,
        headers: &[(CONTENT_TYPE, CONTENT)],
        body: Some(body.clone()),
        trace: spans::onward(&span, event.trace.as_ref()),
        answer_bytes_max: ANSWER_BYTES_MAX,
    };
    let begun = Instant::now();
    let outcome = caller.call(&ask).instrument(span.clone()).await;
    let took = begun.elapsed();
    let exchange = |answer| Exchange { url: ingress.to_string(), headers: headers(&ask), body, took, answer };
    match outcome {
        Ok(answer) => {
            span::answered(&span, answer.status.as_u16());
            let (headers, body) = (answer.headers.clone(), answer.body.as_deref().unwrap_or_default().to_vec());
            Sent { exchange: Some(exchange(Ok(Answered { headers, body }))), ..Sent::answered(&answer) }
        }
        Err(error) => {
            let reason = error.sentence("the event ingress");
            let sent = Sent::unanswered(Fate::Retry { after: error.retry_after() }, reason.clone());
            let CallError::NoAnswer { silence, source } = &error else { return sent };
            span::unanswered(&span, *silence);
            let code = code(*silence, source);
            Sent { exchange: Some(exchange(Err(Unanswered { code, reason }))), ..sent }
        }
    }
}

/// The headers of the request that are no secret.
fn headers(ask: &Ask<'_>) -> Vec<(String, String)> {
    let mut headers: Vec<(String, String)> =
        ask.headers.iter().map(|(name, value)| (name.to_string(), (*value).to_owned())).collect();
    let trace = ask.trace.as_ref().map(|trace| (TraceContext::TRACEPARENT.to_owned(), trace.traceparent().to_owned()));
    headers.extend(trace);
    headers
}

fn code(silence: Silence, failure: &CallFailure) -> u16 {
    match (silence, failure) {
        (_, CallFailure::Http(error)) if failed_at_tls(error) => 611,
        (Silence::NotAllowed, _) => 601,
        (Silence::TimedOut, _) => 604,
        (Silence::Unreachable | Silence::Broken, _) => 602,
    }
}

impl Sent {
    fn unanswered(fate: Fate, reason: String) -> Self {
        Self { fate, status: None, reason: Some(reason), request_id: None, exchange: None }
    }

    /// The status decides. A body that could not be read changes nothing: with the status the verdict has been given.
    fn answered(answer: &Answer) -> Self {
        let status = answer.status.as_u16();
        let retry = Fate::Retry { after: answer.retry_after() };
        let (fate, verdict) = match status {
            204 => (Fate::Parked, "nobody is registered for this event"),
            200..=299 => (Fate::Done, ""),
            300..=399 => (Fate::Refused, "the event ingress answered with a redirect, which is not followed"),
            401 => (retry, "the event ingress does not accept our token"),
            // Credentials are a matter for people; the event is fine.
            403 => (retry, "the event ingress does not accept our credentials"),
            404 => (Fate::Refused, "the event ingress does not know this address or provider"),
            413 => (Fate::Refused, "this event is too large for the event ingress"),
            429 => (retry, "the event ingress is throttling"),
            505 => (Fate::Refused, "the event ingress does not speak our version of HTTP"),
            500..=599 => (retry, "the event ingress has a fault of its own"),
            _ => (Fate::Refused, "the event ingress refused this event"),
        };
        let reason = match status {
            204 => Some(verdict.to_owned()),
            200..=299 => None,
            _ => Some(sentence(verdict, status, answer.said())),
        };
        Self { fate, status: Some(status), reason, request_id: request_id(&answer.headers), exchange: None }
    }
}

fn sentence(verdict: &str, status: u16, said: Option<String>) -> String {
    said.map_or_else(|| format!("{verdict} ({status})"), |said| format!("{verdict} ({status}): {said}"))
}

fn request_id(headers: &HeaderMap) -> Option<String> {
    let id = headers.get("x-request-id")?.to_str().ok()?;
    Some(id.chars().take(REQUEST_ID_CHARACTERS_MAX).collect())
}
