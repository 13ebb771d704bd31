//! The doors through which actions reach the world. The engine and the clients stand behind them.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use http::Method;
use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::web::{Request, Verdict};
use crate::{ActivationId, Answer, Context, Echo, Event, Fault, Record, Reply, Stop, TraceContext};

/// The ports of one action.
#[derive(Clone)]
pub struct Ports {
    pub targets: Targets,
    pub echoes: Arc<dyn Echoes>,
    pub state: Arc<dyn State>,
    pub actions: Arc<dyn Actions>,
    pub publisher: Arc<dyn Publisher>,
    pub senders: Arc<dyn Senders>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ports")
    }
}

/// The systems that an action can call, as its inputs name them.
#[derive(Clone)]
pub struct Targets {
    /// Commerce's REST API; paths are below `V1/`.
    pub commerce: Arc<dyn TargetPort>,
    /// Commerce's GraphQL API; the path is empty.
    pub graphql: Arc<dyn TargetPort>,
    /// The ERP, or whatever stands behind it.
    pub backoffice: Arc<dyn TargetPort>,
}

impl fmt::Debug for Targets {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Targets")
    }
}

/// One call to another system. Retries, time limits and credentials are the port's business.
#[derive(Clone, Debug)]
pub struct Call {
    pub method: Method,
    /// Below the target's base, already percent-encoded: `products/A%2FB`.
    pub path: String,
    pub body: Option<Vec<u8>>,
    /// Goes along as `x-event-id`: the same for every attempt at one event.
    pub event_id: Option<String>,
    /// Where in a trace the call belongs.
    pub trace: Option<TraceContext>,
    /// What the call changes, such as `sku/A1`: calls that share one of these never overlap.
    pub changes: Vec<String>,
}

/// A system that takes calls. A reply of any status is `Ok`; no reply is a stop.
#[async_trait]
pub trait TargetPort: Send + Sync {
    async fn call(&self, call: Call) -> Result<Reply, Stop>;
}

/// A target as a handler sees it, with the event's id tied in.
#[derive(Clone)]
pub struct Target<'a> {
    port: &'a dyn TargetPort,
    event_id: Option<&'a str>,
    trace: Option<&'a TraceContext>,
    /// What the target is called in the record of the run.
    noted: (&'static str, &'a Record),
    changes: Vec<String>,
}

impl<'a> Target<'a> {
    pub(crate) fn new(
        port: &'a dyn TargetPort,
        event_id: Option<&'a str>,
        trace: Option<&'a TraceContext>,
        noted: (&'static str, &'a Record),
    ) -> Self {
        Self { port, event_id, trace, noted, changes: Vec::new() }
    }

    /// Names what the next call changes: no other call that names the same runs at the same time, whichever action
    /// makes it. Case and blanks around a key do not count, as in Commerce's database.
    #[must_use]
    pub fn changing<'k>(mut self, kind: &str, keys: impl IntoIterator<Item = &'k str>) -> Self {
        self.changes.extend(keys.into_iter().map(|key| format!("{kind}/{}", key.trim().to_lowercase())));
        self.changes.sort_unstable();
        self.changes.dedup();
        self
    }

    pub async fn get(&self, path: impl Into<String>) -> Result<Reply, Stop> {
        self.call(Method::GET, path.into(), None).await
    }

    pub async fn post(&self, path: impl Into<String>, body: &(impl Serialize + Sync)) -> Result<Reply, Stop> {
        self.call(Method::POST, path.into(), Some(encode(body)?)).await
    }

    pub async fn put(&self, path: impl Into<String>, body: &(impl Serialize + Sync)) -> Result<Reply, Stop> {
        self.call(Method::PUT, path.into(), Some(encode(body)?)).await
    }

    pub async fn delete(&self, path: impl Into<String>) -> Result<Reply, Stop> {
        self.call(Method::DELETE, path.into(), None).await
    }

    /// A call of any method; the body is JSON text.
    pub async fn call(&self, method: Method, path: String, body: Option<Vec<u8>>) -> Result<Reply, Stop> {
        let (event_id, changes) = (self.event_id.map(str::to_owned), self.changes.clone());
        let call = Call { method, path, body, event_id, trace: self.trace.cloned(), changes };
        let (name, record) = self.noted;
        let note = record.call(name, &call);
        let answer = self.port.call(call).await;
        note.answered(&answer);
        answer
    }
}

impl fmt::Debug for Target<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Target").field("event_id", &self.event_id).finish_non_exhaustive()
    }
}

fn encode(body: &impl Serialize) -> Result<Vec<u8>, Stop> {
    serde_json::to_vec(body).map_err(|error| Stop::park("the request cannot be written as JSON").because(error))
}

/// RFC 3986's unreserved characters stay; everything else, `/` included, is escaped.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as one segment of a path: `segment("A/B 1")` is `A%2FB%201`.
///
/// `.` and `..` cannot be told from "this folder" and "the one above" in any spelling; a call with such a segment is
/// refused by the client that makes it.
pub fn segment(value: impl fmt::Display) -> String {
    utf8_percent_encode(&value.to_string(), SEGMENT).to_string()
}

/// Remembers the changes that were carried lately, so that their echoes are known.
#[async_trait]
pub trait Echoes: Send + Sync {
    /// Whether the opposite direction carried this very change within the window.
    async fn is_echo(&self, echo: &Echo) -> Result<bool, Stop>;

    /// Told before the change is sent; on disk when it returns.
    async fn remember(&self, echo: &Echo) -> Result<(), Stop>;
}

/// Small values of actions that outlive the process, each until its end: what Adobe's state library is to an app.
#[async_trait]
pub trait State: Send + Sync {
    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, Stop>;

    async fn put(&self, key: &str, value: Vec<u8>, kept_for: Duration) -> Result<(), Stop>;

    async fn delete(&self, key: &str) -> Result<(), Stop>;
}

/// Runs other actions of the same deployment.
#[async_trait]
pub trait Actions: Send + Sync {
    async fn invoke(&self, action: &str, event: &Event, caller: &Context) -> Answer;
}

/// An event that asks to be published.
#[derive(Debug)]
pub struct Publication {
    /// The run that publishes; the event's id is made of it.
    pub activation: ActivationId,
    /// The action that runs, `package/action` as deployed.
    pub publisher: Arc<str>,
    pub code: String,
    /// The entity that the sender says the event is about.
    pub entity: Option<String>,
    /// The sender's idempotency key, per event code. `None` takes every event for a new one.
    pub uid: Option<String>,
    /// Where in a trace it was asked for.
    pub trace: Option<TraceContext>,
    pub value: Box<RawValue>,
    /// What makes the request one of its kind: no second event comes of it, whatever its uid.
    pub nonce: Option<Nonce>,
}

/// Names one request that somebody signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nonce {
    pub text: String,
    /// From when on the request counts as stale, so that its name need not be kept.
    pub expires: Timestamp,
}

/// The event is stored and will be delivered.
#[derive(Clone, Copy, Debug)]
pub struct Published {
    pub progress: Progress,
    /// The run that first published it.
    pub activation: ActivationId,
    /// The same event had come before; nothing was stored or published now.
    pub is_repeated: bool,
}

/// How far an event has come when its sender is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// As far as the sender was to wait for.
    Published,
    /// It is stored, and the events API has not taken it yet: it will be published by schedule.
    Accepted,
}

/// Why an event was not published. But for what the events API refused, nothing of it was kept.
#[derive(Debug)]
pub enum Refusal {
    /// No such event code, or nobody registered for it.
    UnknownEvent,
    /// The event belongs to this entity, not to the one that the sender named.
    OtherEntity(&'static str),
    /// The value breaks its schema; never empty.
    Invalid(Vec<Fault>),
    /// The uid was used for another value at this time.
    UidTaken(Timestamp),
    /// This very request made an event before that is not there any more.
    Replayed,
    /// The events API refused it for good; this is why, without anything of the payload.
    Unpublishable(String),
    /// Try again after a while.
    Unavailable { retry_after: Duration },
}

/// Takes events in: checks, dedupes, stores.
#[async_trait]
pub trait Publisher: Send + Sync {
    async fn publish(&self, publication: Publication) -> Result<Published, Refusal>;
}

/// Knows who may send events to the ingestion webhook: the schemes of `KIT_INGESTION_AUTH`.
#[async_trait]
pub trait Senders: Send + Sync {
    async fn check(&self, request: &Request) -> Verdict;
}
