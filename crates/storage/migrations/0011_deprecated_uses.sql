-- When each client last used what is retired.
-- up
CREATE TABLE deprecated_uses (
  tenant {text} NOT NULL,
  client_id {text} NOT NULL,
  feature {text} NOT NULL,
  last_used_at BIGINT NOT NULL,
  uses BIGINT NOT NULL,
  PRIMARY KEY (tenant, client_id, feature)
) {clustered};
-- down
DROP TABLE deprecated_uses;
