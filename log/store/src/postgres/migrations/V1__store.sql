-- The control plane's events.
CREATE TABLE events (
    position     bigint PRIMARY KEY,
    aggregate    text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    version      bigint NOT NULL,
    subject      text NOT NULL,
    id           text COLLATE "C" NOT NULL UNIQUE,
    kind         text NOT NULL,
    at           bigint NOT NULL,
    traceparent  text,
    actor        text,
    payload      bytea NOT NULL,
    UNIQUE (aggregate, aggregate_id, version)
);

-- Which aggregate holds a value that only one may hold.
CREATE TABLE holders (
    scope        text COLLATE "C" NOT NULL,
    value        text COLLATE "C" NOT NULL,
    aggregate    text COLLATE "C" NOT NULL,
    aggregate_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (scope, value)
);
CREATE INDEX holders_of ON holders (aggregate, aggregate_id);

CREATE TABLE commands (
    idempotency_key text COLLATE "C" PRIMARY KEY,
    fingerprint     text NOT NULL,
    answer          text NOT NULL,
    position        bigint NOT NULL
);

-- Every event of every stream. Its partitions are made ahead, as it grows.
CREATE TABLE archive (
    pos         bigint NOT NULL PRIMARY KEY,
    stream      text COLLATE "C" NOT NULL,
    epoch       bigint NOT NULL,
    sequence    bigint NOT NULL,
    effective   boolean NOT NULL,
    request     uuid,
    subject     text COLLATE "C" NOT NULL,
    id          text COLLATE "C" NOT NULL,
    kind        text COLLATE "C" NOT NULL,
    at          bigint NOT NULL,
    traceparent text,
    actor       text,
    payload     bytea NOT NULL
) PARTITION BY RANGE (pos);
CREATE INDEX archive_requests ON archive (request, pos) WHERE request IS NOT NULL;

-- One row: whoever archives locks it, so that positions are in commit order.
CREATE TABLE archive_head (pos bigint NOT NULL);
INSERT INTO archive_head VALUES (0);

-- The ids of all archived events, in two parts: the second one under an id does not count.
CREATE TABLE seen (
    uuid uuid NOT NULL,
    what text COLLATE "C" NOT NULL,
    PRIMARY KEY (uuid, what)
);

CREATE TABLE tails (
    stream   text COLLATE "C" PRIMARY KEY,
    epoch    bigint NOT NULL,
    created  bigint NOT NULL,
    sequence bigint NOT NULL
);

-- How far a stream was archived at a time, for purging it.
CREATE TABLE archived (
    stream   text COLLATE "C" NOT NULL,
    slot     bigint NOT NULL,
    micros   bigint NOT NULL,
    sequence bigint NOT NULL,
    PRIMARY KEY (stream, slot)
);

CREATE TABLE projections (
    name            text COLLATE "C" PRIMARY KEY,
    -- The name of its table in statements.
    read_as         text COLLATE "C" NOT NULL,
    live_copy       text COLLATE "C" NOT NULL,
    live_version    bigint NOT NULL,
    live_pos        bigint NOT NULL,
    halted          text,
    rebuild_copy    text COLLATE "C",
    rebuild_version bigint,
    rebuild_pos     bigint
);

CREATE TABLE leases (
    job    text COLLATE "C" PRIMARY KEY,
    holder text NOT NULL,
    token  bigint NOT NULL,
    until  timestamptz NOT NULL
);

-- Views of the projections for people, with times as times.
CREATE SCHEMA IF NOT EXISTS uplion;
