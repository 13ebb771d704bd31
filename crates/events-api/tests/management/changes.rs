//! Updates of registrations, and what they do to the proof of a webhook.

use std::time::Duration;

use serde_json::{Value, json};
use store::Verification;

use crate::webhook::{Manner, Webhook};
use crate::world::{REGISTRATIONS, World};

fn set(path: &str, value: impl Into<Value>) -> Value {
    json!([{"op": "replace", "path": path, "value": value.into()}])
}

fn hooked(world: &World, name: &str, provider: &str, url: &str) -> Value {
    let mut draft = world.draft(name, provider);
    draft.as_object_mut().unwrap().remove("runtime_action");
    draft["webhook_url"] = json!(url);
    draft
}

#[tokio::test]
async fn an_update_keeps_ids_client_and_creation() {
    let world = World::new().await;
    let provider = world.orders().await;
    let made = world.post(REGISTRATIONS, &world.draft("Orders", &provider)).await.body;
    let path = format!("{REGISTRATIONS}/{}", made["registration_id"].as_str().unwrap());
    world.clock.advance(Duration::from_millis(1_500));
    let same = world.put(&path, &world.draft("Orders", &provider)).await;
    assert_eq!(same.is(200), &made, "nothing is different, the date neither");
    let mut draft = world.draft("Renamed", &provider);
    draft["client_id"] = json!("somebody-else");
    draft["runtimeWebhook"] = json!(true);
    let changed = world.put(&path, &draft).await;
    assert_eq!(changed.is(200)["name"], "Renamed");
    assert_eq!(changed.body["updated_date"], "2026-01-01T00:00:01.500Z");
    for member in ["id", "registration_id", "client_id", "created_date"] {
        assert_eq!(changed.body[member], made[member], "{member}");
    }
    world.put(&format!("{REGISTRATIONS}/unknown"), &draft).await.is_refused(404, "no registration");
    world.put(&path, &json!({})).await.is_refused(400, "`/delivery_type` is required; `/name` is required");
}

#[tokio::test]
async fn what_an_update_leaves_out_stays_where_it_must() {
    let world = World::new().await;
    let provider = world.orders().await;
    let mut draft = world.draft("Orders", &provider);
    draft["enabled"] = json!(false);
    draft["description"] = json!("D");
    draft["subscriber_filters"] = json!([{"name": "Type", "subscriber_filter": "{\"type\":[\"a\"]}"}]);
    let made = world.post(REGISTRATIONS, &draft).await.body;
    let path = format!("{REGISTRATIONS}/{}", made["registration_id"].as_str().unwrap());
    let changed = world.put(&path, &world.draft("Orders", &provider)).await;
    assert_eq!(changed.is(200)["enabled"], false, "nobody switched it on");
    assert_eq!(changed.body["subscriber_filters"], made["subscriber_filters"]);
    assert_eq!(changed.body["description"], "");
    let removed = world.patch(&path, &json!([{"op": "remove", "path": "/subscriber_filters"}])).await;
    assert_eq!(removed.is(200)["subscriber_filters"], json!([]));
}

#[tokio::test]
async fn an_answer_can_be_sent_back() {
    let world = World::new().await;
    let provider = world.orders().await;
    let made = world.post(REGISTRATIONS, &world.draft("Orders", &provider)).await.body;
    let path = format!("{REGISTRATIONS}/{}", made["registration_id"].as_str().unwrap());
    assert_eq!(world.put(&path, &made).await.is(200), &made);
}

#[tokio::test]
async fn patches_change_only_what_may_be_changed() {
    let world = World::new().await;
    let provider = world.orders().await;
    world.event(&provider, "order.updated").await;
    let id = world.register(&world.draft("Orders", &provider)).await;
    let path = format!("{REGISTRATIONS}/{id}");
    let before = world.get(&path).await.body;
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.patch(&path, &set("/name", json!("Orders"))).await.is(200), &before);
    let add = json!([{
        "op": "add", "path": "/events_of_interest/-",
        "value": {"provider": provider, "event_code": "order.updated"},
    }]);
    assert_eq!(world.patch(&path, &add).await.is(200)["events_of_interest"][1]["event_code"], "order.updated");
    let journal = json!([
        {"op": "replace", "path": "/delivery_type", "value": "journal"},
        {"op": "remove", "path": "/runtime_action"},
    ]);
    let journal = world.patch(&path, &journal).await;
    assert!(journal.is(200).get("webhook_url").is_none() && journal.body.get("runtime_action").is_none());
    for (operations, because) in [
        (set("/client_id", json!("other")), "`/0/path`"),
        (set("/registration_id", json!("other")), "`/0/path`"),
        (set("/delivery_type", json!("webhook")), "`/webhook_url` or `/runtime_action` is required"),
        (set("/name", json!("ab")), "`/name` must have 3 to 255"),
        (set("/events_of_interest/0/event_code", json!("x")), "`/events_of_interest/0/event_code` is no event"),
    ] {
        world.patch(&path, &operations).await.is_refused(400, because);
    }
}

#[tokio::test]
async fn an_event_that_is_gone_does_not_keep_its_registration_as_it_is() {
    let world = World::new().await;
    let provider = world.orders().await;
    let id = world.register(&world.draft("Orders", &provider)).await;
    world.delete(&format!("{}/providers/{provider}/eventmetadata", crate::world::WORKSPACE)).await.is(204);
    let path = format!("{REGISTRATIONS}/{id}");
    let off = world.patch(&path, &set("/enabled", json!(false))).await;
    assert_eq!(off.is(200)["enabled"], false);
    assert_eq!(off.body["events_of_interest"][0].get("event_label"), None);
}

#[tokio::test]
async fn a_webhook_is_asked_when_it_is_new_and_when_it_is_switched_on() {
    let world = World::new().await;
    let provider = world.orders().await;
    let (hook, other) = (Webhook::new(Manner::Echoes).await, Webhook::new(Manner::Echoes).await);
    let made = world.post(REGISTRATIONS, &hooked(&world, "Orders", &provider, &hook.url)).await;
    assert_eq!(made.is(201)["webhook_status"], "verified");
    assert_eq!((&made.body["webhook_url"], made.body.get("runtime_action")), (&json!(hook.url), None));
    assert_eq!(hook.asked(), 1);
    let path = format!("{REGISTRATIONS}/{}", made.body["registration_id"].as_str().unwrap());
    world.put(&path, &hooked(&world, "Renamed", &provider, &hook.url)).await.is(200);
    world.patch(&path, &set("/enabled", json!(false))).await.is(200);
    assert_eq!(hook.asked(), 1);
    world.patch(&path, &set("/enabled", json!(true))).await.is(200);
    assert_eq!(hook.asked(), 2);
    world.patch(&path, &set("/webhook_url", json!(other.url))).await.is(200);
    assert_eq!((hook.asked(), other.asked()), (2, 1));
}

#[tokio::test]
async fn a_challenge_that_fails_changes_nothing() {
    let world = World::new().await;
    let provider = world.orders().await;
    let (hook, deaf) = (Webhook::new(Manner::Echoes).await, Webhook::new(Manner::Refuses).await);
    let refused = world.post(REGISTRATIONS, &hooked(&world, "Orders", &provider, &deaf.url)).await;
    refused.is_refused(400, "404");
    assert!(world.store.catalogue().await.unwrap().registrations.is_empty());
    let id = world.register(&hooked(&world, "Orders", &provider, &hook.url)).await;
    let (path, before) = (format!("{REGISTRATIONS}/{id}"), world.stored(&id).await);
    world.put(&path, &hooked(&world, "Renamed", &provider, &deaf.url)).await.is_refused(400, "`/webhook_url`");
    assert_eq!(world.stored(&id).await, before);
    assert_eq!(deaf.asked(), 2);
}

#[tokio::test]
async fn a_webhook_that_does_not_echo_is_pending_and_then_disabled() {
    let world = World::new().await;
    let provider = world.orders().await;
    let hook = Webhook::new(Manner::Ignores).await;
    let made = world.post(REGISTRATIONS, &hooked(&world, "Orders", &provider, &hook.url)).await;
    assert_eq!(made.is(201)["webhook_status"], "pending");
    let id = made.body["registration_id"].as_str().unwrap();
    let path = format!("{REGISTRATIONS}/{id}");
    let first = world.stored(id).await.verification;
    world.patch(&path, &set("/description", json!("x"))).await.is(200);
    assert_eq!(world.stored(id).await.verification, first, "the same address waits on");
    world.clock.advance(Duration::from_mins(6));
    assert_eq!(world.get(&path).await.is(200)["webhook_status"], "disabled");
    let again = world.patch(&path, &set("/enabled", json!(true))).await;
    assert_eq!(again.is(200)["webhook_status"], "pending", "it was asked again");
    assert_ne!(world.stored(id).await.verification, first);
    let action = json!([
        {"op": "remove", "path": "/webhook_url"},
        {"op": "replace", "path": "/runtime_action", "value": "a/b"},
    ]);
    assert_eq!(world.patch(&path, &action).await.is(200)["webhook_status"], "verified");
    assert_eq!(world.stored(id).await.verification, Verification::Verified);
}

#[tokio::test]
async fn a_webhook_may_fetch_its_validation_url_at_once() {
    let world = World::new().await;
    let provider = world.orders().await;
    let url = Webhook::eager(world.service.clone()).await;
    let made = world.post(REGISTRATIONS, &hooked(&world, "Orders", &provider, &url)).await;
    assert_eq!(made.is(201)["webhook_status"], "verified");
    let id = made.body["registration_id"].as_str().unwrap();
    assert_eq!(world.stored(id).await.verification, Verification::Verified);
}

#[tokio::test]
async fn nobody_waits_while_a_webhook_is_asked() {
    // A challenge may take seconds, and a webhook may call us before it answers. Whoever changes something else
    // meanwhile must not wait for it, and what was changed meanwhile must count.
    let world = World::new().await;
    let provider = world.orders().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let draft = hooked(&world, "Orders", &provider, &url);
    let meanwhile = async {
        let (connection, _) = listener.accept().await.unwrap();
        world.register(&world.draft("Orders", &provider)).await;
        drop((connection, listener));
    };
    let (answer, ()) = tokio::join!(world.post(REGISTRATIONS, &draft), meanwhile);
    answer.is_refused(400, "`/webhook_url`");
    let hook = Webhook::new(Manner::Echoes).await;
    world.post(REGISTRATIONS, &hooked(&world, "Orders", &provider, &hook.url)).await.is_refused(409, "`/name`");
    assert_eq!(hook.asked(), 0, "what cannot be made asks nobody");
}
