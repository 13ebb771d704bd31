//! Runs in the order in which they ended, from one place on.

use rusqlite::{Connection, params};

use super::activations::{has_row, ingestion, is_wanted};
use super::rows;
use crate::{Activation, Filter, RunPlace};

/// Rows of a kind that are looked at in one go, whatever they are.
const ROWS_MAX: i64 = 1_000;

/// The place behind all there is.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<RunPlace> {
    let newest = |select: &str| connection.prepare_cached(select)?.query_row([], |row| row.get(0));
    Ok(RunPlace {
        recorded: newest("SELECT coalesce(max(id), 0) FROM activation")?,
        event: newest("SELECT coalesce(max(id), 0) FROM event")?,
    })
}

/// Those behind a place that the filter lets through, and the place behind what was looked at.
pub(super) fn behind(
    connection: &Connection,
    place: RunPlace,
    filter: &Filter,
) -> rusqlite::Result<(Vec<Activation>, RunPlace)> {
    // What was removed since frees its numbers, which come again.
    let newest = newest(connection)?;
    let mut place = RunPlace { recorded: place.recorded.min(newest.recorded), event: place.event.min(newest.event) };
    let mut found = Vec::new();
    let select = format!("SELECT {}, id FROM activation WHERE id > ?1 ORDER BY id LIMIT ?2", rows::ACTIVATION_COLUMNS);
    let mut statement = connection.prepare_cached(&select)?;
    let mut recorded = statement.query(params![place.recorded, ROWS_MAX])?;
    while found.len() < filter.limit
        && let Some(row) = recorded.next()?
    {
        let run = rows::activation(row)?;
        place.recorded = row.get("id")?;
        found.extend(is_wanted(filter, &run).then_some(run));
    }
    let most = found.len() + filter.limit;
    let mut statement = connection.prepare_cached(rows::EVENTS_AFTER)?;
    let mut events = statement.query(params![place.event, ROWS_MAX])?;
    while found.len() < most
        && let Some(row) = events.next()?
    {
        let event = rows::event(row)?;
        place.event = event.number;
        let is_run = !event.publisher.is_empty() && !has_row(connection, event.id)?;
        let run = ingestion(&event);
        found.extend((is_run && is_wanted(filter, &run)).then_some(run));
    }
    found.sort_by_key(|run| (run.end, run.id));
    Ok((found, place))
}
