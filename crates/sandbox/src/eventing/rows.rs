//! Events that were created, until some time after they were sent: Commerce's table `event_data`.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::collection::{Collection, Limits};
use crate::keep::{KeepError, Keeper};

pub const LIMITS: Limits = Limits { name: "events", count_max: 10_000, bytes_max: 64 * 1024 * 1024 };
const KIND: &str = "commerce.event";
/// Of those that are sent or have failed.
pub const FINISHED_MAX: usize = 1_000;
pub const FINISHED_KEPT: SignedDuration = SignedDuration::from_hours(3 * 24);
/// How often an event is tried again.
pub const RETRIES_MAX: u32 = 7;

/// One event and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub id: u64,
    /// The same with every attempt.
    pub event_id: String,
    pub code: String,
    /// The default provider, as it is when the event is sent, when there is none.
    pub provider_id: Option<String>,
    pub status: Status,
    pub priority: bool,
    pub hipaa_audit_required: bool,
    pub attempts: u32,
    pub created_at: Timestamp,
    pub updated_at: Timestamp,
    /// Not tried before.
    pub due_at: Timestamp,
    /// What there is to say about the last attempt.
    pub reason: Option<String>,
    pub data: Value,
}

/// As Commerce numbers them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub enum Status {
    Waiting,
    Sent,
    Failed,
    InProgress,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// With what there is to say about it after all.
    Sent(Option<&'static str>),
    /// Tried again, unless it was often enough.
    Again(String),
    Failed(String),
}

/// Which of those that wait are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    All,
    Due,
    Priority,
}

#[derive(Debug)]
pub struct Rows {
    collection: Collection<Row>,
}

impl Rows {
    pub fn load(keeper: &Arc<Keeper>) -> Result<Self, KeepError> {
        Ok(Self { collection: Collection::load(KIND, LIMITS, keeper)?.aside() })
    }

    /// The newest last.
    pub fn all(&self) -> impl DoubleEndedIterator<Item = &Row> {
        self.collection.all().map(|(_, row)| row)
    }

    /// `make` gets the id. When there is no room those that are finished go; says whether there was room then.
    pub fn push(&mut self, make: impl FnOnce(u64) -> Row) -> bool {
        let row = make(self.collection.next_id());
        if self.collection.len() >= LIMITS.count_max {
            self.forget(|_| true, 0);
        }
        if self.collection.put(row.id, row.clone()).is_ok() {
            return true;
        }
        self.forget(|_| true, 0);
        self.collection.put(row.id, row).is_ok()
    }

    /// Up to `count_max` that wait and have a higher id than `after`, in the order of their changes; they are in progress
    /// from now on.
    pub fn claim(&mut self, which: Which, after: u64, count_max: usize, now: Timestamp) -> Vec<Row> {
        let waiting = self.all().filter(|row| row.id > after && row.status == Status::Waiting);
        let waiting = waiting.filter(|row| which != Which::Priority || row.priority);
        // Who comes after one that is tried again waits with it: its change is the newer one.
        let due = waiting.take_while(|row| which == Which::All || row.due_at <= now);
        let claimed: Vec<Row> = due.take(count_max).cloned().collect();
        for row in &claimed {
            self.put(Row { status: Status::InProgress, updated_at: now, ..row.clone() });
        }
        claimed
    }

    /// `pause` is that before the first retry; each is followed by one of twice its length.
    pub fn conclude(&mut self, id: u64, verdict: Verdict, pause: SignedDuration, now: Timestamp) {
        let Some(row) = self.collection.get(id).cloned() else { return };
        let (status, reason) = match verdict {
            Verdict::Sent(remark) => (Status::Sent, remark.map(ToOwned::to_owned)),
            Verdict::Again(reason) if row.attempts < RETRIES_MAX => (Status::Waiting, Some(reason)),
            Verdict::Again(reason) | Verdict::Failed(reason) => (Status::Failed, Some(reason)),
        };
        let pause = pause.saturating_mul(2_i32.saturating_pow(row.attempts));
        let due_at = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
        self.put(Row { status, reason, due_at, attempts: row.attempts + 1, updated_at: now, ..row });
    }

    /// Those that somebody had in progress and who is gone wait again, without having been tried.
    pub fn release(&mut self) {
        let left = self.all().filter(|row| row.status == Status::InProgress);
        let left: Vec<Row> = left.map(|row| Row { status: Status::Waiting, ..row.clone() }).collect();
        for row in left {
            self.put(row);
        }
    }

    /// Those that have been finished for long, and the oldest of too many.
    pub fn prune(&mut self, now: Timestamp) {
        self.forget(|row| now.duration_since(row.updated_at) > FINISHED_KEPT, FINISHED_MAX);
    }

    /// Removes the finished ones that `is_old` names, and the oldest of the others until so many are left.
    fn forget(&mut self, is_old: impl Fn(&Row) -> bool, finished_max: usize) {
        let finished = self.all().rev().filter(|row| row.status.is_finished());
        let gone = finished.enumerate().filter(|(newer, row)| *newer >= finished_max || is_old(row));
        let gone: Vec<u64> = gone.map(|(_, row)| row.id).collect();
        for id in gone {
            self.collection.remove(id);
        }
    }

    /// A row that is there changes by little, so there is room for it.
    fn put(&mut self, row: Row) {
        if self.collection.put(row.id, row).is_err() {
            tracing::warn!("the sandbox has no room to note how far an event is");
        }
    }
}

impl Status {
    fn is_finished(self) -> bool {
        match self {
            Self::Sent | Self::Failed => true,
            Self::Waiting | Self::InProgress => false,
        }
    }
}

impl From<Status> for u8 {
    fn from(status: Status) -> Self {
        match status {
            Status::Waiting => 0,
            Status::Sent => 1,
            Status::Failed => 2,
            Status::InProgress => 3,
        }
    }
}

impl TryFrom<u8> for Status {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::Waiting),
            1 => Ok(Self::Sent),
            2 => Ok(Self::Failed),
            3 => Ok(Self::InProgress),
            _ => Err("a status is from 0 to 3"),
        }
    }
}
