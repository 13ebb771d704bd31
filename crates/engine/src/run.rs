use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::Method;
use http::header::{ALLOW, HeaderValue};
use jiff::Timestamp;
use sdk::record::Recorded;
use sdk::web::{Request, Response};
use sdk::{ActivationId, Context, Entry, Ports, Publisher, Record, Senders, TraceContext};
use serde_json::Value;
use serde_json::value::RawValue;
use store::{Activation, Status, Store, StoreError};
use tracing::{Instrument, debug, error, warn};
use uuid::Uuid;

use crate::capture::recording;
use crate::memory::Memory;
use crate::refusals::Refusals;
use crate::registry::{Deployed, Registry};
use crate::session::{Nested, Session};
use crate::{Clock, meters, told, trace_context};

/// Runs actions: finds them, gives them their context, guards them, records them.
pub struct Runner {
    registry: Registry,
    publisher: Arc<dyn Publisher>,
    senders: Arc<dyn Senders>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    memory: Arc<Memory>,
    refusals: Refusals,
}

/// What a runner is made of.
pub struct RunnerParts {
    pub registry: Registry,
    pub publisher: Arc<dyn Publisher>,
    pub senders: Arc<dyn Senders>,
    pub store: Arc<dyn Store>,
    pub clock: Arc<dyn Clock>,
    /// How long a change is remembered, so that its echo goes no further; zero lets every echo pass.
    pub echo_window: Duration,
}

impl fmt::Debug for RunnerParts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("RunnerParts").field("echo_window", &self.echo_window).finish_non_exhaustive()
    }
}

impl Runner {
    pub fn new(parts: RunnerParts) -> Arc<Self> {
        let RunnerParts { registry, publisher, senders, store, clock, echo_window } = parts;
        let memory = Arc::new(Memory::new(Arc::clone(&store), Arc::clone(&clock), echo_window));
        let refusals = Refusals::new(clock.now());
        Arc::new(Self { registry, publisher, senders, store, clock, memory, refusals })
    }

    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The doors of one run.
    pub(crate) fn ports(&self, deployed: &Deployed, session: Arc<Session>) -> Ports {
        Ports {
            targets: deployed.targets.clone(),
            echoes: Arc::<Memory>::clone(&self.memory),
            state: Arc::<Memory>::clone(&self.memory),
            actions: Arc::new(Nested(session)),
            publisher: Arc::clone(&self.publisher),
            senders: Arc::clone(&self.senders),
        }
    }

    /// Whether HTTP callers reach an action of this name.
    pub fn has_web_action(&self, name: &str) -> bool {
        self.registry.get(name).is_some_and(Deployed::is_web)
    }

    /// Runs a web action on a request.
    ///
    /// Returns `None` when there is no such action, or none that HTTP callers reach.
    pub async fn run_web(self: &Arc<Self>, name: &str, request: Request) -> Option<(Response, ActivationId)> {
        let deployed = self.registry.get(name).filter(|deployed| deployed.is_web())?;
        let Entry::Web(action) = &*deployed.entry else { return None };
        let id = next_id();
        let start = self.clock.now();
        if let Some(response) = turned_away(id, deployed, action.methods(), &request).await {
            let recorded = Recorded::default();
            self.record(deployed, (id, start), Status::ApplicationError, &response, recorded).await;
            return Some((response, id));
        }
        let session = Session::new(Arc::clone(self), None, 0);
        let ports = self.ports(deployed, Arc::clone(&session));
        let record = Record::new(deployed.log_rules());
        let cx = Context::new(id, Arc::clone(&deployed.name), Arc::clone(&deployed.inputs), ports)
            .in_trace(TraceContext::from_headers(&request.headers))
            .recorded_in(Arc::clone(&record));
        let span = trace_context::action(name, id);
        let run = AssertUnwindSafe(async { action.run(&cx, request).await }).catch_unwind().instrument(span.clone());
        let run = recording(Arc::clone(&record), run);
        let (response, status) = match tokio::time::timeout(deployed.limits.timeout, run).await {
            Ok(Ok(response)) => {
                let status = if response.status < 400 { Status::Success } else { Status::ApplicationError };
                (response, status)
            }
            Ok(Err(_)) => {
                error!(action = %deployed.name, activation = %id, "a web action panicked");
                (Response::error(500, "There was an error processing your request."), Status::DeveloperError)
            }
            Err(_) => (Response::error(504, "the action did not end within its time limit"), Status::TimedOut),
        };
        let response = told::response(response);
        trace_context::responded(&span, response.status);
        for caused in session.take_recorded() {
            self.note(caused).await;
        }
        let recorded = record.take();
        if let Some(on_record) = response.recorded {
            // What a run logs needs a row of its own, which then stands for what the event's row says.
            if on_record == id && recorded.logs.is_some() {
                let run = self.run_of(deployed, id, start, status, &response);
                self.note(Activation { event: Some(id.uuid()), ..with(run, recorded) }).await;
            }
            return Some((response, on_record));
        }
        self.record(deployed, (id, start), status, &response, recorded).await;
        Some((response, id))
    }

    /// A run of its own row. A store that cannot take events is not asked to take their refusals.
    async fn record(
        &self,
        deployed: &Deployed,
        (id, start): (ActivationId, Timestamp),
        status: Status,
        response: &Response,
        recorded: Recorded,
    ) {
        if response.status == 503 && response.detail.is_none() {
            return;
        }
        let is_unproven = response.status == 401 || response.detail.is_some();
        let activation = with(self.run_of(deployed, id, start, status, response), recorded);
        if is_unproven { self.note_refusal(activation).await } else { self.note(activation).await }
    }

    fn run_of(
        &self,
        deployed: &Deployed,
        id: ActivationId,
        start: Timestamp,
        status: Status,
        response: &Response,
    ) -> Activation {
        Activation {
            id: id.uuid(),
            cause: None,
            action: deployed.name.to_string(),
            start,
            end: self.clock.now(),
            status,
            result: result(response),
            event: None,
            attempt: 0,
            wait_ms: 0,
            detail: None,
            logs: None,
        }
    }

    /// Records how somebody was refused who has proven nothing. Of a flood of them most are only counted.
    pub async fn note_refusal(&self, activation: Activation) {
        if self.refusals.admits(self.clock.now()) {
            self.note(activation).await;
        } else {
            meters::refusal_not_recorded();
        }
    }

    /// Records a run that belongs to no delivery.
    pub async fn note(&self, activation: Activation) {
        let id = ActivationId::new(activation.id);
        match self.store.record(told::record(activation)).await {
            Ok(()) => {}
            // Whoever filled the store with events has been told; refusals are not worth a line each.
            Err(StoreError::Full) => debug!(activation = %id, "an activation was not recorded: the store is full"),
            Err(error) => warn!(activation = %id, %error, "an activation was not recorded"),
        }
    }
}

fn with(run: Activation, Recorded { logs, detail }: Recorded) -> Activation {
    Activation { logs, detail, ..run }
}

/// `{"statusCode", "body"}`, and `reason` with what only the activation may tell.
pub(crate) fn result(response: &Response) -> String {
    let body = serde_json::from_slice::<&RawValue>(&response.body).map_or("null", RawValue::get);
    let reason = response.detail.as_ref().map(|detail| format!(r#","reason":{}"#, Value::from(detail.as_str())));
    format!(r#"{{"statusCode":{},"body":{body}{}}}"#, response.status, reason.unwrap_or_default())
}

/// The answer to a request that does not get to the action.
async fn turned_away(id: ActivationId, deployed: &Deployed, methods: &[Method], request: &Request) -> Option<Response> {
    for guard in &deployed.guards {
        if let Err(denial) = guard.check(request).await {
            return Some(denial.answer(id));
        }
    }
    (!methods.contains(&request.method)).then(|| wrong_method(methods))
}

fn wrong_method(methods: &[Method]) -> Response {
    let allowed: Vec<&str> = methods.iter().map(Method::as_str).collect();
    let response = Response::error(405, "this method is not allowed here");
    match HeaderValue::from_str(&allowed.join(", ")) {
        Ok(allowed) => response.with_header(ALLOW, allowed),
        Err(_) => response,
    }
}

impl fmt::Debug for Runner {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Runner").field("registry", &self.registry).finish_non_exhaustive()
    }
}

/// Ids made later sort later, so the store appends them.
pub(crate) fn next_id() -> ActivationId {
    ActivationId::new(Uuid::now_v7())
}
