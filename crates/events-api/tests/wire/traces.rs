use std::time::Duration;

use engine::Clock;
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Activation, Registration, Status, Trace, TracedRequest, TracedResponse};
use uuid::Uuid;

use crate::courier::{HOOK, hook};
use crate::receiver::Receiver;
use crate::world::{CODE, JOURNAL, PROVIDER, World, registration};

async fn traces(world: &World, query: &str) -> Vec<Value> {
    let answer = world.get(&format!("{}{query}", world.traces(HOOK))).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// A world in which the client of all tests has a webhook.
async fn with_hook(answer: StatusCode) -> (World, Receiver) {
    let world = World::new().await;
    let receiver = Receiver::answering(move |_| (answer, [("x-said", "this")], "taken")).await;
    let mut registration = hook(&receiver.url, "webhook");
    registration.client_id.clone_from(&world.credential.client_id);
    world.register(registration).await;
    (world, receiver)
}

fn trace(world: &World, number: u64, status: u16) -> Trace {
    Trace {
        id: Uuid::from_u128(number.into()),
        registration: world.registration(HOOK).id,
        events: Vec::new(),
        at: world.clock.now(),
        duration_ms: number,
        request: TracedRequest {
            method: "POST".to_owned(),
            url: "http://receiver/".to_owned(),
            headers: Vec::new(),
            body: String::new(),
        },
        response: TracedResponse { status, headers: Vec::new(), body: String::new() },
    }
}

#[tokio::test]
async fn a_delivery_is_shown_with_its_request_and_its_answer() {
    let (world, receiver) = with_hook(StatusCode::ACCEPTED).await;
    world.publish("a").await;
    let now = world.clock.now();
    let event = crate::retries::only_event(&world, HOOK).await;
    let parcel = engine::Parcel { registration: world.registration(HOOK).id, attempt: 1, events: vec![event.clone()] };
    let carried = engine::Carrier::carry(&world.service.courier(), &parcel).await;
    world.store.put_trace(carried.trace.unwrap()).await.unwrap();
    let [request] = receiver.take().try_into().unwrap();
    let [mut found] = traces(&world, "").await.try_into().unwrap();
    let response_headers = found["trace"]["tracingResponse"]["responseHeaders"].take();
    assert_eq!(response_headers["x-said"], json!(["this"]));
    let request_headers = found["trace"]["tracingRequest"]["requestHeaders"].take();
    assert_eq!(request_headers["x-adobe-event-code"], json!([CODE]));
    assert_eq!(
        found,
        json!({
            "event": CODE,
            "id": request.header("x-adobe-delivery-id"),
            "date": now.to_string(),
            "clientId": world.credential.client_id,
            "registrationId": HOOK,
            "trace": {
                "tracingRequest": {
                    "requestUrl": receiver.url, "requestMethod": "POST",
                    "contentType": "application/cloudevents+json; charset=UTF-8",
                    "requestBody": request.body, "requestHeaders": null,
                },
                "tracingResponse": {
                    "responseBody": "taken", "responseCode": 202, "responseTime": 0, "responseHeaders": null,
                },
                "ts": now.as_millisecond(), "deliveryTime": now.as_millisecond(),
                "insightsInfo": [{"providerName": "Shop", "eventCode": CODE, "eventIds": [event.id.to_string()]}],
            },
        })
    );
}

#[tokio::test]
async fn the_newest_hundred_are_shown_newest_first_and_by_their_end() {
    let (world, _receiver) = with_hook(StatusCode::OK).await;
    for number in 0..101 {
        world.store.put_trace(trace(&world, number, 200)).await.unwrap();
        world.store.put_trace(trace(&world, 1_000 + number, 500)).await.unwrap();
    }
    let times = |traces: Vec<Value>| -> Vec<u64> {
        traces.iter().map(|entry| entry["trace"]["tracingResponse"]["responseTime"].as_u64().unwrap()).collect()
    };
    let all = times(traces(&world, "").await);
    assert_eq!((all.len(), &all[..4]), (100, &[1_100, 100, 1_099, 99][..]));
    let successes = times(traces(&world, "?status=success").await);
    assert_eq!((successes.len(), successes[0], successes[99]), (100, 100, 1));
    let errors = times(traces(&world, "?status=error").await);
    assert_eq!((errors.len(), errors[0], errors[99]), (100, 1_100, 1_001));
    let wrong = world.get(&format!("{}?status=perhaps", world.traces(HOOK))).send().await.unwrap();
    assert_eq!(wrong.status(), 400);
}

#[tokio::test]
async fn only_the_owner_sees_traces() {
    let (world, _receiver) = with_hook(StatusCode::OK).await;
    let status = async |path: String| world.get(&path).send().await.unwrap().status().as_u16();
    assert_eq!(status(world.traces("0f0f0f0f-0000-4000-8000-000000000000")).await, 404);
    world.register(Registration { name: "other".to_owned(), ..registration(HOOK, "another client") }).await;
    assert_eq!(status(world.traces(HOOK)).await, 403);
    assert_eq!(status(world.traces(JOURNAL)).await, 200);
    let nobody = world.http.get(format!("{}{}", world.url, world.traces(JOURNAL))).send().await.unwrap();
    assert_eq!(nobody.status(), 401);
}

#[tokio::test]
async fn runs_of_an_action_are_shown_as_deliveries() {
    let world = World::new().await;
    let mut registration = registration(HOOK, &world.credential.client_id);
    registration.runtime_action = Some("order/consumer".to_owned());
    registration.delivery_type = "webhook".to_owned();
    world.register(registration).await;
    world.publish("a").await;
    let event = crate::retries::only_event(&world, HOOK).await;
    let begin = world.clock.now();
    world.clock.advance(Duration::from_millis(250));
    let run = |id: u128, attempt: u32, event: Option<Uuid>, result: Value, start: Timestamp| Activation {
        id: Uuid::from_u128(id),
        cause: None,
        action: "order/consumer".to_owned(),
        start,
        end: world.clock.now(),
        status: Status::ApplicationError,
        result: result.to_string(),
        event,
        attempt,
        wait_ms: 0,
        detail: None,
        logs: None,
    };
    let failed = json!({"error": {"statusCode": 503, "body": {"error": "busy"}}});
    let done = json!({"statusCode": 200, "body": {"type": CODE, "response": {"success": true}}});
    world.store.record(run(1, 1, Some(event.id), failed, begin)).await.unwrap();
    world.store.record(run(2, 2, Some(event.id), done.clone(), world.clock.now())).await.unwrap();
    world.store.record(run(3, 0, None, done, world.clock.now())).await.unwrap();
    let all = traces(&world, "").await;
    let codes: Vec<&Value> = all.iter().map(|entry| &entry["trace"]["tracingResponse"]["responseCode"]).collect();
    assert_eq!(codes, [200, 503]);
    let first = &all[1];
    assert_eq!((&first["event"], &first["trace"]["ts"]), (&CODE.into(), &begin.as_millisecond().into()));
    assert_eq!(first["trace"]["tracingResponse"]["responseBody"], r#"{"error":"busy"}"#);
    assert_eq!(first["trace"]["tracingResponse"]["responseTime"], 250);
    assert_eq!(first["trace"]["tracingRequest"]["requestUrl"], "order/consumer");
    let body = first["trace"]["tracingRequest"]["requestBody"].as_str().unwrap();
    assert_eq!(serde_json::from_str::<Value>(body).unwrap()["source"], format!("urn:uuid:{PROVIDER}"));
    assert_eq!(all[0]["trace"]["tracingRequest"]["requestHeaders"]["x-adobe-retry-count"], json!(["1"]));
    assert_eq!(traces(&world, "?status=error").await.len(), 1);
    assert_eq!(traces(&world, "?status=success").await.len(), 1);
}

#[tokio::test]
async fn a_trace_has_no_credentials_and_the_delivery_has_all_of_them() {
    let world = World::new().await;
    let answer = r#"{"taken":1,"session_token":"token-of-the-receiver"}"#;
    let cookie = [("set-cookie", "id=cookie-of-the-receiver"), ("x-said", "this")];
    let receiver = Receiver::answering(move |_| (StatusCode::OK, cookie, answer)).await;
    let url = format!("{}?token=token-in-the-address&shop=1", receiver.url);
    world.register(Registration { client_id: world.credential.client_id.clone(), ..hook(&url, "webhook") }).await;
    world.publish("a").await;
    let event = crate::retries::only_event(&world, HOOK).await;
    let parcel = engine::Parcel { registration: world.registration(HOOK).id, attempt: 1, events: vec![event] };
    let carried = engine::Carrier::carry(&world.service.courier(), &parcel).await;
    let kept = serde_json::to_string(&carried.trace).unwrap();
    world.store.put_trace(carried.trace.unwrap()).await.unwrap();
    let [request] = receiver.take().try_into().unwrap();
    assert_eq!(request.uri.query(), Some("token=token-in-the-address&shop=1"), "what is sent is not changed");
    let signature = request.header("x-adobe-digital-signature-1").unwrap();
    for secret in ["token-in-the-address", "cookie-of-the-receiver", "token-of-the-receiver", signature] {
        assert!(!kept.contains(secret), "`{secret}` is in {kept}");
    }
    let [found] = traces(&world, "").await.try_into().unwrap();
    let (asked, answered) = (&found["trace"]["tracingRequest"], &found["trace"]["tracingResponse"]);
    assert_eq!(asked["requestUrl"], format!("{}?token=[redacted]&shop=1", receiver.url));
    assert_eq!(asked["requestHeaders"]["x-adobe-digital-signature-1"], json!(["[redacted]"]));
    let key = request.header("x-adobe-public-key1-path").unwrap();
    assert_eq!(asked["requestHeaders"]["x-adobe-public-key1-path"], json!([key]), "whose signature it was is told");
    assert_eq!(asked["requestBody"], request.body);
    assert_eq!(answered["responseHeaders"]["set-cookie"], json!(["[redacted]"]));
    assert_eq!(answered["responseBody"], r#"{"taken":1,"session_token":"[redacted]"}"#);
}
