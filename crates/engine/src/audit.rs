//! Compares what is due with what runs, says what is wrong, and mends what can be mended.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{Backlog, DeliveryFilter, Health, Lease, Order, State, Store, slug};
use tokio::sync::{Notify, watch};
use tracing::{info, warn};

use crate::readiness::{Finding, Readiness, Reason};
use crate::routes::{PUBLISH, Routes};
use crate::{Clock, Deliveries, meters};

/// Between two looks.
const LOOKED_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// Something that is due and unserved for longer than this is found.
const UNSERVED_MAX: SignedDuration = SignedDuration::from_secs(30);

/// The loop that begins deliveries has to give a sign of life within this time.
const SILENCE_MAX: SignedDuration = SignedDuration::from_secs(30);

/// The store has to write and to answer within this time.
const STORE_TIMEOUT: Duration = Duration::from_secs(5);

/// Of 100: from here on a backlog that grows is found.
const BACKLOG_PERCENT: u64 = 80;

/// Leases that one look goes through; no process holds more.
const LEASES_SEEN_MAX: usize = 2_048;

/// What every look writes, so that a failing disk is found also while nothing else is written.
const SIGN: &str = "audit/sign";
const SIGN_KEPT: SignedDuration = SignedDuration::from_hours(24);

/// Looks at the store and at what runs, again and again.
pub struct Audit {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    deliveries: Arc<Deliveries>,
    readiness: Readiness,
    stuck: Arc<Notify>,
    begun: Timestamp,
    before: Option<Seen>,
    labels: HashSet<String>,
}

/// What a look saw, for the next one.
struct Seen {
    at: Timestamp,
    open: u64,
    is_growing: bool,
    days_forgotten: u64,
    /// By registration: what had been due longest.
    due: HashMap<i64, Timestamp>,
}

impl Audit {
    /// `stuck` is told when the loop that begins deliveries has to be begun anew.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        deliveries: Arc<Deliveries>,
        readiness: Readiness,
        stuck: Arc<Notify>,
    ) -> Self {
        let begun = clock.now();
        let (before, labels) = (None, HashSet::new());
        Self { store, clock, deliveries, readiness, stuck, begun, before, labels }
    }

    /// Looks every 10 s until told to stop.
    pub async fn run(mut self, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            self.look().await;
            let now = self.clock.now();
            tokio::select! {
                () = self.clock.wait_until(now.saturating_add(LOOKED_EVERY).unwrap_or(now)) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// One look. What it found is kept in the readiness, and returned.
    pub async fn look(&mut self) -> Vec<Finding> {
        let now = self.clock.now();
        let mut findings = Vec::new();
        match tokio::time::timeout(STORE_TIMEOUT, self.store_health(now)).await {
            Ok((failure, health)) => {
                findings.extend(disk(failure, &health));
                self.compare(&health, now, &mut findings).await;
            }
            Err(_) => findings.push(Finding::new(Reason::Disk, "the store does not answer")),
        }
        findings.extend(self.silence(now));
        self.readiness.set(&findings, now);
        findings
    }

    /// Why nothing can be written, and what the store says of itself.
    async fn store_health(&self, now: Timestamp) -> (bool, Health) {
        let kept = now.saturating_add(SIGN_KEPT).unwrap_or(now);
        let written = self.store.put_value(SIGN, Vec::new(), kept).await;
        let health = self.store.health().await;
        (written.is_err() || health.failure.is_some(), health)
    }

    async fn compare(&mut self, health: &Health, now: Timestamp, findings: &mut Vec<Finding>) {
        let before = self.before.take();
        let is_growing = before
            .as_ref()
            .is_some_and(|before| health.open > before.open || (before.is_growing && health.open == before.open));
        findings.extend(backlog(health, is_growing));
        let forgotten = before.as_ref().map_or(0, |before| before.days_forgotten);
        if health.days_forgotten > forgotten {
            warn!(
                days = health.days_forgotten,
                "the memory of uids is full: the oldest days of the dedupe window do not count; raise KIT_DEDUPE_BYTES_MAX"
            );
        }
        let routes = self.deliveries.routes.get();
        self.measure(health, &routes, now);
        if let Some(before) = &before {
            findings.extend(self.unserved(health, before, &routes, now));
            findings.extend(self.leases(health, before, now).await);
        }
        let due = health.backlogs.iter().filter_map(|backlog| Some((backlog.registration, backlog.oldest_due?)));
        let due = due.filter(|(_, due)| *due <= now).collect();
        self.before = Some(Seen { at: now, open: health.open, is_growing, days_forgotten: health.days_forgotten, due });
    }

    /// Whoever is claimed first is the one that has been due longest: while it stays the same, nothing is begun.
    fn unserved(&self, health: &Health, before: &Seen, routes: &Routes, now: Timestamp) -> Option<Finding> {
        let is_unserved = |backlog: &&Backlog| {
            let Some(due) = backlog.oldest_due else { return false };
            now.duration_since(due) > UNSERVED_MAX && before.due.get(&backlog.registration) == Some(&due)
        };
        let found: Vec<&Backlog> = health.backlogs.iter().filter(is_unserved).collect();
        if found.is_empty() || !self.deliveries.has_places() {
            return None;
        }
        let rooms = self.deliveries.rooms(routes);
        let mut found: Vec<&Backlog> =
            found.into_iter().filter(|backlog| rooms.most(backlog.registration) > 0).collect();
        found.sort_by_key(|backlog| backlog.oldest_due);
        let first = found.first()?;
        let seconds = now.duration_since(first.oldest_due?).as_secs();
        let name = name(routes, first.registration);
        Some(Finding::new(Reason::Unserved, format!("a delivery to `{name}` is due and unserved for {seconds} s")))
    }

    /// Leases that had ended when the last look was taken, and that nobody here holds: those of this process are given
    /// back, those of others are claimed like anything else that is due.
    async fn leases(&self, health: &Health, before: &Seen, now: Timestamp) -> Option<Finding> {
        let ended = |backlog: &Backlog| backlog.lease_end.is_some_and(|end| end <= before.at);
        if !health.backlogs.iter().any(ended) {
            return None;
        }
        let filter = DeliveryFilter {
            states: vec![State::Leased],
            order: Order::OldestFirst,
            limit: LEASES_SEEN_MAX,
            ..DeliveryFilter::default()
        };
        let listed = self.store.deliveries(filter).await.ok()?;
        let held: HashSet<Lease> = self.deliveries.running().leases().into_iter().collect();
        let lost = listed.iter().map(|listed| &listed.delivery).filter(|delivery| {
            let lease =
                Lease { event: delivery.event, registration: delivery.registration, attempt: delivery.attempts };
            delivery.due <= before.at && !held.contains(&lease)
        });
        let oldest = lost.map(|delivery| delivery.due).min()?;
        let owner = self.deliveries.running().owner();
        match self.store.release_ended(owner, held.into_iter().collect(), before.at, now).await {
            Ok(0) => {}
            Ok(leases) => info!(leases, "leases that nobody held any more were given back"),
            Err(error) => warn!(%error, "leases that nobody holds cannot be given back now"),
        }
        let seconds = now.duration_since(oldest).as_secs();
        Some(Finding::new(Reason::Lease, format!("a lease ended {seconds} s ago, and nobody runs its delivery")))
    }

    fn silence(&self, now: Timestamp) -> Option<Finding> {
        let beat = self.deliveries.running().last_beat().unwrap_or(self.begun);
        let silence = now.duration_since(beat.max(self.begun));
        (silence > SILENCE_MAX).then(|| {
            self.stuck.notify_one();
            let seconds = silence.as_secs();
            Finding::new(Reason::Loop, format!("nobody has looked for deliveries for {seconds} s"))
        })
    }

    fn measure(&mut self, health: &Health, routes: &Routes, now: Timestamp) {
        meters::running(self.deliveries.running().count());
        let mut labels = HashSet::new();
        for registration in &routes.catalogue().registrations {
            let label = slug(&registration.name);
            meters::health(&label, registration.health);
            meters::lag(&label, lag(health, registration.id, now));
            labels.insert(label);
        }
        meters::lag(&slug(PUBLICATION), lag(health, PUBLISH, now));
        for gone in self.labels.difference(&labels) {
            meters::gone(gone);
        }
        self.labels = labels;
    }
}

impl fmt::Debug for Audit {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Audit").field("readiness", &self.readiness).finish_non_exhaustive()
    }
}

/// What people call deliveries to an events API.
const PUBLICATION: &str = "publication";

fn name(routes: &Routes, registration: i64) -> String {
    match routes.registration(registration) {
        Some(registration) => registration.name.clone(),
        None if registration == PUBLISH => PUBLICATION.to_owned(),
        None => format!("registration {registration}"),
    }
}

/// Seconds since a registration's oldest due delivery was due; 0 when none is.
fn lag(health: &Health, registration: i64, now: Timestamp) -> f64 {
    let backlog = health.backlogs.iter().find(|backlog| backlog.registration == registration);
    let due = backlog.and_then(|backlog| backlog.oldest_due);
    due.map_or(0.0, |due| now.duration_since(due).as_secs_f64().max(0.0))
}

fn disk(is_failing: bool, health: &Health) -> Option<Finding> {
    if is_failing {
        return Some(Finding::new(Reason::Disk, "the store cannot write"));
    }
    let is_full = health.bytes_max > 0 && health.bytes >= health.bytes_max;
    is_full.then(|| Finding::new(Reason::Disk, "the store has reached its size limit, `KIT_STORE_BYTES_MAX`"))
}

fn backlog(health: &Health, is_growing: bool) -> Option<Finding> {
    let (open, most) = (health.open, health.open_max);
    if open >= most {
        return Some(Finding::new(Reason::Backlog, format!("{open} deliveries are open, as many as may be")));
    }
    let is_large = u128::from(open) * 100 > u128::from(most) * u128::from(BACKLOG_PERCENT);
    (is_large && is_growing)
        .then(|| Finding::new(Reason::Backlog, format!("{open} deliveries are open of {most}, and it grows")))
}
