//! What actions remember beyond their run: the changes that were carried lately, and values of their own.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
use jiff::Timestamp;
use sdk::{Direction, Echo, Echoes, State, Stop};
use serde::{Deserialize, Serialize};
use store::{Store, StoreError};
use uuid::Uuid;

use crate::Clock;

/// Changes of one thing within a window that an event is compared with, the newest of them; older ones pass as news.
const CHANGES_COMPARED_MAX: usize = 256;

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
#[derive(Deserialize, Serialize)]
struct Change {
    operation: String,
    /// Milliseconds since 1970.
    at: i64,
    fields: BTreeMap<String, Uuid>,
}

impl Change {
    fn of(echo: &Echo, now: Timestamp) -> Self {
        let fields = echo.fields().iter().map(|(name, value)| ((*name).to_owned(), hash(value.as_bytes())));
        Self { operation: echo.operation().to_owned(), at: now.as_millisecond(), fields: fields.collect() }
    }

    /// Whether the other one is the same change, as far as it tells.
    fn has_echo(&self, other: &Self) -> bool {
        let is_same = |(name, hash): (&String, &Uuid)| self.fields.get(name) == Some(hash);
        self.operation == other.operation && other.fields.iter().all(is_same)
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
        let now = self.clock.now();
        let kept = self.store.values(&prefix(opposite(echo.direction()), echo), now, CHANGES_COMPARED_MAX).await;
        let kept = kept.map_err(|error| unavailable(&error))?;
        let read = |(key, change): (String, Vec<u8>)| Some((key, serde_json::from_slice::<Change>(&change).ok()?));
        let carried: Vec<(String, Change)> = kept.into_iter().filter_map(read).collect();
        let this = Change::of(echo, now);
        let original = carried.iter().filter(|(_, change)| change.has_echo(&this)).map(|(_, change)| change.at).max();
        let is_over = |change: &Change| original.is_none_or(|original| change.at < original);
        for (key, _) in carried.iter().filter(|(_, change)| is_over(change)) {
            self.store.delete_value(key).await.map_err(|error| unavailable(&error))?;
        }
        Ok(original.is_some())
    }

    async fn remember(&self, echo: &Echo) -> Result<(), Stop> {
        if self.echo_window.is_zero() {
            return Ok(());
        }
        let change = Change::of(echo, self.clock.now());
        let parts: Vec<String> = change.fields.iter().map(|(name, hash)| format!("{name}={hash}")).collect();
        let name = hash(format!("{} {}", change.operation, parts.join(" ")).as_bytes());
        let key = format!("{}{}", prefix(echo.direction(), echo), name.simple());
        let change = serde_json::to_vec(&change)
            .map_err(|error| Stop::park("this change cannot be remembered").because(error))?;
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

/// The first half of SHA-256: enough to tell changes apart, also against a sender who would like them not to be.
fn hash(bytes: &[u8]) -> Uuid {
    let digest = digest(&SHA256, bytes);
    let half = digest.as_ref().first_chunk::<16>().copied();
    Uuid::from_bytes(half.unwrap_or_default())
}

fn unavailable(error: &StoreError) -> Stop {
    Stop::retry("what was carried lately cannot be read or kept now").because(error.to_string())
}
