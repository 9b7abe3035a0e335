-- Work that goes on after its request was answered, with what goes in and comes out of it in parts.
-- up
CREATE TABLE jobs (
  tenant {text} NOT NULL,
  id {text} NOT NULL,
  kind {text} NOT NULL,
  body TEXT NOT NULL,
  revision BIGINT NOT NULL,
  is_open BIGINT NOT NULL,
  due_at BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, id)
);
CREATE INDEX jobs_by_due ON jobs (due_at) WHERE is_open = 1;
CREATE INDEX jobs_by_kind ON jobs (tenant, kind) WHERE is_open = 1;
CREATE INDEX jobs_by_expiry ON jobs (due_at) WHERE is_open = 0;
CREATE TABLE job_parts (
  tenant {text} NOT NULL,
  job {text} NOT NULL,
  name {text} NOT NULL,
  number BIGINT NOT NULL,
  content {bytes} NOT NULL,
  PRIMARY KEY (tenant, job, name, number)
) {clustered};
-- down
DROP TABLE job_parts;
DROP TABLE jobs;
