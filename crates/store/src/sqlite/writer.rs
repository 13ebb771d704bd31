use std::fs::File;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rusqlite::{Connection, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

use super::append::{Appender, Prepared};
use super::checkpoint::{self, Checkpoint};
use super::{DATABASE, Options, Shared, delivery, open_database, purge, rows};
use crate::error::OpenError;
use crate::{Activation, Appended, Attempt, Claim, Claimed, Purged, StoreError};

/// Commands in one transaction.
const BATCH_MAX: usize = 512;

/// After a failure the database is opened again no sooner than this.
const REOPEN_AFTER: Duration = Duration::from_secs(1);

pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;
type Change = Box<dyn FnOnce(&Connection) -> rusqlite::Result<bool> + Send>;

pub(super) enum Command {
    Append(Box<Prepared>, Answer<Appended>),
    Claim(Claim, Answer<Claimed>),
    Finish(Box<Attempt>, Answer<bool>),
    Record(Box<Activation>, Answer<bool>),
    Change(Change, Answer<bool>),
    Purge { events: Timestamp, activations: Timestamp, now: Timestamp, answer: Answer<Purged> },
}

/// An executed command that waits for the commit.
enum Executed {
    Append(Appended, Answer<Appended>),
    Claim(Claimed, Answer<Claimed>),
    Flag(bool, Answer<bool>),
    Purge(Purged, Answer<Purged>),
}

impl Executed {
    /// Nobody waits any more when the client hung up; what was written stays written.
    fn answer(self) {
        match self {
            Self::Append(appended, answer) => drop(answer.send(Ok(appended))),
            Self::Claim(claimed, answer) => drop(answer.send(Ok(claimed))),
            Self::Flag(flag, answer) => drop(answer.send(Ok(flag))),
            Self::Purge(purged, answer) => drop(answer.send(Ok(purged))),
        }
    }
}

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
    checkpoint: Option<Checkpoint>,
    bytes_max: u64,
}

impl Writer {
    pub(super) fn new(
        lock: File,
        connection: Connection,
        options: &Options,
        shared: Arc<Shared>,
    ) -> Result<Self, OpenError> {
        delivery::release_leases(&connection)?;
        let open = Open::new(connection, options, 0)?;
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
            let mut is_due = false;
            match open.commit(batch.drain(..), &mut is_due) {
                Ok(executed) => {
                    executed.into_iter().for_each(Executed::answer);
                    if is_due {
                        self.shared.work.notify_one();
                    }
                    open.checkpoint(&self.options);
                }
                Err(error) => self.fail(&error),
            }
        }
        if let Some(open) = &self.open {
            checkpoint::copy(&open.connection, "TRUNCATE");
        }
    }

    /// After a failed write nothing in memory is trusted: the connection goes, the batch's senders are dropped, which
    /// its callers see as unavailable.
    fn fail(&mut self, error: &rusqlite::Error) {
        tracing::error!(%error, "the store cannot write; it will be opened again");
        self.shared.set_failure(Some(error.to_string()));
        self.failed_at = Instant::now();
        if let Some(open) = self.open.take() {
            self.given = open.appender.newest();
        }
    }

    fn reopen_when_due(&mut self) {
        if self.open.is_some() || self.failed_at.elapsed() < REOPEN_AFTER {
            return;
        }
        let opened = open_database(&self.options.folder);
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
        let appender = Appender::load(&connection, options.dedupe_window, given)?;
        Ok(Self { connection, appender, checkpoint: None, bytes_max: options.bytes_max })
    }

    /// Executes a batch in one transaction and commits it.
    fn commit(
        &mut self,
        batch: impl ExactSizeIterator<Item = Command>,
        is_due: &mut bool,
    ) -> rusqlite::Result<Vec<Executed>> {
        let mut executed = Vec::with_capacity(batch.len());
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut room = self.bytes_max.saturating_sub(bytes_used(&transaction)?);
        for command in batch {
            match command {
                Command::Append(event, answer) => {
                    if let Some(known) = self.appender.known(&transaction, &event)? {
                        executed.push(Executed::Append(Appended::Known(known), answer));
                    } else if room == 0 {
                        drop(answer.send(Err(StoreError::Full)));
                    } else {
                        room = room.saturating_sub(event.event.body.len() as u64);
                        self.appender.append(&transaction, &event, is_due)?;
                        executed.push(Executed::Append(Appended::Stored, answer));
                    }
                }
                Command::Claim(claim, answer) => {
                    executed.push(Executed::Claim(delivery::claim(&transaction, &claim)?, answer));
                }
                Command::Finish(attempt, answer) => {
                    executed.push(Executed::Flag(delivery::finish(&transaction, &attempt, is_due)?, answer));
                }
                // Strangers cause such runs, so they must not fill the disk either.
                Command::Record(_, answer) if room == 0 => drop(answer.send(Err(StoreError::Full))),
                Command::Record(activation, answer) => {
                    room = room.saturating_sub(activation.result.len() as u64);
                    executed.push(Executed::Flag(rows::insert_activation(&transaction, &activation)?, answer));
                }
                Command::Change(change, answer) => match change(&transaction) {
                    Ok(flag) => executed.push(Executed::Flag(flag, answer)),
                    // A change that can be refused by a constraint is one statement: it leaves nothing and concerns
                    // no other.
                    Err(error) if is_constraint(&error) => drop(answer.send(Err(StoreError::Taken))),
                    Err(error) => return Err(error),
                },
                Command::Purge { events, activations, now, answer } => {
                    executed.push(Executed::Purge(purge::purge(&transaction, events, activations, now)?, answer));
                }
            }
        }
        transaction.commit()?;
        Ok(executed)
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

pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}

/// The database's size without the pages that are free for reuse.
fn bytes_used(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |pragma| connection.prepare_cached(pragma)?.query_row([], |row| row.get::<_, u32>(0));
    let pages = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?);
    Ok(u64::from(pages) * u64::from(number("PRAGMA page_size")?))
}
