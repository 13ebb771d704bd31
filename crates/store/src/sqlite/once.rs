//! Names of requests that make one event at most: rows of `value` that lead to the event.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;

use super::rows::{self, millis, timestamp};
use crate::{Known, Nonce};

/// Before a nonce's text, so that it is no key of anybody else.
const PREFIX: &str = "nonce/";

/// What became of a request of this name.
pub(super) enum Use {
    Unused,
    /// It made this event, or came when the event was there.
    Of(Known),
    /// Its event was removed.
    Gone,
}

pub(super) fn look_up(connection: &Connection, nonce: &Nonce, now: Timestamp) -> rusqlite::Result<Use> {
    let event: Option<Vec<u8>> = connection
        .prepare_cached("SELECT value FROM value WHERE key = ?1 AND expires > ?2")?
        .query_row(params![key(nonce), millis(now)], |row| row.get(0))
        .optional()?;
    let Some(event) = event else { return Ok(Use::Unused) };
    let known = connection
        .prepare_cached("SELECT uuid, at, body FROM event WHERE uuid = ?1")?
        .query_row([event], |row| {
            let body: Box<str> = row.get::<_, String>(2)?.into();
            Ok(Known { id: Uuid::from_bytes(row.get(0)?), at: timestamp(row.get(1)?), body })
        })
        .optional()?;
    Ok(known.map_or(Use::Gone, Use::Of))
}

pub(super) fn claim(connection: &Connection, nonce: &Nonce, event: Uuid) -> rusqlite::Result<()> {
    rows::put_value(connection, &key(nonce), event.as_bytes(), nonce.expires).map(drop)
}

fn key(nonce: &Nonce) -> String {
    format!("{PREFIX}{}", nonce.text)
}
