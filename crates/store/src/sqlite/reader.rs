use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use uuid::Uuid;

use super::open::plan_once;
use super::{DATABASE, activations, behind, counts, damage, job, journal, list, rows, schema, trace, writer};
use crate::error::OpenError;
use crate::{
    Activation, AttemptCount, Backlog, Catalogue, Credential, Delivery, DeliveryFilter, Filter, Job, JournalPage,
    JournalRead, Listed, RunPlace, StateCount, StoreError, StoredEvent, Trace, TraceFilter, Vault,
};

/// Connections kept open between reads.
const IDLE_MAX: usize = 4;

/// Reads what another thread, or another process, writes.
#[derive(Debug)]
pub struct Reader {
    folder: PathBuf,
    vault: Vault,
    idle: Mutex<Vec<Connection>>,
}

impl Reader {
    /// Opens the store of this folder for reading; the process that writes may go on.
    ///
    /// # Errors
    /// There is no store, or the disk refused.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, Vault::default())
    }

    /// As [`Self::open`], and reads sealed values too.
    ///
    /// # Errors
    /// There is no store, or the disk refused.
    pub fn open_with(folder: &Path, vault: Vault) -> Result<Self, StoreError> {
        let reader = Self { folder: folder.to_owned(), vault, idle: Mutex::default() };
        reader.with(|_| Ok(()))?;
        Ok(reader)
    }

    pub fn activation(&self, id: Uuid) -> Result<Option<Activation>, StoreError> {
        let recorded = self.with(|connection| {
            let select = format!("SELECT {} FROM activation WHERE uuid = ?1", rows::WHOLE_ACTIVATION_COLUMNS);
            connection.prepare_cached(&select)?.query_row([id.as_bytes()], rows::activation).optional()
        })?;
        if recorded.is_some() {
            return Ok(recorded);
        }
        Ok(self
            .event(id)?
            .filter(|(event, _)| !event.publisher.is_empty())
            .map(|(event, _)| activations::ingestion(&event)))
    }

    /// Recorded runs and successful ingestions, newest first.
    pub fn activations(&self, filter: &Filter) -> Result<Vec<Activation>, StoreError> {
        self.with(|connection| activations::list(connection, filter))
    }

    /// Runs that ended behind this place and that the filter lets through, in the order in which they ended, and the place
    /// behind them. One that is not removed comes once, whatever happens between two looks.
    pub fn activations_behind(
        &self,
        place: RunPlace,
        filter: &Filter,
    ) -> Result<(Vec<Activation>, RunPlace), StoreError> {
        self.with(|connection| behind::behind(connection, place, filter))
    }

    /// The place behind all runs that have ended.
    pub fn newest_run(&self) -> Result<RunPlace, StoreError> {
        self.with(behind::newest)
    }

    /// How many recorded runs and successful ingestions there are, whatever the filter's limit.
    pub fn count(&self, filter: &Filter) -> Result<u64, StoreError> {
        self.with(|connection| activations::count(connection, filter))
    }

    pub fn event(&self, id: Uuid) -> Result<Option<(StoredEvent, Vec<Delivery>)>, StoreError> {
        self.with(|connection| {
            let event =
                connection.prepare_cached(rows::EVENT_BY_UUID)?.query_row([id.as_bytes()], rows::event).optional()?;
            let Some(event) = event else { return Ok(None) };
            let deliveries = list::of_event(connection, event.number)?;
            Ok(Some((event, deliveries)))
        })
    }

    pub fn catalogue(&self) -> Result<Catalogue, StoreError> {
        let [providers, metadata, registrations] = self.with(|connection| {
            let documents = |select| {
                let mut statement = connection.prepare_cached(select)?;
                let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
                rows.collect::<rusqlite::Result<Vec<(i64, String)>>>()
            };
            Ok([
                documents("SELECT 0, document FROM provider ORDER BY document ->> 'label', id")?,
                documents("SELECT 0, document FROM metadata ORDER BY provider, code")?,
                documents("SELECT id, document FROM registration ORDER BY id")?,
            ])
        })?;
        let mut catalogue = Catalogue::default();
        for (_, document) in providers {
            catalogue.providers.push(parse(&document, "provider")?);
        }
        for (_, document) in metadata {
            catalogue.metadata.push(parse(&document, "event metadata")?);
        }
        for (id, document) in registrations {
            let registration: crate::Registration = parse(&document, "registration")?;
            catalogue.registrations.push(crate::Registration { id, ..registration });
        }
        Ok(catalogue)
    }

    pub fn credentials(&self) -> Result<Vec<Credential>, StoreError> {
        let documents: Vec<String> = self.with(|connection| {
            let mut statement =
                connection.prepare_cached("SELECT document FROM credential ORDER BY created, client")?;
            let documents = statement.query_map([], |row| row.get(0))?;
            documents.collect()
        })?;
        documents.iter().map(|document| parse(document, "credential")).collect()
    }

    pub fn deliveries(&self, filter: &DeliveryFilter) -> Result<Vec<Listed>, StoreError> {
        self.with(|connection| list::list(connection, filter))
    }

    /// The deliveries that this one waits for.
    pub fn blockers(&self, event: i64, registration: i64) -> Result<Vec<Listed>, StoreError> {
        self.with(|connection| list::blockers(connection, event, registration))
    }

    /// Attempts that ended since, by registration.
    pub fn attempt_counts(&self, since: Timestamp) -> Result<Vec<AttemptCount>, StoreError> {
        self.with(|connection| list::attempt_counts(connection, rows::millis(since)))
    }

    /// How much is undelivered, by registration and state.
    pub fn undelivered(&self) -> Result<Vec<StateCount>, StoreError> {
        self.with(counts::undelivered)
    }

    /// Events behind this number, oldest first.
    pub fn events(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError> {
        self.with(|connection| {
            connection
                .prepare_cached(rows::EVENTS_AFTER)?
                .query_map([after, i64::try_from(limit).unwrap_or(i64::MAX)], rows::event)?
                .collect()
        })
    }

    /// Work that a kit was asked for, oldest first.
    pub fn jobs(&self) -> Result<Vec<Job>, StoreError> {
        self.with(job::list)
    }

    pub fn journal(&self, read: &JournalRead) -> Result<JournalPage, StoreError> {
        self.with(|connection| journal::read(connection, read))
    }

    pub fn traces(&self, filter: &TraceFilter) -> Result<Vec<Trace>, StoreError> {
        let documents = self.with(|connection| trace::list(connection, filter))?;
        documents.iter().map(|document| parse(document, "trace")).collect()
    }

    pub fn value(&self, key: &str, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        let stored = self.with(|connection| {
            connection
                .prepare_cached("SELECT value FROM value WHERE key = ?1 AND expires > ?2")?
                .query_row(params![key, rows::millis(now)], |row| row.get(0))
                .optional()
        })?;
        Ok(stored.map(|stored| self.vault.open(key, stored)).transpose()?)
    }

    /// What each registration has to do, and the size of the database.
    pub(super) fn load(&self) -> Result<(Vec<Backlog>, u64), StoreError> {
        self.with(|connection| Ok((list::backlogs(connection)?, writer::bytes_used(connection)?)))
    }

    /// In one transaction: what several selects put together is of one moment, whatever is written meanwhile.
    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect()?,
        };
        let value = connection.transaction().and_then(|moment| read(&moment)).map_err(StoreError::Read)?;
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < IDLE_MAX {
            idle.push(connection);
        }
        Ok(value)
    }

    fn connect(&self) -> Result<Connection, StoreError> {
        let failed = |source: rusqlite::Error| StoreError::Open {
            path: self.folder.clone(),
            source: damage::explain(&self.folder, OpenError::Database(source)),
        };
        // Not read-only: a reader of a write-ahead log has to be able to make the log's index.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(self.folder.join(DATABASE), flags).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        plan_once(&connection).map_err(failed)?;
        connection
            .execute_batch("PRAGMA query_only = ON; PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -2048;")
            .map_err(failed)?;
        schema::check(&connection).map_err(|source| StoreError::Open {
            path: self.folder.clone(),
            source: damage::explain(&self.folder, source),
        })?;
        Ok(connection)
    }
}

fn parse<T: serde::de::DeserializeOwned>(document: &str, kind: &'static str) -> Result<T, StoreError> {
    serde_json::from_str(document).map_err(|_| StoreError::Damaged(kind))
}
