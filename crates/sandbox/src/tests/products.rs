use std::sync::Arc;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Store, minimal};
use crate::collection::Limits;
use crate::draft::Draft;
use crate::keep::Keeper;
use crate::products::Products;

const WIDE: usize = usize::MAX;

#[tokio::test]
async fn a_new_product_gets_the_defaults_of_the_store() {
    let store = Store::new();
    let product = store.create(" Mug-1 ").await;
    let created_at = product["created_at"].clone();
    assert_eq!(
        product,
        json!({
            "id": 5, "sku": "Mug-1", "name": "Mug", "attribute_set_id": 4, "price": 0, "status": 1, "visibility": 4,
            "type_id": "simple", "created_at": created_at, "updated_at": created_at, "extension_attributes": {},
            "product_links": [], "tier_prices": [], "custom_attributes": [],
        })
    );
    assert_eq!(store.sandbox.product("mug-1"), Some(product));
    assert_eq!(store.create("Mug-2").await["id"], 6);
}

#[tokio::test]
async fn what_is_given_is_kept_as_it_came() {
    let store = Store::new();
    let given = json!({
        "sku": "M", "name": "Mug", "attribute_set_id": 4, "price": 99.99, "status": 2, "visibility": 1,
        "type_id": "virtual", "weight": 1, "extension_attributes": {"stock_item": {"qty": 5}},
        "tier_prices": [{"qty": 10, "value": 9}], "product_links": [{"sku": "x"}],
        "custom_attributes": [{"attribute_code": "description", "value": "D"}, {"attribute_code": "tags", "value": ["a"]}],
    });
    let (status, product) = store.call("POST", "products", json!({ "product": given, "saveOptions": false })).await;
    assert_eq!(status, StatusCode::OK);
    for (name, value) in given.as_object().unwrap() {
        assert_eq!(&product[name], value, "{name}");
    }
    assert!(product.to_string().contains(r#""price":99.99"#));
    assert!(product.to_string().contains(r#""weight":1"#));
    assert!(!product.to_string().contains(r#""weight":1.0"#));
}

#[tokio::test]
async fn post_updates_the_product_that_has_the_sku_in_any_case() {
    let store = Store::new();
    let first = store.create("Mug").await;
    let (status, second) = store.call("POST", "products", json!({"product": {"sku": "mUG ", "price": 3}})).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&second["id"], &second["sku"], &second["name"]), (&first["id"], &first["sku"], &json!("Mug")));
    assert_eq!(second["price"], 3);
    assert_eq!(store.create("Cup").await["id"], 6);
}

#[tokio::test]
async fn put_changes_what_it_names_and_merges_custom_attributes() {
    let store = Store::new();
    let attributes = json!([{"attribute_code": "a", "value": "1"}, {"attribute_code": "b", "value": "2"}]);
    let mut new = minimal("Mug");
    new["product"]["custom_attributes"] = attributes;
    new["product"]["weight"] = json!(2.5);
    store.call("POST", "products", new).await;
    let change = json!({"product": {"sku": "other", "price": 7.5, "name": null, "custom_attributes": [
        {"attribute_code": "b", "value": "3"}, {"attribute_code": "c", "value": "4"},
    ]}});
    let (status, product) = store.call("PUT", "products/MUG", change).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(product["sku"], "Mug");
    assert_eq!(product["name"], "Mug");
    assert_eq!(product["weight"], 2.5);
    assert_eq!(product["price"], 7.5);
    assert_eq!(
        product["custom_attributes"],
        json!([
            {"attribute_code": "a", "value": "1"}, {"attribute_code": "b", "value": "3"},
            {"attribute_code": "c", "value": "4"},
        ])
    );
    assert_eq!(store.sandbox.product("other"), None);
}

#[tokio::test]
async fn put_goes_by_its_path_even_if_the_sku_of_its_body_is_none() {
    let store = Store::new();
    store.create("Mug").await;
    let (status, product) = store.call("PUT", "products/Mug", json!({"product": {"sku": "x".repeat(65)}})).await;
    assert_eq!((status, &product["sku"]), (StatusCode::OK, &json!("Mug")));
}

#[tokio::test]
async fn get_answers_what_was_saved_and_delete_removes_it() {
    let store = Store::new();
    let product = store.create("Mug").await;
    assert_eq!(store.call("GET", "products/mug", Value::Null).await, (StatusCode::OK, product));
    assert_eq!(store.call("DELETE", "products/MUG", Value::Null).await, (StatusCode::OK, json!(true)));
    for method in ["GET", "DELETE"] {
        let (status, refusal) = store.call(method, "products/Mug", Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND);
        let message = "The product that was requested doesn't exist. Verify the product and try again.";
        assert_eq!(refusal, json!({ "message": message }));
    }
    assert_eq!(store.create("Mug").await["id"], 6, "an id is never given twice");
}

#[tokio::test]
async fn a_sku_may_have_any_character() {
    let store = Store::new();
    for (sku, path) in [
        ("a/b", "a%2Fb"),
        ("a b", "a%20b"),
        ("a+b", "a+b"),
        ("50%", "50%25"),
        ("Ärmel", "%C3%A4rmel"),
        ("q?x#y", "q%3Fx%23y"),
        ("..", "%2E%2E"),
    ] {
        let product = store.create(sku).await;
        assert_eq!(
            store.call("GET", &format!("products/{path}"), Value::Null).await,
            (StatusCode::OK, product),
            "{sku}"
        );
    }
    assert_eq!(store.call("GET", "products/a/b", Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(store.call("GET", "products/%FF", Value::Null).await.0, StatusCode::NOT_FOUND);
    assert_eq!(store.call("GET", "products/a%252Fb", Value::Null).await.0, StatusCode::NOT_FOUND);
}

#[test]
fn creation_and_update_have_their_times() {
    let mut products = products(WIDE, WIDE);
    let save = |products: &mut Products, second| {
        let draft = Draft::parse(minimal("Mug").to_string().as_bytes()).unwrap();
        products.save(draft, Timestamp::from_second(second).unwrap()).unwrap();
        products.value("Mug").unwrap()
    };
    let created = save(&mut products, 0);
    assert_eq!(created["created_at"], "1970-01-01 00:00:00");
    assert_eq!(created["updated_at"], created["created_at"]);
    let updated = save(&mut products, 86_399);
    assert_eq!(updated["created_at"], "1970-01-01 00:00:00");
    assert_eq!(updated["updated_at"], "1970-01-01 23:59:59");
}

#[test]
fn a_full_store_refuses_new_products_and_still_updates_known_ones() {
    let mut products = products(1, WIDE);
    assert!(save(&mut products, "Mug"));
    assert!(!save(&mut products, "Cup"));
    assert!(save(&mut products, "mug"));
    products.delete("Mug").unwrap();
    assert!(save(&mut products, "Cup"));
}

#[test]
fn the_bytes_of_all_products_are_bounded_and_freed_by_deletion() {
    let mut sizing = products(WIDE, WIDE);
    assert!(save(&mut sizing, "Mug"));
    let one = sizing.get("Mug").unwrap().len();
    let mut products = products(WIDE, one * 2);
    assert!(save(&mut products, "Mug"));
    assert!(save(&mut products, "Mug"), "an update replaces its own bytes");
    assert!(save(&mut products, "Cup"));
    assert!(!save(&mut products, "Jar"));
    products.delete("Cup").unwrap();
    assert!(save(&mut products, "Jar"));
}

fn products(count_max: usize, bytes_max: usize) -> Products {
    let limits = Limits { name: "products", count_max, bytes_max };
    Products::new(limits, &Arc::new(Keeper::nowhere()))
}

fn save(products: &mut Products, sku: &str) -> bool {
    let draft = Draft::parse(minimal(sku).to_string().as_bytes()).unwrap();
    products.save(draft, Timestamp::UNIX_EPOCH).is_ok()
}
