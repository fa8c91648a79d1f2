-- Which of its message's events it is, from 0. A message of before was one event.
ALTER TABLE archive ADD COLUMN message_index bigint NOT NULL DEFAULT 0;

-- Events that were archived of the stream since its epoch began.
ALTER TABLE tails ADD COLUMN leaves bigint NOT NULL DEFAULT 0;
UPDATE tails SET leaves = (SELECT count(*) FROM archive
    WHERE archive.stream = tails.stream AND archive.epoch = tails.epoch);

-- How far a stream was archived at a time: one mark a minute, for ever.
CREATE TABLE marks (
    stream      text COLLATE "C" NOT NULL,
    minute      bigint NOT NULL,
    archived_at bigint NOT NULL,
    epoch       bigint NOT NULL,
    sequence    bigint NOT NULL,
    PRIMARY KEY (stream, minute)
);
INSERT INTO marks
    SELECT DISTINCT ON (stream, micros / 60000000) stream, micros / 60000000, micros, tails.epoch, archived.sequence
    FROM archived JOIN tails USING (stream) ORDER BY stream, micros / 60000000, micros DESC;
DROP TABLE archived;

-- Events of workers are few among many of requests, as the control plane's are.
CREATE INDEX archive_workers ON archive (pos) WHERE stream = 'WORKERS';
