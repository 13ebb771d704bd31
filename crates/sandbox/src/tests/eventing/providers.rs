use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Api, PRODUCT_SAVED, SECRET, subscription, workspace};
use crate::tests::Store;
use crate::{Refused, Sandbox};

const PROVIDERS: &str = "eventing/eventProvider";

fn provider(id: &str) -> Value {
    json!({"eventProvider": {"provider_id": id, "instance_id": "i", "label": "L", "description": "D"}})
}

#[tokio::test]
async fn without_a_configuration_there_is_no_default_provider() {
    let store = Store { sandbox: Sandbox::open(Api::nowhere().options(None)).unwrap() };
    assert_eq!(store.done("GET", PROVIDERS, Value::Null).await, json!([]));
    let configured = json!({"config": {"enabled": true, "merchant_id": "m", "environment_id": "Stage"}});
    assert_eq!(store.done("PUT", "eventing/updateConfiguration", configured).await, json!(true));
    let all = store.done("GET", PROVIDERS, Value::Null).await;
    assert_eq!((all[0].get("id"), &all[0]["workspace_configuration"]), (None, &json!("")));
}

#[tokio::test]
async fn the_default_provider_has_no_id_and_tells_no_workspace() {
    let store = Api::nowhere().store().await;
    let expected = json!([{
        "provider_id": "provider-1", "instance_id": "instance-1", "label": "", "description": "",
        "workspace_configuration": "****",
    }]);
    assert_eq!(store.done("GET", PROVIDERS, Value::Null).await, expected);
    assert_eq!(store.done("GET", "eventing/getEventProviders", Value::Null).await, expected);
    assert_eq!(store.done("GET", &format!("{PROVIDERS}/provider-1"), Value::Null).await, expected[0]);
    let (status, _) = store.call("DELETE", &format!("{PROVIDERS}/provider-1"), Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "it belongs to the configuration");
}

#[tokio::test]
async fn a_configuration_keeps_what_the_next_one_leaves_out() {
    let store = Api::nowhere().store().await;
    store.done("PUT", "eventing/updateConfiguration", json!({"config": {"provider_id": "provider-2"}})).await;
    let hidden = json!({"config": {"workspace_configuration": "****"}});
    store.done("PUT", "eventing/updateConfiguration", hidden).await;
    let all = store.done("GET", PROVIDERS, Value::Null).await;
    assert_eq!((&all[0]["provider_id"], &all[0]["instance_id"]), (&json!("provider-2"), &json!("instance-1")));
    assert_eq!(all[0]["workspace_configuration"], "****");
}

#[tokio::test]
async fn providers_are_made_changed_and_removed() {
    let store = Api::nowhere().store().await;
    let mut made = provider("p-2");
    made["eventProvider"]["workspace_configuration"] = json!(workspace("client-2"));
    let made = store.done("POST", PROVIDERS, made).await;
    let expected = json!({
        "id": "1", "provider_id": "p-2", "instance_id": "i", "label": "L", "description": "D",
        "workspace_configuration": "****",
    });
    assert_eq!(made, expected);
    let change = json!({"eventProvider": {"id": "1", "provider_id": "p-3", "label": "Other"}});
    let changed = store.done("PUT", PROVIDERS, change).await;
    assert_eq!((&changed["label"], &changed["description"]), (&json!("Other"), &json!("D")));
    assert_eq!(changed["workspace_configuration"], "****", "it goes along with a new provider id");
    assert_eq!(store.done("GET", &format!("{PROVIDERS}/p-3"), Value::Null).await, changed);
    assert_eq!(store.done("GET", PROVIDERS, Value::Null).await.as_array().unwrap().len(), 2);
    assert_eq!(store.done("DELETE", &format!("{PROVIDERS}/p-3"), Value::Null).await, json!(true));
    for (method, path) in [("GET", "p-3"), ("DELETE", "p-3"), ("GET", "%ff")] {
        let (status, _) = store.call(method, &format!("{PROVIDERS}/{path}"), Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{method} {path}");
    }
}

#[tokio::test]
async fn a_provider_that_is_used_stays() {
    let store = Api::nowhere().store().await;
    store.done("POST", PROVIDERS, provider("p-2")).await;
    let mut used = subscription(PRODUCT_SAVED, &["sku"]);
    used["event"]["provider_id"] = json!("p-2");
    store.subscribe(used).await;
    let (status, refusal) = store.call("DELETE", &format!("{PROVIDERS}/p-2"), Value::Null).await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert_eq!(refusal["parameters"], json!(["p-2", "1", PRODUCT_SAVED]));
    store.done("POST", &format!("eventing/eventUnsubscribe/{PRODUCT_SAVED}"), Value::Null).await;
    store.done("DELETE", &format!("{PROVIDERS}/p-2"), Value::Null).await;
}

#[tokio::test]
async fn what_is_malformed_is_refused_by_the_name_of_the_member() {
    let store = Api::nowhere().store().await;
    store.done("POST", PROVIDERS, provider("known")).await;
    let check = async |method: &str, path: &str, body: Value, named: &str| {
        let (status, refusal) = store.call(method, path, body.clone()).await;
        let refusal = refusal.to_string();
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(refusal.contains(named) && !refusal.contains(SECRET), "{body}: {refusal}");
    };
    let with = |member: &str, value: Value| {
        let mut provider = provider("p-9");
        provider["eventProvider"][member] = value;
        provider
    };
    check("POST", PROVIDERS, with("provider_id", Value::Null), "provider_id").await;
    check("POST", PROVIDERS, with("instance_id", json!("")), "instance_id").await;
    check("POST", PROVIDERS, with("label", json!({})), "label").await;
    check("POST", PROVIDERS, with("other", json!(1)), "other").await;
    check("POST", PROVIDERS, provider("known"), "known").await;
    check("PUT", PROVIDERS, with("label", json!("L")), "id").await;
    let spoiled = workspace("c").replace("client_id", "id_of_nobody");
    check("POST", PROVIDERS, with("workspace_configuration", json!(spoiled)), "workspace_configuration").await;
    for workspace in [json!(format!("{{{SECRET}")), json!({ "project": SECRET }), json!(7), json!("{}")] {
        let body = json!({"config": {"workspace_configuration": workspace}});
        check("PUT", "eventing/updateConfiguration", body, "workspace_configuration").await;
    }
    let long = json!({"config": {"workspace_configuration": " ".repeat(300_000)}});
    check("PUT", "eventing/updateConfiguration", long, "too long").await;
    check("PUT", "eventing/updateConfiguration", json!({"config": {"enabled": "maybe"}}), "enabled").await;
    check("PUT", "eventing/updateConfiguration", json!({}), "config").await;
    let (status, _) = store.call("PUT", PROVIDERS, json!({"eventProvider": {"id": "99"}})).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_own_process_is_refused_in_words() {
    let sandbox = Sandbox::new("token".to_owned());
    let refused = sandbox.manage_events(&axum::http::Method::PUT, "eventing/updateConfiguration", &json!({}));
    assert_eq!(refused.unwrap_err().to_string(), "the sandbox refuses this: Request does not match any route");
    let sandbox = Sandbox::open(Api::nowhere().options(None)).unwrap();
    let refused: Result<(), Refused> =
        sandbox.manage_events(&axum::http::Method::PUT, "eventing/updateConfiguration", &super::configuration());
    assert!(refused.is_ok());
    assert!(sandbox.calls().is_empty());
}
