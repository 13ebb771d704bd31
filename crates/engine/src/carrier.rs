//! Deliveries that leave the process: to an events API, or to a webhook.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sdk::Fate;
use store::{Outcome, StoredEvent, Trace};
use uuid::Uuid;

use crate::Answers;
use crate::waits::{Waiting, Waits};

/// The longest that an attempt may take whose carrier names no limit of its own.
const TIME_LIMIT: Duration = Duration::from_mins(1);

/// Events on their way out: one, or several for a batch webhook.
#[derive(Debug)]
pub struct Parcel {
    /// The store's number of the registration, or [`crate::PUBLISH`].
    pub registration: i64,
    /// 1 for the first attempt; of a batch the highest.
    pub attempt: u32,
    pub events: Vec<StoredEvent>,
}

/// What became of a parcel.
#[derive(Debug)]
pub struct Carried {
    pub fate: Fate,
    /// The number of the answer; 601 and above when there was none.
    pub status: u16,
    /// Why it is not done, in words that people read; nothing of the payload.
    pub reason: Option<String>,
    pub trace: Option<Trace>,
}

impl Carried {
    pub(crate) fn again(status: u16, reason: &str) -> Self {
        Self { fate: Fate::Retry { after: None }, status, reason: Some(reason.to_owned()), trace: None }
    }
}

/// Carries events out of this process. One call is one attempt.
#[async_trait]
pub trait Carrier: Send + Sync {
    async fn carry(&self, parcel: &Parcel) -> Carried;

    /// An attempt that takes longer is cut off and tried again.
    fn time_limit(&self) -> Duration {
        TIME_LIMIT
    }
}

/// The ways out that this process has.
#[derive(Clone, Default)]
pub struct Carriers {
    pub publish: Option<Arc<dyn Carrier>>,
    pub webhook: Option<Arc<dyn Carrier>>,
    pub acks: Acks,
    /// Those who brought an event by webhook and wait for its action's answer.
    pub answers: Answers,
}

impl fmt::Debug for Carriers {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Carriers")
    }
}

/// How an attempt at publishing an event ended, for whoever waits for it.
#[derive(Clone, Debug)]
pub(crate) struct PublishEnd {
    pub(crate) outcome: Outcome,
    pub(crate) status: u16,
    pub(crate) reason: String,
}

/// Senders that wait until the events API has taken their event. Clones share the list.
#[derive(Clone, Debug, Default)]
pub struct Acks(Waits<Uuid, (), PublishEnd>);

impl Acks {
    /// How many events have somebody who waits for them.
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }

    /// Waits for the end of an event's publication; ask before the event is stored.
    pub(crate) fn wait_for(&self, event: Uuid) -> Waiting<Uuid, (), PublishEnd> {
        self.0.wait_for(event, ())
    }

    /// Tells whoever waits; an attempt that will be repeated is no end.
    pub(crate) fn tell(&self, event: Uuid, end: &PublishEnd) {
        if !end.outcome.state().is_open() {
            self.0.tell(event, || end.clone());
        }
    }
}
