//! Runs that somebody asks for with parameters: they go on when nobody waits for them any more.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::Timestamp;
use sdk::record::Recorded;
use sdk::web::{Request, Response, WebAction};
use sdk::{ActivationId, Context, Entry, Event, Params, Record, RuntimeAction, TraceContext};
use serde_json::value::to_raw_value;
use serde_json::{Value, json};
use store::{Activation, Status};
use tokio::sync::oneshot;
use tracing::{Instrument, error};

use crate::capture::{ended, recording};
use crate::places::Place;
use crate::registry::Deployed;
use crate::run::{Runner, next_id, result};
use crate::session::Session;
use crate::{told, trace_context};

/// The `source` of events that are made of the parameters of a run.
const SOURCE: &str = "urn:kit:invocation";

/// Where a run that is asked for belongs.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The run that it is a part of.
    pub cause: Option<ActivationId>,
    pub trace: Option<TraceContext>,
}

/// A run that has begun.
#[derive(Debug)]
pub struct Started {
    pub id: ActivationId,
    end: oneshot::Receiver<Activation>,
}

impl Started {
    /// Waits for its end, when its record is on disk. `None`: it was cut off with the process.
    pub async fn ended(self) -> Option<Activation> {
        self.end.await.ok()
    }
}

/// Why a run does not begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotStarted {
    /// There is no such action.
    Unknown,
    /// As many runs of it are under way as its limit allows.
    Busy { running: usize, allowed: usize },
}

impl fmt::Display for NotStarted {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => formatter.write_str("The requested resource does not exist."),
            Self::Busy { running, allowed } => {
                write!(formatter, "Too many concurrent requests in flight (count: {running}, allowed: {allowed}).")
            }
        }
    }
}

/// How a run ended, and its result.
pub(crate) struct End {
    pub(crate) status: Status,
    pub(crate) result: Value,
}

impl End {
    /// An error of the action itself, in the runtime's words.
    pub(crate) fn failed(status: Status, error: impl fmt::Display) -> Self {
        Self { status, result: json!({"error": error.to_string()}) }
    }

    /// A result of a runtime action.
    pub(crate) fn of(result: Value) -> Self {
        let status = match &result {
            Value::Object(members) if members.contains_key("error") => Status::ApplicationError,
            Value::Object(_) | Value::Array(_) => Status::Success,
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
                let error = "The action did not produce a valid response and exited unexpectedly.";
                return Self::failed(Status::DeveloperError, error);
            }
        };
        Self { status, result }
    }
}

impl Runner {
    /// Begins a run of a deployed action with these parameters, whichever kind it is. For an action on events they are
    /// the members of the event; for a web action that reads raw requests they become one.
    ///
    /// # Errors
    /// There is no such action, or it has no place.
    pub fn invoke(self: &Arc<Self>, name: &str, params: Params, asked: Asked) -> Result<Started, NotStarted> {
        let deployed = self.registry().get(name).ok_or(NotStarted::Unknown)?.clone();
        let place = deployed.place()?;
        let id = next_id();
        let (tell, end) = oneshot::channel();
        let runner = Arc::clone(self);
        tokio::spawn(async move {
            let activation = runner.run_on(id, &deployed, params, asked, place).await;
            runner.note(activation.clone()).await;
            let told = if activation.status == Status::Success { activation } else { told::record(activation) };
            // Nobody may be waiting any more.
            let _ = tell.send(told);
        });
        Ok(Started { id, end })
    }

    async fn run_on(
        self: &Arc<Self>,
        id: ActivationId,
        deployed: &Deployed,
        params: Params,
        asked: Asked,
        _place: Place,
    ) -> Activation {
        let session = Session::new(Arc::clone(self), None, 0);
        let start = self.clock().now();
        let (recorded, end) = match &*deployed.entry {
            Entry::Event(_) => return self.run_on_event(id, deployed, params, &asked, &session).await,
            Entry::Sequence(components) => {
                let (parts, end) = self.run_sequence(id, components, params, &asked).await;
                (Recorded { logs: parts.lines(), detail: None }, end)
            }
            Entry::Runtime(action) => {
                let run = |cx| async move { End::of(run_runtime(&**action, &cx, deployed, params).await) };
                self.guarded(id, deployed, &asked, &session, run).await
            }
            Entry::Web(action) => {
                let run = |cx| async move { run_web(&**action, &cx, params).await };
                self.guarded(id, deployed, &asked, &session, run).await
            }
        };
        for caused in session.take_recorded() {
            self.note(caused).await;
        }
        let End { status, result } = within_limit(deployed, end);
        Activation {
            id: id.uuid(),
            cause: asked.cause.map(ActivationId::uuid),
            action: deployed.name.to_string(),
            start,
            end: self.clock().now(),
            status,
            result: result.to_string(),
            event: None,
            attempt: 0,
            wait_ms: 0,
            detail: recorded.detail,
            logs: recorded.logs,
        }
    }

    /// The run of an action on an event, and the runs that it causes.
    async fn run_on_event(
        self: &Arc<Self>,
        id: ActivationId,
        deployed: &Deployed,
        params: Params,
        asked: &Asked,
        session: &Arc<Session>,
    ) -> Activation {
        let event = event(params, id, self.clock().now(), asked.trace.clone());
        session.run_as(id, &deployed.name, &event, asked.cause).await;
        let mut own = None;
        for activation in session.take_recorded() {
            if activation.id == id.uuid() {
                own = Some(activation);
            } else {
                self.note(activation).await;
            }
        }
        own.expect("a session records every run that it begins")
    }

    /// Runs under the action's time limit and a guard against panics.
    async fn guarded<F: Future<Output = End>>(
        self: &Arc<Self>,
        id: ActivationId,
        deployed: &Deployed,
        asked: &Asked,
        session: &Arc<Session>,
        run: impl FnOnce(Context) -> F,
    ) -> (Recorded, End) {
        let record = Record::new(deployed.log_rules());
        let ports = self.ports(deployed, Arc::clone(session));
        let cx = Context::new(id, Arc::clone(&deployed.name), Arc::clone(&deployed.inputs), ports)
            .in_trace(asked.trace.clone())
            .recorded_in(Arc::clone(&record));
        let span = trace_context::action(&deployed.name, id);
        // Also what happens before the first wait belongs to the run.
        let run = AssertUnwindSafe(async { run(cx).await }).catch_unwind().instrument(span);
        let timeout = deployed.limits.timeout;
        let end = match tokio::time::timeout(timeout, recording(Arc::clone(&record), run)).await {
            Ok(Ok(end)) => end,
            Ok(Err(_)) => {
                error!(action = %deployed.name, activation = %id, "an action panicked");
                let error = "The action did not produce a valid response and exited unexpectedly.";
                End::failed(Status::DeveloperError, error)
            }
            Err(_) => {
                let error = format!("The action exceeded its time limits of {} milliseconds.", timeout.as_millis());
                End::failed(Status::TimedOut, error)
            }
        };
        (record.take(ended(end.status)), end)
    }
}

async fn run_runtime(action: &dyn RuntimeAction, cx: &Context, deployed: &Deployed, params: Params) -> Value {
    let mut all = deployed.inputs.as_params();
    all.extend(params);
    action.run(cx, all).await
}

async fn run_web(action: &dyn WebAction, cx: &Context, params: Params) -> End {
    let response = action.run(cx, request(params)).await;
    let status = if response.status < 400 { Status::Success } else { Status::ApplicationError };
    End { status, result: web_result(&response) }
}

/// `{"statusCode", "headers", "body"}`; what failed stands below `error`.
fn web_result(response: &Response) -> Value {
    let mut shown: Value = serde_json::from_str(&result(response)).unwrap_or_default();
    let headers = response.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
    let headers: serde_json::Map<String, Value> =
        headers.map(|(name, value)| (name.to_owned(), Value::from(value))).collect();
    if !headers.is_empty() {
        shown["headers"] = Value::Object(headers);
    }
    if response.status < 400 { shown } else { json!({ "error": shown }) }
}

/// The request that a web action is shown which somebody invokes.
fn request(mut params: Params) -> Request {
    let text = |value: Option<Value>| value.as_ref().and_then(Value::as_str).map(str::to_owned);
    let method = text(params.remove("__ow_method")).and_then(|method| method.to_uppercase().parse().ok());
    let query = text(params.remove("__ow_query")).filter(|query| !query.is_empty());
    let mut headers = HeaderMap::new();
    if let Some(Value::Object(given)) = params.remove("__ow_headers") {
        headers.extend(given.iter().filter_map(|(name, value)| {
            Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.as_str()?).ok()?))
        }));
    }
    let body = match params.remove("__ow_body") {
        Some(Value::String(body)) => body,
        Some(body) => body.to_string(),
        None => Value::Object(params).to_string(),
    };
    headers.entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("application/json"));
    Request { method: method.unwrap_or(Method::POST), headers, query, body: body.into(), peer: None }
}

/// The event whose members the parameters are (contract, section 4.8).
fn event(mut params: Params, id: ActivationId, now: Timestamp, trace: Option<TraceContext>) -> Event {
    let mut text = |name: &str| match params.remove(name) {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        Some(_) | None => None,
    };
    let (given, source, code, time) = (text("id"), text("source"), text("type"), text("time"));
    let data = to_raw_value(&params.remove("data").unwrap_or_default());
    Event {
        id: given.unwrap_or_else(|| id.uuid().to_string()),
        source: source.unwrap_or_else(|| SOURCE.to_owned()),
        code: code.unwrap_or_default(),
        time: time.and_then(|time| time.parse().ok()).unwrap_or(now),
        trace,
        data: data.unwrap_or_else(|_| serde_json::value::RawValue::NULL.to_owned()).into(),
    }
}

/// A result that is too large is none.
fn within_limit(deployed: &Deployed, end: End) -> End {
    let (length, allowed) = (end.result.to_string().len(), deployed.limits.result_bytes);
    if length <= allowed {
        return end;
    }
    let error = format!("The action produced a response that exceeded the allowed length: {length} > {allowed} bytes.");
    End::failed(Status::DeveloperError, error)
}
