//! Traces: from the request that brings an event to the call at the target, with and without a collector.

pub mod world;

use std::time::{Duration, Instant};

use axum::http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;

use crate::support::{Answer, PRODUCT_CREATE, Project, Server, product};
use world::{Commerce, project};

pub use world::{Collector, Seen};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "b7ad6b7169203331";
const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACESTATE: &str = "vendor=opaque,other=1";

/// Stands for values that no span may show.
const SECRET: &str = "5ecret-of-the-tests";

/// Kinds of spans in OTLP.
const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
const PRODUCER: i32 = 4;
const CONSUMER: i32 = 5;

/// Beyond what a kit needs to end: what runs, and the last traces.
const END_LONGEST: Duration = Duration::from_secs(15);

async fn send(kit: &Server, traceparent: &str, sku: &str) {
    let path = format!("/api/v1/web/ingestion/webhook?key={SECRET}");
    let body = json!({"data": {"uid": sku, "event": PRODUCT_CREATE, "value": product(sku)}});
    let request = kit.client.post(kit.url(&path)).json(&body);
    let request = request.header("traceparent", traceparent).header("tracestate", TRACESTATE);
    assert_eq!(Answer::of(request).await.status, 200);
}

/// The only span of this name.
#[track_caller]
fn only<'a>(spans: &'a [Seen], name: &str) -> &'a Seen {
    let found: Vec<&Seen> = spans.iter().filter(|span| span.name == name).collect();
    assert_eq!(found.len(), 1, "`{name}` among {spans:#?}");
    found[0]
}

#[tokio::test]
async fn one_trace_leads_from_the_request_to_the_call_at_commerce() {
    let (collector, endpoint) = Collector::open().await;
    let (commerce, url) = Commerce::open(StatusCode::OK).await;
    let project = project(&url, &endpoint)
        .with("OTEL_SERVICE_NAME", "the shop")
        .with("OTEL_EXPORTER_OTLP_HEADERS", "api-key=key%20of%20the%20collector")
        .with("LOG_LEVEL", "trace");
    let kit = project.start(&["dev"]);
    send(&kit, TRACEPARENT, SECRET).await;
    let whole = || async { Some(collector.trace(TRACE)).filter(|spans| spans.len() >= 7) };
    let spans = kit.until("a trace of seven spans", whole).await;

    let mut parent = PARENT;
    let publish = format!("publish {PRODUCT_CREATE}");
    let process = format!("process {PRODUCT_CREATE}");
    for (name, kind) in [
        ("POST /api/v1/web/{package}/{action}", SERVER),
        ("run ingestion/webhook", INTERNAL),
        (&publish, PRODUCER),
        (&process, CONSUMER),
        ("run product-backoffice/consumer", INTERNAL),
        ("run product-backoffice/created", INTERNAL),
        ("POST", CLIENT),
    ] {
        let span = only(&spans, name);
        assert_eq!((span.parent.as_str(), span.kind), (parent, kind), "{name}");
        assert_eq!(span.service, "the shop");
        parent = &span.id;
    }
    let call = commerce.traces().remove(0);
    assert_eq!(call, (Some(format!("00-{TRACE}-{parent}-01")), Some(TRACESTATE.to_owned())));

    let server = only(&spans, "POST /api/v1/web/{package}/{action}");
    assert_eq!(server.attribute("http.route"), "/api/v1/web/{package}/{action}");
    assert_eq!(server.attribute("http.response.status_code"), "200");
    let process = only(&spans, &process);
    assert_eq!(process.attribute("messaging.destination.subscription.name"), "Backoffice Product Sync");
    assert_eq!((process.attribute("kit.attempt"), process.attribute("kit.outcome")), ("1".into(), "done".into()));
    assert_eq!(process.attribute("messaging.message.id"), only(&spans, &publish).attribute("cloudevents.event_id"));
    let call = only(&spans, "POST");
    assert_eq!(
        (call.attribute("peer.service"), call.attribute("server.address")),
        ("commerce".into(), "127.0.0.1".into())
    );
    assert_eq!(call.attribute("http.response.status_code"), "200");
    assert!(!format!("{spans:?}").contains(SECRET), "{spans:?}");
    assert!(collector.api_keys().iter().all(|key| key == "key of the collector"));

    let log = kit.log();
    assert_eq!(kit.terminate(), Some(0));
    assert!(log.contains("was delivered") && !log.contains("kit::trace") && !log.contains("\"span\""), "{log}");
}

#[tokio::test]
async fn an_event_that_waits_over_a_restart_keeps_its_trace() {
    let (collector, endpoint) = Collector::open().await;
    let (commerce, url) = Commerce::open(StatusCode::SERVICE_UNAVAILABLE).await;
    let project = project(&url, &endpoint);
    let kit = project.start(&["dev"]);
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("A")).await.status, 200);
    kit.until("a first attempt", || async { commerce.traces().first().cloned() }).await;
    kit.kill();
    commerce.answer_with(StatusCode::OK);
    let kit = project.start(&["dev"]);
    let last = |span: &Seen| span.attribute("kit.outcome") == "done";
    let done = kit.until("an attempt that succeeds", || async { collector.spans().into_iter().find(last) }).await;
    assert_ne!(done.attribute("kit.attempt"), "1");
    let ids: Vec<String> = commerce.traces().into_iter().map(|(parent, _)| parent.unwrap()[3..35].to_owned()).collect();
    assert!(ids.iter().all(|id| *id == done.trace), "{ids:?} and {done:?}");
    // Those of the first process that were exported before it was killed agree.
    let attempts = collector.spans().into_iter().filter(|span| span.kind == CONSUMER);
    assert!(attempts.into_iter().all(|span| (span.trace, span.parent) == (done.trace.clone(), done.parent.clone())));
}

#[tokio::test]
async fn what_is_not_kept_elsewhere_is_not_kept_here() {
    let (collector, endpoint) = Collector::open().await;
    let (commerce, url) = Commerce::open(StatusCode::OK).await;
    let project = project(&url, &endpoint);
    let kit = project.start(&["dev"]);
    let unsampled = TRACEPARENT.replace("-01", "-00");
    send(&kit, &unsampled, "A").await;
    send(&kit, TRACEPARENT, "B").await;
    kit.until("two calls", || async { (commerce.traces().len() == 2).then_some(()) }).await;
    kit.until("a kept trace", || async { collector.spans().iter().any(|span| span.kind == CLIENT).then_some(()) })
        .await;
    let mut calls: Vec<String> = commerce.traces().into_iter().map(|(parent, _)| parent.unwrap()).collect();
    calls.sort_by_key(|parent| parent[53..].to_owned());
    assert!(calls[0].starts_with(&format!("00-{TRACE}-")) && calls[0].ends_with("-00"), "{calls:?}");
    assert!(calls[1].starts_with(&format!("00-{TRACE}-")) && calls[1].ends_with("-01"), "{calls:?}");
    let starts = collector.spans().iter().filter(|span| span.kind == SERVER).count();
    assert_eq!(starts, 1, "{:#?}", collector.spans());
}

const EVENTS: usize = 100;

/// A kit whose collector takes nothing, once all its events have arrived at Commerce.
async fn past_collector(project: &Project, commerce: &Commerce) -> Server {
    let kit = project.start(&["dev"]);
    for number in 0..EVENTS {
        send(&kit, TRACEPARENT, &number.to_string()).await;
    }
    kit.until("all calls", || async { (commerce.traces().len() == EVENTS).then_some(()) }).await;
    kit
}

#[tokio::test]
async fn a_collector_that_is_down_is_told_of_once() {
    let (commerce, url) = Commerce::open(StatusCode::OK).await;
    let project = project(&url, "http://127.0.0.1:9");
    let kit = past_collector(&project, &commerce).await;
    let complaints = || kit.log().matches("traces cannot be exported").count();
    kit.until("a complaint", || async { (complaints() > 0).then_some(()) }).await;
    let begun = Instant::now();
    assert_eq!(kit.terminate(), Some(0));
    assert!(begun.elapsed() < END_LONGEST, "{:?}", begun.elapsed());
    assert_eq!(project.read("kit.log").matches("traces cannot be exported").count(), 1);
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_nobody_up() {
    let deaf = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (commerce, url) = Commerce::open(StatusCode::OK).await;
    let project = project(&url, &format!("http://{}", deaf.local_addr().unwrap()));
    let kit = past_collector(&project, &commerce).await;
    let begun = Instant::now();
    assert_eq!(kit.terminate(), Some(0));
    assert!(begun.elapsed() < END_LONGEST, "{:?}", begun.elapsed());
}

#[tokio::test]
async fn without_a_collector_a_trace_passes_through() {
    let (commerce, url) = Commerce::open(StatusCode::OK).await;
    let project = project(&url, "");
    let kit = project.start(&["dev"]);
    let mut calls = 0;
    let mut next = async |traceparent: &str| {
        calls += 1;
        send(&kit, traceparent, &calls.to_string()).await;
        kit.until("a call", || async { (commerce.traces().len() == calls).then_some(()) }).await;
        commerce.traces().remove(calls - 1)
    };
    assert_eq!(next(TRACEPARENT).await, (Some(TRACEPARENT.to_owned()), Some(TRACESTATE.to_owned())));
    for malformed in ["", "nonsense", &TRACEPARENT.to_uppercase(), &TRACEPARENT.replacen("00", "ff", 1)] {
        assert_eq!(next(malformed).await, (None, None), "{malformed}");
    }
}
