//! The embedded store: one writer thread that commits whatever waits as one transaction, readers beside it.

mod activations;
mod append;
mod batch;
mod behind;
mod beside;
mod changes;
mod checkpoint;
mod claim;
mod counts;
mod damage;
mod delivery;
mod job;
mod journal;
mod lanes;
mod list;
mod once;
mod open;
mod options;
mod purge;
mod reader;
mod rows;
mod schema;
mod sealing;
mod seen;
mod shared;
mod tally;
mod trace;
mod writer;

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::{
    Activation, Appended, Attempt, AttemptCount, Catalogue, Change, Claim, Claimed, Credential, Delivery,
    DeliveryFilter, EventMetadata, Filter, Forgotten, Health, Job, JournalPage, JournalRead, Lease, Listed, NewEvent,
    Nonce, Provider, Purged, Registration, RegistrationHealth, Replay, Replayed, Retention, Store, StoreError,
    StoredEvent, Trace, TraceFilter, Vault,
};
use append::Prepared;
use batch::{Answer, Command};
pub use beside::Beside;
use changes::Changes;
use open::{lock, open_database};
pub use options::Options;
pub use reader::Reader;
use schema::HashKey;
use shared::Shared;
pub use shared::WriteFailure;
use writer::Writer;

/// Commands that may wait for the writer; an append beyond that is refused as busy.
const COMMANDS_MAX: usize = 4_096;

/// The database's file in the store's folder.
pub const DATABASE: &str = "kit.db";

/// The embedded store. One process at a time has it open.
#[derive(Debug)]
pub struct Sqlite {
    commands: Mutex<Option<mpsc::Sender<Command>>>,
    reader: Arc<Reader>,
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    hash_key: HashKey,
    limits: Limits,
    changes: Mutex<Changes>,
    vault: Vault,
}

#[derive(Debug)]
struct Limits {
    open: u64,
    bytes: u64,
}

impl Sqlite {
    /// Opens the store, makes it when it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// Another process has it open, a newer version wrote it, or the disk refused.
    pub fn open(options: &Options) -> Result<Self, StoreError> {
        let failed = |source| {
            let source = damage::explain(&options.folder, source);
            StoreError::Open { path: options.folder.clone(), source }
        };
        let lock = lock(&options.folder).map_err(failed)?;
        let mut connection = open_database(&options.folder).map_err(failed)?;
        sealing::renew(&mut connection, &options.vault).map_err(failed)?;
        let hash_key = schema::hash_key(&connection).map_err(|source| failed(source.into()))?;
        let changes = Changes::load(&connection).map_err(|source| failed(source.into()))?;
        let shared = Arc::new(Shared::default());
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let writer = Writer::new(lock, connection, options, Arc::clone(&shared)).map_err(failed)?;
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        let thread = thread.spawn(move || writer.run(queue)).map_err(|source| failed(source.into()))?;
        Ok(Self {
            commands: Mutex::new(Some(commands)),
            reader: Arc::new(Reader::open_with(&options.folder, options.vault.clone())?),
            vault: options.vault.clone(),
            shared,
            writer: Mutex::new(Some(thread)),
            hash_key,
            limits: Limits { open: options.open_max, bytes: options.bytes_max },
            changes: Mutex::new(changes),
        })
    }

    /// Has the next transaction fail, or with [`WriteFailure::NoRoom`] the next one that needs room. As after every failed
    /// write the database is opened again then.
    pub fn fail_next_write(&self, failure: WriteFailure) {
        self.shared.order_failure(failure);
    }

    fn carried(&self) -> MutexGuard<'_, Changes> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn queue(&self) -> Result<mpsc::Sender<Command>, StoreError> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(StoreError::Closed)
    }

    /// Hands a command to the writer and waits for its commit.
    async fn ask<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue()?.send(command(answer)).await.map_err(|_| StoreError::Closed)?;
        answered.await.map_err(|_| StoreError::Unavailable)?
    }

    /// As `ask`, but whoever finds the queue full is told so at once.
    async fn ask_unless_busy<T>(&self, command: impl FnOnce(Answer<T>) -> Command) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        self.queue()?.try_send(command(answer))?;
        answered.await.map_err(|_| StoreError::Unavailable)?
    }

    async fn change(
        &self,
        change: impl FnOnce(&Connection) -> rusqlite::Result<bool> + Send + 'static,
    ) -> Result<bool, StoreError> {
        self.ask(|answer| Command::Change(Box::new(change), answer)).await
    }

    /// Reads beside the writer, as long as the store is open.
    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Reader) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        drop(self.queue()?);
        let reader = Arc::clone(&self.reader);
        tokio::task::spawn_blocking(move || read(&reader)).await.map_err(|_| StoreError::Closed)?
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn append(&self, event: NewEvent) -> Result<Appended, StoreError> {
        let event = Box::new(Prepared::new(event, &self.hash_key));
        self.ask_unless_busy(|answer| Command::Append(event, answer)).await
    }

    async fn append_once(&self, event: NewEvent, nonce: Nonce) -> Result<Option<Appended>, StoreError> {
        let event = Box::new(Prepared::new(event, &self.hash_key));
        self.ask_unless_busy(|answer| Command::AppendOnce { event, nonce, answer }).await
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        self.ask(|answer| Command::Claim(claim, answer)).await
    }

    async fn renew(&self, owner: i64, leases: Vec<Lease>, until: Timestamp) -> Result<Vec<Lease>, StoreError> {
        self.ask(|answer| Command::Renew { owner, leases, until: rows::millis(until), answer }).await
    }

    async fn release_ended(
        &self,
        owner: i64,
        but: Vec<Lease>,
        ended: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let (ended, now) = (rows::millis(ended), rows::millis(now));
        self.ask(|answer| Command::Release { owner, but, ended, now, answer }).await
    }

    async fn hasten(&self, event: i64, registration: i64, now: Timestamp) -> Result<bool, StoreError> {
        self.ask(|answer| Command::Hasten { event, registration, now: rows::millis(now), answer }).await
    }

    async fn replay(&self, replay: Replay) -> Result<Replayed, StoreError> {
        let lanes = self.hash_key.lanes(replay.registration, &replay.keys);
        self.ask(|answer| Command::Replay { replay: Box::new(replay), lanes, answer }).await
    }

    async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<Listed>, StoreError> {
        self.read(move |reader| reader.deliveries(&filter)).await
    }

    async fn blockers(&self, event: i64, registration: i64) -> Result<Vec<Listed>, StoreError> {
        self.read(move |reader| reader.blockers(event, registration)).await
    }

    async fn attempt_counts(&self, since: Timestamp) -> Result<Vec<AttemptCount>, StoreError> {
        self.read(move |reader| reader.attempt_counts(since)).await
    }

    async fn events(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.read(move |reader| reader.events(after, limit)).await
    }

    async fn forget(&self, event: i64) -> Result<Forgotten, StoreError> {
        self.ask(|answer| Command::Forget(event, answer)).await
    }

    async fn put_health(&self, registration: i64, health: RegistrationHealth) -> Result<bool, StoreError> {
        self.change(move |connection| rows::put_health(connection, registration, health)).await
    }

    async fn put_job(&self, job: Job) -> Result<(), StoreError> {
        self.change(move |connection| job::put(connection, &job)).await.map(drop)
    }

    async fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.read(Reader::jobs).await
    }

    async fn finish(&self, attempt: Attempt) -> Result<bool, StoreError> {
        self.ask(|answer| Command::Finish(Box::new(attempt), answer)).await
    }

    async fn work_arrived(&self) {
        self.shared.work.notified().await;
    }

    async fn record(&self, activation: Activation) -> Result<(), StoreError> {
        self.ask(|answer| Command::Record(Box::new(activation), answer)).await.map(drop)
    }

    async fn activation(&self, id: Uuid) -> Result<Option<Activation>, StoreError> {
        self.read(move |reader| reader.activation(id)).await
    }

    async fn activations(&self, filter: Filter) -> Result<Vec<Activation>, StoreError> {
        self.read(move |reader| reader.activations(&filter)).await
    }

    async fn count_activations(&self, filter: Filter) -> Result<u64, StoreError> {
        self.read(move |reader| reader.count(&filter)).await
    }

    async fn event(&self, id: Uuid) -> Result<Option<(StoredEvent, Vec<Delivery>)>, StoreError> {
        self.read(move |reader| reader.event(id)).await
    }

    async fn catalogue(&self) -> Result<Catalogue, StoreError> {
        self.read(Reader::catalogue).await
    }

    async fn put_provider(&self, provider: Provider) -> Result<(), StoreError> {
        self.change(move |connection| rows::put_provider(connection, &provider)).await.map(drop)
    }

    async fn delete_provider(&self, id: &str) -> Result<bool, StoreError> {
        let id = id.to_owned();
        self.change(move |connection| rows::delete_provider(connection, &id)).await
    }

    async fn put_metadata(&self, metadata: EventMetadata) -> Result<(), StoreError> {
        self.change(move |connection| rows::put_metadata(connection, &metadata)).await.map(drop)
    }

    async fn delete_metadata(&self, provider_id: &str, event_code: Option<&str>) -> Result<bool, StoreError> {
        let (provider_id, event_code) = (provider_id.to_owned(), event_code.map(str::to_owned));
        self.change(move |connection| rows::delete_metadata(connection, &provider_id, event_code.as_deref())).await
    }

    async fn put_registration(&self, registration: Registration) -> Result<(), StoreError> {
        self.change(move |connection| rows::put_registration(connection, &registration)).await.map(drop)
    }

    async fn delete_registration(&self, registration_id: &str) -> Result<bool, StoreError> {
        let id = registration_id.to_owned();
        self.change(move |connection| rows::delete_registration(connection, &id)).await
    }

    async fn journal(&self, read: JournalRead) -> Result<JournalPage, StoreError> {
        self.read(move |reader| reader.journal(&read)).await
    }

    async fn put_trace(&self, trace: Trace) -> Result<(), StoreError> {
        self.change(move |connection| trace::put(connection, &trace).map(|()| true)).await.map(drop)
    }

    async fn traces(&self, filter: TraceFilter) -> Result<Vec<Trace>, StoreError> {
        self.read(move |reader| reader.traces(&filter)).await
    }

    async fn credentials(&self) -> Result<Vec<Credential>, StoreError> {
        self.read(Reader::credentials).await
    }

    async fn put_credential(&self, credential: Credential) -> Result<(), StoreError> {
        self.change(move |connection| rows::put_credential(connection, &credential)).await.map(drop)
    }

    async fn value(&self, key: &str, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        let key = key.to_owned();
        self.read(move |reader| reader.value(&key, now)).await
    }

    async fn put_value(&self, key: &str, value: Vec<u8>, expires: Timestamp) -> Result<(), StoreError> {
        let (key, value) = (key.to_owned(), self.vault.seal(key, value)?);
        self.change(move |connection| rows::put_value(connection, &key, &value, expires)).await.map(drop)
    }

    async fn reserve(&self, key: &str, value: Vec<u8>, now: Timestamp, expires: Timestamp) -> Result<bool, StoreError> {
        let (key, value) = (key.to_owned(), self.vault.seal(key, value)?);
        self.change(move |connection| rows::reserve(connection, &key, &value, now, expires)).await
    }

    async fn delete_value(&self, key: &str) -> Result<(), StoreError> {
        let key = key.to_owned();
        self.change(move |connection| rows::delete_value(connection, &key)).await.map(drop)
    }

    async fn remember_change(&self, change: Change) -> Result<(), StoreError> {
        let row = change.clone();
        self.change(move |connection| changes::append(connection, &row)).await?;
        self.carried().insert(change);
        Ok(())
    }

    async fn changes(&self, subject: Uuid, now: Timestamp) -> Result<Vec<Change>, StoreError> {
        Ok(self.carried().of(subject, now))
    }

    async fn forget_changes(&self, subject: Uuid, before: Timestamp) -> Result<(), StoreError> {
        self.change(move |connection| changes::append_end(connection, subject, before)).await?;
        self.carried().forget(subject, rows::millis(before));
        Ok(())
    }

    async fn purge(&self, retention: Retention) -> Result<Purged, StoreError> {
        self.ask(|answer| Command::Purge(retention, answer)).await
    }

    async fn health(&self) -> Health {
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let load = self.read(Reader::load).await;
        let failure = failure.or_else(|| load.as_ref().err().map(ToString::to_string));
        let (backlogs, bytes) = load.unwrap_or_default();
        let queued = self.queue().map_or(0, |queue| queue.max_capacity() - queue.capacity());
        Health {
            failure,
            open: self.shared.open.load(Ordering::Relaxed),
            open_max: self.limits.open,
            queued,
            bytes,
            bytes_max: self.limits.bytes,
            days_forgotten: self.shared.days_forgotten.load(Ordering::Relaxed),
            backlogs,
        }
    }

    async fn close(&self) {
        drop(self.commands.lock().unwrap_or_else(PoisonError::into_inner).take());
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let joined = tokio::task::spawn_blocking(move || writer.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the store's writer ended in a panic");
            }
        }
    }
}
