//! The commands of one transaction.

use rusqlite::Connection;
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::oneshot;

use super::append::{Appender, Prepared};
use super::once::{self, Use};
use super::purge::{self, Purger};
use super::tally::Tally;
use super::{claim, delivery, rows};
use crate::{
    Activation, Appended, Attempt, Claim, Claimed, Forgotten, Lease, Nonce, Purged, Replay, Replayed, Retention,
    StoreError,
};

pub(super) type Answer<T> = oneshot::Sender<Result<T, StoreError>>;
type Change = Box<dyn FnOnce(&Connection) -> rusqlite::Result<bool> + Send>;

pub(super) enum Command {
    Append(Box<Prepared>, Answer<Appended>),
    AppendOnce { event: Box<Prepared>, nonce: Nonce, answer: Answer<Option<Appended>> },
    Claim(Claim, Answer<Claimed>),
    Renew { owner: i64, leases: Vec<Lease>, until: i64, answer: Answer<Vec<Lease>> },
    Release { owner: i64, but: Vec<Lease>, ended: i64, now: i64, answer: Answer<usize> },
    Finish(Box<Attempt>, Answer<bool>),
    Replay { replay: Box<Replay>, lanes: Vec<i64>, answer: Answer<Replayed> },
    Hasten { event: i64, registration: i64, now: i64, answer: Answer<bool> },
    Forget(i64, Answer<Forgotten>),
    Record(Box<Activation>, Answer<bool>),
    Change(Change, Answer<bool>),
    Purge(Retention, Answer<Purged>),
}

/// An executed command that waits for the commit.
pub(super) enum Executed {
    Append(Appended, Answer<Appended>),
    AppendOnce(Option<Appended>, Answer<Option<Appended>>),
    Claim(Claimed, Answer<Claimed>),
    Flag(bool, Answer<bool>),
    Renew(Vec<Lease>, Answer<Vec<Lease>>),
    Release(usize, Answer<usize>),
    Replay(Replayed, Answer<Replayed>),
    Forget(Forgotten, Answer<Forgotten>),
    Purge(Purged, Answer<Purged>),
}

impl Executed {
    /// Nobody waits any more when the client hung up; what was written stays written.
    pub(super) fn answer(self) {
        match self {
            Self::Append(appended, answer) => drop(answer.send(Ok(appended))),
            Self::AppendOnce(appended, answer) => drop(answer.send(Ok(appended))),
            Self::Claim(claimed, answer) => drop(answer.send(Ok(claimed))),
            Self::Flag(flag, answer) => drop(answer.send(Ok(flag))),
            Self::Renew(lost, answer) => drop(answer.send(Ok(lost))),
            Self::Release(released, answer) => drop(answer.send(Ok(released))),
            Self::Replay(replayed, answer) => drop(answer.send(Ok(replayed))),
            Self::Forget(forgotten, answer) => drop(answer.send(Ok(forgotten))),
            Self::Purge(purged, answer) => drop(answer.send(Ok(purged))),
        }
    }
}

/// One transaction on its way to the commit.
pub(super) struct Batch<'a> {
    pub(super) connection: &'a Connection,
    pub(super) appender: &'a mut Appender,
    pub(super) purger: &'a mut Purger,
    pub(super) tally: Tally,
    /// The size of the database when the batch began.
    pub(super) bytes: u64,
    /// What may still be taken in.
    pub(super) bytes_left: u64,
    pub(super) open_left: i64,
}

impl Batch<'_> {
    /// Executes a command. `None`: it is answered already, because nothing was written.
    pub(super) fn execute(&mut self, command: Command) -> rusqlite::Result<Option<Executed>> {
        Ok(Some(match command {
            Command::Append(event, answer) => return self.append(&event, answer),
            Command::AppendOnce { event, nonce, answer } => return self.append_once(&event, &nonce, answer),
            Command::Claim(claim, answer) => Executed::Claim(claim::claim(self.connection, &claim)?, answer),
            Command::Renew { owner, leases, until, answer } => {
                Executed::Renew(claim::renew(self.connection, owner, leases, until)?, answer)
            }
            Command::Release { owner, but, ended, now, answer } => {
                let released = claim::release(self.connection, owner, &but, (ended, now), &mut self.tally)?;
                Executed::Release(released, answer)
            }
            Command::Finish(attempt, answer) => {
                Executed::Flag(delivery::finish(self.connection, &attempt, &mut self.tally)?, answer)
            }
            Command::Replay { replay, lanes, answer } => {
                let place = self.appender.next_place();
                let replayed = delivery::replay(self.connection, &replay, &lanes, place, &mut self.tally)?;
                Executed::Replay(replayed, answer)
            }
            Command::Hasten { event, registration, now, answer } => {
                let is_hastened = delivery::hasten(self.connection, event, registration, now)?;
                self.tally.is_due |= is_hastened;
                Executed::Flag(is_hastened, answer)
            }
            Command::Forget(event, answer) => {
                Executed::Forget(purge::forget(self.connection, event, &mut self.tally)?, answer)
            }
            Command::Record(activation, answer) => return self.record(&activation, answer),
            Command::Change(change, answer) => match change(self.connection) {
                Ok(flag) => Executed::Flag(flag, answer),
                // A change that can be refused by a constraint is one statement: it leaves nothing and concerns no other.
                Err(error) if is_constraint(&error) => return Ok(refuse(answer, StoreError::Taken)),
                Err(error) => return Err(error),
            },
            Command::Purge(retention, answer) => {
                Executed::Purge(self.purger.purge(self.connection, &retention, self.bytes)?, answer)
            }
        }))
    }

    fn append(&mut self, event: &Prepared, answer: Answer<Appended>) -> rusqlite::Result<Option<Executed>> {
        Ok(match self.appended(event)? {
            Ok(appended) => Some(Executed::Append(appended, answer)),
            Err(error) => refuse(answer, error),
        })
    }

    fn append_once(
        &mut self,
        event: &Prepared,
        nonce: &Nonce,
        answer: Answer<Option<Appended>>,
    ) -> rusqlite::Result<Option<Executed>> {
        let appended = match once::look_up(self.connection, nonce, event.event.at)? {
            Use::Of(known) => Some(Appended::Known(known)),
            Use::Gone => None,
            Use::Unused => match self.appended(event)? {
                Ok(appended) => {
                    let id = match &appended {
                        Appended::Stored => event.event.id,
                        Appended::Known(known) => known.id,
                    };
                    once::claim(self.connection, nonce, id)?;
                    Some(appended)
                }
                Err(error) => return Ok(refuse(answer, error)),
            },
        };
        Ok(Some(Executed::AppendOnce(appended, answer)))
    }

    /// Appends an event unless its uid is known or there is no room. The inner error concerns this event only.
    fn appended(&mut self, event: &Prepared) -> rusqlite::Result<Result<Appended, StoreError>> {
        if let Some(known) = self.appender.known(self.connection, event)? {
            return Ok(Ok(Appended::Known(known)));
        }
        if self.bytes_left == 0 {
            return Ok(Err(StoreError::Full));
        }
        if !event.lanes.is_empty() && self.tally.opened >= self.open_left {
            return Ok(Err(StoreError::Backlog));
        }
        self.bytes_left = self.bytes_left.saturating_sub(event.event.body.len() as u64);
        self.appender.append(self.connection, event, &mut self.tally)?;
        Ok(Ok(Appended::Stored))
    }

    fn record(&mut self, activation: &Activation, answer: Answer<bool>) -> rusqlite::Result<Option<Executed>> {
        // Strangers cause such runs, so they must not fill the disk either.
        if self.bytes_left == 0 {
            return Ok(refuse(answer, StoreError::Full));
        }
        self.bytes_left = self.bytes_left.saturating_sub(activation.bytes() as u64);
        Ok(Some(Executed::Flag(rows::insert_activation(self.connection, activation)?, answer)))
    }
}

impl From<TrySendError<Command>> for StoreError {
    fn from(error: TrySendError<Command>) -> Self {
        match error {
            TrySendError::Full(_) => Self::Busy,
            TrySendError::Closed(_) => Self::Closed,
        }
    }
}

fn refuse<T>(answer: Answer<T>, error: StoreError) -> Option<Executed> {
    // Whoever hung up does not listen.
    drop(answer.send(Err(error)));
    None
}

pub(super) fn is_constraint(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(rusqlite::ErrorCode::ConstraintViolation)
}
