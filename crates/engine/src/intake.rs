use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sdk::{ActivationId, EventSpec, Progress, Publication, Published, Publisher, Refusal, json, spans};
use serde_json::Value;
use serde_json::value::RawValue;
use store::{Appended, Drawer, Filter, NewDelivery, NewEvent, Nonce, Outcome, State, Store, StoreError};
use tracing::{Instrument, warn};
use uuid::Uuid;

use crate::arrival::{passing, shares};
use crate::carrier::{Acks, PublishEnd};
use crate::routes::PUBLISH;
use crate::same_json::is_same_json;
use crate::trace_context;
use crate::waits::Waiting;
use crate::{Clock, RoutesHandle, Schemas, meters};

/// Where the value lies in the request that ingestion takes.
const VALUE: &str = "/data/value";

/// Business keys that one event may have: a stock array's SKUs.
const KEYS_MAX: usize = 10_000;

/// What stands for the provider until the events API is asked for its id.
const PROVIDER_UNRESOLVED: &str = "backoffice";

/// What a repeat is told of a refusal whose record was removed for its age.
const REASON_GONE: &str = "the events API did not take this event before";

/// The number of an answer that says that nobody is registered.
const NO_CONTENT: u16 = 204;

/// Takes events in: known, valid, registered for, new, stored.
pub struct Intake {
    schemas: Arc<Schemas>,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    way: Way,
}

/// Where events go from here.
#[derive(Debug)]
pub enum Way {
    /// To the registrations of this process's own events service.
    Embedded(RoutesHandle),
    /// To an events API, over HTTP. Registrations see only what comes back.
    EventsApi { acks: Acks, ack: Ack },
}

/// What the sender of an event waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ack {
    Stored,
    /// Until the events API has taken the event, but no longer than this.
    Published {
        within: Duration,
    },
}

impl Intake {
    pub fn new(schemas: Arc<Schemas>, store: Arc<dyn Store>, clock: Arc<dyn Clock>, way: Way) -> Self {
        Self { schemas, store, clock, way }
    }

    async fn publish_embedded(
        &self,
        mut publication: Publication,
        keys: &[String],
        routes: &RoutesHandle,
    ) -> Result<Published, Refusal> {
        let routes = routes.get();
        let route = routes.of_code(&publication.code).ok_or(Refusal::UnknownEvent)?;
        let is_filtered = route.subscribers.iter().any(|subscriber| subscriber.filter.is_some());
        let (deliveries, journals) = if is_filtered {
            shares(&passing(route, &as_value(&publication, &route.provider_id)), keys)
        } else {
            shares(&route.subscribers, keys)
        };
        let nonce = publication.nonce.take();
        let event = self.new_event(publication, Arc::clone(&route.provider_id), Arc::clone(&route.code));
        let (id, is_repeated) = self.append(NewEvent { deliveries, journals, ..event }, nonce).await?;
        Ok(Published { progress: Progress::Published, activation: ActivationId::new(id), is_repeated })
    }

    async fn publish_out(
        &self,
        mut publication: Publication,
        keys: Vec<String>,
        acks: &Acks,
        ack: Ack,
    ) -> Result<Published, Refusal> {
        let code = publication.code.as_str().into();
        // Asked for before the event is stored: afterwards its publication may have ended already.
        let waiting = match ack {
            Ack::Stored => None,
            Ack::Published { within } => Some((acks.wait_for(publication.activation.uuid()), within)),
        };
        let deliveries = vec![NewDelivery { registration: PUBLISH, keys }];
        let nonce = publication.nonce.take();
        let event = self.new_event(publication, PROVIDER_UNRESOLVED.into(), code);
        let (id, is_repeated) = self.append(NewEvent { deliveries, ..event }, nonce).await?;
        let published = |progress| Published { progress, activation: ActivationId::new(id), is_repeated };
        let Some((mut waiting, within)) = waiting else { return Ok(published(Progress::Published)) };
        let mut end = None;
        if is_repeated {
            waiting = acks.wait_for(id);
            end = self.ended(id).await;
        }
        if end.is_none() {
            end = self.wait(&mut waiting, within).await;
        }
        match end {
            None => Ok(published(Progress::Accepted)),
            Some(end) => verdict(end).map(|()| published(Progress::Published)),
        }
    }

    async fn wait(&self, waiting: &mut Waiting<Uuid, (), PublishEnd>, within: Duration) -> Option<PublishEnd> {
        let late = self.clock.now().saturating_add(within).ok()?;
        tokio::select! {
            end = waiting.end() => end,
            () = self.clock.wait_until(late) => None,
        }
    }

    /// How the publication of an event ended that had come before, when it has ended.
    async fn ended(&self, id: Uuid) -> Option<PublishEnd> {
        let (_, deliveries) = self.store.event(id).await.ok()??;
        // Without such a delivery it was taken in while this process delivered by itself, and was published by that.
        let publication = deliveries.iter().find(|delivery| delivery.registration == PUBLISH);
        let outcome = match publication.map_or(State::Done, |delivery| delivery.state) {
            State::Waiting | State::Due | State::Leased => return None,
            State::Done | State::Skipped | State::Suppressed | State::Journaled => Outcome::Done,
            State::Refused | State::Parked | State::Blocking => Outcome::Refused(Drawer::Target),
        };
        let filter =
            Filter { limit: 1, action: Some(crate::PUBLISH_ACTION.to_owned()), event: Some(id), ..Filter::default() };
        let recorded = self.store.activations(filter).await.ok()?;
        let result: Value = recorded.first().and_then(|run| serde_json::from_str(&run.result).ok()).unwrap_or_default();
        let status = result.pointer("/error/statusCode").and_then(Value::as_u64).unwrap_or_default();
        let reason = result.pointer("/error/body/error").and_then(Value::as_str).unwrap_or(REASON_GONE);
        Some(PublishEnd { outcome, status: u16::try_from(status).unwrap_or_default(), reason: reason.to_owned() })
    }

    fn new_event(&self, publication: Publication, provider_id: Arc<str>, code: Arc<str>) -> NewEvent {
        let attributes = publication.trace.as_ref().map(trace_context::attributes);
        let attributes = attributes.map(|members| Value::Object(members.collect()).to_string().into());
        NewEvent {
            id: publication.activation.uuid(),
            provider_id,
            code,
            publisher: publication.publisher,
            uid: publication.uid.map(sender_uid),
            at: self.clock.now(),
            body: Box::<str>::from(publication.value),
            given_id: None,
            attributes,
            deliveries: Vec::new(),
            journals: Vec::new(),
        }
    }

    /// The id under which the event is stored, and whether it was there before.
    async fn append(&self, event: NewEvent, nonce: Option<sdk::Nonce>) -> Result<(Uuid, bool), Refusal> {
        let (id, body) = (event.id, event.body.clone());
        let appended = match nonce {
            None => self.store.append(event).await.map(Some),
            Some(sdk::Nonce { text, expires }) => self.store.append_once(event, Nonce { text, expires }).await,
        };
        match appended {
            Ok(Some(Appended::Stored)) => Ok((id, false)),
            Ok(Some(Appended::Known(known))) if is_same_json(&known.body, &body) => Ok((known.id, true)),
            Ok(Some(Appended::Known(known))) => Err(Refusal::UidTaken(known.at)),
            Ok(None) => Err(Refusal::Replayed),
            Err(error) => {
                warn!(%error, "an event could not be stored; its sender was told to come again");
                meters::not_stored(&error);
                Err(Refusal::Unavailable { retry_after: pause(&error) })
            }
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Intake").field("way", &self.way).finish_non_exhaustive()
    }
}

#[async_trait]
impl Publisher for Intake {
    async fn publish(&self, publication: Publication) -> Result<Published, Refusal> {
        let code = publication.code.clone();
        let published = self.take(publication).await;
        match &published {
            Ok(published) if published.is_repeated => meters::repeated(),
            Ok(_) => meters::ingested(&code),
            Err(refusal) => {
                if let Some(reason) = reason(refusal) {
                    meters::refused(reason);
                }
            }
        }
        published
    }
}

impl Intake {
    async fn take(&self, publication: Publication) -> Result<Published, Refusal> {
        let spec = self.schemas.ingested(&publication.code).ok_or(Refusal::UnknownEvent)?;
        if publication.entity.as_deref().is_some_and(|entity| entity != spec.entity) {
            return Err(Refusal::OtherEntity(spec.entity));
        }
        self.schemas.check(spec.code, &publication.value, VALUE).map_err(Refusal::Invalid)?;
        let keys = keys(spec, &publication.value, VALUE).map_err(|fault| Refusal::Invalid(vec![fault]))?;
        let span = trace_context::storing(publication.activation.uuid(), spec.code);
        let trace = spans::onward(&span, publication.trace.as_ref());
        let publication = Publication { trace, ..publication };
        let published = async {
            match &self.way {
                Way::Embedded(routes) => self.publish_embedded(publication, &keys, routes).await,
                Way::EventsApi { acks, ack } => self.publish_out(publication, keys, acks, *ack).await,
            }
        };
        published.instrument(span).await
    }
}

/// What a refusal is counted as; what the store refuses is counted there by its error.
fn reason(refusal: &Refusal) -> Option<&'static str> {
    match refusal {
        Refusal::UnknownEvent => Some("unknown_event"),
        Refusal::OtherEntity(_) => Some("other_entity"),
        Refusal::Invalid(_) => Some("invalid"),
        Refusal::UidTaken(_) => Some("uid_taken"),
        Refusal::Replayed => Some("replayed"),
        Refusal::Unpublishable(_) => Some("unpublishable"),
        Refusal::Unavailable { .. } => None,
    }
}

/// What the sender is told when the events API has decided.
fn verdict(end: PublishEnd) -> Result<(), Refusal> {
    match end.outcome {
        Outcome::Refused(_) | Outcome::Parked(_) if end.status == NO_CONTENT => Err(Refusal::UnknownEvent),
        Outcome::Refused(_) | Outcome::Parked(_) => Err(Refusal::Unpublishable(end.reason)),
        Outcome::Done | Outcome::Skipped | Outcome::Suppressed | Outcome::RetryAt(_) | Outcome::Unknown(_) => Ok(()),
    }
}

/// The business keys of a value. A fault's pointer begins with `prefix`.
pub(crate) fn keys(spec: &EventSpec, value: &RawValue, prefix: &str) -> Result<Vec<String>, sdk::Fault> {
    let texts = spec.keys.iter().flat_map(|pointer| {
        let name = key_name(spec.entity, pointer);
        json::texts_at(value, pointer).into_iter().map(move |text| format!("{}/{name}={text}", spec.entity))
    });
    let keys: Vec<String> = texts.collect();
    let distinct: HashSet<&str> = keys.iter().map(String::as_str).collect();
    if distinct.len() > KEYS_MAX {
        return Err(sdk::Fault::new(prefix, format!("must concern at most {KEYS_MAX} different keys")));
    }
    Ok(keys)
}

/// What a business key is called. The `/orderId` of a shipment is the `/id` of its order, so both wait in one lane.
fn key_name<'a>(entity: &str, pointer: &'a str) -> &'a str {
    let name = pointer.rsplit('/').next().unwrap_or(pointer);
    if name.strip_prefix(entity) == Some("Id") { "id" } else { name }
}

/// A sender's uid as the store keeps it: never equal to the key of an event that came over the wire, which begins with
/// one such character and a letter.
fn sender_uid(uid: String) -> String {
    if uid.starts_with('\u{1}') { format!("\u{1}{uid}") } else { uid }
}

pub(crate) fn pause(error: &StoreError) -> Duration {
    match error {
        StoreError::Busy => Duration::from_secs(1),
        StoreError::Backlog => Duration::from_secs(10),
        StoreError::Full => Duration::from_mins(1),
        _ => Duration::from_secs(5),
    }
}

/// The event as the CloudEvent that filters look at.
fn as_value(publication: &Publication, provider_id: &str) -> Value {
    serde_json::json!({
        "specversion": "1.0",
        "id": publication.activation.event_id(),
        "source": format!("urn:uuid:{provider_id}"),
        "type": publication.code,
        "datacontenttype": "application/json",
        "data": serde_json::from_str::<Value>(publication.value.get()).unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(entity: &'static str, pointers: &'static [&'static str], value: &str, expected: &[&str]) {
        let spec = EventSpec::of::<sdk::Json>("code", entity, pointers);
        let value: Box<RawValue> = serde_json::from_str(value).unwrap();
        assert_eq!(keys(&spec, &value, VALUE).unwrap(), expected, "{entity} {pointers:?}");
    }

    #[test]
    fn one_business_key_is_one_lane_wherever_it_lies() {
        check("order", &["/id"], r#"{"id": 8}"#, &["order/id=8"]);
        check("order", &["/orderId"], r#"{"orderId": 8}"#, &["order/id=8"]);
        check("order", &["/value/id"], r#"{"value": {"id": "8"}}"#, &["order/id=8"]);
        check("customer", &["/id", "/email"], r#"{"id": 8, "email": "a@b"}"#, &["customer/id=8", "customer/email=a@b"]);
        check("stock", &["/*/sku"], r#"[{"sku": "A"}, {"sku": "B"}]"#, &["stock/sku=A", "stock/sku=B"]);
    }
}
