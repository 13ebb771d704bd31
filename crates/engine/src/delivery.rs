use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use sdk::{Answer, Delivery, Event, Fate};
use serde_json::Value;
use serde_json::value::RawValue;
use store::{Attempt, Claim, ClaimedDelivery, Drawer, Lease, Outcome, Parked, Rooms, StoreError, StoredEvent, Trace};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, watch};
use tracing::{Instrument, debug, error, warn};
use uuid::Uuid;

use crate::carrier::Carriers;
use crate::carrying::Batch;
use crate::routes::{PUBLISH, RoutesHandle, TargetKind};
use crate::run::Runner;
use crate::running::Running;
use crate::schedule::Schedule;
use crate::session::Session;
use crate::trace_context;

/// Whatever the store says, it is asked at least this often: a lost wake-up delays, it does not stop.
const ASKED_AT_LEAST_EVERY: SignedDuration = SignedDuration::from_secs(1);

/// Beyond the longest that an attempt may take: the write of its outcome.
const LEASE_MARGIN: Duration = Duration::from_secs(30);

/// An outcome that the store could not take is offered again after this.
const FINISH_AGAIN_AFTER: Duration = Duration::from_millis(500);

#[derive(Clone, Debug)]
pub struct DeliveryOptions {
    pub schedule: Schedule,
    /// Attempts that run at the same time.
    pub at_once: usize,
    /// Whose events these are; a part of `x-adobe-provider`.
    pub ims_org_id: String,
}

/// Brings stored events to their actions.
pub struct Deliveries {
    pub(crate) runner: Arc<Runner>,
    pub(crate) routes: RoutesHandle,
    options: DeliveryOptions,
    pub(crate) carriers: Carriers,
    places: Arc<Semaphore>,
    running: Arc<Running>,
    pub(crate) freed: Notify,
}

impl Deliveries {
    pub fn new(runner: Arc<Runner>, routes: RoutesHandle, options: DeliveryOptions, carriers: Carriers) -> Arc<Self> {
        let places = Arc::new(Semaphore::new(options.at_once));
        let running = Arc::new(Running::new(options.at_once));
        Arc::new(Self { runner, routes, options, carriers, places, running, freed: Notify::new() })
    }

    /// What runs at the moment.
    pub fn running(&self) -> &Arc<Running> {
        &self.running
    }

    /// Delivers until told to stop; attempts that run by then go on, see [`Self::finished`].
    pub async fn run(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        while !*stop.borrow() {
            let next = self.start_what_is_due().await;
            let now = self.runner.clock().now();
            let latest = now.saturating_add(ASKED_AT_LEAST_EVERY).unwrap_or(now);
            let next = next.map_or(latest, |next| next.min(latest));
            if self.places.available_permits() == 0 {
                tokio::select! {
                    () = self.freed.notified() => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            tokio::select! {
                () = self.runner.store().work_arrived() => {}
                () = self.runner.clock().wait_until(next) => {}
                _ = stop.changed() => {}
            }
        }
    }

    /// Waits until no attempt runs.
    pub async fn finished(&self) {
        let all = u32::try_from(self.options.at_once).unwrap_or(u32::MAX);
        drop(self.places.acquire_many(all).await);
        // Whoever looked for a place meanwhile found none, and waits to hear of one.
        self.freed.notify_one();
    }

    /// Beyond this no attempt runs.
    fn attempt_longest(&self) -> Duration {
        self.runner.registry().timeout_longest().max(self.carriers.time_limit_longest())
    }

    /// Claims as much as there are places for; says when the next delivery is due.
    async fn start_what_is_due(self: &Arc<Self>) -> Option<Timestamp> {
        let claim = Claim {
            now: self.runner.clock().now(),
            lease: self.attempt_longest().saturating_add(LEASE_MARGIN),
            deliveries_max: self.places.available_permits(),
            owner: 1,
            bytes_max: 64 << 20,
            rooms: Rooms::of_all(usize::MAX),
        };
        if claim.deliveries_max == 0 {
            return None;
        }
        let claimed = match self.runner.store().claim(claim).await {
            Ok(claimed) => claimed,
            Err(error) => {
                warn!(%error, "the store cannot be asked for deliveries");
                return None;
            }
        };
        let routes = self.routes.get();
        let mut batches: HashMap<i64, Batch> = HashMap::new();
        for delivery in claimed.deliveries {
            // Only this loop takes places, so one is free for each claimed delivery.
            let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else { continue };
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
        claimed.next_due
    }

    async fn attempt(self: Arc<Self>, delivery: ClaimedDelivery, place: OwnedSemaphorePermit) {
        let routes = self.routes.get();
        let told = Delivery {
            id: Uuid::now_v7().to_string(),
            event_id: delivery.event.id.to_string(),
            code: delivery.event.code.to_string(),
            provider: routes.provider_name(&delivery.event.provider_id, &self.options.ims_org_id),
            attempt: delivery.attempt,
        };
        let session = Session::delivering(Arc::clone(&self.runner), delivery.event.id, told);
        let answer = self.deliver(&session, &delivery).await;
        let outcome = self.outcome(&delivery, &answer);
        trace_context::ended(outcome);
        report(&delivery, &answer, outcome, &session);
        self.finish(&delivery, outcome, &session, None).await;
        drop(place);
        self.freed.notify_one();
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

    pub(crate) fn outcome(&self, delivery: &ClaimedDelivery, answer: &Answer) -> Outcome {
        match answer.fate {
            Fate::Done => Outcome::Done,
            Fate::Skipped => Outcome::Skipped,
            Fate::Suppressed => Outcome::Suppressed,
            Fate::Refused => Outcome::Refused(Drawer::Target),
            Fate::Rejected => Outcome::Refused(Drawer::Payload),
            Fate::Parked => Outcome::Parked(parked(Drawer::Ours)),
            Fate::Incomplete => Outcome::Parked(Parked { has_effect: true, ..parked(Drawer::Ours) }),
            Fate::Retry { after } | Fate::Unknown { after } => {
                let now = self.runner.clock().now();
                let next = self.options.schedule.next(delivery.attempt, delivery.event.at, now, after);
                next.map_or(Outcome::Parked(parked(Drawer::Target)), Outcome::RetryAt)
            }
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
        let activations = session.take_recorded();
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

fn parked(drawer: Drawer) -> Parked {
    Parked { drawer, has_effect: false, is_in_doubt: false, blocks: false }
}

/// One line for each attempt that did not succeed. The reason may quote the target, and so the event: it stands in the
/// activation, not here.
pub(crate) fn report(delivery: &ClaimedDelivery, answer: &Answer, outcome: Outcome, session: &Session) {
    let (id, code, attempt, status) = (delivery.event.id, &*delivery.event.code, delivery.attempt, answer.status);
    let activation = session.newest();
    let activation = activation.as_ref().map(tracing::field::display);
    match outcome {
        Outcome::Done | Outcome::Skipped => debug!(event.id = %id, code, attempt, status, "event {id} was delivered"),
        Outcome::Suppressed => {
            debug!(event.id = %id, code, attempt, status, "event {id} was suppressed: it is an echo");
        }
        Outcome::Refused(_) => warn!(event.id = %id, code, attempt, status, activation, "event {id} was refused"),
        Outcome::Parked(_) => warn!(event.id = %id, code, attempt, status, activation, "event {id} waits for a person"),
        Outcome::RetryAt(at) | Outcome::Unknown(at) => {
            warn!(event.id = %id, code, attempt, status, activation, next = %at, "event {id} will be tried again");
        }
    }
}
