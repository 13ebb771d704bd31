use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sdk::{ActivationId, Publication, Published, Publisher, Refusal, json};
use serde_json::{Number, Value};
use store::{Appended, NewDelivery, NewEvent, Store, StoreError};
use tracing::warn;

use crate::{Clock, RoutesHandle, Schemas};

/// Where the value lies in the request that ingestion takes.
const VALUE: &str = "/data/value";

/// Business keys that one event may have: a stock array's SKUs.
const KEYS_MAX: usize = 10_000;

/// Takes events in: known, valid, registered for, new, stored.
pub struct Intake {
    schemas: Arc<Schemas>,
    routes: RoutesHandle,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

impl Intake {
    pub fn new(schemas: Arc<Schemas>, routes: RoutesHandle, store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { schemas, routes, store, clock }
    }

    async fn append(&self, event: NewEvent, id: ActivationId) -> Result<Published, Refusal> {
        let body = event.body.clone();
        match self.store.append(event).await {
            Ok(Appended::Stored) => Ok(Published { activation: id, is_repeated: false }),
            Ok(Appended::Known(known)) if is_same_json(&known.body, &body) => {
                Ok(Published { activation: ActivationId::new(known.id), is_repeated: true })
            }
            Ok(Appended::Known(known)) => Err(Refusal::UidTaken(known.at)),
            Err(error) => {
                warn!(%error, "an event could not be stored; its sender was told to come again");
                Err(Refusal::Unavailable { retry_after: pause(&error) })
            }
        }
    }
}

impl fmt::Debug for Intake {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Intake")
    }
}

#[async_trait]
impl Publisher for Intake {
    async fn publish(&self, publication: Publication) -> Result<Published, Refusal> {
        let spec = self.schemas.spec(&publication.code).ok_or(Refusal::UnknownEvent)?;
        if publication.entity.as_deref().is_some_and(|entity| entity != spec.entity) {
            return Err(Refusal::OtherEntity(spec.entity));
        }
        self.schemas.check(spec.code, &publication.value, VALUE).map_err(Refusal::Invalid)?;
        let routes = self.routes.get();
        let route = routes.route(spec.code).ok_or(Refusal::UnknownEvent)?;
        let texts = spec.keys.iter().flat_map(|pointer| {
            json::texts_at(&publication.value, pointer)
                .into_iter()
                .map(move |text| format!("{}{pointer}={text}", spec.entity))
        });
        let mut keys: Vec<String> = texts.collect();
        let distinct: HashSet<&str> = keys.iter().map(String::as_str).collect();
        if distinct.len() > KEYS_MAX {
            let fault = sdk::Fault::new(VALUE, format!("must concern at most {KEYS_MAX} different keys"));
            return Err(Refusal::Invalid(vec![fault]));
        }
        let last = route.registrations.len().saturating_sub(1);
        let deliveries = route.registrations.iter().enumerate().map(|(index, registration)| {
            let keys = if index == last { std::mem::take(&mut keys) } else { keys.clone() };
            NewDelivery { registration: *registration, keys }
        });
        let event = NewEvent {
            id: publication.activation.uuid(),
            provider_id: Arc::clone(&route.provider_id),
            code: Arc::clone(&route.code),
            publisher: publication.publisher,
            uid: publication.uid,
            at: self.clock.now(),
            deliveries: deliveries.collect(),
            given_id: None,
            attributes: None,
            journals: Vec::new(),
            body: Box::<str>::from(publication.value),
        };
        self.append(event, publication.activation).await
    }
}

fn pause(error: &StoreError) -> Duration {
    match error {
        StoreError::Busy => Duration::from_secs(1),
        StoreError::Full => Duration::from_mins(1),
        _ => Duration::from_secs(5),
    }
}

/// Whether two texts are the same JSON: the order of members, blanks and the way a number is written do not count.
fn is_same_json(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    match (serde_json::from_str::<Value>(left), serde_json::from_str::<Value>(right)) {
        (Ok(left), Ok(right)) => is_same(&left, &right),
        _ => false,
    }
}

fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => is_same_number(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| is_same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(name, value)| right.get(name).is_some_and(|other| is_same(value, other)))
        }
        _ => left == right,
    }
}

fn is_same_number(left: &Number, right: &Number) -> bool {
    let is_whole = |number: &Number| number.is_i64() || number.is_u64();
    left == right || (!(is_whole(left) && is_whole(right)) && left.as_f64() == right.as_f64())
}

#[cfg(test)]
mod tests {
    use super::is_same_json;

    #[test]
    fn json_is_compared_as_json() {
        assert!(is_same_json(r#"{"a":1,"b":[1.0,"x"]}"#, r#"{ "b":[1,"x"], "a":1.0e0 }"#));
        assert!(is_same_json(r#""\u0041""#, r#""A""#));
        assert!(!is_same_json(r#"{"a":1}"#, r#"{"a":2}"#));
        assert!(!is_same_json(r#"{"a":1}"#, r#"{"a":1,"b":null}"#));
        assert!(!is_same_json("[1,2]", "[2,1]"));
        assert!(!is_same_json("9007199254740993", "9007199254740992"));
        assert!(!is_same_json("1", r#""1""#));
    }
}
