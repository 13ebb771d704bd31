//! Lists of deliveries.

use jiff::Timestamp;
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};
use uuid::Uuid;

use super::claim::with_work;
use super::journal::newest_before;
use super::rows::{self, timestamp};
use super::schema;
use crate::{AttemptCount, Backlog, Delivery, DeliveryFilter, Drawer, Listed, Order, State};

const COLUMNS: &str = "delivery.event, delivery.registration, delivery.state, delivery.due, delivery.attempts,
    delivery.drawer, delivery.doubt, delivery.effect, delivery.replays";

/// Where deliveries of some states are found without a look at all others. The texts are those of the indexes.
const SOURCES: [Source; 4] = [
    Source {
        states: &[State::Due, State::Leased],
        tables: "delivery INDEXED BY delivery_open",
        condition: "state IN (1, 2)",
    },
    Source {
        states: &[State::Refused, State::Parked, State::Blocking],
        tables: "delivery INDEXED BY delivery_failed",
        condition: "(state = 5 OR state = 6 OR state = 9)",
    },
    Source {
        states: &[State::Waiting],
        tables: "(SELECT DISTINCT event AS e, registration AS r FROM lane WHERE holds = 0)
                 JOIN delivery ON delivery.event = e AND delivery.registration = r",
        condition: "state = 0",
    },
    Source {
        states: &[State::Done, State::Skipped, State::Suppressed, State::Journaled],
        tables: "delivery",
        condition: "state IN (3, 4, 7, 8)",
    },
];

/// The deliveries of few events: whatever their states, their key finds them.
const OF_EVENTS: [Source; 1] = [Source { states: &State::ALL, tables: "delivery", condition: "TRUE" }];

struct Source {
    states: &'static [State],
    tables: &'static str,
    condition: &'static str,
}

/// The deliveries of an event.
pub(super) fn of_event(connection: &Connection, event: i64) -> rusqlite::Result<Vec<Delivery>> {
    connection
        .prepare_cached(&format!("SELECT {COLUMNS} FROM delivery WHERE event = ?1"))?
        .query_map([event], delivery)?
        .collect()
}

pub(super) fn list(connection: &Connection, filter: &DeliveryFilter) -> rusqlite::Result<Vec<Listed>> {
    let mut listed = Vec::new();
    let (conditions, parameters) = conditions(connection, filter)?;
    let direction = if filter.order == Order::NewestFirst { "DESC" } else { "ASC" };
    let sources = if filter.event.is_some() { OF_EVENTS.as_slice() } else { SOURCES.as_slice() };
    for Source { states, tables, condition } in sources {
        let wanted = states.iter().filter(|state| filter.states.is_empty() || filter.states.contains(state));
        let wanted: Vec<String> = wanted.map(|state| state.to_number().to_string()).collect();
        if wanted.is_empty() {
            continue;
        }
        let text = format!(
            "SELECT {COLUMNS}, event.uuid, kind.code, coalesce(event.given_id, event.uid), event.at
             FROM {tables} JOIN event ON event.id = delivery.event JOIN kind ON kind.id = event.kind
             WHERE {condition} AND delivery.state IN ({wanted}) {conditions}
             ORDER BY delivery.event {direction}, delivery.registration {direction} LIMIT {limit}",
            wanted = wanted.join(", "),
            limit = filter.limit,
        );
        let mut statement = connection.prepare(&text)?;
        for row in statement.query_map(params_from_iter(&parameters), row)? {
            listed.push(row?);
        }
    }
    listed.sort_by_key(|row| (row.delivery.event, row.delivery.registration));
    if filter.order == Order::NewestFirst {
        listed.reverse();
    }
    listed.truncate(filter.limit);
    Ok(listed)
}

/// What the filter asks for beside states, with the values in their order.
fn conditions(connection: &Connection, filter: &DeliveryFilter) -> rusqlite::Result<(String, Vec<Value>)> {
    let mut text = String::new();
    let mut values = Vec::new();
    let mut add = |condition: &str, value: Value| {
        values.push(value);
        text.push_str(" AND ");
        text.push_str(&condition.replace('?', &format!("?{}", values.len())));
    };
    if let Some(drawer) = filter.drawer {
        add("delivery.drawer = ?", Value::Integer(drawer.to_number()));
    }
    if let Some(registration) = filter.registration {
        add("delivery.registration = ?", Value::Integer(registration));
    }
    if let Some(code) = &filter.code {
        add("kind.code = ?", Value::Text(code.clone()));
    }
    // Numbers and times grow together; a bound in numbers needs no look at the events.
    if let Some(since) = filter.since {
        add("delivery.event > ?", Value::Integer(newest_before(connection, since)?));
    }
    if let Some(until) = filter.until {
        add("delivery.event <= ?", Value::Integer(newest_before(connection, until)?));
    }
    if let Some((event, registration)) = filter.after {
        let sign = if filter.order == Order::NewestFirst { '<' } else { '>' };
        add(&format!("delivery.event {sign}= ?"), Value::Integer(event));
        add(
            &format!("(delivery.event {sign} {event} OR delivery.registration {sign} ?)"),
            Value::Integer(registration),
        );
    }
    if let Some(known_by) = &filter.event {
        let numbers = numbers(connection, known_by)?;
        let numbers: Vec<String> = numbers.iter().map(i64::to_string).collect();
        text.push_str(" AND delivery.event IN (");
        text.push_str(&numbers.join(", "));
        text.push(')');
    }
    Ok((text, values))
}

/// Events that are looked at, the newest first, for the `id` that a producer gave: no index has it, because a random key
/// costs a page for each event.
const GIVEN_IDS_SEEN_MAX: usize = 100_000;

/// The numbers of the events with this id, with this uid of a sender, or else with this `id` of a producer.
fn numbers(connection: &Connection, known_by: &str) -> rusqlite::Result<Vec<i64>> {
    let mut numbers = Vec::new();
    if let Ok(id) = known_by.parse::<Uuid>() {
        let by_id: Option<i64> = connection
            .prepare_cached("SELECT id FROM event WHERE uuid = ?1")?
            .query_row([id.as_bytes()], |row| row.get(0))
            .optional()?;
        numbers.extend(by_id);
    }
    let Some(key) = schema::stored_hash_key(connection)? else { return Ok(numbers) };
    let codes: Vec<String> = connection
        .prepare_cached("SELECT DISTINCT code FROM kind")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    let hashes: Vec<String> = codes.iter().map(|code| key.uid(code, known_by).to_string()).collect();
    if !hashes.is_empty() {
        // The narrow rows of `seen` are read, not the events.
        let text = format!(
            "SELECT event.id FROM seen JOIN event ON event.id = seen.event
             WHERE seen.hash IN ({}) AND event.uid = ?1",
            hashes.join(", ")
        );
        let mut by_uid = connection.prepare(&text)?;
        numbers
            .extend(by_uid.query_map([known_by], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    if numbers.is_empty() {
        let text = format!(
            "SELECT id FROM (SELECT id, given_id FROM event ORDER BY id DESC LIMIT {GIVEN_IDS_SEEN_MAX})
             WHERE given_id = ?1"
        );
        let mut by_given_id = connection.prepare(&text)?;
        numbers.extend(
            by_given_id.query_map([known_by], |row| row.get::<_, i64>(0))?.collect::<rusqlite::Result<Vec<_>>>()?,
        );
    }
    numbers.sort_unstable();
    numbers.dedup();
    Ok(numbers)
}

/// Who holds the lanes that a delivery waits in.
pub(super) fn blockers(connection: &Connection, event: i64, registration: i64) -> rusqlite::Result<Vec<Listed>> {
    let lanes: Option<Vec<u8>> = connection
        .prepare_cached("SELECT lanes FROM delivery WHERE event = ?1 AND registration = ?2 AND state = 0")?
        .query_row([event, registration], |row| row.get(0))
        .optional()?;
    let text = format!(
        "SELECT {COLUMNS}, event.uuid, kind.code, coalesce(event.given_id, event.uid), event.at
         FROM lane JOIN delivery ON delivery.event = lane.event AND delivery.registration = lane.registration
         JOIN event ON event.id = delivery.event JOIN kind ON kind.id = event.kind
         WHERE lane.lane = ?1 AND lane.holds = 1 ORDER BY lane.place LIMIT 1"
    );
    let mut statement = connection.prepare_cached(&text)?;
    let mut blockers: Vec<Listed> = Vec::new();
    for lane in rows::lanes_from_bytes(&lanes.unwrap_or_default()) {
        // Whoever holds a lane is the first in it: the others, however many, are not looked at.
        let Some(blocker) = statement.query_row([lane], row).optional()? else { continue };
        let is_own = (blocker.delivery.event, blocker.delivery.registration) == (event, registration);
        if !is_own && !blockers.iter().any(|known| known.delivery == blocker.delivery) {
            blockers.push(blocker);
        }
    }
    Ok(blockers)
}

/// What each registration has to do.
pub(super) fn backlogs(connection: &Connection) -> rusqlite::Result<Vec<Backlog>> {
    let mut backlogs = Vec::new();
    for registration in with_work(connection)? {
        let first = |state: State| -> rusqlite::Result<Option<Timestamp>> {
            let due: Option<i64> = connection
                .prepare_cached(
                    "SELECT due FROM delivery INDEXED BY delivery_open
                     WHERE registration = ?1 AND state = ?2 AND state IN (1, 2) ORDER BY due LIMIT 1",
                )?
                .query_row([registration, state.to_number()], |row| row.get(0))
                .optional()?;
            Ok(due.map(timestamp))
        };
        backlogs.push(Backlog { registration, oldest_due: first(State::Due)?, lease_end: first(State::Leased)? });
    }
    Ok(backlogs)
}

pub(super) fn attempt_counts(connection: &Connection, since: i64) -> rusqlite::Result<Vec<AttemptCount>> {
    connection
        .prepare_cached(
            "SELECT registration, sum(attempts), sum(failures) FROM attempt_count WHERE minute >= ?1
             GROUP BY registration ORDER BY registration",
        )?
        .query_map([since.div_euclid(60_000)], |row| {
            let number = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(AttemptCount { registration: row.get(0)?, attempts: number(1)?, failures: number(2)? })
        })?
        .collect()
}

fn delivery(row: &Row<'_>) -> rusqlite::Result<Delivery> {
    let state: i64 = row.get(2)?;
    Ok(Delivery {
        event: row.get(0)?,
        registration: row.get(1)?,
        state: State::from_number(state).ok_or(rusqlite::Error::IntegralValueOutOfRange(2, state))?,
        due: timestamp(row.get(3)?),
        attempts: row.get(4)?,
        drawer: Drawer::from_number(row.get(5)?),
        is_in_doubt: row.get(6)?,
        has_effect: row.get(7)?,
        replays: row.get(8)?,
    })
}

fn row(row: &Row<'_>) -> rusqlite::Result<Listed> {
    Ok(Listed {
        delivery: delivery(row)?,
        id: Uuid::from_bytes(row.get(9)?),
        code: row.get(10)?,
        uid: row.get(11)?,
        at: timestamp(row.get(12)?),
    })
}
