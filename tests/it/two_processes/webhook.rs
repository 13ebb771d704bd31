use serde_json::json;

use super::{EventsService, Store, all_have_effect, event_id, to_webhook};
use crate::support::{PRODUCT_CREATE, product};

const KILLS: usize = 8;
const EVENTS_PER_KILL: usize = 12;
const SKUS: usize = 3;

/// POST at one process, token, publish over HTTP, stored and delivered by the other, handler, Commerce: the event has
/// one id everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_through_oauth_ingress_and_webhook_to_commerce() {
    let store = Store::open().await;
    let service = EventsService::start();
    let project = service.publisher(&store).with("KIT_JOURNAL", "none");
    let kit = project.start(&["serve"]);
    let registration = service.register(&to_webhook(&kit)).await;
    assert_eq!(registration["webhook_status"], "verified");

    let answer = kit.send("1", PRODUCT_CREATE, &product("A")).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.body["response"]["message"], "Event published successfully");
    let id = event_id(&answer);
    all_have_effect(&kit, &store, std::slice::from_ref(&id)).await;
    assert_eq!(store.sandbox.product("A").unwrap()["name"], "Name of A");
    assert_eq!(service.journal(&registration).await, [id.as_str()]);
    // Both are written after the effect.
    let trace_url = registration["_links"]["rel:trace"]["href"].as_str().unwrap();
    let traces = kit.until("the trace of the delivery", || async {
        let traces = service.get(trace_url).await;
        traces.body.as_array().is_some_and(|traces| !traces.is_empty()).then_some(traces)
    });
    let traces = traces.await;
    let runs = project.run(&["activation", "list", "--action", "product-backoffice/created", "--json"]);
    let runs: serde_json::Value = serde_json::from_slice(&runs.stdout).unwrap();
    assert_eq!(runs.as_array().unwrap().len(), 1, "{runs}");
    assert_eq!(traces.body[0]["trace"]["tracingResponse"]["responseCode"], 200, "{}", traces.text);
    assert_eq!(kit.terminate(), Some(0));
}

/// The events service is killed again and again while events are posted: nothing is lost, nothing has a second effect,
/// and the events of one SKU keep their order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_events_service_that_is_killed_loses_and_doubles_nothing() {
    let store = Store::open().await;
    let mut service = EventsService::start();
    let project = service.publisher(&store).with("KIT_JOURNAL", "none");
    let kit = project.start(&["serve"]);
    let registration = service.register(&to_webhook(&kit)).await;
    let mut ids = vec![Vec::new(); SKUS];
    for kill in 0..KILLS {
        for number in 0..EVENTS_PER_KILL {
            if number == EVENTS_PER_KILL / 2 {
                service.kill();
            }
            let sku = number % SKUS;
            let value = json!({"sku": format!("SKU-{sku}"), "name": format!("{kill}-{number}"), "price": 1, "description": "d"});
            let answer = kit.send(&format!("{kill}-{number}"), PRODUCT_CREATE, &value).await;
            assert_eq!(answer.status, 200, "the events service is of no concern to the sender: {answer:?}");
            ids[sku].push(event_id(&answer));
        }
        service.start_again();
    }
    let all: Vec<String> = ids.concat();
    all_have_effect(&kit, &store, &all).await;
    let called = store.event_ids();
    assert_eq!(called.len(), all.len(), "one effect for each event");
    for expected in &ids {
        let order: Vec<&String> = called.iter().filter(|id| expected.contains(id)).collect();
        assert_eq!(order, expected.iter().collect::<Vec<_>>());
    }
    let mut journal = service.journal(&registration).await;
    let mut all = all;
    journal.sort();
    all.sort();
    assert_eq!(journal, all);
    assert_eq!(kit.terminate(), Some(0));
}
