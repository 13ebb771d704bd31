//! What the stand-ins hold, kept in a folder: documents by kind and id, so that a restart finds what was there.
//!
//! Writes reach the operating system before the call returns, so the end of the process loses nothing; they are not
//! forced onto the disk, so a power cut may.

use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use rusqlite::{Connection, params};

/// Where documents are kept; without a folder they are not.
pub struct Keeper {
    connection: Option<Mutex<Connection>>,
    /// One effect at a time: its writes are one transaction.
    effects: Mutex<()>,
    /// Whether the effect that runs has changed what a document says.
    is_changed: AtomicBool,
    /// What the effect that runs has saved and removed, when somebody wants to know.
    changes: Option<Mutex<Vec<Change>>>,
}

/// A document was saved or removed; both sides are its JSON.
#[derive(Debug)]
pub struct Change {
    pub kind: &'static str,
    /// `None` when it is new.
    pub before: Option<Bytes>,
    /// `None` when it is gone.
    pub after: Option<Bytes>,
}

/// What an effect gave, and whether it changed what any document says.
#[derive(Debug)]
pub struct Kept<T> {
    pub done: T,
    pub is_changed: bool,
}

/// Why a sandbox does not open.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    #[error("the sandbox cannot keep its state in this folder")]
    Folder(#[from] rusqlite::Error),
    #[error("the sandbox cannot set up TLS for its events")]
    Tls(#[from] reqwest::Error),
}

/// What is in the folder; the first is made for whoever opens it, the others have its rights.
pub const FILES: [&str; 3] = ["sandbox.db", "sandbox.db-wal", "sandbox.db-shm"];

impl Keeper {
    /// Keeps nothing.
    pub fn nowhere() -> Self {
        Self { connection: None, effects: Mutex::default(), is_changed: AtomicBool::new(false), changes: None }
    }

    /// Keeps documents in this folder, which has to be there.
    ///
    /// # Errors
    /// The database cannot be opened.
    pub fn open(folder: &Path) -> Result<Self, KeepError> {
        let connection = Connection::open(folder.join(FILES[0]))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;
             CREATE TABLE IF NOT EXISTS document(
                 kind TEXT NOT NULL, id TEXT NOT NULL, json BLOB NOT NULL, PRIMARY KEY(kind, id)) WITHOUT ROWID;",
        )?;
        Ok(Self {
            connection: Some(Mutex::new(connection)),
            effects: Mutex::default(),
            is_changed: AtomicBool::new(false),
            changes: None,
        })
    }

    /// Keeps also what each effect saves and removes until the effect ends, to be taken before that.
    pub fn recording(self) -> Self {
        Self { changes: Some(Mutex::default()), ..self }
    }

    /// Keeps all that the effect writes, or nothing of it, should the process end in between.
    pub fn together<T>(&self, effect: impl FnOnce() -> T) -> Kept<T> {
        let _turn = self.effects.lock().unwrap_or_else(PoisonError::into_inner);
        self.is_changed.store(false, Ordering::Relaxed);
        self.take_changes();
        self.write("BEGIN", []);
        let done = effect();
        self.write("COMMIT", []);
        Kept { done, is_changed: self.is_changed.load(Ordering::Relaxed) }
    }

    /// A document came, went, or says something else than before.
    pub fn note_change(&self) {
        self.is_changed.store(true, Ordering::Relaxed);
    }

    pub fn record(&self, kind: &'static str, before: Option<Bytes>, after: Option<Bytes>) {
        if let Some(changes) = &self.changes {
            let change = Change { kind, before, after };
            changes.lock().unwrap_or_else(PoisonError::into_inner).push(change);
        }
    }

    /// What the effect that runs has saved and removed so far, in that order.
    pub fn take_changes(&self) -> Vec<Change> {
        let Some(changes) = &self.changes else { return Vec::new() };
        std::mem::take(&mut *changes.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Adds or replaces. A disk that refuses is told of in the log: the stand-in itself goes on.
    pub fn put(&self, kind: &str, id: &str, json: &[u8]) {
        self.write("INSERT OR REPLACE INTO document(kind, id, json) VALUES (?1, ?2, ?3)", params![kind, id, json]);
    }

    pub fn remove(&self, kind: &str, id: &str) {
        self.write("DELETE FROM document WHERE kind = ?1 AND id = ?2", params![kind, id]);
    }

    /// All documents of a kind, each with its id.
    ///
    /// # Errors
    /// The database cannot be read.
    pub fn load(&self, kind: &str) -> Result<Vec<(String, Vec<u8>)>, KeepError> {
        let Some(connection) = &self.connection else { return Ok(Vec::new()) };
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let mut select = connection.prepare_cached("SELECT id, json FROM document WHERE kind = ?1")?;
        let rows = select.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    fn write(&self, statement: &str, parameters: impl rusqlite::Params) {
        let Some(connection) = &self.connection else { return };
        let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
        let written = connection.prepare_cached(statement).and_then(|mut statement| statement.execute(parameters));
        if let Err(error) = written {
            tracing::warn!(%error, "the sandbox could not keep a change");
        }
    }
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("is_kept", &self.connection.is_some()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_effect_that_is_cut_off_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::open(folder.path()).unwrap();
        keeper.together(|| keeper.put("order", "a", b"1"));
        let other = Keeper::open(folder.path()).unwrap();
        keeper.together(|| {
            keeper.put("order", "b", b"2");
            assert_eq!(other.load("order").unwrap().len(), 1, "who looks meanwhile sees what a restart would find");
        });
        assert_eq!(other.load("order").unwrap().len(), 2);
    }

    #[test]
    fn what_was_put_is_there_after_opening_again() {
        let folder = tempfile::tempdir().unwrap();
        let keeper = Keeper::open(folder.path()).unwrap();
        keeper.put("product", "a", b"{}");
        keeper.put("product", "b", b"1");
        keeper.put("product", "b", b"2");
        keeper.put("order", "a", b"3");
        keeper.remove("product", "a");
        drop(keeper);
        let keeper = Keeper::open(folder.path()).unwrap();
        assert_eq!(keeper.load("product").unwrap(), [("b".to_owned(), b"2".to_vec())]);
        assert_eq!(keeper.load("order").unwrap().len(), 1);
        assert!(Keeper::nowhere().load("order").unwrap().is_empty());
    }
}
