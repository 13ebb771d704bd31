use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use rusqlite::{Connection, TransactionBehavior, ffi};
use tokio::sync::mpsc;

use super::append::Appender;
use super::batch::{Batch, Command, Executed};
use super::checkpoint::{self, Checkpoint};
use super::open::reopen_database;
use super::purge::Purger;
use super::shared::{Shared, WriteFailure};
use super::tally::Tally;
use super::{DATABASE, Options, claim, damage, delivery};
use crate::error::OpenError;

/// Commands in one transaction.
const BATCH_MAX: usize = 512;

/// After a failure the database is opened again no sooner than this.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

/// The one thread that writes. It takes all that waits, commits it as one transaction, and answers.
pub(super) struct Writer {
    /// Held until the thread ends: whoever opens the store next finds everything written.
    _lock: File,
    options: Options,
    shared: Arc<Shared>,
    open: Option<Open>,
    failed_at: Instant,
    /// The newest event number before the last failure.
    given: i64,
}

/// What goes away with the connection when a write failed.
struct Open {
    connection: Connection,
    appender: Appender,
    purger: Purger,
    checkpoint: Option<Checkpoint>,
    /// Deliveries that are not at their end.
    unfinished: i64,
    unfinished_max: i64,
    bytes_max: u64,
}

impl Writer {
    pub(super) fn new(
        lock: File,
        connection: Connection,
        options: &Options,
        shared: Arc<Shared>,
    ) -> Result<Self, OpenError> {
        claim::release_all(&connection)?;
        let open = Open::new(connection, options, 0)?;
        open.tell(&shared, 0);
        Ok(Self {
            _lock: lock,
            options: options.clone(),
            shared,
            open: Some(open),
            failed_at: Instant::now(),
            given: 0,
        })
    }

    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Command>) {
        let mut batch = Vec::with_capacity(BATCH_MAX);
        while queue.blocking_recv_many(&mut batch, BATCH_MAX) > 0 {
            self.reopen_when_due();
            let Some(open) = &mut self.open else {
                // A dropped sender reads as unavailable.
                batch.clear();
                continue;
            };
            let begun = Instant::now();
            let commands = batch.len();
            match open.commit(batch.drain(..), self.shared.take_ordered_failure()) {
                Ok((executed, is_due)) => {
                    metrics::histogram!("kit_store_commit_seconds").record(begun.elapsed());
                    metrics::histogram!("kit_store_commit_commands").record(count(commands));
                    // First, so that whoever has an answer is told of a state that it is part of.
                    open.tell(&self.shared, queue.len());
                    executed.into_iter().for_each(Executed::answer);
                    if is_due {
                        self.shared.work.notify_one();
                    }
                    open.checkpoint(&self.options);
                }
                Err(error) => self.fail(error),
            }
        }
        if let Some(open) = &self.open {
            checkpoint::copy(&open.connection, "TRUNCATE");
        }
    }

    /// After a failed write nothing in memory is trusted: the connection goes, the batch's senders are dropped, which
    /// its callers see as unavailable.
    fn fail(&mut self, error: rusqlite::Error) {
        tracing::error!(%error, "the store cannot write; it will be opened again");
        self.failed_at = Instant::now();
        let error = damage::explain(&self.options.folder, error.into());
        self.shared.set_failure(Some(error.to_string()));
        if let Some(open) = self.open.take() {
            self.given = open.appender.newest();
        }
    }

    fn reopen_when_due(&mut self) {
        if self.open.is_some() || self.failed_at.elapsed() < REOPEN_AFTER {
            return;
        }
        let opened = reopen_database(&self.options.folder);
        match opened.and_then(|connection| Open::new(connection, &self.options, self.given)) {
            Ok(open) => {
                tracing::info!("the store writes again");
                self.shared.set_failure(None);
                self.open = Some(open);
            }
            Err(error) => {
                self.failed_at = Instant::now();
                self.shared.set_failure(Some(error.to_string()));
            }
        }
    }
}

impl Open {
    /// `given` is the newest event number that this process has given so far.
    fn new(connection: Connection, options: &Options, given: i64) -> Result<Self, OpenError> {
        let appender = Appender::load(&connection, options.dedupe_window, options.uids_bytes_max, given)?;
        let unfinished = delivery::open(&connection)?;
        let unfinished_max = i64::try_from(options.open_max).unwrap_or(i64::MAX);
        let bytes_max = options.bytes_max;
        Ok(Self {
            connection,
            appender,
            purger: Purger::default(),
            checkpoint: None,
            unfinished,
            unfinished_max,
            bytes_max,
        })
    }

    /// Tells health checks and metrics how much there is.
    fn tell(&self, shared: &Shared, queued: usize) {
        let open = u64::try_from(self.unfinished).unwrap_or(0);
        shared.open.store(open, Ordering::Relaxed);
        shared.days_forgotten.store(self.appender.days_forgotten(), Ordering::Relaxed);
        metrics::gauge!("kit_deliveries_open").set(count(open));
        metrics::gauge!("kit_store_queue_depth").set(count(queued));
    }

    /// Executes a batch in one transaction and commits it.
    ///
    /// Returns what to answer, and whether a delivery may be due.
    fn commit(
        &mut self,
        batch: impl ExactSizeIterator<Item = Command>,
        ordered: Option<WriteFailure>,
    ) -> rusqlite::Result<(Vec<Executed>, bool)> {
        if ordered == Some(WriteFailure::NoRoom) {
            // SQLite makes it as many pages as there are.
            self.connection.query_row("PRAGMA max_page_count = 1", [], |_| Ok(()))?;
        }
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let bytes = bytes_used(&transaction)?;
        let mut executed = Vec::with_capacity(batch.len());
        let mut round = Batch {
            connection: &transaction,
            appender: &mut self.appender,
            purger: &mut self.purger,
            tally: Tally::default(),
            bytes,
            bytes_left: self.bytes_max.saturating_sub(bytes),
            open_left: self.unfinished_max.saturating_sub(self.unfinished),
        };
        for command in batch {
            executed.extend(round.execute(command)?);
        }
        let mut tally = round.tally;
        tally.write_counts(&transaction)?;
        if ordered == Some(WriteFailure::BeforeCommit) {
            return Err(disk_full());
        }
        transaction.commit()?;
        if ordered == Some(WriteFailure::AfterCommit) {
            return Err(disk_full());
        }
        self.unfinished += tally.opened;
        Ok((executed, tally.is_due))
    }

    fn checkpoint(&mut self, options: &Options) {
        if self.checkpoint.is_none() {
            let started = Checkpoint::start(&mut self.connection, &options.folder.join(DATABASE));
            self.checkpoint = started
                .inspect_err(|error| tracing::warn!(%error, "the store's log is copied by no thread of its own"))
                .ok();
        }
        if let Some(checkpoint) = &self.checkpoint {
            checkpoint.step(&self.connection);
        }
    }
}

fn disk_full() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_FULL), None)
}

/// As a metric has it.
#[expect(clippy::cast_precision_loss, reason = "a metric needs no more than 52 bits")]
fn count(count: impl TryInto<u64>) -> f64 {
    count.try_into().unwrap_or(u64::MAX) as f64
}

/// The database's size without the pages that are free for reuse.
pub(super) fn bytes_used(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |pragma| connection.prepare_cached(pragma)?.query_row([], |row| row.get::<_, u32>(0));
    let pages = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?);
    Ok(u64::from(pages) * u64::from(number("PRAGMA page_size")?))
}
