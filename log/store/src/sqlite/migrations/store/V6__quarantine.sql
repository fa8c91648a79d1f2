-- Messages of streams that are none of ours.
CREATE TABLE quarantine (
    stream      TEXT NOT NULL,
    epoch       INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    appended_at INTEGER NOT NULL,
    reason      TEXT NOT NULL,
    subject     TEXT NOT NULL,
    size        INTEGER NOT NULL,
    -- Both null where there was no room for the message.
    headers     TEXT,
    payload     BLOB,
    PRIMARY KEY (stream, epoch, sequence)
) STRICT, WITHOUT ROWID;

-- Of each stream: kept ones and their bytes, and how many there were ever.
CREATE TABLE quarantine_counts (
    stream TEXT PRIMARY KEY,
    kept   INTEGER NOT NULL,
    bytes  INTEGER NOT NULL,
    seen   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
