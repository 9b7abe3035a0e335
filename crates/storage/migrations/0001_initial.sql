-- {text} orders by bytes on both engines, {bytes} holds bytes, {identity} numbers rows, {clustered} keeps rows in the key.
-- up
CREATE TABLE instance (
  name {text} NOT NULL PRIMARY KEY,
  value {bytes} NOT NULL,
  counter BIGINT NOT NULL
);
CREATE TABLE tenants (
  tenant {text} NOT NULL PRIMARY KEY,
  created_at BIGINT NOT NULL
);
CREATE TABLE hosts (
  host {text} NOT NULL PRIMARY KEY,
  tenant {text} NOT NULL
);
CREATE INDEX hosts_by_tenant ON hosts (tenant, host);
CREATE TABLE documents (
  tenant {text} NOT NULL,
  kind {text} NOT NULL,
  id {text} NOT NULL,
  body TEXT NOT NULL,
  sealed BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, kind, id)
);
CREATE INDEX documents_in_order ON documents (tenant, kind, created_at, id);
CREATE TABLE document_keys (
  tenant {text} NOT NULL,
  kind {text} NOT NULL,
  name {text} NOT NULL,
  value {text} NOT NULL,
  id {text} NOT NULL,
  PRIMARY KEY (tenant, kind, name, value)
) {clustered};
CREATE INDEX document_keys_by_id ON document_keys (tenant, kind, id);
CREATE TABLE document_links (
  tenant {text} NOT NULL,
  kind {text} NOT NULL,
  name {text} NOT NULL,
  target {text} NOT NULL,
  created_at BIGINT NOT NULL,
  id {text} NOT NULL,
  PRIMARY KEY (tenant, kind, name, target, created_at, id)
) {clustered};
CREATE INDEX document_links_by_id ON document_links (tenant, kind, id);
CREATE TABLE changes (
  seq {identity},
  tenant {text} NOT NULL,
  kind {text} NOT NULL,
  id {text} NOT NULL,
  at BIGINT NOT NULL
);
CREATE TABLE single_use (
  tenant {text} NOT NULL,
  purpose {text} NOT NULL,
  digest {bytes} NOT NULL,
  payload TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  consumed_at BIGINT,
  PRIMARY KEY (tenant, purpose, digest)
) {clustered};
CREATE INDEX single_use_by_expiry ON single_use (expires_at);
CREATE TABLE events (
  tenant {text} NOT NULL,
  id {text} NOT NULL,
  at BIGINT NOT NULL,
  code {text} NOT NULL,
  client_id {text},
  user_id {text},
  body TEXT NOT NULL,
  PRIMARY KEY (tenant, id)
) {clustered};
CREATE INDEX events_by_age ON events (at);
CREATE INDEX events_by_client ON events (tenant, client_id, id) WHERE client_id IS NOT NULL;
CREATE INDEX events_by_user ON events (tenant, user_id, id) WHERE user_id IS NOT NULL;
CREATE TABLE blacklisted_tokens (
  tenant {text} NOT NULL,
  aud {text} NOT NULL,
  jti {text} NOT NULL,
  expires_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, aud, jti)
) {clustered};
CREATE INDEX blacklisted_tokens_by_expiry ON blacklisted_tokens (expires_at);
-- down
DROP TABLE blacklisted_tokens;
DROP TABLE events;
DROP TABLE single_use;
DROP TABLE changes;
DROP TABLE document_links;
DROP TABLE document_keys;
DROP TABLE documents;
DROP TABLE hosts;
DROP TABLE tenants;
DROP TABLE instance;
