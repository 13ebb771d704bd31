use engine::{Carried, Carrier, Clock, Parcel};
use events_api::Options;
use http::StatusCode;
use sdk::Fate;
use serde_json::Value;
use store::{Registration, StoredEvent};
use uuid::Uuid;

use crate::receiver::{Received, Receiver};
use crate::world::{CODE, IMS_ORGANIZATION, INSTANCE, PROVIDER, World, options, registration};

pub const HOOK: &str = "2f0c6b86-2a3a-4e41-8a0a-0d3a0c9b1c55";
const EVENT: &str = "01a200bf-5507-7193-887c-ac776645718e";

/// The delivered body, down to the byte.
const GOLDEN: &str = concat!(
    r#"{"specversion":"1.0","id":"o-1","source":"urn:uuid:4b7e29d4-0a53-4d3c-a4a7-3f2f6e1a9c55","#,
    r#""type":"com.acme.order.created","datacontenttype":"application/json","time":"2025-12-31T23:00:00+02:00","#,
    r#""eventid":"01a200bf-5507-7193-887c-ac776645718e","recipientclientid":"client-1","#,
    r#""event_id":"01a200bf-5507-7193-887c-ac776645718e","recipient_client_id":"client-1","#,
    r#""phidata":true,"tenant":"eu \"1\"","data":{"price": 1.50,"name":"Gr\u00f6\u00dfe"}}"#,
);

pub fn hook(url: &str, delivery_type: &str) -> Registration {
    Registration {
        delivery_type: delivery_type.to_owned(),
        webhook_url: Some(url.to_owned()),
        ..registration(HOOK, "client-1")
    }
}

fn stored(world: &World, id: &str) -> StoredEvent {
    StoredEvent {
        number: 1,
        id: EVENT.parse().unwrap(),
        provider_id: PROVIDER.into(),
        code: CODE.into(),
        publisher: "".into(),
        uid: None,
        at: world.clock.now(),
        body: r#"{"price": 1.50,"name":"Gr\u00f6\u00dfe"}"#.into(),
        given_id: Some(id.into()),
        attributes: Some(r#"{"time":"2025-12-31T23:00:00+02:00","tenant":"eu \"1\"","phidata":true}"#.into()),
    }
}

/// Hands these events to the courier, for the hook.
pub async fn carry(world: &World, attempt: u32, ids: &[&str]) -> Carried {
    let events = ids.iter().map(|id| stored(world, id)).collect();
    let number = world.registration(HOOK).id;
    world.service.courier().carry(&Parcel { registration: number, attempt, events }).await
}

async fn delivered(options: Options, delivery_type: &str, attempt: u32, ids: &[&str]) -> (Received, Carried) {
    let world = World::with(options).await;
    let receiver = Receiver::answering(|_| StatusCode::NO_CONTENT).await;
    world.register(hook(&receiver.url, delivery_type)).await;
    let carried = carry(&world, attempt, ids).await;
    assert_eq!((&carried.fate, carried.status, carried.reason.as_deref()), (&Fate::Done, 204, None));
    let [request] = receiver.take().try_into().unwrap();
    (request, carried)
}

#[tokio::test]
async fn a_delivery_has_the_body_and_headers_of_the_contract() {
    let (request, carried) = delivered(options(), "webhook", 1, &["o-1"]).await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.uri.path(), "/hook");
    assert_eq!(request.body, GOLDEN);
    let provider = format!("3rd_party_custom_events_{IMS_ORGANIZATION}_{INSTANCE}");
    for (name, expected) in [
        ("content-type", "application/cloudevents+json; charset=UTF-8"),
        ("user-agent", "Adobe/1.0"),
        ("accept-encoding", "deflate,compress,identity"),
        ("x-adobe-event-id", EVENT),
        ("x-adobe-event-code", CODE),
        ("x-adobe-provider", &provider),
    ] {
        assert_eq!(request.header(name), Some(expected), "{name}");
    }
    assert_eq!(request.header("x-adobe-retry-count"), None);
    let trace = carried.trace.unwrap();
    assert_eq!(request.header("x-adobe-delivery-id").unwrap(), trace.id.to_string());
    assert!(Uuid::parse_str(request.header("x-request-id").unwrap()).is_ok());
    assert_eq!(trace.events, [EVENT.parse::<Uuid>().unwrap()]);
    assert_eq!((trace.request.body.as_str(), trace.response.status), (GOLDEN, 204));
}

#[tokio::test]
async fn deprecated_members_can_be_left_out_and_time_is_filled_in() {
    let options = Options { sends_deprecated_members: false, ..options() };
    let world = World::with(options).await;
    let receiver = Receiver::answering(|_| "").await;
    world.register(hook(&receiver.url, "webhook")).await;
    let event = StoredEvent { attributes: None, given_id: None, ..stored(&world, "") };
    let parcel = Parcel { registration: world.registration(HOOK).id, attempt: 1, events: vec![event] };
    world.service.courier().carry(&parcel).await;
    let body: Value = serde_json::from_str(&receiver.take()[0].body).unwrap();
    assert_eq!(body["time"], world.clock.now().to_string());
    assert_eq!((&body["id"], &body["eventid"]), (&EVENT.into(), &EVENT.into()));
    assert_eq!(body["recipientclientid"], "client-1");
    assert!(body.get("event_id").is_none() && body.get("recipient_client_id").is_none());
}

#[tokio::test]
async fn a_delivery_goes_on_in_the_trace_of_its_event() {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let world = World::new().await;
    let receiver = Receiver::answering(|_| "").await;
    world.register(hook(&receiver.url, "webhook")).await;
    let traced = format!(r#"{{"traceparent":"{PARENT}","tracestate":"a=1"}}"#);
    let event = StoredEvent { attributes: Some(traced.into()), ..stored(&world, "o-1") };
    let parcel = Parcel { registration: world.registration(HOOK).id, attempt: 1, events: vec![event] };
    let carried = world.service.courier().carry(&parcel).await;
    let [request] = receiver.take().try_into().unwrap();
    assert_eq!((request.header("traceparent"), request.header("tracestate")), (Some(PARENT), Some("a=1")));
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!((&body["traceparent"], &body["tracestate"]), (&PARENT.into(), &"a=1".into()));
    let told = ("traceparent".to_owned(), PARENT.to_owned());
    assert!(carried.trace.unwrap().request.headers.contains(&told));
    // The events of a batch come from different traces.
    world.register(hook(&receiver.url, "webhook_batch")).await;
    world.service.courier().carry(&parcel).await;
    assert_eq!(receiver.take()[0].header("traceparent"), None);
}

#[tokio::test]
async fn later_attempts_say_how_many_came_before() {
    let (first, _) = delivered(options(), "webhook", 2, &["o-1"]).await;
    let (second, _) = delivered(options(), "webhook", 3, &["o-1"]).await;
    assert_eq!(first.header("x-adobe-retry-count"), Some("1"));
    assert_eq!(second.header("x-adobe-retry-count"), Some("2"));
    assert_ne!(first.header("x-adobe-delivery-id"), second.header("x-adobe-delivery-id"));
    assert_eq!(first.header("x-adobe-event-id"), second.header("x-adobe-event-id"));
}

#[tokio::test]
async fn a_batch_is_an_array_without_the_headers_of_one_event() {
    let (request, _) = delivered(options(), "webhook_batch", 1, &["o-1", "o-2"]).await;
    assert_eq!(request.header("content-type"), Some("application/cloudevents-batch+json; charset=UTF-8"));
    assert_eq!(request.body, format!("[{GOLDEN},{}]", GOLDEN.replace("o-1", "o-2")));
    for name in ["x-adobe-event-id", "x-adobe-event-code", "x-adobe-provider"] {
        assert_eq!(request.header(name), None, "{name}");
    }
    let (one, _) = delivered(options(), "webhook_batch", 1, &["o-1"]).await;
    assert_eq!(one.body, format!("[{GOLDEN}]"));
}

#[tokio::test]
async fn the_status_of_the_answer_decides() {
    let world = World::new().await;
    let receiver = Receiver::answering(|request| {
        let status: u16 = request.uri.query().unwrap().parse().unwrap();
        (StatusCode::from_u16(status).unwrap(), [("location", "/elsewhere"), ("retry-after", "1")], "said")
    })
    .await;
    let check = async |status: u16, fate: Fate| {
        world.register(hook(&format!("{}?{status}", receiver.url), "webhook")).await;
        let carried = carry(&world, 1, &["o-1"]).await;
        let reason = (!fate.is_success()).then(|| format!("the webhook answered {status}"));
        assert_eq!((carried.fate, carried.status, carried.reason), (fate, status, reason));
        assert_eq!(carried.trace.unwrap().response.body, if status == 204 || status == 304 { "" } else { "said" });
        assert_eq!(receiver.take().len(), 1, "no redirect is followed");
    };
    for status in [200, 201, 202, 204, 299] {
        check(status, Fate::Done).await;
    }
    for status in [429, 500, 502, 503, 504, 506, 599] {
        check(status, Fate::Retry { after: None }).await;
    }
    for status in [300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 408, 410, 418, 422, 505, 600, 999] {
        check(status, Fate::Refused).await;
    }
}

#[tokio::test]
async fn of_a_long_answer_only_the_beginning_is_read() {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| "x".repeat(10 * 1024 * 1024)).await;
    world.register(hook(&receiver.url, "webhook")).await;
    let carried = carry(&world, 1, &["o-1"]).await;
    assert_eq!(carried.fate, Fate::Done);
    assert_eq!(carried.trace.unwrap().response.body.len(), 64 * 1024);
}

#[tokio::test]
async fn secrets_between_receiver_and_sender_are_in_no_trace() {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| [("set-cookie", "session=s3cret"), ("x-other", "kept")]).await;
    let url = receiver.url.replace("http://", "http://user:s3cret@");
    world.register(hook(&url, "webhook")).await;
    let trace = carry(&world, 1, &["o-1"]).await.trace.unwrap();
    let text = serde_json::to_string(&trace).unwrap();
    assert!(!text.contains("s3cret") && text.contains("kept"), "{text}");
    assert_eq!(receiver.take()[0].header("authorization"), Some("Basic dXNlcjpzM2NyZXQ="));
}

#[tokio::test]
async fn deliveries_of_a_registration_that_is_gone_wait_for_a_person() {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| "").await;
    world.register(hook(&receiver.url, "webhook")).await;
    let number = world.registration(HOOK).id;
    world.store.delete_registration(HOOK).await.unwrap();
    world.reload().await;
    let parcel = Parcel { registration: number, attempt: 1, events: vec![stored(&world, "o-1")] };
    let carried = world.service.courier().carry(&parcel).await;
    assert_eq!((carried.fate, carried.status), (Fate::Parked, 404));
    assert_eq!(carried.reason.as_deref(), Some("the registration of this delivery is gone"));
    assert!(carried.trace.is_none() && receiver.take().is_empty());
    let journal = world.registration(crate::world::JOURNAL).id;
    let parcel = Parcel { registration: journal, attempt: 1, events: vec![stored(&world, "o-1")] };
    let carried = world.service.courier().carry(&parcel).await;
    assert_eq!(carried.reason.as_deref(), Some("the registration has no webhook any more"));
}
