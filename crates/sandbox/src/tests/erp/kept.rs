use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use super::{Store, none};
use crate::erp::documents::{Documents, Limits};
use crate::keep::Keeper;
use crate::{Options, Sandbox};

#[tokio::test]
async fn a_restart_finds_what_was_sent() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    for (method, path, body) in [
        ("POST", "orders", json!({"id": "12", "total": 1})),
        ("PATCH", "orders/12", json!({"total": 2})),
        ("PUT", "orders/13", json!({})),
        ("DELETE", "orders/13", Value::Null),
        ("PUT", "products/a%2F%22%00%5D", json!({"n": 1})),
        ("PUT", "products/pages/1", json!({"page": 1})),
        ("POST", "products/pages", json!({"page": 1, "items": []})),
        ("POST", "notes", json!({})),
        ("POST", "notes", json!({})),
        ("DELETE", "notes/2", Value::Null),
    ] {
        assert!(store.erp(method, path, body).await.0.is_success(), "{method} {path}");
    }
    drop(store);

    let store = opened(folder.path());
    for (path, found) in [
        ("orders", json!([{"id": "12", "total": 2}])),
        ("orders/12", json!({"id": "12", "total": 2})),
        ("products", json!([{"n": 1}])),
        ("products/pages", json!([{"page": 1, "items": []}])),
        ("notes", json!([{"id": 1}])),
    ] {
        assert_eq!(store.erp("GET", path, Value::Null).await.1, found, "{path}");
    }
    assert_eq!(store.sandbox.erp_document("products", "a/\"\0]"), Some(json!({"n": 1})));
    assert_eq!(store.erp("POST", "notes", json!({})).await.1, json!({"id": 3}), "a number is given once");
    assert_eq!(store.sandbox.erp_calls().len(), 6, "calls are not kept");
}

#[tokio::test]
async fn a_damaged_document_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let store = opened(folder.path());
    for id in ["1", "2"] {
        store.erp("POST", "orders", json!({ "id": id })).await;
    }
    drop(store);
    let keeper = Keeper::open(folder.path()).unwrap();
    keeper.put("erp", r#"["orders","1"]"#, b"{\"id\":");
    for id in ["", "orders/3", r#"["orders"]"#, r#"["orders",3]"#] {
        keeper.put("erp", id, b"{}");
    }
    keeper.put("erp.counter", "", b"damaged");
    drop(keeper);

    let store = opened(folder.path());
    assert_eq!(store.erp("GET", "orders", Value::Null).await.1, json!([{"id": "2"}]));
    assert_eq!(store.erp("POST", "orders", json!({})).await.1, json!({"id": 1}));
    assert_eq!(store.erp("POST", "orders", json!({})).await.1, json!({"id": 3}));
}

#[test]
fn more_than_the_bounds_take_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = Arc::new(Keeper::open(folder.path()).unwrap());
    for id in ["1", "2", "3"] {
        keeper.put("erp", &json!(["a", id]).to_string(), b"{}");
    }
    for (count_max, bytes_max, list) in
        [(3, 15, "[{},{},{}]"), (2, 15, "[{},{}]"), (3, 14, "[{},{}]"), (9, 5, "[{}]"), (9, 4, "")]
    {
        let documents = Documents::load(Limits { count_max, bytes_max }, &keeper).unwrap();
        assert_eq!(documents.list("a").unwrap_or_default(), list);
    }
}

#[test]
fn the_last_number_of_all_is_followed_by_the_first() {
    let keeper = Arc::new(Keeper::nowhere());
    let mut documents = Documents::new(Limits { count_max: 9, bytes_max: 99 }, &keeper);
    documents.keep_number(u64::MAX - 1);
    assert_eq!(documents.free_number("a"), u64::MAX);
    documents.keep_number(u64::MAX);
    assert_eq!(documents.free_number("a"), 0);
}

#[tokio::test]
async fn without_a_folder_nothing_is_kept() {
    let store = Store { sandbox: Sandbox::open(Options::default()).unwrap() };
    store.erp("PUT", "orders/1", json!({})).await;
    let store = Store { sandbox: Sandbox::open(Options::default()).unwrap() };
    assert_eq!(store.erp("GET", "orders", Value::Null).await.1, none());
}

fn opened(folder: &Path) -> Store {
    let options = Options { folder: Some(folder.to_owned()), ..Options::default() };
    Store { sandbox: Sandbox::open(options).unwrap() }
}
