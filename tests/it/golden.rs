//! Every folder below `tests/golden` is one event, the calls that it makes and the answer that it gets.
//!
//! `<package>/<action>/<case>/event.json` is `{"type", "data", "target": {"status", "body"}}`: the event's code (consumers
//! need one) and value, and what the target answers (200 without a body when left out; a list answers call by call, and
//! its last answer repeats). Beside them `"carried": [...]` has events `{"action", "type", "data", "target"}` that were
//! carried before, `"in_doubt": true` stands for an earlier attempt whose outcome is not known, and `time` for the moment
//! at which the event was accepted (1970 when left out).
//! `sent.json` has the calls that Commerce (`/rest/`) or the back office (`/erp/`) got, `reply.json` the action's result.
//! `UPDATE_GOLDEN=1` rewrites both from what happens.

mod backend;
mod case;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use adobe::{Backoffice, Bearer, Clock, Commerce, Governor, Limits, NoCredentials, Pool};
use async_trait::async_trait;
use http::HeaderMap;
use sdk::{Actions, Answer, Context, Entry, Event, Fate};
use serde_json::Value;
use settings::{Manifest, Variables};
use testkit::FakeMemory;

use backend::Backend;
use case::Target;
pub use case::{Case, cases};

use crate::support::pool;

const UPDATE: &str = "UPDATE_GOLDEN";
const TOKEN: &str = "token-of-the-golden-tests";

/// The inputs by which an action says that it calls these systems.
const COMMERCE_BASE_URL: &str = "COMMERCE_BASE_URL";
const BACKOFFICE_URL: &str = "KIT_BACKOFFICE_URL";

/// The actions of the checkout's own `app.config.yaml`, without any variable set.
pub fn manifest() -> Manifest {
    let none: [(&str, &str); 0] = [];
    Manifest::load(root(), &Variables::from_pairs(none)).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A function as it is deployed.
struct Function {
    entry: Entry,
    inputs: BTreeMap<String, Value>,
}

/// The functions behind the deployed names. As the port to other actions it runs the real ones, so that a consumer's
/// case covers its handler too.
#[derive(Clone)]
struct Deployment {
    functions: Arc<BTreeMap<String, Function>>,
    pool: Pool,
    memory: FakeMemory,
    /// Where Commerce and the back office are.
    address: String,
    is_in_doubt: bool,
}

impl Deployment {
    fn new() -> Self {
        let mut entries = actions::table().into_entries();
        let deployed = manifest().actions.into_iter().filter_map(|action| {
            let entry = entries.remove(action.function.as_str())?;
            Some((action.full_name(), Function { entry, inputs: action.inputs }))
        });
        let functions = Arc::new(deployed.collect());
        let (pool, memory) = (pool(), FakeMemory::new());
        Self { functions, pool, memory, address: String::new(), is_in_doubt: false }
    }

    /// The same functions with targets and a memory of their own.
    fn beside(&self, backend: &Backend, memory: &FakeMemory) -> Self {
        Self { address: backend.address.clone(), memory: memory.clone(), ..self.clone() }
    }

    /// The same functions at an attempt after one whose outcome is not known.
    fn in_doubt(self, is_in_doubt: bool) -> Self {
        Self { is_in_doubt, ..self }
    }

    async fn run(&self, action: &str, event: &Event) -> Answer {
        let Some(Function { entry: Entry::Event(function), inputs }) = self.functions.get(action) else {
            panic!("no manifest entry deploys an event's action under `{action}`");
        };
        let bench = inputs.iter().fold(testkit::context(), |bench, (name, value)| bench.input(name, value.clone()));
        let mut bench = bench.memory(self.memory.clone()).actions(self.clone());
        if self.is_in_doubt {
            bench = bench.in_doubt();
        }
        // Whoever calls a system without having named it is found out: those calls go nowhere.
        if inputs.contains_key(COMMERCE_BASE_URL) {
            bench = bench.commerce(self.commerce());
        }
        if inputs.contains_key(BACKOFFICE_URL) {
            bench = bench.backoffice(self.backoffice());
        }
        bench.run(&**function, event).await
    }

    fn commerce(&self) -> Commerce {
        let bearer = Arc::new(Bearer::new(TOKEN.to_owned().into()));
        Commerce::new(self.pool.clone(), &format!("{}/rest/", self.address), bearer, governor())
    }

    fn backoffice(&self) -> Backoffice {
        let base_url = format!("{}/erp/", self.address);
        Backoffice::new(self.pool.clone(), &base_url, HeaderMap::new(), Arc::new(NoCredentials), governor())
    }
}

fn governor() -> Arc<Governor> {
    Governor::new("golden", Limits::default(), Clock::system())
}

#[async_trait]
impl Actions for Deployment {
    async fn invoke(&self, action: &str, event: &Event, _: &Context) -> Answer {
        self.run(action, event).await
    }
}

#[tokio::test]
async fn every_golden_case_sends_and_answers_what_its_files_say() {
    let deployment = Deployment::new();
    let is_update = std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty());
    let mut differences = Vec::new();
    for case in cases() {
        let memory = FakeMemory::new();
        for (action, event, target) in case.carried() {
            let backend = Backend::start(&[target]).await;
            let answer = deployment.beside(&backend, &memory).run(&action, &event).await;
            assert_eq!(answer.fate, Fate::Done, "{case}: what was carried before");
        }
        let targets = case.targets();
        let backend = Backend::start(&targets).await;
        let event = case.event();
        let attempt = deployment.beside(&backend, &memory).in_doubt(case.is_in_doubt());
        let answer = attempt.run(&case.full_name(), &event).await;
        let calls = backend.calls();
        check_answer(&case, &answer, &calls, &targets);
        for call in &calls {
            assert_eq!(call.header("x-event-id"), event.id, "{case}: the event's id goes along with each call");
            let credentials = if call.is_for_commerce() { format!("Bearer {TOKEN}") } else { String::new() };
            assert_eq!(call.header("authorization"), credentials, "{case}");
        }
        let sent = Value::Array(calls.iter().map(backend::Received::document).collect());
        for (file, found) in [(case::SENT, &sent), (case::REPLY, &answer.result)] {
            if is_update {
                case.write(file, found);
            } else if let Some(difference) = case.difference(file, found) {
                differences.push(difference);
            }
        }
    }
    let count = differences.len();
    assert!(differences.is_empty(), "{count} golden files differ:\n\n{}", differences.join("\n"));
}

/// What holds for every case: the result names the answer's own number, and the target's last answer decides by its
/// number.
fn check_answer(case: &Case, answer: &Answer, calls: &[backend::Received], targets: &[Target]) {
    let status = answer.result.pointer("/statusCode").or_else(|| answer.result.pointer("/error/statusCode"));
    assert_eq!(status, Some(&Value::from(answer.status)), "{case}: the result names the answer's number");
    if answer.fate == Fate::Suppressed {
        assert!(calls.is_empty(), "{case}: an echo is sent nowhere");
        return;
    }
    let Some(last) = calls.last() else {
        assert!(
            matches!(answer.fate, Fate::Rejected | Fate::Parked | Fate::Skipped),
            "{case}: nothing was sent, so nothing is done: {:?}",
            answer.fate
        );
        return;
    };
    let status = backend::nth(targets, calls.len()).status;
    let expected = match Fate::of_status(status, None) {
        Fate::Retry { after } if case.is_in_doubt() => Fate::Unknown { after },
        Fate::Refused if case.is_in_doubt() && status == 404 && last.is_deletion() => Fate::Done,
        decided => decided,
    };
    assert_eq!(answer.fate, expected, "{case}: the target's number decides");
}
