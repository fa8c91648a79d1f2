-- Events of requests are found again in the archive itself. Of each hour: where the archive began to hold requests whose
-- ids were made in it.
CREATE TABLE request_hours (
    hour bigint PRIMARY KEY,
    pos  bigint NOT NULL
);
INSERT INTO request_hours
    SELECT ('x' || left(replace(request::text, '-', ''), 12))::bit(48)::bigint / 3600000, min(pos)
    FROM archive WHERE request IS NOT NULL GROUP BY 1;

-- The ids of all other events, in two parts: the second one under an id does not count.
CREATE TABLE remembered (
    uuid uuid NOT NULL,
    what text COLLATE "C" NOT NULL,
    PRIMARY KEY (uuid, what)
);
INSERT INTO remembered
    SELECT * FROM seen WHERE what = 'evt_' OR uuid = '00000000-0000-0000-0000-000000000000';
DROP TABLE seen;
ALTER TABLE remembered RENAME TO seen;
ALTER INDEX remembered_pkey RENAME TO seen_pkey;
