//! Requests to web actions: numbered before anything is known of them, let in by guards, run, recorded.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use jiff::Timestamp;
use sdk::record::Recorded;
use sdk::web::{Request, Response};
use sdk::{ActivationId, Context, Entry, Record, TraceContext};
use serde_json::json;
use store::{Activation, Status};
use tracing::{Instrument, error};

use crate::capture::{ended, recording};
use crate::invoke::NotStarted;
use crate::registry::Deployed;
use crate::run::{Runner, next_id, result};
use crate::session::Session;
use crate::{told, trace_context};

/// A request before anything is known of it.
#[derive(Clone, Copy, Debug)]
pub struct Begun {
    pub id: ActivationId,
    start: Timestamp,
}

impl Runner {
    /// Gives a request its number.
    pub fn begin(&self) -> Begun {
        Begun { id: next_id(), start: self.clock().now() }
    }

    /// Asks what stands in front of an action.
    ///
    /// # Errors
    /// The answer to a caller who does not get past it.
    pub async fn admit(&self, id: ActivationId, deployed: &Deployed, request: &Request) -> Result<(), Response> {
        for guard in &deployed.guards {
            guard.check(request).await.map_err(|denial| denial.answer(id))?;
        }
        Ok(())
    }

    /// Records a request that did not get to an action, under the name that it asked for.
    pub async fn turn_away(&self, begun: Begun, name: &str, answer: &Response) {
        let status = if answer.status < 400 { Status::Success } else { Status::ApplicationError };
        self.note_refusal(self.request_of(begun, name, status, answer)).await;
    }

    /// A run of an action that answers by itself: it has a place from now on, and its record is on disk when it has
    /// answered. The id is the one on record.
    ///
    /// # Errors
    /// As many runs of it are under way as its limit allows.
    pub fn run_web(
        self: &Arc<Self>,
        begun: Begun,
        deployed: &Deployed,
        request: Request,
    ) -> Result<impl Future<Output = (Response, ActivationId)> + Send + use<>, NotStarted> {
        let place = deployed.place()?;
        let (runner, deployed) = (Arc::clone(self), deployed.clone());
        Ok(async move {
            let answered = runner.answer_web(begun, &deployed, request).await;
            drop(place);
            answered
        })
    }

    async fn answer_web(
        self: &Arc<Self>,
        begun: Begun,
        deployed: &Deployed,
        request: Request,
    ) -> (Response, ActivationId) {
        let id = begun.id;
        let session = Session::new(Arc::clone(self), None, 0);
        let record = Record::new(deployed.log_rules());
        let (response, status) = self.guarded_web(id, deployed, request, (&session, &record)).await;
        let response = told::response(response);
        for caused in session.take_recorded() {
            self.note(caused).await;
        }
        let recorded = record.take(ended(status));
        let run = || self.request_of(begun, &deployed.name, status, &response);
        if let Some(on_record) = response.recorded {
            // What a run logs needs a row of its own, which then stands for what the event's row says.
            if on_record == id && recorded.logs.is_some() {
                self.note(Activation { event: Some(id.uuid()), ..with(run(), recorded) }).await;
            }
            return (response, on_record);
        }
        // A store that cannot take events is not asked to take their refusals.
        if response.status == 503 && response.detail.is_none() {
            return (response, id);
        }
        let is_unproven = response.status == 401 || response.detail.is_some();
        let run = with(run(), recorded);
        if is_unproven {
            self.note_refusal(run).await;
        } else {
            self.note(run).await;
        }
        (response, id)
    }

    /// Runs under the action's time limit and a guard against panics.
    async fn guarded_web(
        self: &Arc<Self>,
        id: ActivationId,
        deployed: &Deployed,
        request: Request,
        (session, record): (&Arc<Session>, &Arc<Record>),
    ) -> (Response, Status) {
        let Entry::Web(action) = &*deployed.entry else {
            return (failure(id, 500, "this action does not answer requests"), Status::InternalError);
        };
        let ports = self.ports(deployed, Arc::clone(session));
        let cx = Context::new(id, Arc::clone(&deployed.name), Arc::clone(&deployed.inputs), ports)
            .in_trace(TraceContext::from_headers(&request.headers))
            .recorded_in(Arc::clone(record));
        let span = trace_context::action(&deployed.name, id);
        // Also what happens before the first wait belongs to the run.
        let run = AssertUnwindSafe(async { action.run(&cx, request).await }).catch_unwind().instrument(span.clone());
        let run = recording(Arc::clone(record), run);
        let (response, status) = match tokio::time::timeout(deployed.limits.timeout, run).await {
            Ok(Ok(response)) => {
                let status = if response.status < 400 { Status::Success } else { Status::ApplicationError };
                (response, status)
            }
            Ok(Err(_)) => {
                error!(action = %deployed.name, activation = %id, "a web action panicked");
                (failure(id, 500, "There was an error processing your request."), Status::DeveloperError)
            }
            Err(_) => (failure(id, 504, "the action did not end within its time limit"), Status::TimedOut),
        };
        trace_context::responded(&span, response.status);
        (response, status)
    }

    fn request_of(&self, begun: Begun, name: &str, status: Status, response: &Response) -> Activation {
        Activation {
            id: begun.id.uuid(),
            cause: None,
            action: name.to_owned(),
            start: begun.start,
            end: self.clock().now(),
            status,
            result: result(response),
            event: None,
            attempt: 0,
            wait_ms: 0,
            detail: None,
            logs: None,
        }
    }
}

fn with(run: Activation, Recorded { logs, detail }: Recorded) -> Activation {
    Activation { logs, detail, ..run }
}

/// `{"error", "code"}`: an answer that no action gave, with the activation that says more.
pub(crate) fn failure(id: ActivationId, status: u16, message: &str) -> Response {
    Response::json(status, &json!({"error": message, "code": id.to_string()}))
}
