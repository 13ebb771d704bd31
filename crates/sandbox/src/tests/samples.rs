use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Store;

/// The kit's sample events from the back office, as the calls that its handlers make of them.
#[tokio::test]
async fn a_new_store_takes_what_the_sample_events_become() {
    let store = Store::new();
    for (method, path, body) in samples() {
        let (status, answer) = store.call(method, path, body).await;
        assert_eq!(status, StatusCode::OK, "{method} {path} {answer}");
    }
    let document = |path| store.sandbox.document(path);
    assert_eq!(document("customers/15"), None);
    assert_eq!(document("customers/124").unwrap()["email"], "jane.doe@fakedomain.com");
    assert_eq!(document("customerGroups/19"), None);
    assert_eq!(document("customerGroups/20").unwrap()["code"], "Backoffice Group");
    assert_eq!(document("orders/1").unwrap()["status"], "processing");
    assert_eq!(document("shipment/34").unwrap()["tracks"][0]["title"], "Custom Title");
    assert_eq!(document("shipment/33").unwrap()["comments"][0]["comment"], "Order Shipment Updated in Backoffice");
    assert_eq!(store.sandbox.calls().len(), samples().len(), "looking leaves no row");
}

#[tokio::test]
async fn the_sample_status_is_refused_so_that_handlers_have_to_do_without() {
    let store = Store::new();
    let body = json!({"statusHistory": {"comment": "Order status changed to shipped", "is_customer_notified": 0,
        "is_visible_on_front": 1, "status": "shipped"}});
    assert_eq!(store.call("POST", "orders/1/comments", body).await.0, StatusCode::BAD_REQUEST);
}

pub fn samples() -> Vec<(&'static str, &'static str, Value)> {
    let jane = || json!({"email": "jane.doe@fakedomain.com", "firstname": "Jane", "lastname": "Doe"});
    let mut known = jane();
    known["id"] = json!(15);
    vec![
        ("PUT", "customers/15", json!({ "customer": known })),
        ("DELETE", "customers/15", Value::Null),
        ("POST", "customers", json!({ "customer": jane() })),
        ("PUT", "customerGroups/19", json!({"group": {"id": 19, "code": "Backoffice Group", "tax_class_id": 2}})),
        ("DELETE", "customerGroups/19", Value::Null),
        ("POST", "customerGroups", json!({"group": {"code": "Backoffice Group", "tax_class_id": 3}})),
        (
            "POST",
            "orders/1/comments",
            json!({"statusHistory": {"comment": "Order status changed to shipped", "is_customer_notified": 0,
                "is_visible_on_front": 1}}),
        ),
        (
            "POST",
            "order/8/ship",
            json!({"items": [{"order_item_id": 8, "qty": 1}],
                "tracks": [{"track_number": "Custom Value", "title": "Custom Title", "carrier_code": "custom"}],
                "comment": {"comment": "Order Shipped in Backoffice", "is_visible_on_front": 1},
                "extension_attributes": {"source_code": "default"}}),
        ),
        (
            "POST",
            "shipment",
            json!({"entity": {"entity_id": 33, "order_id": 8,
                "items": [{"entity_id": 19, "order_item_id": 8, "qty": 1}],
                "tracks": [{"entity_id": 19, "order_id": 8, "track_number": "Custom Value Upd",
                    "title": "Custom Title Upd", "carrier_code": "custom"}],
                "comments": [{"entity_id": 19, "is_customer_notified": 0,
                    "comment": "Order Shipment Updated in Backoffice", "is_visible_on_front": 1}],
                "extension_attributes": {"source_code": "default"}}}),
        ),
        (
            "POST",
            "inventory/source-items",
            json!({"sourceItems": [{"sku": "SKU-EXT-0001", "source_code": "default", "quantity": 66, "status": 1}]}),
        ),
    ]
}
