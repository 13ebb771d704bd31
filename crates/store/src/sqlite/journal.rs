//! Journals: the deliveries of a registration in the order of their events, whatever became of them.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, millis};
use crate::{JournalFrom, JournalPage, JournalRead, StoredEvent};

pub(super) fn read(connection: &Connection, read: &JournalRead) -> rusqlite::Result<JournalPage> {
    let registration = read.registration;
    let lost: i64 = connection
        .prepare_cached("SELECT lost FROM journal WHERE registration = ?1")?
        .query_row([registration], |row| row.get(0))
        .optional()?
        .unwrap_or(0);
    let newest: Option<i64> = connection
        .prepare_cached("SELECT max(event) FROM delivery WHERE registration = ?1")?
        .query_row([registration], |row| row.get(0))?;
    let after = match read.from {
        JournalFrom::Oldest => 0,
        JournalFrom::After(number) => number,
        JournalFrom::At(time) => newest_before(connection, time)?,
    };
    // An open delivery can keep an event that is older than what was removed; the journal begins behind both.
    let after = after.max(lost);
    let mut statement = connection.prepare_cached(rows::JOURNAL)?;
    let limit = i64::try_from(read.events_max).unwrap_or(i64::MAX);
    let mut found = statement.query(params![registration, after, limit])?;
    let mut events: Vec<StoredEvent> = Vec::new();
    let mut bytes = 0;
    while let Some(row) = found.next()? {
        let event = rows::event(row)?;
        bytes += event.body.len();
        if bytes > read.bytes_max && !events.is_empty() {
            break;
        }
        events.push(event);
    }
    Ok(JournalPage { events, lost, newest: newest.unwrap_or(0).max(lost) })
}

/// The number of the newest event that was accepted before a time. Numbers and times grow together, so halving the
/// stretch of numbers finds it without an index.
pub(super) fn newest_before(connection: &Connection, time: Timestamp) -> rusqlite::Result<i64> {
    let time = millis(time);
    let mut at_or_after = connection.prepare_cached("SELECT id, at FROM event WHERE id >= ?1 ORDER BY id LIMIT 1")?;
    let newest: Option<i64> = connection.query_row("SELECT max(id) FROM event", [], |row| row.get(0))?;
    // All up to `low` are older, `high` and all beyond are not.
    let (mut low, mut high) = (0, newest.unwrap_or(0) + 1);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        let found: Option<(i64, i64)> =
            at_or_after.query_row([middle], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        match found {
            Some((id, at)) if at < time => low = id,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Notes that an event of a registration is gone.
pub(super) fn lose(connection: &Connection, registration: i64, event: i64) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO journal(registration, lost) VALUES (?1, ?2)
             ON CONFLICT(registration) DO UPDATE SET lost = max(lost, excluded.lost)",
        )?
        .execute([registration, event])?;
    Ok(())
}
