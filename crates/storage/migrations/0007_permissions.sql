-- Which permissions roles and users have at which APIs, and which roles users have.
-- up
CREATE TABLE role_permissions (
  tenant {text} NOT NULL,
  role_id {text} NOT NULL,
  resource_server_id {text} NOT NULL,
  permission {text} NOT NULL,
  PRIMARY KEY (tenant, role_id, resource_server_id, permission)
) {clustered};
CREATE INDEX role_permissions_by_permission ON role_permissions (tenant, resource_server_id, permission);
CREATE TABLE user_roles (
  tenant {text} NOT NULL,
  user_id {text} NOT NULL,
  role_id {text} NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (tenant, user_id, role_id)
) {clustered};
CREATE INDEX user_roles_by_role ON user_roles (tenant, role_id, created_at, user_id);
CREATE TABLE user_permissions (
  tenant {text} NOT NULL,
  user_id {text} NOT NULL,
  resource_server_id {text} NOT NULL,
  permission {text} NOT NULL,
  PRIMARY KEY (tenant, user_id, resource_server_id, permission)
) {clustered};
CREATE INDEX user_permissions_by_permission ON user_permissions (tenant, resource_server_id, permission);
-- down
DROP TABLE user_permissions;
DROP TABLE user_roles;
DROP TABLE role_permissions;
