//! Removes what is old, and what is to be forgotten.

use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::journal;
use super::lanes::{self, Placed};
use super::rows::{self, millis};
use super::tally::Tally;
use crate::{Forgotten, Purged, Retention, State};

/// Rows of one kind that one purge removes, so that the writer is never held up for long.
const ROWS_MAX: usize = 256;

/// Events that one purge looks at. Old ones that are still open are passed over, however many there are.
const EVENTS_SEEN_MAX: usize = 1_024;

/// Counts of attempts are kept for as long as anybody looks back.
const COUNTS_KEPT_MS: i64 = 8 * 24 * 60 * 60 * 1_000;

/// Where the next purge goes on.
#[derive(Debug, Default)]
pub(super) struct Purger {
    /// Events up to this number were looked at.
    seen: i64,
}

/// What a look at events led to.
#[derive(Default)]
struct Step {
    rows: usize,
    events: usize,
    early: usize,
    is_finished: bool,
    /// When the newest that went early was accepted.
    early_until: i64,
}

impl Purger {
    /// Removes a bounded number of old rows. Numbers grow with time, so the oldest rows come first without an index.
    pub(super) fn purge(
        &mut self,
        connection: &Connection,
        retention: &Retention,
        bytes: u64,
    ) -> rusqlite::Result<Purged> {
        let step = self.purge_events(connection, millis(retention.events), bytes > retention.bytes)?;
        let mut rows = step.rows;
        let mut is_finished = step.is_finished;
        let now = millis(retention.now);
        let activations = millis(retention.activations).max(step.early_until);
        let minute = now.saturating_sub(COUNTS_KEPT_MS).div_euclid(60_000);
        for (statement, before) in [
            ("DELETE FROM activation WHERE id IN (SELECT id FROM (SELECT id, end FROM activation ORDER BY id LIMIT ?2)
              WHERE end < ?1)", activations),
            ("DELETE FROM trace WHERE id IN (SELECT id FROM (SELECT id, at FROM trace ORDER BY id LIMIT ?2)
              WHERE at < ?1)", millis(retention.activations)),
            // In their order and no further: a row that ends others outlives those.
            ("DELETE FROM change WHERE id IN (SELECT id FROM (SELECT id, max(expires) OVER (ORDER BY id) AS ended
              FROM (SELECT id, expires FROM change ORDER BY id LIMIT ?2)) WHERE ended <= ?1)", now),
            ("DELETE FROM job WHERE id IN (SELECT id FROM (SELECT id, created, state FROM job ORDER BY id LIMIT ?2)
              WHERE created < ?1 AND state IN (2, 3))", millis(retention.activations)),
            ("DELETE FROM value WHERE key IN (SELECT key FROM value WHERE expires <= ?1 ORDER BY expires LIMIT ?2)", now),
            ("DELETE FROM attempt_count WHERE (minute, registration) IN
              (SELECT minute, registration FROM attempt_count WHERE minute < ?1 ORDER BY minute LIMIT ?2)", minute),
        ] {
            let removed =
                connection.prepare_cached(statement)?.execute(params![before, i64::try_from(ROWS_MAX).unwrap_or(i64::MAX)])?;
            rows += removed;
            is_finished &= removed < ROWS_MAX;
        }
        Ok(Purged { rows, is_finished, early: step.early })
    }

    fn purge_events(&mut self, connection: &Connection, before: i64, is_too_large: bool) -> rusqlite::Result<Step> {
        let mut step = Step::default();
        let mut finished = Vec::new();
        let mut seen = 0;
        let mut statement = connection.prepare_cached(
            "SELECT id, at, EXISTS(SELECT 1 FROM delivery WHERE delivery.event = event.id AND state IN (0, 1, 2, 9))
             FROM event WHERE id > ?1 ORDER BY id",
        )?;
        let mut events = statement.query([self.seen])?;
        loop {
            if finished.len() == ROWS_MAX || seen == EVENTS_SEEN_MAX {
                break;
            }
            let Some(event) = events.next()? else {
                step.is_finished = true;
                break;
            };
            let (number, at, is_needed): (i64, i64, bool) = (event.get(0)?, event.get(1)?, event.get(2)?);
            let is_early = at >= before;
            if is_early && !is_too_large {
                step.is_finished = true;
                break;
            }
            seen += 1;
            self.seen = number;
            if !is_needed {
                finished.push(number);
                step.early += usize::from(is_early);
                step.early_until = step.early_until.max(if is_early { at } else { 0 });
            }
        }
        if step.is_finished {
            self.seen = 0;
        }
        for event in &finished {
            step.rows += remove(connection, *event, true)?;
        }
        step.events = finished.len();
        if let Some(newest) = finished.last() {
            note_removed(connection, *newest)?;
        }
        Ok(step)
    }
}

/// Removes an event, its deliveries and its uid; returns how many rows that made. Journals that `lose` it tell that they
/// did.
fn remove(connection: &Connection, event: i64, lose: bool) -> rusqlite::Result<usize> {
    let registrations: Vec<i64> = connection
        .prepare_cached("DELETE FROM delivery WHERE event = ?1 RETURNING registration")?
        .query_map([event], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let mut rows = registrations.len();
    for registration in registrations.into_iter().filter(|_| lose) {
        journal::lose(connection, registration, event)?;
    }
    for statement in ["DELETE FROM seen WHERE event = ?1", "DELETE FROM event WHERE id = ?1"] {
        rows += connection.prepare_cached(statement)?.execute([event])?;
    }
    Ok(rows)
}

/// The newest number of all events that were removed; 0 when none was.
pub(super) fn newest(connection: &Connection) -> rusqlite::Result<i64> {
    let select = "SELECT value FROM setting WHERE name = 'purged'";
    Ok(connection.query_row(select, [], |row| row.get(0)).optional()?.unwrap_or(0))
}

fn note_removed(connection: &Connection, event: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO setting(name, value) VALUES ('purged', ?1)
             ON CONFLICT(name) DO UPDATE SET value = max(value, excluded.value)",
        )?
        .execute([event])?;
    Ok(())
}

/// Removes an event, what waits to be done with it, and everything that was recorded about it. In the journals it
/// leaves a hole that nobody sees.
pub(super) fn forget(connection: &Connection, event: i64, tally: &mut Tally) -> rusqlite::Result<Forgotten> {
    let id: Option<[u8; 16]> = connection
        .prepare_cached("SELECT uuid FROM event WHERE id = ?1")?
        .query_row([event], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(Forgotten::Gone) };
    let deliveries: Vec<(i64, i64, Vec<u8>, Option<i64>)> = connection
        .prepare_cached("SELECT registration, state, lanes, place FROM delivery WHERE event = ?1")?
        .query_map([event], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?
        .collect::<rusqlite::Result<_>>()?;
    if deliveries.iter().any(|(_, state, ..)| *state == State::Leased.to_number()) {
        return Ok(Forgotten::Running);
    }
    for (registration, state, lanes, place) in deliveries {
        tally.opened -= i64::from(State::from_number(state).is_some_and(State::is_open));
        let placed = Placed { event, registration, place: place.unwrap_or(event) };
        lanes::leave(connection, placed, &rows::lanes_from_bytes(&lanes), tally)?;
    }
    remove(connection, event, false)?;
    note_removed(connection, event)?;
    connection.prepare_cached("DELETE FROM activation WHERE event = ?1 OR uuid = ?1")?.execute([id])?;
    connection
        .prepare_cached("DELETE FROM trace WHERE instr(document, ?1) > 0")?
        .execute([Uuid::from_bytes(id).hyphenated().to_string()])?;
    Ok(Forgotten::Removed)
}
