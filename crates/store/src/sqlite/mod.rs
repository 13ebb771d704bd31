//! The embedded store: one writer thread that commits whatever waits as one transaction, readers beside it.

mod append;
mod beside;
mod changes;
mod checkpoint;
mod delivery;
mod journal;
mod purge;
mod reader;
mod rows;
mod schema;
mod seen;
mod trace;
mod writer;

use std::fs::{File, TryLockError};
use std::hash::Hasher;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use rusqlite::Connection;
use siphasher::sip::SipHasher13;
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

use crate::error::OpenError;
use crate::{
    Activation, Appended, Attempt, Catalogue, Change, Claim, Claimed, Credential, Delivery, EventMetadata, Filter,
    Health, JournalPage, JournalRead, NewEvent, Provider, Purged, Registration, Store, StoreError, StoredEvent, Trace,
    TraceFilter,
};
use append::Prepared;
pub use beside::Beside;
use changes::Changes;
pub use reader::Reader;
use writer::{Answer, Command, Writer};

/// Commands that may wait for the writer; an append beyond that is refused as busy.
const COMMANDS_MAX: usize = 4_096;

const DATABASE: &str = "kit.db";
const LOCK: &str = "kit.lock";

/// How the embedded store is opened.
#[derive(Clone, Debug)]
pub struct Options {
    /// The folder; made when it is missing, for its owner only.
    pub folder: PathBuf,
    /// How long a uid is remembered.
    pub dedupe_window: Duration,
    /// Above this size of the database no event is taken in; what is stored is still delivered.
    pub bytes_max: u64,
}

/// The embedded store. One process at a time has it open.
#[derive(Debug)]
pub struct Sqlite {
    commands: Mutex<Option<mpsc::Sender<Command>>>,
    reader: Arc<Reader>,
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<()>>>,
    hash_key: (u64, u64),
    changes: Mutex<Changes>,
}

/// What the writer tells the others.
#[derive(Debug, Default)]
struct Shared {
    work: Notify,
    failure: Mutex<Option<String>>,
}

impl Shared {
    fn set_failure(&self, failure: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }
}

impl Sqlite {
    /// Opens the store, makes it when it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// Another process has it open, a newer version wrote it, or the disk refused.
    pub fn open(options: &Options) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open { path: options.folder.clone(), source };
        let lock = lock(&options.folder).map_err(failed)?;
        let connection = open_database(&options.folder).map_err(failed)?;
        let hash_key = schema::hash_key(&connection).map_err(|source| failed(source.into()))?;
        let changes = Changes::load(&connection).map_err(|source| failed(source.into()))?;
        let shared = Arc::new(Shared::default());
        let (commands, queue) = mpsc::channel(COMMANDS_MAX);
        let writer = Writer::new(lock, connection, options, Arc::clone(&shared)).map_err(failed)?;
        let thread = std::thread::Builder::new().name("store-writer".to_owned());
        let thread = thread.spawn(move || writer.run(queue)).map_err(|source| failed(source.into()))?;
        Ok(Self {
            commands: Mutex::new(Some(commands)),
            reader: Arc::new(Reader::open(&options.folder)?),
            shared,
            writer: Mutex::new(Some(thread)),
            hash_key,
            changes: Mutex::new(changes),
        })
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

    /// A stable hash that senders cannot aim at: its key belongs to this database.
    fn hash(&self, parts: &[&[u8]]) -> i64 {
        let mut hasher = SipHasher13::new_with_keys(self.hash_key.0, self.hash_key.1);
        for part in parts {
            hasher.write(part);
            hasher.write_u8(0);
        }
        hasher.finish().cast_signed()
    }

    fn prepare(&self, mut event: NewEvent) -> Prepared {
        let uid_hash = event.uid.as_ref().map(|uid| self.hash(&[event.code.as_bytes(), uid.as_bytes()]));
        let lanes = event.deliveries.iter().map(|delivery| {
            let registration = delivery.registration.to_le_bytes();
            let mut lanes: Vec<i64> =
                delivery.keys.iter().map(|key| self.hash(&[&registration, key.as_bytes()])).collect();
            lanes.sort_unstable();
            lanes.dedup();
            (delivery.registration, lanes)
        });
        let lanes: Vec<(i64, Vec<i64>)> = lanes.collect();
        // A delivery is in its registration's journal already.
        event.journals.sort_unstable();
        event.journals.dedup();
        event.journals.retain(|journal| lanes.iter().all(|(registration, _)| registration != journal));
        Prepared { event, uid_hash, lanes }
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn append(&self, event: NewEvent) -> Result<Appended, StoreError> {
        let (answer, answered) = oneshot::channel();
        let command = Command::Append(Box::new(self.prepare(event)), answer);
        self.queue()?.try_send(command).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => StoreError::Busy,
            mpsc::error::TrySendError::Closed(_) => StoreError::Closed,
        })?;
        answered.await.map_err(|_| StoreError::Unavailable)?
    }

    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError> {
        self.ask(|answer| Command::Claim(claim, answer)).await
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
        let key = key.to_owned();
        self.change(move |connection| rows::put_value(connection, &key, &value, expires)).await.map(drop)
    }

    async fn reserve(&self, key: &str, value: Vec<u8>, now: Timestamp, expires: Timestamp) -> Result<bool, StoreError> {
        let key = key.to_owned();
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

    async fn purge(&self, events: Timestamp, activations: Timestamp, now: Timestamp) -> Result<Purged, StoreError> {
        self.ask(|answer| Command::Purge { events, activations, now, answer }).await
    }

    async fn health(&self) -> Health {
        let failure = self.shared.failure.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let oldest = self.read(Reader::oldest_due).await;
        let failure = failure.or_else(|| oldest.as_ref().err().map(ToString::to_string));
        Health { failure, oldest_due: oldest.ok().flatten() }
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

fn lock(folder: &Path) -> Result<File, OpenError> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let file = File::options().create(true).truncate(false).write(true).open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Opens the database with the writer's settings and an up-to-date schema.
fn open_database(folder: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(folder.join(DATABASE))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.execute_batch(
        "PRAGMA page_size = 4096;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -16384;
         PRAGMA mmap_size = 0;
         PRAGMA foreign_keys = OFF;",
    )?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}
