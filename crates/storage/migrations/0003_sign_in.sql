-- Logins that are pending, the browser sessions that come of them, and the opaque access tokens.
-- up
CREATE TABLE logins (
  tenant {text} NOT NULL,
  digest {bytes} NOT NULL,
  request TEXT NOT NULL,
  progress TEXT NOT NULL,
  revision BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, digest)
);
CREATE INDEX logins_by_expiry ON logins (expires_at);
CREATE TABLE browser_sessions (
  tenant {text} NOT NULL,
  session_id {text} NOT NULL,
  digest {bytes} NOT NULL,
  user_id {text} NOT NULL,
  authenticated_at BIGINT NOT NULL,
  methods TEXT NOT NULL,
  last_used_at BIGINT NOT NULL,
  persistent BIGINT NOT NULL,
  absolute_seconds BIGINT NOT NULL,
  idle_seconds BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  ip {text} NOT NULL,
  user_agent TEXT NOT NULL,
  PRIMARY KEY (tenant, session_id)
);
CREATE UNIQUE INDEX browser_sessions_by_digest ON browser_sessions (tenant, digest);
CREATE INDEX browser_sessions_by_user ON browser_sessions (tenant, user_id, created_at, session_id);
CREATE INDEX browser_sessions_by_expiry ON browser_sessions (expires_at);
CREATE TABLE session_clients (
  tenant {text} NOT NULL,
  session_id {text} NOT NULL,
  client_id {text} NOT NULL,
  PRIMARY KEY (tenant, session_id, client_id)
) {clustered};
CREATE TABLE access_tokens (
  tenant {text} NOT NULL,
  digest {bytes} NOT NULL,
  family {text} NOT NULL,
  user_id {text} NOT NULL,
  payload TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, digest)
);
CREATE INDEX access_tokens_by_family ON access_tokens (tenant, family);
CREATE INDEX access_tokens_by_user ON access_tokens (tenant, user_id);
CREATE INDEX access_tokens_by_expiry ON access_tokens (expires_at);
-- down
DROP TABLE access_tokens;
DROP TABLE session_clients;
DROP TABLE browser_sessions;
DROP TABLE logins;
