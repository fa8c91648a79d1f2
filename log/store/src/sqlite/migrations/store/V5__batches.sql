-- Which of its message's events it is, from 0. A message of before was one event.
ALTER TABLE archive ADD COLUMN message_index INTEGER NOT NULL DEFAULT 0;

-- Events that were archived of the stream since its epoch began.
ALTER TABLE tails ADD COLUMN leaves INTEGER NOT NULL DEFAULT 0;
UPDATE tails SET leaves = (SELECT count(*) FROM archive
    WHERE archive.stream = tails.stream AND archive.epoch = tails.epoch);

-- How far a stream was archived at a time: one mark a minute, for ever.
CREATE TABLE marks (
    stream      TEXT NOT NULL,
    minute      INTEGER NOT NULL,
    archived_at INTEGER NOT NULL,
    epoch       INTEGER NOT NULL,
    sequence    INTEGER NOT NULL,
    PRIMARY KEY (stream, minute)
) STRICT, WITHOUT ROWID;
INSERT INTO marks
    SELECT archived.stream, micros / 60000000, max(micros), tails.epoch, max(archived.sequence)
    FROM archived JOIN tails ON tails.stream = archived.stream
    GROUP BY archived.stream, micros / 60000000, tails.epoch;
DROP TABLE archived;

-- Events of workers are few among many of requests, as the control plane's are.
CREATE INDEX archive_workers ON archive (pos) WHERE stream = 'WORKERS';
