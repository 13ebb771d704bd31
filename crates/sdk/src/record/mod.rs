//! What is recorded of one run beside its answer: what it logs, its stages, the calls that it makes.

mod log;
#[cfg(test)]
mod tests;
mod timeline;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tracing::Level;

use crate::{Call, Reply, Stop};
use log::Log;
pub use log::Stream;
use timeline::micros;
pub use timeline::{Answered, CallSpan, StageSpan, Stopped, Text, Timeline};

/// What one run may log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogRules {
    pub level: Level,
    /// A log that grows beyond this is cut, and says so.
    pub bytes_max: usize,
}

impl Default for LogRules {
    /// As in Adobe's runtime: 10 MB.
    fn default() -> Self {
        Self { level: Level::INFO, bytes_max: 10 << 20 }
    }
}

/// The record of one run that is under way.
#[derive(Debug)]
pub struct Record {
    rules: LogRules,
    begun: Instant,
    log: Mutex<Log>,
    timeline: Mutex<Timeline>,
}

/// How a run ended, as far as its record is concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    Well,
    Badly,
}

/// A record as it is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Lines of `<ISO time> stdout|stderr: <text>`; none when nothing was logged.
    pub logs: Option<Box<str>>,
    /// A [`Timeline`] as JSON text; none when it is empty.
    pub detail: Option<Box<str>>,
}

impl Record {
    pub fn new(rules: LogRules) -> Arc<Self> {
        Arc::new(Self { rules, begun: Instant::now(), log: Mutex::default(), timeline: Mutex::default() })
    }

    /// Whether lines of this level are kept.
    pub fn wants(&self, level: Level) -> bool {
        level <= self.rules.level
    }

    /// Adds what was logged; a text of several lines is several lines.
    pub fn log(&self, at: Timestamp, stream: Stream, text: &str) {
        let mut log = self.log.lock().unwrap_or_else(PoisonError::into_inner);
        for line in text.lines() {
            log.add(at, stream, line, self.rules.bytes_max);
        }
    }

    /// Notes that the run looks for the effect of an earlier attempt.
    pub(crate) fn in_doubt(&self) {
        self.timeline().in_doubt = true;
    }

    /// Begins a stage, which has stopped the run unless it is told that it is [done](Stage::done).
    pub(crate) fn stage(&self, name: &'static str) -> Stage<'_> {
        let start = self.begun.elapsed();
        Stage { record: self, index: self.timeline().begin_stage(name, start), start }
    }

    /// Notes that a call was made; what came back is told at its end.
    pub(crate) fn call(&self, target: &'static str, call: &Call) -> CallNote<'_> {
        let start = self.begun.elapsed();
        CallNote { record: self, index: self.timeline().begin_call(target, call, start), start }
    }

    /// All that was recorded of a run that ended so. What went well is kept with less of its bodies.
    pub fn take(&self, ended: Ended) -> Recorded {
        let log = std::mem::take(&mut *self.log.lock().unwrap_or_else(PoisonError::into_inner));
        let mut timeline = std::mem::take(&mut *self.timeline());
        if ended == Ended::Well {
            timeline.shorten();
        }
        let detail = if timeline.is_empty() { None } else { serde_json::to_string(&timeline).ok().map(Into::into) };
        Recorded { logs: log.lines(), detail }
    }

    fn timeline(&self) -> MutexGuard<'_, Timeline> {
        self.timeline.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stage that is under way.
#[derive(Debug)]
pub(crate) struct Stage<'a> {
    record: &'a Record,
    index: usize,
    start: Duration,
}

impl Stage<'_> {
    pub(crate) fn done(self) {
        if let Some(stage) = self.record.timeline().stages.get_mut(self.index) {
            stage.stopped = false;
        }
    }
}

impl Drop for Stage<'_> {
    fn drop(&mut self) {
        let us = micros(self.record.begun.elapsed().saturating_sub(self.start));
        if let Some(stage) = self.record.timeline().stages.get_mut(self.index) {
            stage.us = us;
        }
    }
}

/// A call that is under way.
#[derive(Debug)]
pub(crate) struct CallNote<'a> {
    record: &'a Record,
    /// None when it is only counted.
    index: Option<usize>,
    start: Duration,
}

impl CallNote<'_> {
    pub(crate) fn answered(self, answer: &Result<Reply, Stop>) {
        if let Some(index) = self.index {
            self.record.timeline().answer(index, answer);
        }
    }
}

impl Drop for CallNote<'_> {
    fn drop(&mut self) {
        let us = micros(self.record.begun.elapsed().saturating_sub(self.start));
        let Some(index) = self.index else { return };
        if let Some(call) = self.record.timeline().calls.get_mut(index) {
            call.us = us;
        }
    }
}

/// At most so many bytes of a text, whole letters.
fn begin_of(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}
