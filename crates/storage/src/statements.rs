//! Every statement of the store, once. A test prepares each on both engines. Larger subjects have a file below this one.
//!
//! Documents are stored as text on both engines, because no query looks inside one: keys and links are extracted.

use crate::value::Sql;

macro_rules! statements {
    ($($name:ident = $($text:literal)+;)*) => {
        $(pub(crate) const $name: Sql = Sql::new(stringify!($name), concat!($($text),+));)*
        /// Those of this file.
        pub(super) const OWN: &[Sql] = &[$($name),*];
    };
}

pub(crate) mod deprecated_uses;
pub(crate) mod permissions;
pub(crate) mod refresh_tokens;

/// All of them, file by file.
pub const ALL: &[&[Sql]] = &[
    OWN,
    deprecated_uses::OWN,
    permissions::OWN,
    refresh_tokens::OWN,
];

statements! {
    INSTANCE_FIND = "SELECT name, value, counter FROM instance ORDER BY name";
    INSTANCE_INSERT = "INSERT INTO instance (name, value, counter) VALUES (?1, ?2, 0)"
        " ON CONFLICT DO NOTHING";
    INSTANCE_GUARD = "UPDATE instance SET counter = counter + 1 WHERE name = ?1 AND value = ?2";
    INSTANCE_REPLACE = "UPDATE instance SET value = ?2, counter = counter + 1"
        " WHERE name = ?1 AND value = ?3 AND counter = ?4";

    TENANT_INSERT = "INSERT INTO tenants (tenant, created_at) VALUES (?1, ?2)"
        " ON CONFLICT DO NOTHING";
    TENANT_FIND = "SELECT tenant, created_at FROM tenants WHERE tenant = ?1";
    TENANT_LIST = "SELECT tenant, created_at FROM tenants WHERE tenant > ?1"
        " ORDER BY tenant LIMIT ?2";
    TENANT_DELETE = "DELETE FROM tenants WHERE tenant = ?1";
    HOST_INSERT = "INSERT INTO hosts (host, tenant) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    HOST_FIND = "SELECT tenant FROM hosts WHERE host = ?1";
    HOST_LIST = "SELECT host FROM hosts WHERE tenant = ?1 ORDER BY host LIMIT ?2";
    HOST_DELETE = "DELETE FROM hosts WHERE tenant = ?1 AND host = ?2";
    HOST_DELETE_TENANT = "DELETE FROM hosts WHERE tenant = ?1";

    DOCUMENT_INSERT = "INSERT INTO documents"
        " (tenant, kind, id, body, sealed, revision, created_at, updated_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?6) ON CONFLICT DO NOTHING";
    DOCUMENT_REPLACE = "UPDATE documents"
        " SET body = ?4, sealed = ?5, revision = revision + 1, updated_at = ?6"
        " WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND revision = ?7";
    DOCUMENT_DELETE = "DELETE FROM documents WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
    DOCUMENT_DELETE_REVISION = "DELETE FROM documents"
        " WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND revision = ?4";
    DOCUMENT_REQUIRE = "UPDATE documents SET revision = revision"
        " WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
    DOCUMENT_DELETE_LINKED = "DELETE FROM documents WHERE tenant = ?1 AND kind = ?2 AND id IN"
        " (SELECT id FROM document_links"
        " WHERE tenant = ?1 AND kind = ?2 AND name = ?3 AND target = ?4)";
    DOCUMENT_DELETE_SOME = "DELETE FROM documents WHERE tenant = ?1 AND (kind, id) IN"
        " (SELECT kind, id FROM documents WHERE tenant = ?1 LIMIT ?2)";
    DOCUMENT_FIND = "SELECT id, body, revision, created_at, updated_at FROM documents"
        " WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
    DOCUMENT_FIND_BY_KEY = "SELECT d.id, d.body, d.revision, d.created_at, d.updated_at"
        " FROM document_keys k JOIN documents d"
        " ON d.tenant = k.tenant AND d.kind = k.kind AND d.id = k.id"
        " WHERE k.tenant = ?1 AND k.kind = ?2 AND k.name = ?3 AND k.value = ?4";
    DOCUMENT_LIST = "SELECT id, body, revision, created_at, updated_at FROM documents"
        " WHERE tenant = ?1 AND kind = ?2 ORDER BY created_at, id LIMIT ?3 OFFSET ?4";
    DOCUMENT_LIST_AFTER = "SELECT id, body, revision, created_at, updated_at FROM documents"
        " WHERE tenant = ?1 AND kind = ?2 AND (created_at, id) > (?4, ?5)"
        " ORDER BY created_at, id LIMIT ?3";
    DOCUMENT_COUNT = "SELECT count(*) FROM documents WHERE tenant = ?1 AND kind = ?2";
    DOCUMENT_LIST_LINKED = "SELECT d.id, d.body, d.revision, d.created_at, d.updated_at"
        " FROM document_links l JOIN documents d"
        " ON d.tenant = l.tenant AND d.kind = l.kind AND d.id = l.id"
        " WHERE l.tenant = ?1 AND l.kind = ?2 AND l.name = ?5 AND l.target = ?6"
        " ORDER BY l.created_at, l.id LIMIT ?3 OFFSET ?4";
    DOCUMENT_LIST_LINKED_AFTER = "SELECT d.id, d.body, d.revision, d.created_at, d.updated_at"
        " FROM document_links l JOIN documents d"
        " ON d.tenant = l.tenant AND d.kind = l.kind AND d.id = l.id"
        " WHERE l.tenant = ?1 AND l.kind = ?2 AND l.name = ?6 AND l.target = ?7"
        " AND (l.created_at, l.id) > (?4, ?5)"
        " ORDER BY l.created_at, l.id LIMIT ?3";
    DOCUMENT_COUNT_LINKED = "SELECT count(*) FROM document_links"
        " WHERE tenant = ?1 AND kind = ?2 AND name = ?3 AND target = ?4";
    DOCUMENT_SEALED = "SELECT tenant, kind, id, body, revision FROM documents"
        " WHERE sealed = 1 AND (tenant, kind, id) > (?1, ?2, ?3)"
        " ORDER BY tenant, kind, id LIMIT ?4";
    DOCUMENT_RESEAL = "UPDATE documents SET body = ?4"
        " WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND revision = ?5";

    KEY_INSERT = "INSERT INTO document_keys (tenant, kind, name, value, id)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    KEY_DELETE = "DELETE FROM document_keys WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
    KEY_DELETE_LINKED = "DELETE FROM document_keys WHERE tenant = ?1 AND kind = ?2 AND id IN"
        " (SELECT id FROM document_links"
        " WHERE tenant = ?1 AND kind = ?2 AND name = ?3 AND target = ?4)";
    KEY_DELETE_SOME = "DELETE FROM document_keys WHERE tenant = ?1 AND (kind, name, value) IN"
        " (SELECT kind, name, value FROM document_keys WHERE tenant = ?1 LIMIT ?2)";
    LINK_INSERT = "INSERT INTO document_links (tenant, kind, name, target, created_at, id)"
        " SELECT ?1, ?2, ?3, ?4, created_at, id FROM documents"
        " WHERE tenant = ?1 AND kind = ?2 AND id = ?5";
    LINK_DELETE = "DELETE FROM document_links WHERE tenant = ?1 AND kind = ?2 AND id = ?3";
    LINK_DELETE_LINKED = "DELETE FROM document_links WHERE tenant = ?1 AND kind = ?2 AND id IN"
        " (SELECT id FROM document_links"
        " WHERE tenant = ?1 AND kind = ?2 AND name = ?3 AND target = ?4)";
    LINK_DELETE_SOME = "DELETE FROM document_links"
        " WHERE tenant = ?1 AND (kind, name, target, created_at, id) IN"
        " (SELECT kind, name, target, created_at, id FROM document_links"
        " WHERE tenant = ?1 LIMIT ?2)";

    CHANGE_INSERT = "INSERT INTO changes (tenant, kind, id, at) VALUES (?1, ?2, ?3, ?4)";
    CHANGE_INSERT_LINKED = "INSERT INTO changes (tenant, kind, id, at)"
        " SELECT tenant, kind, id, ?5 FROM document_links"
        " WHERE tenant = ?1 AND kind = ?2 AND name = ?3 AND target = ?4"
        " RETURNING tenant, kind, id";
    CHANGE_LIST = "SELECT seq, tenant, kind, id FROM changes WHERE seq >= ?1 ORDER BY seq LIMIT ?2";
    CHANGE_LATEST = "SELECT coalesce(max(seq), 0) FROM changes";
    CHANGE_SWEEP = "DELETE FROM changes WHERE seq IN"
        " (SELECT seq FROM changes WHERE at < ?1 ORDER BY seq LIMIT ?2)";

    SINGLE_USE_INSERT = "INSERT INTO single_use (tenant, purpose, digest, payload, expires_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    SINGLE_USE_CLAIM = "UPDATE single_use SET consumed_at = ?4"
        " WHERE tenant = ?1 AND purpose = ?2 AND digest = ?3"
        " AND consumed_at IS NULL AND expires_at > ?4";
    SINGLE_USE_FIND = "SELECT payload, expires_at, consumed_at FROM single_use"
        " WHERE tenant = ?1 AND purpose = ?2 AND digest = ?3";
    SINGLE_USE_SWEEP = "DELETE FROM single_use WHERE (tenant, purpose, digest) IN"
        " (SELECT tenant, purpose, digest FROM single_use WHERE expires_at < ?1 LIMIT ?2)";
    SINGLE_USE_DELETE_SOME = "DELETE FROM single_use WHERE tenant = ?1 AND (purpose, digest) IN"
        " (SELECT purpose, digest FROM single_use WHERE tenant = ?1 LIMIT ?2)";

    ONE_TIME_CODE_PUT = "INSERT INTO one_time_codes"
        " (tenant, subject, item, code, payload, tries, expires_at)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6) ON CONFLICT (tenant, subject)"
        " DO UPDATE SET item = excluded.item, code = excluded.code, payload = excluded.payload,"
        " tries = 0, expires_at = excluded.expires_at";
    ONE_TIME_CODE_RETIRE = "UPDATE single_use SET consumed_at = ?4"
        " WHERE tenant = ?1 AND purpose = ?2 AND consumed_at IS NULL AND digest ="
        " (SELECT item FROM one_time_codes WHERE tenant = ?1 AND subject = ?3)";
    ONE_TIME_CODE_FIND = "SELECT item, payload FROM one_time_codes"
        " WHERE tenant = ?1 AND subject = ?2 AND expires_at > ?3";
    ONE_TIME_CODE_TRY = "UPDATE one_time_codes SET tries = tries + 1"
        " WHERE tenant = ?1 AND subject = ?2 AND item = ?3 AND tries < ?4";
    ONE_TIME_CODE_MATCH = "UPDATE one_time_codes SET tries = tries - 1"
        " WHERE tenant = ?1 AND subject = ?2 AND item = ?3 AND code = ?4";
    ONE_TIME_CODE_SWEEP = "DELETE FROM one_time_codes WHERE (tenant, subject) IN"
        " (SELECT tenant, subject FROM one_time_codes WHERE expires_at < ?1 LIMIT ?2)";
    ONE_TIME_CODE_DELETE_SOME = "DELETE FROM one_time_codes WHERE tenant = ?1 AND subject IN"
        " (SELECT subject FROM one_time_codes WHERE tenant = ?1 LIMIT ?2)";

    EVENT_INSERT = "INSERT INTO events (tenant, id, at, code, client_id, user_id, body)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    EVENT_FIND = "SELECT id, at, code, client_id, user_id, body FROM events"
        " WHERE tenant = ?1 AND id = ?2";
    EVENT_SWEEP = "DELETE FROM events WHERE (tenant, id) IN"
        " (SELECT tenant, id FROM events WHERE at < ?1 LIMIT ?2)";
    EVENT_DELETE_SOME = "DELETE FROM events WHERE tenant = ?1 AND id IN"
        " (SELECT id FROM events WHERE tenant = ?1 LIMIT ?2)";
    EVENT_COUNT = "SELECT count(*) FROM events WHERE tenant = ?1"
        " AND (?2 = '' OR code = ?2) AND (?3 = '' OR client_id = ?3)"
        " AND (?4 = '' OR user_id = ?4)";
    EVENT_ASCENDING = "SELECT id, at, code, client_id, user_id, body FROM events"
        " WHERE tenant = ?1 AND id > ?2 AND (?3 = '' OR code = ?3)"
        " AND (?4 = '' OR client_id = ?4) AND (?5 = '' OR user_id = ?5)"
        " ORDER BY id LIMIT ?6 OFFSET ?7";
    EVENT_ASCENDING_OF_CLIENT = "SELECT id, at, code, client_id, user_id, body FROM events"
        " WHERE tenant = ?1 AND id > ?2 AND (?3 = '' OR code = ?3)"
        " AND client_id = ?4 AND (?5 = '' OR user_id = ?5)"
        " ORDER BY id LIMIT ?6 OFFSET ?7";
    EVENT_ASCENDING_OF_USER = "SELECT id, at, code, client_id, user_id, body FROM events"
        " WHERE tenant = ?1 AND id > ?2 AND (?3 = '' OR code = ?3)"
        " AND (?4 = '' OR client_id = ?4) AND user_id = ?5"
        " ORDER BY id LIMIT ?6 OFFSET ?7";
    EVENT_DESCENDING = "SELECT id, at, code, client_id, user_id, body FROM events"
        " WHERE tenant = ?1 AND id < ?2 AND (?3 = '' OR code = ?3)"
        " AND (?4 = '' OR client_id = ?4) AND (?5 = '' OR user_id = ?5)"
        " ORDER BY id DESC LIMIT ?6 OFFSET ?7";
    EVENT_DESCENDING_OF_CLIENT = "SELECT id, at, code, client_id, user_id, body FROM events"
        " WHERE tenant = ?1 AND id < ?2 AND (?3 = '' OR code = ?3)"
        " AND client_id = ?4 AND (?5 = '' OR user_id = ?5)"
        " ORDER BY id DESC LIMIT ?6 OFFSET ?7";
    EVENT_DESCENDING_OF_USER = "SELECT id, at, code, client_id, user_id, body FROM events"
        " WHERE tenant = ?1 AND id < ?2 AND (?3 = '' OR code = ?3)"
        " AND (?4 = '' OR client_id = ?4) AND user_id = ?5"
        " ORDER BY id DESC LIMIT ?6 OFFSET ?7";

    BLACKLIST_INSERT = "INSERT INTO blacklisted_tokens (tenant, aud, jti, expires_at)"
        " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    BLACKLIST_LIST = "SELECT aud, jti, expires_at FROM blacklisted_tokens"
        " WHERE tenant = ?1 AND aud = ?2 ORDER BY jti LIMIT ?3";
    BLACKLIST_FIND = "SELECT expires_at FROM blacklisted_tokens"
        " WHERE tenant = ?1 AND aud = ?2 AND jti = ?3";
    BLACKLIST_SWEEP = "DELETE FROM blacklisted_tokens WHERE (tenant, aud, jti) IN"
        " (SELECT tenant, aud, jti FROM blacklisted_tokens WHERE expires_at < ?1 LIMIT ?2)";
    BLACKLIST_DELETE_SOME = "DELETE FROM blacklisted_tokens WHERE tenant = ?1 AND (aud, jti) IN"
        " (SELECT aud, jti FROM blacklisted_tokens WHERE tenant = ?1 LIMIT ?2)";

    USER_INSERT = "INSERT INTO users (tenant, user_id, body, created_at, updated_at, email,"
        " username, phone_number, name, nickname, given_name, family_name, email_verified,"
        " phone_verified, blocked, last_password_reset, last_login, last_ip, logins_count, revision)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18,"
        " ?19, 1) ON CONFLICT DO NOTHING";
    USER_REPLACE = "UPDATE users SET body = ?3, created_at = ?4, updated_at = ?5, email = ?6,"
        " username = ?7, phone_number = ?8, name = ?9, nickname = ?10, given_name = ?11,"
        " family_name = ?12, email_verified = ?13, phone_verified = ?14, blocked = ?15,"
        " last_password_reset = ?16, revision = revision + 1"
        " WHERE tenant = ?1 AND user_id = ?2 AND revision = ?17";
    USER_LOGIN = "UPDATE users SET last_login = ?3, updated_at = ?3, last_ip = ?4,"
        " logins_count = logins_count + 1 WHERE tenant = ?1 AND user_id = ?2";
    USER_DELETE = "DELETE FROM users WHERE tenant = ?1 AND user_id = ?2";
    USER_DELETE_REVISION = "DELETE FROM users"
        " WHERE tenant = ?1 AND user_id = ?2 AND revision = ?3";
    USER_DELETE_SOME = "DELETE FROM users WHERE tenant = ?1 AND user_id IN"
        " (SELECT user_id FROM users WHERE tenant = ?1 LIMIT ?2)";
    USER_FIND = "SELECT user_id, body, revision, updated_at, last_login, last_ip, logins_count"
        " FROM users WHERE tenant = ?1 AND user_id = ?2";
    USER_FIND_BY_IDENTITY = "SELECT u.user_id, u.body, u.revision, u.updated_at, u.last_login,"
        " u.last_ip, u.logins_count FROM identities i"
        " JOIN users u ON u.tenant = i.tenant AND u.user_id = i.user_id"
        " WHERE i.tenant = ?1 AND i.provider = ?2 AND i.identity = ?3";
    USER_FIND_BY_IDENTIFIER = "SELECT u.user_id, u.body, u.revision, u.updated_at, u.last_login,"
        " u.last_ip, u.logins_count, i.provider, i.identity, p.hash FROM identifiers n"
        " JOIN identities i ON i.tenant = n.tenant AND i.provider = n.provider"
        " AND i.identity = n.identity"
        " JOIN users u ON u.tenant = i.tenant AND u.user_id = i.user_id"
        " LEFT JOIN passwords p ON p.tenant = i.tenant AND p.provider = i.provider"
        " AND p.identity = i.identity"
        " WHERE n.tenant = ?1 AND n.connection = ?2 AND n.kind = ?3 AND n.value = ?4";
    USER_LIST_BY_EMAIL = "SELECT user_id, body, revision, updated_at, last_login, last_ip,"
        " logins_count FROM users WHERE tenant = ?1 AND email = ?2 ORDER BY user_id LIMIT ?3";

    ATTRIBUTE_INSERT = "INSERT INTO user_attributes (tenant, path, value, user_id)"
        " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    ATTRIBUTE_DELETE = "DELETE FROM user_attributes WHERE tenant = ?1 AND user_id = ?2";
    ATTRIBUTE_DELETE_SOME = "DELETE FROM user_attributes"
        " WHERE tenant = ?1 AND (path, value, user_id) IN"
        " (SELECT path, value, user_id FROM user_attributes WHERE tenant = ?1 LIMIT ?2)";

    IDENTITY_INSERT = "INSERT INTO identities (tenant, provider, identity, connection, user_id)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    IDENTITY_MOVE_ALL = "UPDATE identities SET user_id = ?3 WHERE tenant = ?1 AND user_id = ?2";
    IDENTITY_MOVE = "UPDATE identities SET user_id = ?5"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3 AND user_id = ?4";
    IDENTITY_DELETE = "DELETE FROM identities WHERE tenant = ?1 AND user_id = ?2";
    IDENTITY_DELETE_ONE = "DELETE FROM identities"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3";
    IDENTITY_DELETE_SOME = "DELETE FROM identities WHERE tenant = ?1 AND (provider, identity) IN"
        " (SELECT provider, identity FROM identities WHERE tenant = ?1 LIMIT ?2)";
    IDENTITY_LIST_OF_CONNECTION = "SELECT user_id, provider, identity FROM identities"
        " WHERE tenant = ?1 AND connection = ?2 ORDER BY user_id LIMIT ?3";

    IDENTIFIER_INSERT = "INSERT INTO identifiers"
        " (tenant, connection, kind, value, provider, identity)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    IDENTIFIER_DELETE = "DELETE FROM identifiers"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3";
    IDENTIFIER_DELETE_OF_USER = "DELETE FROM identifiers"
        " WHERE tenant = ?1 AND (provider, identity) IN"
        " (SELECT provider, identity FROM identities WHERE tenant = ?1 AND user_id = ?2)";
    IDENTIFIER_DELETE_SOME = "DELETE FROM identifiers"
        " WHERE tenant = ?1 AND (connection, kind, value) IN"
        " (SELECT connection, kind, value FROM identifiers WHERE tenant = ?1 LIMIT ?2)";

    PASSWORD_SET = "INSERT INTO passwords (tenant, provider, identity, hash, set_at, number)"
        " VALUES (?1, ?2, ?3, ?4, ?5, 1) ON CONFLICT (tenant, provider, identity)"
        " DO UPDATE SET hash = excluded.hash, set_at = excluded.set_at,"
        " number = passwords.number + 1";
    PASSWORD_REHASH = "UPDATE passwords SET hash = ?5"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3 AND hash = ?4";
    PASSWORD_FIND = "SELECT hash, set_at, number FROM passwords"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3";
    PASSWORD_DELETE = "DELETE FROM passwords"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3";
    PASSWORD_DELETE_OF_USER = "DELETE FROM passwords"
        " WHERE tenant = ?1 AND (provider, identity) IN"
        " (SELECT provider, identity FROM identities WHERE tenant = ?1 AND user_id = ?2)";
    PASSWORD_DELETE_SOME = "DELETE FROM passwords WHERE tenant = ?1 AND (provider, identity) IN"
        " (SELECT provider, identity FROM passwords WHERE tenant = ?1 LIMIT ?2)";
    PASSWORD_HISTORY_KEEP = "INSERT INTO password_history"
        " (tenant, provider, identity, number, hash)"
        " SELECT tenant, provider, identity, number, hash FROM passwords"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3";
    PASSWORD_HISTORY_TRIM = "DELETE FROM password_history"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3 AND number <="
        " (SELECT number FROM passwords WHERE tenant = ?1 AND provider = ?2 AND identity = ?3) - ?4";
    PASSWORD_HISTORY_LIST = "SELECT hash FROM password_history"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3 ORDER BY number DESC LIMIT ?4";
    PASSWORD_HISTORY_DELETE = "DELETE FROM password_history"
        " WHERE tenant = ?1 AND provider = ?2 AND identity = ?3";
    PASSWORD_HISTORY_DELETE_OF_USER = "DELETE FROM password_history"
        " WHERE tenant = ?1 AND (provider, identity) IN"
        " (SELECT provider, identity FROM identities WHERE tenant = ?1 AND user_id = ?2)";
    PASSWORD_HISTORY_DELETE_SOME = "DELETE FROM password_history"
        " WHERE tenant = ?1 AND (provider, identity, number) IN"
        " (SELECT provider, identity, number FROM password_history WHERE tenant = ?1 LIMIT ?2)";

    LOGIN_INSERT = "INSERT INTO logins (tenant, digest, request, progress, revision, expires_at)"
        " VALUES (?1, ?2, ?3, ?4, 1, ?5) ON CONFLICT DO NOTHING";
    LOGIN_FIND = "SELECT request, progress, revision FROM logins"
        " WHERE tenant = ?1 AND digest = ?2 AND expires_at > ?3";
    LOGIN_ADVANCE = "UPDATE logins SET progress = ?4, revision = revision + 1"
        " WHERE tenant = ?1 AND digest = ?2 AND revision = ?3";
    LOGIN_END = "DELETE FROM logins WHERE tenant = ?1 AND digest = ?2 AND revision = ?3";
    LOGIN_SWEEP = "DELETE FROM logins WHERE (tenant, digest) IN"
        " (SELECT tenant, digest FROM logins WHERE expires_at < ?1 LIMIT ?2)";
    LOGIN_DELETE_SOME = "DELETE FROM logins WHERE tenant = ?1 AND digest IN"
        " (SELECT digest FROM logins WHERE tenant = ?1 LIMIT ?2)";

    SESSION_PUT = "INSERT INTO browser_sessions (tenant, session_id, digest, user_id,"
        " authenticated_at, methods, last_used_at, persistent, absolute_seconds, idle_seconds,"
        " created_at, expires_at, ip, user_agent)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
        " ON CONFLICT (tenant, session_id) DO UPDATE SET digest = excluded.digest,"
        " authenticated_at = excluded.authenticated_at, methods = excluded.methods,"
        " last_used_at = excluded.last_used_at, persistent = excluded.persistent,"
        " absolute_seconds = excluded.absolute_seconds, idle_seconds = excluded.idle_seconds,"
        " expires_at = excluded.expires_at, ip = excluded.ip, user_agent = excluded.user_agent"
        " WHERE browser_sessions.user_id = excluded.user_id";
    SESSION_USE = "UPDATE browser_sessions SET last_used_at ="
        " CASE WHEN last_used_at < ?3 THEN ?3 ELSE last_used_at END, expires_at ="
        " CASE WHEN expires_at < ?4 THEN ?4 ELSE expires_at END"
        " WHERE tenant = ?1 AND session_id = ?2 AND authenticated_at = ?5";
    SESSION_FIND_BY_DIGEST = "SELECT session_id, user_id, authenticated_at, methods, last_used_at,"
        " persistent, absolute_seconds, idle_seconds, created_at, ip, user_agent, metadata"
        " FROM browser_sessions WHERE tenant = ?1 AND digest = ?2";
    SESSION_FIND = "SELECT session_id, user_id, authenticated_at, methods, last_used_at,"
        " persistent, absolute_seconds, idle_seconds, created_at, ip, user_agent, metadata"
        " FROM browser_sessions WHERE tenant = ?1 AND session_id = ?2";
    SESSION_LIST_OF_USER = "SELECT session_id, user_id, authenticated_at, methods, last_used_at,"
        " persistent, absolute_seconds, idle_seconds, created_at, ip, user_agent, metadata"
        " FROM browser_sessions WHERE tenant = ?1 AND user_id = ?2"
        " AND (created_at, session_id) > (?3, ?4) ORDER BY created_at, session_id LIMIT ?5";
    SESSION_NOTE = "UPDATE browser_sessions SET metadata = ?3"
        " WHERE tenant = ?1 AND session_id = ?2";
    SESSION_DELETE = "DELETE FROM browser_sessions WHERE tenant = ?1 AND session_id = ?2";
    SESSION_DELETE_OF_USER = "DELETE FROM browser_sessions WHERE tenant = ?1 AND user_id = ?2";
    SESSION_DELETE_OTHERS = "DELETE FROM browser_sessions"
        " WHERE tenant = ?1 AND user_id = ?2 AND session_id <> ?3";
    SESSION_SWEEP = "DELETE FROM browser_sessions WHERE (tenant, session_id) IN"
        " (SELECT tenant, session_id FROM browser_sessions WHERE expires_at < ?1 LIMIT ?2)";
    SESSION_DELETE_SOME = "DELETE FROM browser_sessions WHERE tenant = ?1 AND session_id IN"
        " (SELECT session_id FROM browser_sessions WHERE tenant = ?1 LIMIT ?2)";
    SESSION_CLIENT_INSERT = "INSERT INTO session_clients (tenant, session_id, client_id)"
        " VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
    SESSION_CLIENT_LIST = "SELECT client_id FROM session_clients"
        " WHERE tenant = ?1 AND session_id = ?2 ORDER BY client_id LIMIT ?3";
    SESSION_CLIENT_DELETE = "DELETE FROM session_clients WHERE tenant = ?1 AND session_id = ?2";
    SESSION_CLIENT_DELETE_OF_USER = "DELETE FROM session_clients"
        " WHERE tenant = ?1 AND session_id IN"
        " (SELECT session_id FROM browser_sessions WHERE tenant = ?1 AND user_id = ?2)";
    SESSION_CLIENT_DELETE_OTHERS = "DELETE FROM session_clients"
        " WHERE tenant = ?1 AND session_id IN (SELECT session_id FROM browser_sessions"
        " WHERE tenant = ?1 AND user_id = ?2 AND session_id <> ?3)";
    SESSION_CLIENT_SWEEP = "DELETE FROM session_clients WHERE (tenant, session_id, client_id) IN"
        " (SELECT c.tenant, c.session_id, c.client_id FROM browser_sessions s"
        " JOIN session_clients c ON c.tenant = s.tenant AND c.session_id = s.session_id"
        " WHERE s.expires_at < ?1 LIMIT ?2)";
    SESSION_CLIENT_DELETE_SOME = "DELETE FROM session_clients"
        " WHERE tenant = ?1 AND (session_id, client_id) IN"
        " (SELECT session_id, client_id FROM session_clients WHERE tenant = ?1 LIMIT ?2)";

    JOB_INSERT = "INSERT INTO jobs"
        " (tenant, id, kind, body, revision, is_open, due_at, created_at)"
        " VALUES (?1, ?2, ?3, ?4, 1, 1, ?5, ?5) ON CONFLICT DO NOTHING";
    JOB_FIND = "SELECT id, kind, body, revision, is_open, created_at FROM jobs"
        " WHERE tenant = ?1 AND id = ?2";
    JOB_LIST_OPEN = "SELECT id, kind, body, revision, is_open, created_at FROM jobs"
        " WHERE tenant = ?1 AND kind = ?2 AND is_open = 1 LIMIT 100";
    JOB_LIST_DUE = "SELECT tenant, id, kind, body, revision, is_open, created_at FROM jobs"
        " WHERE is_open = 1 AND due_at <= ?1 ORDER BY due_at LIMIT ?2";
    JOB_UPDATE = "UPDATE jobs SET body = ?4, is_open = ?5, due_at = ?6, revision = revision + 1"
        " WHERE tenant = ?1 AND id = ?2 AND revision = ?3 AND is_open = 1";
    JOB_SWEEP = "DELETE FROM jobs WHERE (tenant, id) IN"
        " (SELECT tenant, id FROM jobs WHERE is_open = 0 AND due_at < ?1 LIMIT ?2)";
    JOB_DELETE_SOME = "DELETE FROM jobs WHERE tenant = ?1 AND id IN"
        " (SELECT id FROM jobs WHERE tenant = ?1 LIMIT ?2)";
    JOB_PART_INSERT = "INSERT INTO job_parts (tenant, job, name, number, content)"
        " VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
    JOB_PART_LIST = "SELECT number, content FROM job_parts"
        " WHERE tenant = ?1 AND job = ?2 AND name = ?3 AND number > ?4 ORDER BY number LIMIT ?5";
    JOB_PART_SWEEP = "DELETE FROM job_parts WHERE (tenant, job, name, number) IN"
        " (SELECT p.tenant, p.job, p.name, p.number FROM jobs j"
        " JOIN job_parts p ON p.tenant = j.tenant AND p.job = j.id"
        " WHERE j.is_open = 0 AND j.due_at < ?1 LIMIT ?2)";
    JOB_PART_DELETE_SOME = "DELETE FROM job_parts WHERE tenant = ?1 AND (job, name, number) IN"
        " (SELECT job, name, number FROM job_parts WHERE tenant = ?1 LIMIT ?2)";

    MAIL_INSERT = "INSERT INTO mails"
        " (tenant, id, content, attempts, revision, is_captured, due_at, created_at)"
        " VALUES (?1, ?2, ?3, 0, 1, 0, ?4, ?4) ON CONFLICT DO NOTHING";
    MAIL_TENANTS = "SELECT DISTINCT tenant FROM mails"
        " WHERE is_captured = 0 AND due_at <= ?1 AND tenant > ?2 ORDER BY tenant LIMIT ?3";
    MAIL_DUE = "SELECT id, content, attempts, revision, created_at FROM mails"
        " WHERE tenant = ?1 AND is_captured = 0 AND due_at <= ?2 ORDER BY due_at LIMIT ?3";
    MAIL_CLAIM = "UPDATE mails SET due_at = ?4, attempts = attempts + 1, revision = revision + 1"
        " WHERE tenant = ?1 AND id = ?2 AND revision = ?3 AND is_captured = 0";
    MAIL_DELAY = "UPDATE mails SET due_at = ?4, revision = revision + 1"
        " WHERE tenant = ?1 AND id = ?2 AND revision = ?3 AND is_captured = 0";
    MAIL_REMOVE = "DELETE FROM mails"
        " WHERE tenant = ?1 AND id = ?2 AND revision = ?3 AND is_captured = 0";
    MAIL_CAPTURE = "UPDATE mails SET is_captured = 1, due_at = ?4, revision = revision + 1"
        " WHERE tenant = ?1 AND id = ?2 AND revision = ?3 AND is_captured = 0";
    MAIL_TRIM = "DELETE FROM mails WHERE tenant = ?1 AND is_captured = 1 AND id NOT IN"
        " (SELECT id FROM mails WHERE tenant = ?1 AND is_captured = 1"
        " ORDER BY created_at DESC, id DESC LIMIT ?2)";
    MAIL_LIST = "SELECT id, content, attempts, revision, created_at FROM mails"
        " WHERE tenant = ?1 AND is_captured = 1 ORDER BY created_at DESC, id DESC LIMIT ?2";
    MAIL_FIND = "SELECT id, content, attempts, revision, created_at FROM mails"
        " WHERE tenant = ?1 AND id = ?2 AND is_captured = 1";
    MAIL_SWEEP = "DELETE FROM mails WHERE (tenant, id) IN"
        " (SELECT tenant, id FROM mails WHERE is_captured = 1 AND due_at < ?1 LIMIT ?2)";
    MAIL_DELETE_SOME = "DELETE FROM mails WHERE tenant = ?1 AND id IN"
        " (SELECT id FROM mails WHERE tenant = ?1 LIMIT ?2)";

    ACCESS_TOKEN_INSERT = "INSERT INTO access_tokens"
        " (tenant, digest, family, user_id, payload, expires_at, client_id)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING";
    ACCESS_TOKEN_FIND = "SELECT payload FROM access_tokens"
        " WHERE tenant = ?1 AND digest = ?2 AND expires_at > ?3";
    ACCESS_TOKEN_DELETE_FAMILY = "DELETE FROM access_tokens WHERE tenant = ?1 AND family = ?2";
    ACCESS_TOKEN_DELETE_OF_USER = "DELETE FROM access_tokens WHERE tenant = ?1 AND user_id = ?2";
    ACCESS_TOKEN_DELETE_OF_CLIENT = "DELETE FROM access_tokens"
        " WHERE tenant = ?1 AND user_id = ?2 AND client_id IN (?3, '')";
    ACCESS_TOKEN_SWEEP = "DELETE FROM access_tokens WHERE (tenant, digest) IN"
        " (SELECT tenant, digest FROM access_tokens WHERE expires_at < ?1 LIMIT ?2)";
    ACCESS_TOKEN_DELETE_SOME = "DELETE FROM access_tokens WHERE tenant = ?1 AND digest IN"
        " (SELECT digest FROM access_tokens WHERE tenant = ?1 LIMIT ?2)";
}
