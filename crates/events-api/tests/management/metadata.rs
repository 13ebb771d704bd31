use serde_json::{Value, json};

use crate::world::{BASE, WORKSPACE, World};

/// `{"a":1}`
const SAMPLE: &str = "eyJhIjoxfQ==";

fn events(provider: &str) -> String {
    format!("{WORKSPACE}/providers/{provider}/eventmetadata")
}

#[tokio::test]
async fn an_event_looks_as_the_contract_says() {
    let world = World::new().await;
    let id = world.provider("Orders").await;
    let body = json!({"event_code": "com.x.y_z-1", "label": "L", "description": "D", "sample_event_template": SAMPLE});
    let made = world.post(&events(&id), &body).await;
    let place = format!("{BASE}/events/providers/{id}/eventmetadata/com.x.y_z-1");
    let sample = json!({
        "format": "cloud_events",
        "sample_payload": "{\"a\":1}",
        "_links": {"self": {"href": format!("{place}/sample_event")}},
    });
    let expected = json!({
        "event_code": "com.x.y_z-1", "label": "L", "description": "D",
        "_embedded": {"sample_event": sample},
        "_links": {
            "rel:sample_event": {"href": format!("{place}/sample_event")},
            "rel:update": {"href": format!("{BASE}{}/com.x.y_z-1", events(&id))},
            "self": {"href": place},
        },
    });
    assert_eq!(made.is(201), &expected);
    let list = world.get(&format!("/events/providers/{id}/eventmetadata")).await;
    let whole = json!({
        "_links": {"self": {"href": format!("{BASE}/events/providers/{id}/eventmetadata")}},
        "_embedded": {"eventmetadata": [expected]},
    });
    assert_eq!(list.is(200), &whole);
    let sampled = world.get(&format!("/events/providers/{id}/eventmetadata/com.x.y_z-1/sample_event")).await;
    assert_eq!(sampled.is(200), &sample);
}

#[tokio::test]
async fn every_field_has_its_rule() {
    let world = World::new().await;
    let id = world.provider("Orders").await;
    let long = "x".repeat(256);
    let with = |name: &str, value: Value| {
        let mut body = json!({"event_code": "a", "label": "L", "description": "D"});
        body[name] = value;
        body
    };
    for (body, because) in [
        (json!({}), "`/event_code` is required; `/label` is required; `/description` is required"),
        (with("event_code", json!("")), "`/event_code` must have 1 to 255"),
        (with("event_code", json!(long)), "`/event_code` must have 1 to 255"),
        (with("event_code", json!("a b")), "`/event_code` may have only"),
        (with("event_code", json!("ä")), "`/event_code` may have only"),
        (with("label", json!("")), "`/label` must have 1 to 255"),
        (with("label", json!(long)), "`/label` must have 1 to 255"),
        (with("description", json!("")), "`/description` must have 1 to 255"),
        (with("description", json!(long)), "`/description` must have 1 to 255"),
        (with("sample_event_template", json!("a_b-")), "`/sample_event_template` must be standard base64"),
        (with("sample_event_template", json!("eyJhIjoxfQ")), "`/sample_event_template` must be standard base64"),
        (with("sample_event_template", json!("e30x")), "`/sample_event_template` must be the base64 of strict JSON"),
        (
            with("sample_event_template", json!("/////w==")),
            "`/sample_event_template` must be the base64 of strict JSON",
        ),
        (with("sample_event_template", json!({"a": 1})), "`/sample_event_template` must be a string"),
        (with("sample_event_template", json!("A".repeat(87_383))), "`/sample_event_template` must have"),
    ] {
        world.post(&events(&id), &body).await.is_refused(400, because);
    }
    world.post(&events("unknown"), &with("label", json!("x"))).await.is_refused(404, "no provider");
    world.post(&events(&id), &with("sample_event_template", json!(""))).await.is(201);
}

#[tokio::test]
async fn an_event_code_is_there_once_and_cannot_be_changed() {
    let world = World::new().await;
    let (id, other) = (world.orders().await, world.provider("Other").await);
    let body = json!({"event_code": "order.created", "label": "L", "description": "D"});
    let refused = world.post(&events(&id), &body).await;
    refused.is_refused(409, "`/event_code`");
    assert_eq!(refused.header("x-conflicting-id"), Some("order.created"));
    world.post(&events(&other), &body).await.is(201);
    let path = format!("{}/order.created", events(&id));
    let renamed = json!({"event_code": "other", "label": "L", "description": "D"});
    world.put(&path, &renamed).await.is_refused(400, "`/event_code`");
    let operations = json!([{"op": "replace", "path": "/event_code", "value": "other"}]);
    world.patch(&path, &operations).await.is_refused(400, "`/event_code`");
    world.put(&format!("{}/unknown", events(&id)), &renamed).await.is_refused(404, "no event");
    world.get(&format!("/events/providers/{id}/eventmetadata/unknown")).await.is_refused(404, "no event");
    world.get("/events/providers/unknown/eventmetadata").await.is_refused(404, "no provider");
}

#[tokio::test]
async fn updates_change_label_description_and_sample() {
    let world = World::new().await;
    let id = world.orders().await;
    let path = format!("{}/order.created", events(&id));
    let operations = json!([{"op": "add", "path": "/sample_event_template", "value": SAMPLE}]);
    let patched = world.patch(&path, &operations).await;
    assert_eq!(patched.is(200)["_embedded"]["sample_event"]["sample_payload"], "{\"a\":1}");
    world.patch(&path, &operations).await.is(204);
    let test = json!([{"op": "test", "path": "/sample_event_template", "value": SAMPLE}]);
    world.patch(&path, &test).await.is(204);
    let body = json!({"event_code": "order.created", "label": "L", "description": "D"});
    let put = world.put(&path, &body).await;
    assert_eq!((&put.is(200)["label"], put.body.get("_embedded")), (&json!("L"), None));
    world.patch(&path, &json!([{"op": "replace", "path": "/id", "value": "x"}])).await.is_refused(400, "`/0/path`");
}

#[tokio::test]
async fn events_are_deleted_one_by_one_or_all() {
    let world = World::new().await;
    let id = world.orders().await;
    world.event(&id, "order.updated").await;
    world.event(&id, "order.deleted").await;
    world.delete(&format!("{}/order.created", events(&id))).await.is(204);
    world.delete(&format!("{}/order.created", events(&id))).await.is_refused(404, "no event");
    assert_eq!(world.store.catalogue().await.unwrap().metadata.len(), 2);
    world.delete(&events(&id)).await.is(204);
    world.delete(&events(&id)).await.is(204);
    assert_eq!(world.store.catalogue().await.unwrap().metadata.len(), 0);
    world.delete(&events("unknown")).await.is_refused(404, "no provider");
}
