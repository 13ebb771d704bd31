//! Lists of runs: those that are recorded, and the successful ingestions, which stand in their event's own row.

use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, Row, ToSql};
use uuid::Uuid;

use super::rows::{self, millis, timestamp};
use crate::{Activation, Filter, Status, StoredEvent};

/// Rows are in the order in which runs ended. So much later than the time asked for the look at them ends; clocks may
/// have been set back by less.
const SET_BACK_MAX: Duration = Duration::from_hours(1);

pub(super) fn list(connection: &Connection, filter: &Filter) -> rusqlite::Result<Vec<Activation>> {
    let most = filter.limit.saturating_add(filter.skip);
    let mut found = Vec::new();
    each_recorded(connection, filter, |row| {
        found.push(rows::activation(row)?);
        Ok(found.len() < most)
    })?;
    let mut ingested = Vec::new();
    each_ingestion(connection, filter, |row| {
        ingested.push(ingestion(&rows::event(row)?));
        Ok(ingested.len() < most)
    })?;
    Ok(merged(found, ingested).skip(filter.skip).take(filter.limit).collect())
}

/// Both are in the order in which runs ended, and so is what becomes of them: whatever is listed behind a run, its place is
/// the same, and pages neither repeat runs nor miss them.
fn merged(recorded: Vec<Activation>, ingested: Vec<Activation>) -> impl Iterator<Item = Activation> {
    let (mut recorded, mut ingested) = (recorded.into_iter().peekable(), ingested.into_iter().peekable());
    std::iter::from_fn(move || match (recorded.peek(), ingested.peek()) {
        (Some(run), Some(other)) if (run.end, run.start) < (other.end, other.start) => ingested.next(),
        (Some(_), _) => recorded.next(),
        (None, _) => ingested.next(),
    })
}

pub(super) fn count(connection: &Connection, filter: &Filter) -> rusqlite::Result<u64> {
    let mut count = 0;
    each_recorded(connection, filter, |_| {
        count += 1;
        Ok(true)
    })?;
    each_ingestion(connection, filter, |_| {
        count += 1;
        Ok(true)
    })?;
    Ok(count)
}

/// The recorded runs that the filter lets through, newest first, for as long as more are wanted.
fn each_recorded(
    connection: &Connection,
    filter: &Filter,
    mut wants_more: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    let columns = rows::ACTIVATION_COLUMNS;
    let id = filter.event.map(Uuid::into_bytes);
    // A parameter that may be `NULL` would keep SQLite from the index.
    let (from, parameters): (_, Vec<&dyn ToSql>) = match &id {
        Some(id) => ("activation INDEXED BY activation_event WHERE event = ?1", vec![id]),
        None => ("activation", Vec::new()),
    };
    let mut statement = connection.prepare_cached(&format!("SELECT {columns} FROM {from} ORDER BY id DESC"))?;
    let mut rows = statement.query(parameters.as_slice())?;
    while let Some(row) = rows.next()? {
        if ended_before(filter, timestamp(row.get(4)?)) {
            break;
        }
        let is_named = is_action(filter, row.get_ref(2)?.as_str()?);
        let is_wanted = is_named && is_in_time(filter, timestamp(row.get(3)?)) && has_status(filter, row.get(5)?);
        if is_wanted && !wants_more(row)? {
            break;
        }
    }
    Ok(())
}

/// The runs that published and have no row of their own, newest first, for as long as more are wanted.
fn each_ingestion(
    connection: &Connection,
    filter: &Filter,
    mut wants_more: impl FnMut(&Row<'_>) -> rusqlite::Result<bool>,
) -> rusqlite::Result<()> {
    if !has_status(filter, Status::Success.to_number()) || !is_published_by_any(connection, filter)? {
        return Ok(());
    }
    let id = filter.event.map(Uuid::into_bytes);
    let (select, parameters): (_, Vec<&dyn ToSql>) = match &id {
        Some(id) => (rows::EVENT_BY_UUID, vec![id]),
        None => (rows::EVENTS_NEWEST, Vec::new()),
    };
    let mut statement = connection.prepare_cached(select)?;
    let mut events = statement.query(parameters.as_slice())?;
    while let Some(row) = events.next()? {
        let (id, at) = (Uuid::from_bytes(row.get(1)?), timestamp(row.get(6)?));
        if ended_before(filter, at) {
            break;
        }
        let publisher = row.get_ref(4)?.as_str()?;
        let is_run = !publisher.is_empty() && is_action(filter, publisher) && is_in_time(filter, started(id, at));
        if is_run && !has_row(connection, id)? && !wants_more(row)? {
            break;
        }
    }
    Ok(())
}

/// Whether all that ended earlier than this began too early, too.
fn ended_before(filter: &Filter, end: Timestamp) -> bool {
    filter.since.is_some_and(|since| end.saturating_add(SET_BACK_MAX).is_ok_and(|end| end < since))
}

/// Whether the filter lets the run through, whatever its event.
pub(super) fn is_wanted(filter: &Filter, run: &Activation) -> bool {
    is_action(filter, &run.action) && is_in_time(filter, run.start) && has_status(filter, run.status.to_number())
}

fn is_in_time(filter: &Filter, start: Timestamp) -> bool {
    filter.since.is_none_or(|since| millis(start) >= millis(since))
        && filter.upto.is_none_or(|upto| millis(start) < millis(upto))
}

fn has_status(filter: &Filter, status: i64) -> bool {
    filter.statuses.is_empty() || filter.statuses.iter().any(|wanted| wanted.to_number() == status)
}

/// `package/action`, or an action's name in any package.
fn is_action(filter: &Filter, name: &str) -> bool {
    let Some(wanted) = &filter.action else { return true };
    name == wanted || name.strip_suffix(wanted.as_str()).is_some_and(|package| package.ends_with('/'))
}

/// Whether the action asked for has ever published: a look at few rows that saves one at all events.
fn is_published_by_any(connection: &Connection, filter: &Filter) -> rusqlite::Result<bool> {
    let mut statement = connection.prepare_cached("SELECT DISTINCT publisher FROM kind WHERE publisher <> ''")?;
    let publishers = statement.query_map([], |row| row.get::<_, String>(0))?;
    for publisher in publishers {
        if is_action(filter, &publisher?) {
            return Ok(true);
        }
    }
    Ok(false)
}

pub(super) fn has_row(connection: &Connection, id: Uuid) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS(SELECT 1 FROM activation WHERE uuid = ?1)")?
        .query_row([id.as_bytes()], |row| row.get(0))
}

/// When the run with this id began, which ended at this time.
fn started(id: Uuid, end: Timestamp) -> Timestamp {
    let started = id.get_timestamp().map(|timestamp| timestamp.to_unix());
    let started = started
        .and_then(|(seconds, nanos)| Timestamp::new(i64::try_from(seconds).ok()?, i32::try_from(nanos).ok()?).ok());
    started.map_or(end, |started| started.min(end))
}

/// The run that published an event, read from the event's own row: its id holds the start, its time the end.
pub(super) fn ingestion(event: &StoredEvent) -> Activation {
    let response = serde_json::json!({"success": true, "message": "Event published successfully"});
    let body = serde_json::json!({"type": &*event.code, "response": response});
    Activation {
        id: event.id,
        cause: None,
        action: event.publisher.to_string(),
        start: started(event.id, event.at),
        end: event.at,
        status: Status::Success,
        result: serde_json::json!({"statusCode": 200, "body": body}).to_string(),
        event: Some(event.id),
        attempt: 0,
        wait_ms: 0,
        detail: None,
        logs: None,
    }
}
