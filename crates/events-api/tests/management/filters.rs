use std::time::Duration;

use serde_json::{Value, json};

use crate::world::{REGISTRATIONS, WORKSPACE, World};

fn filter(name: &str, pattern: &Value) -> Value {
    json!({"name": name, "description": "D", "subscriber_filter": pattern.to_string()})
}

#[tokio::test]
async fn a_registration_has_one_filter_at_the_most() {
    let world = World::new().await;
    let provider = world.orders().await;
    let id = world.register(&world.draft("Orders", &provider)).await;
    let path = format!("{REGISTRATIONS}/{id}/filters");
    assert_eq!(world.get(&path).await.is(200), &json!([]));
    let made = world.post(&path, &filter("Prices", &json!({"data": {"price": [1]}}))).await;
    let uuid = made.is(201)["id"].as_str().unwrap();
    let expected = json!({
        "id": uuid, "name": "Prices", "description": "D", "subscriber_filter": "{\"data\":{\"price\":[1]}}",
    });
    assert_eq!(made.body, expected);
    assert_eq!(world.get(&path).await.is(200), &json!([expected]));
    assert_eq!(world.get(&format!("{REGISTRATIONS}/{id}")).await.is(200)["subscriber_filters"], json!([expected]));
    let refused = world.post(&path, &filter("Other", &json!({"type": ["a"]}))).await;
    refused.is_refused(409, "one filter");
    assert_eq!(refused.header("x-conflicting-id"), Some(uuid));
    world.clock.advance(Duration::from_secs(1));
    let changed = world.put(&format!("{path}/{uuid}"), &filter("Other", &json!({"type": ["a"]}))).await;
    assert_eq!((&changed.is(200)["id"], &changed.body["name"]), (&json!(uuid), &json!("Other")));
    let registration = world.get(&format!("{REGISTRATIONS}/{id}")).await;
    assert_eq!(registration.is(200)["updated_date"], "2026-01-01T00:00:01.000Z");
    world.delete(&format!("{path}/{uuid}")).await.is(204);
    world.delete(&format!("{path}/{uuid}")).await.is_refused(404, "no filter");
    world.get(&format!("{path}/{uuid}")).await.is_refused(404, "no filter");
    world.put(&format!("{path}/{uuid}"), &filter("Other", &json!({"type": ["a"]}))).await.is_refused(404, "no filter");
    world.get(&format!("{REGISTRATIONS}/unknown/filters")).await.is_refused(404, "no registration");
}

#[tokio::test]
async fn filters_are_read_before_they_are_kept() {
    let world = World::new().await;
    let provider = world.orders().await;
    let id = world.register(&world.draft("Orders", &provider)).await;
    let path = format!("{REGISTRATIONS}/{id}/filters");
    for (body, because) in [
        (json!({}), "`/name` is required; `/subscriber_filter` is required"),
        (json!([]), "must be an object"),
        (filter("ab", &json!({"type": ["a"]})), "`/name` must have 3 to 80"),
        (filter("abc", &json!({"type": [{"unknown": 1}]})), "`/subscriber_filter` is no filter: `/type/0"),
        (filter("abc", &json!({})), "`/subscriber_filter` is no filter"),
        (json!({"name": "abc", "subscriber_filter": {"type": ["a"]}}), "`/subscriber_filter` must be a string"),
    ] {
        world.post(&path, &body).await.is_refused(400, because);
    }
    assert_eq!(world.get(&path).await.is(200), &json!([]));
}

#[tokio::test]
async fn a_filter_can_be_tried_before_it_is_used() {
    let world = World::new().await;
    let provider = world.orders().await;
    let id = world.register(&world.draft("Orders", &provider)).await;
    let path = format!("{REGISTRATIONS}/{id}/filter/validate");
    let prices = filter("Prices", &json!({"data": {"price": [{"numeric": [">", 5]}]}}));
    let body = json!({
        "subscriber_filter": prices,
        "custom_sample_events": [
            {"name": "dear", "sample_payload": "{\"data\":{\"price\":7}}"},
            {"name": "cheap", "sample_payload": {"data": {"price": 3}}},
            {"name": "none", "sample_payload": "[]"},
        ],
    });
    let expected = json!({"valid": true, "results": [
        {"name": "dear", "matched": true}, {"name": "cheap", "matched": false}, {"name": "none", "matched": false},
    ]});
    assert_eq!(world.post(&path, &body).await.is(200), &expected);
    assert_eq!(world.post(&path, &json!({"subscriber_filter": prices})).await.is(200)["results"], json!([]));
    let template = json!([{"op": "add", "path": "/sample_event_template", "value": "eyJwcmljZSI6OX0="}]);
    world.patch(&format!("{WORKSPACE}/providers/{provider}/eventmetadata/order.created"), &template).await.is(200);
    let sampled = world.post(&path, &json!({"subscriber_filter": prices})).await;
    assert_eq!(sampled.is(200)["results"], json!([{"name": "order.created", "matched": true}]));
    let broken = world.post(&path, &json!({"subscriber_filter": filter("abc", &json!({"type": "a"}))})).await;
    assert_eq!((&broken.is(200)["valid"], &broken.body["results"]), (&json!(false), &json!([])));
    assert!(broken.body["message"].as_str().unwrap().contains("`/type`"));
    assert_eq!(world.get(&format!("{REGISTRATIONS}/{id}/filters")).await.is(200), &json!([]), "nothing is kept");
}

#[tokio::test]
async fn trials_have_rules_too() {
    let world = World::new().await;
    let provider = world.orders().await;
    let id = world.register(&world.draft("Orders", &provider)).await;
    let path = format!("{REGISTRATIONS}/{id}/filter/validate");
    let good = filter("abc", &json!({"type": ["a"]}));
    let tried = |samples: Value| json!({"subscriber_filter": good, "custom_sample_events": samples});
    for (body, because) in [
        (json!({}), "`/subscriber_filter` is required"),
        (json!({"subscriber_filter": {"name": "abc"}}), "`/subscriber_filter/subscriber_filter` is required"),
        (tried(json!({})), "`/custom_sample_events` must be an array"),
        (tried(json!([{"sample_payload": "{}"}])), "`/custom_sample_events/0/name` is required"),
        (tried(json!([{"name": "a"}])), "`/custom_sample_events/0/sample_payload` is required"),
        (tried(json!([{"name": "a", "sample_payload": "{"}])), "`/custom_sample_events/0/sample_payload` must hold"),
        (tried(json!(vec![json!({"name": "a", "sample_payload": "{}"}); 101])), "at most 100"),
    ] {
        world.post(&path, &body).await.is_refused(400, because);
    }
    world
        .post(&format!("{REGISTRATIONS}/x/filter/validate"), &tried(json!([])))
        .await
        .is_refused(404, "no registration");
}
