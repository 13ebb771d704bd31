use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::{Activation, StoredEvent, Trace};

/// Where a delivery stands. Between two replays it only moves down this list, but for a retry and a lease that ends
/// without an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Waits for a person. Those behind it go on without it.
    Parked,
    /// Lies in the registration's journal; nothing else was asked for.
    Journaled,
    /// Done without an effect: the event was the echo of a change that we carried ourselves.
    Suppressed,
    /// Waits for a person, and those behind it in its lanes wait with it.
    Blocking,
}

impl State {
    pub const ALL: [Self; 10] = [
        Self::Waiting,
        Self::Due,
        Self::Leased,
        Self::Done,
        Self::Skipped,
        Self::Refused,
        Self::Parked,
        Self::Journaled,
        Self::Suppressed,
        Self::Blocking,
    ];

    /// What has neither been delivered nor was meant to stay where it is.
    pub const UNDELIVERED: [Self; 6] =
        [Self::Waiting, Self::Due, Self::Leased, Self::Refused, Self::Parked, Self::Blocking];

    /// Something will still happen by itself.
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
            Self::Journaled => "journaled",
            Self::Suppressed => "suppressed",
            Self::Blocking => "blocking",
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
            Self::Blocking => 9,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.to_number() == number)
    }
}

/// Whose fault it is that a delivery ended without its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Drawer {
    /// The target refused it, or never took it.
    Target,
    /// The event itself is broken.
    Payload,
    /// Ours: settings, credentials, an action that is missing or fails.
    Ours,
}

impl Drawer {
    pub const ALL: [Self; 3] = [Self::Target, Self::Payload, Self::Ours];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Target => "target",
            Self::Payload => "payload",
            Self::Ours => "ours",
        }
    }

    pub(crate) fn to_number(self) -> i64 {
        match self {
            Self::Target => 1,
            Self::Payload => 2,
            Self::Ours => 3,
        }
    }

    pub(crate) fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|drawer| drawer.to_number() == number)
    }
}

/// One registration's share of a stored event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event's number in the store.
    pub event: i64,
    pub registration: i64,
    pub state: State,
    /// When it is due, or when its lease ends.
    pub due: Timestamp,
    pub attempts: u32,
    /// Of what failed.
    pub drawer: Option<Drawer>,
    /// An attempt may have had its effect without our knowing.
    pub is_in_doubt: bool,
    /// Its effect is on record.
    pub has_effect: bool,
    /// How often somebody had it delivered anew.
    pub replays: u32,
}

/// Asks for deliveries to run.
#[derive(Clone, Debug)]
pub struct Claim {
    pub now: Timestamp,
    /// Who runs them: a number that no other process has.
    pub owner: i64,
    pub lease: Duration,
    pub deliveries_max: usize,
    /// Of the values together; one delivery comes always.
    pub bytes_max: usize,
    /// How many deliveries of a registration may come, at the most.
    pub rooms: Rooms,
}

/// Room for further deliveries, by registration.
#[derive(Clone, Debug)]
pub struct Rooms {
    pub by_registration: Vec<(i64, Room)>,
    /// Of each registration that is not named.
    pub others: Room,
    /// For whoever has more to do than its own room holds.
    pub shared: usize,
}

/// Room of one registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Nobody else gets it.
    pub own: usize,
    /// With what it takes of the shared room.
    pub most: usize,
}

impl Room {
    /// So much, and nothing of what is shared.
    pub fn of_own(room: usize) -> Self {
        Self { own: room, most: room }
    }
}

impl Rooms {
    /// The same for all.
    pub fn of_all(room: usize) -> Self {
        Self { by_registration: Vec::new(), others: Room::of_own(room), shared: 0 }
    }

    pub fn of(&self, registration: i64) -> Room {
        let named = self.by_registration.iter().find(|(named, _)| *named == registration);
        named.map_or(self.others, |(_, room)| *room)
    }

    /// What a registration gets when nobody else takes of the shared room.
    pub fn most(&self, registration: i64) -> usize {
        let room = self.of(registration);
        room.most.min(room.own.saturating_add(self.shared))
    }
}

#[derive(Debug, Default)]
pub struct Claimed {
    pub deliveries: Vec<ClaimedDelivery>,
    /// When the next of the others is due, or the next lease of somebody else ends. Those whose registration has no
    /// room do not count.
    pub next_due: Option<Timestamp>,
    /// More is due than there was room for.
    pub is_limited: bool,
}

#[derive(Debug)]
pub struct ClaimedDelivery {
    pub registration: i64,
    /// 1 for the first attempt; goes on counting over replays.
    pub attempt: u32,
    /// 1 for the first attempt since the last replay.
    pub attempt_of_schedule: u32,
    /// From when on the schedule counts: the event's acceptance, or the last replay.
    pub begun: Timestamp,
    /// Since when it could have begun, or when the lease of an earlier attempt ended.
    pub due: Timestamp,
    /// An earlier attempt may have had its effect without our knowing.
    pub is_in_doubt: bool,
    pub event: StoredEvent,
}

/// A delivery that somebody runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lease {
    /// The event's number in the store.
    pub event: i64,
    pub registration: i64,
    pub attempt: u32,
}

/// What became of a claimed delivery.
#[derive(Clone, Debug)]
pub struct Attempt {
    pub lease: Lease,
    /// When it ended.
    pub at: Timestamp,
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
    Refused(Drawer),
    Parked(Parked),
    RetryAt(Timestamp),
    /// Again at this time; whether this attempt had its effect is not known.
    Unknown(Timestamp),
}

/// How a delivery waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parked {
    pub drawer: Drawer,
    /// The effect has happened; what was to follow has not.
    pub has_effect: bool,
    /// Whether this attempt had its effect is not known.
    pub is_in_doubt: bool,
    /// Those behind it in its lanes wait with it.
    pub blocks: bool,
}

impl Outcome {
    pub fn state(self) -> State {
        match self {
            Self::Done => State::Done,
            Self::Skipped => State::Skipped,
            Self::Suppressed => State::Suppressed,
            Self::Refused(_) => State::Refused,
            Self::Parked(parked) if parked.blocks => State::Blocking,
            Self::Parked(_) => State::Parked,
            Self::RetryAt(_) | Self::Unknown(_) => State::Due,
        }
    }

    pub fn drawer(self) -> Option<Drawer> {
        match self {
            Self::Refused(drawer) => Some(drawer),
            Self::Parked(parked) => Some(parked.drawer),
            Self::Done | Self::Skipped | Self::Suppressed | Self::RetryAt(_) | Self::Unknown(_) => None,
        }
    }

    /// Whether the attempt counts as one that worked for the health of its registration.
    pub fn is_success(self) -> bool {
        matches!(self, Self::Done | Self::Skipped | Self::Suppressed)
    }
}

/// Asks for a delivery to run again, behind everything that is in its lanes now.
#[derive(Clone, Debug)]
pub struct Replay {
    pub event: i64,
    pub registration: i64,
    /// The business keys whose order counts.
    pub keys: Vec<String>,
    pub now: Timestamp,
    /// Also when its effect is on record.
    pub repeats_effect: bool,
}

/// What became of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replayed {
    Queued,
    /// It will run anyway.
    Open,
    /// Its effect is on record.
    HasEffect,
    /// There is no such delivery any more.
    Gone,
}

/// Which deliveries to list.
#[derive(Clone, Debug, Default)]
pub struct DeliveryFilter {
    /// Empty: of any state.
    pub states: Vec<State>,
    pub drawer: Option<Drawer>,
    pub registration: Option<i64>,
    pub code: Option<String>,
    /// The event's own id, or the sender's uid, or else the `id` that its producer gave it, of events that came lately.
    pub event: Option<String>,
    /// Accepted at this time or later.
    pub since: Option<Timestamp>,
    /// Accepted before this time.
    pub until: Option<Timestamp>,
    pub order: Order,
    /// Strictly behind this event and registration, in the order asked for.
    pub after: Option<(i64, i64)>,
    pub limit: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    #[default]
    NewestFirst,
    OldestFirst,
}

/// A delivery with what its event is known by.
#[derive(Clone, Debug)]
pub struct Listed {
    pub delivery: Delivery,
    pub id: Uuid,
    pub code: String,
    /// What the sender calls the event: its uid, or the `id` that its producer gave it.
    pub uid: Option<String>,
    pub at: Timestamp,
}

/// What a registration has to do, and who is late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    pub registration: i64,
    /// The oldest time at which a delivery that nobody runs was or will be due.
    pub oldest_due: Option<Timestamp>,
    /// When the first lease ends.
    pub lease_end: Option<Timestamp>,
}

/// Attempts of a registration within a stretch of time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AttemptCount {
    pub registration: i64,
    pub attempts: u64,
    pub failures: u64,
}

/// How many deliveries of a registration are in one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StateCount {
    pub registration: i64,
    pub state: State,
    pub count: u64,
}
