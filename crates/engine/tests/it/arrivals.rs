//! CloudEvents from the wire: who gets them, and which are the same.

use std::time::Duration;

use engine::{ArrivalError, Arrived, Clock};
use jiff::Timestamp;
use sdk::Fate;
use serde_json::{Value, json};
use store::{Registration, State, StoredEvent, Verification};
use testkit::FakeCarrier;

use crate::service::{
    CHANGED, CUSTOM, Service, Setup, cloud_event, filtered, handled, journaled, parse, registration, seen_by, sent,
};
use crate::text::product;

async fn service(registrations: Vec<Registration>) -> Service {
    Service::with(Setup { registrations, ..Setup::default() }).await
}

fn thing(id: &str) -> Value {
    cloud_event(CUSTOM, id, &json!({"sku": "A"}))
}

fn of(source: &str, event: Value) -> Value {
    let mut event = event;
    event["source"] = source.into();
    event
}

#[tokio::test]
async fn an_event_of_an_unknown_provider_is_refused() {
    let service = service(vec![seen_by(registration("Seen", &[CUSTOM]))]).await;
    for source in ["urn:uuid:x", "p", "urn:uuid:", "https://example.com", "urn:uuid:P"] {
        match service.publish(&of(source, thing("1"))).await {
            Err(ArrivalError::Invalid(faults)) => {
                assert_eq!(faults.len(), 1);
                assert_eq!(faults[0].path, "/source", "{source}");
            }
            other => panic!("{source} is refused, not {other:?}"),
        }
    }
    assert_eq!(service.store.offered(), 0);
}

#[tokio::test]
async fn an_event_that_nobody_registered_for_is_not_stored() {
    let service = service(vec![seen_by(registration("Seen", &[CUSTOM]))]).await;
    let unwanted = [of("urn:uuid:q", thing("1")), cloud_event("other.thing", "1", &json!(1))];
    for event in unwanted {
        assert_eq!(service.publish(&event).await.unwrap(), Arrived::Unwanted, "{event}");
    }
    assert_eq!(service.store.offered(), 0);
}

#[tokio::test]
async fn the_journal_of_a_registration_that_is_off_or_unproven_keeps_the_event() {
    let until = Timestamp::MAX;
    let pending = Verification::Pending { id: "i".to_owned(), challenge: "c".to_owned(), until };
    let off = Registration { enabled: false, ..sent(registration("R", &[CUSTOM]), "webhook") };
    let unproven = Registration { verification: pending, ..sent(registration("R", &[CUSTOM]), "webhook") };
    for one in [off, unproven] {
        let carrier = FakeCarrier::new();
        let setup = Setup { registrations: vec![one], webhook: Some(carrier.clone()), ..Setup::default() };
        let service = Service::with(setup).await;
        for _ in 0..2 {
            assert_eq!(service.publish(&thing("1")).await.unwrap(), Arrived::Unwanted);
        }
        service.settle().await;
        service.advance(Duration::from_hours(1)).await;
        assert_eq!(service.states(service.number("R")).await, [State::Journaled]);
        assert!(carrier.carryings().is_empty());
    }
}

#[tokio::test]
async fn a_registration_that_reads_its_journal_finds_the_event_there_and_nothing_else_happens() {
    let service = service(vec![journaled(seen_by(registration("R", &[CUSTOM])))]).await;
    assert_eq!(service.publish(&thing("1")).await.unwrap(), Arrived::Stored);
    assert_eq!(service.publish(&thing("1")).await.unwrap(), Arrived::Repeated);
    service.settle().await;
    service.advance(Duration::from_hours(25)).await;
    let deliveries = service.deliveries_of(service.number("R")).await;
    assert_eq!(deliveries.len(), 1);
    assert_eq!((deliveries[0].state, deliveries[0].attempts), (State::Journaled, 0));
    assert!(service.seen.all().is_empty());
}

#[tokio::test]
async fn each_registration_of_an_event_gets_its_share() {
    let off = Registration { enabled: false, ..seen_by(registration("Off", &[CUSTOM])) };
    let registrations =
        vec![seen_by(registration("Seen", &[CUSTOM])), journaled(registration("Reader", &[CUSTOM])), off];
    let service = service(registrations).await;
    assert_eq!(service.publish(&thing("1")).await.unwrap(), Arrived::Stored);
    service.settle().await;
    for (name, state) in [("Seen", State::Done), ("Reader", State::Journaled), ("Off", State::Journaled)] {
        assert_eq!(service.states(service.number(name)).await, [state], "{name}");
    }
    assert_eq!(service.store.offered(), 1, "it is one event");
}

#[tokio::test]
async fn a_filter_decides_for_its_registration() {
    let only = |name: &str, filter: Value| filtered(journaled(registration(name, &[CUSTOM])), &filter);
    let service = service(vec![
        only("A", json!({"data": {"sku": ["A"]}})),
        only("B", json!({"data": {"sku": ["B"]}})),
        only("Tenant", json!({"tenant": ["eu1"]})),
        only("Envelope", json!({"type": [CUSTOM], "source": ["urn:uuid:p"], "id": [{"prefix": "x-"}]})),
    ])
    .await;
    let publish = async |id: &str, data: Value, tenant: &str| {
        let mut event = cloud_event(CUSTOM, id, &data);
        event["tenant"] = tenant.into();
        service.publish(&event).await.unwrap()
    };
    assert_eq!(publish("1", json!({"sku": "A"}), "us").await, Arrived::Stored);
    assert_eq!(publish("2", json!({"sku": "B"}), "eu1").await, Arrived::Stored);
    assert_eq!(publish("x-3", json!({"sku": "A"}), "us").await, Arrived::Stored);
    let stored = service.store.offered();
    assert_eq!(publish("4", json!({"sku": "C"}), "us").await, Arrived::Unwanted);
    assert_eq!(publish("5", json!("A"), "us").await, Arrived::Unwanted);
    assert_eq!(service.store.offered(), stored, "what nobody wants is not stored");
    for (name, expected) in [("A", &["1", "x-3"] as &[&str]), ("B", &["2"]), ("Tenant", &["2"]), ("Envelope", &["x-3"])]
    {
        let ids: Vec<String> = service.journal(service.number(name)).await.iter().map(StoredEvent::event_id).collect();
        assert_eq!(ids, expected, "{name}");
    }
}

#[tokio::test]
async fn the_same_event_again_is_one_event_and_other_data_is_a_conflict() {
    let service = service(vec![seen_by(registration("Seen", &[CUSTOM]))]).await;
    let data = json!({"a": 1, "b": [true]});
    assert_eq!(service.publish(&cloud_event(CUSTOM, "1", &data)).await.unwrap(), Arrived::Stored);
    let text =
        "{\"id\":\"1\",\"type\":\"custom.thing\",\"source\":\"urn:uuid:p\",\"data\":{ \"b\":[true],\n\"a\":1.0 }}";
    let again = service.arrivals.publish(engine::CloudEvent::parse(text).unwrap()).await.unwrap();
    assert_eq!(again, Arrived::Repeated, "JSON is compared as JSON");
    for other in [json!({"a": 1}), json!(null), json!({"a": 1, "b": [false]})] {
        let answer = service.publish(&cloud_event(CUSTOM, "1", &other)).await;
        assert!(matches!(answer, Err(ArrivalError::Conflict)), "{other}: {answer:?}");
    }
    service.settle().await;
    assert_eq!(service.seen.all().len(), 1);
    assert_eq!(service.states(service.number("Seen")).await, [State::Done]);
}

#[tokio::test]
async fn an_id_belongs_to_its_provider_and_its_type() {
    let service = service(vec![seen_by(registration("Seen", &[CUSTOM, "q/custom.thing", "other.thing"]))]).await;
    let events = [
        cloud_event(CUSTOM, "1", &json!(1)),
        of("urn:uuid:q", cloud_event(CUSTOM, "1", &json!(2))),
        cloud_event("other.thing", "1", &json!(3)),
    ];
    for event in &events {
        assert_eq!(service.publish(event).await.unwrap(), Arrived::Stored, "{event}");
    }
    for event in &events {
        assert_eq!(service.publish(event).await.unwrap(), Arrived::Repeated, "{event}");
    }
    service.settle().await;
    assert_eq!(service.seen.all().len(), 3);
}

#[tokio::test]
async fn a_senders_uid_is_never_taken_for_the_id_of_an_event_from_the_wire() {
    let service = service(vec![handled(registration("Products", &[CHANGED]))]).await;
    let number = service.number("Products");
    service.change("1", "A").await;
    let received = cloud_event(CHANGED, "1", &product("B"));
    assert_eq!(service.arrivals.receive(number, parse(&received)).await.unwrap(), Arrived::Stored);
    // As the store keeps those two, and what could come out when a sender's are told apart from them.
    let mut uids = vec!["1".to_owned(), "p".to_owned(), "\u{1}".to_owned(), "\u{1}\u{1}".to_owned()];
    for kept in ["p\u{1}p\u{1}1".to_owned(), format!("r\u{1}{number}\u{1}urn:uuid:p\u{1}1")] {
        uids.extend((0..4).map(|times| "\u{1}".repeat(times) + &kept));
    }
    for (position, uid) in uids.iter().enumerate() {
        let sku = format!("S{position}");
        let published = service.offer(Some(uid), &sku).await.unwrap_or_else(|no| panic!("{uid:?} is new: {no:?}"));
        assert!(!published.is_repeated, "{uid:?}");
        assert!(service.offer(Some(uid), &sku).await.unwrap().is_repeated, "{uid:?}");
    }
    service.settle().await;
    assert_eq!(service.runs.all().len(), 2 + uids.len());
    // And the other way round.
    assert!(!service.offer(Some("\u{1}p\u{1}p\u{1}2"), "C").await.unwrap().is_repeated);
    service.change("2", "D").await;
}

#[tokio::test]
async fn what_an_events_api_brings_is_taken_once_for_each_registration_whatever_its_way() {
    let registrations = vec![seen_by(registration("One", &[CUSTOM])), seen_by(registration("Two", &[CUSTOM]))];
    let service = service(registrations).await;
    let [one, two] = ["One", "Two"].map(|name| service.number(name));
    // By webhook, which adds members of its own, and by journal.
    let mut by_webhook = thing("1");
    by_webhook["eventid"] = "d-1".into();
    by_webhook["recipient_client_id"] = "client".into();
    let by_journal = thing("1");
    for (registration, event, arrived) in [
        (one, &by_webhook, Arrived::Stored),
        (one, &by_journal, Arrived::Repeated),
        (two, &by_journal, Arrived::Stored),
        (two, &by_webhook, Arrived::Repeated),
        (one, &by_webhook, Arrived::Repeated),
    ] {
        assert_eq!(service.arrivals.receive(registration, parse(event)).await.unwrap(), arrived);
    }
    let answer = service.arrivals.receive(one, parse(&cloud_event(CUSTOM, "1", &json!("other")))).await;
    assert!(matches!(answer, Err(ArrivalError::Conflict)), "{answer:?}");
    service.settle().await;
    assert_eq!(service.seen.all().len(), 2);
    for number in [one, two] {
        assert_eq!(service.states(number).await, [State::Done]);
    }
}

#[tokio::test]
async fn an_action_sees_the_event_as_its_producer_made_it() {
    let service = service(vec![seen_by(registration("Seen", &[CUSTOM]))]).await;
    let number = service.number("Seen");
    let mut event = thing("given-id");
    event["time"] = "2025-06-30T12:00:00.25+02:00".into();
    event["tenant"] = "eu1".into();
    service.publish(&event).await.unwrap();
    service.settle().await;
    service.clock.advance(Duration::from_secs(1));
    service.publish(&thing("no-time")).await.unwrap();
    service.settle().await;
    let seen = service.seen.all();
    assert_eq!((&*seen[0].id, &*seen[0].source, &*seen[0].code), ("given-id", "urn:uuid:p", CUSTOM));
    assert_eq!(seen[0].time, "2025-06-30T10:00:00.25Z".parse().unwrap());
    assert_eq!(seen[0].data.get(), r#"{"sku":"A"}"#);
    assert_eq!((&*seen[1].id, seen[1].time), ("no-time", service.clock.now()), "the time of its arrival");
    let journal = service.journal(number).await;
    let attributes: Value = serde_json::from_str(journal[0].attributes.as_deref().unwrap()).unwrap();
    assert_eq!(attributes, json!({"time": "2025-06-30T12:00:00.25+02:00", "tenant": "eu1"}));
    assert_eq!(journal[1].attributes, None);
}

#[tokio::test]
async fn a_received_event_keeps_a_source_that_is_no_provider() {
    // The source was taken for a provider's id, and the action saw `urn:uuid:https://...`. It has to see what came.
    let service = service(vec![seen_by(registration("Seen", &[CUSTOM]))]).await;
    let sources = ["https://shop.example/orders", "urn:uuid:5b0c", "urn:shop:1", "/relative"];
    for source in sources {
        service.arrivals.receive(service.number("Seen"), parse(&of(source, thing("1")))).await.unwrap();
    }
    service.settle().await;
    let seen: Vec<String> = service.seen.all().into_iter().map(|event| event.source).collect();
    assert_eq!(seen, sources, "and each source has ids of its own");
}

#[tokio::test]
async fn attributes_go_out_with_the_event() {
    let carrier = FakeCarrier::new();
    let registrations = vec![sent(registration("Hook", &[CUSTOM]), "webhook")];
    let service = Service::with(Setup { registrations, webhook: Some(carrier.clone()), ..Setup::default() }).await;
    let mut event = thing("1");
    event["tenant"] = "eu1".into();
    service.publish(&event).await.unwrap();
    service.settle().await;
    let carryings = carrier.carryings();
    assert_eq!(carryings[0].ids, ["1"]);
    assert_eq!(carryings[0].attributes, [Some(r#"{"tenant":"eu1"}"#.to_owned())]);
}

#[tokio::test]
async fn events_of_known_codes_wait_for_their_key_and_others_for_nobody() {
    let again = Fate::Retry { after: None };
    for (code, second) in [(CHANGED, State::Waiting), (CUSTOM, State::Done)] {
        let carrier = FakeCarrier::new().then(again.clone(), 503, "busy");
        let registrations = vec![sent(registration("Hook", &[code]), "webhook")];
        let service = Service::with(Setup { registrations, webhook: Some(carrier), ..Setup::default() }).await;
        let number = service.number("Hook");
        service.publish(&cloud_event(code, "1", &product("A"))).await.unwrap();
        service.settle().await;
        service.arrivals.receive(number, parse(&cloud_event(code, "2", &product("A")))).await.unwrap();
        service.arrivals.receive(number, parse(&cloud_event(code, "3", &product("B")))).await.unwrap();
        service.settle().await;
        assert_eq!(service.states(number).await, [State::Due, second, State::Done], "{code}");
        service.advance(Duration::from_mins(1)).await;
        assert_eq!(service.states(number).await, [State::Done; 3], "{code}");
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_stored_now_may_come_again() {
    let service = service(vec![seen_by(registration("Seen", &[CUSTOM]))]).await;
    service.store.fail_appends(2);
    let answer = service.publish(&thing("1")).await;
    assert!(matches!(answer, Err(ArrivalError::Unavailable { .. })), "{answer:?}");
    let answer = service.arrivals.receive(service.number("Seen"), parse(&thing("1"))).await;
    assert!(matches!(answer, Err(ArrivalError::Unavailable { .. })), "{answer:?}");
    assert_eq!(service.publish(&thing("1")).await.unwrap(), Arrived::Stored);
}
