-- Mails that wait to be sent, and those that a development mailbox keeps instead.
-- up
CREATE TABLE mails (
  tenant {text} NOT NULL,
  id {text} NOT NULL,
  content {bytes} NOT NULL,
  attempts BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  is_captured BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX mails_by_due ON mails (tenant, due_at) WHERE is_captured = 0;
CREATE INDEX mails_by_age ON mails (tenant, created_at, id) WHERE is_captured = 1;
CREATE INDEX mails_by_expiry ON mails (due_at) WHERE is_captured = 1;
-- down
DROP TABLE mails;
