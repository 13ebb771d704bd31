use std::time::Duration;

use axum::body::to_bytes;
use axum::http::{StatusCode, header};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{Store, V1, answer, minimal, request};

#[tokio::test]
async fn a_fault_is_answered_with_its_defaults() {
    let store = Store::new();
    let defaults = json!({
        "target": "commerce", "method": null, "path": "", "status": 503, "retry_after_s": null, "delay_ms": 0,
        "cut": "none", "count": 1, "share": 1.0,
    });
    assert_eq!(store.order(json!({})).await, defaults);
    let whole = json!({
        "target": "erp", "method": "POST", "path": "products", "status": 429, "retry_after_s": 1, "delay_ms": 5,
        "cut": "after", "count": 20, "share": 0.5,
    });
    assert_eq!(store.order(whole.clone()).await, whole);
    let tidied = store.order(json!({"method": "post", "path": "/products", "delay_ms": 1})).await;
    assert_eq!((&tidied["method"], &tidied["path"]), (&json!("POST"), &json!("products")));
    assert_eq!(tidied["status"], Value::Null, "a delay alone lets the store answer");
}

#[tokio::test]
async fn a_fault_that_makes_no_sense_is_refused() {
    let store = Store::new();
    for fault in [
        json!([]),
        json!("503"),
        json!({"statuz": 503}),
        json!({"target": "crm"}),
        json!({"cut": "middle"}),
        json!({"status": 199}),
        json!({"status": 600}),
        json!({"status": "503"}),
        json!({"delay_ms": 120_001}),
        json!({"delay_ms": -1}),
        json!({"count": 0}),
        json!({"count": 1.5}),
        json!({"share": 0}),
        json!({"share": 1.1}),
        json!({"share": -0.5}),
        json!({"method": "GE T"}),
        json!({"method": ""}),
    ] {
        let (status, refusal) = answer(store.send(request("POST", "/sandbox/faults", &fault)).await).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{fault}");
        assert!(refusal["message"].is_string() && refusal["parameters"].is_array(), "{refusal}");
    }
    let large = json!({"path": "x".repeat(20_000)});
    let response = store.send(request("POST", "/sandbox/faults", &large)).await;
    assert_eq!(response.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(store.call("POST", "products", minimal("Mug")).await.0, StatusCode::OK);
}

#[tokio::test]
async fn the_control_routes_need_no_token() {
    let store = Store::new();
    for (method, uri, status) in [
        ("POST", "/sandbox/faults", StatusCode::CREATED),
        ("DELETE", "/sandbox/faults", StatusCode::NO_CONTENT),
        ("GET", "/sandbox/commerce/calls", StatusCode::OK),
    ] {
        let mut request = request(method, uri, &json!({}));
        request.headers_mut().remove(header::AUTHORIZATION);
        assert_eq!(store.send(request).await.status(), status, "{method} {uri}");
    }
}

#[tokio::test]
async fn a_status_takes_the_place_of_the_effect_as_often_as_ordered() {
    let store = Store::new();
    store.order(json!({"status": 503, "retry_after_s": 7, "count": 2})).await;
    for _ in 0..2 {
        let response = store.send(request("POST", &format!("{V1}products"), &minimal("Mug"))).await;
        assert_eq!(response.headers()[header::RETRY_AFTER], "7");
        let (status, refusal) = answer(response).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refusal["parameters"], json!(["503"]));
        assert_eq!(store.sandbox.product("Mug"), None);
    }
    store.create("Mug").await;
    let statuses: Vec<_> = store.sandbox.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [Some(503), Some(503), Some(200)]);
}

#[tokio::test]
async fn a_fault_of_success_answers_without_effect_and_without_body() {
    let store = Store::new();
    store.order(json!({"status": 200})).await;
    assert_eq!(store.call("POST", "products", minimal("Mug")).await, (StatusCode::OK, Value::Null));
    assert_eq!(store.sandbox.product("Mug"), None);
}

#[tokio::test]
async fn a_fault_hits_only_its_target_method_and_path() {
    let store = Store::new();
    store.create("A B").await;
    for fault in [
        json!({"target": "erp", "count": 9}),
        json!({"method": "PUT", "path": "products/A B", "count": 9}),
        json!({"method": "DELETE", "path": "products/A%20B", "count": 9}),
        json!({"path": "customers", "count": 9}),
    ] {
        store.order(fault).await;
    }
    let change = json!({"product": {"name": "Cup"}});
    for (method, path, status) in [
        ("GET", "products/A%20B", StatusCode::OK),
        ("PUT", "products/A%20B", StatusCode::SERVICE_UNAVAILABLE),
        ("DELETE", "products/A%20B", StatusCode::SERVICE_UNAVAILABLE),
        ("PUT", "products/a%20b", StatusCode::OK),
        ("POST", "customers", StatusCode::SERVICE_UNAVAILABLE),
    ] {
        assert_eq!(store.call(method, path, change.clone()).await.0, status, "{method} {path}");
    }
}

#[tokio::test]
async fn the_oldest_fault_that_is_due_comes_first() {
    let store = Store::new();
    store.order(json!({"status": 500})).await;
    store.order(json!({"status": 429})).await;
    for status in [StatusCode::INTERNAL_SERVER_ERROR, StatusCode::TOO_MANY_REQUESTS, StatusCode::NOT_FOUND] {
        assert_eq!(store.call("GET", "products/x", Value::Null).await.0, status);
    }
}

#[tokio::test]
async fn a_share_is_spread_evenly_and_the_same_every_time() {
    check_share(0.5, 6, &[2, 4, 6]).await;
    check_share(0.1, 21, &[10, 20]).await;
    check_share(0.3, 10, &[4, 7, 10]).await;
    check_share(1.0, 3, &[1, 2, 3]).await;
}

#[tokio::test]
async fn deletion_removes_all_faults() {
    let store = Store::new();
    store.order(json!({"count": 100})).await;
    store.order(json!({"cut": "before", "count": 100})).await;
    let response = store.send(request("DELETE", "/sandbox/faults", &Value::Null)).await;
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
    store.create("Mug").await;
}

#[tokio::test]
async fn at_most_100_faults_stand_and_a_spent_one_makes_room() {
    let store = Store::new();
    for _ in 0..100 {
        store.order(json!({})).await;
    }
    let one_more = || request("POST", "/sandbox/faults", &json!({}));
    assert_eq!(store.send(one_more()).await.status(), StatusCode::BAD_REQUEST);
    store.call("GET", "products/x", Value::Null).await;
    assert_eq!(store.send(one_more()).await.status(), StatusCode::CREATED);
}

#[tokio::test]
async fn a_cut_before_has_no_effect_and_one_after_has() {
    let store = Store::new();
    store.order(json!({"cut": "before"})).await;
    store.order(json!({"cut": "after", "status": 500})).await;
    for (existed, recorded) in [(false, None), (true, Some(200))] {
        let response = store.send(request("POST", &format!("{V1}products"), &minimal("Mug"))).await;
        to_bytes(response.into_body(), usize::MAX).await.expect_err("the answer is cut");
        assert_eq!(store.sandbox.product("Mug").is_some(), existed);
        assert_eq!(store.sandbox.calls().last().unwrap().status, recorded);
    }
    store.create("Mug").await;
}

#[tokio::test]
async fn a_cut_spares_nobody_from_the_token() {
    let store = Store::new();
    store.order(json!({"cut": "after"})).await;
    let mut stranger = request("POST", &format!("{V1}products"), &minimal("Mug"));
    stranger.headers_mut().remove(header::AUTHORIZATION);
    store.send(stranger).await;
    assert_eq!(store.sandbox.product("Mug"), None);
    assert_eq!(store.sandbox.calls()[0].status, Some(401));
}

#[tokio::test(start_paused = true)]
async fn a_delay_holds_the_answer_back() {
    let store = Store::new();
    store.order(json!({"delay_ms": 120_000})).await;
    let asked = Instant::now();
    store.create("Mug").await;
    assert!(asked.elapsed() >= Duration::from_mins(2));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_gives_up_waiting_has_still_changed_the_store() {
    let store = Store::new();
    store.order(json!({"delay_ms": 60_000})).await;
    timeout(Duration::from_secs(1), store.create("Mug")).await.expect_err("the answer is late");
    assert!(store.sandbox.product("Mug").is_some());
    assert_eq!(store.sandbox.calls()[0].status, Some(200));
}

async fn check_share(share: f64, calls: usize, hits: &[usize]) {
    let store = Store::new();
    store.order(json!({"share": share, "count": 100})).await;
    let mut hit = Vec::new();
    for call in 1..=calls {
        if store.call("GET", "products/x", Value::Null).await.0 == StatusCode::SERVICE_UNAVAILABLE {
            hit.push(call);
        }
    }
    assert_eq!(hit, hits, "{share}");
}
