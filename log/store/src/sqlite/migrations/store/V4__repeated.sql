-- Events of requests are found again in the archive itself: here are the ids of all others.
DELETE FROM seen WHERE id IN (SELECT id FROM archive WHERE request IS NOT NULL);
