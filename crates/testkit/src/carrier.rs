use std::collections::VecDeque;
use std::future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use engine::{Carried, Carrier, Parcel};
use sdk::Fate;
use tokio::sync::watch;

/// A carrier that records what it is given. It does what its script says, and when that is over it says that all is
/// done. Clones are the same carrier.
#[derive(Clone, Debug)]
pub struct FakeCarrier(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    inner: Mutex<Inner>,
    /// How many attempts have begun.
    begun: watch::Sender<usize>,
    is_open: watch::Sender<bool>,
    time_limit: Duration,
}

#[derive(Debug, Default)]
struct Inner {
    carryings: Vec<Carrying>,
    script: VecDeque<Step>,
}

#[derive(Debug)]
enum Step {
    Answer(Box<Carried>),
    Panic,
    Hang,
    Hold,
}

/// One attempt as the carrier saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carrying {
    pub registration: i64,
    pub attempt: u32,
    /// The events' ids, as receivers see them.
    pub ids: Vec<String>,
    /// The events' attributes, JSON text.
    pub attributes: Vec<Option<String>>,
}

impl FakeCarrier {
    pub fn new() -> Self {
        Self::within(Duration::from_mins(1))
    }

    /// A carrier whose attempts are cut off after this.
    pub fn within(time_limit: Duration) -> Self {
        let (inner, begun, is_open) = (Mutex::default(), watch::Sender::new(0), watch::Sender::new(false));
        Self(Arc::new(Shared { inner, begun, is_open, time_limit }))
    }

    /// The next attempt without a step ends like this.
    #[must_use]
    pub fn then(self, fate: Fate, status: u16, reason: &str) -> Self {
        self.then_carried(Carried { fate, status, reason: Some(reason.to_owned()), trace: None })
    }

    #[must_use]
    pub fn then_carried(self, carried: Carried) -> Self {
        self.step(Step::Answer(Box::new(carried)))
    }

    #[must_use]
    pub fn then_panic(self) -> Self {
        self.step(Step::Panic)
    }

    #[must_use]
    pub fn then_hang(self) -> Self {
        self.step(Step::Hang)
    }

    /// The next attempt without a step waits for [`Self::open_gate`], and is done.
    #[must_use]
    pub fn then_hold(self) -> Self {
        self.step(Step::Hold)
    }

    pub fn open_gate(&self) {
        self.0.is_open.send_replace(true);
    }

    /// All attempts so far.
    pub fn carryings(&self) -> Vec<Carrying> {
        self.inner().carryings.clone()
    }

    /// Waits until so many attempts have begun.
    pub async fn until_begun(&self, count: usize) {
        drop(self.0.begun.subscribe().wait_for(|begun| *begun >= count).await);
    }

    fn step(self, step: Step) -> Self {
        self.inner().script.push_back(step);
        self
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, parcel: &Parcel) -> Option<Step> {
        let mut carrying = Carrying {
            registration: parcel.registration,
            attempt: parcel.attempt,
            ids: Vec::new(),
            attributes: Vec::new(),
        };
        for event in &parcel.events {
            carrying.ids.push(event.event_id());
            carrying.attributes.push(event.attributes.as_deref().map(str::to_owned));
        }
        let mut inner = self.inner();
        inner.carryings.push(carrying);
        inner.script.pop_front()
    }
}

impl Default for FakeCarrier {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Carrier for FakeCarrier {
    async fn carry(&self, parcel: &Parcel) -> Carried {
        let step = self.begin(parcel);
        self.0.begun.send_modify(|begun| *begun += 1);
        match step {
            Some(Step::Answer(carried)) => return *carried,
            Some(Step::Panic) => panic!("this attempt panics"),
            Some(Step::Hang) => future::pending().await,
            Some(Step::Hold) => drop(self.0.is_open.subscribe().wait_for(|is_open| *is_open).await),
            None => {}
        }
        Carried { fate: Fate::Done, status: 200, reason: None, trace: None }
    }

    fn time_limit(&self) -> Duration {
        self.0.time_limit
    }
}
