use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use super::{Store, TOKEN, V1, answer, minimal};

#[tokio::test]
async fn a_new_product_needs_sku_name_and_attribute_set() {
    for member in ["sku", "name", "attribute_set_id"] {
        let mut new = minimal("Mug");
        new["product"].as_object_mut().unwrap().remove(member);
        let refusal = refused("products", new).await;
        let message = "A new product needs a value for \"%1\".";
        assert_eq!(refusal, json!({ "message": message, "parameters": [member] }));
    }
}

#[tokio::test]
async fn a_value_that_the_member_cannot_take_is_refused_with_its_name() {
    for (member, value, echoed) in [
        ("sku", json!("x".repeat(65)), "x".repeat(64)),
        ("sku", json!("  "), "  ".to_owned()),
        ("sku", json!(5), "5".to_owned()),
        ("name", json!(""), String::new()),
        ("name", json!(["Mug"]), r#"["Mug"]"#.to_owned()),
        ("attribute_set_id", json!(5), "5".to_owned()),
        ("price", json!(-0.01), "-0.01".to_owned()),
        ("price", json!("9,99"), "9,99".to_owned()),
        ("price", json!("-1"), "-1".to_owned()),
        ("status", json!(3), "3".to_owned()),
        ("visibility", json!(0), "0".to_owned()),
        ("visibility", json!(1.5), "1.5".to_owned()),
        ("type_id", json!(" "), " ".to_owned()),
        ("weight", json!(-1), "-1".to_owned()),
        ("extension_attributes", json!([1]), "[1]".to_owned()),
        ("product_links", json!({}), "{}".to_owned()),
        ("tier_prices", json!("none"), "none".to_owned()),
        ("custom_attributes", json!({"a": 1}), r#"{"a":1}"#.to_owned()),
        ("custom_attributes", json!([{"attribute_code": "a"}]), r#"{"attribute_code":"a"}"#.to_owned()),
        ("custom_attributes", json!([{"value": "a"}]), r#"{"value":"a"}"#.to_owned()),
    ] {
        let mut new = minimal("Mug");
        new["product"][member] = value;
        let refusal = refused("products", new).await;
        let parameters = json!({ "fieldName": member, "fieldValue": echoed });
        assert_eq!(refusal, json!({ "message": "%fieldName cannot be \"%fieldValue\".", "parameters": parameters }));
    }
}

#[tokio::test]
async fn a_sku_of_64_characters_and_a_price_of_zero_are_taken() {
    let store = Store::new();
    store.create(&"ü".repeat(64)).await;
    let mut new = minimal("x");
    new["product"]["price"] = json!(0);
    assert_eq!(store.call("POST", "products", new).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_member_that_products_do_not_have_is_refused() {
    let mut new = minimal("Mug");
    new["product"]["attribut_set_id"] = json!(4);
    let refusal = refused("products", new).await;
    assert_eq!(refusal["parameters"], json!({ "fieldName": "attribut_set_id" }));
}

#[tokio::test]
async fn members_that_commerce_sets_itself_are_taken_and_not_kept() {
    let store = Store::new();
    let mut new = minimal("Mug");
    new["product"]["id"] = json!(77);
    new["product"]["created_at"] = json!("2001-01-01 00:00:00");
    let (status, product) = store.call("POST", "products", new).await;
    assert_eq!((status, &product["id"]), (StatusCode::OK, &json!(5)));
    assert_ne!(product["created_at"], "2001-01-01 00:00:00");
}

#[tokio::test]
async fn a_body_without_a_product_is_refused() {
    for body in [json!([]), json!("product")] {
        assert_eq!(refused("products", body).await["parameters"], json!(["the body is no JSON object"]));
    }
    for body in [json!({}), json!({"product": null})] {
        let refusal = refused("products", body).await;
        let message = "\"%fieldName\" is required. Enter and try again.";
        assert_eq!(refusal, json!({ "message": message, "parameters": { "fieldName": "product" } }));
    }
    assert_eq!(refused("products", json!({"product": 1})).await["parameters"]["fieldName"], "product");
    let mut new = minimal("Mug");
    new["saveOptions"] = json!("yes");
    assert_eq!(refused("products", new).await["parameters"]["fieldName"], "saveOptions");
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    for body in ["", "{", "product=1", "{\"product\":{\"price\":1e999}}", "\u{0}"] {
        let (status, refusal) = post_text(&Store::new(), body.to_owned()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}");
        assert!(refusal["message"].is_string());
    }
}

#[tokio::test]
async fn a_body_above_one_mebibyte_is_refused_and_one_of_exactly_that_is_read() {
    let store = Store::new();
    let mut body = minimal("Mug").to_string();
    body.push_str(&" ".repeat(1024 * 1024 - body.len()));
    assert_eq!(post_text(&store, body.clone()).await.0, StatusCode::OK);
    body.push(' ');
    let (status, refusal) = post_text(&store, body).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(refusal["parameters"], json!(["1048576"]));
}

#[tokio::test]
async fn put_refuses_an_unknown_sku_and_changes_nothing_when_it_refuses_a_value() {
    let store = Store::new();
    let change = json!({"product": {"name": "Cup", "price": 1}});
    let (status, refusal) = store.call("PUT", "products/Mug", change).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(refusal["message"].as_str().unwrap().starts_with("The product that was requested doesn't exist."));
    assert_eq!(store.sandbox.product("Mug"), None);

    let before = store.create("Mug").await;
    let change = json!({"product": {"name": "Cup", "price": -1}});
    assert_eq!(store.call("PUT", "products/Mug", change).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(store.sandbox.product("Mug"), Some(before));
}

#[tokio::test]
async fn custom_attributes_are_bounded_in_one_body_and_over_many() {
    let store = Store::new();
    store.create("Mug").await;
    let attributes = |from: usize, count: usize| {
        let list: Vec<Value> =
            (from..from + count).map(|n| json!({"attribute_code": format!("a{n}"), "value": n})).collect();
        json!({"product": {"custom_attributes": list}})
    };
    assert_eq!(store.call("PUT", "products/Mug", attributes(0, 1001)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(store.call("PUT", "products/Mug", attributes(0, 1000)).await.0, StatusCode::OK);
    assert_eq!(store.call("PUT", "products/Mug", attributes(1000, 1)).await.0, StatusCode::BAD_REQUEST);
    assert_eq!(store.call("PUT", "products/Mug", attributes(5, 1)).await.0, StatusCode::OK);
}

async fn refused(path: &str, body: Value) -> Value {
    let store = Store::new();
    let (status, refusal) = store.call("POST", path, body).await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "{refusal}");
    assert_eq!(store.sandbox.product("Mug"), None);
    refusal
}

async fn post_text(store: &Store, body: String) -> (StatusCode, Value) {
    let request = Request::post(format!("{V1}products"))
        .header(header::AUTHORIZATION, format!("Bearer {TOKEN}"))
        .body(Body::from(body))
        .unwrap();
    answer(store.send(request).await).await
}
