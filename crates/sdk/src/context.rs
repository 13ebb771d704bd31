use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tracing::{info, warn};

use crate::record::LogRules;
use crate::{
    ActivationId, Answer, Delivery, Echoes, Event, Params, Ports, Publisher, Record, Senders, State, Stop, Target,
    TargetPort, TraceContext,
};

/// The tracing target of what belongs into the log of its run alone, not into that of the process. No module of the program has
/// a name that begins like it: what they say would be lost.
pub const RUN_LOG: &str = "kit::log_of_run";

/// The typed inputs of one action, from `actions.config.yaml`. Values can be secrets: `Debug` prints names.
#[derive(Clone, Default)]
pub struct Inputs(BTreeMap<String, Value>);

impl Inputs {
    pub fn new(values: BTreeMap<String, Value>) -> Self {
        Self(values)
    }

    /// All of them, as a runtime action is given them.
    pub fn as_params(&self) -> Params {
        self.0.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether there is an input of this name, whatever its value.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A text input; an empty one counts as not set.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str).filter(|text| !text.is_empty())
    }

    /// An input of any shape.
    ///
    /// # Errors
    /// Parks the event when the input is there but does not fit `T`.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, Stop> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        serde_json::from_value(value.clone())
            .map(Some)
            .map_err(|_| Stop::park(format!("the input `{name}` of this action does not fit")))
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

/// What a context keeps of its event.
#[derive(Debug)]
struct Named {
    id: String,
    time: Timestamp,
}

/// What one run of an action can see and reach.
#[derive(Debug)]
pub struct Context {
    activation: ActivationId,
    action: Arc<str>,
    attempt: u32,
    is_in_doubt: bool,
    event: Option<Named>,
    trace: Option<TraceContext>,
    delivery: Option<Arc<Delivery>>,
    inputs: Arc<Inputs>,
    ports: Ports,
    record: Arc<Record>,
}

impl Context {
    pub fn new(activation: ActivationId, action: Arc<str>, inputs: Arc<Inputs>, ports: Ports) -> Self {
        Self {
            activation,
            action,
            attempt: 1,
            is_in_doubt: false,
            event: None,
            trace: None,
            delivery: None,
            inputs,
            ports,
            record: Record::new(LogRules::default()),
        }
    }

    /// The context of a run that somebody keeps the record of.
    #[must_use]
    pub fn recorded_in(self, record: Arc<Record>) -> Self {
        Self { record, ..self }
    }

    pub(crate) fn record(&self) -> &Record {
        &self.record
    }

    /// The context of an attempt at delivering an event.
    #[must_use]
    pub fn for_event(self, event: &Event, attempt: u32) -> Self {
        let named = Named { id: event.id.clone(), time: event.time };
        Self { attempt, event: Some(named), trace: event.trace.clone(), ..self }
    }

    /// The context of a run that a request asked for.
    #[must_use]
    pub fn in_trace(self, trace: Option<TraceContext>) -> Self {
        Self { trace, ..self }
    }

    /// The context of an attempt after one whose effect is not known.
    #[must_use]
    pub fn in_doubt(self, is_in_doubt: bool) -> Self {
        Self { is_in_doubt, ..self }
    }

    /// The context of a run that an events service asked for.
    #[must_use]
    pub fn delivered_by(self, delivery: Option<Arc<Delivery>>) -> Self {
        Self { delivery, ..self }
    }

    /// The attempt at delivering the event that this run is a part of.
    pub fn delivery(&self) -> Option<&Delivery> {
        self.delivery.as_deref()
    }

    /// The action that runs, `package/action` as deployed.
    pub fn action(&self) -> &Arc<str> {
        &self.action
    }

    pub fn activation(&self) -> ActivationId {
        self.activation
    }

    /// 1 for the first attempt.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Whether an earlier attempt at this event ended without our knowing what became of its call: the process was
    /// killed, or no answer came. What must not happen twice is looked for before it is sent again.
    pub fn is_in_doubt(&self) -> bool {
        self.is_in_doubt
    }

    /// The id of the event that this attempt is at; it goes along with every call.
    pub fn event_id(&self) -> Option<&str> {
        self.event.as_ref().map(|event| &*event.id)
    }

    /// When that event was accepted.
    pub fn event_time(&self) -> Option<Timestamp> {
        self.event.as_ref().map(|event| event.time)
    }

    pub fn inputs(&self) -> &Inputs {
        &self.inputs
    }

    /// Where in a trace whatever asked for this run stands. Calls and events that it causes go on from there.
    pub fn trace(&self) -> Option<&TraceContext> {
        self.trace.as_ref()
    }

    /// Adobe Commerce, as this action's inputs name it.
    pub fn commerce(&self) -> Target<'_> {
        self.target("commerce", &*self.ports.targets.commerce)
    }

    /// Adobe Commerce's GraphQL API; the path of a call is empty.
    pub fn graphql(&self) -> Target<'_> {
        self.target("graphql", &*self.ports.targets.graphql)
    }

    /// The back office, as this action's inputs name it.
    pub fn backoffice(&self) -> Target<'_> {
        self.target("backoffice", &*self.ports.targets.backoffice)
    }

    fn target<'a>(&'a self, name: &'static str, port: &'a dyn TargetPort) -> Target<'a> {
        Target::new(port, self.event_id(), self.trace.as_ref(), (name, &self.record))
    }

    /// Small values that outlive the run.
    pub fn state(&self) -> &dyn State {
        &*self.ports.state
    }

    pub(crate) fn echoes(&self) -> &dyn Echoes {
        &*self.ports.echoes
    }

    /// Where ingested events go.
    pub fn publisher(&self) -> &dyn Publisher {
        &*self.ports.publisher
    }

    /// Who may send events, as the settings say.
    pub fn senders(&self) -> &dyn Senders {
        &*self.ports.senders
    }

    /// Runs another action on an event and waits for its answer; it gets an activation of its own.
    pub async fn invoke(&self, action: &str, event: &Event) -> Answer {
        self.ports.actions.invoke(action, event, self).await
    }

    /// Logs a stop, once, where it is handled. Its message may quote a target, and so the event: that is for the log of
    /// the run alone. The answer never holds the cause.
    pub(crate) fn note_stop(&self, stop: &Stop) {
        if stop.fate().is_success() {
            info!(target: RUN_LOG, "{stop}");
        } else {
            warn!(target: RUN_LOG, "{stop}");
        }
        if let Some(cause) = stop.source() {
            warn!(action = %self.action, activation = %self.activation, error = %Chain(cause), "{stop}");
        }
    }
}

/// An error and all that caused it, in one line.
#[derive(Debug)]
pub struct Chain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Chain<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.0)?;
        let mut cause = self.0.source();
        while let Some(error) = cause {
            write!(formatter, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}
