use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use engine::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;

/// The machine's clock, off by what somebody says.
#[derive(Debug, Default)]
pub struct JumpingClock {
    offset_ms: AtomicI64,
    jumped: Notify,
}

impl JumpingClock {
    pub fn off_by(offset_ms: i64) -> Self {
        Self { offset_ms: AtomicI64::new(offset_ms), jumped: Notify::new() }
    }

    /// From now on it is off by this much.
    pub fn jump_to(&self, offset_ms: i64) {
        self.offset_ms.store(offset_ms, Ordering::SeqCst);
        self.jumped.notify_waiters();
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        let offset = SignedDuration::from_millis(self.offset_ms.load(Ordering::SeqCst));
        Timestamp::now().saturating_add(offset).unwrap_or(Timestamp::MAX)
    }

    async fn wait_until(&self, time: Timestamp) {
        loop {
            // Made before the look at the clock, so that no jump is missed.
            let jumped = self.jumped.notified();
            let wait = Duration::try_from(time.duration_since(self.now())).unwrap_or(Duration::ZERO);
            if wait.is_zero() {
                return;
            }
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = jumped => {}
            }
        }
    }
}
