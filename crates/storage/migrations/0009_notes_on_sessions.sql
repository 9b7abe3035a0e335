-- What administrators note about a session.
-- up
ALTER TABLE browser_sessions ADD COLUMN metadata TEXT NOT NULL DEFAULT '{}';
-- down
ALTER TABLE browser_sessions DROP COLUMN metadata;
