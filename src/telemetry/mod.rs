//! Exports traces over OTLP when the environment names a collector. Nothing else knows OpenTelemetry: the parts open
//! `tracing` spans of one target, see `sdk::spans`.

mod exporter;

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_trait::async_trait;
use axum::body::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{BatchConfigBuilder, BatchSpanProcessor, Sampler, SdkTracerProvider};
use sdk::TraceContext;
use sdk::spans::{self, Keeper, TARGET};
use secrecy::ExposeSecret;
use settings::Traces;
use tokio::runtime::Handle;
use tracing::level_filters::LevelFilter;
use tracing::{Span, Subscriber, warn};
use tracing_opentelemetry::OpenTelemetrySpanExt;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

use exporter::Redacting;

/// Spans that wait for their export; when there are more, the newest are lost.
const QUEUE_SPANS_MAX: usize = 8_192;
const BATCH_SPANS_MAX: usize = 512;
const EXPORTED_EVERY: Duration = Duration::from_secs(1);

/// One request to the collector.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);

/// What is still in the queue at the end has this long.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// Of what the collector says, this much is read.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// A collector that fails is told of once in this time.
const COMPLAINT_EVERY: Duration = Duration::from_mins(1);

/// Keeps the spans of this process until they are exported.
pub struct Telemetry(SdkTracerProvider);

impl Telemetry {
    /// Must be called within the runtime.
    ///
    /// # Errors
    /// The settings lead to no usable client.
    pub fn new(traces: &Traces) -> anyhow::Result<Self> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(traces)?)
            .with_endpoint(format!("{}v1/traces", traces.endpoint))
            .with_protocol(Protocol::HttpBinary)
            .with_timeout(EXPORT_TIMEOUT)
            .build()
            .context("the exporter of traces cannot be set up; check the variables that begin with `OTEL_`")?;
        let batches = BatchConfigBuilder::default()
            .with_max_queue_size(QUEUE_SPANS_MAX)
            .with_max_export_batch_size(BATCH_SPANS_MAX)
            .with_scheduled_delay(EXPORTED_EVERY)
            .build();
        let resource = Resource::builder()
            .with_service_name(traces.service_name.clone())
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(BatchSpanProcessor::builder(Redacting(exporter)).with_batch_config(batches).build())
            .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(traces.share))))
            .with_resource(resource.build())
            .build();
        spans::keep(Keeper { adopt, link, context });
        Ok(Self(provider))
    }

    /// Takes the spans of the target that belongs to traces, and nothing else.
    pub fn layer<S: Subscriber + for<'a> LookupSpan<'a> + Send + Sync>(&self) -> impl Layer<S> + use<S> {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("commerce-kit"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_filter(Targets::new().with_target(TARGET, LevelFilter::INFO))
    }

    /// Exports what is left, for a while.
    pub async fn end(self) {
        let ended = tokio::task::spawn_blocking(move || self.0.shutdown_with_timeout(END_PATIENCE)).await;
        if !matches!(ended, Ok(Ok(()))) {
            warn!("the last traces were not exported in time");
        }
    }
}

fn adopt(span: &Span, parent: &TraceContext) {
    if let Some(parent) = span_context(parent) {
        // It fails for a span that has begun, and those are not adopted.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

fn link(span: &Span, other: &TraceContext) {
    if let Some(other) = span_context(other) {
        span.add_link(other);
    }
}

fn span_context(context: &TraceContext) -> Option<SpanContext> {
    let trace_id = TraceId::from_hex(context.trace_id()).ok()?;
    let span_id = SpanId::from_hex(context.parent_id()).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(context.flags(), 16).ok()?);
    let state = TraceState::from_str(context.tracestate().unwrap_or_default()).unwrap_or_default();
    Some(SpanContext::new(trace_id, span_id, flags, true, state))
}

fn context(span: &Span) -> Option<TraceContext> {
    let context = span.context();
    let context = context.span().span_context().clone();
    let flags = context.trace_flags().to_u8();
    let traceparent = format!("00-{}-{}-{flags:02x}", context.trace_id(), context.span_id());
    TraceContext::parse(&traceparent, Some(&context.trace_state().header()))
}

/// The collector. The exporter's thread has no runtime of its own, so requests run on the program's.
struct Collector {
    client: reqwest::Client,
    runtime: Handle,
    complained: Mutex<Option<Instant>>,
}

impl Collector {
    fn new(traces: &Traces) -> anyhow::Result<Self> {
        let mut headers = HeaderMap::new();
        for (name, value) in &traces.headers {
            let mut value = HeaderValue::from_str(value.expose_secret())?;
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let client = reqwest::Client::builder()
            .timeout(EXPORT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("commerce-kit/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .build()
            .context("the HTTP client for traces cannot be set up")?;
        Ok(Self { client, runtime: Handle::current(), complained: Mutex::default() })
    }

    fn complain(&self, reason: &str) {
        let mut complained = self.complained.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if complained.is_none_or(|before| now.duration_since(before) >= COMPLAINT_EVERY) {
            *complained = Some(now);
            warn!(reason, "traces cannot be exported and are lost; nothing else suffers");
        }
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let sent = self.runtime.spawn(exchange(self.client.clone(), request)).await?;
        match &sent {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => self.complain(&format!("the collector answered {}", response.status().as_u16())),
            Err(error) if error.is_timeout() => self.complain("the collector did not answer in time"),
            Err(error) if error.is_connect() => self.complain("the collector cannot be reached"),
            Err(_) => self.complain("the collector broke off the connection"),
        }
        Ok(sent?)
    }
}

impl fmt::Debug for Collector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Collector")
    }
}

async fn exchange(client: reqwest::Client, request: Request<Bytes>) -> reqwest::Result<Response<Bytes>> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        let room = ANSWER_BYTES_MAX - body.len();
        body.extend_from_slice(&chunk[..chunk.len().min(room)]);
        if chunk.len() > room {
            break;
        }
    }
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[track_caller]
    fn check(tracestate: Option<&str>, header: &str) {
        let context = span_context(&TraceContext::parse(PARENT, tracestate).unwrap()).unwrap();
        assert_eq!(context.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(context.span_id().to_string(), "b7ad6b7169203331");
        assert!(context.is_sampled() && context.is_remote());
        assert_eq!(context.trace_state().header(), header);
    }

    #[test]
    fn a_context_says_the_same_to_opentelemetry() {
        check(None, "");
        check(Some("a=1, b=2"), "a=1,b=2");
        check(Some(&format!("a={}", "v".repeat(300))), "");
    }

    #[test]
    fn a_span_that_nobody_keeps_has_no_context() {
        assert_eq!(context(&Span::none()), None);
    }
}
