//! Requests to receivers: within limits, without redirects, and written down for tracing.

use std::time::Duration;

use egress::{Gate, Refused, failed_at_tls};
use engine::traced;
use http::{HeaderMap, Method};
use jiff::{SignedDuration, Timestamp};
use store::{Trace, TracedRequest, TracedResponse};
use uuid::Uuid;

use crate::Service;

/// The whole of one request, from connecting to the last byte of the answer (contract, section 4.6).
const TIME_LIMIT: SignedDuration = SignedDuration::from_secs(10);

/// Connections to one receiver that are kept open between requests, and for how long.
const IDLE_MAX: usize = 8;
const IDLE_TIMEOUT: Duration = Duration::from_mins(1);

pub(crate) const USER_AGENT: &str = "Adobe/1.0";

/// One request to a receiver.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// Names this attempt.
    pub(crate) id: Uuid,
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

/// A request with what came of it.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) at: Timestamp,
    pub(crate) duration_ms: u64,
    pub(crate) answer: Result<Answer, NoAnswer>,
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// As far as it was read.
    pub(crate) body: Vec<u8>,
}

/// Why no answer came, with the numbers of section 6 of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoAnswer {
    /// The request could not even be made.
    Client,
    /// The address is not public, and nobody allowed it.
    NotAllowed,
    Network,
    Timeout,
    Tls,
}

impl NoAnswer {
    pub(crate) fn code(self) -> u16 {
        match self {
            Self::Client | Self::NotAllowed => 601,
            Self::Network => 602,
            Self::Timeout => 604,
            Self::Tls => 611,
        }
    }

    /// What went wrong, in a word.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Client => "request",
            Self::NotAllowed => "address",
            Self::Network => "network",
            Self::Timeout => "timeout",
            Self::Tls => "tls",
        }
    }

    pub(crate) fn reason(self) -> &'static str {
        match self {
            Self::Client => "the request could not be made",
            Self::NotAllowed => "the receiver's address is not one of the public internet",
            Self::Network => "the receiver could not be reached, or closed the connection before it had answered",
            Self::Timeout => "the receiver did not answer within 10 seconds",
            Self::Tls => "the TLS handshake with the receiver failed",
        }
    }

    /// The text that stands in for the body of the answer.
    fn text(self, id: Uuid) -> String {
        let (class, hint) = match self {
            Self::Client => ("CLIENT", "check the address"),
            Self::NotAllowed => ("CLIENT", "a receiver inside has to be allowed by the events service"),
            Self::Network => ("NETWORK", "check that the receiver is running and its port is open"),
            Self::Timeout => ("TIMEOUT", "answer first, and work afterwards"),
            Self::Tls => ("TLS", "check the certificate and its chain"),
        };
        traced::no_answer(self.code(), class, id, self.reason(), hint)
    }
}

/// The client that all requests share. Whoever has a token registers webhooks, so the gate decides where they lead.
pub(crate) fn client(gate: &Gate) -> reqwest::Result<reqwest::Client> {
    gate.client().no_gzip().pool_max_idle_per_host(IDLE_MAX).pool_idle_timeout(IDLE_TIMEOUT).build()
}

/// Sends a request, and reads the answer up to so many bytes.
pub(crate) async fn send(service: &Service, outgoing: &Outgoing, bytes_max: usize) -> Sent {
    let clock = &service.0.clock;
    let at = clock.now();
    let limit = at.saturating_add(TIME_LIMIT).unwrap_or(at);
    let answer = tokio::select! {
        answer = exchange(service, outgoing, bytes_max) => answer,
        () = clock.wait_until(limit) => Err(NoAnswer::Timeout),
    };
    let duration = clock.now().duration_since(at).as_millis();
    Sent { at, duration_ms: u64::try_from(duration).unwrap_or(0), answer }
}

async fn exchange(service: &Service, outgoing: &Outgoing, bytes_max: usize) -> Result<Answer, NoAnswer> {
    let client = &service.0.client;
    let request = client.request(outgoing.method.clone(), &outgoing.url).headers(outgoing.headers.clone());
    let request = request.body(outgoing.body.clone()).build().map_err(|_| NoAnswer::Client)?;
    service.0.options.egress.check(request.url()).map_err(|_| NoAnswer::NotAllowed)?;
    let mut response = client.execute(request).await.map_err(|error| no_answer(&error))?;
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| no_answer(&error))? {
        let room = bytes_max - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            break;
        }
    }
    Ok(Answer { status: response.status().as_u16(), headers: response.headers().clone(), body })
}

fn no_answer(error: &reqwest::Error) -> NoAnswer {
    if error.is_builder() {
        return NoAnswer::Client;
    }
    if Refused::behind(error).is_some() {
        return NoAnswer::NotAllowed;
    }
    if failed_at_tls(error) { NoAnswer::Tls } else { NoAnswer::Network }
}

/// The request and its answer as the tracing API shows them.
pub(crate) fn trace(outgoing: &Outgoing, sent: &Sent, registration: i64, events: Vec<Uuid>) -> Trace {
    let response = match &sent.answer {
        Ok(answer) => TracedResponse {
            status: answer.status,
            headers: traced::headers(&answer.headers),
            body: traced::body(&String::from_utf8_lossy(&answer.body)),
        },
        Err(none) => TracedResponse { status: none.code(), headers: Vec::new(), body: none.text(outgoing.id) },
    };
    let request = TracedRequest {
        method: outgoing.method.to_string(),
        url: traced::url(&outgoing.url),
        headers: traced::headers(&outgoing.headers),
        body: traced::body(&outgoing.body),
    };
    Trace { id: outgoing.id, registration, events, at: sent.at, duration_ms: sent.duration_ms, request, response }
}
