//! From the manifest and the table of functions to deployed actions.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{ActionLimits, Deployed, Places, Registry};
use sdk::{Entry, Inputs};
use serde_json::Value;
use settings::{Action, Fault, Manifest, Web, nearest};
use tracing::Level;

use crate::guards::{self, Guards};
use crate::targets::Clients;

/// What is wrong between the manifest and the table in `actions/lib.rs`.
pub fn faults(manifest: &Manifest) -> Vec<Fault> {
    let table = actions::table();
    let mut faults: Vec<Fault> = table
        .twice()
        .iter()
        .map(|function| Fault {
            at: None,
            key: (*function).to_owned(),
            problem: "stands twice in the table of `actions/lib.rs`".to_owned(),
            hint: "leave one line for each function".to_owned(),
        })
        .collect();
    let entries = table.into_entries();
    // Without a function an action has a fault already.
    for action in manifest.actions.iter().filter(|action| !action.function.is_empty()) {
        let fault = |member: &str, problem: String, hint: String| Fault {
            at: Some(action.at.clone()),
            key: format!("packages.{}.actions.{}.{member}", action.package, action.name),
            problem,
            hint,
        };
        match (entries.get(action.function.as_str()), action.web) {
            (None, _) => faults.push(fault(
                "function",
                format!("the function `{}` is not in the table of `actions/lib.rs`", action.function),
                unknown_function(&action.function, &entries),
            )),
            (Some(Entry::Event(_)), Web::Yes | Web::Raw) => faults.push(fault(
                "web",
                "this function runs on events, so it cannot be a web action".to_owned(),
                "set `web: 'no'`".to_owned(),
            )),
            (Some(Entry::Web(web)), _) => {
                if let Err(problem) = web.check_inputs(&inputs(action)) {
                    faults.push(fault("inputs", problem, "mend the input or leave it out".to_owned()));
                }
            }
            (Some(Entry::Event(_)), Web::No) | (Some(Entry::Runtime(_) | Entry::Sequence(_)), _) => {}
        }
    }
    faults
}

/// Web actions that take requests from everybody: faults where other machines reach them.
pub fn open_actions(manifest: &Manifest) -> Vec<Fault> {
    let entries = actions::table().into_entries();
    let is_open = |action: &&Action| match entries.get(action.function.as_str()) {
        Some(Entry::Web(web)) => action.web != Web::No && !web.checks_callers() && !guards::is_guarded(action),
        Some(Entry::Runtime(_) | Entry::Sequence(_)) => action.web != Web::No && !guards::is_guarded(action),
        Some(Entry::Event(_)) => false,
        // The guards of what a sequence runs are not asked.
        None => action.is_sequence() && action.web != Web::No && !guards::is_guarded(action),
    };
    let fault = |action: &Action| Fault {
        at: Some(action.at.clone()),
        key: format!("packages.{}.{}.{}.annotations.require-adobe-auth", action.package, part(action), action.name),
        problem:
            "expected `true`: `KIT_BIND` is reached from other machines, and this action takes requests from everybody"
                .to_owned(),
        hint: "or give it the input `COMMERCE_WEBHOOKS_PUBLIC_KEY`, when Commerce calls it; an action that checks its \
               callers itself says so (`WebAction::checks_callers`)"
            .to_owned(),
    };
    manifest.actions.iter().filter(is_open).map(fault).collect()
}

/// Where the package has it.
fn part(action: &Action) -> &'static str {
    if action.is_sequence() { "sequences" } else { "actions" }
}

fn unknown_function(function: &str, entries: &BTreeMap<&str, Entry>) -> String {
    let known: Vec<&str> = entries.keys().copied().collect();
    let meant = nearest(function, &known).map(|near| format!("did you mean `{near}`? Otherwise ")).unwrap_or_default();
    format!("{meant}write `actions/{function}.rs` and add its line to the table")
}

/// Deploys every action of a manifest without faults.
///
/// # Errors
/// The inputs of an action lead to no usable client, or it demands what nobody can give.
pub fn deploy(manifest: &Manifest, mut clients: Clients<'_>, guards: &Guards) -> anyhow::Result<Registry> {
    let entries: BTreeMap<&str, Arc<Entry>> =
        actions::table().into_entries().into_iter().map(|(name, entry)| (name, Arc::new(entry))).collect();
    let deployed = manifest.actions.iter().filter_map(|action| Some((action, entry(action, &entries)?)));
    let deployed = deployed.map(|(action, entry)| {
        Ok(Deployed {
            name: action.full_name().into(),
            entry,
            targets: clients.of(action)?,
            inputs: Arc::new(inputs(action)),
            annotations: Arc::new(action.annotations.clone()),
            limits: limits(&action.limits),
            log_level: log_level(action),
            web: match action.web {
                Web::No => engine::Web::No,
                Web::Yes => engine::Web::Yes,
                Web::Raw => engine::Web::Raw,
            },
            places: Places::default(),
            guards: guards.of(action)?,
        })
    });
    deployed.collect()
}

/// What an action runs; none: its function is unknown.
fn entry(action: &Action, entries: &BTreeMap<&str, Arc<Entry>>) -> Option<Arc<Entry>> {
    if action.is_sequence() {
        let components = action.components.iter().map(|name| Arc::from(name.as_str()));
        return Some(Arc::new(Entry::Sequence(components.collect())));
    }
    entries.get(action.function.as_str()).map(Arc::clone)
}

fn limits(limits: &settings::Limits) -> ActionLimits {
    let megabytes = |count: u32| usize::try_from(count).unwrap_or(usize::MAX).saturating_mul(1 << 20);
    ActionLimits {
        timeout: Duration::from_millis(limits.timeout_ms),
        concurrency: usize::try_from(limits.concurrency).unwrap_or(usize::MAX),
        logs_bytes: megabytes(limits.logs_mb),
        payload_bytes: megabytes(limits.payload_mb),
        result_bytes: megabytes(limits.result_mb),
        memory_mb: limits.memory_mb,
    }
}

/// The level of the action that has most of what it logs kept.
pub fn loudest(manifest: &Manifest) -> Level {
    manifest.actions.iter().map(log_level).max().unwrap_or(Level::INFO)
}

/// What the input `LOG_LEVEL` asks for.
fn log_level(action: &Action) -> Level {
    let wanted = action.inputs.get("LOG_LEVEL").and_then(Value::as_str);
    wanted.and_then(|wanted| wanted.parse().ok()).unwrap_or(Level::INFO)
}

/// What an action is given of the manifest.
pub fn inputs(action: &Action) -> Inputs {
    Inputs::new(action.inputs.clone())
}
