-- Codes that are sent to an address, of which the newest counts, and how often somebody guessed.
-- up
CREATE TABLE one_time_codes (
  tenant {text} NOT NULL,
  subject {bytes} NOT NULL,
  item {bytes} NOT NULL,
  code {bytes} NOT NULL,
  payload TEXT NOT NULL,
  tries BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, subject)
);
CREATE INDEX one_time_codes_by_expiry ON one_time_codes (expires_at);
-- down
DROP TABLE one_time_codes;
