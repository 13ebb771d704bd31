//! What actions remember beyond their run: the changes that were carried lately, and values of their own.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use sdk::{Direction, Echo, Echoes, State, Stop};
use store::{Change, Store, StoreError};
use uuid::Uuid;

use crate::Clock;

/// A value that the store could not take is offered again after this.
const PUT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// The ports to what outlives a run, over the store.
pub struct Memory {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    echo_window: Duration,
}

impl Memory {
    /// A change is remembered for its echo as long as `echo_window`; not at all when that is zero.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, echo_window: Duration) -> Self {
        Self { store, clock, echo_window }
    }

    fn end(&self, span: Duration) -> Timestamp {
        self.clock.now().saturating_add(span).unwrap_or(Timestamp::MAX)
    }
}

#[async_trait]
impl Echoes for Memory {
    /// Both sides tell of changes in their order. So an echo ends what was carried before the change that it belongs to:
    /// whoever goes back to that makes a change of their own. News ends all that was carried the other way.
    async fn is_echo(&self, echo: &Echo) -> Result<bool, Stop> {
        if self.echo_window.is_zero() {
            return Ok(false);
        }
        let subject = subject(opposite(echo.direction()), echo);
        let carried = self.store.changes(subject, self.clock.now()).await.map_err(|error| unavailable(&error))?;
        let facts = facts(echo);
        let says_all = |change: &&Change| facts.iter().all(|fact| change.facts.contains(fact));
        let original = carried.iter().filter(says_all).map(|change| change.at).max();
        let end = original.unwrap_or(Timestamp::MAX);
        if carried.iter().any(|change| change.at < end) {
            self.store.forget_changes(subject, end).await.map_err(|error| unavailable(&error))?;
        }
        Ok(original.is_some())
    }

    async fn remember(&self, echo: &Echo) -> Result<(), Stop> {
        if self.echo_window.is_zero() {
            return Ok(());
        }
        let change = Change {
            subject: subject(echo.direction(), echo),
            at: self.clock.now(),
            expires: self.end(self.echo_window),
            facts: facts(echo),
        };
        self.store.remember_change(change).await.map_err(|error| unavailable(&error))
    }
}

#[async_trait]
impl State for Memory {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Stop> {
        self.store.value(&own(key), self.clock.now()).await.map_err(|error| unavailable(&error))
    }

    /// Waits for a store that recovers from a failed write: who forgets whose effect it saw could take it for that of the
    /// next event. The action's time limit ends it, which leaves the attempt in doubt, so that the next one puts it.
    async fn put(&self, key: &str, value: Vec<u8>, kept_for: Duration) -> Result<(), Stop> {
        let (key, end) = (own(key), self.end(kept_for));
        loop {
            match self.store.put_value(&key, value.clone(), end).await {
                Err(StoreError::Unavailable | StoreError::Busy) => tokio::time::sleep(PUT_AGAIN_AFTER).await,
                put => return put.map_err(|error| unavailable(&error)),
            }
        }
    }

    async fn delete(&self, key: &str) -> Result<(), Stop> {
        self.store.delete_value(&own(key)).await.map_err(|error| unavailable(&error))
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Memory").field("echo_window", &self.echo_window).finish_non_exhaustive()
    }
}

fn own(key: &str) -> String {
    format!("action/{key}")
}

fn opposite(direction: Direction) -> Direction {
    match direction {
        Direction::ToCommerce => Direction::FromCommerce,
        Direction::FromCommerce => Direction::ToCommerce,
    }
}

/// What was changed and which way it went. Hashed, so that any key will do.
fn subject(direction: Direction, echo: &Echo) -> Uuid {
    let direction = match direction {
        Direction::ToCommerce => "to",
        Direction::FromCommerce => "from",
    };
    Uuid::from_bytes(hash(&format!("{direction}/{}", echo.subject())))
}

/// What the change says: its operation, and each field with its value.
fn facts(echo: &Echo) -> Vec<u64> {
    let fields = echo.fields().iter().map(|(name, value)| format!("{name}={value}"));
    let all = std::iter::once(echo.operation().to_owned()).chain(fields);
    all.map(|fact| u64::from_le_bytes(hash(&fact))).collect()
}

/// The beginning of SHA-256: enough to tell changes apart, also against a sender who would like them not to be.
fn hash<const N: usize>(text: &str) -> [u8; N] {
    digest(&SHA256, text.as_bytes()).as_ref().first_chunk().copied().unwrap_or([0; N])
}

fn unavailable(error: &StoreError) -> Stop {
    Stop::retry("what was carried lately cannot be read or kept now").because(error.to_string())
}
