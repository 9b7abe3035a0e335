-- Opaque access tokens know their client, so that a user can take back what one application was given.
-- up
ALTER TABLE access_tokens ADD COLUMN client_id {text} NOT NULL DEFAULT '';
-- down
ALTER TABLE access_tokens DROP COLUMN client_id;
