//! Runs of actions: lists, one with all that is known of it, and those that ended since one looked.

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Activation, Filter, Reader, RunPlace, Status};
use uuid::Uuid;

use super::{Refused, limit, one_of};

const LIMIT_DEFAULT: u16 = 30;
const LIMIT_MAX: u16 = 1_000;

/// Runs on one event, or of the same time, that are looked at for those that a run caused.
const CAUSED_MAX: usize = 200;

/// Which runs are meant.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// `package/action`, or an action's name in any package.
    pub action: Option<String>,
    /// A word of [`STATUSES`]; several with commas between.
    pub status: Option<String>,
    /// Begun then or later.
    pub since: Option<Timestamp>,
    /// Begun before.
    pub upto: Option<Timestamp>,
    pub limit: Option<u16>,
    pub skip: Option<u32>,
    /// In place of the newest: those that ended behind this cursor, in that order; `end` is the cursor of now.
    pub after: Option<String>,
    /// With what each logged.
    pub logs: Option<bool>,
    /// Only how many there are, whatever the limit.
    pub count: Option<bool>,
}

/// How runs end, in the words of `aio`, and one of ours.
const STATUSES: [(&str, Status); 6] = [
    ("success", Status::Success),
    ("app error", Status::ApplicationError),
    ("dev error", Status::DeveloperError),
    ("sys error", Status::InternalError),
    ("timeout", Status::TimedOut),
    ("suppressed", Status::Suppressed),
];

impl Query {
    fn statuses(&self) -> Result<Vec<Status>, Refused> {
        let words = self.status.iter().flat_map(|status| status.split(',')).map(str::trim);
        words.map(|text| one_of("status", text, &STATUSES, |(word, _)| word).map(|(_, status)| status)).collect()
    }

    fn filter(&self) -> Result<Filter, Refused> {
        Ok(Filter {
            limit: limit(self.limit, LIMIT_DEFAULT, LIMIT_MAX)?,
            skip: self.skip.unwrap_or_default() as usize,
            action: self.action.clone(),
            event: None,
            statuses: self.statuses()?,
            since: self.since,
            upto: self.upto,
        })
    }
}

/// The word that `aio` has for how a run ended.
pub fn word(status: Status) -> &'static str {
    STATUSES.iter().find(|(_, known)| *known == status).map_or("", |(word, _)| word)
}

/// An array; how many there are as `{"activations": ...}`; or with a cursor `{"activations": [...], "cursor": ...}`.
pub(super) fn list(reader: &Reader, query: &Query) -> anyhow::Result<Value> {
    let filter = query.filter()?;
    if query.count.unwrap_or_default() {
        return Ok(json!({"activations": reader.count(&filter)?}));
    }
    let with_logs = query.logs.unwrap_or_default();
    let Some(after) = &query.after else {
        return reader.activations(&filter)?.into_iter().map(|run| shown(reader, run, with_logs)).collect();
    };
    if after == "end" {
        return Ok(json!({"activations": [], "cursor": written(reader.newest_run()?)}));
    }
    let (found, place) = reader.activations_behind(place(after)?, &filter)?;
    let rows: Value = found.into_iter().map(|run| shown(reader, run, with_logs)).collect::<anyhow::Result<_>>()?;
    Ok(json!({"activations": rows, "cursor": written(place)}))
}

/// Lists leave logs out.
fn shown(reader: &Reader, run: Activation, with_logs: bool) -> anyhow::Result<Value> {
    let whole = if with_logs { reader.activation(run.id)? } else { None };
    Ok(record(&whole.unwrap_or(run)))
}

fn written(RunPlace { recorded, event }: RunPlace) -> String {
    format!("{recorded}-{event}")
}

fn place(cursor: &str) -> Result<RunPlace, Refused> {
    let numbers = cursor
        .split_once('-')
        .and_then(|(recorded, event)| Some(RunPlace { recorded: recorded.parse().ok()?, event: event.parse().ok()? }));
    numbers.ok_or_else(|| Refused::Wrong("`after` is no cursor\n  hint: take the `cursor` of an answer".to_owned()))
}

/// One run, or the newest that the query lets through; with its stages, its calls and the runs that it caused.
pub(super) fn get(reader: &Reader, id: Option<Uuid>, query: &Query) -> anyhow::Result<Value> {
    let id = if let Some(id) = id {
        id
    } else {
        let newest = reader.activations(&Filter { limit: 1, ..query.filter()? })?.into_iter().next();
        newest.ok_or_else(|| Refused::Unknown(NONE.to_owned()))?.id
    };
    let Some(run) = reader.activation(id)? else { return Err(unknown(id).into()) };
    let mut record = record(&run);
    record["caused"] = caused(reader, &run)?.iter().map(|id| id.simple().to_string()).collect();
    record["detail"] = detail(&run);
    Ok(record)
}

const NONE: &str = "no activation is like that\n  hint: `kit activation list` shows those that are kept";

fn unknown(id: Uuid) -> Refused {
    let id = id.simple();
    Refused::Unknown(format!(
        "there is no activation {id}\n  hint: `kit activation list` shows those that are kept; a run has one when it has ended"
    ))
}

/// The runs that this one caused, oldest first.
pub(super) fn caused(reader: &Reader, run: &Activation) -> anyhow::Result<Vec<Uuid>> {
    let filter = if run.event.is_some() {
        Filter { limit: CAUSED_MAX, event: run.event, ..Filter::default() }
    } else {
        // Whatever it called began while it ran.
        let upto = run.end.saturating_add(Duration::from_millis(1))?;
        Filter { limit: CAUSED_MAX, since: Some(run.start), upto: Some(upto), ..Filter::default() }
    };
    let mut found: Vec<Uuid> =
        reader.activations(&filter)?.iter().filter(|other| other.cause == Some(run.id)).map(|other| other.id).collect();
    found.reverse();
    Ok(found)
}

/// Stages and calls; null where nothing was told.
pub(super) fn detail(run: &Activation) -> Value {
    run.detail.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// The record in OpenWhisk's shape.
pub fn record(run: &Activation) -> Value {
    let result: Value = serde_json::from_str(&run.result).unwrap_or_default();
    let logs: Vec<&str> = run.logs.as_deref().map(|logs| logs.lines().collect()).unwrap_or_default();
    json!({
        "activationId": run.id.simple().to_string(),
        "cause": run.cause.map(|cause| cause.simple().to_string()),
        "name": run.action.rsplit('/').next(),
        "start": run.start.as_millisecond(),
        "end": run.end.as_millisecond(),
        "duration": duration_ms(run),
        "status": word(run.status),
        "response": {
            "status": run.status.as_str(),
            "success": run.status == Status::Success,
            "result": result,
            "size": run.result.len(),
        },
        "logs": logs,
        "annotations": annotations(run),
    })
}

fn annotations(run: &Activation) -> Vec<Value> {
    let mut annotations = vec![
        json!({"key": "path", "value": run.action}),
        json!({"key": "kind", "value": "rust"}),
        json!({"key": "waitTime", "value": run.wait_ms}),
        json!({"key": "timeout", "value": run.status == Status::TimedOut}),
    ];
    if let Some(event) = run.event {
        annotations.push(json!({"key": "event", "value": event.hyphenated().to_string()}));
    }
    if run.attempt > 0 {
        annotations.push(json!({"key": "attempt", "value": run.attempt}));
    }
    annotations
}

pub(super) fn duration_ms(run: &Activation) -> i64 {
    run.end.as_millisecond() - run.start.as_millisecond()
}
