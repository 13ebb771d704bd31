use std::time::Duration;

use jiff::Timestamp;

use crate::{Activation, StoredEvent, Trace};

/// Where a delivery stands. It only moves down this list, but for a lease that ends without an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Others of its lane come first.
    Waiting,
    Due,
    Leased,
    Done,
    /// Done without an effect: the event was not for the action.
    Skipped,
    /// Final: the event, or the target's verdict on it, will not change.
    Refused,
    /// Waits for a person.
    Parked,
    /// Lies in the registration's journal; nothing else was asked for.
    Journaled,
    /// Done without an effect: the event was the echo of a change that we carried ourselves.
    Suppressed,
}

impl State {
    pub fn is_open(self) -> bool {
        matches!(self, Self::Waiting | Self::Due | Self::Leased)
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Due => "due",
            Self::Leased => "running",
            Self::Done => "done",
            Self::Skipped => "skipped",
            Self::Refused => "refused",
            Self::Parked => "parked",
            Self::Journaled => "in the journal",
            Self::Suppressed => "suppressed",
        }
    }

    pub(crate) fn to_number(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Due => 1,
            Self::Leased => 2,
            Self::Done => 3,
            Self::Skipped => 4,
            Self::Refused => 5,
            Self::Parked => 6,
            Self::Journaled => 7,
            Self::Suppressed => 8,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        let states = [
            Self::Waiting,
            Self::Due,
            Self::Leased,
            Self::Done,
            Self::Skipped,
            Self::Refused,
            Self::Parked,
            Self::Journaled,
            Self::Suppressed,
        ];
        states.into_iter().find(|state| state.to_number() == number)
    }
}

/// One registration's share of a stored event.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub registration: i64,
    pub state: State,
    /// When it is due, or when its lease ends.
    pub due: Timestamp,
    pub attempts: u32,
}

/// Asks for deliveries to run.
#[derive(Clone, Copy, Debug)]
pub struct Claim {
    pub now: Timestamp,
    pub lease: Duration,
    pub deliveries_max: usize,
}

#[derive(Debug, Default)]
pub struct Claimed {
    pub deliveries: Vec<ClaimedDelivery>,
    /// When the next of the others is due, or the next lease ends.
    pub next_due: Option<Timestamp>,
}

#[derive(Debug)]
pub struct ClaimedDelivery {
    pub registration: i64,
    /// 1 for the first attempt.
    pub attempt: u32,
    pub event: StoredEvent,
}

/// What became of a claimed delivery.
#[derive(Debug)]
pub struct Attempt {
    /// The event's number in the store.
    pub event: i64,
    pub registration: i64,
    pub attempt: u32,
    pub outcome: Outcome,
    pub activations: Vec<Activation>,
    /// The request that carried the event, when it left the process.
    pub trace: Option<Trace>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Done,
    Skipped,
    Suppressed,
    Refused,
    Parked,
    RetryAt(Timestamp),
}

impl Outcome {
    pub(crate) fn state(self) -> State {
        match self {
            Self::Done => State::Done,
            Self::Skipped => State::Skipped,
            Self::Suppressed => State::Suppressed,
            Self::Refused => State::Refused,
            Self::Parked => State::Parked,
            Self::RetryAt(_) => State::Due,
        }
    }
}
