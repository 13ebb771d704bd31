//! A call as it appears in a trace. Neither path nor query is told: both carry values.

use http::Method;
use reqwest::Url;
use sdk::spans::TARGET;
use tracing::field::Empty;
use tracing::{Span, info_span};

use crate::pool::Silence;

const ERROR: &str = "ERROR";

/// One request to `service`.
pub(crate) fn request(service: &str, method: &Method, url: &Url) -> Span {
    info_span!(
        target: TARGET,
        "call",
        otel.name = method.as_str(),
        otel.kind = "client",
        otel.status_code = Empty,
        http.request.method = method.as_str(),
        http.response.status_code = Empty,
        error.type = Empty,
        peer.service = service,
        server.address = url.host_str(),
        server.port = url.port_or_known_default(),
    )
}

pub(crate) fn answered(span: &Span, status: u16) {
    span.record("http.response.status_code", status);
    if status >= 400 {
        span.record("otel.status_code", ERROR);
    }
}

pub(crate) fn unanswered(span: &Span, silence: Silence) {
    let kind = match silence {
        Silence::TimedOut => "timeout",
        Silence::Unreachable => "unreachable",
        Silence::Broken => "broken",
        Silence::NotAllowed => "not_allowed",
    };
    span.record("error.type", kind);
    span.record("otel.status_code", ERROR);
}
