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

use crate::{ActivationId, Answer, Context, Event, Fault, Reply, Stop};

/// The ports of one action.
#[derive(Clone)]
pub struct Ports {
    pub commerce: Arc<dyn TargetPort>,
    pub actions: Arc<dyn Actions>,
    pub publisher: Arc<dyn Publisher>,
}

impl fmt::Debug for Ports {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ports")
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
}

/// A system that takes calls. A reply of any status is `Ok`; no reply is a stop.
#[async_trait]
pub trait TargetPort: Send + Sync {
    async fn call(&self, call: Call) -> Result<Reply, Stop>;
}

/// A target as a handler sees it, with the event's id tied in.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    port: &'a dyn TargetPort,
    event_id: Option<&'a str>,
}

impl<'a> Target<'a> {
    pub(crate) fn new(port: &'a dyn TargetPort, event_id: Option<&'a str>) -> Self {
        Self { port, event_id }
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

    async fn call(&self, method: Method, path: String, body: Option<Vec<u8>>) -> Result<Reply, Stop> {
        self.port.call(Call { method, path, body, event_id: self.event_id.map(str::to_owned) }).await
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
    pub value: Box<RawValue>,
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
