-- A store as the third version of its schema left it: the statements as they were released, then what a kit wrote.
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

-- Deliveries and activations know one more state, `suppressed` (8 and 4), which older programs cannot read.

-- Changes that were carried lately, by which echoes are known: appended, and read into memory at start. Without facts a
-- row ends what came before it for its subject and is older than `at`.
CREATE TABLE change(
    id INTEGER PRIMARY KEY, subject BLOB NOT NULL, at INTEGER NOT NULL, expires INTEGER NOT NULL, facts BLOB);

INSERT INTO setting VALUES ('hash_key', x'000102030405060708090a0b0c0d0e0f');
INSERT INTO kind VALUES (1, 'p-1', 'stock.updated', 'ingestion/webhook');

-- Of registration 1, in two lanes, `sku-1` and 77: the first is leased, the second waits behind it; the third waits for its
-- retry, the fourth for both lanes, the eighth for the second one. Others ended. Of registration 2 one is due.
INSERT INTO event(id, uuid, kind, uid, at, body) VALUES (1, x'019b76daa80070008000000000000001', 1, NULL, 1767225601000, '{"sku":1}');
INSERT INTO event(id, uuid, kind, uid, at, body) VALUES (2, x'019b76daa80070008000000000000002', 1, NULL, 1767225602000, '{"sku":2}');
INSERT INTO event(id, uuid, kind, uid, at, body) VALUES (3, x'019b76daa80070008000000000000003', 1, NULL, 1767225603000, '{"sku":3}');
INSERT INTO event(id, uuid, kind, uid, at, body) VALUES (4, x'019b76daa80070008000000000000004', 1, NULL, 1767225604000, '{"sku":4}');
INSERT INTO event(id, uuid, kind, uid, at, body) VALUES (5, x'019b76daa80070008000000000000005', 1, NULL, 1767225605000, '{"sku":5}');
INSERT INTO event(id, uuid, kind, uid, at, body) VALUES (6, x'019b76daa80070008000000000000006', 1, NULL, 1767225606000, '{"sku":6}');
INSERT INTO event(id, uuid, kind, uid, at, body) VALUES (7, x'019b76daa80070008000000000000007', 1, NULL, 1767225607000, '{"sku":7}');
INSERT INTO event(id, uuid, kind, uid, at, body) VALUES (8, x'019b76daa80070008000000000000008', 1, NULL, 1767225608000, '{"sku":8}');
INSERT INTO delivery VALUES (1, 1, 2, 1767225661000, 0, 2, x'b4f45a926b423285');
INSERT INTO delivery VALUES (2, 1, 0, 1767225602000, 1, 0, x'b4f45a926b423285');
INSERT INTO delivery VALUES (3, 1, 1, 1767225650000, 0, 1, x'4d00000000000000');
INSERT INTO delivery VALUES (4, 1, 0, 1767225604000, 2, 0, x'b4f45a926b4232854d00000000000000');
INSERT INTO delivery VALUES (5, 1, 6, 1767225605000, 0, 3, x'b4f45a926b423285');
INSERT INTO delivery VALUES (6, 1, 5, 1767225606000, 0, 1, x'');
INSERT INTO delivery VALUES (7, 1, 3, 1767225607000, 0, 1, x'');
INSERT INTO delivery VALUES (7, 2, 1, 1767225607000, 0, 0, x'');
INSERT INTO delivery VALUES (8, 1, 0, 1767225608000, 1, 0, x'4d00000000000000');
INSERT INTO delivery VALUES (8, 2, 7, 1767225608000, 0, 0, x'');
INSERT INTO lane VALUES (-8848937288045235020, 1, 1), (-8848937288045235020, 2, 1), (-8848937288045235020, 4, 1),
    (77, 3, 1), (77, 4, 1), (77, 8, 1);
PRAGMA user_version = 3;
