-- A store as the first version of its schema left it: the statements as they were released, then what a kit wrote.
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

INSERT INTO setting VALUES ('hash_key', x'000102030405060708090a0b0c0d0e0f');
INSERT INTO provider VALUES ('p-1', 'Backoffice',
    '{"id":"p-1","label":"Backoffice","description":"","docs_url":null,"provider_metadata":"3rd_party_custom_events","instance_id":"i-1"}');
INSERT INTO metadata VALUES ('p-1', 'stock.updated',
    '{"provider_id":"p-1","event_code":"stock.updated","label":"Stock","description":"","sample_event_template":null}');
INSERT INTO registration VALUES (1, 'r-1', 'Stock',
    '{"id":0,"registration_id":"r-1","client_id":"client","name":"Stock","description":"","delivery_type":"webhook","runtime_action":"stock/consumer","enabled":true,"events_of_interest":[{"provider_id":"p-1","event_code":"stock.updated"}],"created_date":"2026-01-01T00:00:00Z","updated_date":"2026-01-01T00:00:00Z"}');
INSERT INTO registration VALUES (5, 'r-5', 'Order',
    '{"id":0,"registration_id":"r-5","client_id":"client","name":"Order","description":"","delivery_type":"webhook","runtime_action":"order/consumer","enabled":true,"events_of_interest":[],"created_date":"2026-01-01T00:00:00Z","updated_date":"2026-01-01T00:00:00Z"}');
INSERT INTO kind VALUES (1, 'p-1', 'stock.updated', 'ingestion/webhook');

-- The first is leased, the second waits behind it for `sku-1`, the third is parked.
INSERT INTO event VALUES (1, x'019b76daa80070008000000000000001', 1, 'A-1', 1767225600000, '{"sku":1}');
INSERT INTO event VALUES (2, x'019b76daa80070008000000000000002', 1, NULL, 1767225601000, '{"sku":2}');
INSERT INTO event VALUES (3, x'019b76daa80070008000000000000003', 1, NULL, 1767225602000, '{"sku":3}');
INSERT INTO seen VALUES (1, 5501494981165231563, 1767225600000);
INSERT INTO delivery VALUES (1, 1, 2, 1767225660000, 0, 1, x'b4f45a926b423285');
INSERT INTO delivery VALUES (2, 1, 0, 1767225601000, 1, 0, x'b4f45a926b423285');
INSERT INTO delivery VALUES (3, 1, 6, 1767225602000, 0, 1, x'');
INSERT INTO lane VALUES (-8848937288045235020, 1, 1), (-8848937288045235020, 2, 1);
INSERT INTO activation VALUES (1, x'019b76daa80070008000000000000004', NULL, 'stock/updated', 1767225600000,
    1767225601000, 0, '{}', x'019b76daa80070008000000000000003', 1);
INSERT INTO value VALUES ('k', x'76', 1767312000000);
PRAGMA user_version = 1;
