//! When clients last used what is retired.

use crate::value::Sql;

statements! {
    DEPRECATED_USE_PUT = "INSERT INTO deprecated_uses"
        " (tenant, client_id, feature, last_used_at, uses) VALUES (?1, ?2, ?3, ?4, ?5)"
        " ON CONFLICT (tenant, client_id, feature) DO UPDATE SET"
        " last_used_at = CASE WHEN excluded.last_used_at > deprecated_uses.last_used_at"
        " THEN excluded.last_used_at ELSE deprecated_uses.last_used_at END,"
        " uses = deprecated_uses.uses + excluded.uses";
    DEPRECATED_USE_LIST = "SELECT client_id, feature, last_used_at, uses FROM deprecated_uses"
        " WHERE tenant = ?1 AND client_id = ?2 ORDER BY last_used_at DESC, feature LIMIT ?3";
    DEPRECATED_USE_DELETE = "DELETE FROM deprecated_uses WHERE tenant = ?1 AND client_id = ?2";
    DEPRECATED_USE_DELETE_SOME = "DELETE FROM deprecated_uses"
        " WHERE tenant = ?1 AND (client_id, feature) IN"
        " (SELECT client_id, feature FROM deprecated_uses WHERE tenant = ?1 LIMIT ?2)";
}
