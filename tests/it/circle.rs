//! From an empty events service to the whole circle, as a user goes it: onboard, subscribe, serve. A change in the store arrives
//! in the ERP, an event of the ERP in the store, and nothing echoes.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PRODUCT_CREATE, Project, Server, TOKEN, product};
use crate::two_processes::EventsService;

const SAVED: &str = "com.adobe.commerce.observer.catalog_product_save_commit_after";

impl EventsService {
    async fn commerce(&self, method: Method, path: &str, body: &Value) -> Answer {
        let url = self.url(&format!("/sandbox/commerce/rest/V1/{path}"));
        Answer::of(self.server().client.request(method, url).bearer_auth(TOKEN).json(body)).await
    }

    /// The documents that were written to the ERP, in order.
    async fn erp_writes(&self) -> Vec<Value> {
        let calls = self.server().get("/sandbox/erp/calls").await.body;
        calls.as_array().unwrap().iter().filter(|call| call["method"] != "GET").cloned().collect()
    }
}

#[track_caller]
fn run(project: &Project, arguments: &[&str]) -> String {
    let output = project.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What became of the event by which the store tells of a product.
async fn state(kit: &Server, project: &Project, sku: &str) -> Value {
    kit.until(&format!("the store's event of {sku}"), || async {
        let printed = run(project, &["event", "list", "--entity", "product", "--key", sku, "--json"]);
        let events: Vec<Value> = serde_json::from_str(&printed).unwrap();
        let states = events.iter().find(|event| event["code"] == SAVED)?["states"].clone();
        let is_open = |state: &Value| ["due", "running", "waiting"].iter().any(|open| state == open);
        (!states.as_array().unwrap().iter().any(is_open)).then_some(states)
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn from_an_empty_service_to_the_whole_circle() {
    let service = EventsService::start_dev();
    let project = service.client_of_sandbox(Project::new());
    service.download_workspace(&project).await;

    let onboarded = run(&project, &["onboard"]);
    assert!(onboarded.contains("[32/32] create  eventing configuration  Commerce Provider - local\n"), "{onboarded}");
    assert!(onboarded.ends_with("\n32 created, 0 updated, 0 deleted, 0 left as they are\n"), "{onboarded}");
    let subscribed = run(&project, &["subscribe"]);
    assert_eq!(
        subscribed.lines().filter(|line| line.starts_with("create  event subscription")).count(),
        8,
        "{subscribed}"
    );
    let kit = project.start(&["serve"]);

    // A change in the store.
    let changed = service.commerce(Method::PUT, "products/24-MB01", &json!({"product": {"price": 39.5}})).await;
    assert_eq!(changed.status, 200, "{changed:?}");
    let writes = kit.until("the change in the ERP", || async {
        let writes = service.erp_writes().await;
        (!writes.is_empty()).then_some(writes)
    });
    let writes = writes.await;
    assert_eq!((&writes[0]["method"], &writes[0]["path"]), (&json!("PUT"), &json!("products/24-MB01")), "{writes:?}");
    assert_eq!(writes[0]["body"]["price"], "39.5000");

    // An event of the ERP.
    assert_eq!(kit.send("1", PRODUCT_CREATE, &product("ERP-1")).await.status, 200);
    let arrived = kit.until("the product in the store", || async {
        let found = service.commerce(Method::GET, "products/ERP-1", &Value::Null).await;
        (found.status == 200).then_some(found.body)
    });
    assert_eq!(arrived.await["name"], "Name of ERP-1");
    // The store tells of it, and it goes no further.
    assert_eq!(state(&kit, &project, "ERP-1").await, json!(["suppressed"]));
    assert_eq!(service.erp_writes().await.len(), 1, "nothing echoes");
    let brought = service.server().calls("products").await;
    assert_eq!(brought.iter().filter(|call| !call["event_id"].is_null()).count(), 1, "{brought:?}");

    // The same commands again change nothing.
    assert_eq!(run(&project, &["onboard"]), "0 created, 0 updated, 0 deleted, 32 left as they are\n");
    let again = run(&project, &["subscribe"]);
    assert!(again.lines().all(|line| !line.starts_with("create") && !line.starts_with("update")), "{again}");

    let offboarded = run(&project, &["offboard", "--yes"]);
    assert!(offboarded.ends_with("0 created, 1 updated, 18 deleted, 0 left as they are\n"), "{offboarded}");
    assert_eq!(service.commerce(Method::GET, "eventing/getEventSubscriptions", &Value::Null).await.body, json!([]));
}
