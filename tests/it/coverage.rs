//! What must not be forgotten: handler files, the table, the manifest, the onboarding files and the golden folders
//! agree.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::path::{Path, PathBuf};

use onboarding::Desired;
use sdk::{Entry, EventSpec, json};
use serde_json::{Value, value};
use settings::{Action, Web};

use crate::golden::{Case, cases, manifest, root};

const BACKOFFICE: &str = "backoffice";
const COMMERCE: &str = "commerce";

#[test]
fn every_function_of_the_table_is_deployed_exactly_once() {
    let mut deployed = BTreeMap::<String, Vec<String>>::new();
    for action in manifest().actions {
        deployed.entry(action.function.clone()).or_default().push(action.full_name());
    }
    for function in actions::table().functions() {
        let names = deployed.remove(function).unwrap_or_default();
        assert_eq!(
            names.len(),
            1,
            "`{function}` of `actions/lib.rs` is one entry of an `actions.config.yaml`: {names:?}"
        );
    }
    assert!(deployed.is_empty(), "deployed, but not in the table of `actions/lib.rs`: {deployed:?}");
    assert!(actions::table().twice().is_empty(), "twice in the table: {:?}", actions::table().twice());
}

#[test]
fn every_handler_file_has_its_line_in_the_table_and_every_line_its_file() {
    let folder = root().join("actions");
    let files: BTreeSet<String> = handler_files(&folder).iter().map(|file| function(&folder, file)).collect();
    // Consumers and web actions may stand anywhere; below `<entity>/<system>` everything is an action.
    let table: BTreeSet<String> = actions::table().functions().map(str::to_owned).collect();
    agree("handler files", &files, "the table of `actions/lib.rs`", &deep(&table));
    for function in &table {
        assert!(folder.join(format!("{function}.rs")).is_file(), "`{function}` of the table is no file of `actions`");
    }
}

#[test]
fn every_event_handler_has_golden_cases_of_each_kind() {
    let cases = cases();
    for action in event_handlers() {
        let name = action.full_name();
        let own: Vec<&Case> = cases.iter().filter(|case| case.full_name() == name).collect();
        let has = |kind: Kind| own.iter().any(|case| Kind::of(case) == Some(kind));
        for kind in [Kind::Success, Kind::Refusal, Kind::TargetFailure] {
            assert!(has(kind), "`tests/golden/{name}` has no case of a {kind:?}");
        }
    }
}

#[test]
fn every_golden_folder_belongs_to_an_action_on_events() {
    let deployed: BTreeSet<String> =
        manifest().actions.iter().filter(|action| !is_web(action)).map(Action::full_name).collect();
    for case in cases() {
        assert!(deployed.contains(&case.full_name()), "{case} belongs to no action of the manifest");
    }
}

#[test]
fn every_event_is_onboarded_with_a_sample_that_it_accepts_and_that_has_its_key() {
    check_events("`actions::EVENTS`", actions::EVENTS, BACKOFFICE);
    check_events("`actions::COMMERCE_EVENTS`", actions::COMMERCE_EVENTS, COMMERCE);
}

fn check_events(name: &str, specs: &[EventSpec], provider: &str) {
    let samples = samples(provider);
    let onboarded = desired().metadata.into_iter().filter(|metadata| metadata.provider_key == provider);
    let onboarded: BTreeSet<String> = onboarded.map(|metadata| metadata.event_code).collect();
    let known: BTreeSet<String> = specs.iter().map(|spec| spec.code.to_owned()).collect();
    agree(name, &known, "`onboarding/config/events.json`", &onboarded);
    assert_eq!(known.len(), specs.len(), "no code stands twice in {name}");
    for spec in specs {
        let code = spec.code;
        assert_eq!(spec.is_ingested, provider == BACKOFFICE, "`{code}` comes through the webhook or from Commerce");
        let sample = samples.get(code).unwrap_or_else(|| panic!("`{code}` has no sample"));
        let sample = value::to_raw_value(sample).unwrap();
        let checked = spec.check(&sample);
        assert!(checked.is_ok(), "the sample of `{code}` does not pass its own check: {checked:?}");
        for key in spec.keys {
            assert!(!json::texts_at(&sample, key).is_empty(), "the sample of `{code}` has no business key at `{key}`");
        }
    }
}

#[tokio::test]
async fn every_consumer_routes_each_event_of_its_registration_and_leaves_no_handler_out() {
    let deployed = manifest().actions;
    let handlers: BTreeSet<String> = event_handlers().iter().map(Action::full_name).collect();
    let mut table = actions::table().into_entries();
    let samples: BTreeMap<String, Value> = [BACKOFFICE, COMMERCE].into_iter().flat_map(samples).collect();
    for registration in desired().registrations {
        let name = &registration.runtime_action;
        let action = deployed.iter().find(|action| action.full_name() == *name);
        let function = action.and_then(|action| table.remove(action.function.as_str()));
        let Some(Entry::Event(consumer)) = function else {
            panic!("the onboarding files have events sent to `{name}`, which is not deployed");
        };
        let mut reached = BTreeSet::new();
        for code in registration.events.iter().map(|event| &event.event_code) {
            let sample = samples.get(code).unwrap_or_else(|| panic!("`{code}` has no sample"));
            for data in new_and_old(sample) {
                let others = testkit::FakeActions::new();
                let event = testkit::event(code, &data);
                let answer = testkit::context().actions(others.clone()).run(&*consumer, &event).await;
                let invoked: Vec<String> = others.invocations().into_iter().map(|invoked| invoked.action).collect();
                let [handler] = &invoked[..] else {
                    panic!("`{name}` runs one handler for `{code}`, not {invoked:?}: {}", answer.result);
                };
                assert!(handlers.contains(handler), "`{name}` routes `{code}` to `{handler}`, which is not deployed");
                reached.insert(handler.clone());
            }
        }
        let package = format!("{}/", name.split('/').next().unwrap_or_default());
        let own = handlers.iter().filter(|handler| handler.starts_with(&package));
        let left_out: Vec<&String> = own.filter(|handler| !reached.contains(*handler)).collect();
        assert!(left_out.is_empty(), "`{name}` routes no event to {left_out:?}");
    }
}

/// The sample as it is, and as Commerce sends it of what is new and of what was there before.
fn new_and_old(sample: &Value) -> Vec<Value> {
    let mut variants = vec![sample.clone()];
    for is_new in [true, false] {
        let mut variant = sample.clone();
        if let Some(Value::Object(value)) = variant.get_mut("value") {
            value.insert("_isNew".to_owned(), is_new.into());
            variants.push(variant);
        }
    }
    variants
}

/// A provider's samples of the onboarding files, by event code.
fn samples(provider: &str) -> BTreeMap<String, Value> {
    let samples = onboarding::samples(&root().join("onboarding/config"), provider);
    let samples = samples.unwrap_or_else(|error| panic!("{error}"));
    samples.into_iter().map(|sample| (sample.code, sample.value)).collect()
}

/// A second attempt at what changes Commerce is shown; the back office deduplicates by the event's id.
#[test]
fn every_handler_that_calls_commerce_has_golden_cases_in_doubt() {
    let cases = cases();
    for action in event_handlers().into_iter().filter(|action| action.function.contains("/external/")) {
        let name = action.full_name();
        let in_doubt = cases.iter().filter(|case| case.full_name() == name && case.is_in_doubt());
        // What is looked for is there, or it is not and is sent; who looks for nothing sends.
        let sent: Vec<bool> = in_doubt.filter(|case| Kind::of(case) == Some(Kind::Success)).map(is_written).collect();
        assert!(sent.contains(&true), "`tests/golden/{name}` has no case in doubt that is sent again");
        let is_creator = action.function.ends_with("created") && action.function != "product/external/created";
        assert!(
            !is_creator || sent.contains(&false),
            "`tests/golden/{name}` has no case in doubt whose effect is there already"
        );
    }
}

/// Whether a call of the case changes anything.
fn is_written(case: &Case) -> bool {
    let sent = case.read("sent.json");
    sent.as_array().into_iter().flatten().any(|call| call["method"] != "GET")
}

/// What a golden case shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Success,
    /// The handler's own verdict: nothing is sent.
    Refusal,
    TargetFailure,
}

impl Kind {
    fn of(case: &Case) -> Option<Self> {
        let sent = case.read("sent.json");
        let is_sent = sent.as_array().is_some_and(|calls| !calls.is_empty());
        let status = case.read("reply.json").get("statusCode").and_then(Value::as_u64);
        match (status, is_sent) {
            (Some(200), true) => Some(Self::Success),
            (Some(400), false) => Some(Self::Refusal),
            (Some(_), true) if case.targets().last().is_some_and(|target| target.status >= 400) => {
                Some(Self::TargetFailure)
            }
            _ => None,
        }
    }
}

fn desired() -> Desired {
    let desired = Desired::load_with(&root().join("onboarding/config"), "local", &manifest());
    desired.unwrap_or_else(|error| panic!("{error}"))
}

fn is_web(action: &Action) -> bool {
    !matches!(action.web, Web::No)
}

/// The deployed actions that handle events themselves.
fn event_handlers() -> Vec<Action> {
    let is_handler = |action: &Action| !is_web(action) && !action.function.ends_with("consumer");
    manifest().actions.into_iter().filter(is_handler).collect()
}

/// `<entity>/<system>/*.rs` but for the types that handlers share.
fn handler_files(actions: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entity in entries(actions) {
        for system in entries(&entity) {
            let handlers = entries(&system).into_iter().filter(|file| {
                let is_shared = file.file_stem().is_some_and(|name| name == "model");
                file.extension().is_some_and(|extension| extension == "rs") && !is_shared
            });
            files.extend(handlers);
        }
    }
    files
}

/// What is in a folder; nothing when it is a file.
fn entries(path: &Path) -> Vec<PathBuf> {
    if !path.is_dir() {
        return Vec::new();
    }
    std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()).collect()
}

/// `product/external/created`.
fn function(actions: &Path, file: &Path) -> String {
    let path = file.strip_prefix(actions).unwrap().with_extension("");
    path.iter().map(|part| part.to_str().unwrap()).collect::<Vec<_>>().join("/")
}

/// The functions below `<entity>/<system>`.
fn deep(functions: &BTreeSet<String>) -> BTreeSet<String> {
    functions.iter().filter(|function| function.split('/').count() == 3).cloned().collect()
}

fn agree<T: Ord + Debug>(left_name: &str, left: &BTreeSet<T>, right_name: &str, right: &BTreeSet<T>) {
    let left_only: Vec<&T> = left.difference(right).collect();
    let right_only: Vec<&T> = right.difference(left).collect();
    assert!(left_only.is_empty(), "in {left_name}, but not in {right_name}: {left_only:?}");
    assert!(right_only.is_empty(), "in {right_name}, but not in {left_name}: {right_only:?}");
}
