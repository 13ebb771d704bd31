//! What actions remember beyond their run: the changes that were carried lately, and values of their own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use sdk::{Direction, Echo, Echoes, State, Stop};
use store::{Store, StoreError};
use uuid::Uuid;

use crate::Clock;

/// Changes of one thing within a window that an event is compared with; the rest pass as news.
const CHANGES_COMPARED_MAX: usize = 64;

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

/// A change as it is kept: hashes of its fields by name, so that no value of a payload is stored a second time.
type Hashes = BTreeMap<String, Uuid>;

#[async_trait]
impl Echoes for Memory {
    async fn is_echo(&self, echo: &Echo) -> Result<bool, Stop> {
        if self.echo_window.is_zero() {
            return Ok(false);
        }
        let prefix = prefix(opposite(echo.direction()), echo);
        let carried = self.store.values(&prefix, self.clock.now(), CHANGES_COMPARED_MAX).await;
        let carried = carried.map_err(|error| unavailable(&error))?;
        let hashes = hashes(echo);
        let is_known = |change: &Hashes| hashes.iter().all(|(name, hash)| change.get(name) == Some(hash));
        Ok(carried.iter().filter_map(|change| serde_json::from_slice(change).ok()).any(|change| is_known(&change)))
    }

    async fn remember(&self, echo: &Echo) -> Result<(), Stop> {
        if self.echo_window.is_zero() {
            return Ok(());
        }
        let change = serde_json::to_vec(&hashes(echo))
            .map_err(|error| Stop::park("this change cannot be remembered").because(error))?;
        let key = format!("{}{}", prefix(echo.direction(), echo), hash(&change).simple());
        let put = self.store.put_value(&key, change, self.end(self.echo_window)).await;
        put.map_err(|error| unavailable(&error))
    }
}

#[async_trait]
impl State for Memory {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Stop> {
        self.store.value(&own(key), self.clock.now()).await.map_err(|error| unavailable(&error))
    }

    async fn put(&self, key: &str, value: Vec<u8>, kept_for: Duration) -> Result<(), Stop> {
        let put = self.store.put_value(&own(key), value, self.end(kept_for)).await;
        put.map_err(|error| unavailable(&error))
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

/// How the keys of all changes of one thing in one direction begin. The subject is hashed, so that any key will do.
fn prefix(direction: Direction, echo: &Echo) -> String {
    let direction = match direction {
        Direction::ToCommerce => "to",
        Direction::FromCommerce => "from",
    };
    format!("echo/{direction}/{}/", hash(echo.subject().as_bytes()).simple())
}

fn hashes(echo: &Echo) -> Hashes {
    echo.fields().iter().map(|(name, value)| ((*name).to_owned(), hash(value.as_bytes()))).collect()
}

/// The first half of SHA-256: enough to tell changes apart, also against a sender who would like them not to be.
fn hash(bytes: &[u8]) -> Uuid {
    let digest = digest(&SHA256, bytes);
    let half = digest.as_ref().first_chunk::<16>().copied();
    Uuid::from_bytes(half.unwrap_or_default())
}

fn unavailable(error: &StoreError) -> Stop {
    Stop::retry("what was carried lately cannot be read or kept now").because(error.to_string())
}
