-- Which call to the API led to an event.
ALTER TABLE traffic ADD COLUMN request_id TEXT;
ALTER TABLE control ADD COLUMN request_id TEXT;
