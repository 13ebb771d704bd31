//! A store that fails when a test says so.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use jiff::Timestamp;
use store::{
    Activation, Appended, Attempt, AttemptCount, Catalogue, Change, Claim, Claimed, Credential, Delivery,
    DeliveryFilter, EventMetadata, Filter, Forgotten, Health, Job, JournalPage, JournalRead, Lease, Listed, NewEvent,
    Nonce, Provider, Purged, Registration, RegistrationHealth, Replay, Replayed, Retention, Sqlite, Store, StoreError,
    StoredEvent, Trace, TraceFilter,
};
use uuid::Uuid;

/// The real store, but for calls that a test has asked to fail.
#[derive(Debug)]
pub struct Flaky {
    store: Sqlite,
    appends: AtomicUsize,
    /// How many events were offered.
    offered: AtomicUsize,
    values: AtomicUsize,
    /// Outcomes that are still written.
    finishes: AtomicUsize,
    pretence: Mutex<Option<Pretence>>,
}

/// What a test makes of what the store says of itself.
struct Pretence(Box<dyn Fn(&mut Health) + Send>);

impl std::fmt::Debug for Pretence {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Pretence")
    }
}

impl Flaky {
    pub fn new(store: Sqlite) -> Self {
        Self {
            store,
            appends: AtomicUsize::new(0),
            offered: AtomicUsize::new(0),
            values: AtomicUsize::new(0),
            finishes: AtomicUsize::new(usize::MAX),
            pretence: Mutex::default(),
        }
    }

    /// It says this of itself from now on.
    pub fn pretend(&self, pretence: impl Fn(&mut Health) + Send + 'static) {
        *self.pretence.lock().unwrap() = Some(Pretence(Box::new(pretence)));
    }

    /// How many events were offered to it so far.
    pub fn offered(&self) -> usize {
        self.offered.load(Ordering::SeqCst)
    }

    /// The next events are not stored.
    pub fn fail_appends(&self, count: usize) {
        self.appends.store(count, Ordering::SeqCst);
    }

    /// After so many outcomes this process writes none any more.
    pub fn die_after_finishes(&self, count: usize) {
        self.finishes.store(count, Ordering::SeqCst);
    }

    /// The next values are not written, read or deleted.
    pub fn fail_values(&self, count: usize) {
        self.values.store(count, Ordering::SeqCst);
    }
}

fn pass(failures: &AtomicUsize) -> Result<(), StoreError> {
    let less = failures.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| count.checked_sub(1));
    less.map_or(Ok(()), |_| Err(StoreError::Unavailable))
}

#[async_trait]
impl Store for Flaky {
    async fn append(&self, event: NewEvent) -> Result<Appended, StoreError> {
        self.offered.fetch_add(1, Ordering::SeqCst);
        pass(&self.appends)?;
        self.store.append(event).await
    }

    async fn append_once(&self, event: NewEvent, nonce: Nonce) -> Result<Option<Appended>, StoreError> {
        self.offered.fetch_add(1, Ordering::SeqCst);
        pass(&self.appends)?;
        self.store.append_once(event, nonce).await
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        self.store.claim(claim).await
    }

    async fn finish(&self, attempt: Attempt) -> Result<bool, StoreError> {
        let left = self.finishes.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
        left.map_err(|_| StoreError::Closed)?;
        self.store.finish(attempt).await
    }

    async fn renew(&self, owner: i64, leases: Vec<Lease>, until: Timestamp) -> Result<Vec<Lease>, StoreError> {
        self.store.renew(owner, leases, until).await
    }

    async fn release_ended(
        &self,
        owner: i64,
        but: Vec<Lease>,
        ended: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        self.store.release_ended(owner, but, ended, now).await
    }

    async fn hasten(&self, event: i64, registration: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.store.hasten(event, registration, now).await
    }

    async fn replay(&self, replay: Replay) -> Result<Replayed, StoreError> {
        self.store.replay(replay).await
    }

    async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<Listed>, StoreError> {
        self.store.deliveries(filter).await
    }

    async fn blockers(&self, event: i64, registration: i64) -> Result<Vec<Listed>, StoreError> {
        self.store.blockers(event, registration).await
    }

    async fn attempt_counts(&self, since: Timestamp) -> Result<Vec<AttemptCount>, StoreError> {
        self.store.attempt_counts(since).await
    }

    async fn events(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.store.events(after, limit).await
    }

    async fn forget(&self, event: i64) -> Result<Forgotten, StoreError> {
        self.store.forget(event).await
    }

    async fn put_health(&self, registration: i64, health: RegistrationHealth) -> Result<bool, StoreError> {
        self.store.put_health(registration, health).await
    }

    async fn put_job(&self, job: Job) -> Result<(), StoreError> {
        self.store.put_job(job).await
    }

    async fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.store.jobs().await
    }

    async fn work_arrived(&self) {
        self.store.work_arrived().await;
    }

    async fn record(&self, activation: Activation) -> Result<(), StoreError> {
        self.store.record(activation).await
    }

    async fn activation(&self, id: Uuid) -> Result<Option<Activation>, StoreError> {
        self.store.activation(id).await
    }

    async fn activations(&self, filter: Filter) -> Result<Vec<Activation>, StoreError> {
        self.store.activations(filter).await
    }

    async fn count_activations(&self, filter: Filter) -> Result<u64, StoreError> {
        self.store.count_activations(filter).await
    }

    async fn event(&self, id: Uuid) -> Result<Option<(StoredEvent, Vec<Delivery>)>, StoreError> {
        self.store.event(id).await
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        self.store.catalogue().await
    }

    async fn put_provider(&self, provider: Provider) -> Result<(), StoreError> {
        self.store.put_provider(provider).await
    }

    async fn delete_provider(&self, id: &str) -> Result<bool, StoreError> {
        self.store.delete_provider(id).await
    }

    async fn put_metadata(&self, metadata: EventMetadata) -> Result<(), StoreError> {
        self.store.put_metadata(metadata).await
    }

    async fn delete_metadata(&self, provider_id: &str, event_code: Option<&str>) -> Result<bool, StoreError> {
        self.store.delete_metadata(provider_id, event_code).await
    }

    async fn put_registration(&self, registration: Registration) -> Result<(), StoreError> {
        self.store.put_registration(registration).await
    }

    async fn delete_registration(&self, registration_id: &str) -> Result<bool, StoreError> {
        self.store.delete_registration(registration_id).await
    }

    async fn journal(&self, read: JournalRead) -> Result<JournalPage, StoreError> {
        self.store.journal(read).await
    }

    async fn put_trace(&self, trace: Trace) -> Result<(), StoreError> {
        self.store.put_trace(trace).await
    }

    async fn traces(&self, filter: TraceFilter) -> Result<Vec<Trace>, StoreError> {
        self.store.traces(filter).await
    }

    async fn credentials(&self) -> Result<Vec<Credential>, StoreError> {
        self.store.credentials().await
    }

    async fn put_credential(&self, credential: Credential) -> Result<(), StoreError> {
        self.store.put_credential(credential).await
    }

    async fn value(&self, key: &str, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        pass(&self.values)?;
        self.store.value(key, now).await
    }

    async fn remember_change(&self, change: Change) -> Result<(), StoreError> {
        self.store.remember_change(change).await
    }

    async fn changes(&self, subject: Uuid, now: Timestamp) -> Result<Vec<Change>, StoreError> {
        self.store.changes(subject, now).await
    }

    async fn forget_changes(&self, subject: Uuid, before: Timestamp) -> Result<(), StoreError> {
        self.store.forget_changes(subject, before).await
    }

    async fn put_value(&self, key: &str, value: Vec<u8>, expires: Timestamp) -> Result<(), StoreError> {
        pass(&self.values)?;
        self.store.put_value(key, value, expires).await
    }

    async fn reserve(&self, key: &str, value: Vec<u8>, now: Timestamp, expires: Timestamp) -> Result<bool, StoreError> {
        self.store.reserve(key, value, now, expires).await
    }

    async fn delete_value(&self, key: &str) -> Result<(), StoreError> {
        pass(&self.values)?;
        self.store.delete_value(key).await
    }

    async fn purge(&self, retention: Retention) -> Result<Purged, StoreError> {
        self.store.purge(retention).await
    }

    async fn health(&self) -> Health {
        let mut health = self.store.health().await;
        if let Some(Pretence(pretence)) = &*self.pretence.lock().unwrap() {
            pretence(&mut health);
        }
        health
    }

    async fn close(&self) {
        self.store.close().await;
    }
}
