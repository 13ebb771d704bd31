//! Durable state behind one trait: events, deliveries, activations, what the events service knows, and
//! keys with an expiry. SQLite is the store that ships; the trait is written so that several nodes could share one.
//!
//! Invariant: a call that writes answers only after its write is on disk, and states of a delivery only move forward.

mod activation;
mod catalogue;
mod change;
mod credential;
mod delivery;
mod error;
mod event;
mod job;
mod journal;
mod private;
mod retention;
mod sqlite;
mod trace;
mod vault;

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

pub use activation::{Activation, Filter, RunPlace, Status};
pub use catalogue::{
    Catalogue, EventMetadata, Interest, Provider, Registration, RegistrationHealth, SubscriberFilter, Verification,
    slug,
};
pub use change::Change;
pub use credential::{ClientSecret, Credential};
pub use delivery::{
    Attempt, AttemptCount, Backlog, Claim, Claimed, ClaimedDelivery, Delivery, DeliveryFilter, Drawer, Lease, Listed,
    Order, Outcome, Parked, Replay, Replayed, Room, Rooms, State, StateCount,
};
pub use error::{OpenError, StoreError};
pub use event::{Appended, Known, NewDelivery, NewEvent, Nonce, StoredEvent};
pub use job::{Job, JobState};
pub use journal::{JournalFrom, JournalPage, JournalRead};
pub use private::{keep_private, make_private};
pub use retention::{Forgotten, Purged, Retention};
pub use sqlite::{Beside, DATABASE, Options, Reader, Sqlite, WriteFailure};
pub use trace::{Trace, TraceFilter, TraceOutcome, TracedRequest, TracedResponse};
pub use vault::{SealError, Vault};

/// How the store is doing, for health checks.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Why nothing can be written just now.
    pub failure: Option<String>,
    /// Deliveries that are not at their end.
    pub open: u64,
    /// Beyond this many no event is taken in.
    pub open_max: u64,
    /// Commands that wait to be written.
    pub queued: usize,
    pub bytes: u64,
    /// Beyond this size no event is taken in.
    pub bytes_max: u64,
    /// Days at the end of the dedupe window that do not count, because its memory is full.
    pub days_forgotten: u64,
    /// What each registration has to do.
    pub backlogs: Vec<Backlog>,
}

/// Everything that must outlive the process.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Stores an event with its deliveries, unless its uid is known within the window: then nothing is written and the
    /// first event with that uid comes back for comparison.
    async fn append(&self, event: NewEvent) -> Result<Appended, StoreError>;

    /// As [`Self::append`], and claims the nonce for the event in the same write, also when its uid is known. A nonce that
    /// is known leads to its event, whatever the uid; `None`: that event was removed.
    async fn append_once(&self, event: NewEvent, nonce: Nonce) -> Result<Option<Appended>, StoreError>;

    /// Leases deliveries that are due and first in all of their lanes, of each registration the oldest first. A lease
    /// of somebody else that has ended counts as due, and leaves its attempt in doubt; an own one is never taken twice.
    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError>;

    /// Lets leases of `owner` end later. Returns those that it does not hold any more.
    async fn renew(&self, owner: i64, leases: Vec<Lease>, until: Timestamp) -> Result<Vec<Lease>, StoreError>;

    /// Ends the leases of `owner` but for these: nobody runs them. Each attempt is in doubt, and is due at `now`. Returns
    /// how many there were.
    async fn release(&self, owner: i64, but: Vec<Lease>, now: Timestamp) -> Result<usize, StoreError> {
        self.release_ended(owner, but, Timestamp::MAX, now).await
    }

    /// As [`Self::release`], but only leases that had ended by `ended`: one that was claimed just now, and that its owner
    /// does not know of yet, stays.
    async fn release_ended(
        &self,
        owner: i64,
        but: Vec<Lease>,
        ended: Timestamp,
        now: Timestamp,
    ) -> Result<usize, StoreError>;

    /// Records an attempt with its outcome, activations and trace in one write. `false`: the lease had been lost, only
    /// the activations and the trace were recorded: they happened.
    async fn finish(&self, attempt: Attempt) -> Result<bool, StoreError>;

    /// Has a delivery that waits for its next attempt run now. `false`: it does not wait for one.
    async fn hasten(&self, event: i64, registration: i64, now: Timestamp) -> Result<bool, StoreError>;

    /// Has a delivery run again.
    async fn replay(&self, replay: Replay) -> Result<Replayed, StoreError>;

    async fn deliveries(&self, filter: DeliveryFilter) -> Result<Vec<Listed>, StoreError>;

    /// The deliveries that this one waits for: the one in front of each of its lanes.
    async fn blockers(&self, event: i64, registration: i64) -> Result<Vec<Listed>, StoreError>;

    /// Attempts that ended since, by registration.
    async fn attempt_counts(&self, since: Timestamp) -> Result<Vec<AttemptCount>, StoreError>;

    /// Waits until something may have become due.
    async fn work_arrived(&self);

    /// Records a run that belongs to no delivery.
    async fn record(&self, activation: Activation) -> Result<(), StoreError>;

    async fn activation(&self, id: Uuid) -> Result<Option<Activation>, StoreError>;

    /// The run that ended last first.
    async fn activations(&self, filter: Filter) -> Result<Vec<Activation>, StoreError>;

    /// How many of them there are, whatever the filter's limit and skip.
    async fn count_activations(&self, filter: Filter) -> Result<u64, StoreError>;

    /// The stored event and its deliveries.
    async fn event(&self, id: Uuid) -> Result<Option<(StoredEvent, Vec<Delivery>)>, StoreError>;

    /// Events behind this number, oldest first.
    async fn events(&self, after: i64, limit: usize) -> Result<Vec<StoredEvent>, StoreError>;

    /// Removes an event and everything that was recorded about it.
    async fn forget(&self, event: i64) -> Result<Forgotten, StoreError>;

    /// All providers, event metadata and registrations.
    async fn catalogue(&self) -> Result<Catalogue, StoreError>;

    /// Adds or replaces by id. `Taken`: another provider of its `provider_metadata` has its `instance_id`.
    async fn put_provider(&self, provider: Provider) -> Result<(), StoreError>;

    /// Removes a provider with its event metadata; says whether there was one.
    async fn delete_provider(&self, id: &str) -> Result<bool, StoreError>;

    /// Adds or replaces by provider and event code.
    async fn put_metadata(&self, metadata: EventMetadata) -> Result<(), StoreError>;

    /// Removes one event code of a provider, or all; says whether there was one.
    async fn delete_metadata(&self, provider_id: &str, event_code: Option<&str>) -> Result<bool, StoreError>;

    /// Adds or replaces by `registration_id`; the number that deliveries carry stays the same. `Taken`: another
    /// registration has its name.
    async fn put_registration(&self, registration: Registration) -> Result<(), StoreError>;

    /// Says how a registration is doing; one that is not active but disabled is switched off as well. Says whether there
    /// was one.
    async fn put_health(&self, registration: i64, health: RegistrationHealth) -> Result<bool, StoreError>;

    /// Removes a registration; its number is never given again. Says whether there was one.
    async fn delete_registration(&self, registration_id: &str) -> Result<bool, StoreError>;

    /// A stretch of what a registration was meant to get, whatever became of it.
    async fn journal(&self, read: JournalRead) -> Result<JournalPage, StoreError>;

    /// Records a request that belongs to no delivery, once per id; only the newest hundred of a registration and an
    /// outcome are kept.
    async fn put_trace(&self, trace: Trace) -> Result<(), StoreError>;

    /// Newest first.
    async fn traces(&self, filter: TraceFilter) -> Result<Vec<Trace>, StoreError>;

    /// The clients of the events service, oldest first.
    async fn credentials(&self) -> Result<Vec<Credential>, StoreError>;

    /// Adds or replaces by `client_id`. `Taken`: another credential has its `id` or name.
    async fn put_credential(&self, credential: Credential) -> Result<(), StoreError>;

    /// A value that has not expired at `now`.
    async fn value(&self, key: &str, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError>;

    /// Sets a value until `expires`.
    async fn put_value(&self, key: &str, value: Vec<u8>, expires: Timestamp) -> Result<(), StoreError>;

    /// Sets a value only when none lives at `now`; says whether it did.
    async fn reserve(&self, key: &str, value: Vec<u8>, now: Timestamp, expires: Timestamp) -> Result<bool, StoreError>;

    async fn delete_value(&self, key: &str) -> Result<(), StoreError>;

    /// Remembers a change until it expires.
    async fn remember_change(&self, change: Change) -> Result<(), StoreError>;

    /// The changes of a subject that have not expired at `now`, oldest first.
    async fn changes(&self, subject: Uuid, now: Timestamp) -> Result<Vec<Change>, StoreError>;

    /// Forgets the changes of a subject that were made before.
    async fn forget_changes(&self, subject: Uuid, before: Timestamp) -> Result<(), StoreError>;

    /// Adds or replaces by id.
    async fn put_job(&self, job: Job) -> Result<(), StoreError>;

    /// Oldest first.
    async fn jobs(&self) -> Result<Vec<Job>, StoreError>;

    /// Removes a bounded number of rows, after a look at a bounded number. The journals of a removed event tell that they
    /// lost it.
    async fn purge(&self, retention: Retention) -> Result<Purged, StoreError>;

    async fn health(&self) -> Health;

    /// Finishes what is queued and closes; later calls fail.
    async fn close(&self);
}
