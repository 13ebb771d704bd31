mod deadlock;

use std::sync::Arc;
use std::time::Duration;

pub(crate) use self::deadlock::is_deadlock;
use crate::clock::Clock;

/// What one target system takes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Calls in flight at the most.
    pub concurrency: usize,
    /// Calls per second.
    pub rate: Option<u32>,
    /// How long a call waits for its turn.
    pub wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { concurrency: 8, rate: None, wait: Duration::from_secs(20) }
    }
}

/// Decides when calls to one target system begin; shared by all actions that call it.
#[derive(Debug)]
pub struct Governor {
    clock: Clock,
}

pub(crate) struct Admission;

#[derive(Debug)]
pub(crate) struct Busy {
    pub after: Option<Duration>,
}

#[expect(dead_code, reason = "nothing is governed yet")]
pub(crate) struct Answered {
    pub status: u16,
    pub is_deadlock: bool,
    pub retry_after: Option<Duration>,
}

impl Governor {
    pub fn new(_target: &'static str, _limits: Limits, clock: Clock) -> Arc<Self> {
        Arc::new(Self { clock })
    }

    #[expect(clippy::unused_async, reason = "nothing is governed yet")]
    pub(crate) async fn admit(&self, _changes: &[String]) -> Result<Admission, Busy> {
        Ok(Admission)
    }

    pub(crate) fn clock(&self) -> &Clock {
        &self.clock
    }
}

#[expect(clippy::unused_self, clippy::unused_async, reason = "nothing is governed yet")]
impl Admission {
    pub async fn again(&mut self) -> Result<(), Busy> {
        Ok(())
    }

    pub fn answered(&self, _answered: Answered) {}

    pub fn unanswered(&self) {}
}
