use std::time::Duration;

use axum::body::to_bytes;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{ERP, Store, answer, request};

#[tokio::test]
async fn the_erp_has_its_own_list_of_calls_in_their_order() {
    let store = Store::new();
    let mut first = request("POST", &format!("{ERP}orders"), &json!({"id": 1}));
    first.headers_mut().insert("x-event-id", "event-1".parse().unwrap());
    store.send(first).await;
    store.erp("GET", "products/A%20B", Value::Null).await;
    store.create("Mug").await;
    store.erp_raw("PUT", "orders/1", b"no json".to_vec()).await;

    let without_time = |calls: &[Value]| -> Vec<Value> {
        let shown =
            |call: &Value| json!([call["method"], call["path"], call["body"], call["status"], call["event_id"]]);
        calls.iter().map(shown).collect()
    };
    let all = listed(&store, "").await;
    let rows = [
        json!(["POST", "orders", {"id": 1}, 201, "event-1"]),
        json!(["GET", "products/A%20B", null, 404, null]),
        json!(["PUT", "orders/1", "no json", 400, null]),
    ];
    assert_eq!(without_time(&all), rows);
    assert!(all.iter().all(|call| call.as_object().unwrap().len() == 6));
    assert_eq!(without_time(&listed(&store, "?path=products/A%20").await), rows[1..2]);
    assert_eq!(without_time(&listed(&store, "?path=orders").await), [rows[0].clone(), rows[2].clone()]);

    let calls = store.sandbox.erp_calls();
    let seen: Vec<_> = calls.iter().map(|call| (call.path.as_str(), call.status)).collect();
    assert_eq!(seen, [("orders", Some(201)), ("products/A%20B", Some(404)), ("orders/1", Some(400))]);
    assert_eq!((&calls[0].body, calls[0].event_id.as_deref()), (&json!({"id": 1}), Some("event-1")));
    assert_eq!(store.sandbox.calls().len(), 1, "Commerce has its own list");
}

#[tokio::test]
async fn the_list_of_calls_is_only_read() {
    let store = Store::new();
    for method in ["POST", "PUT", "DELETE"] {
        let response = store.send(request(method, &format!("{ERP}calls"), &json!({}))).await;
        assert_eq!(response.status(), StatusCode::METHOD_NOT_ALLOWED);
    }
    assert!(store.sandbox.erp_calls().is_empty());
}

#[tokio::test]
async fn a_fault_of_the_erp_takes_the_place_of_its_effect_and_spares_commerce() {
    let store = Store::new();
    store.order(json!({"target": "erp", "method": "POST", "path": "orders", "status": 503, "retry_after_s": 7})).await;
    store.create("Mug").await;
    assert_eq!(store.erp("PUT", "orders/1", json!({})).await.0, StatusCode::OK);
    assert_eq!(store.erp("POST", "products", json!({"id": 1})).await.0, StatusCode::CREATED);
    let response = store.send(request("POST", &format!("{ERP}orders"), &json!({"id": 2}))).await;
    assert_eq!(response.headers()[header::RETRY_AFTER], "7");
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(store.sandbox.erp_document("orders", "2"), None);
    assert_eq!(store.erp("POST", "orders", json!({"id": 2})).await.0, StatusCode::CREATED);
    let statuses: Vec<_> = store.sandbox.erp_calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [Some(200), Some(201), Some(503), Some(201)]);
}

#[tokio::test]
async fn a_fault_of_commerce_spares_the_erp() {
    let store = Store::new();
    store.order(json!({"count": 9})).await;
    assert_eq!(store.erp("POST", "products", json!({"id": 1})).await.0, StatusCode::CREATED);
}

#[tokio::test]
async fn a_share_of_the_calls_of_the_erp_is_hit() {
    let store = Store::new();
    store.order(json!({"target": "erp", "share": 0.5, "count": 2})).await;
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(store.erp("PUT", "orders/1", json!({})).await.0.as_u16());
    }
    assert_eq!(statuses, [200, 503, 200, 503, 200, 200]);
}

#[tokio::test]
async fn a_cut_before_has_no_effect_on_the_erp_and_one_after_has() {
    let store = Store::new();
    store.order(json!({"target": "erp", "cut": "before"})).await;
    store.order(json!({"target": "erp", "cut": "after", "status": 500})).await;
    for (existed, recorded) in [(false, None), (true, Some(201))] {
        let response = store.send(request("POST", &format!("{ERP}orders"), &json!({"id": 1}))).await;
        to_bytes(response.into_body(), usize::MAX).await.expect_err("the answer is cut");
        assert_eq!(store.sandbox.erp_document("orders", "1").is_some(), existed);
        assert_eq!(store.sandbox.erp_calls().last().unwrap().status, recorded);
    }
}

#[tokio::test(start_paused = true)]
async fn a_delay_holds_back_the_answer_and_not_the_effect() {
    let store = Store::new();
    store.order(json!({"target": "erp", "delay_ms": 60_000, "count": 2})).await;
    let one = store.erp("POST", "orders", json!({"id": 1}));
    timeout(Duration::from_secs(1), one).await.expect_err("the answer is late");
    assert!(store.sandbox.erp_document("orders", "1").is_some());
    let asked = Instant::now();
    assert_eq!(store.erp("GET", "orders/1", Value::Null).await.0, StatusCode::OK);
    assert!(asked.elapsed() >= Duration::from_mins(1));
}

async fn listed(store: &Store, query: &str) -> Vec<Value> {
    let mut request = request("GET", &format!("{ERP}calls{query}"), &Value::Null);
    request.headers_mut().remove(header::AUTHORIZATION);
    let (status, calls) = answer(store.send(request).await).await;
    assert_eq!(status, StatusCode::OK);
    calls.as_array().expect("calls are a list").clone()
}
