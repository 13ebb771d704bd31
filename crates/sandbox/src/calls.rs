//! The calls that a stand-in took, in the order of their effects, within two bounds: rows and bytes of bodies.

use std::collections::VecDeque;

use axum::http::Method;
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::path;
use crate::time::instant;

const CALLS_MAX: usize = 100_000;
/// The oldest bodies go first; their rows stay, so that calls can still be counted.
const BODIES_BYTES_MAX: usize = 64 * 1024 * 1024;
const PATH_CHARS_MAX: usize = 1_024;
const EVENT_ID_CHARS_MAX: usize = 128;

/// One call as tests see it.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// RFC 3339, UTC, with milliseconds.
    pub at: String,
    pub method: String,
    /// Below `V1/` or the root of the ERP, percent-encoded as it came.
    pub path: String,
    /// JSON as it came, a string when it was no JSON, null when there was none or it is no longer kept.
    pub body: Value,
    /// `None` when the call was cut before it had an effect; a lost answer keeps its status.
    pub status: Option<u16>,
    /// The header `x-event-id`.
    pub event_id: Option<String>,
}

/// One call as it is kept: the body stays bytes until somebody looks.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    #[serde(serialize_with = "write_instant")]
    pub at: Timestamp,
    #[serde(serialize_with = "write_method")]
    pub method: Method,
    pub path: String,
    #[serde(serialize_with = "write_body")]
    pub body: Bytes,
    pub status: Option<u16>,
    pub event_id: Option<String>,
}

#[derive(Debug)]
pub struct Calls {
    rows: VecDeque<Row>,
    /// How many rows, from the oldest on, have lost their body.
    bodiless: usize,
    bodies_bytes: usize,
    rows_max: usize,
    bodies_bytes_max: usize,
}

impl Calls {
    pub fn new(rows_max: usize, bodies_bytes_max: usize) -> Self {
        Self { rows: VecDeque::new(), bodiless: 0, bodies_bytes: 0, rows_max, bodies_bytes_max }
    }

    /// Keeps as much of the row as the bounds allow.
    pub fn push(&mut self, row: Row) {
        let row = Row {
            path: row.path.chars().take(PATH_CHARS_MAX).collect(),
            event_id: row.event_id.map(|id| id.chars().take(EVENT_ID_CHARS_MAX).collect()),
            // A copy, because the request's bytes would keep its whole read buffer alive.
            body: Bytes::copy_from_slice(&row.body),
            ..row
        };
        self.bodies_bytes += row.body.len();
        self.rows.push_back(row);
        while self.rows.len() > self.rows_max {
            let dropped = self.rows.pop_front().map_or(0, |row| row.body.len());
            self.bodies_bytes -= dropped;
            self.bodiless = self.bodiless.saturating_sub(1);
        }
        while self.bodies_bytes > self.bodies_bytes_max
            && let Some(row) = self.rows.get_mut(self.bodiless)
        {
            self.bodies_bytes -= std::mem::take(&mut row.body).len();
            self.bodiless += 1;
        }
    }

    /// The rows whose path starts with `prefix`, oldest first.
    pub fn rows(&self, prefix: &str) -> Vec<Row> {
        self.rows.iter().filter(|row| path::has_prefix(&row.path, prefix)).cloned().collect()
    }
}

impl Default for Calls {
    fn default() -> Self {
        Self::new(CALLS_MAX, BODIES_BYTES_MAX)
    }
}

impl From<&Row> for Call {
    fn from(row: &Row) -> Self {
        Self {
            at: instant(row.at),
            method: row.method.as_str().to_owned(),
            path: row.path.clone(),
            body: if row.body.is_empty() {
                Value::Null
            } else {
                serde_json::from_slice(&row.body)
                    .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&row.body).into_owned()))
            },
            status: row.status,
            event_id: row.event_id.clone(),
        }
    }
}

fn write_instant<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant(*at))
}

fn write_method<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

/// JSON goes out as the text that came in, without building it up first.
fn write_body<S: Serializer>(body: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
    if body.is_empty() {
        return serializer.serialize_none();
    }
    match serde_json::from_slice::<&RawValue>(body) {
        Ok(json) => json.serialize(serializer),
        Err(_) => serializer.serialize_str(&String::from_utf8_lossy(body)),
    }
}
