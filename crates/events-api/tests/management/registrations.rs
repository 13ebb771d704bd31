use engine::{Arrived, CloudEvent};
use events_api::credentials;
use serde_json::{Value, json};

use crate::webhook::{Manner, Webhook};
use crate::world::{BASE, ORG, Plain, REGISTRATIONS, World};

#[tokio::test]
async fn a_registration_looks_as_the_contract_says() {
    let world = World::new().await;
    let provider = world.orders().await;
    let mut draft = world.draft("Commerce Order Sync", &provider);
    draft["description"] = json!("All orders");
    draft["runtimeWebhook"] = json!(true);
    let made = world.post(REGISTRATIONS, &draft).await;
    let id = made.is(201)["registration_id"].as_str().unwrap();
    let number = world.stored(id).await.id;
    assert!(number > 0);
    let integration = format!("{BASE}/events/organizations/12345/integrations/{}", world.credential.id);
    let expected = json!({
        "id": number, "registration_id": id, "name": "Commerce Order Sync", "description": "All orders",
        "client_id": world.client_id(), "delivery_type": "webhook", "enabled": true,
        "runtime_action": "order/consumer", "webhook_url": format!("{BASE}/webhooks/commerce-order-sync"),
        "webhook_status": "verified",
        "events_of_interest": [{
            "provider_id": provider, "provider": provider, "event_code": "order.created",
            "event_label": "order.created", "event_description": "order.created", "provider_label": "Orders",
            "provider_description": "Events of applications that are not Adobe's",
            "event_delivery_format": "cloud_events",
        }],
        "subscriber_filters": [],
        "created_date": "2026-01-01T00:00:00.000Z", "updated_date": "2026-01-01T00:00:00.000Z",
        "consumer_id": "12345", "project_id": "67890", "workspace_id": "13579",
        "_links": {
            "rel:events": {"href": format!("{integration}/{id}")},
            "rel:trace": {"href": format!("{integration}/tracing/{id}")},
            "self": {"href": format!("{BASE}{REGISTRATIONS}/{id}")},
        },
    });
    assert_eq!(made.body, expected);
    assert_eq!(world.get(&format!("{REGISTRATIONS}/{id}")).await.is(200), &expected);
    let list = world.get(REGISTRATIONS).await;
    let whole = json!({
        "_links": {"self": {"href": format!("{BASE}{REGISTRATIONS}")}},
        "_embedded": {"registrations": [expected]},
    });
    assert_eq!(list.is(200), &whole);
}

#[tokio::test]
async fn each_delivery_type_has_its_target() {
    let world = World::new().await;
    let provider = world.orders().await;
    let hook = Webhook::new(Manner::Echoes).await;
    let check = |delivery_type: &'static str,
                 url: Option<&str>,
                 action: Option<&'static str>,
                 expected: Result<&'static str, &'static str>| {
        let mut draft = world.draft(&format!("{delivery_type} {url:?} {action:?}"), &provider);
        draft["delivery_type"] = json!(delivery_type);
        draft["webhook_url"] = json!(url);
        draft["runtime_action"] = json!(action);
        let world = &world;
        async move {
            let answer = world.post(REGISTRATIONS, &draft).await;
            match expected {
                Ok(stored) => assert_eq!(answer.is(201)["delivery_type"], stored),
                Err(because) => answer.is_refused(400, because),
            }
        }
    };
    let url = Some(hook.url.as_str());
    check("webhook", url, None, Ok("webhook")).await;
    check("WEBHOOK_BATCH", url, None, Ok("webhook_batch")).await;
    check("Webhook", None, Some("a/b"), Ok("webhook")).await;
    check("JOURNAL", None, None, Ok("journal")).await;
    check("journal", Some(""), Some(""), Ok("journal")).await;
    check("webhook", url, Some("a/b"), Err("`/webhook_url` excludes `/runtime_action`")).await;
    check("webhook", None, None, Err("`/webhook_url` or `/runtime_action` is required")).await;
    check("journal", url, None, Err("`/webhook_url` must be left out")).await;
    check("journal", None, Some("a/b"), Err("`/runtime_action` must be left out")).await;
    check("aws_eventbridge", None, None, Err("aws_eventbridge is not available here")).await;
    check("pigeon", None, None, Err("`/delivery_type` must be one of `webhook`, `webhook_batch`, `journal`")).await;
    check("webhook", None, Some("action"), Err("`/runtime_action` must be `package/action`")).await;
    check("webhook", None, Some("/a/b"), Err("`/runtime_action` must be `package/action`")).await;
    check("webhook", None, Some("a/"), Err("`/runtime_action` must be `package/action`")).await;
    check("webhook", Some("ftp://x.example/"), None, Err("`/webhook_url` must be an address")).await;
    check("webhook", Some("x"), None, Err("`/webhook_url` must be an address")).await;
}

#[tokio::test]
async fn plain_http_is_taken_only_where_the_service_says_so() {
    let world = World::with(Plain::Refused).await;
    let provider = world.orders().await;
    let mut draft = world.draft("Orders", &provider);
    draft.as_object_mut().unwrap().remove("runtime_action");
    draft["webhook_url"] = json!("http://127.0.0.1:9/hook");
    world.post(REGISTRATIONS, &draft).await.is_refused(400, "`/webhook_url` must begin with `https://`");
    draft["runtime_action"] = json!("");
    draft["webhook_url"] = json!("HTTP://127.0.0.1:9/hook");
    world.post(REGISTRATIONS, &draft).await.is_refused(400, "`/webhook_url` must begin with `https://`");
}

#[tokio::test]
async fn every_field_has_its_rule() {
    let world = World::new().await;
    let provider = world.orders().await;
    let check = |member: &'static str, value: Value, because: &'static str| {
        let mut draft = world.draft("Orders", &provider);
        draft[member] = value;
        let world = &world;
        async move { world.post(REGISTRATIONS, &draft).await.is_refused(400, because) }
    };
    let long = |chars: usize| json!("x".repeat(chars));
    world.post(REGISTRATIONS, &json!({})).await.is_refused(
        400,
        "`/client_id` is required; `/delivery_type` is required; `/name` is required; `/events_of_interest` is required",
    );
    check("client_id", json!("ab"), "`/client_id` must have 3 to 128").await;
    check("client_id", long(129), "`/client_id` must have 3 to 128").await;
    check("client_id", json!("a b c"), "`/client_id` may have only").await;
    check("client_id", json!("unknown"), "`/client_id` is `unknown`, which is no client").await;
    check("name", json!("ab"), "`/name` must have 3 to 255").await;
    check("name", long(256), "`/name` must have 3 to 255").await;
    check("name", json!(["abc"]), "`/name` must be a string").await;
    check("description", long(5_001), "`/description` must have at most 5000").await;
    check("delivery_type", json!(1), "`/delivery_type` must be a string").await;
    check("runtime_action", long(256), "`/runtime_action` must have 1 to 255").await;
    check("webhook_url", json!(format!("https://x.example/{}", "x".repeat(4_000))), "`/webhook_url` must have").await;
    check("enabled", json!("true"), "`/enabled` must be `true` or `false`").await;
    check("events_of_interest", Value::Null, "`/events_of_interest` is required").await;
    check("events_of_interest", json!({}), "`/events_of_interest` must be an array").await;
    check("events_of_interest", json!([1]), "`/events_of_interest/0` must be an object").await;
    check("events_of_interest", json!([{}]), "`/events_of_interest/0/provider_id` is required").await;
    let interest = |provider_id: &str, event_code: &str| json!({"provider_id": provider_id, "event_code": event_code});
    let good = interest(&provider, "order.created");
    let at = "events_of_interest";
    check(at, json!([interest(&"x".repeat(39), "a")]), "`/events_of_interest/0/provider_id` must have 1 to 38").await;
    check(at, json!([interest(&provider, "")]), "`/events_of_interest/0/event_code` must have 1 to 255").await;
    check(at, json!([good, good]), "`/events_of_interest/1` is there twice").await;
    check(at, json!([good, interest("x", "a")]), "`/events_of_interest/1/provider_id` is the id of no provider").await;
    check(at, json!([interest(&provider, "a"), good]), "`/events_of_interest/0/event_code` is no event").await;
    let many: Vec<Value> = (0..2_001).map(|number| interest(&provider, &number.to_string())).collect();
    check(at, json!(many), "`/events_of_interest` may hold at most 2000 events").await;
    let both = json!([interest("x", "a"), interest(&provider, "a")]);
    check(at, both, "provider_id` is the id of no provider; `/events_of_interest/1/event_code` is no event").await;

    let filter = |name: &str, pattern: &str| json!({"name": name, "subscriber_filter": pattern});
    let at = "subscriber_filters";
    let good = filter("abc", r#"{"type":["a"]}"#);
    check(at, json!([good, good]), "`/subscriber_filters` may hold at most 1").await;
    check(at, json!([filter("ab", "{}")]), "`/subscriber_filters/0/name` must have 3 to 80").await;
    check(at, json!([filter("abc", "{}")]), "`/subscriber_filters/0/subscriber_filter` is no filter").await;
    check(at, json!([{"name": "abc"}]), "`/subscriber_filters/0/subscriber_filter` is required").await;
    check(at, json!([filter("abc", "[")]), "strict JSON").await;
    let described = json!([{"name": "abc", "description": "x".repeat(251), "subscriber_filter": "{}"}]);
    check(at, described, "`/subscriber_filters/0/description` must have at most 250").await;
    assert_eq!(world.get(REGISTRATIONS).await.is(200)["_embedded"]["registrations"], json!([]));
}

#[tokio::test]
async fn the_old_name_of_a_provider_is_understood() {
    let world = World::new().await;
    let provider = world.orders().await;
    let mut draft = world.draft("Orders", &provider);
    draft["events_of_interest"] = json!([{"provider": provider, "event_code": "order.created"}]);
    let made = world.post(REGISTRATIONS, &draft).await;
    assert_eq!(made.is(201)["events_of_interest"][0]["provider_id"], provider);
}

#[tokio::test]
async fn registrations_belong_to_clients_that_are_alive() {
    let world = World::new().await;
    let provider = world.orders().await;
    let (other, _) = credentials::create("other", jiff::Timestamp::UNIX_EPOCH);
    let (mut revoked, _) = credentials::create("revoked", jiff::Timestamp::UNIX_EPOCH);
    credentials::revoke(&mut revoked, jiff::Timestamp::UNIX_EPOCH);
    for credential in [&other, &revoked] {
        world.store.put_credential(credential.clone()).await.unwrap();
    }
    let mut draft = world.draft("Orders", &provider);
    draft["client_id"] = json!(revoked.client_id);
    world.post(REGISTRATIONS, &draft).await.is_refused(400, &revoked.client_id);
    draft["client_id"] = json!(other.client_id);
    let made = world.post(REGISTRATIONS, &draft).await;
    let journal = made.is(201)["_links"]["rel:events"]["href"].as_str().unwrap();
    assert!(journal.contains(&format!("/integrations/{}/", other.id)), "{journal}");

    world.seed(1, "embedded").await;
    let seeded = world.get(&format!("{REGISTRATIONS}/seeded-embedded-0")).await;
    let journal = seeded.is(200)["_links"]["rel:events"]["href"].as_str().unwrap();
    assert!(journal.ends_with("/integrations/embedded/seeded-embedded-0"), "{journal}");
}

#[tokio::test]
async fn a_name_is_there_once() {
    let world = World::new().await;
    let provider = world.orders().await;
    let first = world.register(&world.draft("First", &provider)).await;
    let second = world.register(&world.draft("Second", &provider)).await;
    let refused = world.post(REGISTRATIONS, &world.draft("First", &provider)).await;
    refused.is_refused(409, "`/name`");
    assert_eq!(refused.header("x-conflicting-id"), Some(first.as_str()));
    let path = format!("{REGISTRATIONS}/{second}");
    let refused = world.put(&path, &world.draft("First", &provider)).await;
    refused.is_refused(409, "`/name`");
    assert_eq!(refused.header("x-conflicting-id"), Some(first.as_str()));
    world.patch(&path, &json!([{"op": "replace", "path": "/name", "value": "First"}])).await.is_refused(409, "`/name`");
}

#[tokio::test]
async fn of_two_posts_of_one_name_one_wins() {
    let world = World::new().await;
    let provider = world.orders().await;
    let draft = world.draft("Orders", &provider);
    let (left, right) = tokio::join!(world.post(REGISTRATIONS, &draft), world.post(REGISTRATIONS, &draft));
    let mut statuses = [left.status, right.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409]);
}

#[tokio::test]
async fn webhooks_of_actions_are_told_apart_when_names_read_alike() {
    let world = World::new().await;
    let provider = world.orders().await;
    let url = |made: &crate::world::Answer| made.is(201)["webhook_url"].as_str().unwrap().to_owned();
    let first = world.post(REGISTRATIONS, &world.draft("Order Sync", &provider)).await;
    let second = world.post(REGISTRATIONS, &world.draft("order-sync", &provider)).await;
    let nameless = world.post(REGISTRATIONS, &world.draft("...", &provider)).await;
    assert_eq!(url(&first), format!("{BASE}/webhooks/order-sync"));
    for made in [second, nameless] {
        let id = made.is(201)["registration_id"].as_str().unwrap();
        assert_eq!(url(&made), format!("{BASE}/webhooks/{id}"));
    }
}

#[tokio::test]
async fn quotas_hold() {
    let world = World::new().await;
    let provider = world.orders().await;
    world.seed(29, world.client_id()).await;
    world.register(&world.draft("The thirtieth", &provider)).await;
    let refused = world.post(REGISTRATIONS, &world.draft("One more", &provider)).await;
    refused.is_refused(409, "a client may have 30 registrations");
    world.delete(&format!("{REGISTRATIONS}/seeded-{}-0", world.client_id())).await.is(204);
    world.register(&world.draft("One more", &provider)).await;
    world.delete(&format!("{REGISTRATIONS}/seeded-{}-1", world.client_id())).await.is(204);
    world.seed(2_500 - 29, "other").await;
    let refused = world.post(REGISTRATIONS, &world.draft("Too many", &provider)).await;
    refused.is_refused(409, "an organisation may have 2500 registrations");
    assert_eq!(world.get(&format!("{ORG}/registrations")).await.is(200)["page"]["totalElements"], 2_500);
}

#[tokio::test]
async fn a_registration_counts_for_the_next_event() {
    let world = World::new().await;
    let provider = world.orders().await;
    let publish = |id: u32| {
        let event = json!({
            "specversion": "1.0", "id": id.to_string(), "source": format!("urn:uuid:{provider}"),
            "type": "order.created", "data": {},
        });
        world.arrivals.publish(CloudEvent::parse(&event.to_string()).unwrap())
    };
    assert_eq!(publish(1).await.unwrap(), Arrived::Unwanted);
    let id = world.register(&world.draft("Orders", &provider)).await;
    assert_eq!(publish(2).await.unwrap(), Arrived::Stored);
    let path = format!("{REGISTRATIONS}/{id}");
    world.patch(&path, &json!([{"op": "replace", "path": "/enabled", "value": false}])).await.is(200);
    assert_eq!(publish(3).await.unwrap(), Arrived::Unwanted);
    world.patch(&path, &json!([{"op": "replace", "path": "/enabled", "value": true}])).await.is(200);
    assert_eq!(publish(4).await.unwrap(), Arrived::Stored);
    let deleted = world.delete(&path).await;
    deleted.is(204);
    assert_eq!(deleted.header("content-type"), Some("text/plain"));
    assert_eq!(publish(5).await.unwrap(), Arrived::Unwanted);
    world.delete(&path).await.is_refused(404, "no registration");
}
