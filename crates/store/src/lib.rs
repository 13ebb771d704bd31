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
mod journal;
mod sqlite;
mod trace;

use std::fmt;

use async_trait::async_trait;
use jiff::Timestamp;
use uuid::Uuid;

pub use activation::{Activation, Filter, Status};
pub use catalogue::{Catalogue, EventMetadata, Interest, Provider, Registration, SubscriberFilter, Verification};
pub use change::Change;
pub use credential::{ClientSecret, Credential};
pub use delivery::{Attempt, Claim, Claimed, ClaimedDelivery, Delivery, Outcome, State};
pub use error::{OpenError, StoreError};
pub use event::{Appended, Known, NewDelivery, NewEvent, StoredEvent};
pub use journal::{JournalFrom, JournalPage, JournalRead};
pub use sqlite::{Beside, Options, Reader, Sqlite};
pub use trace::{Trace, TraceFilter, TraceOutcome, TracedRequest, TracedResponse};

/// How the store is doing, for health checks.
#[derive(Clone, Debug, Default)]
pub struct Health {
    /// Why nothing can be written just now.
    pub failure: Option<String>,
    /// When the oldest open delivery was due, or its lease ended.
    pub oldest_due: Option<Timestamp>,
}

/// How much one purge removed, and whether more is left to remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Purged {
    pub rows: usize,
    pub is_finished: bool,
}

/// Everything that must outlive the process.
#[async_trait]
pub trait Store: Send + Sync + fmt::Debug {
    /// Stores an event with its deliveries, unless its uid is known within the window: then nothing is written and the
    /// first event with that uid comes back for comparison.
    async fn append(&self, event: NewEvent) -> Result<Appended, StoreError>;

    /// Leases deliveries that are due and first in all of their lanes, oldest first.
    async fn claim(&self, claim: Claim) -> Result<Claimed, StoreError>;

    /// Records an attempt with its outcome, activations and trace in one write. `false`: the lease had been lost, only
    /// the activations and the trace were recorded: they happened.
    async fn finish(&self, attempt: Attempt) -> Result<bool, StoreError>;

    /// Waits until something may have become due.
    async fn work_arrived(&self);

    /// Records a run that belongs to no delivery.
    async fn record(&self, activation: Activation) -> Result<(), StoreError>;

    async fn activation(&self, id: Uuid) -> Result<Option<Activation>, StoreError>;

    /// Newest first.
    async fn activations(&self, filter: Filter) -> Result<Vec<Activation>, StoreError>;

    /// The stored event and its deliveries.
    async fn event(&self, id: Uuid) -> Result<Option<(StoredEvent, Vec<Delivery>)>, StoreError>;

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

    /// Removes a bounded number of rows: events accepted before `events` without an open delivery, activations ended and
    /// traces begun before `activations`, values and changes expired at `now`. The journals of a removed event tell that they lost it.
    async fn purge(&self, events: Timestamp, activations: Timestamp, now: Timestamp) -> Result<Purged, StoreError>;

    async fn health(&self) -> Health;

    /// Finishes what is queued and closes; later calls fail.
    async fn close(&self);
}
