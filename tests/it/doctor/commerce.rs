//! The store, its eventing module, and what it sends.

use serde_json::{Value, json};

use super::stand_in::SUBSCRIBED;
use super::{Reply, StandIn, check, check_project, healthy, nowhere, project};

const SUBSCRIPTIONS: &str = "/rest/V1/eventing/getEventSubscriptions";
const CONFIGURATION: &str = "/rest/V1/adobe_io_events/check_configuration";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_does_not_take_our_calls_is_one_line() {
    let refused = json!({"message": "The consumer isn't authorized to access %resources.", "parameters": {"resources": "Magento_Catalog::products"}});
    check("/rest/V1/products", Reply::json(401, &refused), &["bad      commerce       Commerce answered 401: The consumer isn't authorized to access Magento_Catalog::products. -> check `COMMERCE_ACCESS_TOKEN`; a store takes an integration's token alone only when `oauth/consumer/enable_integration_as_bearer` is on"]).await;
    let no_api = "-> `COMMERCE_BASE_URL` is everything before `V1/`, such as `https://shop.example.com/rest/`; a proxy or a login before it has to let the API through";
    check("/rest/", Reply::page(200), &[&format!("bad      commerce       http://HOST gives no answer of the REST API: Commerce answered 200 with something that is not JSON {no_api}")]).await;
    check(
        "/rest/",
        Reply::page(404),
        &[&format!(
            "bad      commerce       http://HOST gives no answer of the REST API: Commerce answered 404 {no_api}"
        )],
    )
    .await;
    check("/rest/V1/products", Reply::json(500, &json!({"message": "Internal Error"})), &["bad      commerce       Commerce answered 500: Internal Error -> look into the store's own logs; it is reached, and fails"]).await;
    let (world, gone) = (StandIn::start(healthy()).await, nowhere().await);
    let line = format!(
        "bad      commerce       http://{gone}: Commerce cannot be reached: Connection refused (os error 111) -> check `COMMERCE_BASE_URL`, and that the store is up; a private address has to stand in `KIT_OUTBOUND_ALLOW`"
    );
    check_project(
        &project(&world).with("COMMERCE_BASE_URL", &format!("http://{gone}/rest/")),
        &world.address,
        &[&line],
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_module_that_is_missing_or_closed_is_told() {
    let missing = Reply::json(404, &json!({"message": "Request does not match any route."}));
    check(SUBSCRIPTIONS, missing, &["bad      eventing       Commerce answered 404: Request does not match any route. -> install or update Adobe I/O Events for Commerce (part of 2.4.6 and newer, `magento/commerce-eventing` before); where that cannot be, configure eventing in the Admin (Stores > Configuration > Adobe Services)"]).await;
    let closed = Reply::json(403, &json!({"message": "no"}));
    check(SUBSCRIPTIONS, closed, &["bad      eventing       Commerce answered 403: no -> give the integration the resources of Adobe I/O Events, too"]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_setup_that_cannot_send_is_told() {
    let hint =
        "-> run `kit onboard`, with the workspace's JSON from Adobe's Console as onboarding/config/workspace.json";
    let checked = |connects: bool| {
        Reply::json(
            200,
            &json!({
                "status": "error", "technical_service_account_configured": true,
                "technical_service_account_can_connect_to_io_events": connects,
                "provider_id_configured": "", "provider_id_valid": false,
            }),
        )
    };
    check(CONFIGURATION, checked(false), &[&format!("bad      eventing setup Commerce says that it cannot send events: it gets no token from the workspace's client, its provider is none {hint}")]).await;
    check(
        CONFIGURATION,
        checked(true),
        &[&format!("bad      eventing setup Commerce says that it cannot send events: its provider is none {hint}")],
    )
    .await;
    check(CONFIGURATION, Reply::json(404, &json!({"message": "no route"})), &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_that_commerce_does_not_send_are_named() {
    let sends = |names: &[&str]| {
        let events: Vec<Value> = names.iter().map(|name| json!({"name": name})).collect();
        Reply::json(200, &events.into())
    };
    check(SUBSCRIPTIONS, sends(&SUBSCRIBED[1..]), &["bad      subscriptions  Commerce does not send `observer.catalog_product_delete_commit_after` -> run `kit subscribe`; onboarding/config/commerce-event-subscribe.json has to list it"]).await;
    check(SUBSCRIPTIONS, sends(&[]), &["bad      subscriptions  Commerce does not send `observer.catalog_product_delete_commit_after`, `observer.catalog_product_save_commit_after`, `observer.cataloginventory_stock_item_save_commit_after` and 5 more -> run `kit subscribe`; onboarding/config/commerce-event-subscribe.json has to list it"]).await;
    let with_prefix: Vec<String> = SUBSCRIBED.iter().map(|name| format!("com.adobe.commerce.{name}")).collect();
    check(SUBSCRIPTIONS, sends(&with_prefix.iter().map(String::as_str).collect::<Vec<_>>()), &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_version_without_events_is_told_and_an_unknown_one_is_none() {
    check(
        "/magento_version",
        Reply::text("Magento/2.3 (Community)"),
        &["bad      version        Commerce 2.3 -> update Commerce: its eventing module needs 2.4.4 or newer"],
    )
    .await;
    check("/magento_version", Reply::page(404), &[]).await;
}
