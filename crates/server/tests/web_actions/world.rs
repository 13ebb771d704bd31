//! A server on loopback with the actions of these tests.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use engine::{
    ActionLimits, Answers, Arrivals, Clock, Deployed, Guard, Places, Readiness, Reception, Registry, RoutesHandle,
    Runner, RunnerParts, Schemas, SystemClock, Web,
};
use schemes::basic::Basic;
use sdk::{ActivationId, Entry, Inputs};
use serde_json::{Value, json};
use server::{
    Bodies, BodyRules, Decompression, Face, Http2Limits, Limits, Listening, Operators, RuntimeKey, StrictTransport,
    WebActions, WebhookIntake, Webhooks,
};
use store::{Activation, Filter, Options, Sqlite, Store};
use tempfile::TempDir;
use testkit::{FakePublisher, FakeSenders, Recorder};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tracing::Level;

use crate::actions::{Give, Good, Hang, Late, Native, Panic, Script};

/// Whatever a test waits for comes within this time.
const PATIENCE: Duration = Duration::from_mins(1);

/// Actions end within this time; `web/hang` has less.
const TIMEOUT: Duration = Duration::from_mins(10);

pub const NAMESPACE: &str = "ns-of-tests";

pub struct World {
    pub address: SocketAddr,
    pub client: reqwest::Client,
    pub script: Script,
    pub store: Arc<dyn Store>,
    stop: watch::Sender<bool>,
    _folder: TempDir,
}

impl World {
    /// Callers wait for an action's end for so long.
    pub async fn new(answer_within: Duration) -> Self {
        Self::with(answer_within, 1_000).await
    }

    /// As [`Self::new`], for one caller after the other.
    pub async fn of_one_connection(answer_within: Duration) -> Self {
        Self::with(answer_within, 1).await
    }

    async fn with(answer_within: Duration, connections_max: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let opened = Sqlite::open(&Options::in_folder(folder.path().join("data"))).unwrap();
        let store: Arc<dyn Store> = Arc::new(opened);
        let script = Script::new();
        let router = router(&script, &store, answer_within);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = watch::channel(false);
        let listening = Listening { listener, tls: None, router, limits: limits(connections_max) };
        tokio::spawn(listening.serve(stopped, Duration::from_secs(5)));
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build().unwrap();
        Self { address, client, script, store, stop, _folder: folder }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}/api/v1/web/{path}", self.address)
    }

    /// Waits for the record that an answer's id leads to.
    pub async fn recorded(&self, id: ActivationId) -> Activation {
        self.until("the record", async || self.store.activation(id.uuid()).await.unwrap()).await
    }

    /// Waits until so many runs of an action are on record.
    pub async fn runs(&self, action: &str, count: usize) -> Vec<Activation> {
        self.until("the runs", async || {
            let filter = Filter { limit: 1_000, action: Some(action.to_owned()), ..Filter::default() };
            let runs = self.store.activations(filter).await.unwrap();
            (runs.len() >= count).then_some(runs)
        })
        .await
    }

    pub async fn until<T>(&self, what: &str, ask: impl AsyncFn() -> Option<T>) -> T {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(found) = ask().await {
                return found;
            }
            tokio::task::yield_now().await;
        }
        panic!("{what} did not come");
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.stop.send_replace(true);
    }
}

fn router(script: &Script, store: &Arc<dyn Store>, answer_within: Duration) -> Router {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let runner = Runner::new(RunnerParts {
        registry: registry(script),
        publisher: Arc::new(FakePublisher::new()),
        senders: Arc::new(FakeSenders::new()),
        store: Arc::clone(store),
        clock: Arc::clone(&clock),
        echo_window: Duration::ZERO,
    });
    let (schemas, routes) = (Arc::new(Schemas::new(&[])), RoutesHandle::default());
    let reception = Reception {
        arrivals: Arc::new(Arrivals::new(Arc::clone(&schemas), routes.clone(), Arc::clone(store), Arc::clone(&clock))),
        routes,
        store: Arc::clone(store),
        clock: Arc::clone(&clock),
        answers: Answers::default(),
    };
    let face = Face {
        runner,
        schemas,
        store: Arc::clone(store),
        clock,
        webhooks: Webhooks::new(reception, WebhookIntake::Closed, Duration::from_secs(5)),
        web: WebActions { answer_within },
        runtime: Some(RuntimeKey::new(NAMESPACE, Basic::new("user", &["5ecret".into()]))),
        operators: Operators::default(),
        bodies: BodyRules::default(),
        readiness: Readiness::default(),
    };
    server::router(face, Router::new(), Bodies::new(64 << 20, Decompression::Off))
}

fn limits(connections_max: usize) -> Limits {
    Limits {
        connections_max,
        per_client: None,
        body_bytes_per_client: None,
        proxies: Vec::new(),
        headers_max: 100,
        header_bytes_max: 16 * 1024,
        header_timeout: Duration::from_mins(1),
        request_timeout: TIMEOUT,
        requests_at_once: 1_000,
        rate: None,
        http2: Http2Limits { streams_max: 8, resets_max: 8, ping_every: Duration::from_mins(1) },
        strict_transport: StrictTransport::Untold,
    }
}

fn usual() -> ActionLimits {
    ActionLimits { timeout: TIMEOUT, ..ActionLimits::default() }
}

fn deployed(name: &str, web: Web, entry: Entry) -> Deployed {
    Deployed {
        name: name.into(),
        entry: Arc::new(entry),
        inputs: Arc::new(Inputs::default()),
        targets: testkit::targets(Recorder::new()),
        annotations: Arc::default(),
        limits: usual(),
        log_level: Level::INFO,
        web,
        places: Places::default(),
        guards: Vec::new(),
    }
}

fn registry(script: &Script) -> Registry {
    let give = |name: &str| deployed(name, Web::Yes, Entry::Runtime(Box::new(Give(script.clone()))));
    let inputs = || {
        let values = BTreeMap::from([("key".to_owned(), json!("deployed")), ("other".to_owned(), json!(1))]);
        Arc::new(Inputs::new(values))
    };
    let guards = || vec![Arc::new(Good) as Arc<dyn Guard>];
    let annotated = |name: &str| Arc::new(BTreeMap::from([(name.to_owned(), Value::Bool(true))]));
    let runtime =
        |name: &str, entry: Entry, limits: ActionLimits| Deployed { limits, ..deployed(name, Web::Yes, entry) };
    let limited = |limits: ActionLimits, name: &str| Deployed { limits, ..give(name) };
    Registry::from_iter([
        give("web/give"),
        give("default/give"),
        Deployed { web: Web::No, ..give("web/hidden") },
        Deployed { web: Web::Raw, ..give("web/raw") },
        Deployed { inputs: inputs(), ..give("web/inputs") },
        Deployed { inputs: inputs(), annotations: annotated("final"), ..give("web/final") },
        Deployed { guards: guards(), ..give("web/guarded") },
        Deployed {
            guards: guards(),
            limits: ActionLimits { payload_bytes: 10, ..usual() },
            ..give("web/guarded-small")
        },
        Deployed { guards: guards(), annotations: annotated("require-whisk-auth"), ..give("web/whisk") },
        Deployed { guards: guards(), annotations: annotated("web-custom-options"), ..give("web/custom-options") },
        limited(ActionLimits { payload_bytes: 10, ..usual() }, "web/small-payload"),
        limited(ActionLimits { result_bytes: 10, ..usual() }, "web/small-result"),
        runtime("web/panic", Entry::Runtime(Box::new(Panic(script.clone()))), usual()),
        runtime(
            "web/hang",
            Entry::Runtime(Box::new(Hang(script.clone()))),
            ActionLimits { timeout: Duration::from_millis(20), ..usual() },
        ),
        runtime("web/late", Entry::Runtime(Box::new(Late(script.clone()))), usual()),
        runtime("web/two", Entry::Runtime(Box::new(Late(script.clone()))), ActionLimits { concurrency: 2, ..usual() }),
        deployed("web/native", Web::Yes, Entry::Web(Box::new(Native(script.clone())))),
    ])
}
