-- Which call to the API led to an event.
ALTER TABLE events ADD COLUMN request_id text;
ALTER TABLE archive ADD COLUMN request_id text;

CREATE INDEX events_actor ON events (actor);

-- What is known of people: erased without touching an event.
CREATE TABLE people (
    id            text COLLATE "C" PRIMARY KEY,
    name          text,
    email         text,
    email_key     text COLLATE "C" UNIQUE,
    password_hash text,
    oidc_issuer   text COLLATE "C",
    oidc_subject  text COLLATE "C",
    UNIQUE (oidc_issuer, oidc_subject)
);

-- What is noted beside events: erased without touching them.
CREATE TABLE event_notes (
    event          text COLLATE "C" PRIMARY KEY,
    reason         text,
    source_address text,
    user_agent     text
);

-- Those that are remembered do not say whose they are.
DROP TABLE commands;
CREATE TABLE commands (
    actor           text COLLATE "C" NOT NULL,
    idempotency_key text COLLATE "C" NOT NULL,
    fingerprint     text NOT NULL,
    answer          text NOT NULL,
    position        bigint NOT NULL,
    at              bigint NOT NULL,
    PRIMARY KEY (actor, idempotency_key)
);
CREATE INDEX commands_at ON commands (at);
