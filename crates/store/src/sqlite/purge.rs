use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

use super::journal;
use super::rows::millis;
use crate::Purged;

/// Rows of one kind that one purge removes, so that the writer is never held up for long.
const ROWS_MAX: usize = 256;

/// Removes a bounded number of old rows. Numbers grow with time, so the oldest rows come first without an index.
pub(super) fn purge(
    connection: &Connection,
    events: Timestamp,
    activations: Timestamp,
    now: Timestamp,
) -> rusqlite::Result<Purged> {
    let (old_events, mut rows) = purge_events(connection, millis(events))?;
    let old = oldest(connection, "SELECT id, end FROM activation ORDER BY id LIMIT ?1", millis(activations))?;
    for id in &old {
        rows += connection.prepare_cached("DELETE FROM activation WHERE id = ?1")?.execute([id])?;
    }
    let values = connection
        .prepare_cached(
            "DELETE FROM value WHERE key IN (SELECT key FROM value WHERE expires <= ?1 ORDER BY expires LIMIT ?2)",
        )?
        .execute([millis(now), i64::try_from(ROWS_MAX).unwrap_or(i64::MAX)])?;
    rows += values;
    let old_traces = oldest(connection, "SELECT id, at FROM trace ORDER BY id LIMIT ?1", millis(activations))?;
    for id in &old_traces {
        rows += connection.prepare_cached("DELETE FROM trace WHERE id = ?1")?.execute([id])?;
    }
    let expired = millis(now).saturating_add(1);
    let old_changes = oldest(connection, "SELECT id, expires FROM change ORDER BY id LIMIT ?1", expired)?;
    for id in &old_changes {
        rows += connection.prepare_cached("DELETE FROM change WHERE id = ?1")?.execute([id])?;
    }
    let removed = [old_events, old.len(), values, old_traces.len(), old_changes.len()];
    let is_finished = removed.into_iter().all(|removed| removed < ROWS_MAX);
    Ok(Purged { rows, is_finished })
}

/// The newest number of all events that were removed; 0 when none was.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    let select = "SELECT value FROM setting WHERE name = 'purged'";
    Ok(connection.query_row(select, [], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// How many were removed as events, and how many rows that made.
fn purge_events(connection: &Connection, before: i64) -> rusqlite::Result<(usize, usize)> {
    let mut rows = 0;
    let finished = finished_events(connection, before)?;
    for event in &finished {
        let registrations: Vec<i64> = connection
            .prepare_cached("DELETE FROM delivery WHERE event = ?1 RETURNING registration")?
            .query_map([event], |row| row.get(0))?
            .collect::<rusqlite::Result<_>>()?;
        rows += registrations.len();
        for registration in registrations {
            journal::lose(connection, registration, *event)?;
        }
        for statement in ["DELETE FROM seen WHERE event = ?1", "DELETE FROM event WHERE id = ?1"] {
            rows += connection.prepare_cached(statement)?.execute([event])?;
        }
    }
    if let Some(newest) = finished.last() {
        connection
            .prepare_cached(
                "INSERT INTO setting(name, value) VALUES ('purged', ?1)
                 ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)",
            )?
            .execute([newest])?;
    }
    Ok((finished.len(), rows))
}

/// The oldest events without an open delivery. Old ones that are open are passed over, however many there are: they
/// must not hide the others.
fn finished_events(connection: &Connection, before: i64) -> rusqlite::Result<Vec<i64>> {
    let mut finished = Vec::new();
    let mut statement = connection.prepare_cached(
        "SELECT id, at, EXISTS(SELECT 1 FROM delivery WHERE delivery.event = event.id AND state IN (0, 1, 2))
         FROM event ORDER BY id",
    )?;
    let mut events = statement.query([])?;
    while let Some(event) = events.next()? {
        if event.get::<_, i64>(1)? >= before || finished.len() == ROWS_MAX {
            break;
        }
        if !event.get::<_, bool>(2)? {
            finished.push(event.get(0)?);
        }
    }
    Ok(finished)
}

fn oldest(connection: &Connection, select: &str, before: i64) -> rusqlite::Result<Vec<i64>> {
    let limit = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(select)?;
    let rows = statement.query_map([limit], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
    let rows: Vec<(i64, i64)> = rows.collect::<rusqlite::Result<_>>()?;
    Ok(rows.into_iter().take_while(|(_, at)| *at < before).map(|(id, _)| id).collect())
}
