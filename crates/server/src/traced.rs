use axum::extract::Request;
use axum::response::Response;
use http::Method;
use sdk::TraceContext;
use sdk::spans::{self, TARGET};
use tracing::field::Empty;
use tracing::{Instrument, Span, info_span};

use crate::listen::Transport;

/// Methods that OpenTelemetry has a name for; strangers may send any.
const METHODS: [Method; 9] = [
    Method::CONNECT,
    Method::DELETE,
    Method::GET,
    Method::HEAD,
    Method::OPTIONS,
    Method::PATCH,
    Method::POST,
    Method::PUT,
    Method::TRACE,
];

/// Answers a request within a span that goes on in the trace that the request names. `route` is the pattern of its path.
pub async fn traced<F>(route: &'static str, request: Request, answer: impl FnOnce(Request) -> F) -> Response
where
    F: Future<Output = Response>,
{
    let span = span(route, &request);
    if span.is_disabled() {
        return answer(request).await;
    }
    spans::adopt(&span, TraceContext::from_headers(request.headers()).as_ref());
    let response = answer(request).instrument(span.clone()).await;
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
    response
}

fn span(route: &'static str, request: &Request) -> Span {
    let method = request.method();
    let is_tls = request.extensions().get::<Transport>() == Some(&Transport::Tls);
    let method = if METHODS.contains(method) { method.as_str() } else { "_OTHER" };
    info_span!(
        target: TARGET,
        "request",
        otel.name = %format_args!("{method} {route}"),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.scheme = if is_tls { "https" } else { "http" },
    )
}
