//! All events of one thing, such as an order.

use jiff::Timestamp;
use sdk::EventSpec;
use sdk::json::texts_at;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use store::{DeliveryFilter, Reader, StoredEvent};

use super::{Refused, one_of};
use crate::cli::table::printable;

/// Events that are looked at in one go.
const PAGE: usize = 500;

/// Deliveries of one event that are looked at.
const OF_EVENT_MAX: usize = 1_000;

/// Which events are meant.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// `customer`, `order`, `product`, ...
    pub entity: String,
    /// The business key.
    pub key: String,
    /// Accepted then or later.
    pub since: Option<Timestamp>,
}

impl Query {
    /// The entity under its known name.
    pub fn entity(&self) -> Result<&'static str, Refused> {
        let mut entities: Vec<&str> = specs().map(|spec| spec.entity).collect();
        entities.sort_unstable();
        entities.dedup();
        if self.key.is_empty() {
            let told = "`--key` is empty\n  hint: name one thing, such as `--entity customer --key 4711`";
            return Err(Refused::Wrong(told.to_owned()));
        }
        one_of("entity", &self.entity, &entities, |entity| entity)
    }
}

fn specs() -> impl Iterator<Item = &'static EventSpec> {
    actions::EVENTS.iter().chain(actions::COMMERCE_EVENTS)
}

/// Oldest first.
pub(super) fn list(reader: &Reader, query: &Query) -> anyhow::Result<Value> {
    let entity = query.entity()?;
    let (mut rows, mut after) = (Vec::new(), 0);
    loop {
        let events = reader.events(after, PAGE)?;
        let Some(last) = events.last() else { return Ok(rows.into()) };
        after = last.number;
        let is_late = |event: &StoredEvent| query.since.is_none_or(|since| event.at >= since);
        for event in events.iter().filter(|event| is_late(event) && is_about(event, entity, &query.key)) {
            rows.push(row(reader, event)?);
        }
    }
}

fn is_about(event: &StoredEvent, entity: &str, key: &str) -> bool {
    let Some(spec) = specs().find(|spec| spec.code == &*event.code && spec.entity == entity) else { return false };
    let Ok(value) = serde_json::from_str::<&RawValue>(&event.body) else { return false };
    spec.keys.iter().any(|pointer| texts_at(value, pointer).iter().any(|found| found == key))
}

fn row(reader: &Reader, event: &StoredEvent) -> anyhow::Result<Value> {
    Ok(json!({
        "event": event.id.to_string(),
        "uid": event.given_id.as_deref().or(event.uid.as_deref()).map(printable),
        "code": &*event.code,
        "accepted": event.at.to_string(),
        "states": states(reader, event)?,
    }))
}

/// The states of an event's deliveries; none when nobody was registered for it any more.
fn states(reader: &Reader, event: &StoredEvent) -> anyhow::Result<Vec<&'static str>> {
    let id = Some(event.id.to_string());
    let filter = DeliveryFilter { event: id, limit: OF_EVENT_MAX, ..DeliveryFilter::default() };
    Ok(reader.deliveries(&filter)?.iter().map(|listed| listed.delivery.state.as_str()).collect())
}
