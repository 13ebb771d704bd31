use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Api, PRODUCT_SAVED, subscription};
use crate::OrderItem;
use crate::tests::{Store, minimal, request};

async fn with(subscription: Value) -> Store {
    let store = Api::nowhere().store().await;
    store.subscribe(subscription).await;
    store
}

async fn all(name: &str) -> Store {
    with(subscription(name, &["*"])).await
}

async fn call(store: &Store, method: &str, path: &str, body: Value) {
    let (status, answer) = store.call(method, path, body).await;
    assert_eq!(status, StatusCode::OK, "{method} {path}: {answer}");
}

#[tokio::test]
async fn a_saved_product_is_an_event_in_its_envelope() {
    let store = with(subscription(PRODUCT_SAVED, &["id", "sku", "name", "price", "description", "_isNew"])).await;
    let product = json!({"product": {
        "sku": "Mug", "name": "A mug", "attribute_set_id": 4, "price": 39,
        "custom_attributes": [{"attribute_code": "description", "value": "For tea"}],
    }});
    call(&store, "POST", "products", product).await;
    call(&store, "PUT", "products/Mug", json!({"product": {"price": 39.5}})).await;
    let rows = store.events().await;
    let (first, second) = (&rows[0], &rows[1]);
    assert_eq!(first["code"], format!("com.adobe.commerce.{PRODUCT_SAVED}"));
    assert_eq!((&first["status"], &first["priority"]), (&json!(0), &json!(false)));
    assert_eq!(first["data"]["source"], "shop.Stage");
    let expected = json!({
        "id": 5, "sku": "Mug", "name": "A mug", "price": "39.0000", "description": "For tea", "_isNew": true,
    });
    assert_eq!(first["data"]["value"], expected);
    assert_eq!(
        (&second["data"]["value"]["price"], &second["data"]["value"]["_isNew"]),
        (&json!("39.5000"), &json!(false))
    );
    assert_ne!(first["event_id"], second["event_id"]);
    assert_ne!(first["data"]["key"], second["data"]["key"]);
    let metadata = first["data"]["_metadata"].as_object().unwrap();
    for member in ["commerceEdition", "commerceVersion", "eventsClientVersion", "storeId", "websiteId", "storeGroupId"]
    {
        assert!(metadata[member].is_string(), "{member}");
    }
}

#[tokio::test]
async fn what_is_saved_has_commerces_names_and_types() {
    let store = all("observer.customer_save_commit_after").await;
    let customer = json!({"customer": {
        "email": "a@b", "firstname": "A", "lastname": "B",
        "custom_attributes": [{"attribute_code": "size", "value": "L"}, {"attribute_code": "email", "value": "other"}],
    }});
    call(&store, "POST", "customers", customer).await;
    let value = store.values().await.swap_remove(0);
    assert_eq!((&value["id"], &value["entity_id"]), (&json!(124), &json!("124")));
    assert_eq!((&value["group_id"], &value["website_id"], &value["store_id"]), (&json!("1"), &json!("1"), &json!("1")));
    assert_eq!((&value["email"], &value["size"]), (&json!("a@b"), &json!("L")));
    let is_date = |date: &Value| date.as_str().is_some_and(|date| date.len() == 19 && &date[10..11] == " ");
    assert!(is_date(&value["created_at"]) && is_date(&value["updated_at"]), "{value}");
    assert!(value.get("custom_attributes").is_none() && value.get("_origData").is_none());

    let store = all("observer.customer_group_save_commit_after").await;
    call(&store, "POST", "customerGroups", json!({"group": {"code": "New", "tax_class_id": 3}})).await;
    let expected = json!({
        "customer_group_id": "20", "customer_group_code": "New", "tax_class_id": 3,
        "extension_attributes": {"exclude_website_ids": []}, "_isNew": true,
    });
    assert_eq!(store.values().await, [expected]);

    let store = all("observer.sales_order_save_commit_after").await;
    let note = json!({"statusHistory": {"comment": "C", "is_customer_notified": 0, "is_visible_on_front": 0}});
    call(&store, "POST", "orders/8/comments", note).await;
    let value = store.values().await.swap_remove(0);
    assert_eq!((&value["id"], &value["entity_id"], &value["_isNew"]), (&json!("8"), &json!("8"), &json!(false)));
    assert!(value["grand_total"].as_str().unwrap().ends_with("00"), "{value}");
    assert!(value["items"][0]["qty_ordered"].is_string() && value["items"][0]["item_id"].is_string());

    let store = all("observer.cataloginventory_stock_item_save_commit_after").await;
    let item = json!({"stockItem": {"qty": 7.5, "is_in_stock": true}});
    call(&store, "PUT", "products/24-MB01/stockItems/1", item).await;
    let value = store.values().await.swap_remove(0);
    assert_eq!((&value["product_id"], &value["item_id"]), (&json!("2"), &json!("2")));
    assert_eq!(
        (&value["qty"], &value["is_in_stock"], &value["manage_stock"]),
        (&json!("7.5"), &json!("1"), &json!("1"))
    );
}

#[tokio::test]
async fn what_is_gone_is_told_as_it_was() {
    let store = Api::nowhere().store().await;
    for name in ["catalog_product", "customer", "customer_group"] {
        let name = format!("observer.{name}_delete_commit_after");
        store
            .subscribe(subscription(&name, &["id", "sku", "email", "customer_group_code", "_isNew", "_origData"]))
            .await;
    }
    call(&store, "DELETE", "products/24-MB01", Value::Null).await;
    call(&store, "DELETE", "customers/123", Value::Null).await;
    call(&store, "DELETE", "customerGroups/18", Value::Null).await;
    let values = store.values().await;
    assert_eq!((&values[0]["sku"], &values[0]["_isNew"]), (&json!("24-MB01"), &json!(false)));
    assert_eq!(values[0]["_origData"]["sku"], "24-MB01");
    assert_eq!((&values[1]["id"], &values[1]["email"]), (&json!(123), &json!("john.doe@fakedomain.com")));
    assert_eq!(values[2]["customer_group_code"], "VIP");
    assert_eq!(values.len(), 3);
}

#[tokio::test]
async fn the_data_of_before_come_when_they_are_asked_for() {
    let store = with(subscription(PRODUCT_SAVED, &["price", "_origData"])).await;
    store.create("Mug").await;
    call(&store, "PUT", "products/Mug", json!({"product": {"price": 5}})).await;
    let values = store.values().await;
    assert_eq!(values[0]["_origData"], Value::Null);
    assert_eq!(values[1]["_origData"]["price"], "0.0000");
    assert_eq!(values[1]["price"], "5.0000");
}

#[tokio::test]
async fn what_commerce_writes_past_its_models_is_no_stock_item_saved() {
    let store = all("observer.cataloginventory_stock_item_save_commit_after").await;
    let stock = json!({"sourceItems": [{"sku": "24-MB01", "source_code": "default", "quantity": 3, "status": 1}]});
    call(&store, "POST", "inventory/source-items", stock).await;
    call(&store, "POST", "order/8/ship", json!({"items": [{"order_item_id": 8, "qty": 1}]})).await;
    assert!(store.events().await.is_empty());
}

#[tokio::test]
async fn a_shipment_and_an_order_of_the_process_save_the_order() {
    let store = with(subscription("observer.sales_order_save_commit_after", &["id", "_isNew"])).await;
    call(&store, "POST", "order/8/ship", json!({"items": [{"order_item_id": 8, "qty": 1}]})).await;
    store.sandbox.put_order(77, &[OrderItem { id: 770, sku: "A".to_owned(), quantity: 1 }]).unwrap();
    assert_eq!(store.values().await, [json!({"id": "8", "_isNew": false}), json!({"id": "77", "_isNew": true})]);
}

#[tokio::test]
async fn customers_of_a_group_that_goes_are_saved_in_another() {
    let store = with(subscription("observer.customer_save_commit_after", &["id", "group_id"])).await;
    let customer =
        json!({"customer": {"email": "john.doe@fakedomain.com", "firstname": "J", "lastname": "D", "group_id": 18}});
    call(&store, "PUT", "customers/123", customer).await;
    call(&store, "DELETE", "customerGroups/18", Value::Null).await;
    assert_eq!(store.values().await, [json!({"id": 123, "group_id": "18"}), json!({"id": 123, "group_id": "1"})]);
}

#[tokio::test]
async fn who_refuses_a_call_or_only_looks_brings_about_nothing() {
    let store = all(PRODUCT_SAVED).await;
    store.call("PUT", "products/nothing", json!({"product": {"price": 1}})).await;
    store.call("GET", "products/24-MB01", Value::Null).await;
    store.order(json!({"path": "products", "status": 503})).await;
    store.call("POST", "products", minimal("Mug")).await;
    store.order(json!({"path": "products", "cut": "before"})).await;
    // Nobody hears an answer.
    drop(store.send(request("POST", "/sandbox/commerce/rest/V1/products", &minimal("Mug"))).await);
    assert!(store.events().await.is_empty());
}

#[tokio::test]
async fn an_alias_has_its_own_name_and_rules() {
    let store = Api::nowhere().store().await;
    let event = json!({"event": {
        "name": "shop.observer.catalog_product_save_commit_after", "parent": PRODUCT_SAVED, "provider_id": "provider-1",
        "fields": [{"name": "sku"}], "rules": [
            {"field": "price", "operator": "greaterThan", "value": "10"},
            {"field": "sku", "operator": "regex", "value": "/^M/"},
        ],
    }});
    store.subscribe(event).await;
    store.subscribe(subscription(PRODUCT_SAVED, &["sku"])).await;
    for (sku, price) in [("Mug", 9), ("Mug", 11), ("Cup", 11)] {
        let product = json!({"product": {"sku": sku, "name": "N", "attribute_set_id": 4, "price": price}});
        call(&store, "POST", "products", product).await;
    }
    let rows = store.events().await;
    let aliased: Vec<&Value> =
        rows.iter().filter(|row| row["code"].as_str().unwrap().contains("commerce.shop.")).collect();
    assert_eq!((rows.len(), aliased.len()), (4, 1));
    assert_eq!(
        (&aliased[0]["data"]["value"]["sku"], &aliased[0]["provider_id"]),
        (&json!("Mug"), &json!("provider-1"))
    );
}

#[tokio::test]
async fn a_change_is_told_from_a_save() {
    let mut changed = subscription(PRODUCT_SAVED, &["price"]);
    changed["event"]["rules"] = json!([{"field": "price", "operator": "onChange"}]);
    let store = with(changed).await;
    for price in [1, 1, 2, 2, 1] {
        call(&store, "PUT", "products/24-MB01", json!({"product": {"price": price}})).await;
    }
    let prices: Vec<Value> = store.values().await.iter().map(|value| value["price"].clone()).collect();
    assert_eq!(prices, ["1.0000", "2.0000", "1.0000"]);
}

#[tokio::test]
async fn an_event_above_the_limit_is_not_created() {
    let store = all(PRODUCT_SAVED).await;
    let described = |length: usize| {
        let description = json!([{"attribute_code": "description", "value": "x".repeat(length)}]);
        json!({"product": {"sku": "Mug", "name": "N", "attribute_set_id": 4, "custom_attributes": description}})
    };
    call(&store, "POST", "products", described(70_000)).await;
    assert!(store.events().await.is_empty());
    call(&store, "POST", "products", described(60_000)).await;
    assert_eq!(store.events().await.len(), 1);
}

#[tokio::test]
async fn a_store_whose_eventing_is_off_creates_nothing() {
    let store = all(PRODUCT_SAVED).await;
    store.done("PUT", "eventing/updateConfiguration", json!({"config": {"enabled": false}})).await;
    store.create("Mug").await;
    assert!(store.events().await.is_empty());
}

#[tokio::test]
async fn events_are_no_change_of_the_store_to_who_watches_it() {
    let store = all(PRODUCT_SAVED).await;
    let changes = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = std::sync::Arc::clone(&changes);
    store.sandbox.witnessed_by(move |effect| seen.lock().unwrap().push(effect.is_changed));
    store.create("Mug").await;
    store.create("Mug").await;
    assert_eq!(*changes.lock().unwrap(), [true, false]);
    assert_eq!(store.events().await.len(), 2);
}
