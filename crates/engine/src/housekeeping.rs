use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::Store;
use tokio::sync::watch;
use tracing::{info, warn};

use crate::Clock;

/// How long finished things are kept.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Never shorter than the dedupe window: an event's row is what its uid is compared with.
    pub events: Duration,
    pub activations: Duration,
    /// Above this size of the store the oldest finished events go whatever their age.
    pub bytes: u64,
}

const PAUSE: Duration = Duration::from_mins(1);

/// Between two steps of one clean-up, so that ingestion never waits behind it.
const STEP_PAUSE: Duration = Duration::from_millis(20);

/// Removes what is older than its retention, in small steps, until told to stop.
pub async fn keep_house(
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    retention: Retention,
    mut stop: watch::Receiver<bool>,
) {
    let before = |now: Timestamp, age: Duration| {
        let age = SignedDuration::try_from(age).unwrap_or(SignedDuration::MAX);
        now.saturating_sub(age).unwrap_or(Timestamp::MIN)
    };
    let (mut rows, mut early) = (0, 0);
    while !*stop.borrow() {
        let now = clock.now();
        let purged = store
            .purge(store::Retention {
                now,
                events: before(now, retention.events),
                activations: before(now, retention.activations),
                bytes: retention.bytes,
            })
            .await;
        let pause = match purged {
            Ok(purged) if purged.is_finished => {
                rows += purged.rows;
                early += purged.early;
                if rows > 0 {
                    info!(rows, "old rows were removed");
                }
                if early > 0 {
                    warn!(
                        events = early,
                        "finished events went before their time: the store is above KIT_STORE_BYTES_KEPT"
                    );
                }
                (rows, early) = (0, 0);
                PAUSE
            }
            Ok(purged) => {
                rows += purged.rows;
                early += purged.early;
                STEP_PAUSE
            }
            Err(error) => {
                warn!(%error, "old rows cannot be removed now");
                PAUSE
            }
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.changed() => {}
        }
    }
}
