//! What is recorded of one attempt at an event: all that running it again needs.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use store::{Activation, Filter, Reader, Status};
use uuid::Uuid;

use sdk::record::Timeline;

use crate::inspect::Refused;

/// Runs of one event that are looked at.
const RUNS_MAX: usize = 1_000;

/// An attempt: its event, and its runs with the one first that caused the others.
#[derive(Debug, Deserialize, Serialize)]
pub struct Case {
    pub event: CaseEvent,
    pub attempt: u32,
    pub runs: Vec<CaseRun>,
}

#[derive(Debug, Deserialize, Serialize)]
pub struct CaseEvent {
    pub id: String,
    pub source: String,
    pub code: String,
    pub time: jiff::Timestamp,
    pub data: Box<RawValue>,
}

#[derive(Debug, Deserialize, Serialize)]
pub struct CaseRun {
    pub id: Uuid,
    pub cause: Option<Uuid>,
    pub action: String,
    /// In OpenWhisk's words.
    pub status: String,
    pub is_suppressed: bool,
    pub result: Value,
    pub timeline: Timeline,
}

impl Case {
    /// The attempt that this activation is a part of.
    ///
    /// # Errors
    /// There is no such activation, or it is no run on an event that is still there.
    pub fn of(reader: &Reader, id: Uuid) -> anyhow::Result<Self> {
        let shown = id.simple();
        let Some(asked) = reader.activation(id)? else {
            let told =
                format!("there is no activation {shown}\n  hint: `kit activation list` shows those that are kept");
            return Err(Refused::Unknown(told).into());
        };
        let wrong = |told: String| Err(Refused::Wrong(told).into());
        let Some(event) = asked.event.filter(|_| asked.attempt > 0) else {
            return wrong(format!(
                "activation {shown} is no run on a delivered event, so there is nothing to run it on\n  hint: `kit event \
                 trace` with the event's id shows the runs that are"
            ));
        };
        let Some((stored, _)) = reader.event(event)? else {
            return wrong(format!("the event of activation {shown} was removed\n  hint: take another one"));
        };
        let Ok(event) = engine::event(&stored) else {
            return wrong(format!("the event of activation {shown} is not JSON any more\n  hint: take another one"));
        };
        let filter = Filter { limit: RUNS_MAX, event: asked.event, ..Filter::default() };
        let mut runs = Vec::new();
        for run in reader.activations(&filter)?.iter().filter(|run| run.attempt == asked.attempt) {
            runs.extend(reader.activation(run.id)?);
        }
        let first = top(&runs, &asked).id;
        let first = runs.iter().position(|run| run.id == first);
        if let Some(first) = first {
            runs.swap(0, first);
        }
        let event = CaseEvent {
            id: event.id,
            source: event.source,
            code: event.code,
            time: event.time,
            data: event.data.as_ref().to_owned(),
        };
        Ok(Self { event, attempt: asked.attempt, runs: runs.into_iter().map(CaseRun::of).collect() })
    }
}

impl CaseRun {
    fn of(run: Activation) -> Self {
        let timeline = run.detail.as_deref().and_then(|detail| serde_json::from_str(detail).ok());
        Self {
            id: run.id,
            cause: run.cause,
            action: run.action,
            status: run.status.as_str().to_owned(),
            is_suppressed: run.status == Status::Suppressed,
            result: serde_json::from_str(&run.result).unwrap_or_default(),
            timeline: timeline.unwrap_or_default(),
        }
    }
}

/// The run at the top of those that led to this one.
fn top<'a>(runs: &'a [Activation], run: &'a Activation) -> &'a Activation {
    let mut top = run;
    // An id cannot be its own cause; a damaged record ends the climb.
    for _ in 0..runs.len() {
        match top.cause.and_then(|cause| runs.iter().find(|run| run.id == cause)) {
            Some(cause) => top = cause,
            None => break,
        }
    }
    top
}
