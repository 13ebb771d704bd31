use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use super::{Api, SECRET, configuration, workspace};
use crate::tests::{Store, answer, request};

const ROUTES: [(&str, &str); 11] = [
    ("POST", "eventing/eventSubscribe"),
    ("PUT", "eventing/eventSubscribe/observer.customer_login"),
    ("POST", "eventing/eventUnsubscribe/observer.customer_login"),
    ("GET", "eventing/getEventSubscriptions"),
    ("GET", "eventing/getEventProviders"),
    ("PUT", "eventing/updateConfiguration"),
    ("GET", "eventing/eventProvider"),
    ("POST", "eventing/eventProvider"),
    ("GET", "eventing/eventProvider/provider-1"),
    ("DELETE", "eventing/eventProvider/provider-1"),
    ("GET", "adobe_io_events/check_configuration"),
];

#[tokio::test]
async fn a_store_without_the_module_has_none_of_its_routes() {
    let store = Store::new();
    for (method, path) in ROUTES {
        assert_eq!(store.call(method, path, Value::Null).await.0, StatusCode::NOT_FOUND, "{method} {path}");
    }
    let (status, _) = answer(store.send(request("GET", "/sandbox/events", &Value::Null)).await).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn nobody_comes_in_without_the_token() {
    let store = Api::nowhere().store().await;
    for (method, path) in ROUTES {
        let uri = format!("/sandbox/commerce/rest/default/V1/{path}");
        let anybody = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        assert_eq!(store.send(anybody).await.status(), StatusCode::UNAUTHORIZED, "{method} {path}");
    }
}

#[tokio::test]
async fn a_store_view_stands_before_the_version() {
    let store = Api::nowhere().store().await;
    let uri = "/sandbox/commerce/rest/all/V1/eventing/getEventSubscriptions";
    assert_eq!(answer(store.send(request("GET", uri, &Value::Null)).await).await, (StatusCode::OK, json!([])));
}

#[tokio::test]
async fn other_methods_and_paths_are_refused() {
    let store = Api::nowhere().store().await;
    for (_, path) in ROUTES {
        assert_eq!(store.call("PATCH", path, Value::Null).await.0, StatusCode::METHOD_NOT_ALLOWED, "{path}");
    }
    for path in ["eventing", "eventing/supportedList", "eventing/eventProvider/a/b", "adobe_io_events/other"] {
        assert_eq!(store.call("GET", path, Value::Null).await.0, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn the_list_of_calls_tells_no_workspace_wherever_it_was_sent() {
    let store = Api::nowhere().store().await;
    let torn = format!(r#"{{"config": {{"workspace_configuration": "{SECRET}"#);
    for (path, body) in [
        ("eventing/updateConfiguration", configuration().to_string()),
        ("eventing/updateConfiguration", torn.clone()),
        ("eventing/nowhere", format!("[{{\"{SECRET}\"")),
        ("typing/error", torn),
        ("products", configuration().to_string()),
    ] {
        let uri = format!("/sandbox/commerce/rest/V1/{path}");
        let request = request("PUT", &uri, &Value::Null).map(|_| Body::from(body));
        let (_, told) = answer(store.send(request).await).await;
        assert!(!told.to_string().contains(SECRET), "{told}");
    }
    let calls = store.listed("").await;
    assert_eq!(calls.len(), 6);
    assert!(!json!(calls).to_string().contains(SECRET), "{calls:?}");
    assert_eq!(calls[0]["body"]["config"]["merchant_id"], "shop", "the rest is told");
    assert!(!format!("{:?}", store.sandbox).contains(SECRET));
}

#[tokio::test]
async fn a_check_says_whether_a_token_is_given() {
    let api = Api::start().await;
    let store = api.store().await;
    let check = "adobe_io_events/check_configuration";
    let expected = json!({
        "status": "ok", "technical_service_account_configured": true,
        "technical_service_account_can_connect_to_io_events": true,
        "provider_id_configured": "provider-1", "provider_id_valid": true,
    });
    assert_eq!(store.done("GET", check, Value::Null).await, expected);
    store
        .done("PUT", "eventing/updateConfiguration", json!({"config": {"workspace_configuration": workspace("other")}}))
        .await;
    api.heard.lock().unwrap().token_statuses.push_back(400);
    let refused = store.done("GET", check, Value::Null).await;
    assert_eq!(refused["status"], "error");
    assert_eq!(refused["technical_service_account_can_connect_to_io_events"], false);
    let before = api.tokens_asked_for();
    let anybody = Request::get(format!("/sandbox/commerce/rest/V1/{check}")).body(Body::empty()).unwrap();
    assert_eq!(store.send(anybody).await.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(api.tokens_asked_for(), before, "only who may ask makes the store ask");
}

#[tokio::test]
async fn the_consoles_file_is_for_who_has_the_token() {
    let store = Store::new();
    let ask = async |token: &str| {
        let builder = Request::get("/sandbox/workspace.json").header("authorization", format!("Bearer {token}"));
        answer(store.send(builder.body(Body::empty()).unwrap()).await).await
    };
    let (status, refusal) = ask(super::TOKEN).await;
    assert_eq!(status, StatusCode::NOT_FOUND, "{refusal}");
    assert!(refusal["message"].as_str().unwrap().contains("download"), "{refusal}");
    store.sandbox.offer_workspace(workspace("client-1").into());
    assert_eq!(ask("another").await.0, StatusCode::UNAUTHORIZED);
    let (status, file) = ask(super::TOKEN).await;
    assert_eq!((status, &file["project"]["id"]), (StatusCode::OK, &json!("2")));
}
