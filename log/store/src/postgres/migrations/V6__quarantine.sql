-- Messages of streams that are none of ours.
CREATE TABLE quarantine (
    stream      text COLLATE "C" NOT NULL,
    epoch       bigint NOT NULL,
    sequence    bigint NOT NULL,
    appended_at bigint NOT NULL,
    reason      text NOT NULL,
    subject     text NOT NULL,
    size        bigint NOT NULL,
    -- Both null where there was no room for the message.
    headers     text,
    payload     bytea,
    PRIMARY KEY (stream, epoch, sequence)
);

-- Of each stream: kept ones and their bytes, and how many there were ever.
CREATE TABLE quarantine_counts (
    stream text COLLATE "C" PRIMARY KEY,
    kept   bigint NOT NULL,
    bytes  bigint NOT NULL,
    seen   bigint NOT NULL
);
