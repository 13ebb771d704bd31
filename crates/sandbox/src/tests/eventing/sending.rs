use std::time::Duration;

use serde_json::{Value, json};

use super::{Api, PRODUCT_SAVED, SECRET, configuration, subscription, workspace};
use crate::tests::Store;
use crate::{Options, Sandbox};

async fn shop(api: &Api) -> Store {
    let store = api.store().await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku"])).await;
    store
}

#[tokio::test]
async fn an_event_is_posted_as_a_cloud_event_with_a_token() {
    let api = Api::start().await;
    let store = shop(&api).await;
    store.create("Mug").await;
    store.sandbox.send_events_now().await;
    let row = store.events().await.swap_remove(0);
    assert_eq!((&row["status"], &row["attempts"], &row["reason"]), (&json!(1), &json!(1), &Value::Null));
    let heard = api.heard.lock().unwrap();
    let form = &heard.forms[0];
    for part in ["grant_type=client_credentials", "client_id=client-1", "scope=openid%2Cadobeio_api"] {
        assert!(form.contains(part), "{form}");
    }
    assert!(form.contains(&format!("client_secret={SECRET}")));
    let (headers, event) = &heard.events[0];
    for (name, value) in [
        ("authorization", "Bearer token-1"),
        ("content-type", "application/cloudevents+json"),
        ("x-api-key", "client-1"),
        ("x-ims-org-id", "AAA@AdobeOrg"),
        ("x-event-phidata", "false"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
    assert_eq!((&event["specversion"], &event["datacontenttype"]), (&json!("1.0"), &json!("application/json")));
    assert_eq!((&event["source"], &event["type"]), (&json!("urn:uuid:provider-1"), &row["code"]));
    assert_eq!((&event["id"], &event["data"]), (&row["event_id"], &row["data"]));
    assert!(event["time"].as_str().unwrap().ends_with('Z'));
}

#[tokio::test]
async fn a_batch_goes_in_its_order_with_one_token() {
    let api = Api::start().await;
    let store = shop(&api).await;
    for number in 0..120 {
        store.create(&format!("SKU-{number}")).await;
    }
    store.sandbox.send_events_now().await;
    store.sandbox.send_events_now().await;
    let events = api.events();
    let sent: Vec<&str> = events.iter().map(|event| event["data"]["value"]["sku"].as_str().unwrap()).collect();
    assert_eq!(sent, (0..120).map(|number| format!("SKU-{number}")).collect::<Vec<_>>());
    assert_eq!(api.tokens_asked_for(), 1);
}

#[tokio::test]
async fn nobody_registered_is_sent_all_the_same() {
    let api = Api::start().await;
    let store = shop(&api).await;
    store.create("Mug").await;
    api.answers(&[204]);
    store.sandbox.send_events_now().await;
    let row = store.events().await.swap_remove(0);
    assert_eq!((&row["status"], &row["reason"]), (&json!(1), &json!("nobody is registered for this event")));
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let api = Api::start().await;
    let store = shop(&api).await;
    store.create("Mug").await;
    api.answers(&[401]);
    store.sandbox.send_events_now().await;
    assert_eq!((store.statuses().await, api.tokens_asked_for()), (vec![json!(1)], 2));
    store.create("Cup").await;
    api.answers(&[401, 401]);
    store.sandbox.send_events_now().await;
    let row = store.events().await.swap_remove(1);
    assert_eq!((&row["status"], &row["reason"]), (&json!(0), &json!("a new token is not accepted (401)")));
    assert_eq!(api.tokens_asked_for(), 3);
}

#[tokio::test]
async fn throttling_and_faults_are_tried_again_with_the_same_id_and_hold_the_others_back() {
    let api = Api::start().await;
    let store = shop(&api).await;
    store.create("Mug").await;
    store.create("Cup").await;
    api.answers(&[429]);
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [0, 0]);
    assert_eq!(api.events().len(), 1, "the second one is not lost on an API that throttles");
    api.answers(&[503]);
    store.sandbox.send_events_now().await;
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [1, 1]);
    let events = api.events();
    assert!(
        events[0]["id"] == events[1]["id"] && events[1]["id"] == events[2]["id"] && events[2]["id"] != events[3]["id"]
    );
    assert_eq!(store.events().await[0]["attempts"], 3);
}

#[tokio::test]
async fn after_seven_retries_an_event_has_failed() {
    let api = Api::nowhere();
    let store = shop(&api).await;
    store.create("Mug").await;
    for _ in 0..7 {
        store.sandbox.send_events_now().await;
        assert_eq!(store.statuses().await, [0]);
    }
    store.sandbox.send_events_now().await;
    let row = store.events().await.swap_remove(0);
    assert_eq!((&row["status"], &row["attempts"]), (&json!(2), &json!(8)));
    assert_eq!(row["reason"], "the events API did not answer");
    store.sandbox.send_events_now().await;
    assert_eq!(store.events().await[0]["attempts"], 8);
}

#[tokio::test]
async fn what_the_events_api_refuses_has_failed_at_once_and_the_next_is_sent() {
    let api = Api::start().await;
    let store = shop(&api).await;
    store.create("Mug").await;
    store.create("Cup").await;
    api.answers(&[400]);
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [2, 1]);
    assert_eq!(store.events().await[0]["reason"], "the events API refused this event (400)");
}

#[tokio::test]
async fn credentials_that_do_not_count_are_told_without_them() {
    let api = Api::start().await;
    let store = shop(&api).await;
    store.create("Mug").await;
    api.heard.lock().unwrap().token_statuses.push_back(400);
    store.sandbox.send_events_now().await;
    let row = store.events().await.swap_remove(0);
    assert_eq!((&row["status"], &row["reason"]), (&json!(0), &json!("no token is given for these credentials (400)")));
    assert!(!row.to_string().contains(SECRET));
    assert!(api.events().is_empty());
}

#[tokio::test]
async fn the_second_secret_counts_when_the_first_does_not() {
    let api = Api::start().await;
    let store = shop(&api).await;
    let two = workspace("client-1").replace(&format!("[\"{SECRET}\"]"), "[\"the-old-one\",\"the-new-one\"]");
    store.done("PUT", "eventing/updateConfiguration", json!({"config": {"workspace_configuration": two}})).await;
    api.heard.lock().unwrap().token_statuses.push_back(400);
    store.create("Mug").await;
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [1]);
    assert!(api.heard.lock().unwrap().forms[1].contains("the-new-one"));
}

#[tokio::test]
async fn new_secrets_ask_for_a_new_token() {
    let api = Api::start().await;
    let store = shop(&api).await;
    store.create("Mug").await;
    store.sandbox.send_events_now().await;
    let renewed = workspace("client-1").replace(SECRET, "another-secret");
    store.done("PUT", "eventing/updateConfiguration", json!({"config": {"workspace_configuration": renewed}})).await;
    store.create("Cup").await;
    store.sandbox.send_events_now().await;
    assert!(api.heard.lock().unwrap().forms[1].contains("another-secret"));
}

#[tokio::test]
async fn events_of_another_provider_go_by_its_own_client() {
    let api = Api::start().await;
    let store = shop(&api).await;
    let provider = json!({"eventProvider": {
        "provider_id": "provider-2", "instance_id": "i", "workspace_configuration": workspace("client-2"),
    }});
    store.done("POST", "eventing/eventProvider", provider).await;
    let mut alias = subscription("second.product_save", &["sku"]);
    alias["event"]["parent"] = json!(PRODUCT_SAVED);
    alias["event"]["provider_id"] = json!("provider-2");
    alias["event"]["hipaa_audit_required"] = json!(true);
    store.subscribe(alias).await;
    store.create("Mug").await;
    store.sandbox.send_events_now().await;
    let heard = api.heard.lock().unwrap();
    let (headers, event) = &heard.events[1];
    assert_eq!(
        (&headers["x-api-key"], &headers["x-event-phidata"]),
        (&"client-2".parse().unwrap(), &"true".parse().unwrap())
    );
    assert_eq!(event["source"], "urn:uuid:provider-2");
}

#[tokio::test]
async fn without_a_workspace_an_event_waits() {
    let api = Api::start().await;
    let store = Store { sandbox: Sandbox::open(api.options(None)).unwrap() };
    let mut bare = configuration();
    bare["config"].as_object_mut().unwrap().remove("workspace_configuration");
    store.done("PUT", "eventing/updateConfiguration", bare).await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku"])).await;
    store.create("Mug").await;
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [0]);
    store.done("PUT", "eventing/updateConfiguration", configuration()).await;
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [1]);
}

#[tokio::test]
async fn what_waits_stays_while_eventing_is_off() {
    let api = Api::start().await;
    let store = shop(&api).await;
    store.create("Mug").await;
    store.done("PUT", "eventing/updateConfiguration", json!({"config": {"enabled": false}})).await;
    store.sandbox.send_events_now().await;
    assert_eq!(store.statuses().await, [0]);
}

/// The interval is an hour, so only what is urgent comes at once.
#[tokio::test]
async fn an_urgent_event_waits_for_no_batch() {
    let api = Api::start().await;
    let store = shop(&api).await;
    let mut urgent = subscription("urgent.product_save", &["sku"]);
    urgent["event"]["parent"] = json!(PRODUCT_SAVED);
    urgent["event"]["priority"] = json!(true);
    store.subscribe(urgent).await;
    let sending = tokio::spawn(store.sandbox.clone().send_events());
    store.create("Mug").await;
    until(async || store.statuses().await == [0, 1]).await;
    sending.abort();
}

#[tokio::test]
async fn a_batch_is_sent_when_its_time_comes() {
    let api = Api::start().await;
    let Options { eventing, token, .. } = api.options(None);
    let eventing = eventing.map(|eventing| crate::Eventing { interval: Duration::from_millis(10), ..eventing });
    let store = Store { sandbox: Sandbox::open(Options { token, eventing, ..Options::default() }).unwrap() };
    store.done("PUT", "eventing/updateConfiguration", configuration()).await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku"])).await;
    let sending = tokio::spawn(store.sandbox.clone().send_events());
    store.create("Mug").await;
    until(async || store.statuses().await == [1]).await;
    api.answers(&[500, 500]);
    store.create("Cup").await;
    until(async || store.statuses().await == [1, 1]).await;
    assert_eq!(store.events().await[1]["attempts"], 3);
    sending.abort();
}

async fn until(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("it happens in time");
}
