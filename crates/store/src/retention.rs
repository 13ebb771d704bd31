use jiff::Timestamp;

/// What a purge removes.
#[derive(Clone, Copy, Debug)]
pub struct Retention {
    /// Values, changes and counts that ended before this go.
    pub now: Timestamp,
    /// Events go that were accepted before, unless a delivery is open or blocks others.
    pub events: Timestamp,
    /// Activations go that ended before, traces that began and jobs that ended before.
    pub activations: Timestamp,
    /// Above this size of the store the oldest finished events go whatever their age, with the activations of their time.
    pub bytes: u64,
}

/// How much one purge removed, and whether more is left to remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    pub rows: usize,
    pub is_finished: bool,
    /// Events that had to go for the store's size, before their time.
    pub early: usize,
}

/// What became of an event that was to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forgotten {
    Removed,
    /// An attempt runs: ask again.
    Running,
    /// There was none.
    Gone,
}
