use jiff::Timestamp;

use crate::StoredEvent;

/// Where to read in the journal of a registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JournalFrom {
    Oldest,
    /// Strictly after the event with this number.
    After(i64),
    /// From the first event that was accepted at this time or later.
    At(Timestamp),
}

#[derive(Clone, Copy, Debug)]
pub struct JournalRead {
    pub registration: i64,
    pub from: JournalFrom,
    pub events_max: usize,
    /// Of the values together; one event comes always.
    pub bytes_max: usize,
}

/// A stretch of a registration's journal, oldest first.
#[derive(Clone, Debug, Default)]
pub struct JournalPage {
    pub events: Vec<StoredEvent>,
    /// Events up to this number are in the journal no longer, because the one with this number was removed for its
    /// age; 0 when none was.
    pub lost: i64,
    /// The number of the newest event of this registration, lost or there; 0 when there never was one.
    pub newest: i64,
}
