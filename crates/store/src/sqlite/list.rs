//! Lists of deliveries.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};
use uuid::Uuid;

use super::claim::with_work;
use super::journal::newest_before;
use super::rows::{self, timestamp};
use super::schema;
use crate::{AttemptCount, Backlog, Delivery, DeliveryFilter, Drawer, Listed, Order, State};

const COLUMNS: &str = "delivery.event, delivery.registration, delivery.state, delivery.due, delivery.attempts,
    delivery.drawer, delivery.doubt, delivery.effect, delivery.replays";

/// What a list tells of the event.
const EVENT: &str = "event.uuid, kind.code, coalesce(event.given_id, event.uid), event.at";

/// Where deliveries of some states are found without a look at all others; those that wait are in their lanes. The texts
/// are those of the indexes.
const SOURCES: [Source; 3] = [
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
    let conditions = Conditions::new(connection, filter)?;
    let Conditions { bounds, others, code } = &conditions;
    let order = order(filter);
    let sources = if filter.event.is_some() { OF_EVENTS.as_slice() } else { SOURCES.as_slice() };
    if filter.event.is_none() && (filter.states.is_empty() || filter.states.contains(&State::Waiting)) {
        waiting(connection, filter, &conditions, &mut listed)?;
    }
    for Source { states, tables, condition } in sources {
        let wanted = states.iter().filter(|state| filter.states.is_empty() || filter.states.contains(state));
        let wanted: Vec<String> = wanted.map(|state| state.to_number().to_string()).collect();
        if wanted.is_empty() {
            continue;
        }
        let text = format!(
            "SELECT {COLUMNS}, {EVENT}
             FROM {tables} JOIN event ON event.id = delivery.event JOIN kind ON kind.id = event.kind
             WHERE {condition} AND delivery.state IN ({wanted}) {bounds} {others} {order} LIMIT {limit}",
            wanted = wanted.join(", "),
            limit = filter.limit,
        );
        let mut statement = connection.prepare(&text)?;
        for row in statement.query_map(params_from_iter(code), row)? {
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

/// Those that wait for others of their lanes. The keys alone are put in order, and only as many are looked up as are
/// listed: however many wait, a list is there at once.
fn waiting(
    connection: &Connection,
    filter: &DeliveryFilter,
    Conditions { bounds, others, code }: &Conditions,
    listed: &mut Vec<Listed>,
) -> rusqlite::Result<()> {
    let order = order(filter);
    let mut keys = connection.prepare(&format!(
        "SELECT DISTINCT event, registration FROM lane AS delivery WHERE holds = 0 {bounds} {order}"
    ))?;
    let mut look_up = connection.prepare(&format!(
        "SELECT {COLUMNS}, {EVENT} FROM delivery JOIN event ON event.id = delivery.event
         JOIN kind ON kind.id = event.kind
         WHERE delivery.event = ?2 AND delivery.registration = ?3 AND delivery.state = 0 {others}"
    ))?;
    let mut keys = keys.query([])?;
    while listed.len() < filter.limit
        && let Some(key) = keys.next()?
    {
        let key: (i64, i64) = (key.get(0)?, key.get(1)?);
        listed.extend(look_up.query_row(params![code, key.0, key.1], row).optional()?);
    }
    Ok(())
}

fn order(filter: &DeliveryFilter) -> &'static str {
    match filter.order {
        Order::NewestFirst => "ORDER BY delivery.event DESC, delivery.registration DESC",
        Order::OldestFirst => "ORDER BY delivery.event, delivery.registration",
    }
}

/// What a filter asks for beside states.
struct Conditions {
    /// On event and registration.
    bounds: String,
    /// On the rest; `?1` is the code, where there is one.
    others: String,
    code: Option<String>,
}

impl Conditions {
    fn new(connection: &Connection, filter: &DeliveryFilter) -> rusqlite::Result<Self> {
        let mut bounds = Vec::new();
        bounds.extend(filter.registration.map(|registration| format!("delivery.registration = {registration}")));
        // Numbers and times grow together; a bound in numbers needs no look at the events.
        if let Some(since) = filter.since {
            bounds.push(format!("delivery.event > {}", newest_before(connection, since)?));
        }
        if let Some(until) = filter.until {
            bounds.push(format!("delivery.event <= {}", newest_before(connection, until)?));
        }
        if let Some((event, registration)) = filter.after {
            let sign = if filter.order == Order::NewestFirst { '<' } else { '>' };
            bounds.push(format!("delivery.event {sign}= {event}"));
            bounds.push(format!("(delivery.event {sign} {event} OR delivery.registration {sign} {registration})"));
        }
        if let Some(known_by) = &filter.event {
            let numbers: Vec<String> = numbers(connection, known_by)?.iter().map(i64::to_string).collect();
            bounds.push(format!("delivery.event IN ({})", numbers.join(", ")));
        }
        let mut others = Vec::new();
        others.extend(filter.drawer.map(|drawer| format!("delivery.drawer = {}", drawer.to_number())));
        others.extend(filter.code.as_ref().map(|_| "kind.code = ?1".to_owned()));
        Ok(Self { bounds: all(&bounds), others: all(&others), code: filter.code.clone() })
    }
}

fn all(conditions: &[String]) -> String {
    if conditions.is_empty() { String::new() } else { format!("AND {}", conditions.join(" AND ")) }
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
        "SELECT {COLUMNS}, {EVENT}
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
