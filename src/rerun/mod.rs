//! Runs an action on a recorded event again, with what is recorded in the place of everything else: targets answer what they
//! had answered, and nothing is sent or written.

mod case;
mod ports;

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, bail};
use futures_util::FutureExt;
use sdk::{ActivationId, Answer, Context, Entry, Event, Fate};
use serde::Serialize;
use serde_json::Value;
use settings::Manifest;
use uuid::Uuid;

use crate::deploy;
pub use case::Case;
use case::{CaseEvent, CaseRun};
use ports::{Script, ports};

/// Handlers that run longer than any recorded answer needs hang.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// One run, then and now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RunAgain {
    pub action: String,
    /// `None`: it was not run then.
    pub recorded: Option<Then>,
    pub status: u16,
    pub result: Value,
    pub calls: Vec<CallAgain>,
    /// Calls that were made then and not now.
    pub calls_missing: Vec<String>,
}

/// How a run had ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Then {
    pub activation_id: String,
    pub status: String,
    pub result: Value,
}

/// One call that a run makes now.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallAgain {
    pub target: &'static str,
    pub method: String,
    pub path: String,
    pub request: Option<String>,
    pub compared: Compared,
    /// What the target had answered.
    pub status: Option<u16>,
    pub error: Option<String>,
}

/// A call against the record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Compared {
    Same,
    /// It was made then with another body.
    Changed,
    /// Nothing is recorded that could answer it.
    New,
}

impl Compared {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Changed => "changed",
            Self::New => "new",
        }
    }
}

/// What runs again, and what is recorded of the first time.
pub(crate) struct Stage {
    entries: BTreeMap<&'static str, Entry>,
    manifest: Manifest,
    /// Recorded runs that nobody has asked for yet.
    recorded: Mutex<Vec<CaseRun>>,
    again: Mutex<Vec<RunAgain>>,
    attempt: u32,
}

/// Runs an attempt again; the run that caused the others comes first.
///
/// # Errors
/// Its action is not there any more.
pub async fn rerun(case: Case, manifest: Manifest) -> anyhow::Result<Vec<RunAgain>> {
    let Case { event, attempt, runs } = case;
    let first = runs.first().context("an attempt has a run")?.action.clone();
    let entries = actions::table().into_entries();
    let stage = Stage { entries, manifest, recorded: Mutex::new(runs), again: Mutex::default(), attempt };
    stage.check(&first)?;
    let CaseEvent { id, source, code, time, data } = event;
    let event = Event { id, source, code, time, trace: None, data: data.into() };
    let stage = Arc::new(stage);
    Stage::run(&stage, &first, &event, None).await;
    let mut again = std::mem::take(&mut *stage.again.lock().unwrap_or_else(PoisonError::into_inner));
    // The one that caused the others ended last.
    again.reverse();
    Ok(again)
}

impl Stage {
    fn check(&self, action: &str) -> anyhow::Result<()> {
        let deployed = self.manifest.actions.iter().find(|deployed| deployed.full_name() == action);
        let deployed = deployed.with_context(|| {
            format!("there is no action `{action}`\n  hint: `app.config.yaml` of this folder has to deploy it")
        })?;
        match self.entries.get(deployed.function.as_str()) {
            Some(Entry::Event(_)) => Ok(()),
            Some(Entry::Web(_) | Entry::Runtime(_) | Entry::Sequence(_)) | None => {
                bail!("`{action}` does not run on events")
            }
        }
    }

    pub(crate) async fn run(stage: &Arc<Self>, name: &str, event: &Event, cause: Option<Uuid>) -> Answer {
        let recorded = stage.take(name, cause);
        let timeline = recorded.as_ref().map(|run| run.timeline.clone()).unwrap_or_default();
        let script = Arc::new(Script::new(timeline.calls));
        let was_suppressed = recorded.as_ref().is_some_and(|run| run.is_suppressed);
        let deployed = stage.manifest.actions.iter().find(|deployed| deployed.full_name() == name);
        let entry = deployed.and_then(|deployed| stage.entries.get(deployed.function.as_str()));
        let answer = match (deployed, entry) {
            (Some(deployed), Some(Entry::Event(action))) => {
                let id = ActivationId::new(Uuid::now_v7());
                let known = recorded.as_ref().map(|run| run.id);
                let ports = ports(Arc::clone(stage), &script, known, was_suppressed);
                let cx = Context::new(id, name.into(), Arc::new(deploy::inputs(deployed)), ports)
                    .for_event(event, stage.attempt)
                    .in_doubt(timeline.in_doubt);
                let run = AssertUnwindSafe(async { action.run(&cx, event).await }).catch_unwind();
                match tokio::time::timeout(TIME_LIMIT, run).await {
                    Ok(Ok(answer)) => answer,
                    Ok(Err(_)) => Answer::error(500, "the action crashed", Fate::Parked),
                    Err(_) => Answer::error(504, "the action did not end", Fate::Parked),
                }
            }
            _ => Answer::error(404, &format!("the action `{name}` is not deployed"), Fate::Parked),
        };
        let (calls, calls_missing) = script.end();
        stage.again.lock().unwrap_or_else(PoisonError::into_inner).push(RunAgain {
            action: name.to_owned(),
            recorded: recorded.map(|run| Then {
                activation_id: run.id.simple().to_string(),
                status: run.status,
                result: run.result,
            }),
            status: answer.status,
            result: answer.result.clone(),
            calls,
            calls_missing,
        });
        answer
    }

    /// The recorded run of this action with this cause; each is taken once.
    fn take(&self, action: &str, cause: Option<Uuid>) -> Option<CaseRun> {
        let mut recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let place = recorded.iter().position(|run| run.action == action && run.cause == cause)?;
        Some(recorded.remove(place))
    }
}
