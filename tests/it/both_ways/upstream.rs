//! The known bugs of Adobe's own kit (contract, section 20), one by one: what we do instead. Bugs of its scripts belong to
//! onboarding; B29, B31 and B33 concern its helpers, its tests and what Commerce does not tell; B34 is authentication.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use sandbox::{Integration, Options, Sandbox};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{Shop, project, runs};
use crate::support::{Answer, PRODUCT_CREATE, PRODUCT_DELETE, PRODUCT_UPDATE, Project, Server, TOKEN, product};

const SAVED: &str = super::SAVED;

/// The newest run of an action, once there is one.
async fn newest(project: &Project, kit: &Server, action: &str) -> Value {
    runs(project, kit, action, 1).await.swap_remove(0)
}

/// `b` says what a run answered with an error.
fn error(run: &Value) -> (&Value, &str) {
    let result = &run["response"]["result"];
    let result = if result["error"].is_object() { &result["error"] } else { result };
    (&result["statusCode"], result["body"]["error"].as_str().unwrap())
}

pub async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

/// B1: flat events of the back office, as documented, reach their handlers. B16: any SKU leads to its own resource.
#[tokio::test]
async fn b01_b16_documented_events_with_any_sku_reach_commerce() {
    let project = project();
    let kit = project.start(&["dev"]);
    for sku in ["plain", "a/b c?", "ü%2F"] {
        kit.send(&format!("1 {sku}"), PRODUCT_CREATE, &product(sku)).await;
        kit.send(&format!("2 {sku}"), PRODUCT_UPDATE, &product(sku)).await;
        kit.send(&format!("3 {sku}"), PRODUCT_DELETE, &json!({"sku": sku})).await;
    }
    let calls = kit.calls_reach("products", 9).await;
    assert!(calls.iter().all(|call| call["status"] == 200), "{calls:?}");
    let deleted = |call: &&Value| call["method"] == "DELETE";
    let mut paths: Vec<&str> = calls.iter().filter(deleted).map(|call| call["path"].as_str().unwrap()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["products/%C3%BC%252F", "products/a%2Fb%20c%3F", "products/plain"]);
}

/// B3, B4: what is suppressed is the same change and nothing else, whatever the SKU; more in `echoes`.
#[tokio::test]
async fn b03_b04_a_change_of_price_or_name_and_a_deletion_are_no_echoes() {
    let project = project();
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    kit.send("1", PRODUCT_CREATE, &product("a b/c")).await;
    kit.calls_reach("products", 1).await;
    let saved = |name: &str, price: f64| {
        json!({
            "sku": "a b/c", "name": name, "price": price, "description": "from a test",
            "created_at": "2026-01-01 00:00:00", "updated_at": "2026-01-01 00:00:00",
        })
    };
    shop.publish("price", SAVED, &saved("Name of a b/c", 9.75)).await;
    shop.publish("name", SAVED, &saved("Other", 9.5)).await;
    shop.publish("deletion", super::DELETED, &saved("Name of a b/c", 9.5)).await;
    let calls = kit.erp_calls_reach("products", 3).await;
    assert_eq!(calls[2]["path"], "products/a%20b%2Fc");
}

/// B14: one IMS token for many calls, refreshed once when Commerce rejects it.
#[tokio::test]
async fn b14_a_token_is_asked_for_once() {
    let tokens = Arc::new(AtomicUsize::new(0));
    let grant = |State(tokens): State<Arc<AtomicUsize>>| async move {
        let number = tokens.fetch_add(1, Ordering::SeqCst) + 1;
        json!({"access_token": format!("token-{number}"), "token_type": "bearer", "expires_in": 3_600}).to_string()
    };
    // The first token is taken for nothing from the fourth call on.
    let calls = AtomicUsize::new(0);
    let calls = Arc::new(calls);
    let save = move |headers: HeaderMap| async move {
        let number = calls.fetch_add(1, Ordering::SeqCst) + 1;
        let is_first = headers[AUTHORIZATION] == "Bearer token-1";
        assert_eq!(headers["x-api-key"], "commerce-client");
        if is_first && number > 3 { (StatusCode::UNAUTHORIZED, "{}") } else { (StatusCode::OK, "{}") }
    };
    let router = Router::new().route("/ims/token/v3", post(grant)).with_state(Arc::clone(&tokens));
    let url = serve(router.route("/rest/V1/products", post(save))).await;
    let project = Project::new()
        .with("COMMERCE_BASE_URL", &format!("{url}/rest/"))
        .with("OAUTH_HOST", &url)
        .with("OAUTH_CLIENT_ID", "commerce-client")
        .with("OAUTH_CLIENT_SECRET", "secret-of-upstream")
        .with("OAUTH_SCOPES", "openid,commerce.accs");
    let kit = project.start(&["dev"]);
    for number in 0..12 {
        kit.send(&number.to_string(), PRODUCT_CREATE, &product(&format!("SKU-{number}"))).await;
    }
    let all = runs(&project, &kit, "product-backoffice/created", 12).await;
    assert!(all.iter().all(|run| run["response"]["success"] == true), "{all:?}");
    assert_eq!(tokens.load(Ordering::SeqCst), 2);
}

/// B15: every attempt is signed anew, so that a store that checks nonces takes a repeated call.
#[tokio::test]
async fn b15_each_attempt_has_a_signature_of_its_own() {
    let integration = Integration {
        consumer_key: "consumer".to_owned(),
        consumer_secret: "consumer-secret".to_owned(),
        access_token: "access-to-upstream".to_owned(),
        access_token_secret: "access-secret".to_owned(),
    };
    let options = Options { integration: Some(integration), ..Options::default() };
    let sandbox = Sandbox::open(options).unwrap();
    let url = serve(sandbox.router()).await;
    let project = Project::new()
        .with("COMMERCE_BASE_URL", &format!("{url}/sandbox/commerce/rest/"))
        .with("COMMERCE_CONSUMER_KEY", "consumer")
        .with("COMMERCE_CONSUMER_SECRET", "consumer-secret")
        .with("COMMERCE_ACCESS_TOKEN", "access-to-upstream")
        .with("COMMERCE_ACCESS_TOKEN_SECRET", "access-secret")
        .with("KIT_RETRY_DELAYS", "10ms");
    let kit = project.start(&["dev"]);
    let fault = json!({"target": "commerce", "status": 503, "count": 2});
    assert_eq!(kit.client.post(format!("{url}/sandbox/faults")).json(&fault).send().await.unwrap().status(), 201);
    kit.send("1", PRODUCT_CREATE, &product("A b")).await;
    kit.send("2", PRODUCT_UPDATE, &product("A b")).await;
    kit.until("four calls", || async { (sandbox.calls().len() >= 4).then_some(()) }).await;
    let statuses: Vec<Option<u16>> = sandbox.calls().iter().map(|call| call.status).collect();
    assert_eq!(statuses, [Some(503), Some(503), Some(200), Some(200)]);
    assert_eq!(sandbox.product("A b").unwrap()["sku"], "A b");
    assert!(!kit.log().contains("-secret"), "no secret is logged");
}

/// B17: Commerce's words reach whoever looks. B37: a handler's failure is on record as one.
#[tokio::test]
async fn b17_b37_commerces_own_words_are_on_record_as_a_failure() {
    let project = project();
    let kit = project.start(&["dev"]);
    kit.send("1", PRODUCT_UPDATE, &product("nowhere")).await;
    let run = newest(&project, &kit, "product-backoffice/updated").await;
    let (status, text) = error(&run);
    assert_eq!(status, 404);
    assert!(text.contains("doesn't exist"), "{text}");
    assert_eq!((&run["response"]["status"], &run["response"]["success"]), (&json!("application error"), &json!(false)));
}

/// B18: 200 with a body that is not JSON is a failure of what stands in between, and is tried again.
#[tokio::test]
async fn b18_an_answer_that_is_no_json_is_a_bad_gateway() {
    let url = serve(Router::new().fallback(|| async { "<html>welcome</html>" })).await;
    let project = Project::new()
        .with("COMMERCE_BASE_URL", &format!("{url}/rest/"))
        .with("COMMERCE_ACCESS_TOKEN", "token-of-upstream")
        .with("KIT_RETRY_DELAYS", "10ms");
    let kit = project.start(&["dev"]);
    kit.send("1", PRODUCT_CREATE, &product("A")).await;
    let tried = runs(&project, &kit, "product-backoffice/created", 2).await;
    assert_eq!(error(&tried[0]).0, 502);
}

/// B19: one uid, one effect; every attempt carries the same id.
#[tokio::test]
async fn b19_repeated_events_have_one_effect_under_one_id() {
    let project = project().with("KIT_RETRY_DELAYS", "10ms");
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "status": 503, "count": 2})).await;
    for _ in 0..3 {
        kit.send("same", PRODUCT_CREATE, &product("A")).await;
    }
    kit.send("other", PRODUCT_DELETE, &json!({"sku": "A"})).await;
    let calls = kit.calls_reach("products", 4).await;
    assert_eq!(calls.len(), 4, "two attempts that failed, one that did not, the deletion");
    let ids: Vec<&Value> = calls.iter().map(|call| &call["event_id"]).collect();
    assert!(ids[0] == ids[1] && ids[1] == ids[2] && ids[2] != ids[3], "{ids:?}");
}

/// B20, B21, B32: answers and logs name fields, never values, paths of files or credentials.
#[tokio::test]
async fn b20_b21_b32_answers_and_logs_are_free_of_payloads_and_paths() {
    let project = project().with("LOG_LEVEL", "debug");
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    let customer = json!({"name": "Jane-of-the-tests", "lastname": 5, "email": "private@example.com"});
    let refused = kit.send("1", "be-observer.customer_create", &customer).await;
    assert_eq!((refused.status, refused.error()), (400, "`/data/value/lastname` must be a string"));
    let person = json!({
        "id": 7, "firstname": "Jane-of-the-tests", "lastname": "Doe", "email": "private@example.com",
        "created_at": "2026-01-01 00:00:00", "updated_at": "2026-01-01 00:00:00",
    });
    shop.publish("1", "com.adobe.commerce.observer.customer_save_commit_after", &person).await;
    kit.erp_calls_reach("customers", 1).await;
    let log = kit.log();
    for told in ["Jane-of-the-tests", "private@example.com", TOKEN, super::SECRET, &shop.token] {
        assert!(!log.contains(told), "`{told}` is in the log");
        assert!(!refused.text.contains(told));
    }
    assert!(!refused.text.contains(".rs"), "{}", refused.text);
}

/// B22: every variable reaches the actions; one that leads nowhere is told before the start.
#[test]
fn b22_the_host_of_ims_is_read() {
    let project = Project::new()
        .with("COMMERCE_BASE_URL", "https://shop.example.com/rest/")
        .with("OAUTH_CLIENT_ID", "client")
        .with("OAUTH_CLIENT_SECRET", "secret-of-upstream")
        .with("OAUTH_SCOPES", "openid")
        .with("OAUTH_HOST", "ims.example.com");
    let said = project.run(&["check"]);
    assert_eq!(said.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&said.stderr).contains("`OAUTH_HOST`: expected an `http` or `https` URL"));
}

/// B23: a synchronisation that failed does not claim success, and goes on where it stopped.
#[tokio::test]
async fn b23_a_failed_page_is_no_success_and_the_next_run_resumes_there() {
    let project = project();
    let kit = project.start(&["dev"]);
    let sync = |body: Value| {
        let request = kit.client.post(kit.url("/api/v1/web/product-commerce/full-sync"));
        async move { Answer::of(request.json(&body)).await }
    };
    assert_eq!(sync(json!({"pageSize": 0})).await.status, 400);
    assert_eq!(sync(json!({"pageSize": -1})).await.status, 400);
    kit.fault(&json!({"target": "erp", "status": 422, "count": 1})).await;
    let failed = sync(json!({"pageSize": 1})).await;
    assert_eq!((failed.status, &failed.body["success"]), (422, &json!(false)), "{failed:?}");
    let resumed = sync(json!({"pageSize": 1})).await;
    assert_eq!((resumed.status, &resumed.body["success"]), (200, &json!(true)), "{resumed:?}");
    let sent: Vec<Value> =
        kit.erp_calls("products/pages").await.iter().map(|call| call["body"]["page"].clone()).collect();
    assert_eq!(sent[..2], [json!(1), json!(1)], "the page that failed was sent again");
    assert_eq!(sent.len(), usize::try_from(resumed.body["pages"].as_u64().unwrap()).unwrap() + 1);
}

/// B24: the order's status changes where Commerce allows it; where it does not, the answer says so.
#[tokio::test]
async fn b24_the_status_of_an_order_changes() {
    let project = project();
    let kit = project.start(&["dev"]);
    kit.send("1", "be-observer.sales_order_status_update", &json!({"id": 1, "status": "picked"})).await;
    kit.calls_reach("orders/1/comments", 1).await;
    assert_eq!(kit.commerce("orders/1").await.body["status"], "picked");
    kit.send("2", "be-observer.sales_order_status_update", &json!({"id": 1, "status": "shipped"})).await;
    kit.calls_reach("orders/1/comments", 3).await;
    assert_eq!(kit.commerce("orders/1").await.body["status"], "picked");
    let runs = runs(&project, &kit, "order-backoffice/updated", 2).await;
    let message = runs[0]["response"]["result"]["body"]["message"].as_str().unwrap();
    assert!(message.starts_with("Order updated successfully. ") && message.contains("shipped"), "{message}");
}

/// B25: a slow handler is waited for, and runs once.
#[tokio::test]
async fn b25_a_slow_handler_runs_once() {
    let project = project();
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "delay_ms": 1_200})).await;
    kit.send("1", PRODUCT_CREATE, &product("A")).await;
    let run = newest(&project, &kit, "product-backoffice/consumer").await;
    assert_eq!(run["response"]["status"], "success");
    assert_eq!(kit.calls("products").await.len(), 1);
}

/// B26: events without a value are refused by name. B38: an empty description is a description.
#[tokio::test]
async fn b26_b38_what_is_missing_is_named_and_what_is_empty_is_there() {
    let project = project();
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    let missing = "Invalid request parameters: missing parameter(s) 'data.value'";
    for (code, consumer) in [
        ("com.adobe.commerce.observer.customer_delete_commit_after", "customer-commerce/consumer"),
        ("com.adobe.commerce.observer.cataloginventory_stock_item_save_commit_after", "stock-commerce/consumer"),
    ] {
        shop.publish_data(code, code, &json!({"key": "k"})).await;
        let run = newest(&project, &kit, consumer).await;
        assert_eq!(error(&run), (&json!(400), missing));
    }
    let bare = json!({
        "sku": "bare", "description": "", "created_at": "2026-01-01 00:00:00", "updated_at": "2026-01-01 00:00:00",
    });
    shop.publish("1", SAVED, &bare).await;
    shop.publish("2", super::DELETED, &bare).await;
    let calls = kit.erp_calls_reach("products", 2).await;
    assert_eq!((&calls[0]["method"], &calls[1]["method"]), (&json!("POST"), &json!("DELETE")));
    let nothing = "Invalid request parameters: missing parameter(s) \
                   'data.value.created_at,data.value.updated_at,data.value.sku,data.value.description'";
    shop.publish("3", SAVED, &json!({})).await;
    let run = runs(&project, &kit, "product-commerce/consumer", 3).await.swap_remove(0);
    assert_eq!(error(&run), (&json!(400), nothing));
}

/// B30: the version is the program's own.
#[tokio::test]
async fn b30_info_tells_the_real_version() {
    let project = project();
    let kit = project.start(&["dev"]);
    let info = kit.get("/api/v1/web/starter-kit/info").await;
    assert_eq!(info.body["message"]["starter_kit_version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(info.body["message"]["registrations"]["product"], json!(["commerce", "backoffice"]));
}
