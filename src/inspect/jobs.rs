//! Work that a kit was asked for.

use jiff::Timestamp;
use serde_json::{Value, json};
use store::{Job, JobState, Reader};
use uuid::Uuid;

/// Oldest first.
pub(super) fn list(reader: &Reader) -> anyhow::Result<Value> {
    Ok(reader.jobs()?.iter().map(row).collect())
}

pub fn row(job: &Job) -> Value {
    let parsed = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    json!({
        "id": job.id.to_string(),
        "created": job.created.to_string(),
        "state": job.state.as_str(),
        "document": parsed(&job.document),
        "progress": parsed(&job.progress),
    })
}

/// Work that is asked for now.
pub fn new(document: &Value, now: Timestamp) -> Job {
    Job {
        id: Uuid::now_v7(),
        created: now,
        state: JobState::Waiting,
        document: document.to_string(),
        progress: String::new(),
    }
}
