//! A store that is broken on purpose, to show that torture finds it.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use store::{
    Activation, Appended, Attempt, AttemptCount, Catalogue, Change, Claim, Claimed, ClaimedDelivery, Credential,
    Delivery, DeliveryFilter, EventMetadata, Filter, Forgotten, Health, Job, JournalPage, JournalRead, Lease, Listed,
    NewDelivery, NewEvent, Nonce, Outcome, Provider, Purged, Registration, RegistrationHealth, Replay, Replayed,
    Retention, Sqlite, Store, StoreError, StoredEvent, Trace, TraceFilter,
};
use uuid::Uuid;

/// Every so many events are lost, done twice, put off, or stuck.
const LOST_EVERY: u64 = 12;
const DOUBLE_EVERY: u64 = 3;
const PUT_OFF_EVERY: i64 = 4;
const STUCK_EVERY: i64 = 40;
/// Long enough for others to overtake.
const PUT_OFF_BY: SignedDuration = SignedDuration::from_millis(400);

/// A fault of the program that torture has to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Plant {
    /// Events are acknowledged that were never stored.
    Lost,
    /// Attempts that are done run once more.
    Double,
    /// Events do not wait for those before them in their lanes, some of which are put off.
    Reorder,
    /// Some events are never handed out.
    Stuck,
}

impl Plant {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lost => "lost",
            Self::Double => "double",
            Self::Reorder => "reorder",
            Self::Stuck => "stuck",
        }
    }
}

/// Does what the store does, but for what was planted.
#[derive(Debug)]
pub struct Planted {
    inner: Arc<Sqlite>,
    plant: Plant,
    appended: AtomicU64,
    finished: AtomicU64,
    /// Events that run a second time.
    doubled: Mutex<HashSet<i64>>,
}

impl Planted {
    pub fn new(inner: Arc<Sqlite>, plant: Plant) -> Self {
        let (appended, finished) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { inner, plant, appended, finished, doubled: Mutex::default() }
    }

    /// Whether an attempt that is done is to run again; no event runs more than twice.
    fn doubles(&self, attempt: &Attempt) -> bool {
        let is_due = self.plant == Plant::Double
            && attempt.outcome == Outcome::Done
            && self.finished.fetch_add(1, Ordering::Relaxed).is_multiple_of(DOUBLE_EVERY);
        is_due && self.doubled.lock().unwrap_or_else(PoisonError::into_inner).insert(attempt.lease.event)
    }

    async fn put_off(&self, deliveries: Vec<ClaimedDelivery>, now: Timestamp) -> Result<(), StoreError> {
        for ClaimedDelivery { registration, attempt, event, .. } in deliveries {
            let lease = Lease { event: event.number, registration, attempt };
            let later = Outcome::RetryAt(now.saturating_add(PUT_OFF_BY).unwrap_or(now));
            let attempt = Attempt { lease, at: now, outcome: later, activations: Vec::new(), trace: None };
            self.inner.finish(attempt).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Store for Planted {
    async fn append(&self, mut event: NewEvent) -> Result<Appended, StoreError> {
        match self.plant {
            Plant::Lost if self.appended.fetch_add(1, Ordering::Relaxed) % LOST_EVERY == LOST_EVERY - 1 => {
                return Ok(Appended::Stored);
            }
            Plant::Reorder => {
                for NewDelivery { keys, .. } in &mut event.deliveries {
                    keys.clear();
                }
            }
            Plant::Lost | Plant::Double | Plant::Stuck => {}
        }
        self.inner.append(event).await
    }

    async fn append_once(&self, event: NewEvent, nonce: Nonce) -> Result<Option<Appended>, StoreError> {
        self.inner.append_once(event, nonce).await
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        let now = claim.now;
        let mut claimed = self.inner.claim(claim).await?;
        match self.plant {
            Plant::Stuck => claimed.deliveries.retain(|delivery| delivery.event.number % STUCK_EVERY != 0),
            Plant::Reorder => {
                let is_put_off =
                    |delivery: &ClaimedDelivery| delivery.attempt == 1 && delivery.event.number % PUT_OFF_EVERY == 0;
                let (put_off, others) = claimed.deliveries.into_iter().partition(is_put_off);
                claimed.deliveries = others;
                self.put_off(put_off, now).await?;
            }
            Plant::Lost | Plant::Double => {}
        }
        Ok(claimed)
    }

    async fn finish(&self, attempt: Attempt) -> Result<bool, StoreError> {
        let outcome = if self.doubles(&attempt) { Outcome::RetryAt(attempt.at) } else { attempt.outcome };
        self.inner.finish(Attempt { outcome, ..attempt }).await
    }

    async fn renew(&self, owner: i64, leases: Vec<Lease>, until: Timestamp) -> Result<Vec<Lease>, StoreError> {
        self.inner.renew(owner, leases, until).await
    }

    async fn release(&self, owner: i64, but: Vec<Lease>, now: Timestamp) -> Result<usize, StoreError> {
        self.inner.release(owner, but, now).await
    }

    async fn release_ended(
        &self,
        owner: i64,
        but: Vec<Lease>,
        ended: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.inner.release_ended(owner, but, ended, now).await
    }

    async fn hasten(&self, event: i64, registration: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.inner.hasten(event, registration, now).await
    }

    async fn replay(&self, replay: Replay) -> Result<Replayed, StoreError> {
        self.inner.replay(replay).await
    }

    async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<Listed>, StoreError> {
        self.inner.deliveries(filter).await
    }

    async fn blockers(&self, event: i64, registration: i64) -> Result<Vec<Listed>, StoreError> {
        self.inner.blockers(event, registration).await
    }

    async fn attempt_counts(&self, since: Timestamp) -> Result<Vec<AttemptCount>, StoreError> {
        self.inner.attempt_counts(since).await
    }

    async fn work_arrived(&self) {
        self.inner.work_arrived().await;
    }

    async fn record(&self, activation: Activation) -> Result<(), StoreError> {
        self.inner.record(activation).await
    }

    async fn activation(&self, id: Uuid) -> Result<Option<Activation>, StoreError> {
        self.inner.activation(id).await
    }

    async fn activations(&self, filter: Filter) -> Result<Vec<Activation>, StoreError> {
        self.inner.activations(filter).await
    }

    async fn count_activations(&self, filter: Filter) -> Result<u64, StoreError> {
        self.inner.count_activations(filter).await
    }

    async fn event(&self, id: Uuid) -> Result<Option<(StoredEvent, Vec<Delivery>)>, StoreError> {
        self.inner.event(id).await
    }

    async fn events(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.inner.events(after, limit).await
    }

    async fn forget(&self, event: i64) -> Result<Forgotten, StoreError> {
        self.inner.forget(event).await
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        self.inner.catalogue().await
    }

    async fn put_provider(&self, provider: Provider) -> Result<(), StoreError> {
        self.inner.put_provider(provider).await
    }

    async fn delete_provider(&self, id: &str) -> Result<bool, StoreError> {
        self.inner.delete_provider(id).await
    }

    async fn put_metadata(&self, metadata: EventMetadata) -> Result<(), StoreError> {
        self.inner.put_metadata(metadata).await
    }

    async fn delete_metadata(&self, provider_id: &str, event_code: Option<&str>) -> Result<bool, StoreError> {
        self.inner.delete_metadata(provider_id, event_code).await
    }

    async fn put_registration(&self, registration: Registration) -> Result<(), StoreError> {
        self.inner.put_registration(registration).await
    }

    async fn put_health(&self, registration: i64, health: RegistrationHealth) -> Result<bool, StoreError> {
        self.inner.put_health(registration, health).await
    }

    async fn delete_registration(&self, registration_id: &str) -> Result<bool, StoreError> {
        self.inner.delete_registration(registration_id).await
    }

    async fn journal(&self, read: JournalRead) -> Result<JournalPage, StoreError> {
        self.inner.journal(read).await
    }

    async fn put_trace(&self, trace: Trace) -> Result<(), StoreError> {
        self.inner.put_trace(trace).await
    }

    async fn traces(&self, filter: TraceFilter) -> Result<Vec<Trace>, StoreError> {
        self.inner.traces(filter).await
    }

    async fn credentials(&self) -> Result<Vec<Credential>, StoreError> {
        self.inner.credentials().await
    }

    async fn put_credential(&self, credential: Credential) -> Result<(), StoreError> {
        self.inner.put_credential(credential).await
    }

    async fn value(&self, key: &str, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.value(key, now).await
    }

    async fn put_value(&self, key: &str, value: Vec<u8>, expires: Timestamp) -> Result<(), StoreError> {
        self.inner.put_value(key, value, expires).await
    }

    async fn reserve(&self, key: &str, value: Vec<u8>, now: Timestamp, expires: Timestamp) -> Result<bool, StoreError> {
        self.inner.reserve(key, value, now, expires).await
    }

    async fn delete_value(&self, key: &str) -> Result<(), StoreError> {
        self.inner.delete_value(key).await
    }

    async fn remember_change(&self, change: Change) -> Result<(), StoreError> {
        self.inner.remember_change(change).await
    }

    async fn changes(&self, subject: Uuid, now: Timestamp) -> Result<Vec<Change>, StoreError> {
        self.inner.changes(subject, now).await
    }

    async fn forget_changes(&self, subject: Uuid, before: Timestamp) -> Result<(), StoreError> {
        self.inner.forget_changes(subject, before).await
    }

    async fn put_job(&self, job: Job) -> Result<(), StoreError> {
        self.inner.put_job(job).await
    }

    async fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.inner.jobs().await
    }

    async fn purge(&self, retention: Retention) -> Result<Purged, StoreError> {
        self.inner.purge(retention).await
    }

    async fn health(&self) -> Health {
        self.inner.health().await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
