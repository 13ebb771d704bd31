//! The sample of every event, and what both sides hold afterwards, field by field.

use onboarding::Sample;
use serde_json::{Value, json};

use super::{Shop, project};
use crate::golden::root;
use crate::support::Server;

fn samples(provider: &str) -> Vec<Sample> {
    onboarding::samples(&root().join("onboarding/config"), provider).unwrap()
}

#[tokio::test]
async fn commerce_holds_what_the_back_office_sent() {
    let project = project();
    let kit = project.start(&["dev"]);
    let mut calls = Vec::new();
    for sample in samples("backoffice") {
        // What the update made is looked at before it is gone.
        if sample.code.ends_with("catalog_product_delete") {
            check_product(&kit).await;
        }
        let answer = kit.send(&sample.code, &sample.code, &sample.value).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        // One after the other: the samples of one entity meet in Commerce, but not all of them in a lane. The comment
        // is sent twice, because its status is none of the order's state.
        let more = if sample.code.ends_with("sales_order_status_update") { 2 } else { 1 };
        calls = kit.calls_reach("", calls.len() + more).await;
    }
    assert_eq!(calls.len(), 14);
    let statuses: Vec<(&Value, &Value)> = calls.iter().map(|call| (&call["path"], &call["status"])).collect();
    let refused = statuses.iter().filter(|(_, status)| **status != json!(200)).count();
    assert_eq!(refused, 1, "{statuses:?}");

    assert_eq!(kit.commerce("products/SKU-EXT-0001").await.status, 404, "it was deleted");
    assert_eq!(kit.commerce("customers/15").await.status, 404, "it was deleted");
    let found = kit.commerce(&search("customers", "email", "jane.doe@fakedomain.com")).await.body;
    assert_eq!((&found["total_count"], &found["items"][0]["firstname"]), (&json!(1), &json!("Jane")));
    assert_eq!(found["items"][0]["lastname"], "Doe");
    assert_eq!(kit.commerce("customerGroups/19").await.status, 404, "it was deleted");
    let found = kit.commerce(&search("customerGroups", "code", "Backoffice%20Group")).await.body;
    assert_eq!((&found["total_count"], &found["items"][0]["tax_class_id"]), (&json!(1), &json!(3)));
    check_order(&kit).await;
    let found = kit.commerce(&search("inventory/source-items", "sku", "SKU-EXT-0001")).await.body;
    let stock = json!({"sku": "SKU-EXT-0001", "source_code": "default", "quantity": 66, "status": 1});
    assert_eq!(found["items"], json!([stock]));
    assert_eq!(kit.terminate(), Some(0));
}

/// A list's path with one filter.
fn search(list: &str, field: &str, value: &str) -> String {
    let path = if list.starts_with("customer") { format!("{list}/search") } else { list.to_owned() };
    let filter = "searchCriteria[filter_groups][0][filters][0]";
    format!("{path}?{filter}[field]={field}&{filter}[value]={value}")
}

async fn check_product(kit: &Server) {
    let product = kit.commerce("products/SKU-EXT-0001").await.body;
    assert_eq!((&product["sku"], &product["price"]), (&json!("SKU-EXT-0001"), &json!(99.99)));
    assert_eq!((&product["name"], &product["attribute_set_id"]), (&json!("Product Created Externally"), &json!(4)));
    let attributes = product["custom_attributes"].as_array().unwrap();
    let description = attributes.iter().find(|attribute| attribute["attribute_code"] == "description").unwrap();
    assert_eq!(description["value"], "This is a sample product created externally");
}

async fn check_order(kit: &Server) {
    let order = kit.commerce("orders/1").await.body;
    let comments = order["status_histories"].as_array().unwrap();
    let comment = comments.iter().find(|comment| comment["comment"] == "Order status changed to shipped");
    assert_eq!(comment.expect("the comment is there")["is_customer_notified"], 0);
    assert_ne!(order["status"], "shipped");
    let shipments = kit.commerce(&search("shipments", "order_id", "8")).await.body;
    assert_eq!(shipments["total_count"], 2, "the one that was there, and the new one");
    let updated = kit.commerce("shipment/33").await.body;
    assert_eq!(updated["tracks"][0]["track_number"], "Custom Value Upd");
    assert_eq!(updated["comments"][0]["comment"], "Order Shipment Updated in Backoffice");
    let new = shipments["items"].as_array().unwrap().iter().find(|shipment| shipment["entity_id"] != 33).unwrap();
    assert_eq!((&new["items"][0]["order_item_id"], &new["items"][0]["qty"]), (&json!(8), &json!(1)));
    assert_eq!(new["tracks"][0]["carrier_code"], "custom");
    assert_eq!(new["comments"][0]["comment"], "Order Shipped in Backoffice");
}

#[tokio::test]
async fn the_back_office_holds_what_commerce_sent() {
    let project = project();
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    let samples = samples("commerce");
    assert_eq!(samples.len(), 8);
    for sample in &samples {
        shop.publish_data(&sample.code, &sample.code, &sample.value).await;
    }
    let calls = kit.erp_calls_reach("", 8).await;
    for sample in &samples {
        let value = &sample.value["value"];
        let (method, path) = match sample.code.rsplit('.').next().unwrap() {
            "catalog_product_save_commit_after" => ("PUT", "products/24-MB01"),
            "catalog_product_delete_commit_after" => ("DELETE", "products/24-MB01"),
            "customer_save_commit_after" => ("PUT", "customers/123"),
            "customer_delete_commit_after" => ("DELETE", "customers/123"),
            "customer_group_save_commit_after" => ("PUT", "customer-groups/18"),
            "customer_group_delete_commit_after" => ("DELETE", "customer-groups/18"),
            "sales_order_save_commit_after" => ("POST", "orders"),
            "cataloginventory_stock_item_save_commit_after" => ("PUT", "stock/27"),
            other => panic!("{other} has no row here"),
        };
        let call = calls.iter().find(|call| call["method"] == method && call["path"] == path);
        let call = call.unwrap_or_else(|| panic!("no {method} {path} among {calls:?}"));
        let body = if method == "DELETE" { &Value::Null } else { value };
        assert_eq!(call["body"], *body);
    }
    assert_eq!(kit.erp("products/24-MB01").await.status, 404, "it was deleted");
    assert_eq!(kit.erp("orders/12").await.body["increment_id"], "000000012");
    assert_eq!(kit.erp("stock/27").await.body["item_id"], "25");
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test]
async fn events_of_commerce_do_not_come_in_by_the_back_offices_door() {
    let project = project();
    let kit = project.start(&["dev"]);
    for sample in samples("commerce") {
        let answer = kit.send("1", &sample.code, &sample.value).await;
        let refusal = format!("Unable to publish event {}: Unknown event type", sample.code);
        assert_eq!((answer.status, answer.error()), (400, refusal.as_str()));
        assert_eq!(kit.get(&format!("/schemas/{}.json", sample.code)).await.status, 404);
    }
    assert_eq!(kit.terminate(), Some(0));
}
