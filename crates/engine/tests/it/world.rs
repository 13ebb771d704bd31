//! A whole engine in a temporary folder.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use engine::{
    ActionLimits, Carriers, Clock, Deliveries, DeliveryOptions, Deployed, Intake, Places, Registry, Routes,
    RoutesHandle, Rule, Rules, Runner, RunnerParts, Schedule, Schemas, Way, Web,
};
use jiff::Timestamp;
use sdk::{ActivationId, Consumer, Entry, EventSpec, Inputs, Publication, Published, Publisher, Refusal, Route};
use serde_json::{Value, value};
use store::{
    Activation, Claim, Delivery, Filter, Interest, Options, Provider, Registration, RegistrationHealth, Rooms, Sqlite,
    State, Store, Verification,
};
use tempfile::TempDir;
use testkit::{FakeGuard, FakeSenders, ManualClock, Recorder};
use tokio::sync::watch;
use uuid::Uuid;

use crate::product::{Changed, Product, Runs};
use crate::runtime_action::Told;
use crate::web_action::Asked;

/// How long a uid is remembered.
pub const WINDOW: Duration = Duration::from_hours(48);

/// The action that the store names for an event that was taken in.
const INGESTION: &str = "ingestion/webhook";

/// Actions end within this time; those called `hung` have less.
pub const TIMEOUT: Duration = Duration::from_mins(1);
const TIMEOUT_SHORT: Duration = Duration::from_millis(20);

/// Whatever a test waits for comes within this time.
const PATIENCE: Duration = Duration::from_secs(30);

pub const CHANGED: &str = "product.changed";
/// Its handler has little time.
pub const HUNG: &str = "product.hung";
/// Its consumer has little time, its handler enough.
pub const HASTY: &str = "product.hasty";
/// Its registration is bound to an action that is not deployed.
pub const HOMELESS: &str = "product.homeless";
/// Its registration is bound to no action.
pub const UNBOUND: &str = "product.unbound";
/// Nobody registered for it.
pub const UNWANTED: &str = "product.unwanted";

const SPECS: &[EventSpec] = &[
    EventSpec::of::<Product>(CHANGED, "product", &["/sku"]),
    EventSpec::of::<Product>(HUNG, "product", &["/sku"]),
    EventSpec::of::<Product>(HASTY, "product", &["/sku"]),
    EventSpec::of::<Product>(HOMELESS, "product", &["/sku"]),
    EventSpec::of::<Product>(UNBOUND, "product", &["/sku"]),
    EventSpec::of::<Product>(UNWANTED, "product", &["/sku"]),
];

const CONSUMER: Consumer = Consumer::of_backoffice(&[
    Route::new(CHANGED, "product/changed"),
    Route::new(HUNG, "product/hung"),
    Route::new(HASTY, "product/changed"),
]);

const PROVIDER: &str = "backoffice";

/// Registration, action, event codes.
const REGISTRATIONS: [(&str, Option<&str>, &[&str]); 4] = [
    ("Products", Some("product/consumer"), &[CHANGED, HUNG]),
    ("Hasty", Some("product/hasty"), &[HASTY]),
    ("Homeless", Some("product/missing"), &[HOMELESS]),
    ("Unbound", None, &[UNBOUND]),
];

/// A running engine.
pub struct World {
    pub store: Arc<dyn Store>,
    pub clock: ManualClock,
    pub runner: Arc<Runner>,
    pub runs: Runs,
    /// The Commerce of all actions.
    pub target: Recorder,
    /// It stands before `web/guarded`.
    pub guard: FakeGuard,
    intake: Intake,
    pub deliveries: Arc<Deliveries>,
    /// What was published here.
    events: Mutex<Vec<Uuid>>,
    _stop: watch::Sender<bool>,
    _folder: Option<TempDir>,
}

/// One millisecond less.
pub fn just_before(duration: Duration) -> Duration {
    duration.checked_sub(Duration::from_millis(1)).unwrap()
}

/// The schedule of I/O Events.
pub fn day() -> DeliveryOptions {
    by_rules(Rules::new(rule_of_day(), []))
}

pub fn by_rules(rules: Rules) -> DeliveryOptions {
    DeliveryOptions { rules, at_once: 16, bytes_max: 64 << 20, ims_org_id: "ORG@AdobeOrg".to_owned() }
}

pub fn rule_of_day() -> Rule {
    let schedule = Schedule {
        delays: [1, 2, 4, 8, 15].map(Duration::from_mins).to_vec(),
        jitter: 0.0,
        total: Duration::from_hours(24),
        attempts_max: 200,
        // Longer than everything together, so that a target can end it by asking for too much.
        retry_after_max: Duration::from_hours(48),
    };
    Rule { schedule, is_blocking: false, at_once: None }
}

impl World {
    pub async fn new() -> Self {
        Self::with(day()).await
    }

    pub async fn with(options: DeliveryOptions) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let world = Self::open(folder.path(), &ManualClock::new(), options).await;
        Self { _folder: Some(folder), ..world }
    }

    /// Opens the store in this folder, and delivers what is in it.
    pub async fn open(folder: &Path, clock: &ManualClock, options: DeliveryOptions) -> Self {
        let folder = folder.join("data");
        let opened = Sqlite::open(&Options { dedupe_window: WINDOW, ..Options::in_folder(folder) });
        let store: Arc<dyn Store> = Arc::new(opened.unwrap());
        let routes = RoutesHandle::default();
        routes.set(register(&*store, clock.now()).await);
        let (runs, target, guard) = (Runs::new(clock.clone()), Recorder::new(), FakeGuard::new());
        let registry = registry(&runs, &target, &guard);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let intake = || {
            let schemas = Arc::new(Schemas::new(SPECS));
            Intake::new(schemas, Arc::clone(&store), Arc::clone(&shared), Way::Embedded(routes.clone()))
        };
        let runner = Runner::new(RunnerParts {
            registry,
            publisher: Arc::new(intake()),
            senders: Arc::new(FakeSenders::new()),
            store: Arc::clone(&store),
            clock: Arc::clone(&shared),
            echo_window: Duration::from_mins(1),
        });
        let deliveries = Deliveries::new(Arc::clone(&runner), routes.clone(), options, Carriers::default());
        let (stop, stopped) = watch::channel(false);
        tokio::spawn(Arc::clone(&deliveries).run(stopped));
        let intake = intake();
        Self {
            store,
            clock: clock.clone(),
            runner,
            runs,
            target,
            guard,
            intake,
            deliveries,
            events: Mutex::default(),
            _stop: stop,
            _folder: None,
        }
    }

    /// Publishes an event that must be taken as new; its id.
    pub async fn publish(&self, code: &str, value: &Value) -> Uuid {
        let published = self.offer(code, None, &value.to_string()).await.unwrap();
        assert!(!published.is_repeated);
        published.activation.uuid()
    }

    /// Publishes whatever this is.
    pub async fn offer(&self, code: &str, uid: Option<&str>, value: &str) -> Result<Published, Refusal> {
        self.offer_as(None, code, uid, value).await
    }

    pub async fn offer_as(
        &self,
        entity: Option<&str>,
        code: &str,
        uid: Option<&str>,
        value: &str,
    ) -> Result<Published, Refusal> {
        let publication = Publication {
            activation: ActivationId::new(Uuid::now_v7()),
            publisher: INGESTION.into(),
            code: code.to_owned(),
            entity: entity.map(str::to_owned),
            uid: uid.map(str::to_owned),
            trace: None,
            nonce: None,
            value: value::RawValue::from_string(value.to_owned()).unwrap(),
        };
        let published = self.intake.publish(publication).await?;
        if !published.is_repeated {
            self.take_over(&[published.activation.uuid()]);
        }
        Ok(published)
    }

    /// Waits until no event of this world runs, and none can run before the clock moves.
    pub async fn settle(&self) {
        let begun = Instant::now();
        loop {
            self.catch_up().await;
            if !self.is_busy().await {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "the engine comes to rest: {:?}", self.runs.names());
        }
    }

    /// Counts events of an earlier process among those of this world.
    pub fn take_over(&self, events: &[Uuid]) {
        self.events.lock().unwrap().extend(events);
    }

    async fn is_busy(&self) -> bool {
        let (now, events) = (self.clock.now(), self.events.lock().unwrap().clone());
        for event in events {
            let delivery = self.delivery(event).await;
            if delivery.state == State::Leased || (delivery.state == State::Due && delivery.due <= now) {
                return true;
            }
        }
        false
    }

    /// Ends what runs for the store as if this process had stopped: somebody else has its leases, and ends them.
    pub async fn lose_leases(&self) {
        let somebody = take_leases(&*self.store, self.clock.now()).await;
        self.store.release(somebody, Vec::new(), self.clock.now()).await.unwrap();
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

    pub async fn advance(&self, duration: Duration) {
        self.clock.advance(duration);
        self.settle().await;
    }

    /// Waits until an event's one delivery is in this state.
    pub async fn until(&self, event: Uuid, state: State) -> Delivery {
        let begun = Instant::now();
        loop {
            let delivery = self.delivery(event).await;
            if delivery.state == state {
                return delivery;
            }
            assert!(begun.elapsed() < PATIENCE, "{event} becomes {state:?}, it is {delivery:?}");
            tokio::task::yield_now().await;
        }
    }

    pub async fn delivery(&self, event: Uuid) -> Delivery {
        let (_, deliveries) = self.store.event(event).await.unwrap().unwrap();
        assert_eq!(deliveries.len(), 1, "{deliveries:?}");
        deliveries.into_iter().next().unwrap()
    }

    /// The recorded runs, on an event or all: by attempt, the handler before its consumer. Ingestion has no row of its
    /// own, the store derives it from the event.
    pub async fn activations(&self, event: Option<Uuid>) -> Vec<Activation> {
        let filter = Filter { limit: 1_000, event, ..Filter::default() };
        let mut activations = self.store.activations(filter).await.unwrap();
        activations.retain(|activation| activation.action != INGESTION);
        activations.sort_by_key(|activation| (activation.attempt, activation.cause.is_none()));
        activations
    }
}

/// A process whose clock is ahead takes everybody's leases; who it is.
pub async fn take_leases(store: &dyn Store, now: Timestamp) -> i64 {
    const SOMEBODY: i64 = 7;
    let claim = Claim {
        now: now.checked_add(jiff::SignedDuration::from_mins(10)).unwrap(),
        owner: SOMEBODY,
        lease: Duration::from_hours(1),
        deliveries_max: 1_000,
        bytes_max: usize::MAX,
        rooms: Rooms::of_all(1_000),
    };
    let claimed = store.claim(claim).await.unwrap().deliveries;
    assert!(!claimed.is_empty() && claimed.iter().all(|delivery| delivery.is_in_doubt), "{claimed:?}");
    SOMEBODY
}

async fn register(store: &dyn Store, now: Timestamp) -> Routes {
    for (name, action, codes) in REGISTRATIONS {
        let interest = |code: &&str| Interest { provider_id: PROVIDER.to_owned(), event_code: (*code).to_owned() };
        let registration = Registration {
            id: 0,
            registration_id: name.to_lowercase(),
            client_id: "client".to_owned(),
            name: name.to_owned(),
            description: name.to_owned(),
            delivery_type: "webhook".to_owned(),
            runtime_action: action.map(str::to_owned),
            webhook_url: None,
            verification: Verification::Verified,
            subscriber_filters: Vec::new(),
            enabled: true,
            health: RegistrationHealth::Active,
            events_of_interest: codes.iter().map(interest).collect(),
            created_date: now,
            updated_date: now,
        };
        store.put_registration(registration).await.unwrap();
    }
    let provider = Provider {
        id: PROVIDER.to_owned(),
        label: "Backoffice".to_owned(),
        description: "Products".to_owned(),
        docs_url: None,
        provider_metadata: "3rd_party_custom_events".to_owned(),
        instance_id: "instance-1".to_owned(),
        data_residency_region: Provider::REGION.to_owned(),
    };
    store.put_provider(provider).await.unwrap();
    Routes::new(store.catalogue().await.unwrap())
}

fn sequence(actions: &[&str]) -> Entry {
    Entry::Sequence(actions.iter().map(|name| Arc::from(*name)).collect())
}

fn registry(runs: &Runs, target: &Recorder, guard: &FakeGuard) -> Registry {
    let handler = || Entry::Event(sdk::handler(Changed(runs.clone())));
    let consumer = || Entry::Event(Box::new(CONSUMER));
    let deployed = |name: &str, entry: Entry, timeout: Duration| Deployed {
        name: name.into(),
        web: if matches!(entry, Entry::Web(_)) { Web::Yes } else { Web::No },
        entry: Arc::new(entry),
        inputs: Arc::new(Inputs::default()),
        targets: testkit::targets(target.clone()),
        annotations: Arc::default(),
        limits: ActionLimits { timeout, ..ActionLimits::default() },
        log_level: tracing::Level::INFO,
        places: Places::default(),
        guards: if name == "web/guarded" { vec![Arc::new(guard.clone())] } else { Vec::new() },
    };
    Registry::from_iter([
        deployed("product/consumer", consumer(), TIMEOUT),
        deployed("product/hasty", consumer(), TIMEOUT_SHORT),
        deployed("product/changed", handler(), TIMEOUT),
        deployed("product/hung", handler(), TIMEOUT_SHORT),
        deployed("web/asked", Entry::Web(Box::new(Asked)), TIMEOUT),
        deployed("web/hung", Entry::Web(Box::new(Asked)), TIMEOUT_SHORT),
        Deployed {
            limits: ActionLimits { logs_bytes: 64 << 10, ..ActionLimits::default() },
            inputs: Arc::new(Inputs::new([("input".to_owned(), "of the manifest".into())].into())),
            ..deployed("test/logs", Entry::Runtime(Box::new(Told)), TIMEOUT)
        },
        Deployed {
            limits: ActionLimits { timeout: TIMEOUT_SHORT, concurrency: 2, ..ActionLimits::default() },
            ..deployed("test/hung", Entry::Runtime(Box::new(Told)), TIMEOUT_SHORT)
        },
        Deployed {
            limits: ActionLimits { concurrency: 1, ..ActionLimits::default() },
            ..deployed("test/one", Entry::Runtime(Box::new(Told)), TIMEOUT)
        },
        deployed("test/twice", sequence(&["test/logs", "test/logs"]), TIMEOUT),
        deployed("test/nested", sequence(&["test/twice", "test/logs"]), TIMEOUT),
        deployed("test/hangs", sequence(&["test/hung", "test/logs"]), TIMEOUT),
        deployed("test/full", sequence(&["test/one", "test/logs"]), TIMEOUT),
        deployed("web/guarded", Entry::Web(Box::new(Asked)), TIMEOUT),
    ])
}
