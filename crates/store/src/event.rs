use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

/// An accepted event on its way into the store.
#[derive(Clone, Debug)]
pub struct NewEvent {
    /// The event's id for the outside, and the id of the run that published it.
    pub id: Uuid,
    pub provider_id: Arc<str>,
    pub code: Arc<str>,
    /// The action whose run published it, `package/action`; empty when it came over the wire as a CloudEvent.
    pub publisher: Arc<str>,
    /// The sender's idempotency key, per code; `None` takes every event for a new one.
    pub uid: Option<String>,
    pub at: Timestamp,
    /// The value, JSON text as it came.
    pub body: Box<str>,
    /// The CloudEvent's own `id`, when its producer gave it one that is not `id`.
    pub given_id: Option<Box<str>>,
    /// What else the CloudEvent carries - `time`, extensions - as the text of a JSON object.
    pub attributes: Option<Box<str>>,
    pub deliveries: Vec<NewDelivery>,
    /// Registrations that find the event in their journal only; those with a delivery find it there anyway.
    pub journals: Vec<i64>,
}

/// One registration's share of an event.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    pub registration: i64,
    /// The business keys whose order counts. None: the event waits for nobody.
    pub keys: Vec<String>,
}

/// Names a request that makes one event at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    pub text: String,
    /// How long it has to be known.
    pub expires: Timestamp,
}

#[derive(Clone, Debug)]
pub enum Appended {
    Stored,
    Known(Known),
}

/// The first event with a uid.
#[derive(Clone, Debug)]
pub struct Known {
    pub id: Uuid,
    pub at: Timestamp,
    pub body: Box<str>,
}

#[derive(Clone, Debug)]
pub struct StoredEvent {
    /// The store's own number; grows with time.
    pub number: i64,
    pub id: Uuid,
    pub provider_id: Arc<str>,
    pub code: Arc<str>,
    /// The action whose run published it.
    pub publisher: Arc<str>,
    pub uid: Option<String>,
    pub at: Timestamp,
    pub body: Box<str>,
    pub given_id: Option<Box<str>>,
    pub attributes: Option<Box<str>>,
}

impl StoredEvent {
    /// The CloudEvent's `id`: the same wherever the event has been and goes.
    pub fn event_id(&self) -> String {
        self.given_id.as_deref().map_or_else(|| self.id.hyphenated().to_string(), str::to_owned)
    }
}
