//! Requests that carried events: the newest of each registration.

use rusqlite::{Connection, params};

use super::rows::{document, millis};
use crate::{Trace, TraceFilter, TraceOutcome};

/// Kept of each registration, of successes and of errors each: what the tracing API shows.
const TRACES_MAX: usize = 100;

/// Adds a trace, and removes what it pushes out. One that is on record already stays as it is.
pub(super) fn put(connection: &Connection, trace: &Trace) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO trace(uuid, registration, is_success, at, document) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![
            trace.id.as_bytes(),
            trace.registration,
            trace.is_success(),
            millis(trace.at),
            document(trace)?
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM trace WHERE registration = ?1 AND is_success = ?2 AND id <= (
                 SELECT id FROM trace WHERE registration = ?1 AND is_success = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)",
        )?
        .execute(params![trace.registration, trace.is_success(), i64::try_from(TRACES_MAX).unwrap_or(i64::MAX)])?;
    Ok(())
}

/// The documents of what the filter lets through, newest first.
pub(super) fn list(connection: &Connection, filter: &TraceFilter) -> rusqlite::Result<Vec<String>> {
    let is_success = filter.outcome.map(|outcome| outcome == TraceOutcome::Success);
    connection
        .prepare_cached(
            "SELECT document FROM trace WHERE registration = ?1 AND (?2 IS NULL OR is_success = ?2)
             ORDER BY id DESC LIMIT ?3",
        )?
        .query_map(params![filter.registration, is_success, i64::try_from(filter.limit).unwrap_or(i64::MAX)], |row| {
            row.get(0)
        })?
        .collect()
}
