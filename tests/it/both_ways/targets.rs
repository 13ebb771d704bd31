//! The systems that are called: how they are convinced, how much they are asked, what the sandbox keeps of it.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::routing::post;
use serde_json::{Value, json};

use super::upstream::serve;
use super::{SAVED, Shop, project, runs};
use crate::support::{Answer, PRODUCT_CREATE, Project, Server, product};

const CHECK_STOCK: &str = "/api/v1/web/webhook/check-stock";

async fn check_stock(kit: &Server, body: &Value) -> Value {
    let answer = Answer::of(kit.client.post(kit.url(CHECK_STOCK)).json(body)).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

fn cart(sku: &str, qty: &Value) -> Value {
    json!({"data": {"cart_id": "c-1", "items": [{"item_id": "1", "sku": sku, "qty": qty}]}})
}

#[tokio::test]
async fn a_cart_is_checked_against_what_the_sources_hold() {
    let project = project();
    let kit = project.start(&["dev"]);
    let counted = |source: &str, quantity: u32, out: bool| json!({"sku": "Tea, 100 g", "source": source, "quantity": quantity, "outOfStock": out});
    let stock = json!([counted("default", 3, false), counted("warehouse", 4, true)]);
    kit.send("1", "be-observer.catalog_stock_update", &stock).await;
    kit.calls_reach("inventory", 1).await;
    let success = json!({"op": "success"});
    assert_eq!(check_stock(&kit, &cart("tea, 100 G", &json!("3"))).await, success);
    let refused = check_stock(&kit, &cart("Tea, 100 g", &json!(4))).await;
    assert_eq!(refused["op"], "exception");
    assert!(refused["message"].as_str().unwrap().contains("Tea, 100 g"), "{refused}");
    assert_eq!(check_stock(&kit, &cart("unheard of", &json!(1))).await["op"], "exception");
    let missing = json!({"op": "exception", "message": "missing parameter(s) 'data.cart_id,data.items'"});
    assert_eq!(check_stock(&kit, &json!({})).await, missing);
    // A store that is slow, or fails, does not keep the shopper.
    kit.fault(&json!({"target": "commerce", "path": "inventory", "delay_ms": 5_000})).await;
    assert_eq!(check_stock(&kit, &cart("Tea, 100 g", &json!(4))).await, success);
    kit.fault(&json!({"target": "commerce", "path": "inventory", "status": 500})).await;
    assert_eq!(check_stock(&kit, &cart("Tea, 100 g", &json!(4))).await, success);
}

#[tokio::test]
async fn a_slow_store_can_be_made_to_refuse() {
    let project = project();
    let config = project.read("actions/webhook/actions.config.yaml");
    assert!(config.contains("WHEN_SLOW: allow") && config.contains("SOFT_LIMIT_MS: 1000"), "{config}");
    let config =
        config.replace("WHEN_SLOW: allow", "WHEN_SLOW: refuse").replace("SOFT_LIMIT_MS: 1000", "SOFT_LIMIT_MS: 50");
    project.write("actions/webhook/actions.config.yaml", &config);
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "path": "inventory", "delay_ms": 5_000})).await;
    let refused = check_stock(&kit, &cart("24-MB01", &json!(1))).await;
    assert_eq!(
        refused,
        json!({"op": "exception", "message": "The stock cannot be checked right now. Please try again."})
    );
}

#[tokio::test]
async fn a_target_that_has_enough_is_asked_less_and_the_metrics_tell() {
    let project = project().with("KIT_TARGET_CONCURRENCY", "8").with("KIT_RETRY_DELAYS", "10ms");
    let kit = project.start(&["dev"]);
    kit.fault(&json!({"target": "commerce", "status": 429})).await;
    kit.send("1", PRODUCT_CREATE, &product("A")).await;
    kit.calls_reach("products", 2).await;
    let metrics = kit.get("/metrics").await;
    assert!(metrics.header("content-type").unwrap().starts_with("text/plain"), "{metrics:?}");
    let has = |line: &str| metrics.text.lines().any(|found| found == line);
    assert!(has(r#"kit_target_concurrency_limit{target="commerce"} 4"#), "{}", metrics.text);
    assert!(has(r#"kit_target_throttled_total{target="commerce"} 1"#), "{}", metrics.text);
    assert!(has(r#"kit_target_calls_total{target="commerce",status="429"} 1"#), "{}", metrics.text);
}

/// The credentials and the tenant that a back office of these settings is shown.
async fn shown(settings: &[(&str, &str)]) -> (String, Value) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let calls = Arc::clone(&seen);
    let take = move |request: Request| {
        let header = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let credentials = header(AUTHORIZATION.as_str()).or(header("x-erp-key")).unwrap_or_default();
        calls.lock().unwrap().push((credentials, json!(header("x-tenant"))));
        async { "OK" }
    };
    let grant = || async { json!({"access_token": "granted", "token_type": "bearer", "expires_in": 600}).to_string() };
    let url = serve(Router::new().route("/token", post(grant)).fallback(take)).await;
    let project = project()
        .with("KIT_BACKOFFICE_URL", &format!("{url}/api"))
        .with("KIT_BACKOFFICE_TOKEN_URL", &format!("{url}/token"));
    let project = settings.iter().fold(project, |project, (name, value)| project.with(name, value));
    let inputs = project.read("actions/backoffice.inputs.yaml");
    project.write("actions/backoffice.inputs.yaml", &format!("{inputs}BACKOFFICE_HEADERS: {{ x-tenant: '7' }}\n"));
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    let value = json!({"sku": "A", "description": "", "created_at": "2026-01-01", "updated_at": "2026-01-02"});
    shop.publish("1", SAVED, &value).await;
    let run = runs(&project, &kit, "product-commerce/updated", 1).await.swap_remove(0);
    assert_eq!(run["response"]["status"], "success", "an answer that is no JSON is one: {run}");
    assert!(!kit.log().contains("s3cr3t"), "no secret is logged");
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 1);
    seen.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_back_office_is_convinced_as_it_wants_to_be() {
    async fn check(settings: &[(&str, &str)], credentials: &str) {
        assert_eq!(shown(settings).await, (credentials.to_owned(), json!("7")), "{settings:?}");
    }
    check(&[], "").await;
    let key = [
        ("KIT_BACKOFFICE_AUTH", "api-key"),
        ("KIT_BACKOFFICE_API_KEY", "s3cr3t-key"),
        ("KIT_BACKOFFICE_API_KEY_HEADER", "x-erp-key"),
    ];
    check(&key, "s3cr3t-key").await;
    let basic = [
        ("KIT_BACKOFFICE_AUTH", "basic"),
        ("KIT_BACKOFFICE_USER", "me"),
        ("KIT_BACKOFFICE_PASSWORD", "s3cr3t-of-the-erp"),
    ];
    check(&basic, "Basic bWU6czNjcjN0LW9mLXRoZS1lcnA=").await;
    let oauth = [
        ("KIT_BACKOFFICE_AUTH", "oauth"),
        ("KIT_BACKOFFICE_CLIENT_ID", "kit"),
        ("KIT_BACKOFFICE_CLIENT_SECRET", "s3cr3t-of-the-kit"),
    ];
    check(&oauth, "Bearer granted").await;
}

#[tokio::test]
async fn the_sandbox_is_as_it_was_after_a_kill() {
    let project: Project = project();
    let kit = project.start(&["dev"]);
    let shop = Shop::of(&kit).await;
    kit.send("1", PRODUCT_CREATE, &product("A/B")).await;
    kit.send(
        "2",
        "be-observer.customer_create",
        &json!({"name": "Ada", "lastname": "Byron", "email": "a@example.com"}),
    )
    .await;
    shop.publish(
        "3",
        SAVED,
        &json!({"sku": "C", "description": "", "created_at": "2026-01-01", "updated_at": "2026-01-01"}),
    )
    .await;
    kit.calls_reach("", 2).await;
    kit.erp_calls_reach("", 1).await;
    let id = kit.calls("customers").await[0]["status"].clone();
    assert_eq!(id, 200);
    kit.kill();
    let kit = project.start(&["dev"]);
    assert_eq!(kit.product("A%2FB").await.body["name"], "Name of A/B");
    assert_eq!(kit.erp("products/C").await.body["sku"], "C");
    let filter = "searchCriteria[filter_groups][0][filters][0]";
    let found = kit.commerce(&format!("customers/search?{filter}[field]=email&{filter}[value]=a@example.com")).await;
    assert_eq!(found.body["total_count"], 1, "{found:?}");
}
