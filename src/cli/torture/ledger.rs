//! What the target saw: every call that came for an event, in the order of the effects.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use sandbox::Effect;
use uuid::Uuid;

/// Calls of one event that are told; further ones are only counted.
const CALLS_PER_EVENT_MAX: usize = 16;
const PATH_CHARS_MAX: usize = 48;

/// One call that came for an event, but for reads.
#[derive(Clone, Debug)]
pub struct Call {
    /// Counts over all calls.
    pub position: u64,
    pub is_changed: bool,
    method: String,
    path: String,
    status: Option<u16>,
    is_lost: bool,
}

#[derive(Debug, Default)]
pub struct History {
    pub calls: Vec<Call>,
    /// Calls that changed something.
    pub changes: u64,
    /// Where the first of them stands.
    pub first_change: Option<u64>,
}

#[derive(Debug, Default)]
struct Book {
    of_event: HashMap<Uuid, History>,
    counts: Counts,
    /// Changes that name no event.
    nameless: Vec<String>,
}

#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub calls: u64,
    pub reads: u64,
    pub changes: u64,
    /// Calls that met a fault, but for those that were only slow.
    pub faulty: u64,
}

/// Kept by the commanding process, outside what is killed.
#[derive(Debug, Default)]
pub struct Ledger {
    book: Mutex<Book>,
}

impl Ledger {
    pub fn note(&self, effect: &Effect<'_>) {
        let mut book = self.book();
        let position = book.counts.calls;
        book.counts.calls += 1;
        // The sandbox by itself answers nothing of the kind.
        let is_faulty = effect.is_lost || effect.status.is_none_or(|status| status == 429 || status >= 500);
        book.counts.faulty += u64::from(is_faulty);
        if effect.method == "GET" {
            book.counts.reads += 1;
            return;
        }
        book.counts.changes += u64::from(effect.is_changed);
        let call = Call {
            position,
            is_changed: effect.is_changed,
            method: effect.method.to_string(),
            path: effect.path.chars().take(PATH_CHARS_MAX).collect(),
            status: effect.status,
            is_lost: effect.is_lost,
        };
        match effect.event_id.and_then(|id| id.parse().ok()) {
            Some(id) => book.of_event.entry(id).or_default().add(call),
            None if call.is_changed => book.nameless.push(call.to_string()),
            None => {}
        }
    }

    pub fn counts(&self) -> Counts {
        self.book().counts
    }

    /// The end: what came for each event, and changes that name none.
    pub fn close(&self) -> (HashMap<Uuid, History>, Vec<String>) {
        let mut book = self.book();
        (std::mem::take(&mut book.of_event), std::mem::take(&mut book.nameless))
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl History {
    fn add(&mut self, call: Call) {
        if call.is_changed {
            self.changes += 1;
            self.first_change.get_or_insert(call.position);
        }
        if self.calls.len() < CALLS_PER_EVENT_MAX {
            self.calls.push(call);
        }
    }
}

impl fmt::Display for History {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.calls.is_empty() {
            return formatter.write_str("no call");
        }
        let calls: Vec<String> = self.calls.iter().map(ToString::to_string).collect();
        formatter.write_str(&calls.join("; "))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { position, method, path, .. } = self;
        write!(formatter, "call {position} {method} {path} ")?;
        match self.status {
            Some(status) => write!(formatter, "{status}")?,
            None => formatter.write_str("cut before its effect")?,
        }
        if self.is_lost && self.status.is_some() {
            formatter.write_str(", answer lost")?;
        }
        formatter.write_str(if self.is_changed { ", changed" } else { ", nothing changed" })
    }
}
