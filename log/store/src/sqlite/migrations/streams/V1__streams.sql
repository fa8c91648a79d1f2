CREATE TABLE streams (
    name         TEXT PRIMARY KEY,
    created      INTEGER NOT NULL,
    epoch        INTEGER NOT NULL,
    first        INTEGER NOT NULL,
    last         INTEGER NOT NULL,
    bytes        INTEGER NOT NULL,
    max_bytes    INTEGER NOT NULL,
    dedup_micros INTEGER NOT NULL
) STRICT;

CREATE TABLE traffic (
    sequence    INTEGER PRIMARY KEY,
    subject     TEXT NOT NULL,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    traceparent TEXT,
    actor       TEXT,
    payload     BLOB NOT NULL,
    size        INTEGER NOT NULL,
    arrived     INTEGER NOT NULL,
    is_unique   INTEGER NOT NULL
) STRICT;
CREATE INDEX traffic_ids ON traffic (id, arrived) WHERE is_unique = 1;

CREATE TABLE control (
    sequence    INTEGER PRIMARY KEY,
    subject     TEXT NOT NULL,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    traceparent TEXT,
    actor       TEXT,
    payload     BLOB NOT NULL,
    size        INTEGER NOT NULL,
    arrived     INTEGER NOT NULL,
    is_unique   INTEGER NOT NULL
) STRICT;
CREATE INDEX control_ids ON control (id, arrived) WHERE is_unique = 1;
