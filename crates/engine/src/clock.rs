use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

/// The time, as an argument: tests move it by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;

    /// Returns when `now` has reached this time.
    async fn wait_until(&self, time: Timestamp);
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn wait_until(&self, time: Timestamp) {
        let wait = Duration::try_from(time.duration_since(Timestamp::now())).unwrap_or(Duration::ZERO);
        tokio::time::sleep(wait).await;
    }
}
