//! Every folder below `tests/golden` is one event, the calls that it makes and the answer that it gets.
//!
//! `<package>/<action>/<case>/event.json` is `{"type", "data", "target": {"status", "body"}}`: the event's
//! code (consumers need one) and value, and what Commerce answers (200 without a body when left out; a list answers call
//! by call, and its last answer repeats). `sent.json` has the calls that Commerce got, `reply.json` the action's result.
//! `UPDATE_GOLDEN=1` rewrites both from what happens.

mod backend;
mod case;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use adobe::{Bearer, Clock, Commerce, Governor, Limits, Pool};
use async_trait::async_trait;
use sdk::{Actions, Answer, Context, Entry, Event, Fate};
use serde_json::Value;
use settings::{Manifest, Variables};

use backend::Backend;
use case::Target;
pub use case::{Case, cases};

const UPDATE: &str = "UPDATE_GOLDEN";
const TOKEN: &str = "token-of-the-golden-tests";

/// The actions of the checkout's own `app.config.yaml`, without any variable set.
pub fn manifest() -> Manifest {
    let none: [(&str, &str); 0] = [];
    Manifest::load(root(), &Variables::from_pairs(none)).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The functions behind the deployed names. As the port to other actions it runs the real ones, so that a consumer's
/// case covers its handler too.
#[derive(Clone)]
struct Deployment {
    functions: Arc<BTreeMap<String, Entry>>,
    pool: Pool,
    base_url: String,
}

impl Deployment {
    fn new() -> Self {
        let mut entries = actions::table().into_entries();
        let deployed = manifest().actions.into_iter().filter_map(|action| {
            let entry = entries.remove(action.function.as_str())?;
            Some((action.full_name(), entry))
        });
        let functions = Arc::new(deployed.collect());
        Self { functions, pool: Pool::new().unwrap(), base_url: String::new() }
    }

    async fn run(&self, action: &str, event: &Event) -> Answer {
        let Some(Entry::Event(function)) = self.functions.get(action) else {
            panic!("no manifest entry deploys an event's action under `{action}`");
        };
        let bearer = Arc::new(Bearer::new(TOKEN.to_owned().into()));
        let governor = Governor::new("commerce", Limits::default(), Clock::system());
        let commerce = Commerce::new(self.pool.clone(), &self.base_url, bearer, governor);
        testkit::context().commerce(commerce).actions(self.clone()).run(&**function, event).await
    }
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
        let targets = case.targets();
        let backend = Backend::start(&targets).await;
        let deployment = Deployment { base_url: backend.base_url.clone(), ..deployment.clone() };
        let event = case.event();
        let answer = deployment.run(&case.full_name(), &event).await;
        let calls = backend.calls();
        check_answer(&case, &answer, calls.len(), &targets);
        for call in &calls {
            assert_eq!(call.header("x-event-id"), event.id, "{case}: the event's id goes along with each call");
            assert_eq!(call.header("authorization"), format!("Bearer {TOKEN}"), "{case}");
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
fn check_answer(case: &Case, answer: &Answer, calls: usize, targets: &[Target]) {
    let status = answer.result.pointer("/statusCode").or_else(|| answer.result.pointer("/error/statusCode"));
    assert_eq!(status, Some(&Value::from(answer.status)), "{case}: the result names the answer's number");
    if calls == 0 {
        assert!(
            !matches!(answer.fate, Fate::Done | Fate::Retry { .. }),
            "{case}: nothing was sent, so nothing is done"
        );
        return;
    }
    match (Fate::of_status(backend::nth(targets, calls).status, None), &answer.fate) {
        (Fate::Retry { .. }, Fate::Retry { .. }) => {}
        (expected, found) => assert_eq!(*found, expected, "{case}: the target's number decides"),
    }
}
