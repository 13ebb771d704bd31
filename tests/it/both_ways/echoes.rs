//! What comes back goes no further; what changed does.

use serde_json::{Value, json};

use super::{DELETED, SAVED, Shop, project, runs};
use crate::support::{PRODUCT_DELETE, PRODUCT_UPDATE};

/// A SKU that would not do as part of a key as it is.
const SKU: &str = "A/b c ü%";

fn of_backoffice(price: &Value) -> Value {
    json!({"sku": SKU, "name": "Bag", "price": price, "description": "Carries"})
}

fn of_commerce(price: &Value) -> Value {
    json!({
        "id": 7, "sku": SKU, "name": "Bag", "price": price, "description": "Carries",
        "created_at": "2026-01-01 00:00:00", "updated_at": "2026-01-02 00:00:00",
    })
}

/// The status and what the answer says of the newest run.
fn newest(runs: &[Value]) -> (&str, &Value) {
    let response = &runs[0]["response"];
    (response["status"].as_str().unwrap(), &response["result"]["body"]["response"])
}

#[tokio::test]
async fn an_echo_of_a_change_from_the_back_office_goes_no_further_and_a_change_does() {
    let project = project();
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    kit.send("create", "be-observer.catalog_product_create", &of_backoffice(&json!(34))).await;
    kit.calls_reach("products", 1).await;
    shop.publish("echo", SAVED, &of_commerce(&json!("34.0000"))).await;
    let consumers = runs(&project, &kit, "product-commerce/consumer", 1).await;
    let discarded = json!(format!("event discarded to prevent infinite loop({SAVED})"));
    assert_eq!(newest(&consumers), ("suppressed", &discarded));
    let handlers = runs(&project, &kit, "product-commerce/updated", 1).await;
    assert_eq!(newest(&handlers), ("suppressed", &discarded));
    assert_eq!(handlers[0]["response"]["success"], false);
    assert!(kit.erp_calls("products").await.is_empty());

    shop.publish("news", SAVED, &of_commerce(&json!("35.0000"))).await;
    let calls = kit.erp_calls_reach("products", 1).await;
    assert_eq!((&calls[0]["method"], &calls[0]["body"]["price"]), (&json!("PUT"), &json!("35.0000")));
    shop.publish("gone", DELETED, &of_commerce(&json!("34.0000"))).await;
    let calls = kit.erp_calls_reach("products", 2).await;
    assert_eq!(calls[1]["method"], "DELETE");
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test]
async fn an_echo_of_a_change_in_commerce_goes_no_further_also_after_a_kill() {
    let project = project();
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    shop.publish("saved", SAVED, &of_commerce(&json!("34.0000"))).await;
    kit.erp_calls_reach("products", 1).await;
    shop.publish("deleted", DELETED, &of_commerce(&json!("34.0000"))).await;
    kit.erp_calls_reach("products", 2).await;
    kit.kill();

    let kit = project.start(&["dev"]);
    kit.send("echo", PRODUCT_UPDATE, &of_backoffice(&json!(34))).await;
    let consumers = runs(&project, &kit, "product-backoffice/consumer", 1).await;
    let discarded = json!(format!("event discarded to prevent infinite loop  {PRODUCT_UPDATE})"));
    assert_eq!(newest(&consumers), ("suppressed", &discarded));
    kit.send("gone", PRODUCT_DELETE, &json!({"sku": SKU})).await;
    runs(&project, &kit, "product-backoffice/deleted", 1).await;
    assert!(kit.calls("products").await.is_empty(), "both were echoes");
    kit.send("news", PRODUCT_UPDATE, &of_backoffice(&json!(36))).await;
    kit.calls_reach("products", 1).await;
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test]
async fn echoes_pass_when_they_are_to() {
    let project = project().with("KIT_ECHO_WINDOW", "off");
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    kit.send("create", "be-observer.catalog_product_create", &of_backoffice(&json!(34))).await;
    kit.calls_reach("products", 1).await;
    shop.publish("echo", SAVED, &of_commerce(&json!("34.0000"))).await;
    kit.erp_calls_reach("products", 1).await;
    assert_eq!(kit.terminate(), Some(0));
}

#[tokio::test]
async fn customers_and_groups_know_their_echoes_too() {
    let project = project();
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    let customer = json!({"name": "Ada", "lastname": "Byron", "email": "ada@example.com"});
    kit.send("customer", "be-observer.customer_create", &customer).await;
    kit.send("group", "be-observer.customer_group_create", &json!({"name": "Press", "taxClassId": 3})).await;
    kit.calls_reach("customer", 2).await;
    let saved = |lastname: &str| {
        json!({
            "id": 900, "firstname": "Ada", "lastname": lastname, "email": "Ada@example.com",
            "created_at": "2026-01-01 00:00:00", "updated_at": "2026-01-01 00:00:00",
        })
    };
    let customer_saved = "com.adobe.commerce.observer.customer_save_commit_after";
    let group_saved = "com.adobe.commerce.observer.customer_group_save_commit_after";
    shop.publish("echo-1", customer_saved, &saved("Byron")).await;
    let group = |tax: &str| json!({"customer_group_code": "Press", "tax_class_id": tax, "customer_group_id": "77"});
    shop.publish("echo-2", group_saved, &group("3")).await;
    for action in ["customer-commerce/created", "customer-commerce/group-updated"] {
        let runs = runs(&project, &kit, action, 1).await;
        assert_eq!(newest(&runs).0, "suppressed", "{action}");
    }
    assert!(kit.erp_calls("").await.is_empty());
    shop.publish("news-1", customer_saved, &saved("Lovelace")).await;
    shop.publish("news-2", group_saved, &group("4")).await;
    kit.erp_calls_reach("customer", 2).await;
    assert_eq!(kit.terminate(), Some(0));
}
