//! Events that an events API brings by webhook: stored, run once, answered with what the action answered.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use sdk::{ActivationId, Answer};
use serde_json::{Value, json};
use store::{Filter, State, Store};
use uuid::Uuid;

use crate::arrival::Received;
use crate::routes::TargetKind;
use crate::waits::{Waiting, Waits};
use crate::{ArrivalError, Arrivals, Clock, CloudEvent, RoutesHandle, told};

/// What a repeat is told when the record of the first answer was removed for its age.
const RECORD_GONE: &str = "this event was delivered before, and the record of its answer was removed";

/// Headers of a delivery as its sender wrote them, by their names in lower case.
pub type SentHeaders = Arc<BTreeMap<String, String>>;

/// Deliveries whose sender waits for the action's answer. Clones share the list.
#[derive(Clone, Debug, Default)]
pub struct Answers(Waits<(Uuid, i64), SentHeaders, ActionAnswer>);

impl Answers {
    /// How many deliveries have somebody who waits for them.
    pub fn waiting(&self) -> usize {
        self.0.waiting()
    }

    /// Tells whoever waits for this event at this registration.
    pub(crate) fn tell(&self, event: Uuid, registration: i64, answer: impl FnOnce() -> ActionAnswer) {
        self.0.tell((event, registration), answer);
    }

    /// Lets all who wait go: our own schedule owns their events.
    pub(crate) fn close(&self) {
        self.0.close();
    }

    /// What the newest of those who wait sent along.
    pub(crate) fn sent(&self, event: Uuid, registration: i64) -> Option<SentHeaders> {
        self.0.newest_note((event, registration))
    }
}

/// What the action of a registration answered to an event.
#[derive(Clone, Debug, PartialEq)]
pub struct ActionAnswer {
    /// The action's `statusCode`.
    pub status: u16,
    pub body: Value,
    /// The run that answered so.
    pub activation: Option<ActivationId>,
}

impl ActionAnswer {
    pub(crate) fn new(answer: &Answer, activation: Option<ActivationId>) -> Self {
        Self { status: answer.status, body: told::result(&answer.result, body), activation }
    }

    /// Whether the sender is asked to come again (contract, section 4.6).
    pub fn asks_for_retry(&self) -> bool {
        self.status == 429 || ((500..600).contains(&self.status) && self.status != 505)
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }
}

/// The body of a result, which is `{"statusCode", "body"}`, or the same below `error`.
fn body(result: &Value) -> Value {
    result.get("error").unwrap_or(result).get("body").cloned().unwrap_or_default()
}

/// What became of an event that was brought.
#[derive(Clone, Debug, PartialEq)]
pub enum Taken {
    /// The action's answer, of now or of the first time.
    Answered(ActionAnswer),
    /// It is stored; our own schedule owns it.
    Accepted,
}

/// Takes events that somebody brings and waits with.
#[derive(Clone)]
pub struct Reception {
    pub arrivals: Arc<Arrivals>,
    pub routes: RoutesHandle,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    pub answers: Answers,
}

type Waiter = Waiting<(Uuid, i64), SentHeaders, ActionAnswer>;

impl Reception {
    /// Stores the event for this registration and waits until `late` for the answer of its one action. One that came before
    /// gets the first answer when that was final; when it asked for a retry, the action runs again now.
    pub async fn take(
        &self,
        registration: i64,
        event: CloudEvent,
        sent: &SentHeaders,
        late: Timestamp,
    ) -> Result<Taken, ArrivalError> {
        let id = Uuid::now_v7();
        // Asked for before the event is stored: afterwards its attempt may have ended already.
        let waiting = self.answers.0.wait_for((id, registration), Arc::clone(sent));
        match self.arrivals.receive_as(id, registration, event.sent_with(sent)).await? {
            Received::Stored => Ok(self.wait(waiting, late).await),
            Received::Journaled => Ok(Taken::Accepted),
            Received::Known(first) => {
                let waiting = self.answers.0.wait_for((first, registration), Arc::clone(sent));
                self.repeat(first, registration, waiting, late).await
            }
        }
    }

    async fn repeat(
        &self,
        event: Uuid,
        registration: i64,
        waiting: Waiter,
        late: Timestamp,
    ) -> Result<Taken, ArrivalError> {
        let unavailable = |error| crate::arrival::unavailable(&error);
        let Some((stored, deliveries)) = self.store.event(event).await.map_err(unavailable)? else {
            return Ok(Taken::Accepted);
        };
        let Some(delivery) = deliveries.iter().find(|delivery| delivery.registration == registration) else {
            return Ok(Taken::Accepted);
        };
        match delivery.state {
            State::Waiting | State::Leased => Ok(self.wait(waiting, late).await),
            State::Due => {
                let now = self.clock.now();
                self.store.hasten(stored.number, registration, now).await.map_err(unavailable)?;
                Ok(self.wait(waiting, late).await)
            }
            State::Journaled => Ok(Taken::Accepted),
            State::Done | State::Skipped | State::Suppressed | State::Refused | State::Parked | State::Blocking => {
                let answer = self.first_answer(event, registration, delivery.state).await.map_err(unavailable)?;
                Ok(Taken::Answered(answer))
            }
        }
    }

    async fn wait(&self, mut waiting: Waiter, late: Timestamp) -> Taken {
        tokio::select! {
            answer = waiting.end() => answer.map_or(Taken::Accepted, Taken::Answered),
            () = self.clock.wait_until(late) => Taken::Accepted,
        }
    }

    /// What the action answered when the event had come before.
    async fn first_answer(
        &self,
        event: Uuid,
        registration: i64,
        state: State,
    ) -> Result<ActionAnswer, store::StoreError> {
        let routes = self.routes.get();
        let action = routes.target(registration).and_then(|target| match &target.kind {
            TargetKind::Action(action) => Some(action.to_string()),
            TargetKind::Webhook | TargetKind::WebhookBatch | TargetKind::Nothing => None,
        });
        let filter = Filter { limit: 1, action, event: Some(event), ..Filter::default() };
        let recorded = self.store.activations(filter).await?;
        let of_record = recorded.first().and_then(|run| {
            let result: Value = serde_json::from_str(&run.result).ok()?;
            let status = result.get("error").unwrap_or(&result).get("statusCode")?.as_u64()?;
            let activation = Some(ActivationId::new(run.id));
            Some(ActionAnswer { status: u16::try_from(status).ok()?, body: body(&result), activation })
        });
        Ok(of_record.unwrap_or_else(|| {
            let is_done = matches!(state, State::Done | State::Skipped | State::Suppressed);
            let (status, member) = if is_done { (200, "message") } else { (422, "error") };
            ActionAnswer { status, body: json!({ member: RECORD_GONE }), activation: None }
        }))
    }
}

impl fmt::Debug for Reception {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Reception")
    }
}
