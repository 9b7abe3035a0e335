//! Roles of users, permissions of roles and of users.

use crate::value::Sql;

statements! {
    DOCUMENT_REQUIRE_REVISION = "UPDATE documents SET revision = revision"
        " WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND revision = ?4";
    USER_REQUIRE = "UPDATE users SET revision = revision WHERE tenant = ?1 AND user_id = ?2";

    HELD_AT = "SELECT permission FROM user_permissions"
        " WHERE tenant = ?1 AND user_id = ?2 AND resource_server_id = ?3"
        " UNION SELECT p.permission FROM user_roles r"
        " JOIN role_permissions p ON p.tenant = r.tenant AND p.role_id = r.role_id"
        " WHERE r.tenant = ?1 AND r.user_id = ?2 AND p.resource_server_id = ?3"
        " ORDER BY permission LIMIT ?4";
    HELD_LIST = "WITH held AS (SELECT resource_server_id, permission, '' AS role_id"
        " FROM user_permissions WHERE tenant = ?1 AND user_id = ?2"
        " UNION ALL SELECT p.resource_server_id, p.permission, p.role_id FROM user_roles r"
        " JOIN role_permissions p ON p.tenant = r.tenant AND p.role_id = r.role_id"
        " WHERE r.tenant = ?1 AND r.user_id = ?2)"
        " SELECT h.resource_server_id, h.permission, h.role_id"
        " FROM (SELECT DISTINCT resource_server_id, permission FROM held"
        " ORDER BY resource_server_id, permission LIMIT ?3 OFFSET ?4) d JOIN held h"
        " ON h.resource_server_id = d.resource_server_id AND h.permission = d.permission"
        " ORDER BY h.resource_server_id, h.permission, h.role_id";
    HELD_COUNT = "SELECT count(*) FROM (SELECT resource_server_id, permission"
        " FROM user_permissions WHERE tenant = ?1 AND user_id = ?2"
        " UNION SELECT p.resource_server_id, p.permission FROM user_roles r"
        " JOIN role_permissions p ON p.tenant = r.tenant AND p.role_id = r.role_id"
        " WHERE r.tenant = ?1 AND r.user_id = ?2) held";

    ROLE_PERMISSION_INSERT = "INSERT INTO role_permissions"
        " (tenant, role_id, resource_server_id, permission) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT DO NOTHING";
    ROLE_PERMISSION_BOUND = "UPDATE documents SET revision = revision"
        " WHERE tenant = ?1 AND kind = ?2 AND id = ?3 AND (SELECT count(*) FROM role_permissions"
        " WHERE tenant = ?1 AND role_id = ?3) <= ?4";
    ROLE_PERMISSION_LIST = "SELECT resource_server_id, permission FROM role_permissions"
        " WHERE tenant = ?1 AND role_id = ?2 ORDER BY resource_server_id, permission"
        " LIMIT ?3 OFFSET ?4";
    ROLE_PERMISSION_COUNT = "SELECT count(*) FROM role_permissions"
        " WHERE tenant = ?1 AND role_id = ?2";
    ROLE_PERMISSION_DELETE = "DELETE FROM role_permissions"
        " WHERE tenant = ?1 AND role_id = ?2 AND resource_server_id = ?3 AND permission = ?4";
    ROLE_PERMISSION_DELETE_OF_ROLE = "DELETE FROM role_permissions"
        " WHERE tenant = ?1 AND role_id = ?2";
    ROLE_PERMISSION_DELETE_OF_API = "DELETE FROM role_permissions"
        " WHERE tenant = ?1 AND resource_server_id = ?2";
    ROLE_PERMISSION_DELETE_EVERYWHERE = "DELETE FROM role_permissions"
        " WHERE tenant = ?1 AND resource_server_id = ?2 AND permission = ?3";
    ROLE_PERMISSION_DELETE_SOME = "DELETE FROM role_permissions"
        " WHERE tenant = ?1 AND (role_id, resource_server_id, permission) IN"
        " (SELECT role_id, resource_server_id, permission FROM role_permissions"
        " WHERE tenant = ?1 LIMIT ?2)";

    USER_ROLE_INSERT = "INSERT INTO user_roles (tenant, user_id, role_id, created_at)"
        " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING";
    USER_ROLE_BOUND = "UPDATE users SET revision = revision WHERE tenant = ?1 AND user_id = ?2"
        " AND (SELECT count(*) FROM user_roles WHERE tenant = ?1 AND user_id = ?2) <= ?3";
    USER_ROLE_LIST = "SELECT role_id FROM user_roles WHERE tenant = ?1 AND user_id = ?2"
        " ORDER BY role_id LIMIT ?3";
    USER_ROLE_LIST_USERS = "SELECT u.user_id, u.body, u.revision, u.updated_at, u.last_login,"
        " u.last_ip, u.logins_count, r.created_at FROM user_roles r"
        " JOIN users u ON u.tenant = r.tenant AND u.user_id = r.user_id"
        " WHERE r.tenant = ?1 AND r.role_id = ?2 AND (r.created_at, r.user_id) > (?3, ?4)"
        " ORDER BY r.created_at, r.user_id LIMIT ?5 OFFSET ?6";
    USER_ROLE_COUNT_USERS = "SELECT count(*) FROM user_roles WHERE tenant = ?1 AND role_id = ?2";
    USER_ROLE_DELETE = "DELETE FROM user_roles"
        " WHERE tenant = ?1 AND user_id = ?2 AND role_id = ?3";
    USER_ROLE_DELETE_OF_USER = "DELETE FROM user_roles WHERE tenant = ?1 AND user_id = ?2";
    USER_ROLE_DELETE_OF_ROLE = "DELETE FROM user_roles WHERE tenant = ?1 AND role_id = ?2";
    USER_ROLE_DELETE_SOME = "DELETE FROM user_roles WHERE tenant = ?1 AND (user_id, role_id) IN"
        " (SELECT user_id, role_id FROM user_roles WHERE tenant = ?1 LIMIT ?2)";

    USER_PERMISSION_INSERT = "INSERT INTO user_permissions"
        " (tenant, user_id, resource_server_id, permission) VALUES (?1, ?2, ?3, ?4)"
        " ON CONFLICT DO NOTHING";
    USER_PERMISSION_BOUND = "UPDATE users SET revision = revision"
        " WHERE tenant = ?1 AND user_id = ?2 AND (SELECT count(*) FROM user_permissions"
        " WHERE tenant = ?1 AND user_id = ?2) <= ?3";
    USER_PERMISSION_DELETE = "DELETE FROM user_permissions"
        " WHERE tenant = ?1 AND user_id = ?2 AND resource_server_id = ?3 AND permission = ?4";
    USER_PERMISSION_DELETE_OF_USER = "DELETE FROM user_permissions"
        " WHERE tenant = ?1 AND user_id = ?2";
    USER_PERMISSION_DELETE_OF_API = "DELETE FROM user_permissions"
        " WHERE tenant = ?1 AND resource_server_id = ?2";
    USER_PERMISSION_DELETE_EVERYWHERE = "DELETE FROM user_permissions"
        " WHERE tenant = ?1 AND resource_server_id = ?2 AND permission = ?3";
    USER_PERMISSION_DELETE_SOME = "DELETE FROM user_permissions"
        " WHERE tenant = ?1 AND (user_id, resource_server_id, permission) IN"
        " (SELECT user_id, resource_server_id, permission FROM user_permissions"
        " WHERE tenant = ?1 LIMIT ?2)";
}
