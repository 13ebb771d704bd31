//! The courier together with the engine: attempts, their times and their traces.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use engine::{Carriers, Clock, Deliveries, DeliveryOptions, Registry, Rule, Rules, Runner, RunnerParts, Schedule};
use http::StatusCode;
use serde_json::Value;
use store::{JournalFrom, JournalRead, State, StoredEvent};
use testkit::{FakePublisher, FakeSenders};
use tokio::sync::watch;

use crate::courier::{HOOK, hook};
use crate::receiver::Receiver;
use crate::world::World;

/// Whatever a test waits for comes within this time.
const PATIENCE: Duration = Duration::from_secs(30);

/// The one event that a registration was meant to get.
pub async fn only_event(world: &World, registration: &str) -> StoredEvent {
    let registration = world.registration(registration).id;
    let read = JournalRead { registration, from: JournalFrom::Oldest, events_max: 2, bytes_max: usize::MAX };
    let [event] = world.store.journal(read).await.unwrap().events.try_into().unwrap();
    event
}

fn deliver(world: &World) -> watch::Sender<bool> {
    let shared: Arc<dyn Clock> = Arc::new(world.clock.clone());
    let publisher = Arc::new(FakePublisher::new());
    let runner = Runner::new(RunnerParts {
        registry: Registry::default(),
        publisher,
        senders: Arc::new(FakeSenders::new()),
        store: Arc::clone(&world.store),
        clock: shared,
        echo_window: Duration::ZERO,
    });
    let carriers = Carriers { webhook: Some(Arc::new(world.service.courier())), ..Carriers::default() };
    let schedule = Schedule {
        delays: vec![Duration::from_mins(1), Duration::from_mins(2)],
        jitter: 0.0,
        total: Duration::from_hours(24),
        attempts_max: 200,
        retry_after_max: Duration::from_hours(1),
    };
    let rules = Rules::new(Rule { schedule, is_blocking: false, at_once: None }, []);
    let deliveries = Deliveries::new(
        runner,
        world.routes.clone(),
        DeliveryOptions { rules, at_once: 8, bytes_max: 1 << 20, ims_org_id: String::new() },
        carriers,
    );
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(deliveries.run(stopped));
    stop
}

/// Waits until the delivery to the hook has come so far.
async fn until(world: &World, event: &StoredEvent, state: State, attempts: u32) {
    let begun = Instant::now();
    loop {
        let (_, deliveries) = world.store.event(event.id).await.unwrap().unwrap();
        let number = world.registration(HOOK).id;
        let delivery = deliveries.into_iter().find(|delivery| delivery.registration == number).unwrap();
        if (delivery.state, delivery.attempts) == (state, attempts) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{delivery:?}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_delivery_is_tried_again_by_schedule_until_it_is_taken() {
    let world = World::new().await;
    let asked = AtomicUsize::new(0);
    let receiver = Receiver::answering(move |_| match asked.fetch_add(1, Ordering::SeqCst) {
        0 => StatusCode::INTERNAL_SERVER_ERROR,
        1 => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::OK,
    })
    .await;
    let mut registration = hook(&receiver.url, "webhook");
    registration.client_id.clone_from(&world.credential.client_id);
    world.register(registration).await;
    let _stop = deliver(&world);
    world.publish("a").await;
    let event = only_event(&world, HOOK).await;
    for (attempt, pause) in [(1, 1), (2, 2)] {
        until(&world, &event, State::Due, attempt).await;
        world.clock.until_somebody_sleeps().await;
        world.clock.advance(Duration::from_mins(pause));
    }
    until(&world, &event, State::Done, 3).await;
    let requests = receiver.take();
    let counts: Vec<Option<&str>> = requests.iter().map(|request| request.header("x-adobe-retry-count")).collect();
    assert_eq!(counts, [None, Some("1"), Some("2")]);
    assert!(requests.iter().all(|request| request.body == requests[0].body));
    let id = event.id.to_string();
    assert!(requests.iter().all(|request| request.header("x-adobe-event-id") == Some(id.as_str())));
    let traces: Vec<Value> = world.get(&world.traces(HOOK)).send().await.unwrap().json().await.unwrap();
    let codes: Vec<&Value> = traces.iter().map(|entry| &entry["trace"]["tracingResponse"]["responseCode"]).collect();
    assert_eq!(codes, [200, 429, 500]);
}

#[tokio::test]
async fn what_a_receiver_refuses_is_not_sent_again_but_stays_in_the_journal() {
    let world = World::new().await;
    let receiver = Receiver::answering(|_| StatusCode::FORBIDDEN).await;
    let mut registration = hook(&receiver.url, "webhook");
    registration.client_id.clone_from(&world.credential.client_id);
    world.register(registration).await;
    let _stop = deliver(&world);
    world.publish("a").await;
    let event = only_event(&world, HOOK).await;
    until(&world, &event, State::Refused, 1).await;
    let journal = world.journal().replace(crate::world::JOURNAL, HOOK);
    let page: Value = world.get(&journal).send().await.unwrap().json().await.unwrap();
    let sent: Value = serde_json::from_str(&receiver.take()[0].body).unwrap();
    assert_eq!(page["events"][0]["event"], sent, "a journal has what a webhook gets");
}
