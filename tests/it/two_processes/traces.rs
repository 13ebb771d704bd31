use super::{EventsService, Store, all_have_effect, event_id, to_webhook};
use crate::support::{PRODUCT_CREATE, product};
use crate::telemetry::{Collector, Seen};

/// The trace begins at the kit that takes the event, crosses the events service, and ends where the kit that the event
/// came back to calls Commerce.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_trace_crosses_the_events_service() {
    let (collector, endpoint) = Collector::open().await;
    let store = Store::open().await;
    let mut service = EventsService::start();
    service.kill();
    let export = ("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str());
    service.project = service.project.with(export.0, export.1).with("OTEL_SERVICE_NAME", "events");
    service.server = Some(service.project.start(&["serve"]));
    let project = service.publisher(&store).with("KIT_JOURNAL", "none");
    let project = project.with(export.0, export.1).with("OTEL_SERVICE_NAME", "kit");
    let kit = project.start(&["serve"]);
    service.register(&to_webhook(&kit)).await;
    let answer = kit.send("1", PRODUCT_CREATE, &product("A")).await;
    all_have_effect(&kit, &store, &[event_id(&answer)]).await;

    let calls_commerce = |span: &Seen| span.attribute("peer.service") == "commerce";
    let last = || async { collector.spans().into_iter().find(calls_commerce) };
    let trace = kit.until("the call at Commerce", last).await.trace;
    let expected = [
        ("kit", "POST /api/v1/web/{package}/{action}"),
        ("kit", "publish be-observer.catalog_product_create"),
        ("kit", "process be-observer.catalog_product_create"),
        ("events", "POST /"),
        ("events", "publish be-observer.catalog_product_create"),
        ("events", "process be-observer.catalog_product_create"),
        ("kit", "POST /webhooks/{registration}"),
    ];
    let has = |spans: &[Seen], service: &str, name: &str| {
        spans.iter().any(|span| (span.service.as_str(), span.name.as_str()) == (service, name))
    };
    kit.until("spans of both processes", || async {
        let spans = collector.trace(&trace);
        expected.iter().all(|(service, name)| has(&spans, service, name)).then_some(())
    })
    .await;
    // Each process goes on where the request of the other came from.
    let spans = collector.trace(&trace);
    for (server, client) in [("POST /", "events-api"), ("POST /webhooks/{registration}", "Backoffice Product Sync")] {
        let server = spans.iter().find(|span| span.name == server).unwrap();
        let client = spans.iter().find(|span| span.attribute("peer.service") == client).unwrap();
        assert_eq!(server.parent, client.id, "{spans:#?}");
    }
}
