-- What workers report. A message is a batch, as from now on in traffic: its events are within the payload, and the
-- columns that say what one event is are empty.
CREATE TABLE workers (
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
    is_unique   INTEGER NOT NULL,
    request_id  TEXT
) STRICT;
CREATE INDEX workers_ids ON workers (id, arrived) WHERE is_unique = 1;
