use engine::Clock;
use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};

use crate::world::{CODE, PROVIDER, UNWANTED, World, event, options, registration};

async fn message(answer: Response) -> String {
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    let reason = format!("{}. Request id: {id}.", answer.status().canonical_reason().unwrap());
    let body: Value = answer.json().await.unwrap();
    assert_eq!(body["reason"], reason);
    body["message"].as_str().unwrap().to_owned()
}

async fn refused(request: RequestBuilder, status: u16, text: &str) {
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), status, "{text}");
    let message = message(answer).await;
    assert!(message.contains(text), "`{message}` does not say `{text}`");
}

/// What the journal has, without positions.
async fn journal(world: &World) -> Vec<Value> {
    let answer = world.get(&world.journal()).send().await.unwrap();
    if answer.status() == 204 {
        return Vec::new();
    }
    let mut page: Value = answer.json().await.unwrap();
    page["events"].as_array_mut().unwrap().iter_mut().map(|entry| entry["event"].take()).collect()
}

#[tokio::test]
async fn an_event_is_taken_when_somebody_is_there_for_it() {
    let world = World::new().await;
    let answer = world.publication(event("a").to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    assert!(answer.headers().contains_key("x-request-id"));
    assert_eq!(answer.text().await.unwrap(), "OK");
    let mut unwanted = event("b");
    unwanted["type"] = UNWANTED.into();
    let answer = world.publication(unwanted.to_string()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (204, ""));
    assert_eq!(journal(&world).await.len(), 1);
}

#[tokio::test]
async fn an_event_keeps_the_trace_of_its_publication() {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let world = World::new().await;
    for (id, traceparent) in [("a", PARENT), ("b", "nonsense")] {
        let request = world.publication(event(id).to_string()).header("traceparent", traceparent);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
    let journal = journal(&world).await;
    assert_eq!(journal[0]["traceparent"], PARENT);
    assert_eq!(journal[1].get("traceparent"), None);
}

#[tokio::test]
async fn a_registration_that_is_switched_off_keeps_its_journal_but_is_not_there() {
    let world = World::new().await;
    let mut off = world.registration(crate::world::JOURNAL);
    off.enabled = false;
    world.register(off).await;
    let answer = world.publication(event("a").to_string()).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(journal(&world).await.len(), 1);
}

#[tokio::test]
async fn an_event_that_comes_again_is_stored_once_and_one_that_differs_is_refused() {
    let world = World::new().await;
    world.publish("a").await;
    world.publish("a").await;
    assert_eq!(journal(&world).await.len(), 1);
    let mut other = event("a");
    other["data"] = json!(5);
    refused(world.publication(other.to_string()), 409, "another event with this `source` and `id`").await;
    assert_eq!(journal(&world).await[0]["data"], json!({"order": "a"}));
}

#[tokio::test]
async fn every_wrong_attribute_is_named() {
    let world = World::new().await;
    let check = async |change: fn(&mut Value), text: &str| {
        let mut document = event("a");
        change(&mut document);
        refused(world.publication(document.to_string()), 400, text).await;
    };
    check(|event| event["specversion"] = "0.3".into(), "`/specversion` must be `1.0`").await;
    check(|event| event["id"] = "".into(), "`/id` must not be empty").await;
    check(|event| event["id"] = 5.into(), "`/id` must be a string").await;
    check(|event| drop(event.as_object_mut().unwrap().remove("source")), "`/source` is required").await;
    check(|event| drop(event.as_object_mut().unwrap().remove("type")), "`/type` is required").await;
    check(|event| event["datacontenttype"] = "text/xml".into(), "`/datacontenttype` must be").await;
    check(|event| event["time"] = "yesterday".into(), "`/time` must be a time").await;
    check(|event| event["data_base64"] = "AA==".into(), "`/data_base64` is not taken").await;
    check(|event| event["tenant"] = json!({}), "`/tenant` must be a string").await;
    check(|event| event["Tenant"] = "eu".into(), "`/Tenant` is no attribute name").await;
    check(|event| event["source"] = "urn:uuid:unknown".into(), "`/source` must be `urn:uuid:` and the id of").await;
    check(|event| event["source"] = "/shop".into(), "`/source` must be `urn:uuid:` and the id of").await;
    refused(world.publication("[]"), 400, "must be an object").await;
    refused(world.publication("{"), 400, "the body is no JSON").await;
    refused(world.publication(r#"{"id":"a","id":"b"}"#), 400, "used twice").await;
    refused(world.publication(""), 400, "the body is no JSON").await;
    assert!(journal(&world).await.is_empty());
}

#[tokio::test]
async fn any_json_is_data_and_missing_attributes_are_filled_in() {
    let world = World::new().await;
    for (place, data) in
        [json!([1, 2]), json!("text"), json!(7), json!(null), json!({"a": {"b": 1.50}})].iter().enumerate()
    {
        let document = json!({
            "id": place.to_string(), "source": format!("urn:uuid:{PROVIDER}"), "type": CODE, "data": data,
        });
        let answer = world.publication(document.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let found = journal(&world).await.pop().unwrap();
        assert_eq!(&found["data"], data);
        assert_eq!(found["specversion"], "1.0");
        assert_eq!(found["datacontenttype"], "application/json");
        assert_eq!(found["time"], world.clock.now().to_string());
    }
}

#[tokio::test]
async fn time_and_extensions_are_kept_as_they_came() {
    let world = World::new().await;
    let mut document = event("a");
    document["time"] = "2025-12-31T23:00:00+02:00".into();
    document["tenant"] = "eu1".into();
    document["eventid"] = "somebody else's".into();
    let request = world.publication(document.to_string()).header("x-event-phidata", "true");
    assert_eq!(request.send().await.unwrap().status(), 200);
    let found = journal(&world).await.pop().unwrap();
    assert_eq!((&found["time"], &found["tenant"]), (&"2025-12-31T23:00:00+02:00".into(), &"eu1".into()));
    assert_eq!(found["phidata"], true);
    assert_ne!(found["eventid"], "somebody else's");
    let request = world.publication(event("b").to_string()).header("x-event-phidata", "perhaps");
    refused(request, 400, "the header `x-event-phidata` must be").await;
}

#[tokio::test]
async fn content_types_say_how_the_body_is_read() {
    let world = World::new().await;
    let publish =
        |kind: &'static str| world.signed(world.post("/")).header("content-type", kind).body(event("a").to_string());
    for kind in ["application/cloudevents+json; charset=UTF-8", "Application/CloudEvents+JSON;charset=utf-8"] {
        assert_eq!(publish(kind).send().await.unwrap().status(), 200, "{kind}");
    }
    refused(publish("application/cloudevents-batch+json"), 415, "batches are not taken; send each event").await;
    for kind in ["text/plain", "application/xml", "application/cloudevents+avro", ""] {
        refused(publish(kind), 415, "the content type must be `application/cloudevents+json`").await;
    }
    refused(world.signed(world.post("/")), 415, "the content type must be").await;
}

#[tokio::test]
async fn raw_data_has_its_attributes_in_headers() {
    let world = World::new().await;
    let raw = || world.signed(world.post("/")).header("content-type", "application/json").body(r#"{"sku": "A"}"#);
    refused(raw(), 400, "the header `x-adobe-event-provider-id` is required").await;
    let with_provider = || raw().header("x-adobe-event-provider-id", PROVIDER);
    refused(with_provider(), 400, "the header `x-adobe-event-code` is required").await;
    let with_code = || with_provider().header("x-adobe-event-code", CODE);
    refused(with_code().header("x-event-phidata", "true"), 400, "the header `x-event-id` is required").await;
    refused(with_code().header("x-event-id", "x".repeat(513)), 400, "the header `x-event-id` must have").await;
    refused(with_provider().header("x-adobe-event-code", ""), 400, "the header `x-adobe-event-code` must").await;
    for _ in 0..2 {
        assert_eq!(with_code().header("x-event-id", "r-1").send().await.unwrap().status(), 200);
    }
    assert_eq!(with_code().send().await.unwrap().status(), 200);
    let found = journal(&world).await;
    assert_eq!(found.len(), 2);
    assert_eq!((&found[0]["id"], &found[0]["data"]), (&"r-1".into(), &json!({"sku": "A"})));
    let unknown = raw().header("x-adobe-event-provider-id", "x").header("x-adobe-event-code", CODE);
    refused(unknown, 400, "`/source` must be").await;
}

#[tokio::test]
async fn whoever_accepts_only_hal_gets_nothing() {
    let world = World::new().await;
    let publish = |accept: &'static str| world.publication(event("a").to_string()).header("accept", accept);
    refused(publish("application/hal+json"), 406, "accept `application/json`").await;
    for accept in ["application/json", "*/*", "application/hal+json, application/json"] {
        assert_eq!(publish(accept).send().await.unwrap().status(), 200, "{accept}");
    }
}

#[tokio::test]
async fn nobody_publishes_without_token_and_key() {
    let world = World::new().await;
    let publish =
        || world.post("/").header("content-type", "application/cloudevents+json").body(event("a").to_string());
    refused(publish(), 401, "the token is missing").await;
    refused(publish().bearer_auth("x"), 401, "the token is malformed or expired").await;
    let wrong = publish().bearer_auth(world.token()).header("x-api-key", "other").send().await.unwrap();
    assert_eq!(wrong.status(), 403);
    assert!(wrong.headers().contains_key("x-request-id"));
    let body: Value = wrong.json().await.unwrap();
    assert_eq!(body, json!({"error_code": "403003", "message": "Api Key is invalid"}));
    let missing = publish().bearer_auth(world.token()).send().await.unwrap();
    assert_eq!(missing.status(), 403);
    assert!(journal(&world).await.is_empty());
    let get = world.get("/").send().await.unwrap();
    assert_eq!(get.status(), 405);
}

#[tokio::test]
async fn an_event_may_have_one_mebibyte() {
    let world = World::new().await;
    let sized = |bytes: usize| {
        let mut document = event("a");
        document["data"] = "".into();
        let room = bytes - document.to_string().len();
        document["data"] = "x".repeat(room).into();
        document.to_string()
    };
    refused(world.publication(sized(1024 * 1024 + 1)), 413, "larger than 1048576 bytes").await;
    let chunks = futures_util::stream::iter(
        sized(1024 * 1024 + 1)
            .into_bytes()
            .chunks(64 * 1024)
            .map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()))
            .collect::<Vec<_>>(),
    );
    let unannounced = world.publication("").body(reqwest::Body::wrap_stream(chunks));
    refused(unannounced, 413, "larger than 1048576 bytes").await;
    assert_eq!(world.publication(sized(1024 * 1024)).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_store_that_takes_nothing_is_told_with_a_time_to_come_again() {
    let full = World::with_room(options(), 1).await;
    let answer = full.publication(event("a").to_string()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "60"));
    assert_eq!(message(answer).await, "the event cannot be stored now");
    let closed = World::new().await;
    closed.publish("a").await;
    closed.store.close().await;
    let answer = closed.publication(event("b").to_string()).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.headers()["retry-after"].to_str().unwrap()), (503, "5"));
}

#[tokio::test]
async fn any_client_of_the_organisation_publishes_for_any_provider() {
    let world = World::new().await;
    world.register(registration("2f0c6b86-2a3a-4e41-8a0a-0d3a0c9b1c55", "another client")).await;
    world.publish("a").await;
    assert_eq!(journal(&world).await.len(), 1);
}
