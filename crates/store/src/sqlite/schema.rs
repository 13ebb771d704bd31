use std::cmp::Ordering;
use std::fmt;
use std::hash::Hasher;

use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use siphasher::sip::SipHasher13;
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
", "
-- Deliveries know one more state, `blocking` (9).
-- `owner` holds the lease. `doubt`: an attempt may have had its effect. `drawer`: whose fault it is. `effect`: it is on
-- record. `replays`, and of the last one: when it began, how many `attempts` came before, its place in the lanes (that of
-- a delivery that was never replayed is the event's number).
ALTER TABLE delivery ADD COLUMN owner INTEGER;
ALTER TABLE delivery ADD COLUMN doubt INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN drawer INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN effect INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN replays INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN begun INTEGER;
ALTER TABLE delivery ADD COLUMN base INTEGER NOT NULL DEFAULT 0;
ALTER TABLE delivery ADD COLUMN place INTEGER;
UPDATE delivery SET effect = 1 WHERE state = 3;
UPDATE delivery SET drawer = 1 WHERE state = 5;
UPDATE delivery SET drawer = 3 WHERE state = 6;

-- By registration, so that one whose target is slow is not in the way of others.
DROP INDEX delivery_due;
CREATE INDEX delivery_open ON delivery(registration, state, due) WHERE state IN (1, 2);
CREATE INDEX delivery_failed ON delivery(state, event) WHERE state = 5 OR state = 6 OR state = 9;

-- Those of a lane in order; one of them `holds` it, the others wait.
CREATE TABLE lane_2(
    lane INTEGER NOT NULL, place INTEGER NOT NULL, event INTEGER NOT NULL, registration INTEGER NOT NULL,
    holds INTEGER NOT NULL, PRIMARY KEY(lane, place, event, registration)) WITHOUT ROWID;
INSERT INTO lane_2 SELECT lane, event, event, registration,
    NOT EXISTS (SELECT 1 FROM lane AS other WHERE other.lane = lane.lane AND other.event < lane.event) FROM lane;
DROP TABLE lane;
ALTER TABLE lane_2 RENAME TO lane;

-- Attempts of each minute.
CREATE TABLE attempt_count(
    minute INTEGER NOT NULL, registration INTEGER NOT NULL, attempts INTEGER NOT NULL, failures INTEGER NOT NULL,
    PRIMARY KEY(minute, registration)) WITHOUT ROWID;

CREATE TABLE job(
    id INTEGER PRIMARY KEY, uuid BLOB NOT NULL UNIQUE, created INTEGER NOT NULL, state INTEGER NOT NULL,
    document TEXT NOT NULL, progress TEXT NOT NULL);
", "
-- Activations know one more status, `TimedOut` (5). Long texts stand last, so that a look at the rest passes them by.
ALTER TABLE activation ADD COLUMN wait INTEGER NOT NULL DEFAULT 0;
ALTER TABLE activation ADD COLUMN detail TEXT;
ALTER TABLE activation ADD COLUMN logs TEXT;
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
pub(super) fn hash_key(connection: &Connection) -> rusqlite::Result<HashKey> {
    if let Some(key) = stored_hash_key(connection)? {
        return Ok(key);
    }
    let key = Uuid::new_v4();
    connection.execute("INSERT INTO setting(name, value) VALUES ('hash_key', ?1)", params![key.as_bytes()])?;
    Ok(HashKey(key.as_u64_pair()))
}

/// `None` when nothing was ever written.
pub(super) fn stored_hash_key(connection: &Connection) -> rusqlite::Result<Option<HashKey>> {
    let select = "SELECT value FROM setting WHERE name = 'hash_key'";
    let stored: Option<[u8; 16]> = connection.query_row(select, [], |row| row.get(0)).optional()?;
    Ok(stored.map(|key| HashKey(Uuid::from_bytes(key).as_u64_pair())))
}

/// Makes stable hashes that senders cannot aim at.
#[derive(Clone, Copy)]
pub(super) struct HashKey((u64, u64));

impl HashKey {
    pub(super) fn hash(self, parts: &[&[u8]]) -> i64 {
        let mut hasher = SipHasher13::new_with_keys(self.0.0, self.0.1);
        for part in parts {
            hasher.write(part);
            hasher.write_u8(0);
        }
        hasher.finish().cast_signed()
    }

    /// Of a sender's uid, which counts for one code.
    pub(super) fn uid(self, code: &str, uid: &str) -> i64 {
        self.hash(&[code.as_bytes(), uid.as_bytes()])
    }

    /// The lanes of a registration that events with these keys wait in.
    pub(super) fn lanes(self, registration: i64, keys: &[String]) -> Vec<i64> {
        let registration = registration.to_le_bytes();
        let mut lanes: Vec<i64> = keys.iter().map(|key| self.hash(&[&registration, key.as_bytes()])).collect();
        lanes.sort_unstable();
        lanes.dedup();
        lanes
    }
}

impl fmt::Debug for HashKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("HashKey")
    }
}
