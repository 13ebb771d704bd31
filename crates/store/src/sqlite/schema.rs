use std::cmp::Ordering;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use uuid::Uuid;

use crate::error::OpenError;

/// One entry for each version of the schema; `PRAGMA user_version` counts those that were applied. Entries are never
/// changed once released, only added.
const VERSIONS: &[&str] = &["
CREATE TABLE setting(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;

-- What a provider sends under one code, and the action that published it; events carry the small number.
CREATE TABLE kind(
    id INTEGER PRIMARY KEY, provider TEXT NOT NULL, code TEXT NOT NULL, publisher TEXT NOT NULL,
    UNIQUE(provider, code, publisher));

-- Written once, never touched again. Numbers and uuids grow with time, so rows and index entries are appended.
CREATE TABLE event(
    id INTEGER PRIMARY KEY, uuid BLOB NOT NULL, kind INTEGER NOT NULL, uid TEXT, at INTEGER NOT NULL,
    body TEXT NOT NULL);
CREATE UNIQUE INDEX event_uuid ON event(uuid);

-- Which uids were used: read once at start into memory, because a random key in an index costs a page per event.
CREATE TABLE seen(event INTEGER PRIMARY KEY, hash INTEGER NOT NULL, at INTEGER NOT NULL);

-- The narrow rows that change. `due` is the end of the lease while one is held; `waits` counts those of its `lanes`
-- (8 bytes each) in which others come first.
CREATE TABLE delivery(
    event INTEGER NOT NULL, registration INTEGER NOT NULL, state INTEGER NOT NULL, due INTEGER NOT NULL,
    waits INTEGER NOT NULL, attempts INTEGER NOT NULL, lanes BLOB NOT NULL, PRIMARY KEY(event, registration)) WITHOUT ROWID;
CREATE INDEX delivery_due ON delivery(due) WHERE state IN (1, 2);

-- The open deliveries of each lane, in order.
CREATE TABLE lane(
    lane INTEGER NOT NULL, event INTEGER NOT NULL, registration INTEGER NOT NULL,
    PRIMARY KEY(lane, event, registration)) WITHOUT ROWID;

CREATE TABLE activation(
    id INTEGER PRIMARY KEY, uuid BLOB NOT NULL, cause BLOB, action TEXT NOT NULL, start INTEGER NOT NULL,
    end INTEGER NOT NULL, status INTEGER NOT NULL, result TEXT NOT NULL, event BLOB, attempt INTEGER NOT NULL);
CREATE UNIQUE INDEX activation_uuid ON activation(uuid);
CREATE INDEX activation_event ON activation(event) WHERE event IS NOT NULL;

CREATE TABLE provider(id TEXT PRIMARY KEY, label TEXT NOT NULL UNIQUE, document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE metadata(
    provider TEXT NOT NULL, code TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY(provider, code)) WITHOUT ROWID;
CREATE TABLE registration(
    id INTEGER PRIMARY KEY, uuid TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, document TEXT NOT NULL);

CREATE TABLE value(key TEXT PRIMARY KEY, value BLOB NOT NULL, expires INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX value_expires ON value(expires);
", "
-- Events that came over the wire keep the id and the attributes that their producer gave them.
ALTER TABLE event ADD COLUMN given_id TEXT;
ALTER TABLE event ADD COLUMN attributes TEXT;

-- A registration's journal is its deliveries in order; `lost` is the newest that was removed for its age.
CREATE INDEX delivery_journal ON delivery(registration, event);
CREATE TABLE journal(registration INTEGER PRIMARY KEY, lost INTEGER NOT NULL);

-- Labels may repeat, instances of one kind may not.
CREATE TABLE provider_2(
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, instance TEXT NOT NULL, document TEXT NOT NULL,
    UNIQUE(kind, instance)) WITHOUT ROWID;
INSERT INTO provider_2 SELECT id, document ->> 'provider_metadata', document ->> 'instance_id', document FROM provider;
DROP TABLE provider;
ALTER TABLE provider_2 RENAME TO provider;

-- AUTOINCREMENT: a number that was given back would hand on somebody else's journal.
CREATE TABLE registration_2(
    id INTEGER PRIMARY KEY AUTOINCREMENT, uuid TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE,
    document TEXT NOT NULL);
INSERT INTO registration_2 SELECT id, uuid, name, document FROM registration;
DROP TABLE registration;
ALTER TABLE registration_2 RENAME TO registration;

CREATE TABLE trace(
    id INTEGER PRIMARY KEY, uuid BLOB NOT NULL, registration INTEGER NOT NULL, is_success INTEGER NOT NULL,
    at INTEGER NOT NULL, document TEXT NOT NULL);
CREATE UNIQUE INDEX trace_uuid ON trace(uuid);
CREATE INDEX trace_registration ON trace(registration, is_success);

CREATE TABLE credential(
    client TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, created INTEGER NOT NULL,
    document TEXT NOT NULL) WITHOUT ROWID;
", "
-- Deliveries and activations know one more state, `suppressed` (8 and 4), which older programs cannot read.

-- Changes that were carried lately, by which echoes are known: appended, and read into memory at start. Without facts a
-- row ends what came before it for its subject and is older than `at`.
CREATE TABLE change(
    id INTEGER PRIMARY KEY, subject BLOB NOT NULL, at INTEGER NOT NULL, expires INTEGER NOT NULL, facts BLOB);
"];

/// Refuses a database that is not as this program writes it.
pub(super) fn check(connection: &Connection) -> Result<(), OpenError> {
    let known = i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    match found.cmp(&known) {
        Ordering::Less => Err(OpenError::Older { found, known }),
        Ordering::Equal => Ok(()),
        Ordering::Greater => Err(OpenError::Newer { found, known }),
    }
}

/// Applies the versions that the database has not seen, each in a transaction of its own.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), OpenError> {
    let known = i64::try_from(VERSIONS.len()).unwrap_or(i64::MAX);
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > known {
        return Err(OpenError::Newer { found, known });
    }
    for (version, statements) in (1_i64..).zip(VERSIONS) {
        if version > found {
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            transaction.execute_batch(statements)?;
            transaction.pragma_update(None, "user_version", version)?;
            transaction.commit()?;
        }
    }
    Ok(())
}

/// The key of this database's hashes: made once, at random.
pub(super) fn hash_key(connection: &Connection) -> rusqlite::Result<(u64, u64)> {
    let select = "SELECT value FROM setting WHERE name = 'hash_key'";
    let stored: Option<[u8; 16]> = connection.query_row(select, [], |row| row.get(0)).optional()?;
    let key = if let Some(key) = stored {
        key
    } else {
        let key = Uuid::new_v4().into_bytes();
        connection.execute("INSERT INTO setting(name, value) VALUES ('hash_key', ?1)", params![key])?;
        key
    };
    Ok(Uuid::from_bytes(key).as_u64_pair())
}
