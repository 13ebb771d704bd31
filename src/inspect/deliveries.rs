//! What became of events on their way: one row for each event and registration.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::{Activation, DeliveryFilter, Drawer, Listed, Order, Reader, State};

use super::activations::{caused, word};
use super::{Refused, Registrations, limit, one_of, reason, requests};

const LIMIT_DEFAULT: u16 = 50;

/// One more than a command may ask for tells whether there are more.
const LIMIT_MAX: u16 = 1_001;

/// Deliveries of one event that are looked at.
const OF_EVENT_MAX: usize = 10_000;

/// Which deliveries are meant.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Query {
    /// States, with commas between. None: all of them.
    pub state: Option<String>,
    pub drawer: Option<String>,
    /// By name, slug or id.
    pub registration: Option<String>,
    pub code: Option<String>,
    /// Accepted then or later.
    pub since: Option<Timestamp>,
    /// Accepted before.
    pub until: Option<Timestamp>,
    /// Oldest first, in place of newest first.
    pub oldest_first: Option<bool>,
    /// Strictly behind the row with this cursor, in the order asked for.
    pub after: Option<String>,
    pub limit: Option<u16>,
}

impl Query {
    pub fn states(&self) -> Result<Vec<State>, Refused> {
        let words = self.state.iter().flat_map(|state| state.split(','));
        words.map(|text| one_of("state", text, &State::ALL, State::as_str)).collect()
    }

    pub fn filter(&self, registrations: &Registrations) -> Result<DeliveryFilter, Refused> {
        let drawer = self.drawer.as_deref();
        let is_reversed = self.oldest_first.unwrap_or_default();
        Ok(DeliveryFilter {
            states: self.states()?,
            drawer: drawer.map(|text| one_of("drawer", text, &Drawer::ALL, Drawer::as_str)).transpose()?,
            registration: self.registration.as_deref().map(|name| registrations.number(name)).transpose()?,
            code: self.code.clone(),
            event: None,
            since: self.since,
            until: self.until,
            order: if is_reversed { Order::OldestFirst } else { Order::NewestFirst },
            after: self.after.as_deref().map(place).transpose()?,
            limit: limit(self.limit, LIMIT_DEFAULT, LIMIT_MAX)?,
        })
    }
}

/// What a cursor stands for: event and registration.
pub fn place(cursor: &str) -> Result<(i64, i64), Refused> {
    let numbers = cursor.split_once('-').and_then(|(event, other)| Some((event.parse().ok()?, other.parse().ok()?)));
    numbers.ok_or_else(|| Refused::Wrong("`after` is no cursor\n  hint: take the `cursor` of a row".to_owned()))
}

pub(super) fn list(reader: &Reader, query: &Query) -> anyhow::Result<Value> {
    let registrations = Registrations::read(reader)?;
    let found = reader.deliveries(&query.filter(&registrations)?)?;
    let rows = found.iter().map(|listed| {
        let mut row = row(listed, &registrations);
        row["reason"] = json!(reason::of(reader, &registrations, listed)?);
        Ok(row)
    });
    rows.collect()
}

/// The deliveries of one event; never none.
pub fn of_event(reader: &Reader, known_by: &str) -> anyhow::Result<Vec<Listed>> {
    let filter = DeliveryFilter { event: Some(known_by.to_owned()), limit: OF_EVENT_MAX, ..DeliveryFilter::default() };
    let mut found = reader.deliveries(&filter)?;
    found.reverse();
    if found.is_empty() {
        let told = format!(
            "there is no event `{known_by}` that was to be delivered\n  hint: an event's id, or the uid that its sender \
             gave it; `kit delivery list` shows those that are kept"
        );
        return Err(Refused::Unknown(told).into());
    }
    Ok(found)
}

pub(super) fn get(reader: &Reader, known_by: &str) -> anyhow::Result<Value> {
    let registrations = Registrations::read(reader)?;
    of_event(reader, known_by)?.iter().map(|listed| whole(reader, &registrations, listed)).collect()
}

/// A delivery with all that is recorded of it.
fn whole(reader: &Reader, registrations: &Registrations, listed: &Listed) -> anyhow::Result<Value> {
    let mut row = row(listed, registrations);
    row["reason"] = json!(reason::of(reader, registrations, listed)?);
    let runs = reason::attempts(reader, registrations, listed)?;
    row["runs"] = runs.iter().map(|run| attempt(reader, run)).collect::<anyhow::Result<_>>()?;
    row["requests"] = requests::of(reader, registrations, listed, &runs)?;
    let event = reader.event(listed.id)?;
    let validator = event.and_then(|(event, _)| engine::validator_of(&event));
    row["validator"] = json!(validator.map(|id| id.to_string()));
    Ok(row)
}

pub fn row(listed: &Listed, registrations: &Registrations) -> Value {
    let delivery = &listed.delivery;
    json!({
        "accepted": listed.at.to_string(),
        "state": delivery.state.as_str(),
        "drawer": delivery.drawer.map(Drawer::as_str),
        "attempts": delivery.attempts,
        "replays": delivery.replays,
        "registration": registrations.name(delivery.registration),
        "code": listed.code,
        "event": listed.id.to_string(),
        "uid": listed.uid,
        "next": (delivery.state == State::Due).then(|| delivery.due.to_string()),
        "in_doubt": delivery.is_in_doubt,
        "has_effect": delivery.has_effect,
        "undeliverable": registrations.takes_nothing(delivery.registration),
        "cursor": format!("{}-{}", delivery.event, delivery.registration),
    })
}

fn attempt(reader: &Reader, run: &Activation) -> anyhow::Result<Value> {
    let caused: Vec<String> = caused(reader, run)?.iter().map(|id| id.simple().to_string()).collect();
    Ok(json!({
        "activation": run.id.simple().to_string(),
        "attempt": run.attempt,
        "start": run.start.to_string(),
        "duration_ms": run.end.as_millisecond() - run.start.as_millisecond(),
        "status": run.status.as_str(),
        "word": word(run.status),
        "caused": caused,
        "result": serde_json::from_str::<Value>(&run.result).unwrap_or_default(),
    }))
}
