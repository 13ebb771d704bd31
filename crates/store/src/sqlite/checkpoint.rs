//! Keeps the write-ahead log short without holding up commits.
//!
//! A thread copies the log into the database while the writer goes on; then the writer copies the small rest between
//! two batches, so that nothing is left and the next commit starts the log from its beginning. Without that last step
//! the log never restarts under load. Figures: ARCHITECTURE.md, storage.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicU8, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::time::Duration;

use rusqlite::Connection;
use rusqlite::hooks::Wal;

use crate::error::OpenError;

/// Frames in the log (one page each, so 2 MB) at which it is copied.
const FRAMES: i32 = 500;

const IDLE: u8 = 0;
const COPYING: u8 = 1;
const REST_LEFT: u8 = 2;

/// The writer's side. Belongs to the writer's thread.
pub(super) struct Checkpoint {
    wake: SyncSender<()>,
    /// Frames in the log after the last commit.
    logged: Arc<AtomicI32>,
    phase: Arc<AtomicU8>,
}

impl Checkpoint {
    /// Watches the commits of this connection.
    pub(super) fn start(connection: &mut Connection, database: &Path) -> Result<Self, OpenError> {
        let logged = Arc::new(AtomicI32::new(0));
        let frames = Arc::clone(&logged);
        connection.wal_hook(Some(move |_: &mut Wal, count: c_int| {
            frames.store(count, Ordering::Relaxed);
            Ok(())
        }))?;
        let (wake, wakes) = mpsc::sync_channel(1);
        let phase = Arc::new(AtomicU8::new(IDLE));
        let copier = Copier { database: database.to_owned(), phase: Arc::clone(&phase) };
        std::thread::Builder::new().name("store-checkpoint".to_owned()).spawn(move || copier.run(&wakes))?;
        Ok(Self { wake, logged, phase })
    }

    /// To be called between two batches, after answering.
    pub(super) fn step(&self, connection: &Connection) {
        match self.phase.load(Ordering::Acquire) {
            IDLE if self.logged.load(Ordering::Relaxed) >= FRAMES => {
                self.phase.store(COPYING, Ordering::Release);
                // The thread takes at most one wake at a time; a full channel means that it is awake.
                let _ = self.wake.try_send(());
            }
            REST_LEFT => {
                copy(connection, "PASSIVE");
                self.phase.store(IDLE, Ordering::Release);
                self.logged.store(0, Ordering::Relaxed);
            }
            _ => {}
        }
    }
}

struct Copier {
    database: PathBuf,
    phase: Arc<AtomicU8>,
}

impl Copier {
    fn run(&self, wakes: &mpsc::Receiver<()>) {
        while wakes.recv().is_ok() {
            match Connection::open(&self.database) {
                Ok(connection) => {
                    let _ = connection.busy_timeout(Duration::from_secs(1));
                    copy(&connection, "PASSIVE");
                    copy(&connection, "PASSIVE");
                }
                Err(error) => tracing::warn!(%error, "the store's log cannot be copied now"),
            }
            self.phase.store(REST_LEFT, Ordering::Release);
        }
    }
}

/// Copies the log into the database as far as readers allow.
pub(super) fn copy(connection: &Connection, mode: &str) {
    let pragma = format!("PRAGMA wal_checkpoint({mode})");
    match connection.query_row(&pragma, [], |row| row.get(0)) {
        Ok(false) => {}
        Ok(true) => tracing::warn!("the store's log is not cut off: somebody reads what it was"),
        Err(error) => tracing::warn!(%error, "the store's log cannot be copied now"),
    }
}
