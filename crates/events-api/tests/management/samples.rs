use std::time::Duration;

use engine::Clock;
use serde_json::{Value, json};
use store::{Claim, JournalFrom, JournalRead, Rooms, Verification};

use crate::world::{REGISTRATIONS, WORKSPACE, World};

fn test(provider: &str, registration: &str) -> String {
    format!("/events/providers/{provider}/eventmetadata/order.created/sample_event/{registration}")
}

/// What is due and was not asked for yet: the registration's number and the event's data.
async fn due(world: &World) -> Vec<(i64, Value)> {
    let claim = Claim {
        now: world.clock.now(),
        owner: 1,
        lease: Duration::from_mins(1),
        deliveries_max: 100,
        bytes_max: 1 << 20,
        rooms: Rooms::of_all(100),
    };
    let claimed = world.store.claim(claim).await.unwrap().deliveries;
    let parts = |delivery: store::ClaimedDelivery| {
        assert_eq!(&*delivery.event.code, "order.created");
        (delivery.registration, serde_json::from_str(&delivery.event.body).unwrap())
    };
    claimed.into_iter().map(parts).collect()
}

async fn sample(world: &World, provider: &str) {
    let path = format!("{WORKSPACE}/providers/{provider}/eventmetadata/order.created");
    let operations = json!([{"op": "add", "path": "/sample_event_template", "value": "eyJhIjoxfQ=="}]);
    world.patch(&path, &operations).await.is(200);
}

#[tokio::test]
async fn a_test_event_goes_to_its_registration_only() {
    let world = World::new().await;
    let provider = world.orders().await;
    let first = world.register(&world.draft("First", &provider)).await;
    world.register(&world.draft("Second", &provider)).await;
    let number = world.stored(&first).await.id;
    let posted = world.post(&test(&provider, &first), &json!({"id": 7})).await;
    assert_eq!(posted.is(200)["registration_id"], first);
    assert_eq!(due(&world).await, [(number, json!({"id": 7}))]);

    let without_body = |path: String| world.request("POST", &path);
    world.send(without_body(test(&provider, &first)), "").await.is_refused(404, "no sample");
    sample(&world, &provider).await;
    world.send(without_body(test(&provider, &first)), "").await.is(200);
    assert_eq!(due(&world).await, [(number, json!({"a": 1}))]);
    world.post(&test(&provider, &first), &Value::Null).await.is(200);
    assert_eq!(due(&world).await, [(number, Value::Null)], "`null` is JSON too");
}

#[tokio::test]
async fn nothing_is_posted_to_whoever_is_not_there_for_it() {
    let world = World::new().await;
    let provider = world.orders().await;
    world.event(&provider, "other").await;
    let body = json!({"price": 7});
    let check = |draft: Value, name: &'static str, status: u16| {
        let (world, body, provider) = (&world, &body, &provider);
        async move {
            let id = world.register(&draft).await;
            assert_eq!(world.post(&test(provider, &id), body).await.status, status, "{name}");
        }
    };
    let with = |name: &str, member: &str, value: Value| {
        let mut draft = world.draft(name, &provider);
        draft[member] = value;
        draft
    };
    check(with("disabled", "enabled", json!(false)), "disabled", 204).await;
    let other = json!([{"provider_id": provider, "event_code": "other"}]);
    check(with("not interested", "events_of_interest", other), "not interested", 204).await;
    let filters =
        |price: u32| json!([{"name": "Price", "subscriber_filter": json!({"data": {"price": [price]}}).to_string()}]);
    check(with("filtered", "subscriber_filters", filters(8)), "filtered", 204).await;
    assert_eq!(due(&world).await, []);
    check(with("passed", "subscriber_filters", filters(7)), "passed", 200).await;

    let id = world.register(&world.draft("pending", &provider)).await;
    let mut pending = world.stored(&id).await;
    pending.verification = Verification::Pending { id: "i".into(), challenge: "c".into(), until: world.clock.now() };
    world.store.put_registration(pending).await.unwrap();
    world.post(&test(&provider, &id), &body).await.is(204);
}

#[tokio::test]
async fn whoever_reads_a_journal_finds_the_sample_there() {
    let world = World::new().await;
    let provider = world.orders().await;
    let mut draft = world.draft("journal", &provider);
    draft["delivery_type"] = json!("journal");
    draft.as_object_mut().unwrap().remove("runtime_action");
    let id = world.register(&draft).await;
    world.post(&test(&provider, &id), &json!({"price": 7})).await.is(200);
    assert_eq!(due(&world).await, [], "nobody delivers it");
    let read = JournalRead {
        registration: world.stored(&id).await.id,
        from: JournalFrom::Oldest,
        events_max: 10,
        bytes_max: 10_000,
    };
    let page = world.store.journal(read).await.unwrap();
    let bodies: Vec<&str> = page.events.iter().map(|event| &*event.body).collect();
    assert_eq!(bodies, [r#"{"price":7}"#]);
}

#[tokio::test]
async fn what_a_test_names_must_be_there() {
    let world = World::new().await;
    let provider = world.orders().await;
    let id = world.register(&world.draft("Orders", &provider)).await;
    let body = json!({});
    world.post(&test("unknown", &id), &body).await.is_refused(404, "no provider");
    world.post(&test(&provider, "unknown"), &body).await.is_refused(404, "no registration");
    world.delete(&format!("{WORKSPACE}/providers/{provider}/eventmetadata")).await.is(204);
    world.post(&test(&provider, &id), &body).await.is_refused(404, "no event");
    let text = world.request("POST", &test(&provider, &id)).header("content-type", "text/plain");
    world.send(text, "x").await.is_refused(415, "content-type");
    world.get(&format!("{REGISTRATIONS}/{id}")).await.is(200);
}

#[tokio::test]
async fn an_event_without_a_sample_has_none_to_show() {
    let world = World::new().await;
    let provider = world.orders().await;
    let path = format!("/events/providers/{provider}/eventmetadata/order.created/sample_event");
    world.get(&path).await.is_refused(404, "no sample");
    assert_eq!(world.send(world.request("HEAD", &path), "").await.status, 404);
    sample(&world, &provider).await;
    let head = world.send(world.request("HEAD", &path), "").await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
}
