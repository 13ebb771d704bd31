use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

use crate::clock::Clock;

const WITHIN: Duration = Duration::from_mins(1);

/// How often something may be done in a minute, because strangers can ask for it.
#[derive(Debug)]
pub(super) struct Budget {
    per_minute: usize,
    clock: Clock,
    done: Mutex<VecDeque<Timestamp>>,
}

impl Budget {
    pub fn new(per_minute: usize, clock: Clock) -> Self {
        Self { per_minute, clock, done: Mutex::default() }
    }

    /// Takes one, if there is one left.
    pub fn take(&self) -> bool {
        let now = self.clock.now();
        let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
        // A clock that was set back must not leave times of the future behind.
        done.retain(|at| now.duration_since(*at).unsigned_abs() < WITHIN);
        let is_left = done.len() < self.per_minute;
        if is_left {
            done.push_back(now);
        }
        is_left
    }
}
