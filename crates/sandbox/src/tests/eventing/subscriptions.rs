use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Api, PRODUCT_SAVED, subscription};

#[tokio::test]
async fn a_subscription_is_given_back_with_its_defaults() {
    let store = Api::nowhere().store().await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku", "name"])).await;
    let all = store.done("GET", "eventing/getEventSubscriptions", Value::Null).await;
    let expected = json!([{
        "name": PRODUCT_SAVED, "fields": [{"name": "sku"}, {"name": "name"}], "rules": [], "destination": "default",
        "priority": false, "hipaa_audit_required": false,
    }]);
    assert_eq!(all, expected);
    let path = format!("eventing/eventUnsubscribe/{PRODUCT_SAVED}");
    assert_eq!(store.done("POST", &path, Value::Null).await, json!([]));
    assert_eq!(store.done("GET", "eventing/getEventSubscriptions", Value::Null).await, json!([]));
    let (status, refusal) = store.call("POST", &path, Value::Null).await;
    assert_eq!((status, &refusal["parameters"]["fieldValue"]), (StatusCode::NOT_FOUND, &json!(PRODUCT_SAVED)));
}

#[tokio::test]
async fn everything_a_subscription_may_say_is_kept() {
    let store = Api::nowhere().store().await;
    let event = json!({
        "name": "shop.observer.catalog_product_save_commit_after", "parent": PRODUCT_SAVED,
        "fields": [{"name": "sku", "converter": "Magento\\Converter", "source": "context"}],
        "rules": [{"field": "price", "operator": "greaterThan", "value": "10"}],
        "destination": "default", "priority": true, "hipaa_audit_required": true, "provider_id": "provider-1",
    });
    store.subscribe(json!({"event": event, "force": false})).await;
    assert_eq!(store.done("GET", "eventing/getEventSubscriptions", Value::Null).await, json!([event]));
}

#[tokio::test]
async fn an_update_merges_fields_by_name_and_replaces_the_rest() {
    let store = Api::nowhere().store().await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku", "name"])).await;
    let path = format!("eventing/eventSubscribe/{PRODUCT_SAVED}");
    let change = json!({"event": {
        "name": "observer.other", "fields": [{"name": "name", "converter": "C"}, {"name": "price"}],
        "rules": [{"field": "price", "operator": "onChange"}], "priority": 1,
    }});
    assert_eq!(store.done("PUT", &path, change).await, json!([]));
    store.done("PUT", &path, json!({"event": {"hipaa_audit_required": true}})).await;
    let all = store.done("GET", "eventing/getEventSubscriptions", Value::Null).await;
    assert_eq!(all[0]["name"], PRODUCT_SAVED, "the path names it");
    assert_eq!(all[0]["fields"], json!([{"name": "sku"}, {"name": "name", "converter": "C"}, {"name": "price"}]));
    assert_eq!(all[0]["rules"], json!([{"field": "price", "operator": "onChange", "value": ""}]));
    assert_eq!((&all[0]["priority"], &all[0]["hipaa_audit_required"]), (&json!(true), &json!(true)));
    let unknown = store.call("PUT", "eventing/eventSubscribe/observer.customer_login", json!({"event": {}})).await;
    assert_eq!(unknown.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn what_is_malformed_is_refused_by_the_name_of_the_member() {
    let store = Api::nowhere().store().await;
    let check = async |event: Value, named: &str| {
        let (status, refusal) = store.call("POST", "eventing/eventSubscribe", json!({ "event": event })).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{event}");
        assert!(refusal.to_string().contains(named), "{event}: {refusal}");
    };
    let with = |member: &str, value: Value| {
        let mut event = subscription(PRODUCT_SAVED, &["sku"])["event"].clone();
        event[member] = value;
        event
    };
    let rule = |member: &str, value: Value| {
        let mut rule = json!({"field": "price", "operator": "equal", "value": "1"});
        rule[member] = value;
        with("rules", json!([rule]))
    };
    check(with("name", Value::Null), "name").await;
    check(with("name", json!(7)), "name").await;
    check(with("name", json!("Observer.Upper")), "name").await;
    check(with("name", json!("a..b")), "name").await;
    check(with("name", json!("x".repeat(256))), "name").await;
    check(with("name", json!("observer.nothing_of_this_name")), "observer.nothing_of_this_name").await;
    check(with("name", json!("plugin.magento.sales")), "plugin.magento.sales").await;
    check(with("parent", json!("observer.nothing_of_this_name")), "observer.nothing_of_this_name").await;
    check(with("fields", Value::Null), "fields").await;
    check(with("fields", json!([])), "fields").await;
    check(with("fields", json!("sku")), "fields").await;
    check(with("fields", json!([{}])), "fields.name").await;
    check(with("fields", json!([{"name": " "}])), "fields.name").await;
    check(with("fields", json!([{"name": "a.".repeat(20)}])), "fields.name").await;
    check(with("fields", json!([{"name": "sku", "other": 1}])), "other").await;
    check(with("fields", Value::Array(vec![json!({"name": "sku"}); 501])), "500 fields").await;
    check(rule("field", Value::Null), "rules.field").await;
    check(rule("operator", Value::Null), "rules.operator").await;
    check(rule("operator", json!("notEqual")), "rules.operator").await;
    check(rule("value", Value::Null), "rules.value").await;
    check(with("rules", json!([{"field": "sku", "operator": "regex", "value": "/(/"}])), "rules.value").await;
    check(with("rules", Value::Array(vec![json!({"field": "sku", "operator": "onChange"}); 51])), "50 rules").await;
    check(with("priority", json!("soon")), "priority").await;
    check(with("priority", json!(2)), "priority").await;
    check(with("hipaa_audit_required", json!([1])), "hipaa_audit_required").await;
    check(with("provider_id", json!("nobody")), "provider_id").await;
    check(with("colour", json!("red")), "colour").await;
    check(Value::Null, "event").await;
    assert_eq!(store.done("GET", "eventing/getEventSubscriptions", Value::Null).await, json!([]));
}

#[tokio::test]
async fn a_name_is_subscribed_once() {
    let store = Api::nowhere().store().await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku"])).await;
    let (status, refusal) = store.call("POST", "eventing/eventSubscribe", subscription(PRODUCT_SAVED, &["*"])).await;
    assert_eq!((status, &refusal["parameters"]), (StatusCode::BAD_REQUEST, &json!([PRODUCT_SAVED])));
}

#[tokio::test]
async fn events_that_nothing_brings_about_can_be_subscribed() {
    let store = Api::nowhere().store().await;
    store.subscribe(subscription("observer.sales_order_invoice_save_after", &["entity_id"])).await;
    store.subscribe(subscription("plugin.magento.catalog.api.product_repository.save", &["*"])).await;
    let mut forced = subscription("observer.of_an_extension", &["*"]);
    forced["force"] = json!(true);
    store.subscribe(forced).await;
    assert_eq!(store.done("GET", "eventing/getEventSubscriptions", Value::Null).await.as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn there_are_no_more_than_the_limit() {
    let store = Api::nowhere().store().await;
    let named = |number: usize| {
        let mut alias = subscription(&format!("alias.{number}"), &["sku"]);
        alias["event"]["parent"] = json!(PRODUCT_SAVED);
        alias
    };
    for number in 0..200 {
        store.subscribe(named(number)).await;
    }
    let (status, refusal) = store.call("POST", "eventing/eventSubscribe", named(200)).await;
    assert_eq!((status, &refusal["parameters"]), (StatusCode::BAD_REQUEST, &json!(["200 event subscriptions"])));
}
