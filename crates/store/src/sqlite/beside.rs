use std::fs::File;
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};

use super::batch::is_constraint;
use super::{DATABASE, job, open_database, rows, schema, sealing};
use crate::error::OpenError;
use crate::{Credential, Job, StoreError, Vault};

/// Writes the few things that a command line changes, also while a kit runs on the folder: nothing that the running
/// kit keeps in memory.
#[derive(Debug)]
pub struct Beside {
    connection: Connection,
    vault: Vault,
    /// Held when no kit runs.
    lock: Option<File>,
}

impl Beside {
    /// Opens the folder's database; makes it, or brings it up to date, when no kit runs on it.
    ///
    /// # Errors
    /// The disk refused, or a kit of another version is running.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, Vault::default())
    }

    /// As [`Self::open`], for values that may be sealed. When no kit runs they are sealed with the newest key, as when one
    /// starts; beside one that runs they have to be.
    ///
    /// # Errors
    /// Those of [`Self::open`]; a sealed value cannot be opened, or the running kit has other keys.
    pub fn open_with(folder: &Path, vault: Vault) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Open { path: folder.to_owned(), source };
        match super::lock(folder) {
            Ok(lock) => {
                let mut connection = open_database(folder).map_err(failed)?;
                sealing::renew(&mut connection, &vault).map_err(failed)?;
                Ok(Self { connection, vault, lock: Some(lock) })
            }
            Err(OpenError::Locked) => {
                let connection = join(folder).map_err(failed)?;
                sealing::check(&connection, &vault).map_err(failed)?;
                Ok(Self { connection, vault, lock: None })
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Adds or replaces by `client_id`. `Taken`: another credential has its `id` or name.
    pub fn put_credential(&self, credential: &Credential) -> Result<(), StoreError> {
        self.write(|connection| rows::put_credential(connection, credential))
    }

    /// Sets a value until `expires`, unless one lives at `now`.
    pub fn reserve(&self, key: &str, value: &[u8], now: Timestamp, expires: Timestamp) -> Result<(), StoreError> {
        let value = self.vault.seal(key, value.to_vec())?;
        self.write(|connection| rows::reserve(connection, key, &value, now, expires))
    }

    /// Puts a value in the place of this one; says whether it was still there.
    pub fn replace_value(&self, key: &str, before: &[u8], value: &[u8]) -> Result<bool, StoreError> {
        let stored = sealing::stored(&self.connection, key).map_err(StoreError::Read)?;
        let Some(stored) = stored else { return Ok(false) };
        if self.vault.open(key, stored.clone())? != before {
            return Ok(false);
        }
        // What is compared here is what was read above: two sealings of one value differ.
        let value = self.vault.seal(key, value.to_vec())?;
        rows::replace_value(&self.connection, key, &stored, &value).map_err(|_| StoreError::Unavailable)
    }

    /// Asks the kit of this folder for work: the one that runs, or the next that does.
    pub fn put_job(&self, job: &Job) -> Result<(), StoreError> {
        self.write(|connection| job::put(connection, job))
    }

    /// Whether a kit runs on the folder.
    pub fn has_company(&self) -> bool {
        self.lock.is_none()
    }

    fn write(&self, write: impl FnOnce(&Connection) -> rusqlite::Result<bool>) -> Result<(), StoreError> {
        match write(&self.connection) {
            Ok(_) => Ok(()),
            Err(error) if is_constraint(&error) => Err(StoreError::Taken),
            Err(_) => Err(StoreError::Unavailable),
        }
    }
}

/// Opens the database that another process has open.
fn join(folder: &Path) -> Result<Connection, OpenError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(DATABASE), flags)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;")?;
    schema::check(&connection)?;
    Ok(connection)
}
