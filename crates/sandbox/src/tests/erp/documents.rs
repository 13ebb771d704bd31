use axum::http::{StatusCode, header};
use serde_json::{Value, json};

use super::{ERP, Store, is_error, none, request};

#[tokio::test]
async fn an_order_that_was_created_is_there_by_its_id() {
    let store = Store::new();
    let order = json!({"id": "12", "total": 19.99});
    assert_eq!(store.erp("POST", "orders", order.clone()).await, (StatusCode::CREATED, order.clone()));
    assert_eq!(store.erp("GET", "orders/12", Value::Null).await, (StatusCode::OK, order.clone()));
    assert_eq!(store.sandbox.erp_document("orders", "12"), Some(order));
    assert_eq!(store.sandbox.erp_document("orders", "13"), None);
    assert_eq!(store.sandbox.erp_document("order", "12"), None);
}

#[tokio::test]
async fn the_first_member_that_can_be_an_id_is_it() {
    let store = Store::new();
    for (body, id) in [
        (json!({"id": 5, "sku": "A"}), "5"),
        (json!({"sku": "A B/ü", "increment_id": "9"}), "A B/ü"),
        (json!({"increment_id": "000000042", "entity_id": 42}), "000000042"),
        (json!({"customer_group_id": 0}), "0"),
        (json!({"entity_id": 42, "page": 1}), "42"),
        (json!({"page": 2}), "2"),
        (json!({"id": null, "sku": "", "increment_id": ["x"], "entity_id": {}, "page": 3}), "3"),
    ] {
        assert_eq!(store.erp("POST", "things", body.clone()).await, (StatusCode::CREATED, body.clone()));
        assert_eq!(store.sandbox.erp_document("things", id), Some(body), "{id}");
    }
}

#[tokio::test]
async fn who_names_no_id_is_given_a_number_that_is_free() {
    let store = Store::new();
    for id in [1, 2, 4] {
        store.erp("POST", "notes", json!({ "id": id })).await;
    }
    for (body, id, stored) in [
        (json!({"text": "a"}), "3", json!({"text": "a", "id": 3})),
        (json!({"text": "b", "id": null}), "5", json!({"text": "b", "id": 5})),
        (json!({"id": true}), "6", json!({"id": true})),
        (json!(["a", "b"]), "7", json!(["a", "b"])),
        (json!("text"), "8", json!("text")),
    ] {
        assert_eq!(store.erp("POST", "notes", body).await, (StatusCode::CREATED, stored.clone()));
        assert_eq!(store.sandbox.erp_document("notes", id), Some(stored));
    }
    store.erp("DELETE", "notes/8", Value::Null).await;
    assert_eq!(store.erp("POST", "notes", json!({})).await.1, json!({"id": 9}), "a number is given once");
}

#[tokio::test]
async fn put_replaces_patch_merges_and_both_create() {
    let store = Store::new();
    for (method, path, body, stored) in [
        ("PUT", "products/A", json!({"name": "Mug", "price": 1}), json!({"name": "Mug", "price": 1})),
        ("PATCH", "products/A", json!({"price": 2, "tags": [1]}), json!({"name": "Mug", "price": 2, "tags": [1]})),
        ("PATCH", "products/A", json!({"tags": null}), json!({"name": "Mug", "price": 2, "tags": null})),
        ("PUT", "products/A", json!({"name": "Cup"}), json!({"name": "Cup"})),
        ("PATCH", "products/A", json!([1]), json!([1])),
        ("PATCH", "products/A", json!({"name": "Jug"}), json!({"name": "Jug"})),
        ("PATCH", "products/new", json!({"name": "Pot"}), json!({"name": "Pot"})),
    ] {
        assert_eq!(store.erp(method, path, body).await, (StatusCode::OK, stored.clone()), "{method} {path}");
        assert_eq!(store.erp("GET", path, Value::Null).await, (StatusCode::OK, stored));
    }
}

#[tokio::test]
async fn deletion_needs_nothing_to_be_there() {
    let store = Store::new();
    store.erp("PUT", "orders/1", json!({})).await;
    for _ in 0..2 {
        assert_eq!(store.erp("DELETE", "orders/1", Value::Null).await, (StatusCode::NO_CONTENT, Value::Null));
        let (status, refusal) = store.erp("GET", "orders/1", Value::Null).await;
        assert!(status == StatusCode::NOT_FOUND && is_error(&refusal), "{refusal}");
    }
    assert_eq!(store.erp("GET", "orders", Value::Null).await, (StatusCode::OK, none()));
}

#[tokio::test]
async fn the_rest_of_a_path_is_the_id_decoded_once() {
    let store = Store::new();
    for (path, id, other) in [
        ("products/a%2Fb", "a/b", "products/a/b"),
        ("products/a%252Fb", "a%2Fb", "products/a%252F%62"),
        ("products/with%20space/", "with space", "products/with%20space"),
        ("products/gr%C3%BCn", "grün", "products/gr%c3%bcn"),
        ("products/%5B%22%00", "[\"\0", "products/%5b%22%00"),
    ] {
        let document = json!({ "at": path });
        assert_eq!(store.erp("PUT", path, document.clone()).await.0, StatusCode::OK);
        assert_eq!(store.sandbox.erp_document("products", id).as_ref(), Some(&document), "{path}");
        assert_eq!(store.erp("GET", other, Value::Null).await, (StatusCode::OK, document));
    }
    assert_eq!(store.erp("GET", "products", Value::Null).await.1.as_array().unwrap().len(), 5);
}

#[tokio::test]
async fn a_collection_below_another_has_a_list_of_its_own() {
    let store = Store::new();
    let (page, product) = (json!({"page": 1, "items": []}), json!({"sku": "A"}));
    store.erp("POST", "products/pages", page.clone()).await;
    store.erp("POST", "products", product.clone()).await;
    for (path, found) in [
        ("products", json!([product])),
        ("products/", json!([product])),
        ("products/A", product.clone()),
        ("products/pages", json!([page])),
        ("products/pages/1", page.clone()),
        ("products/pages%2F1", page.clone()),
    ] {
        assert_eq!(store.erp("GET", path, Value::Null).await, (StatusCode::OK, found), "{path}");
    }
    assert_eq!(store.sandbox.erp_document("products/pages", "1"), Some(page));
}

#[tokio::test]
async fn a_change_leaves_a_document_in_its_collection_and_a_new_post_moves_it() {
    let store = Store::new();
    store.erp("POST", "products/pages", json!({"page": 1})).await;
    store.erp("PATCH", "products/pages/1", json!({"items": 3})).await;
    let page = json!({"page": 1, "items": 3});
    assert_eq!(store.erp("GET", "products/pages", Value::Null).await.1, json!([page]));
    assert_eq!(store.erp("GET", "products", Value::Null).await.1, none());

    store.erp("PUT", "products/pages/2", json!({"page": 2})).await;
    assert_eq!(store.erp("GET", "products", Value::Null).await.1, json!([{"page": 2}]));
    store.erp("POST", "products/pages", json!({"page": 2, "items": 1})).await;
    assert_eq!(store.erp("GET", "products", Value::Null).await.1, none());
    assert_eq!(store.erp("GET", "products/pages", Value::Null).await.1, json!([page, {"page": 2, "items": 1}]));
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_an_error() {
    let store = Store::new();
    let deep = "[".repeat(200).into_bytes();
    for (method, path, body, refused) in [
        ("POST", "orders", b"".to_vec(), StatusCode::BAD_REQUEST),
        ("POST", "orders", b"{\"id\": 1".to_vec(), StatusCode::BAD_REQUEST),
        ("POST", "orders", b"\xff\xfe".to_vec(), StatusCode::BAD_REQUEST),
        ("PUT", "orders/1", b"id=1".to_vec(), StatusCode::BAD_REQUEST),
        ("PATCH", "orders/1", deep, StatusCode::BAD_REQUEST),
        ("PUT", "orders/%FF", b"{}".to_vec(), StatusCode::BAD_REQUEST),
        ("PUT", "/orders", b"{}".to_vec(), StatusCode::NOT_FOUND),
        ("POST", "%2Forders", b"{}".to_vec(), StatusCode::NOT_FOUND),
        ("POST", "/", b"{}".to_vec(), StatusCode::NOT_FOUND),
        ("PUT", "calls/1", b"{}".to_vec(), StatusCode::NOT_FOUND),
        ("POST", "c%61lls", b"{}".to_vec(), StatusCode::NOT_FOUND),
        ("POST", "calls/", b"{}".to_vec(), StatusCode::NOT_FOUND),
        ("PUT", "orders", b"{}".to_vec(), StatusCode::METHOD_NOT_ALLOWED),
        ("DELETE", "orders/", b"{}".to_vec(), StatusCode::METHOD_NOT_ALLOWED),
        ("PROPFIND", "orders/1", b"{}".to_vec(), StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let (status, refusal) = store.erp_raw(method, path, body).await;
        assert!(status == refused && is_error(&refusal), "{method} {path} {status} {refusal}");
        assert_eq!(store.sandbox.erp_calls().last().unwrap().status, Some(refused.as_u16()));
    }
    assert_eq!(store.erp("GET", "orders", Value::Null).await.1, none());
    let response = store.send(request("PUT", &format!("{ERP}orders"), &json!({}))).await;
    assert_eq!(response.headers()[header::ALLOW], "GET, POST");
}
