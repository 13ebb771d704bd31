use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Store;

#[tokio::test]
async fn a_comment_stays_with_its_order() {
    let store = Store::new();
    for comment in ["first", "second"] {
        let body = json!({"statusHistory": {
            "comment": comment, "is_customer_notified": 0, "is_visible_on_front": true, "parent_id": "1",
        }});
        assert_eq!(store.call("POST", "orders/1/comments", body).await, (StatusCode::OK, json!(true)));
    }
    let order = store.sandbox.document("orders/1").unwrap();
    let newest = &order["status_histories"][0];
    assert_eq!(
        *newest,
        json!({
            "entity_id": 2, "parent_id": 1, "entity_name": "order", "comment": "second", "status": "processing",
            "is_customer_notified": 0, "is_visible_on_front": 1, "created_at": newest["created_at"],
        })
    );
    assert_eq!(json!([order["status"], order["status_histories"][1]["comment"]]), json!(["processing", "first"]));
    assert_eq!(store.call("GET", "orders/1", Value::Null).await, (StatusCode::OK, order));
}

#[tokio::test]
async fn a_status_of_the_orders_state_becomes_the_orders() {
    let store = Store::new();
    assert_eq!(store.call("POST", "orders/1/comments", note("picked")).await, (StatusCode::OK, json!(true)));
    let order = store.sandbox.document("orders/1").unwrap();
    assert_eq!(json!([order["state"], order["status"]]), json!(["processing", "picked"]));
    assert_eq!(order["status_histories"][0]["status"], "picked");
}

#[tokio::test]
async fn a_status_of_no_or_another_state_changes_nothing() {
    let store = Store::new();
    for (order, status) in [(1, "shipped"), (1, "pending"), (12, "processing"), (8, "complete")] {
        let refusal = refused(&store, &format!("orders/{order}/comments"), note(status)).await;
        let message = "The status \"%1\" is not one of the statuses of the order's state.";
        assert_eq!(refusal, json!({ "message": message, "parameters": [status] }));
    }
}

#[tokio::test]
async fn a_comment_needs_its_text_and_whom_it_is_for() {
    let store = Store::new();
    for name in ["comment", "is_customer_notified", "is_visible_on_front"] {
        let mut body = note("");
        body["statusHistory"].as_object_mut().unwrap().remove(name);
        let refusal = refused(&store, "orders/1/comments", body).await;
        assert_eq!(refusal["parameters"], json!({ "fieldName": name }));
    }
    for (name, value) in [
        ("comment", json!(5)),
        ("comment", json!("x".repeat(65_536))),
        ("is_customer_notified", json!(2)),
        ("is_visible_on_front", json!("yes")),
        ("parent_id", json!("one")),
        ("status", json!([])),
        ("colour", json!("red")),
    ] {
        let mut body = note("");
        body["statusHistory"][name] = value;
        assert_eq!(refused(&store, "orders/1/comments", body).await["parameters"]["fieldName"], name);
    }
    assert_eq!(refused(&store, "orders/1/comments", json!({})).await["parameters"]["fieldName"], "statusHistory");
}

#[tokio::test]
async fn the_comments_of_an_order_are_bounded() {
    let store = Store::new();
    for _ in 0..1_000 {
        assert_eq!(store.call("POST", "orders/12/comments", note("")).await.0, StatusCode::OK);
    }
    assert_eq!(
        refused(&store, "orders/12/comments", note("")).await["parameters"],
        json!(["1000 comments of an order"])
    );
}

#[tokio::test]
async fn an_unknown_order_is_not_found() {
    let store = Store::new();
    for (method, path, body) in [
        ("GET", "orders/77", Value::Null),
        ("POST", "orders/77/comments", note("")),
        ("POST", "order/77/ship", json!({})),
    ] {
        let (status, refusal) = store.call(method, path, body).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(refusal["message"].as_str().unwrap().starts_with("The entity that was requested"), "{refusal}");
    }
    for path in ["orders/x", "shipment/1.5"] {
        assert_eq!(store.call("GET", path, Value::Null).await.1["parameters"]["type"], "int");
    }
}

#[tokio::test]
async fn orders_are_listed_by_criteria() {
    let store = Store::new();
    let query = "orders?searchCriteria[filter_groups][0][filters][0][field]=increment_id&\
                 searchCriteria[filter_groups][0][filters][0][value]=000000012";
    let (status, found) = store.call("GET", query, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(json!([found["total_count"], found["items"][0]["entity_id"]]), json!([1, 12]));
    assert_eq!(found["items"][0]["status"], "pending");
}

/// An empty status counts as none.
fn note(status: &str) -> Value {
    json!({ "statusHistory": {
        "comment": "Order status changed", "is_customer_notified": 0, "is_visible_on_front": 1, "status": status,
    } })
}

/// Nothing may have changed.
async fn refused(store: &Store, path: &str, body: Value) -> Value {
    let orders = || store.sandbox.document("orders?searchCriteria").unwrap();
    let before = orders();
    let (status, refusal) = store.call("POST", path, body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refusal}");
    assert_eq!(orders(), before);
    refusal
}
