use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::FutureExt;
use jiff::Timestamp;
use sdk::record::LogRules;
use sdk::{Actions, ActivationId, Answer, Context, Delivery, Entry, Event, Fate, Record};
use store::{Activation, ClaimedDelivery, Status};
use tracing::{Instrument, error};
use uuid::Uuid;

use crate::capture::{ended, recording};
use crate::registry::Deployed;
use crate::run::{Runner, next_id};
use crate::trace_context;

/// One attempt at delivering an event: the runs that it causes, collected until their common write.
pub(crate) struct Session {
    runner: Arc<Runner>,
    event_id: Option<Uuid>,
    attempt: u32,
    /// An earlier attempt may have had its effect.
    is_in_doubt: bool,
    delivery: Option<Arc<Delivery>>,
    /// How long the delivery had been due.
    wait_ms: u32,
    recorded: Mutex<Vec<Activation>>,
}

impl Session {
    pub(crate) fn new(runner: Arc<Runner>, event_id: Option<Uuid>, attempt: u32) -> Arc<Self> {
        let (delivery, recorded) = (None, Mutex::default());
        Arc::new(Self { runner, event_id, attempt, is_in_doubt: false, delivery, wait_ms: 0, recorded })
    }

    /// An attempt that runs actions of this process.
    pub(crate) fn delivering(runner: Arc<Runner>, claimed: &ClaimedDelivery, told: Delivery) -> Arc<Self> {
        let waited = runner.clock().now().duration_since(claimed.due).as_millis();
        Arc::new(Self {
            runner,
            event_id: Some(claimed.event.id),
            attempt: claimed.attempt,
            is_in_doubt: claimed.is_in_doubt,
            delivery: Some(Arc::new(told)),
            // A clock that was set back leaves no wait.
            wait_ms: u32::try_from(waited.max(0)).unwrap_or(u32::MAX),
            recorded: Mutex::default(),
        })
    }

    /// The runs so far, in the order in which they ended.
    pub(crate) fn take_recorded(&self) -> Vec<Activation> {
        std::mem::take(&mut self.recorded.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The run that ended last: the one that the registration is bound to, once the attempt is over.
    pub(crate) fn newest(&self) -> Option<ActivationId> {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        recorded.last().map(|activation| ActivationId::new(activation.id))
    }

    /// Whether the run that ended last failed in the kit, not at a target.
    pub(crate) fn ended_by_our_fault(&self) -> bool {
        let recorded = self.recorded.lock().unwrap_or_else(PoisonError::into_inner);
        let status = recorded.last().map(|activation| activation.status);
        matches!(status, Some(Status::DeveloperError | Status::TimedOut | Status::InternalError))
    }

    /// Runs an action on the event under a time limit and a guard against panics, and records the run.
    pub(crate) async fn run(self: &Arc<Self>, name: &str, event: &Event, cause: Option<ActivationId>) -> Answer {
        self.run_as(next_id(), name, event, cause).await
    }

    /// As [`Self::run`], under an id that somebody knows already.
    pub(crate) async fn run_as(
        self: &Arc<Self>,
        id: ActivationId,
        name: &str,
        event: &Event,
        cause: Option<ActivationId>,
    ) -> Answer {
        let Some(deployed) = self.runner.registry().get(name) else {
            return self.refuse_as(id, name, 404, &format!("the action `{name}` is not deployed"), cause);
        };
        let run = self.begin(id, name, cause, deployed.log_rules());
        let span = trace_context::action(name, run.id);
        let (answer, status) = self.guarded(deployed, &run, event).instrument(span.clone()).await;
        trace_context::answered(&span, &answer);
        run.end(status, &answer);
        answer
    }

    /// Parks the event because nothing can run on it, and says why on record.
    pub(crate) fn refuse(&self, name: &str, status: u16, reason: &str, cause: Option<ActivationId>) -> Answer {
        self.refuse_as(next_id(), name, status, reason, cause)
    }

    fn refuse_as(
        &self,
        id: ActivationId,
        name: &str,
        status: u16,
        reason: &str,
        cause: Option<ActivationId>,
    ) -> Answer {
        let answer = Answer::error(status, reason, Fate::Parked);
        self.begin(id, name, cause, LogRules::default()).end(Status::InternalError, &answer);
        answer
    }

    /// Records an attempt that left the process, under the name of what it is.
    pub(crate) fn note(&self, name: &str, start: Timestamp, answer: &Answer) {
        let mut run = self.begin(next_id(), name, None, LogRules::default());
        run.start = start;
        run.end(Status::ApplicationError, answer);
    }

    fn begin<'a>(&'a self, id: ActivationId, name: &'a str, cause: Option<ActivationId>, rules: LogRules) -> Run<'a> {
        let (start, record) = (self.runner.clock().now(), Record::new(rules));
        Run { session: self, id, cause, name, start, record, is_open: true }
    }

    async fn guarded(self: &Arc<Self>, deployed: &Deployed, run: &Run<'_>, event: &Event) -> (Answer, Status) {
        let id = run.id;
        let Entry::Event(action) = &*deployed.entry else {
            let message = format!("the action `{}` answers HTTP requests, not events", deployed.name);
            return (Answer::error(422, &message, Fate::Parked), Status::InternalError);
        };
        let ports = self.runner.ports(deployed, Arc::clone(self));
        // Outside a delivery every run is a first attempt.
        let cx = Context::new(id, Arc::clone(&deployed.name), Arc::clone(&deployed.inputs), ports)
            .for_event(event, self.attempt.max(1))
            .in_doubt(self.is_in_doubt)
            .delivered_by(self.delivery.clone())
            .recorded_in(Arc::clone(&run.record));
        // Also what happens before the first wait belongs to the run.
        let attempt = AssertUnwindSafe(async { action.run(&cx, event).await }).catch_unwind();
        let timeout = deployed.limits.timeout;
        match tokio::time::timeout(timeout, recording(Arc::clone(&run.record), attempt)).await {
            Ok(Ok(answer)) => {
                let status = match answer.fate {
                    Fate::Done | Fate::Skipped => Status::Success,
                    Fate::Suppressed => Status::Suppressed,
                    _ => Status::ApplicationError,
                };
                (answer, status)
            }
            Ok(Err(_)) => {
                error!(action = %deployed.name, activation = %id, event.id = %event.id, "an action panicked");
                (Answer::error(500, "the action crashed", Fate::Unknown { after: None }), Status::DeveloperError)
            }
            Err(_) => {
                let message = format!("the action did not end within {} ms", timeout.as_millis());
                (Answer::error(504, &message, Fate::Unknown { after: None }), Status::TimedOut)
            }
        }
    }
}

/// A run that has begun. One that is dropped before its end was cut off with the run that caused it, and is recorded
/// as such.
struct Run<'a> {
    session: &'a Session,
    id: ActivationId,
    cause: Option<ActivationId>,
    name: &'a str,
    start: Timestamp,
    record: Arc<Record>,
    is_open: bool,
}

impl Run<'_> {
    fn end(mut self, status: Status, answer: &Answer) {
        self.record(status, answer);
    }

    fn record(&mut self, status: Status, answer: &Answer) {
        self.is_open = false;
        let recorded = self.record.take(ended(status));
        let activation = Activation {
            id: self.id.uuid(),
            cause: self.cause.map(ActivationId::uuid),
            action: self.name.to_owned(),
            start: self.start,
            end: self.session.runner.clock().now(),
            status,
            result: answer.result.to_string(),
            event: self.session.event_id,
            attempt: self.session.attempt,
            // Whoever is called by another run did not wait.
            wait_ms: if self.cause.is_none() { self.session.wait_ms } else { 0 },
            detail: recorded.detail,
            logs: recorded.logs,
        };
        self.session.recorded.lock().unwrap_or_else(PoisonError::into_inner).push(activation);
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        if self.is_open {
            let reason = "the action was cut off together with the one that called it";
            self.record(Status::DeveloperError, &Answer::error(504, reason, Fate::Unknown { after: None }));
        }
    }
}

/// The session as the port through which an action runs another.
pub(crate) struct Nested(pub(crate) Arc<Session>);

#[async_trait]
impl Actions for Nested {
    async fn invoke(&self, action: &str, event: &Event, caller: &Context) -> Answer {
        self.0.run(action, event, Some(caller.activation())).await
    }
}
