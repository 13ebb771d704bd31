use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sdk::web::Response;
use sdk::{ActivationId, Ports, Publisher, Senders};
use serde_json::Value;
use serde_json::value::RawValue;
use store::{Activation, Store, StoreError};
use tracing::{debug, warn};
use uuid::Uuid;

use crate::memory::Memory;
use crate::refusals::Refusals;
use crate::registry::{Deployed, Registry};
use crate::session::{Nested, Session};
use crate::{Clock, meters, told};

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

/// `{"statusCode", "body"}`, and `reason` with what only the activation may tell.
pub(crate) fn result(response: &Response) -> String {
    let body = serde_json::from_slice::<&RawValue>(&response.body).map_or("null", RawValue::get);
    let reason = response.detail.as_ref().map(|detail| format!(r#","reason":{}"#, Value::from(detail.as_str())));
    format!(r#"{{"statusCode":{},"body":{body}{}}}"#, response.status, reason.unwrap_or_default())
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
