-- Which call to the API led to an event.
ALTER TABLE events ADD COLUMN request_id TEXT;
ALTER TABLE archive ADD COLUMN request_id TEXT;

CREATE INDEX events_actor ON events (actor);

-- What is known of people: erased without touching an event.
CREATE TABLE people (
    id            TEXT PRIMARY KEY,
    name          TEXT,
    email         TEXT,
    email_key     TEXT UNIQUE,
    password_hash TEXT,
    oidc_issuer   TEXT,
    oidc_subject  TEXT,
    UNIQUE (oidc_issuer, oidc_subject)
) STRICT, WITHOUT ROWID;

-- What is noted beside events: erased without touching them.
CREATE TABLE event_notes (
    event          TEXT PRIMARY KEY,
    reason         TEXT,
    source_address TEXT,
    user_agent     TEXT
) STRICT, WITHOUT ROWID;

-- Those that are remembered do not say whose they are.
DROP TABLE commands;
CREATE TABLE commands (
    actor           TEXT NOT NULL,
    idempotency_key TEXT NOT NULL,
    fingerprint     TEXT NOT NULL,
    answer          TEXT NOT NULL,
    position        INTEGER NOT NULL,
    at              INTEGER NOT NULL,
    PRIMARY KEY (actor, idempotency_key)
) STRICT, WITHOUT ROWID;
CREATE INDEX commands_at ON commands (at);
