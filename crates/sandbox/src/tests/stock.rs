use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Store;

const ITEMS: &str = "inventory/source-items";
const DELETE: &str = "inventory/source-items-delete";

#[tokio::test]
async fn source_items_are_added_and_replaced() {
    let store = Store::new();
    let body = json!({"sourceItems": [
        {"sku": "24-mb01", "source_code": "default", "quantity": "5.25", "status": "0"},
        {"sku": "SKU-EXT-0001", "source_code": "default", "quantity": 1, "status": 1},
        {"sku": "sku-ext-0001 ", "source_code": "default", "quantity": 66, "status": 1},
        {"sku": "SKU-EXT-0001", "source_code": "warehouse", "quantity": 7, "status": true},
    ]});
    assert_eq!(store.call("POST", ITEMS, body).await, (StatusCode::OK, json!([])));
    assert_eq!(
        found(&store, "24-MB01"),
        [json!({"sku": "24-mb01", "source_code": "default", "quantity": 5.25, "status": 0})]
    );
    assert_eq!(
        found(&store, "SKU-EXT-0001"),
        [
            json!({"sku": "sku-ext-0001", "source_code": "default", "quantity": 66, "status": 1}),
            json!({"sku": "SKU-EXT-0001", "source_code": "warehouse", "quantity": 7, "status": 1}),
        ]
    );
}

#[tokio::test]
async fn deletion_passes_over_what_is_not_there() {
    let store = Store::new();
    let body = json!({"sourceItems": [
        {"sku": "24-mb01", "source_code": "default"}, {"sku": "24-MB01", "source_code": "moon"},
        {"sku": "unknown", "source_code": "default"},
    ]});
    assert_eq!(store.call("POST", DELETE, body).await, (StatusCode::OK, json!([])));
    assert!(found(&store, "24-MB01").is_empty());
}

#[tokio::test]
async fn one_wrong_item_keeps_the_whole_list_out() {
    let store = Store::new();
    for (name, value, field) in [
        ("sku", json!(" "), "sku"),
        ("sku", Value::Null, "sku"),
        ("sku", json!("x".repeat(65)), "sku"),
        ("source_code", json!("moon"), "source_code"),
        ("source_code", Value::Null, "source_code"),
        ("quantity", Value::Null, "quantity"),
        ("quantity", json!("many"), "quantity"),
        ("quantity", json!(1e12), "quantity"),
        ("status", json!(2), "status"),
        ("status", Value::Null, "status"),
        ("colour", json!("red"), "colour"),
    ] {
        let right = json!({"sku": "NEW", "source_code": "default", "quantity": 1, "status": 1});
        let mut wrong = right.clone();
        wrong[name] = value;
        let (status, refusal) = store.call("POST", ITEMS, json!({"sourceItems": [right, wrong]})).await;
        assert_eq!((status, &refusal["message"]), (StatusCode::BAD_REQUEST, &json!("Validation Failed")), "{name}");
        assert_eq!(refusal["errors"][0]["parameters"]["fieldName"], field, "{refusal}");
        assert!(found(&store, "NEW").is_empty());
    }
}

#[tokio::test]
async fn a_list_of_nothing_or_too_much_is_refused() {
    let store = Store::new();
    for path in [ITEMS, DELETE] {
        let (status, refusal) = store.call("POST", path, json!({"sourceItems": []})).await;
        assert_eq!((status, refusal), (StatusCode::BAD_REQUEST, json!({"message": "Input data is empty"})));
        for body in [json!({}), json!({"sourceItems": {}}), json!({"sourceItems": vec![1; 5_001]})] {
            let (status, refusal) = store.call("POST", path, body).await;
            assert_eq!(status, StatusCode::BAD_REQUEST);
            assert_eq!(refusal["parameters"]["fieldName"], "sourceItems");
        }
        let (_, refusal) = store.call("POST", path, json!({"sourceItems": vec![1; 5_000]})).await;
        assert_eq!(refusal["errors"].as_array().unwrap().len(), 20);
    }
}

#[tokio::test]
async fn the_stock_item_of_a_product_is_its_item_in_the_default_source() {
    let store = Store::new();
    let body = json!({"stockItem": {"qty": "4", "is_in_stock": true, "manage_stock": true}});
    assert_eq!(store.call("PUT", "products/24-mb01/stockItems/25", body).await, (StatusCode::OK, json!(25)));
    let body = json!({"stockItem": {"is_in_stock": 0}});
    store.call("PUT", "products/24-MB01/stockItems/25", body).await;
    assert_eq!(
        found(&store, "24-MB01"),
        [json!({"sku": "24-MB01", "source_code": "default", "quantity": 4, "status": 0})]
    );
    let new = super::minimal("Mug");
    store.call("POST", "products", new).await;
    store.call("PUT", "products/Mug/stockItems/1", json!({"stockItem": {"qty": 2}})).await;
    assert_eq!(found(&store, "Mug")[0]["quantity"], 2);
}

#[tokio::test]
async fn the_stock_item_of_no_product_is_refused() {
    let store = Store::new();
    for (path, body, expected) in [
        ("products/none/stockItems/1", json!({"stockItem": {"qty": 1}}), StatusCode::NOT_FOUND),
        ("products/%FF/stockItems/1", json!({"stockItem": {"qty": 1}}), StatusCode::NOT_FOUND),
        ("products/24-MB01/stockItems/x", json!({"stockItem": {"qty": 1}}), StatusCode::BAD_REQUEST),
        ("products/24-MB01/stockItems/1", json!({}), StatusCode::BAD_REQUEST),
        ("products/24-MB01/stockItems/1", json!({"stockItem": {"qty": "x"}}), StatusCode::BAD_REQUEST),
    ] {
        assert_eq!(store.call("PUT", path, body).await.0, expected, "{path}");
    }
    assert!(found(&store, "none").is_empty());
    assert_eq!(found(&store, "24-MB01")[0]["quantity"], 1_000);
}

fn found(store: &Store, sku: &str) -> Vec<Value> {
    let filter = "searchCriteria[filter_groups][0][filters][0]";
    let path = format!("{ITEMS}?{filter}[field]=sku&{filter}[value]={sku}");
    store.sandbox.document(&path).unwrap()["items"].as_array().unwrap().clone()
}
