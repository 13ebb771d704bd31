use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use engine::{ActionLimits, Deployed, Places, Registry, Runner, RunnerParts, Web};
use http::header::AUTHORIZATION;
use http::{HeaderValue, Request, StatusCode};
use schemes::basic::Basic;
use sdk::{Entry, Inputs};
use secrecy::SecretString;
use serde_json::Value;
use server::{BodyRules, RuntimeKey, RuntimeParts};
use store::Sqlite;
use tempfile::TempDir;
use testkit::{FakePublisher, FakeSenders, ManualClock, Recorder};

use crate::face::{ask, query, wait};
use crate::first_line;

/// `user:password` in base64.
const AUTH: &str = "Basic dXNlcjpwYXNzd29yZA==";

/// Below the namespace.
const PLACES: [&str; 6] = [
    "actions/test/info?blocking=true",
    "actions/test/twice",
    "actions",
    "packages",
    "activations",
    "activations/0193f3d20f8b7c13a2b4c5d6e7f80910",
];

struct World {
    router: Router,
    _folder: TempDir,
}

static WORLD: LazyLock<World> = LazyLock::new(|| wait(async { open() }));

fn open() -> World {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let opened = Sqlite::open(&store::Options::in_folder(folder.path().join("data")));
    let store: Arc<dyn store::Store> = Arc::new(opened.expect("a store can be made"));
    let clock: Arc<dyn engine::Clock> = Arc::new(ManualClock::new());
    let info = actions::table().into_entries().remove("starter_kit/info").expect("the table has it");
    let twice = ["test/info", "test/info"].map(Arc::from);
    let registry =
        Registry::from_iter([deployed("test/info", info), deployed("test/twice", Entry::Sequence(Arc::new(twice)))]);
    let runner = Runner::new(RunnerParts {
        registry,
        publisher: Arc::new(FakePublisher::new()),
        senders: Arc::new(FakeSenders::new()),
        store: Arc::clone(&store),
        clock: Arc::clone(&clock),
        echo_window: Duration::ZERO,
    });
    let key = RuntimeKey::new("ns", Basic::new("user", &[SecretString::from("password")]));
    let parts = RuntimeParts { runner, store, clock, bodies: BodyRules::default() };
    World { router: parts.router(&key), _folder: folder }
}

fn deployed(name: &str, entry: Entry) -> Deployed {
    Deployed {
        name: name.into(),
        entry: Arc::new(entry),
        inputs: Arc::new(Inputs::default()),
        targets: testkit::targets(Recorder::new()),
        annotations: Arc::default(),
        limits: ActionLimits::default(),
        log_level: "error".parse().expect("a level"),
        web: Web::No,
        places: Places::default(),
        guards: Vec::new(),
    }
}

/// Any header that proves who calls, any query and any parameters are answered: nobody but the key's owner reaches
/// anything, and every refusal has its text and its id. The first byte picks the path; then come, a line each, the header
/// and the query, and the rest is the body.
pub fn runtime(input: &[u8]) {
    let [pick, rest @ ..] = input else { return };
    let ((authorization, rest), path) = (first_line(rest), PLACES[usize::from(*pick) % PLACES.len()]);
    let (asked, body) = first_line(rest);
    let joint = if path.contains('?') { '&' } else { '?' };
    let url = format!("/api/v1/namespaces/_/{path}{joint}{}", query(asked));
    let Ok(said) = HeaderValue::from_bytes(authorization) else { return };
    let is_owner = authorization == AUTH.as_bytes();
    let request = if path.starts_with("actions/") { Request::post(url) } else { Request::get(url) };
    // Longer than a URL can be.
    let Ok(request) = request.header(AUTHORIZATION, said).body(Body::from(body.to_vec())) else { return };
    let answer = ask(&WORLD.router, request);
    let told: Value = serde_json::from_slice(&answer.body).expect("an answer is JSON");
    if answer.status == StatusCode::UNAUTHORIZED {
        assert!(!is_owner);
    }
    let id = answer.headers.get("x-request-id").and_then(|id| id.to_str().ok()).expect("every answer has an id");
    match answer.status {
        StatusCode::OK | StatusCode::ACCEPTED => {}
        // The run itself failed: this is its record.
        StatusCode::BAD_GATEWAY => assert!(told["activationId"].is_string() || !told["error"].is_null(), "{told}"),
        StatusCode::BAD_REQUEST
        | StatusCode::UNAUTHORIZED
        | StatusCode::NOT_FOUND
        | StatusCode::PAYLOAD_TOO_LARGE
        | StatusCode::TOO_MANY_REQUESTS => {
            assert!(told["error"].is_string() && told["code"] == id, "{told}");
        }
        status => panic!("{status}: {told}"),
    }
}
