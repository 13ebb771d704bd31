//! CloudEvents that come over the wire: published to our own events service, or brought back by an events API.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sdk::Fault;
use serde_json::{Map, Value};
use store::{Appended, NewDelivery, NewEvent, Store, StoreError};
use tracing::{Instrument, warn};
use uuid::Uuid;

use crate::cloud_event::CloudEvent;
use crate::intake::{keys, pause};
use crate::routes::{Route, Subscriber, Wants, wants};
use crate::same_json::is_same_json;
use crate::trace_context;
use crate::{Clock, RoutesHandle, Schemas, meters};

/// Takes CloudEvents in: who wants them, new or known, stored.
pub struct Arrivals {
    schemas: Arc<Schemas>,
    routes: RoutesHandle,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// What became of an event that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrived {
    Stored,
    /// The same event had come before; nothing was stored now.
    Repeated,
    /// Nobody is there for it. At the most a journal keeps it.
    Unwanted,
}

/// What became of an event that one registration alone was to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Received {
    /// It is to be delivered.
    Stored,
    /// It lies in the journal; nobody wants it delivered now.
    Journaled,
    /// It had come before, and the store knows it by this id.
    Known(Uuid),
}

/// Why an event was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ArrivalError {
    /// Faults of the event itself.
    #[error("{}", texts(.0))]
    Invalid(Vec<Fault>),
    /// Another event came from this source with this id before.
    #[error("another event with this `source` and `id` was taken before")]
    Conflict,
    #[error("the event cannot be stored now")]
    Unavailable { retry_after: Duration },
}

fn texts(faults: &[Fault]) -> String {
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl Arrivals {
    pub fn new(schemas: Arc<Schemas>, routes: RoutesHandle, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { schemas, routes, store, clock }
    }

    /// Takes an event that somebody published to our own events service, for all who registered for it.
    pub async fn publish(&self, event: CloudEvent) -> Result<Arrived, ArrivalError> {
        let provider = event.provider_id().unwrap_or_default().to_owned();
        let routes = self.routes.get();
        if !routes.has_provider(&provider) {
            let fault = Fault::new("/source", "must be `urn:uuid:` and the id of a provider");
            return Err(ArrivalError::Invalid(vec![fault]));
        }
        let Some(route) = routes.of_event(&provider, &event.code) else { return Ok(Arrived::Unwanted) };
        let subscribers = matching(route, &event);
        if subscribers.is_empty() {
            return Ok(Arrived::Unwanted);
        }
        let is_wanted = subscribers.iter().any(|subscriber| subscriber.wants.is_present());
        let keys = self.keys(&event)?;
        let (deliveries, journals) = shares(&subscribers, &keys);
        let uid = format!("\u{1}p\u{1}{provider}\u{1}{}", event.id);
        let (event, span) = trace_context::arriving(event);
        let new = self.new_event(event, Arc::clone(&route.provider_id), uid);
        let known = self.append(NewEvent { deliveries, journals, ..new }).instrument(span).await?;
        Ok(match known {
            _ if !is_wanted => Arrived::Unwanted,
            Some(_) => Arrived::Repeated,
            None => Arrived::Stored,
        })
    }

    /// Takes an event for one registration alone: one that an events API brought, or a sample.
    pub async fn receive(&self, registration: i64, event: CloudEvent) -> Result<Arrived, ArrivalError> {
        match self.receive_as(Uuid::now_v7(), registration, event).await? {
            Received::Stored | Received::Journaled => Ok(Arrived::Stored),
            Received::Known(_) => Ok(Arrived::Repeated),
        }
    }

    /// As [`Self::receive`]; the store knows the event by `id`, unless it had come before.
    pub(crate) async fn receive_as(
        &self,
        id: Uuid,
        registration: i64,
        event: CloudEvent,
    ) -> Result<Received, ArrivalError> {
        let keys = self.keys(&event)?;
        let uid = format!("\u{1}r\u{1}{registration}\u{1}{}\u{1}{}", event.source, event.id);
        let provider: Arc<str> = event.provider_id().unwrap_or(&event.source).into();
        let (event, span) = trace_context::arriving(event);
        let new = NewEvent { id, ..self.new_event(event, provider, uid) };
        let stays_in_journal =
            self.routes.get().registration(registration).is_some_and(|known| wants(known) != Wants::Delivery);
        let new = if stays_in_journal {
            NewEvent { journals: vec![registration], ..new }
        } else {
            NewEvent { deliveries: vec![NewDelivery { registration, keys }], ..new }
        };
        Ok(match self.append(new).instrument(span).await? {
            Some(first) => Received::Known(first),
            None if stays_in_journal => Received::Journaled,
            None => Received::Stored,
        })
    }

    fn keys(&self, event: &CloudEvent) -> Result<Vec<String>, ArrivalError> {
        let Some(spec) = self.schemas.spec(&event.code) else { return Ok(Vec::new()) };
        keys(spec, &event.data, "/data").map_err(|fault| ArrivalError::Invalid(vec![fault]))
    }

    fn new_event(&self, event: CloudEvent, provider_id: Arc<str>, uid: String) -> NewEvent {
        let attributes = (!event.attributes.is_empty()).then(|| Value::Object(event.attributes).to_string().into());
        NewEvent {
            id: Uuid::now_v7(),
            provider_id,
            code: event.code.into(),
            publisher: "".into(),
            uid: Some(uid),
            at: self.clock.now(),
            body: event.data.into(),
            given_id: Some(event.id.into()),
            attributes,
            deliveries: Vec::new(),
            journals: Vec::new(),
        }
    }

    /// The id of the first event with this uid, when there was one.
    async fn append(&self, event: NewEvent) -> Result<Option<Uuid>, ArrivalError> {
        let (body, code) = (event.body.clone(), Arc::clone(&event.code));
        match self.store.append(event).await {
            Ok(Appended::Stored) => {
                meters::ingested(&code);
                Ok(None)
            }
            Ok(Appended::Known(known)) if is_same_json(&known.body, &body) => {
                meters::repeated();
                Ok(Some(known.id))
            }
            Ok(Appended::Known(_)) => {
                meters::refused("uid_taken");
                Err(ArrivalError::Conflict)
            }
            Err(error) => Err(unavailable(&error)),
        }
    }
}

impl fmt::Debug for Arrivals {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Arrivals")
    }
}

pub(crate) fn unavailable(error: &StoreError) -> ArrivalError {
    warn!(%error, "an event could not be stored; its sender was told to come again");
    meters::not_stored(error);
    ArrivalError::Unavailable { retry_after: pause(error) }
}

/// The subscribers whose filter lets the event through.
fn matching(route: &Route, event: &CloudEvent) -> Vec<Subscriber> {
    if route.subscribers.iter().all(|subscriber| subscriber.filter.is_none()) {
        return route.subscribers.clone();
    }
    passing(route, &as_value(event))
}

/// The subscribers whose filter lets this CloudEvent through.
pub(crate) fn passing(route: &Route, event: &Value) -> Vec<Subscriber> {
    let passes = |subscriber: &&Subscriber| subscriber.filter.as_ref().is_none_or(|filter| filter.matches(event));
    route.subscribers.iter().filter(passes).cloned().collect()
}

/// Each subscriber's share: a delivery, or a place in the journal.
pub(crate) fn shares(subscribers: &[Subscriber], keys: &[String]) -> (Vec<NewDelivery>, Vec<i64>) {
    let (delivered, journaled): (Vec<&Subscriber>, Vec<&Subscriber>) =
        subscribers.iter().partition(|subscriber| subscriber.wants == Wants::Delivery);
    let deliveries = delivered
        .into_iter()
        .map(|subscriber| NewDelivery { registration: subscriber.number, keys: keys.to_vec() })
        .collect();
    (deliveries, journaled.into_iter().map(|subscriber| subscriber.number).collect())
}

fn as_value(event: &CloudEvent) -> Value {
    let mut members: Map<String, Value> = event.attributes.clone();
    let texts = [("specversion", "1.0"), ("id", &event.id), ("source", &event.source), ("type", &event.code)];
    members.extend(texts.map(|(name, text)| (name.to_owned(), Value::from(text))));
    members.insert("datacontenttype".to_owned(), "application/json".into());
    members.insert("data".to_owned(), serde_json::from_str(event.data.get()).unwrap_or_default());
    Value::Object(members)
}
