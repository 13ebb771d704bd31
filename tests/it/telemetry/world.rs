//! A collector and a Commerce on loopback that write down what they are sent.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;

use crate::support::{Project, TOKEN};
use crate::watch::{self, Place, Watch};

/// One span, as far as the tests look at it.
#[derive(Clone, Debug)]
pub struct Seen {
    pub service: String,
    pub name: String,
    /// Hex digits, as in `traceparent`.
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub kind: i32,
    attributes: Vec<KeyValue>,
}

impl Seen {
    fn of(service: &str, span: Span) -> Self {
        Self {
            service: service.to_owned(),
            name: span.name,
            trace: hex(span.trace_id),
            id: hex(span.span_id),
            parent: hex(span.parent_span_id),
            kind: span.kind,
            attributes: span.attributes,
        }
    }

    /// An attribute as text; empty when it is not there.
    pub fn attribute(&self, key: &str) -> String {
        attribute(&self.attributes, key)
    }
}

fn hex(bytes: Vec<u8>) -> String {
    let digits = bytes.into_iter().flat_map(|byte| [byte >> 4, byte & 0xf]);
    digits.filter_map(|digit| char::from_digit(digit.into(), 16)).collect()
}

fn attribute(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    match found.and_then(|attribute| attribute.value.clone()) {
        Some(AnyValue { value: Some(any_value::Value::StringValue(text)) }) => text,
        Some(AnyValue { value: Some(any_value::Value::IntValue(number)) }) => number.to_string(),
        Some(other) => format!("{other:?}"),
        None => String::new(),
    }
}

/// An OTLP collector.
#[derive(Clone, Default)]
pub struct Collector {
    spans: Arc<Mutex<Vec<Seen>>>,
    api_keys: Arc<Mutex<Vec<String>>>,
    watch: Arc<Watch>,
}

impl Collector {
    /// Listens; its base URL.
    pub async fn open() -> (Self, String) {
        let collector = Self { watch: watch::of_test(), ..Self::default() };
        let router = Router::new().route("/v1/traces", post(Self::take)).with_state(collector.clone());
        (collector, serve(router).await)
    }

    #[expect(clippy::unused_async, reason = "a handler is asynchronous")]
    async fn take(State(collector): State<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        collector.watch.look(&Place::Trace, &body);
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        let key = headers.get("api-key").map(|key| key.to_str().unwrap().to_owned());
        collector.api_keys.lock().unwrap_or_else(PoisonError::into_inner).extend(key);
        let mut spans = collector.spans.lock().unwrap_or_else(PoisonError::into_inner);
        for of_service in request.resource_spans {
            let service = attribute(&of_service.resource.unwrap_or_default().attributes, "service.name");
            let found = of_service.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.extend(found.map(|span| Seen::of(&service, span)));
        }
        StatusCode::OK
    }

    pub fn spans(&self) -> Vec<Seen> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The spans of one trace.
    pub fn trace(&self, id: &str) -> Vec<Seen> {
        self.spans().into_iter().filter(|span| span.trace == id).collect()
    }

    /// What the requests had as `api-key`.
    pub fn api_keys(&self) -> Vec<String> {
        self.api_keys.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A Commerce that takes everything, or nothing.
#[derive(Clone)]
pub struct Commerce {
    calls: Arc<Mutex<Vec<HeaderMap>>>,
    status: Arc<Mutex<StatusCode>>,
}

impl Commerce {
    /// Listens, and answers with this status; its base URL.
    pub async fn open(status: StatusCode) -> (Self, String) {
        let commerce = Self { calls: Arc::default(), status: Arc::new(Mutex::new(status)) };
        let router = Router::new().fallback(Self::take).with_state(commerce.clone());
        (commerce, serve(router).await)
    }

    #[expect(clippy::unused_async, reason = "a handler is asynchronous")]
    async fn take(State(commerce): State<Self>, headers: HeaderMap) -> impl IntoResponse {
        commerce.calls.lock().unwrap_or_else(PoisonError::into_inner).push(headers);
        (*commerce.status.lock().unwrap_or_else(PoisonError::into_inner), "{}")
    }

    pub fn answer_with(&self, status: StatusCode) {
        *self.status.lock().unwrap_or_else(PoisonError::into_inner) = status;
    }

    /// `traceparent` and `tracestate` of each call.
    pub fn traces(&self) -> Vec<(Option<String>, Option<String>)> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let text = |headers: &HeaderMap, name| headers.get(name).map(|value| value.to_str().unwrap().to_owned());
        calls.iter().map(|headers| (text(headers, "traceparent"), text(headers, "tracestate"))).collect()
    }
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/")
}

/// A kit that calls this Commerce, and exports its traces when there is a collector.
pub fn project(commerce: &str, collector: &str) -> Project {
    Project::new()
        .with("COMMERCE_BASE_URL", commerce)
        .with("COMMERCE_ACCESS_TOKEN", TOKEN)
        .with("KIT_RETRY_DELAYS", "20ms")
        .with("OTEL_EXPORTER_OTLP_ENDPOINT", collector)
}
