//! Follows the journal of a registration at an events API, for networks without inbound access.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use sdk::json;
use serde_json::value::RawValue;
use store::Store;
use tokio::sync::watch;
use tracing::{error, info, warn};

use crate::{ArrivalError, Arrivals, Clock, CloudEvent};

/// Between two looks at a journal that is at its end and does not say how long to wait.
const PAUSE: Duration = Duration::from_secs(2);

/// Pauses after failures double from the first to the second of these.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_secs(1);
const PAUSE_LONGEST: Duration = Duration::from_mins(1);

/// The journal of an events API, one page at a time.
#[async_trait]
pub trait JournalSource: Send + Sync {
    /// The address at which the journal of the registration with this name begins.
    ///
    /// # Errors
    /// What went wrong, in words.
    async fn locate(&self, registration: &str) -> Result<Option<String>, String>;

    /// What the journal has at this address.
    async fn page(&self, url: &str) -> Result<JournalPage, JournalProblem>;
}

#[derive(Clone, Debug)]
pub struct JournalPage {
    pub events: Vec<JournalEntry>,
    /// Where the journal goes on.
    pub next: Option<String>,
    /// How long the events API wants to be left alone.
    pub after: Option<Duration>,
}

#[derive(Clone, Debug)]
pub struct JournalEntry {
    pub position: String,
    pub event: Box<RawValue>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JournalProblem {
    /// Events after the cursor are gone for their age.
    Expired,
    /// There is no such journal any more.
    Gone,
    Again {
        after: Option<Duration>,
        reason: String,
    },
    Refused {
        reason: String,
    },
}

/// Brings what a journal has to one of our registrations, from a cursor that outlives the process.
#[derive(Clone)]
pub struct Follower {
    pub arrivals: Arc<Arrivals>,
    pub source: Arc<dyn JournalSource>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    /// The store's number of our registration.
    pub registration: i64,
    /// Its name, here and at the events API.
    pub name: String,
    /// Takes the place of the pause that the events API asks for at the end of the journal.
    pub interval: Option<Duration>,
}

impl fmt::Debug for Follower {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Follower").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a step led to.
enum Step {
    /// There may be more at once.
    Again,
    /// The journal is at its end.
    End(Duration),
    Failed {
        after: Option<Duration>,
    },
}

impl Follower {
    /// Follows until told to stop. An event counts as read when it is stored; one that was read twice is stored once.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut cursor = None;
        let mut failures = 0_u32;
        while !*stop.borrow() {
            let taken = tokio::select! {
                taken = self.step(&mut cursor) => taken,
                _ = stop.changed() => return,
            };
            let pause = match taken {
                Step::Again => {
                    failures = 0;
                    continue;
                }
                Step::End(pause) => {
                    failures = 0;
                    pause
                }
                Step::Failed { after } => {
                    let doubled = PAUSE_AFTER_FAILURE.saturating_mul(2_u32.saturating_pow(failures));
                    failures = failures.saturating_add(1);
                    doubled.min(PAUSE_LONGEST).max(after.unwrap_or_default())
                }
            };
            let now = self.clock.now();
            tokio::select! {
                () = self.clock.wait_until(now.saturating_add(pause).unwrap_or(now)) => {}
                _ = stop.changed() => {}
            }
        }
    }

    async fn step(&self, cursor: &mut Option<String>) -> Step {
        let url = match cursor.clone() {
            Some(url) => url,
            None => match self.begin().await {
                Ok(url) => cursor.insert(url).clone(),
                Err(failed) => return failed,
            },
        };
        match self.source.page(&url).await {
            Ok(page) => self.take(&url, page, cursor).await,
            Err(problem) => self.fail(problem, cursor).await,
        }
    }

    /// Where the last process stopped, or the begin of the journal.
    async fn begin(&self) -> Result<String, Step> {
        let stored = self.store.value(&self.key(), Timestamp::MIN).await.map_err(|error| {
            warn!(registration = self.name, %error, "the cursor of a journal cannot be read now");
            Step::Failed { after: None }
        })?;
        if let Some(url) = stored.and_then(|bytes| String::from_utf8(bytes).ok()) {
            return Ok(url);
        }
        match self.source.locate(&self.name).await {
            Ok(Some(url)) => {
                info!(registration = self.name, "the journal is followed from its oldest event");
                Ok(url)
            }
            Ok(None) => {
                warn!(
                    registration = self.name,
                    "the events API has no registration of this name yet; `kit onboard` makes it"
                );
                Err(Step::Failed { after: None })
            }
            Err(reason) => {
                warn!(registration = self.name, reason, "the events API cannot say where the journal is");
                Err(Step::Failed { after: None })
            }
        }
    }

    async fn take(&self, url: &str, page: JournalPage, cursor: &mut Option<String>) -> Step {
        for entry in &page.events {
            if let Err(failed) = self.store_event(entry).await {
                return failed;
            }
        }
        let has_moved = page.next.as_deref().is_some_and(|next| next != url);
        if let Some(next) = page.next.filter(|_| has_moved) {
            if let Err(error) = self.store.put_value(&self.key(), next.clone().into_bytes(), Timestamp::MAX).await {
                warn!(registration = self.name, %error, "the cursor of a journal cannot be stored now");
                return Step::Failed { after: None };
            }
            *cursor = Some(next);
        }
        if has_moved && !page.events.is_empty() {
            return Step::Again;
        }
        Step::End(self.interval.or(page.after).unwrap_or(PAUSE))
    }

    /// An event that is none is passed over: it will never be one, and others wait behind it.
    async fn store_event(&self, entry: &JournalEntry) -> Result<(), Step> {
        let refuse = |reason: &dyn fmt::Display| {
            error!(registration = self.name, position = entry.position, %reason, "an event of the journal was passed over");
        };
        let document = entry.event.get();
        if let Err(reason) = json::check(document.as_bytes()) {
            refuse(&reason);
            return Ok(());
        }
        let event = match CloudEvent::parse(document) {
            Ok(event) => event,
            Err(faults) => {
                refuse(&ArrivalError::Invalid(faults));
                return Ok(());
            }
        };
        match self.arrivals.receive(self.registration, event).await {
            Ok(_) => Ok(()),
            Err(ArrivalError::Unavailable { retry_after }) => Err(Step::Failed { after: Some(retry_after) }),
            Err(error) => {
                refuse(&error);
                Ok(())
            }
        }
    }

    async fn fail(&self, problem: JournalProblem, cursor: &mut Option<String>) -> Step {
        match problem {
            JournalProblem::Expired => {
                error!(
                    registration = self.name,
                    "events were removed from the journal before they were read; it is read from its oldest event"
                );
                // Not at once: a journal whose begin has expired as well would be asked again and again.
                self.forget(cursor).await;
                Step::Failed { after: None }
            }
            JournalProblem::Gone => {
                warn!(registration = self.name, "the journal is gone; the registration is looked up again");
                self.forget(cursor).await;
                Step::Failed { after: None }
            }
            JournalProblem::Again { after, reason } => {
                warn!(registration = self.name, reason, "the journal cannot be read now");
                Step::Failed { after }
            }
            JournalProblem::Refused { reason } => {
                error!(registration = self.name, reason, "the events API refuses to show the journal");
                Step::Failed { after: Some(PAUSE_LONGEST) }
            }
        }
    }

    async fn forget(&self, cursor: &mut Option<String>) {
        *cursor = None;
        if let Err(error) = self.store.delete_value(&self.key()).await {
            warn!(registration = self.name, %error, "the cursor of a journal cannot be stored now");
        }
    }

    fn key(&self) -> String {
        format!("journal/{}", self.name)
    }
}
