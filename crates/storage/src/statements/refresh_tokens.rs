//! Statements of families of refresh tokens.

use crate::value::Sql;

statements! {
    REFRESH_TOKEN_INSERT = "INSERT INTO refresh_tokens (tenant, id, family, user_id, client_id,"
        " audience, session_id, generation, rotated_at, created_at, last_exchanged_at, expires_at,"
        " idle_expires_at, dies_at, payload, device, metadata, ended) VALUES"
        " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, 0)"
        " ON CONFLICT DO NOTHING";
    REFRESH_TOKEN_FIND = "SELECT id, family, user_id, client_id, audience, session_id, generation, rotated_at,"
        " created_at, last_exchanged_at, expires_at, idle_expires_at, payload, device, metadata"
        " FROM refresh_tokens WHERE tenant = ?1 AND id = ?2 AND ended = 0";
    REFRESH_TOKEN_FIND_ENDED = "SELECT id, family, user_id, client_id, audience, session_id, generation, rotated_at,"
        " created_at, last_exchanged_at, expires_at, idle_expires_at, payload, device, metadata"
        " FROM refresh_tokens WHERE tenant = ?1 AND id = ?2 AND ended = 1";
    REFRESH_TOKEN_USE = "UPDATE refresh_tokens SET generation = ?4, rotated_at = ?5,"
        " last_exchanged_at = ?6, expires_at = ?7, idle_expires_at = ?8, dies_at = ?9,"
        " device = ?10 WHERE tenant = ?1 AND id = ?2 AND generation = ?3 AND ended = 0";
    REFRESH_TOKEN_NOTE = "UPDATE refresh_tokens SET metadata = ?3 WHERE tenant = ?1 AND id = ?2";
    REFRESH_TOKEN_LIST_OF_USER = "SELECT id, family, user_id, client_id, audience, session_id, generation, rotated_at,"
        " created_at, last_exchanged_at, expires_at, idle_expires_at, payload, device, metadata"
        " FROM refresh_tokens WHERE tenant = ?1 AND user_id = ?2 AND (?3 = '' OR client_id = ?3)"
        " AND (created_at, id) > (?4, ?5) AND dies_at > ?7 AND ended = 0"
        " ORDER BY created_at, id LIMIT ?6";
    REFRESH_TOKEN_COUNT_OF_USER = "SELECT count(*) FROM refresh_tokens"
        " WHERE tenant = ?1 AND user_id = ?2 AND (?3 = '' OR client_id = ?3) AND dies_at > ?4"
        " AND ended = 0";
    REFRESH_TOKEN_LIST = "SELECT id, family, user_id, client_id, audience, session_id, generation, rotated_at,"
        " created_at, last_exchanged_at, expires_at, idle_expires_at, payload, device, metadata"
        " FROM refresh_tokens WHERE tenant = ?1 AND dies_at > ?2 AND ended = 0"
        " ORDER BY user_id, created_at, id LIMIT ?3 OFFSET ?4";
    REFRESH_TOKEN_COUNT = "SELECT count(*) FROM refresh_tokens WHERE tenant = ?1 AND dies_at > ?2"
        " AND ended = 0";
    REFRESH_TOKEN_LIST_OF_CLIENT = "SELECT id, family, user_id, client_id, audience, session_id, generation, rotated_at,"
        " created_at, last_exchanged_at, expires_at, idle_expires_at, payload, device, metadata"
        " FROM refresh_tokens WHERE tenant = ?1 AND dies_at > ?2 AND ended = 0"
        " AND client_id = ?5 ORDER BY user_id, created_at, id LIMIT ?3 OFFSET ?4";
    REFRESH_TOKEN_COUNT_OF_CLIENT = "SELECT count(*) FROM refresh_tokens"
        " WHERE tenant = ?1 AND dies_at > ?2 AND client_id = ?3 AND ended = 0";
    REFRESH_TOKEN_END_OF_USER = "UPDATE refresh_tokens SET ended = 1, dies_at ="
        " CASE WHEN dies_at < ?3 THEN dies_at ELSE ?3 END WHERE tenant = ?1 AND user_id = ?2";
    REFRESH_TOKEN_DOOM = "UPDATE refresh_tokens SET dies_at = 0 WHERE tenant = ?1 AND id = ?2";
    REFRESH_TOKEN_DOOM_FAMILY = "UPDATE refresh_tokens SET dies_at = 0"
        " WHERE tenant = ?1 AND family = ?2";
    REFRESH_TOKEN_DOOM_OF_USER = "UPDATE refresh_tokens SET dies_at = 0"
        " WHERE tenant = ?1 AND user_id = ?2 AND (?3 = '' OR client_id = ?3)"
        " AND (?4 = '' OR audience = ?4)";
    REFRESH_TOKEN_DOOM_OF_CLIENT = "UPDATE refresh_tokens SET dies_at = 0"
        " WHERE tenant = ?1 AND client_id = ?2 AND (?3 = '' OR audience = ?3)";
    REFRESH_TOKEN_DOOM_OF_SESSION = "UPDATE refresh_tokens SET dies_at = 0"
        " WHERE tenant = ?1 AND session_id = ?2";
    REFRESH_TOKEN_DOOM_OVERFLOW = "UPDATE refresh_tokens SET dies_at = 0"
        " WHERE tenant = ?1 AND id IN (SELECT id FROM refresh_tokens"
        " WHERE tenant = ?1 AND user_id = ?2 AND client_id = ?3 AND dies_at > ?6 AND ended = 0"
        " ORDER BY created_at DESC, id DESC LIMIT ?4 OFFSET ?5)";
    REFRESH_TOKEN_DELETE_DOOMED = "DELETE FROM refresh_tokens WHERE tenant = ?1 AND dies_at = 0";
    REFRESH_TOKEN_SWEEP = "DELETE FROM refresh_tokens WHERE (tenant, id) IN"
        " (SELECT tenant, id FROM refresh_tokens WHERE dies_at < ?1 LIMIT ?2)";
    REFRESH_TOKEN_DELETE_SOME = "DELETE FROM refresh_tokens WHERE tenant = ?1 AND id IN"
        " (SELECT id FROM refresh_tokens WHERE tenant = ?1 LIMIT ?2)";
    ACCESS_TOKEN_DELETE_OF_DOOMED = "DELETE FROM access_tokens WHERE tenant = ?1 AND family IN"
        " (SELECT family FROM refresh_tokens WHERE tenant = ?1 AND dies_at = 0)";
}
