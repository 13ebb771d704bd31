use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::{Value, json};

use super::{Store, V1, answer, minimal, request};
use crate::Sandbox;

#[tokio::test]
async fn without_the_token_nothing_is_read_or_changed() {
    let store = Store::new();
    store.create("Mug").await;
    for authorization in
        [None, Some(""), Some("Bearer"), Some("Bearer "), Some("Bearer other"), Some("Bearer store-toke")]
            .into_iter()
            .chain([
                Some("Bearer store-token "),
                Some("Bearer  store-token"),
                Some("Basic store-token"),
                Some("store-token"),
            ])
    {
        for (method, path) in [
            ("GET", "products/Mug"),
            ("DELETE", "products/Mug"),
            ("POST", "products"),
            ("PUT", "products/Mug"),
            ("PATCH", "products"),
            ("GET", "nothing"),
        ] {
            let mut request = request(method, &format!("{V1}{path}"), &minimal("Cup"));
            request.headers_mut().remove(header::AUTHORIZATION);
            if let Some(value) = authorization {
                request.headers_mut().insert(header::AUTHORIZATION, value.parse().unwrap());
            }
            let (status, refusal) = answer(store.send(request).await).await;
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{authorization:?} {method} {path}");
            assert_eq!(refusal, not_authorized());
        }
    }
    assert!(store.sandbox.product("Mug").is_some());
    assert_eq!(store.sandbox.product("Cup"), None);
}

#[tokio::test]
async fn the_scheme_may_have_any_case() {
    let store = Store::new();
    let mut request = request("POST", &format!("{V1}products"), &minimal("Mug"));
    request.headers_mut().insert(header::AUTHORIZATION, "bEARER store-token".parse().unwrap());
    assert_eq!(store.send(request).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn an_empty_token_lets_nobody_in() {
    let store = Store { sandbox: Sandbox::new(String::new()) };
    let request =
        Request::get(format!("{V1}products/x")).header(header::AUTHORIZATION, "Bearer ").body(Body::empty()).unwrap();
    assert_eq!(store.send(request).await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_store_code_may_stand_before_the_version() {
    let store = Store::new();
    for (place, status) in [
        ("default/V1/products", StatusCode::OK),
        ("all/V1/products", StatusCode::OK),
        ("store_2/V1/products", StatusCode::OK),
        ("V1/products/", StatusCode::OK),
        ("2/V1/products", StatusCode::NOT_FOUND),
        ("a/b/V1/products", StatusCode::NOT_FOUND),
        ("V2/products", StatusCode::NOT_FOUND),
        ("V1", StatusCode::NOT_FOUND),
    ] {
        let request = request("POST", &format!("/sandbox/commerce/rest/{place}"), &minimal("Mug"));
        assert_eq!(store.send(request).await.status(), status, "{place}");
    }
    assert!(store.sandbox.calls().iter().all(|call| call.path == "products"));
}

#[tokio::test]
async fn an_unknown_path_matches_no_route() {
    let store = Store::new();
    for path in ["", "product", "products/a/b", "products//x", "Products"] {
        let (status, refusal) = store.call("GET", path, Value::Null).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert_eq!(refusal, json!({ "message": "Request does not match any route." }));
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let store = Store::new();
    for (method, path, allow) in [
        ("DELETE", "products", "GET, POST"),
        ("PUT", "customers", "POST"),
        ("POST", "customers/15", "GET, PUT, DELETE"),
        ("POST", "customers/search", "GET"),
        ("PUT", "customerGroups", "POST"),
        ("POST", "customerGroups/1", "GET, PUT, DELETE"),
        ("DELETE", "customerGroups/search", "GET"),
        ("POST", "orders", "GET"),
        ("POST", "orders/1", "GET"),
        ("GET", "orders/1/comments", "POST"),
        ("GET", "order/8/ship", "POST"),
        ("GET", "shipment", "POST"),
        ("DELETE", "shipment/33", "GET"),
        ("POST", "shipments", "GET"),
        ("DELETE", "inventory/source-items", "GET, POST"),
        ("GET", "inventory/source-items-delete", "POST"),
        ("GET", "products/Mug/stockItems/1", "PUT"),
        ("POST", "products/Mug", "GET, PUT, DELETE"),
        ("PATCH", "products/Mug", "GET, PUT, DELETE"),
    ] {
        let response = store.send(request(method, &format!("{V1}{path}"), &Value::Null)).await;
        assert_eq!(response.headers()[header::ALLOW], allow);
        let (status, refusal) = answer(response).await;
        assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED);
        assert_eq!(refusal["parameters"], json!([method, allow]));
    }
}

#[test]
fn debug_output_has_no_token() {
    assert_eq!(format!("{:?}", Store::new().sandbox), "Sandbox { .. }");
}

#[tokio::test]
async fn clones_share_one_store() {
    let store = Store::new();
    let clone = store.sandbox.clone();
    store.create("Mug").await;
    assert!(clone.product("Mug").is_some());
    assert_eq!(clone.calls().len(), 1);
}

fn not_authorized() -> Value {
    json!({
        "message": "The consumer isn't authorized to access %resources.",
        "parameters": { "resources": "Magento_Catalog::products" },
    })
}
