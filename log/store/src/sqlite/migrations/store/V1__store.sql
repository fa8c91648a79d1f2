-- The control plane's events.
CREATE TABLE events (
    position     INTEGER PRIMARY KEY,
    aggregate    TEXT NOT NULL,
    aggregate_id TEXT NOT NULL,
    version      INTEGER NOT NULL,
    subject      TEXT NOT NULL,
    id           TEXT NOT NULL UNIQUE,
    kind         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    traceparent  TEXT,
    actor        TEXT,
    payload      BLOB NOT NULL,
    UNIQUE (aggregate, aggregate_id, version)
) STRICT;

-- Which aggregate holds a value that only one may hold.
CREATE TABLE holders (
    scope        TEXT NOT NULL,
    value        TEXT NOT NULL,
    aggregate    TEXT NOT NULL,
    aggregate_id TEXT NOT NULL,
    PRIMARY KEY (scope, value)
) STRICT, WITHOUT ROWID;
CREATE INDEX holders_of ON holders (aggregate, aggregate_id);

CREATE TABLE commands (
    idempotency_key TEXT PRIMARY KEY,
    fingerprint     TEXT NOT NULL,
    answer          TEXT NOT NULL,
    position        INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every event of every stream.
CREATE TABLE archive (
    pos         INTEGER PRIMARY KEY,
    stream      TEXT NOT NULL,
    epoch       INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    effective   INTEGER NOT NULL,
    request     BLOB,
    subject     TEXT NOT NULL,
    id          TEXT NOT NULL,
    kind        TEXT NOT NULL,
    at          INTEGER NOT NULL,
    traceparent TEXT,
    actor       TEXT,
    payload     BLOB NOT NULL
) STRICT;
CREATE INDEX archive_requests ON archive (request, pos) WHERE request IS NOT NULL;

-- The ids of all archived events: the second one under an id does not count.
CREATE TABLE seen (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

CREATE TABLE tails (
    stream   TEXT PRIMARY KEY,
    epoch    INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    sequence INTEGER NOT NULL
) STRICT;

-- How far a stream was archived at a time, for purging it.
CREATE TABLE archived (
    stream   TEXT NOT NULL,
    slot     INTEGER NOT NULL,
    micros   INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    PRIMARY KEY (stream, slot)
) STRICT, WITHOUT ROWID;

CREATE TABLE projections (
    name            TEXT PRIMARY KEY,
    -- The name of its table in statements.
    read_as         TEXT NOT NULL,
    live_copy       TEXT NOT NULL,
    live_version    INTEGER NOT NULL,
    live_pos        INTEGER NOT NULL,
    halted          TEXT,
    rebuild_copy    TEXT,
    rebuild_version INTEGER,
    rebuild_pos     INTEGER
) STRICT;

CREATE TABLE leases (
    job    TEXT PRIMARY KEY,
    holder TEXT NOT NULL,
    token  INTEGER NOT NULL,
    until  INTEGER NOT NULL
) STRICT;
