-- The control plane's events are few among many of requests, and audits ask for them: indexes of them alone, which
-- the others never touch.
CREATE INDEX archive_control ON archive (pos) WHERE stream = 'CONTROL';
CREATE INDEX archive_control_subject ON archive (subject, pos) WHERE stream = 'CONTROL';
CREATE INDEX archive_control_actor ON archive (actor, pos) WHERE stream = 'CONTROL';
