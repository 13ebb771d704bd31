//! Sequences: other actions, one after another, each with an activation of its own.

use std::sync::Arc;
use std::time::Duration;

use sdk::{ActivationId, Params};
use serde_json::Value;
use store::Status;
use tokio::time::{Instant, timeout_at};

use crate::invoke::{Asked, End, Started};
use crate::record;
use crate::run::Runner;

/// As long as a sequence may take with all of its actions. What runs then goes on; nobody begins the rest.
const TOTAL: Duration = Duration::from_mins(1);

/// What the record of a sequence tells of its actions, in the place of lines.
#[derive(Default)]
pub(crate) struct Parts(Vec<ActivationId>);

impl Parts {
    /// Their ids, a line each.
    pub(crate) fn lines(&self) -> Option<Box<str>> {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        (!lines.is_empty()).then(|| lines.join("\n").into())
    }
}

impl Runner {
    /// Runs these actions, the result of one being the parameters of the next; the first that fails ends the sequence.
    pub(crate) async fn run_sequence(
        self: &Arc<Self>,
        id: ActivationId,
        components: &[Arc<str>],
        mut params: Params,
        asked: &Asked,
    ) -> (Parts, End) {
        let mut parts = Parts::default();
        let deadline = Instant::now() + TOTAL;
        let mut last = End::of(Value::Object(Params::new()));
        for component in components {
            let started = match self.begin_component(component, params, id, asked) {
                Ok(started) => started,
                Err(end) => return (parts, end),
            };
            parts.0.push(started.id);
            last = match timeout_at(deadline, started.ended()).await {
                Ok(Some(ended)) => {
                    End { status: ended.status, result: serde_json::from_str(&ended.result).unwrap_or_default() }
                }
                Ok(None) => End::failed(Status::InternalError, format!("the action `{component}` was cut off")),
                Err(_) => {
                    let error = format!("The sequence exceeded its time limit of {} milliseconds.", TOTAL.as_millis());
                    End::failed(Status::TimedOut, error)
                }
            };
            // An action that held an echo back has done nothing, and nothing is wrong.
            if !record::is_success(last.status) {
                break;
            }
            params = match &last.result {
                Value::Object(result) => result.clone(),
                // What nobody takes as parameters is still a result, if it is the last.
                _ if parts.0.len() == components.len() => break,
                _ => {
                    let error =
                        format!("The action `{component}` did not produce an object, which the next one takes.");
                    return (parts, End::failed(Status::DeveloperError, error));
                }
            };
        }
        (parts, last)
    }

    /// A run of one of them, which is on record whatever becomes of it.
    fn begin_component(
        self: &Arc<Self>,
        component: &str,
        params: Params,
        sequence: ActivationId,
        asked: &Asked,
    ) -> Result<Started, End> {
        let allowed = self.registry().get(component).map_or(usize::MAX, |deployed| deployed.limits.payload_bytes);
        let length = serde_json::to_vec(&params).map_or(0, |text| text.len());
        if length > allowed {
            let error = format!("Request larger than allowed: {length} > {allowed} bytes.");
            return Err(End::failed(Status::DeveloperError, error));
        }
        let asked = Asked { cause: Some(sequence), trace: asked.trace.clone() };
        self.invoke(component, params, asked).map_err(|error| End::failed(Status::ApplicationError, error))
    }
}
