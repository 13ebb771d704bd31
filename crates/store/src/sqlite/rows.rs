//! Rows to values and back.

use jiff::Timestamp;
use rusqlite::{Connection, Row, params};
use uuid::Uuid;

use crate::{Activation, Credential, EventMetadata, Provider, Registration, RegistrationHealth, Status, StoredEvent};

pub(super) fn millis(timestamp: Timestamp) -> i64 {
    timestamp.as_millisecond()
}

/// A stored time; a damaged one reads as the epoch.
pub(super) fn timestamp(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}

pub(super) fn lanes_to_bytes(lanes: &[i64]) -> Vec<u8> {
    lanes.iter().flat_map(|lane| lane.to_le_bytes()).collect()
}

pub(super) fn lanes_from_bytes(bytes: &[u8]) -> Vec<i64> {
    bytes.as_chunks::<8>().0.iter().map(|lane| i64::from_le_bytes(*lane)).collect()
}

/// The select of events, with what follows the tables.
macro_rules! select_event {
    ($rest:literal) => {
        concat!(
            "SELECT event.id, event.uuid, kind.provider, kind.code, kind.publisher, event.uid, event.at, event.body,
                    event.given_id, event.attributes
             FROM event JOIN kind ON kind.id = event.kind ",
            $rest
        )
    };
}

pub(super) const EVENT_BY_NUMBER: &str = select_event!("WHERE event.id = ?1");
pub(super) const EVENT_BY_UUID: &str = select_event!("WHERE event.uuid = ?1");

/// At most ?2 events behind number ?1.
pub(super) const EVENTS_AFTER: &str = select_event!("WHERE event.id > ?1 ORDER BY event.id LIMIT ?2");

/// At most ?3 events after number ?2 that registration ?1 was meant to get.
pub(super) const JOURNAL: &str =
    "SELECT event.id, event.uuid, kind.provider, kind.code, kind.publisher, event.uid, event.at, event.body,
            event.given_id, event.attributes
     FROM delivery INDEXED BY delivery_journal JOIN event ON event.id = delivery.event JOIN kind ON kind.id = event.kind
     WHERE delivery.registration = ?1 AND delivery.event > ?2 ORDER BY delivery.event LIMIT ?3";

/// Those that an action published.
pub(super) const EVENTS_NEWEST: &str = select_event!("WHERE kind.publisher <> '' ORDER BY event.id DESC");

pub(super) fn event(row: &Row<'_>) -> rusqlite::Result<StoredEvent> {
    Ok(StoredEvent {
        number: row.get(0)?,
        id: Uuid::from_bytes(row.get(1)?),
        provider_id: row.get(2)?,
        code: row.get(3)?,
        publisher: row.get(4)?,
        uid: row.get(5)?,
        at: timestamp(row.get(6)?),
        body: row.get(7)?,
        given_id: row.get(8)?,
        attributes: row.get(9)?,
    })
}

/// What lists show.
pub(super) const ACTIVATION_COLUMNS: &str =
    "uuid, cause, action, start, end, status, result, event, attempt, wait, NULL, NULL";

/// All of one run.
pub(super) const WHOLE_ACTIVATION_COLUMNS: &str =
    "uuid, cause, action, start, end, status, result, event, attempt, wait, detail, logs";

pub(super) fn activation(row: &Row<'_>) -> rusqlite::Result<Activation> {
    let status: i64 = row.get(5)?;
    Ok(Activation {
        id: Uuid::from_bytes(row.get(0)?),
        cause: row.get::<_, Option<[u8; 16]>>(1)?.map(Uuid::from_bytes),
        action: row.get(2)?,
        start: timestamp(row.get(3)?),
        end: timestamp(row.get(4)?),
        status: Status::from_number(status).ok_or(rusqlite::Error::IntegralValueOutOfRange(5, status))?,
        result: row.get(6)?,
        event: row.get::<_, Option<[u8; 16]>>(7)?.map(Uuid::from_bytes),
        attempt: row.get(8)?,
        wait_ms: row.get(9)?,
        detail: row.get(10)?,
        logs: row.get(11)?,
    })
}

/// A run that is on record already stays as it is.
pub(super) fn insert_activation(connection: &Connection, activation: &Activation) -> rusqlite::Result<bool> {
    let inserted = connection
        .prepare_cached(
            "INSERT OR IGNORE INTO activation(
                 uuid, cause, action, start, end, status, result, event, attempt, wait, detail, logs)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )?
        .execute(params![
            activation.id.as_bytes(),
            activation.cause.as_ref().map(Uuid::as_bytes),
            activation.action,
            millis(activation.start),
            millis(activation.end),
            activation.status.to_number(),
            activation.result,
            activation.event.as_ref().map(Uuid::as_bytes),
            activation.attempt,
            activation.wait_ms,
            activation.detail,
            activation.logs,
        ])?;
    Ok(inserted > 0)
}

pub(super) fn put_provider(connection: &Connection, provider: &Provider) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "INSERT INTO provider(id, kind, instance, document) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT(id) DO UPDATE SET kind = excluded.kind, instance = excluded.instance, document = excluded.document",
        params![provider.id, provider.provider_metadata, provider.instance_id, document(provider)?],
    )?;
    Ok(changed > 0)
}

pub(super) fn delete_provider(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    delete_metadata(connection, id, None)?;
    Ok(connection.execute("DELETE FROM provider WHERE id = ?1", [id])? > 0)
}

pub(super) fn delete_metadata(connection: &Connection, provider: &str, code: Option<&str>) -> rusqlite::Result<bool> {
    let deleted = connection
        .execute("DELETE FROM metadata WHERE provider = ?1 AND (?2 IS NULL OR code = ?2)", params![provider, code])?;
    Ok(deleted > 0)
}

pub(super) fn delete_registration(connection: &Connection, id: &str) -> rusqlite::Result<bool> {
    Ok(connection.execute("DELETE FROM registration WHERE uuid = ?1", [id])? > 0)
}

pub(super) fn put_credential(connection: &Connection, credential: &Credential) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "INSERT INTO credential(client, id, name, created, document) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT(client) DO UPDATE
         SET id = excluded.id, name = excluded.name, created = excluded.created, document = excluded.document",
        params![
            credential.client_id,
            credential.id,
            credential.name,
            millis(credential.created),
            document(credential)?
        ],
    )?;
    Ok(changed > 0)
}

pub(super) fn put_metadata(connection: &Connection, metadata: &EventMetadata) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "INSERT INTO metadata(provider, code, document) VALUES (?1, ?2, ?3)
         ON CONFLICT(provider, code) DO UPDATE SET document = excluded.document",
        params![metadata.provider_id, metadata.event_code, document(metadata)?],
    )?;
    Ok(changed > 0)
}

pub(super) fn put_registration(connection: &Connection, registration: &Registration) -> rusqlite::Result<bool> {
    let changed = connection.execute(
        "INSERT INTO registration(uuid, name, document) VALUES (?1, ?2, ?3)
         ON CONFLICT(uuid) DO UPDATE SET name = excluded.name, document = excluded.document",
        params![registration.registration_id, registration.name, document(registration)?],
    )?;
    Ok(changed > 0)
}

/// Changes the document in its place, so that it meets no other change of it.
pub(super) fn put_health(
    connection: &Connection,
    registration: i64,
    health: RegistrationHealth,
) -> rusqlite::Result<bool> {
    let is_disabled = matches!(health, RegistrationHealth::Disabled { .. });
    let changed = connection.execute(
        "UPDATE registration SET document = json_set(document, '$.health', json(?2), '$.enabled',
             json(CASE WHEN ?3 THEN 'false' ELSE iif(json_extract(document, '$.enabled'), 'true', 'false') END))
         WHERE id = ?1",
        params![registration, document(&health)?, is_disabled],
    )?;
    Ok(changed > 0)
}

pub(super) fn document(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

pub(super) fn put_value(
    connection: &Connection,
    key: &str,
    value: &[u8],
    expires: Timestamp,
) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO value(key, value, expires) VALUES (?1, ?2, ?3)
             ON CONFLICT(key) DO UPDATE SET value = excluded.value, expires = excluded.expires",
        )?
        .execute(params![key, value, millis(expires)])?;
    Ok(changed > 0)
}

pub(super) fn reserve(
    connection: &Connection,
    key: &str,
    value: &[u8],
    now: Timestamp,
    expires: Timestamp,
) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached(
            "INSERT INTO value(key, value, expires) VALUES (?1, ?2, ?3)
             ON CONFLICT(key) DO UPDATE SET value = excluded.value, expires = excluded.expires
             WHERE value.expires <= ?4",
        )?
        .execute(params![key, value, millis(expires), millis(now)])?;
    Ok(changed > 0)
}

pub(super) fn replace_value(connection: &Connection, key: &str, before: &[u8], value: &[u8]) -> rusqlite::Result<bool> {
    let changed = connection
        .prepare_cached("UPDATE value SET value = ?3 WHERE key = ?1 AND value = ?2")?
        .execute(params![key, before, value])?;
    Ok(changed > 0)
}

pub(super) fn delete_value(connection: &Connection, key: &str) -> rusqlite::Result<bool> {
    Ok(connection.prepare_cached("DELETE FROM value WHERE key = ?1")?.execute([key])? > 0)
}
