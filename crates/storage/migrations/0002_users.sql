-- People. A text that is absent is '', an instant that is absent is 0 and a flag that is absent is -1, so that no test of
-- a column has a third answer and both engines order alike.
-- up
CREATE TABLE users (
  tenant {text} NOT NULL,
  user_id {text} NOT NULL,
  body TEXT NOT NULL,
  revision BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  email {text} NOT NULL,
  username {text} NOT NULL,
  phone_number {text} NOT NULL,
  name {text} NOT NULL,
  nickname {text} NOT NULL,
  given_name {text} NOT NULL,
  family_name {text} NOT NULL,
  email_verified BIGINT NOT NULL,
  phone_verified BIGINT NOT NULL,
  blocked BIGINT NOT NULL,
  last_password_reset BIGINT NOT NULL,
  last_login BIGINT NOT NULL,
  last_ip {text} NOT NULL,
  logins_count BIGINT NOT NULL,
  PRIMARY KEY (tenant, user_id)
);
CREATE INDEX users_in_order ON users (tenant, created_at, user_id);
CREATE INDEX users_by_email ON users (tenant, email, user_id);
CREATE INDEX users_by_name ON users (tenant, name, user_id);
CREATE INDEX users_by_username ON users (tenant, username, user_id) WHERE username <> '';
CREATE INDEX users_by_phone_number ON users (tenant, phone_number, user_id) WHERE phone_number <> '';
CREATE INDEX users_by_login ON users (tenant, last_login, user_id);
CREATE TABLE user_attributes (
  tenant {text} NOT NULL,
  path {text} NOT NULL,
  value {text} NOT NULL,
  user_id {text} NOT NULL,
  PRIMARY KEY (tenant, path, value, user_id)
) {clustered};
CREATE INDEX user_attributes_by_user ON user_attributes (tenant, user_id, path);
CREATE TABLE identities (
  tenant {text} NOT NULL,
  provider {text} NOT NULL,
  identity {text} NOT NULL,
  connection {text} NOT NULL,
  user_id {text} NOT NULL,
  PRIMARY KEY (tenant, provider, identity)
) {clustered};
CREATE INDEX identities_by_user ON identities (tenant, user_id, provider);
CREATE INDEX identities_by_connection ON identities (tenant, connection, user_id);
CREATE TABLE identifiers (
  tenant {text} NOT NULL,
  connection {text} NOT NULL,
  kind {text} NOT NULL,
  value {text} NOT NULL,
  provider {text} NOT NULL,
  identity {text} NOT NULL,
  PRIMARY KEY (tenant, connection, kind, value)
) {clustered};
CREATE INDEX identifiers_by_identity ON identifiers (tenant, provider, identity);
CREATE TABLE passwords (
  tenant {text} NOT NULL,
  provider {text} NOT NULL,
  identity {text} NOT NULL,
  hash TEXT NOT NULL,
  number BIGINT NOT NULL,
  set_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, provider, identity)
) {clustered};
CREATE TABLE password_history (
  tenant {text} NOT NULL,
  provider {text} NOT NULL,
  identity {text} NOT NULL,
  number BIGINT NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (tenant, provider, identity, number)
) {clustered};
-- down
DROP TABLE password_history;
DROP TABLE passwords;
DROP TABLE identifiers;
DROP TABLE identities;
DROP TABLE user_attributes;
DROP TABLE users;
