use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sdk::{Answer, Delivery, Event};
use serde_json::Value;
use serde_json::value::RawValue;
use store::{Attempt, Claim, ClaimedDelivery, Lease, Outcome, Rooms, StoreError, StoredEvent, Trace};
use tokio::sync::watch;
use tracing::{Instrument, debug, error, warn};
use uuid::Uuid;

use crate::carrier::Carriers;
use crate::carrying::Batch;
use crate::cloud_event::sent_with;
use crate::outcome::report;
use crate::reception::{ActionAnswer, SentHeaders};
use crate::routes::{PUBLISH, Routes, RoutesHandle, TargetKind};
use crate::rules::Rules;
use crate::run::Runner;
use crate::running::{Place, Running};
use crate::session::Session;
use crate::{told, trace_context};

/// Whatever the store says, it is asked at least this often: a lost wake-up delays, it does not stop.
const ASKED_AT_LEAST_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// A lease ends so long after its last renewal.
const LEASE: Duration = Duration::from_secs(30);
const RENEWED_EVERY: SignedDuration = SignedDuration::from_secs(10);

/// An outcome that the store could not take is offered again after this.
const FINISH_AGAIN_AFTER: Duration = Duration::from_millis(500);

#[derive(Clone, Debug)]
pub struct DeliveryOptions {
    pub rules: Rules,
    /// Attempts that run at the same time.
    pub at_once: usize,
    /// Of the events that are being delivered at the same time; one that is larger goes alone.
    pub bytes_max: usize,
    /// Whose events these are; a part of `x-adobe-provider`.
    pub ims_org_id: String,
}

/// Brings stored events to their actions.
pub struct Deliveries {
    pub(crate) runner: Arc<Runner>,
    pub(crate) routes: RoutesHandle,
    pub(crate) options: DeliveryOptions,
    pub(crate) carriers: Carriers,
    running: Arc<Running>,
}

/// When there may be something to claim again.
struct Next {
    due: Option<Timestamp>,
    /// As soon as a place is free.
    is_limited: bool,
}

impl Deliveries {
    pub fn new(runner: Arc<Runner>, routes: RoutesHandle, options: DeliveryOptions, carriers: Carriers) -> Arc<Self> {
        let running = Arc::new(Running::new(options.at_once, options.bytes_max));
        Arc::new(Self { runner, routes, options, carriers, running })
    }

    /// What runs at the moment.
    pub fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// Delivers until told to stop; attempts that run by then end. Whoever waits for one that has not begun is let go.
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut renewed = self.runner.clock().now();
        while !*stop.borrow() {
            let now = self.runner.clock().now();
            self.running.beat(now);
            if now.duration_since(renewed).abs() >= RENEWED_EVERY {
                renewed = now;
                self.renew(now).await;
            }
            let next = self.start_what_is_due(now).await;
            let latest = now.saturating_add(ASKED_AT_LEAST_EVERY).unwrap_or(now);
            let due = next.due.map_or(latest, |due| due.min(latest));
            let has_places = self.has_places();
            tokio::select! {
                () = self.runner.store().work_arrived(), if has_places => {}
                () = self.running.freed(), if next.is_limited || !has_places => {}
                () = self.runner.clock().wait_until(due) => {}
                _ = stop.changed() => {}
            }
        }
        self.running.idle().await;
        self.carriers.answers.close();
    }

    /// Waits until no attempt runs.
    pub async fn finished(&self) {
        self.running.idle().await;
    }

    pub(crate) fn has_places(&self) -> bool {
        self.running.places_free() > 0 && self.running.bytes_free() > 0
    }

    /// Whatever runs keeps its lease for another while.
    async fn renew(&self, now: Timestamp) {
        let leases = self.running.leases();
        if leases.is_empty() {
            return;
        }
        let until =
            SignedDuration::try_from(LEASE).ok().and_then(|lease| now.saturating_add(lease).ok()).unwrap_or(now);
        match self.runner.store().renew(self.running.owner(), leases, until).await {
            Ok(lost) if lost.is_empty() => {}
            // Some may have ended meanwhile.
            Ok(lost) => debug!(leases = lost.len(), "leases that are not held any more"),
            Err(error) => warn!(%error, "leases cannot be renewed now"),
        }
    }

    /// Claims as much as there are places for.
    async fn start_what_is_due(self: &Arc<Self>, now: Timestamp) -> Next {
        if !self.has_places() {
            return Next { due: None, is_limited: true };
        }
        let routes = self.routes.get();
        let claim = Claim {
            now,
            owner: self.running.owner(),
            lease: LEASE,
            deliveries_max: self.running.places_free(),
            bytes_max: self.running.bytes_free(),
            rooms: self.rooms(&routes),
        };
        let claimed = match self.runner.store().claim(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                warn!(%error, "the store cannot be asked for deliveries");
                return Next { due: None, is_limited: false };
            }
        };
        let mut batches: HashMap<i64, Batch> = HashMap::new();
        for delivery in claimed.deliveries {
            let place = self.running.begin(&delivery);
            let kind = routes.target(delivery.registration).map(|target| &target.kind);
            match kind {
                _ if delivery.registration == PUBLISH => self.carry_apart(Batch::of(delivery, place)),
                Some(TargetKind::Webhook) => self.carry_apart(Batch::of(delivery, place)),
                Some(TargetKind::WebhookBatch) => {
                    let batch = batches.entry(delivery.registration).or_default();
                    if batch.is_full_with(&delivery) {
                        self.carry_apart(std::mem::take(batch));
                    }
                    batch.add(delivery, place);
                }
                Some(TargetKind::Action(_) | TargetKind::Nothing) | None => {
                    let span = trace_context::attempt(std::slice::from_ref(&delivery), &routes);
                    tokio::spawn(Arc::clone(self).attempt(delivery, place).instrument(span));
                }
            }
        }
        for batch in batches.into_values() {
            self.carry_apart(batch);
        }
        Next { due: claimed.next_due, is_limited: claimed.is_limited }
    }

    /// What each registration may begin: its own limit, and its share of what its action allows.
    pub(crate) fn rooms(&self, routes: &Routes) -> Rooms {
        let mut limits = HashMap::new();
        let mut registrations = vec![PUBLISH];
        let mut sharing: HashMap<&str, usize> = HashMap::new();
        for (_, target) in routes.targets() {
            if let TargetKind::Action(action) = &target.kind {
                *sharing.entry(action).or_default() += 1;
            }
        }
        for (number, target) in routes.targets() {
            registrations.push(number);
            let of_action = match &target.kind {
                TargetKind::Action(action) => self.runner.registry().get(action).map(|deployed| {
                    (deployed.limits.concurrency / sharing.get(&**action).copied().unwrap_or(1).max(1)).max(1)
                }),
                TargetKind::Webhook | TargetKind::WebhookBatch | TargetKind::Nothing => None,
            };
            let own = self.options.rules.of(&target.name).at_once;
            if let Some(limit) = own.into_iter().chain(of_action).min() {
                limits.insert(number, limit);
            }
        }
        self.running.rooms(&registrations, &limits)
    }

    async fn attempt(self: Arc<Self>, delivery: ClaimedDelivery, place: Place) {
        let routes = self.routes.get();
        let told = Delivery {
            id: Uuid::now_v7().to_string(),
            event_id: delivery.event.id.to_string(),
            code: delivery.event.code.to_string(),
            provider: routes.provider_name(&delivery.event.provider_id, &self.options.ims_org_id),
            attempt: delivery.attempt,
            sent: self.sent(&delivery),
        };
        let session = Session::delivering(Arc::clone(&self.runner), &delivery, told);
        let answer = self.deliver(&session, &delivery).await;
        let outcome = self.outcome(&delivery, &answer, &session);
        trace_context::ended(outcome);
        report(&delivery, &answer, outcome, &session);
        let activation = session.newest();
        if self.finish(&delivery, outcome, &session, None).await {
            let answered = || ActionAnswer::new(&answer, activation);
            self.carriers.answers.tell(delivery.event.id, delivery.registration, answered);
        }
        drop(place);
    }

    /// The headers of the newest request that brought the event, or of the first.
    fn sent(&self, delivery: &ClaimedDelivery) -> Option<SentHeaders> {
        let waiting = self.carriers.answers.sent(delivery.event.id, delivery.registration);
        waiting.or_else(|| sent_with(delivery.event.attributes.as_deref()?).map(Arc::new))
    }

    async fn deliver(&self, session: &Arc<Session>, delivery: &ClaimedDelivery) -> Answer {
        let routes = self.routes.get();
        let target = routes.target(delivery.registration);
        let Some(target) = target else {
            return session.refuse("registration", 404, "the registration of this delivery is gone", None);
        };
        let TargetKind::Action(action) = &target.kind else {
            let reason = format!("the registration `{}` is bound to no action", target.name);
            return session.refuse("registration", 404, &reason, None);
        };
        match event(&delivery.event) {
            Ok(event) => session.run(action, &event, None).await,
            Err(_) => session.refuse(action, 422, "the stored event is not JSON any more", None),
        }
    }

    /// The attempt is over, so its outcome has to be written: again and again, while the store recovers. Says whether it
    /// counts.
    pub(crate) async fn finish(
        &self,
        delivery: &ClaimedDelivery,
        outcome: Outcome,
        session: &Session,
        trace: Option<Trace>,
    ) -> bool {
        let activations: Vec<_> = session.take_recorded().into_iter().map(told::record).collect();
        loop {
            let attempt = Attempt {
                lease: Lease {
                    event: delivery.event.number,
                    registration: delivery.registration,
                    attempt: delivery.attempt,
                },
                at: self.runner.clock().now(),
                outcome,
                activations: activations.clone(),
                trace: trace.clone(),
            };
            match self.runner.store().finish(attempt).await {
                Ok(true) => {
                    crate::meters::ended(&delivery.event.code, outcome);
                    return true;
                }
                Ok(false) => {
                    warn!(event.id = %delivery.event.id, "an attempt outlived its lease; another one counts");
                    return false;
                }
                Err(StoreError::Closed) => {
                    error!(event.id = %delivery.event.id, "the outcome of an attempt is lost; it will run again");
                    return false;
                }
                Err(_) => tokio::time::sleep(FINISH_AGAIN_AFTER).await,
            }
        }
    }
}

impl fmt::Debug for Deliveries {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Deliveries").field("options", &self.options).finish_non_exhaustive()
    }
}

/// The stored event as the CloudEvent that actions see.
///
/// # Errors
/// The stored value is not JSON any more.
pub fn event(stored: &StoredEvent) -> serde_json::Result<Event> {
    Ok(Event {
        id: stored.event_id(),
        source: source(stored),
        code: stored.code.to_string(),
        time: stored.attributes.as_deref().and_then(given_time).unwrap_or(stored.at),
        trace: trace_context::kept_with(stored),
        data: RawValue::from_string(stored.body.to_string())?.into(),
    })
}

/// The CloudEvent's `source`. An events API may bring events of sources that are no provider; those are kept as they came,
/// and a URI has a colon or a slash, which the id of a provider has not.
pub fn source(stored: &StoredEvent) -> String {
    let provider = &*stored.provider_id;
    if provider.contains([':', '/']) { provider.to_owned() } else { format!("urn:uuid:{provider}") }
}

/// The time that the producer gave.
fn given_time(attributes: &str) -> Option<Timestamp> {
    serde_json::from_str::<Value>(attributes).ok()?.get("time")?.as_str()?.parse().ok()
}
