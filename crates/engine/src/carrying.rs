//! Attempts that carry events out of the process, one by one or in batches.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use sdk::Answer;
use store::ClaimedDelivery;
use tracing::{Instrument, error};

use crate::carrier::{Carried, Carrier, Parcel, PublishEnd};
use crate::delivery::Deliveries;
use crate::outcome::report;
use crate::routes::PUBLISH;
use crate::running::Place;
use crate::session::Session;
use crate::{told, trace_context};

/// Events in one request to a batch webhook, and its bytes (contract, section 4.3).
const BATCH_EVENTS_MAX: usize = 20;
const BATCH_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What an event takes beside its value and its attributes: id, source, type, each at most 512 bytes and escaped at the
/// worst, and what the service adds.
const ENVELOPE_BYTES: usize = 4 * 1024;

/// What stands for an action where an attempt that leaves the process fails.
pub const PUBLISH_ACTION: &str = "events-api/publish";
pub const WEBHOOK_ACTION: &str = "events-api/webhook";

/// What stands for an action where a delivery is held against its events API.
pub const SIGNATURE_VALIDATOR: &str = "events-api/signature-validator";

impl Deliveries {
    pub(crate) fn carry_apart(self: &Arc<Self>, batch: Batch) {
        let span = trace_context::attempt(&batch.deliveries, &self.routes.get());
        tokio::spawn(Arc::clone(self).carry(batch).instrument(span));
    }

    /// One request for all of the batch; its answer counts for each.
    async fn carry(self: Arc<Self>, mut batch: Batch) {
        let Some(parcel) = batch.parcel() else { return };
        let is_publication = parcel.registration == PUBLISH;
        let (carrier, action) = if is_publication {
            (&self.carriers.publish, PUBLISH_ACTION)
        } else {
            (&self.carriers.webhook, WEBHOOK_ACTION)
        };
        let start = self.runner.clock().now();
        let mut result = match carrier {
            Some(carrier) => guarded(&**carrier, &parcel, action).await,
            None => Carried::again(503, "this process has no way to where the event is to go"),
        };
        let mut trace = result.trace.take();
        let reason = result.reason.unwrap_or_default();
        let answer = Answer::error(result.status, &reason, result.fate);
        for (position, delivery) in batch.deliveries.iter().enumerate() {
            let session = Session::new(Arc::clone(&self.runner), Some(delivery.event.id), delivery.attempt);
            if !answer.fate.is_success() {
                session.note(action, start, &answer);
            }
            let outcome = self.outcome(delivery, &answer, &session);
            if position == 0 {
                trace_context::ended(outcome);
            }
            report(delivery, &answer, outcome, &session);
            let counts = self.finish(delivery, outcome, &session, trace.take()).await;
            if is_publication && counts {
                let end = PublishEnd { outcome, status: answer.status, reason: told::reason(&reason) };
                self.carriers.acks.tell(delivery.event.id, &end);
            }
        }
        batch.places.clear();
    }
}

/// A carrier that hangs or panics is one failed attempt.
async fn guarded(carrier: &dyn Carrier, parcel: &Parcel, action: &str) -> Carried {
    // The call itself is guarded too: what it does before its first wait may panic as well.
    let attempt = AssertUnwindSafe(async { carrier.carry(parcel).await }).catch_unwind();
    match tokio::time::timeout(carrier.time_limit(), attempt).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => {
            error!(
                action,
                registration = parcel.registration,
                attempt = parcel.attempt,
                "a carrier of events panicked"
            );
            Carried::again(500, "the attempt crashed")
        }
        Err(_) => Carried::again(604, "the request did not end within its time limit"),
    }
}

/// Claimed deliveries that go in one request, with the places that they take.
#[derive(Default)]
pub(crate) struct Batch {
    deliveries: Vec<ClaimedDelivery>,
    places: Vec<Place>,
    bytes: usize,
}

impl Batch {
    pub(crate) fn of(delivery: ClaimedDelivery, place: Place) -> Self {
        let mut batch = Self::default();
        batch.add(delivery, place);
        batch
    }

    pub(crate) fn is_full_with(&self, delivery: &ClaimedDelivery) -> bool {
        let is_empty = self.deliveries.is_empty();
        !is_empty && (self.deliveries.len() == BATCH_EVENTS_MAX || self.bytes + bytes(delivery) > BATCH_BYTES_MAX)
    }

    pub(crate) fn add(&mut self, delivery: ClaimedDelivery, place: Place) {
        self.bytes += bytes(&delivery);
        self.deliveries.push(delivery);
        self.places.push(place);
    }

    /// `None` when it is empty.
    fn parcel(&self) -> Option<Parcel> {
        let registration = self.deliveries.first()?.registration;
        let attempt = self.deliveries.iter().map(|delivery| delivery.attempt).max()?;
        let events = self.deliveries.iter().map(|delivery| delivery.event.clone()).collect();
        Some(Parcel { registration, attempt, events })
    }
}

fn bytes(delivery: &ClaimedDelivery) -> usize {
    let attributes = delivery.event.attributes.as_deref().map_or(0, str::len);
    delivery.event.body.len() + attributes + ENVELOPE_BYTES
}
