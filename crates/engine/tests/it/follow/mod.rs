//! Reading the journal of an events API.

mod failures;
mod pages;

use std::sync::Arc;
use std::time::Duration;

use engine::{Follower, JournalEntry, JournalPage, JournalProblem};
use jiff::Timestamp;
use serde_json::{json, value};
use store::{Store, StoredEvent};
use testkit::FakeJournal;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::service::{CUSTOM, Service, Setup, cloud_event, registration, seen_by};
use crate::world::just_before;

const NAME: &str = "Things";
const KEY: &str = "journal/Things";
const SECOND: Duration = Duration::from_secs(1);
/// Where a fake journal begins.
const BEGIN: &str = "journal";

/// A follower that runs.
struct Reader {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Reader {
    fn start(service: &Service, journal: &FakeJournal) -> Self {
        Self::every(service, journal, None)
    }

    fn every(service: &Service, journal: &FakeJournal, interval: Option<Duration>) -> Self {
        let follower = Follower {
            arrivals: Arc::clone(&service.arrivals),
            source: Arc::new(journal.clone()),
            store: Arc::clone(&service.store) as _,
            clock: Arc::new(service.clock.clone()),
            registration: service.number(NAME),
            name: NAME.to_owned(),
            interval,
        };
        let (stop, stopped) = watch::channel(false);
        Self { stop, task: tokio::spawn(follower.run(stopped)) }
    }

    async fn stop(self) {
        self.stop.send_replace(true);
        ends(self.task).await;
    }
}

async fn ends(task: JoinHandle<()>) {
    tokio::time::timeout(Duration::from_secs(30), task).await.expect("it ends at once").unwrap();
}

fn setup(delivers: bool) -> Setup {
    Setup { registrations: vec![seen_by(registration(NAME, &[CUSTOM]))], delivers, ..Setup::default() }
}

/// Nobody sleeps there but the follower.
async fn service() -> Service {
    Service::with(setup(false)).await
}

fn entry(id: &str) -> JournalEntry {
    raw(id, &cloud_event(CUSTOM, id, &json!({"id": id})).to_string())
}

fn raw(position: &str, event: &str) -> JournalEntry {
    JournalEntry { position: position.to_owned(), event: value::RawValue::from_string(event.to_owned()).unwrap() }
}

fn page(ids: &[&str], next: &str) -> JournalPage {
    JournalPage { events: ids.iter().map(|id| entry(id)).collect(), next: Some(next.to_owned()), after: None }
}

fn again(after: Option<u64>) -> JournalProblem {
    JournalProblem::Again { after: after.map(Duration::from_secs), reason: "busy".to_owned() }
}

fn refused() -> JournalProblem {
    JournalProblem::Refused { reason: "not yours".to_owned() }
}

/// The events that were stored, in their order.
async fn ids(service: &Service) -> Vec<String> {
    service.journal(service.number(NAME)).await.iter().map(StoredEvent::event_id).collect()
}

async fn cursor(service: &Service) -> Option<String> {
    let stored = service.store.value(KEY, Timestamp::MIN).await.unwrap();
    stored.map(|bytes| String::from_utf8(bytes).unwrap())
}

/// The follower sleeps now, and asks for its next page after this and not earlier.
async fn check_pause(service: &Service, journal: &FakeJournal, pause: Duration) {
    service.clock.until_somebody_sleeps().await;
    let asked = journal.urls().len();
    service.clock.advance(just_before(pause));
    service.clock.until_somebody_sleeps().await;
    assert_eq!(journal.urls().len(), asked, "not before {pause:?} have passed");
    service.clock.advance(Duration::from_millis(1));
    journal.until_asked(asked + 1).await;
    assert_eq!(journal.urls().len(), asked + 1, "after {pause:?}");
}
