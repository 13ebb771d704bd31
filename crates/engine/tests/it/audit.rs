//! What is due and what runs are compared, and what nobody serves is found.

use std::sync::Arc;
use std::time::Duration;

use engine::{Audit, Clock, Readiness, Reason};
use store::{Claim, ClaimedDelivery, Rooms, State, Store};
use tokio::sync::Notify;

use crate::service::{Service, Setup, handled, registration};
use crate::world::CHANGED;

const TEN_SECONDS: Duration = Duration::from_secs(10);
const LEASE: Duration = Duration::from_secs(30);

struct Watched {
    service: Service,
    audit: Audit,
    readiness: Readiness,
    stuck: Arc<Notify>,
}

impl Watched {
    /// Nothing is delivered before the service is started.
    async fn new() -> Self {
        let registrations = vec![handled(registration("Products", &[CHANGED]))];
        let service = Service::with(Setup { registrations, delivers: false, ..Setup::default() }).await;
        let (readiness, stuck) = (Readiness::default(), Arc::new(Notify::new()));
        let (store, clock): (Arc<dyn Store>, Arc<dyn Clock>) = (service.store.clone(), Arc::new(service.clock.clone()));
        let audit = Audit::new(store, clock, Arc::clone(&service.deliveries), readiness.clone(), Arc::clone(&stuck));
        Self { service, audit, readiness, stuck }
    }

    async fn look(&mut self) -> Vec<&'static str> {
        let found = self.audit.look().await;
        assert_eq!(found, self.readiness.findings());
        assert_eq!(self.readiness.looked(), Some(self.service.clock.now()));
        found
            .into_iter()
            .map(|finding| finding.reason)
            .filter(|reason| *reason != Reason::Loop)
            .map(Reason::as_str)
            .collect()
    }

    async fn look_after(&mut self, pause: Duration) -> Vec<&'static str> {
        self.service.clock.advance(pause);
        self.look().await
    }

    /// Takes what is due past the engine, on lease.
    async fn claim(&self, owner: i64) -> Vec<ClaimedDelivery> {
        let claim = Claim {
            now: self.service.clock.now(),
            owner,
            lease: LEASE,
            deliveries_max: 10,
            bytes_max: 1 << 20,
            rooms: Rooms::of_all(10),
        };
        self.service.store.claim(claim).await.unwrap().deliveries
    }
}

#[tokio::test]
async fn a_delivery_that_nobody_begins_is_found_and_forgotten_when_it_is_served() {
    let mut watched = Watched::new().await;
    watched.service.change("1", "A").await;
    assert!(watched.look().await.is_empty());
    assert!(watched.look_after(Duration::from_secs(20)).await.is_empty());
    assert!(watched.look_after(TEN_SECONDS).await.is_empty(), "30 s are not longer than 30 s");
    assert_eq!(watched.look_after(TEN_SECONDS).await, ["unserved"]);
    assert_eq!(watched.look_after(TEN_SECONDS).await, ["unserved"]);
    let text = &watched.readiness.findings()[0].text;
    assert_eq!(text, "a delivery to `Products` is due and unserved for 50 s");
    watched.service.start();
    watched.service.settle().await;
    assert!(watched.audit.look().await.is_empty(), "the loop lives, too");
}

/// The clock of a machine that slept jumps. Nobody could have begun anything meanwhile, so nothing is wrong.
#[tokio::test]
async fn a_jump_of_the_clock_is_no_finding() {
    let mut watched = Watched::new().await;
    watched.service.change("1", "A").await;
    let claimed = watched.claim(7).await;
    watched.look().await;
    assert!(watched.look_after(Duration::from_hours(3)).await.is_empty());
    assert_eq!(claimed.len(), 1);
    let later = watched.look_after(TEN_SECONDS).await;
    assert_eq!(later, ["lease"], "whoever held it is gone");
}

#[tokio::test]
async fn a_lease_of_ours_that_nobody_holds_is_given_back_once_it_has_ended() {
    let mut watched = Watched::new().await;
    watched.service.change("1", "A").await;
    let owner = watched.service.deliveries.running().owner();
    let claimed = watched.claim(owner).await;
    let id = claimed[0].event.id;
    assert!(watched.look().await.is_empty());
    for _ in 0..3 {
        assert!(watched.look_after(TEN_SECONDS).await.is_empty(), "it may have been claimed just now");
        let (_, deliveries) = watched.service.store.event(id).await.unwrap().unwrap();
        assert_eq!(deliveries[0].state, State::Leased);
    }
    assert_eq!(watched.look_after(TEN_SECONDS).await, ["lease"]);
    let (_, deliveries) = watched.service.store.event(id).await.unwrap().unwrap();
    assert_eq!((deliveries[0].state, deliveries[0].is_in_doubt), (State::Due, true));
    assert!(watched.look_after(TEN_SECONDS).await.is_empty());
}

#[tokio::test]
async fn a_lease_of_somebody_else_stays_until_somebody_claims_it() {
    let mut watched = Watched::new().await;
    watched.service.change("1", "A").await;
    assert_eq!(watched.claim(7).await.len(), 1);
    for _ in 0..3 {
        assert!(watched.look_after(TEN_SECONDS).await.is_empty());
    }
    assert_eq!(watched.look_after(TEN_SECONDS).await, ["lease"]);
    watched.service.start();
    watched.service.settle().await;
    assert!(watched.audit.look().await.is_empty());
    assert_eq!(watched.service.runs.names(), ["A2"]);
}

#[tokio::test]
async fn a_store_that_cannot_write_is_found_although_nobody_writes() {
    let mut watched = Watched::new().await;
    assert!(watched.look().await.is_empty());
    watched.service.store.fail_values(1);
    assert_eq!(watched.look().await, ["disk"]);
    assert!(watched.look().await.is_empty());
    watched.service.store.pretend(|health| health.bytes = health.bytes_max);
    assert_eq!(watched.look().await, ["disk"]);
}

#[tokio::test]
async fn a_backlog_is_found_when_it_is_full_or_large_and_grows() {
    let mut watched = Watched::new().await;
    let steps: [(u64, &[&str]); 9] = [
        (900, &[]),
        (901, &["backlog"]),
        (901, &["backlog"]),
        (899, &[]),
        (899, &[]),
        (700, &[]),
        (800, &[]),
        (801, &["backlog"]),
        (1_000, &["backlog"]),
    ];
    for (open, expected) in steps {
        watched.service.store.pretend(move |health| (health.open, health.open_max) = (open, 1_000));
        assert_eq!(watched.look().await, expected, "{open}");
    }
    watched.service.store.pretend(|health| (health.open, health.open_max) = (1_000, 1_000));
    assert_eq!(watched.look().await, ["backlog"], "it is full, whether it grows or not");
}

#[tokio::test]
async fn a_loop_without_a_sign_of_life_is_found_and_begun_anew() {
    let mut watched = Watched::new().await;
    watched.service.clock.advance(Duration::from_secs(30));
    assert!(watched.audit.look().await.is_empty());
    watched.service.clock.advance(Duration::from_secs(1));
    let found = watched.audit.look().await;
    assert_eq!(found[0].reason, Reason::Loop);
    assert_eq!(found[0].text, "nobody has looked for deliveries for 31 s");
    watched.stuck.notified().await;
    watched.service.start();
    watched.service.catch_up().await;
    assert!(watched.audit.look().await.is_empty());
}
