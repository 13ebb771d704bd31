//! An engine that is an events service, or a client of one: CloudEvents come in over the wire, and carriers bring events
//! out.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use engine::{
    Ack, Acks, ActionLimits, Answers, ArrivalError, Arrivals, Arrived, Carriers, Clock, CloudEvent, Deliveries,
    DeliveryOptions, Deployed, Intake, PUBLISH, Places, Registry, Routes, RoutesHandle, Runner, RunnerParts, Schemas,
    Way, Web,
};
use sdk::{
    Action, ActivationId, Answer, Context, Entry, Event, EventSpec, Inputs, Publication, Published, Publisher, Route,
};
use sdk::{Consumer, Refusal};
use serde_json::{Value, json, value};
use store::{
    Activation, Delivery, Filter, Interest, JournalFrom, JournalRead, Options, Provider, Registration,
    RegistrationHealth, Sqlite, State, Store, StoredEvent, SubscriberFilter, Verification,
};
use tempfile::TempDir;
use testkit::{FakeCarrier, FakeSenders, ManualClock, Recorder};
use tokio::sync::watch;
use uuid::Uuid;

use crate::flaky::Flaky;
use crate::product::{Changed, Product, Runs};
use crate::text::product;
use crate::world::{TIMEOUT, WINDOW, day};

/// Its one key is the product's.
pub const CHANGED: &str = "product.changed";
/// No handler, no schema, no keys.
pub const CUSTOM: &str = "custom.thing";

pub const SPECS: &[EventSpec] = &[EventSpec::of::<Product>(CHANGED, "product", &["/sku"])];

const PATIENCE: Duration = Duration::from_secs(30);

/// What a service is made of; tests change what they are about.
pub struct Setup {
    pub registrations: Vec<Registration>,
    pub publish: Option<FakeCarrier>,
    pub webhook: Option<FakeCarrier>,
    /// Events go to an events API, and their senders wait for this.
    pub ack: Option<Ack>,
    pub options: DeliveryOptions,
    /// Whether deliveries run.
    pub delivers: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self { registrations: Vec::new(), publish: None, webhook: None, ack: None, options: day(), delivers: true }
    }
}

pub struct Service {
    pub store: Arc<Flaky>,
    pub clock: ManualClock,
    pub runs: Runs,
    pub seen: Seen,
    pub arrivals: Arc<Arrivals>,
    pub deliveries: Arc<Deliveries>,
    pub acks: Acks,
    pub answers: Answers,
    pub routes: RoutesHandle,
    pub intake: Intake,
    stop: watch::Sender<bool>,
    _folder: Option<TempDir>,
}

/// The events that an action has seen.
#[derive(Clone, Default)]
pub struct Seen(Arc<Mutex<Vec<Event>>>);

impl Seen {
    pub fn all(&self) -> Vec<Event> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Action for Seen {
    async fn run(&self, _: &Context, event: &Event) -> Answer {
        self.0.lock().unwrap().push(event.clone());
        Answer::success("seen")
    }
}

/// A registration for these codes of provider `p`, or `provider/code`.
pub fn registration(name: &str, codes: &[&str]) -> Registration {
    let interest = |code: &&str| {
        let (provider_id, event_code) = code.split_once('/').unwrap_or(("p", code));
        Interest { provider_id: provider_id.to_owned(), event_code: event_code.to_owned() }
    };
    Registration {
        id: 0,
        registration_id: name.to_lowercase(),
        client_id: "client".to_owned(),
        name: name.to_owned(),
        description: name.to_owned(),
        delivery_type: "webhook".to_owned(),
        runtime_action: None,
        webhook_url: None,
        verification: Verification::Verified,
        subscriber_filters: Vec::new(),
        enabled: true,
        health: RegistrationHealth::Active,
        events_of_interest: codes.iter().map(interest).collect(),
        created_date: ManualClock::new().now(),
        updated_date: ManualClock::new().now(),
    }
}

/// It is bound to the action that remembers events.
pub fn seen_by(registration: Registration) -> Registration {
    Registration { runtime_action: Some("test/seen".to_owned()), ..registration }
}

/// It is bound to the handler of products.
pub fn handled(registration: Registration) -> Registration {
    Registration { runtime_action: Some("product/consumer".to_owned()), ..registration }
}

/// Its events go to a webhook: `webhook` or `webhook_batch`.
pub fn sent(registration: Registration, delivery_type: &str) -> Registration {
    let webhook_url = Some("https://hook.example/".to_owned());
    Registration { webhook_url, delivery_type: delivery_type.to_owned(), ..registration }
}

pub fn journaled(registration: Registration) -> Registration {
    Registration { delivery_type: "journal".to_owned(), ..registration }
}

pub fn filtered(registration: Registration, filter: &Value) -> Registration {
    let filter = SubscriberFilter {
        id: "f".to_owned(),
        name: "f".to_owned(),
        description: String::new(),
        subscriber_filter: filter.to_string(),
    };
    Registration { subscriber_filters: vec![filter], ..registration }
}

/// A CloudEvent of provider `p`.
pub fn cloud_event(code: &str, id: &str, data: &Value) -> Value {
    json!({"specversion": "1.0", "id": id, "source": "urn:uuid:p", "type": code, "data": data})
}

pub fn parse(event: &Value) -> CloudEvent {
    CloudEvent::parse(&event.to_string()).unwrap()
}

impl Service {
    pub async fn with(setup: Setup) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Self::open(folder.path(), &ManualClock::new(), setup).await;
        Self { _folder: Some(folder), ..service }
    }

    /// Opens the store in this folder, and delivers what is in it.
    pub async fn open(folder: &Path, clock: &ManualClock, setup: Setup) -> Self {
        let folder = folder.join("data");
        let opened = Sqlite::open(&Options { dedupe_window: WINDOW, ..Options::in_folder(folder) });
        let store = Arc::new(Flaky::new(opened.unwrap()));
        let shared: Arc<dyn Store> = store.clone();
        let routes = RoutesHandle::default();
        routes.set(register(&*shared, setup.registrations).await);
        let (runs, seen) = (Runs::new(clock.clone()), Seen::default());
        let (acks, answers) = (Acks::default(), Answers::default());
        let schemas = Arc::new(Schemas::new(SPECS));
        let clocks: Arc<dyn Clock> = Arc::new(clock.clone());
        let intake = || {
            let way = match setup.ack {
                Some(ack) => Way::EventsApi { acks: acks.clone(), ack },
                None => Way::Embedded(routes.clone()),
            };
            Intake::new(Arc::clone(&schemas), Arc::clone(&shared), Arc::clone(&clocks), way)
        };
        let arrivals = Arrivals::new(Arc::clone(&schemas), routes.clone(), Arc::clone(&shared), Arc::clone(&clocks));
        let registry = registry(&runs, &seen);
        let runner = Runner::new(RunnerParts {
            registry,
            publisher: Arc::new(intake()),
            senders: Arc::new(FakeSenders::new()),
            store: Arc::clone(&shared),
            clock: Arc::clone(&clocks),
            echo_window: Duration::from_mins(1),
        });
        let carriers = Carriers {
            publish: setup.publish.map(|carrier| Arc::new(carrier) as _),
            webhook: setup.webhook.map(|carrier| Arc::new(carrier) as _),
            acks: acks.clone(),
            answers: answers.clone(),
        };
        let deliveries = Deliveries::new(runner, routes.clone(), setup.options, carriers);
        let (stop, stopped) = watch::channel(false);
        if setup.delivers {
            tokio::spawn(Arc::clone(&deliveries).run(stopped));
        }
        let intake = intake();
        let clock = clock.clone();
        let arrivals = Arc::new(arrivals);
        Self { store, clock, runs, seen, arrivals, deliveries, acks, answers, routes, intake, stop, _folder: None }
    }

    /// The store's number of the registration with this name.
    pub fn number(&self, name: &str) -> i64 {
        self.routes.get().registration_called(&name.to_lowercase()).unwrap().id
    }

    /// An event that somebody publishes over the wire.
    pub async fn publish(&self, event: &Value) -> Result<Arrived, ArrivalError> {
        self.arrivals.publish(parse(event)).await
    }

    /// A change of a product that arrives over the wire as new.
    pub async fn change(&self, id: &str, sku: &str) {
        let arrived = self.publish(&cloud_event(CHANGED, id, &product(sku))).await.unwrap();
        assert_eq!(arrived, Arrived::Stored);
    }

    /// A change of a product that ingestion takes in.
    pub async fn offer(&self, uid: Option<&str>, sku: &str) -> Result<Published, Refusal> {
        self.intake.publish(publication(uid, sku)).await
    }

    /// Everything that this registration was meant to get, oldest first.
    pub async fn journal(&self, registration: i64) -> Vec<StoredEvent> {
        let read =
            JournalRead { registration, from: JournalFrom::Oldest, events_max: 1_000, bytes_max: 64 * 1024 * 1024 };
        self.store.journal(read).await.unwrap().events
    }

    /// The deliveries of a registration, oldest event first.
    pub async fn deliveries_of(&self, registration: i64) -> Vec<Delivery> {
        let mut found = Vec::new();
        for event in self.journal(registration).await {
            // One that was removed meanwhile has none.
            let stored = self.store.event(event.id).await.unwrap();
            let deliveries = stored.map(|(_, deliveries)| deliveries).unwrap_or_default();
            found.extend(deliveries.into_iter().filter(|delivery| delivery.registration == registration));
        }
        found
    }

    pub async fn states(&self, registration: i64) -> Vec<State> {
        self.deliveries_of(registration).await.into_iter().map(|delivery| delivery.state).collect()
    }

    /// The recorded runs of all deliveries, first attempts first.
    pub async fn activations(&self) -> Vec<Activation> {
        let filter = Filter { limit: 1_000, ..Filter::default() };
        let mut activations = self.store.activations(filter).await.unwrap();
        activations.retain(|activation| activation.attempt > 0);
        activations.sort_by_key(|activation| activation.attempt);
        activations
    }

    /// Waits until no event runs, and none can run before the clock moves.
    pub async fn settle(&self) {
        let begun = Instant::now();
        loop {
            self.catch_up().await;
            if !self.is_busy().await {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the engine comes to rest");
        }
    }

    /// Waits until the engine has seen everything that the store has told it.
    pub async fn catch_up(&self) {
        // The store's answer to this comes after the wake-ups of all that was written before.
        self.store.delete_value("fence").await.unwrap();
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        self.clock.until_somebody_sleeps().await;
    }

    async fn is_busy(&self) -> bool {
        let now = self.clock.now();
        let routes = self.routes.get();
        let numbers = routes.catalogue().registrations.iter().map(|registration| registration.id);
        for number in numbers.chain([PUBLISH]) {
            let deliveries = self.deliveries_of(number).await;
            let is_busy = |delivery: &Delivery| {
                delivery.state == State::Leased || (delivery.state == State::Due && delivery.due <= now)
            };
            if deliveries.iter().any(is_busy) {
                return true;
            }
        }
        false
    }

    pub async fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
        self.settle().await;
    }

    /// Delivers from now on.
    pub fn start(&self) {
        self.stop.send_replace(false);
        tokio::spawn(Arc::clone(&self.deliveries).run(self.stop.subscribe()));
    }

    /// Ends the deliveries, not the attempts that run.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }
}

pub fn publication(uid: Option<&str>, sku: &str) -> Publication {
    Publication {
        activation: ActivationId::new(Uuid::now_v7()),
        publisher: "ingestion/webhook".into(),
        code: CHANGED.to_owned(),
        entity: None,
        uid: uid.map(str::to_owned),
        trace: None,
        nonce: None,
        value: value::RawValue::from_string(product(sku).to_string()).unwrap(),
    }
}

async fn register(store: &dyn Store, registrations: Vec<Registration>) -> Routes {
    for id in ["p", "q"] {
        let provider = Provider {
            id: id.to_owned(),
            label: id.to_owned(),
            description: String::new(),
            docs_url: None,
            provider_metadata: "3rd_party_custom_events".to_owned(),
            instance_id: id.to_owned(),
            data_residency_region: Provider::REGION.to_owned(),
        };
        store.put_provider(provider).await.unwrap();
    }
    for registration in registrations {
        store.put_registration(registration).await.unwrap();
    }
    Routes::new(store.catalogue().await.unwrap())
}

const CONSUMER: Consumer = Consumer::of_backoffice(&[Route::new(CHANGED, "product/changed")]);

fn registry(runs: &Runs, seen: &Seen) -> Registry {
    let deployed = |name: &str, entry: Entry| Deployed {
        name: name.into(),
        web: Web::No,
        entry: Arc::new(entry),
        inputs: Arc::new(Inputs::default()),
        targets: testkit::targets(Recorder::new()),
        annotations: Arc::default(),
        limits: ActionLimits { timeout: TIMEOUT, ..ActionLimits::default() },
        log_level: tracing::Level::INFO,
        places: Places::default(),
        guards: Vec::new(),
    };
    Registry::from_iter([
        deployed("product/consumer", Entry::Event(Box::new(CONSUMER))),
        deployed("product/changed", Entry::Event(sdk::handler(Changed(runs.clone())))),
        deployed("test/seen", Entry::Event(Box::new(seen.clone()))),
    ])
}
