use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{Store, is_error};
use crate::erp::documents::{Documents, Limits};
use crate::keep::Keeper;

const MEBIBYTE: usize = 1024 * 1024;

#[tokio::test]
async fn a_full_erp_refuses_new_documents_and_still_changes_known_ones() {
    let store = bounded(2, 1_000);
    for id in ["1", "2"] {
        assert_eq!(store.erp("POST", "orders", json!({ "id": id })).await.0, StatusCode::CREATED);
    }
    check_full(&store, "POST", "orders", json!({"id": "3"})).await;
    check_full(&store, "POST", "orders", json!({})).await;
    check_full(&store, "PUT", "orders/3", json!({})).await;
    check_full(&store, "PATCH", "products/1", json!({})).await;
    assert_eq!(store.erp("PUT", "orders/2", json!({"id": "2", "total": 1})).await.0, StatusCode::OK);
    store.erp("DELETE", "orders/1", Value::Null).await;
    assert_eq!(store.erp("POST", "orders", json!({"id": "3"})).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn the_bytes_of_all_documents_are_bounded_and_freed_by_deletion() {
    // Each document takes 3 bytes of path and 12 of JSON.
    let store = bounded(100, 30);
    let document = |text: &str| json!({ "text": text });
    for path in ["a/1", "a/2"] {
        assert_eq!(store.erp("PUT", path, document("x")).await.0, StatusCode::OK);
    }
    check_full(&store, "PUT", "a/2", document("xy")).await;
    check_full(&store, "PATCH", "a/2", json!({"n": 1})).await;
    assert_eq!(store.sandbox.erp_document("a", "2"), Some(document("x")), "a refusal changes nothing");
    assert_eq!(store.erp("PUT", "a/1", document("")).await.0, StatusCode::OK);
    assert_eq!(store.erp("PUT", "a/2", document("xy")).await.0, StatusCode::OK);
    store.erp("DELETE", "a/1", Value::Null).await;
    assert_eq!(store.erp("PUT", "b/1", document("x")).await.0, StatusCode::INSUFFICIENT_STORAGE);
    assert_eq!(store.erp("PUT", "b/1", document("")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn a_body_above_one_mebibyte_is_refused_and_one_of_exactly_that_is_taken() {
    let store = Store::new();
    let text = |bytes: usize| format!("\"{}\"", "x".repeat(bytes - 2)).into_bytes();
    assert_eq!(store.erp_raw("PUT", "texts/1", text(MEBIBYTE)).await.0, StatusCode::OK);
    let (status, refusal) = store.erp_raw("PUT", "texts/2", text(MEBIBYTE + 1)).await;
    assert!(status == StatusCode::PAYLOAD_TOO_LARGE && is_error(&refusal), "{refusal}");
    assert_eq!(store.sandbox.erp_document("texts", "2"), None);
}

#[tokio::test]
async fn a_document_cannot_grow_without_end() {
    let store = Store::new();
    let mut statuses = Vec::new();
    for number in 0..5 {
        let change = json!({ number.to_string(): "x".repeat(MEBIBYTE - 100) });
        statuses.push(store.erp("PATCH", "texts/1", change).await.0.as_u16());
    }
    assert_eq!(statuses, [200, 200, 200, 200, 413]);
    assert_eq!(store.sandbox.erp_document("texts", "1").unwrap().as_object().unwrap().len(), 4);
}

#[tokio::test]
async fn a_list_has_at_most_1000_documents_and_16_mebibytes() {
    let store = Store::new();
    for number in 0..1_001 {
        store.erp("POST", "orders", json!({"id": format!("{number:04}")})).await;
    }
    let orders = store.erp("GET", "orders", Value::Null).await.1;
    assert_eq!(orders.as_array().unwrap().len(), 1_000);
    assert_eq!((&orders[0]["id"], &orders[999]["id"]), (&json!("0000"), &json!("0999")));
    for number in 10..30 {
        store.erp("PUT", &format!("texts/{number}"), json!("x".repeat(MEBIBYTE - 2))).await;
    }
    assert_eq!(store.erp("GET", "texts", Value::Null).await.1.as_array().unwrap().len(), 15);
}

#[tokio::test]
async fn collection_and_id_are_bounded() {
    let store = Store::new();
    let id = "x".repeat(1_024 - "orders/".len());
    assert_eq!(store.erp("POST", "orders", json!({ "id": id })).await.0, StatusCode::CREATED);
    assert_eq!(store.erp("GET", &format!("orders/{id}"), Value::Null).await.0, StatusCode::OK);
    for (method, path, body) in
        [("POST", "orders".to_owned(), json!({ "id": format!("{id}x") })), ("PUT", format!("orders/{id}x"), json!({}))]
    {
        let (status, refusal) = store.erp(method, &path, body).await;
        assert!(status == StatusCode::BAD_REQUEST && is_error(&refusal), "{refusal}");
    }
}

async fn check_full(store: &Store, method: &str, path: &str, body: Value) {
    let (status, refusal) = store.erp(method, path, body).await;
    assert!(status == StatusCode::INSUFFICIENT_STORAGE && is_error(&refusal), "{method} {path} {status} {refusal}");
}

fn bounded(count_max: usize, bytes_max: usize) -> Store {
    let store = Store::new();
    store.sandbox.erp().documents = Documents::new(Limits { count_max, bytes_max }, &Arc::new(Keeper::nowhere()));
    store
}
