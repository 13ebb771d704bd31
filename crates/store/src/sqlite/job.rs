//! Work that a command line asks a running kit for.

use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use super::rows::{millis, timestamp};
use crate::{Job, JobState};

pub(super) fn put(connection: &Connection, job: &Job) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO job(uuid, created, state, document, progress) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT(uuid) DO UPDATE SET state = excluded.state, document = excluded.document,
                 progress = excluded.progress",
        )?
        .execute(params![job.id.as_bytes(), millis(job.created), job.state.to_number(), job.document, job.progress])?;
    Ok(changed > 0)
}

/// All jobs, oldest first.
pub(super) fn list(connection: &Connection) -> rusqlite::Result<Vec<Job>> {
    connection
        .prepare_cached("SELECT uuid, created, state, document, progress FROM job ORDER BY id")?
        .query_map([], job)?
        .collect()
}

fn job(row: &Row<'_>) -> rusqlite::Result<Job> {
    let state: i64 = row.get(2)?;
    Ok(Job {
        id: Uuid::from_bytes(row.get(0)?),
        created: timestamp(row.get(1)?),
        state: JobState::from_number(state).ok_or(rusqlite::Error::IntegralValueOutOfRange(2, state))?,
        document: row.get(3)?,
        progress: row.get(4)?,
    })
}
