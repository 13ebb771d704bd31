use std::path::Path;
use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::{ERP, Store, none};
use crate::erp::applied::{Applied, Limits};
use crate::keep::Keeper;
use crate::tests::{answer, request};
use crate::{Options, Sandbox};

async fn of_event(store: &Store, event_id: &str, (method, path, body): (&str, &str, Value)) -> (StatusCode, Value) {
    let mut request = request(method, &format!("{ERP}{path}"), &body);
    request.headers_mut().insert("x-event-id", event_id.parse().unwrap());
    answer(store.send(request).await).await
}

#[tokio::test]
async fn what_an_event_has_brought_it_brings_once() {
    let store = Store::new();
    let note = || ("POST", "notes", json!({"text": "a"}));
    let first = of_event(&store, "e-1", note()).await;
    assert_eq!(first, (StatusCode::CREATED, json!({"text": "a", "id": 1})));
    assert_eq!(of_event(&store, "e-1", note()).await, first, "the first answer comes again");
    assert_eq!(of_event(&store, "e-2", note()).await.1, json!({"text": "a", "id": 2}), "another event is new");
    assert_eq!(of_event(&store, "e-1", ("POST", "notes", json!({"text": "b"}))).await.1["id"], 3, "as is another call");
    assert_eq!(store.erp("POST", "notes", json!({"text": "a"})).await.1["id"], 4, "and one of no event");
}

#[tokio::test]
async fn a_late_repetition_does_not_bring_back_what_changed_since() {
    let store = Store::new();
    let put = |price: u32| ("PUT", "products/A", json!({"price": price}));
    of_event(&store, "e-1", put(1)).await;
    of_event(&store, "e-2", put(2)).await;
    assert_eq!(of_event(&store, "e-1", put(1)).await, (StatusCode::OK, json!({"price": 1})));
    assert_eq!(store.sandbox.erp_document("products", "A"), Some(json!({"price": 2})));
    of_event(&store, "e-3", ("DELETE", "products/A", Value::Null)).await;
    of_event(&store, "e-4", put(4)).await;
    let gone = of_event(&store, "e-3", ("DELETE", "products/A", Value::Null)).await;
    assert_eq!(gone, (StatusCode::NO_CONTENT, Value::Null));
    assert_eq!(store.sandbox.erp_document("products", "A"), Some(json!({"price": 4})));
}

#[tokio::test]
async fn what_had_no_effect_is_tried_again() {
    let store = Store::new();
    let order = || ("POST", "orders", json!({"id": 1}));
    store.sandbox.add_fault(&json!({"target": "erp", "status": 503})).unwrap();
    assert_eq!(of_event(&store, "e-1", order()).await.0, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(of_event(&store, "e-1", order()).await.0, StatusCode::CREATED);
    assert_eq!(of_event(&store, "e-2", ("PUT", "orders", json!({}))).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let read = || ("GET", "lists", Value::Null);
    assert_eq!(of_event(&store, "e-3", read()).await.1, none());
    store.erp("POST", "lists", json!({"id": 1})).await;
    assert_eq!(of_event(&store, "e-3", read()).await.1, json!([{"id": 1}]), "reading is always new");
}

#[tokio::test]
async fn a_restart_knows_what_was_done() {
    let folder = tempfile::tempdir().unwrap();
    let calls = [
        ("POST", "notes", json!({"text": "a"})),
        ("PUT", "products/A", json!({"price": 1})),
        ("DELETE", "products/B", Value::Null),
    ];
    let store = opened(folder.path());
    let mut answers = Vec::new();
    for call in &calls {
        answers.push(of_event(&store, "e-1", call.clone()).await);
    }
    drop(store);
    let store = opened(folder.path());
    for (call, before) in calls.into_iter().zip(answers) {
        assert_eq!(of_event(&store, "e-1", call).await, before);
    }
    assert_eq!(store.erp("GET", "notes", Value::Null).await.1.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_oldest_is_forgotten_first() {
    for limits in [Limits { count_max: 2, bytes_max: 99 }, Limits { count_max: 9, bytes_max: 40 }] {
        let store = Store::new();
        store.sandbox.erp().applied = Applied::new(limits, &Arc::new(Keeper::nowhere()));
        let note = |text: &str| ("POST", "notes", json!({ "n": text }));
        for (event_id, id) in [("e-1", 1), ("e-2", 2), ("e-3", 3), ("e-3", 3), ("e-2", 2), ("e-1", 4)] {
            assert_eq!(of_event(&store, event_id, note(event_id)).await.1["id"], id, "{limits:?} {event_id}");
        }
    }
}

fn opened(folder: &Path) -> Store {
    let options = Options { folder: Some(folder.to_owned()), ..Options::default() };
    Store { sandbox: Sandbox::open(options).unwrap() }
}
