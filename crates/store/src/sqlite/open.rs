//! The files of a store.

use std::fs::{self, File, TryLockError};
use std::io::{Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::config::DbConfig;

use super::{DATABASE, damage, schema};
use crate::error::OpenError;
use crate::private::{keep_private, make_private};

/// Locked by the process that has the store open. Once a database was made it says so, and one that is empty or missing
/// later is not taken for new.
const LOCK: &str = "kit.lock";
const MADE: &[u8] = b"kit.db was made\n";

/// All files of a store. SQLite gives the last two the rights of the first.
const FILES: [&str; 4] = [LOCK, DATABASE, "kit.db-wal", "kit.db-shm"];

pub(super) fn lock(folder: &Path) -> Result<File, OpenError> {
    keep_private(folder, &FILES)?;
    let mut file = File::options();
    let file = file.create(true).truncate(false).read(true).write(true).mode(0o600).open(folder.join(LOCK))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(OpenError::Locked),
        Err(TryLockError::Error(error)) => Err(error.into()),
    }
}

/// Opens the database with the writer's settings and an up-to-date schema. For a process that has no connection yet.
pub(super) fn open_database(folder: &Path) -> Result<Connection, OpenError> {
    let was_made = was_made(folder);
    damage::check_files(folder, was_made)?;
    make_private(&folder.join(DATABASE))?;
    let opened = connect(folder).map_err(|source| damage::explain(folder, source))?;
    if !was_made {
        note_made(folder)?;
    }
    Ok(opened)
}

/// Opens the database again while others of this process have it open.
pub(super) fn reopen_database(folder: &Path) -> Result<Connection, OpenError> {
    damage::check_sizes(folder, was_made(folder))?;
    connect(folder).map_err(|source| damage::explain(folder, source))
}

fn was_made(folder: &Path) -> bool {
    fs::read(folder.join(LOCK)).is_ok_and(|content| content == MADE)
}

fn connect(folder: &Path) -> Result<Connection, OpenError> {
    let mut connection = Connection::open(folder.join(DATABASE))?;
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    plan_once(&connection)?;
    connection.execute_batch(
        "PRAGMA page_size = 4096;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA wal_autocheckpoint = 0;
         PRAGMA cache_size = -16384;
         PRAGMA mmap_size = 0;
         PRAGMA foreign_keys = OFF;",
    )?;
    damage::check_pages(folder, &connection)?;
    schema::migrate(&mut connection)?;
    Ok(connection)
}

/// Statements are planned once, not again for what they are bound to.
pub(super) fn plan_once(connection: &Connection) -> rusqlite::Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true).map(|_| ())
}

fn note_made(folder: &Path) -> Result<(), OpenError> {
    let mut file = File::options().write(true).truncate(true).open(folder.join(LOCK))?;
    file.write_all(MADE)?;
    file.sync_all()?;
    File::open(folder)?.sync_all()?;
    Ok(())
}

/// The first bytes of a file, as many as there are; none of a file that is missing.
pub(super) fn head(path: &Path, bytes: u64) -> Vec<u8> {
    let mut head = Vec::new();
    let read = File::open(path).and_then(|file| file.take(bytes).read_to_end(&mut head));
    if read.is_ok() { head } else { Vec::new() }
}
