use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use super::lanes::{self, Placed};
use super::purge;
use super::rows::{self, millis, timestamp};
use super::schema::HashKey;
use super::seen::Seen;
use super::tally::Tally;
use crate::{Known, NewEvent, State};

/// An event with its hashes, made ready outside the writer's thread.
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) event: NewEvent,
    pub(super) uid_hash: Option<i64>,
    /// For each registration: the lanes that the event waits in.
    pub(super) lanes: Vec<(i64, Vec<i64>)>,
}

impl Prepared {
    pub(super) fn new(mut event: NewEvent, hash_key: &HashKey) -> Self {
        let uid_hash = event.uid.as_ref().map(|uid| hash_key.uid(&event.code, uid));
        let lanes = event
            .deliveries
            .iter()
            .map(|delivery| (delivery.registration, hash_key.lanes(delivery.registration, &delivery.keys)));
        let lanes: Vec<(i64, Vec<i64>)> = lanes.collect();
        // A delivery is in its registration's journal already.
        event.journals.sort_unstable();
        event.journals.dedup();
        event.journals.retain(|journal| lanes.iter().all(|(registration, _)| registration != journal));
        Self { event, uid_hash, lanes }
    }
}

/// What the writer keeps at hand for appending.
pub(super) struct Appender {
    seen: Seen,
    /// The numbers of provider, code and publisher.
    kinds: HashMap<[Arc<str>; 3], i64>,
    /// The newest event's number, or a replay's place. Numbers are not given twice, also when the newest event was purged:
    /// readers of journals would take what is new for what they have read.
    newest: i64,
}

impl Appender {
    /// `given` is the newest number that this process has given so far.
    pub(super) fn load(
        connection: &Connection,
        window: Duration,
        bytes_max: u64,
        given: i64,
    ) -> rusqlite::Result<Self> {
        let stored: Option<i64> = connection.query_row("SELECT max(id) FROM event", [], |row| row.get(0))?;
        // A look at each lane entry, once at a start.
        let placed: Option<i64> = connection.query_row("SELECT max(place) FROM lane", [], |row| row.get(0))?;
        let newest = stored.max(placed).unwrap_or(0).max(purge::newest(connection)?).max(given);
        Ok(Self { seen: Seen::load(connection, window, bytes_max)?, kinds: HashMap::new(), newest })
    }

    pub(super) fn newest(&self) -> i64 {
        self.newest
    }

    /// A place behind everything that is in a lane.
    pub(super) fn next_place(&mut self) -> i64 {
        self.newest += 1;
        self.newest
    }

    /// How many days at the end of the window do not count.
    pub(super) fn days_forgotten(&self) -> u64 {
        self.seen.days_forgotten()
    }

    /// The first event with this event's uid, when there is one within the window.
    pub(super) fn known(&self, connection: &Connection, prepared: &Prepared) -> rusqlite::Result<Option<Known>> {
        let event = &prepared.event;
        let (Some(hash), Some(uid)) = (prepared.uid_hash, &event.uid) else { return Ok(None) };
        let since = millis(event.at).saturating_sub(self.seen.window_ms());
        for candidate in self.seen.candidates(hash) {
            if let Some(known) = first_use(connection, candidate, &event.code, uid, since)? {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    /// Appends an event that is not known.
    pub(super) fn append(
        &mut self,
        connection: &Connection,
        prepared: &Prepared,
        tally: &mut Tally,
    ) -> rusqlite::Result<()> {
        let event = &prepared.event;
        let at = millis(event.at);
        let kind = self.kind(connection, event)?;
        self.newest += 1;
        let number = self.newest;
        connection
            .prepare_cached(
                "INSERT INTO event(id, uuid, kind, uid, at, body, given_id, attributes)
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
            )?
            .execute(params![
                number,
                event.id.as_bytes(),
                kind,
                event.uid,
                at,
                event.body,
                event.given_id,
                event.attributes
            ])?;
        if let Some(hash) = prepared.uid_hash {
            connection
                .prepare_cached("INSERT INTO seen(event, hash, at) VALUES (?1, ?2, ?3)")?
                .execute([number, hash, at])?;
            self.seen.insert(hash, number, at);
        }
        for (registration, lanes) in &prepared.lanes {
            queue(connection, number, *registration, lanes, at, tally)?;
        }
        for registration in &event.journals {
            let state = State::Journaled;
            let row = DeliveryRow { event: number, registration: *registration, state, due: at, waits: 0, lanes: &[] };
            row.insert(connection)?;
        }
        Ok(())
    }

    fn kind(&mut self, connection: &Connection, event: &NewEvent) -> rusqlite::Result<i64> {
        let key = [&event.provider_id, &event.code, &event.publisher].map(Arc::clone);
        if let Some(kind) = self.kinds.get(&key) {
            return Ok(*kind);
        }
        connection.execute(
            "INSERT OR IGNORE INTO kind(provider, code, publisher) VALUES (?1, ?2, ?3)",
            params_from_iter(&key),
        )?;
        let select = "SELECT id FROM kind WHERE provider = ?1 AND code = ?2 AND publisher = ?3";
        let kind = connection.query_row(select, params_from_iter(&key), |row| row.get(0))?;
        self.kinds.insert(key, kind);
        Ok(kind)
    }
}

/// The event behind a number, when it really is an earlier use of this uid.
fn first_use(
    connection: &Connection,
    number: i64,
    code: &str,
    uid: &str,
    since: i64,
) -> rusqlite::Result<Option<Known>> {
    connection
        .prepare_cached(
            "SELECT event.uuid, event.at, event.body FROM event JOIN kind ON kind.id = event.kind
             WHERE event.id = ?1 AND kind.code = ?2 AND event.uid = ?3 AND event.at > ?4",
        )?
        .query_row(params![number, code, uid, since], |row| {
            Ok(Known {
                id: uuid::Uuid::from_bytes(row.get(0)?),
                at: timestamp(row.get(1)?),
                body: row.get::<_, String>(2)?.into(),
            })
        })
        .optional()
}

/// Puts a new delivery at the end of its lanes.
fn queue(
    connection: &Connection,
    event: i64,
    registration: i64,
    lanes: &[i64],
    due: i64,
    tally: &mut Tally,
) -> rusqlite::Result<()> {
    let waits = lanes::enter(connection, Placed { event, registration, place: event }, lanes)?;
    let state = if waits == 0 { State::Due } else { State::Waiting };
    DeliveryRow { event, registration, state, due, waits, lanes }.insert(connection)?;
    tally.opened += 1;
    tally.is_due |= state == State::Due;
    Ok(())
}

struct DeliveryRow<'a> {
    event: i64,
    registration: i64,
    state: State,
    due: i64,
    waits: i64,
    lanes: &'a [i64],
}

impl DeliveryRow<'_> {
    fn insert(&self, connection: &Connection) -> rusqlite::Result<()> {
        connection
            .prepare_cached(
                "INSERT INTO delivery(event, registration, state, due, waits, attempts, lanes)
                 VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6)",
            )?
            .execute(params![
                self.event,
                self.registration,
                self.state.to_number(),
                self.due,
                self.waits,
                rows::lanes_to_bytes(self.lanes)
            ])?;
        Ok(())
    }
}
