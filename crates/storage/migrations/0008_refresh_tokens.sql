-- Families of refresh tokens: one row each, however often they rotate.
-- up
CREATE TABLE refresh_tokens (
  tenant {text} NOT NULL,
  id {text} NOT NULL,
  family {text} NOT NULL,
  user_id {text} NOT NULL,
  client_id {text} NOT NULL,
  audience {text} NOT NULL,
  session_id {text},
  generation BIGINT NOT NULL,
  rotated_at BIGINT,
  created_at BIGINT NOT NULL,
  last_exchanged_at BIGINT NOT NULL,
  expires_at BIGINT,
  idle_expires_at BIGINT,
  dies_at BIGINT NOT NULL,
  ended BIGINT NOT NULL,
  payload TEXT NOT NULL,
  device TEXT NOT NULL,
  metadata TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX refresh_tokens_by_user ON refresh_tokens (tenant, user_id, created_at, id);
CREATE INDEX refresh_tokens_by_client ON refresh_tokens (tenant, client_id, user_id, created_at, id);
CREATE INDEX refresh_tokens_by_session ON refresh_tokens (tenant, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX refresh_tokens_by_family ON refresh_tokens (tenant, family);
CREATE INDEX refresh_tokens_by_death ON refresh_tokens (dies_at, tenant);
-- down
DROP TABLE refresh_tokens;
