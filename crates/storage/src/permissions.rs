//! Who may do what where: permissions of roles, roles of users, permissions of users. Nothing of it is remembered, so a
//! role that was taken away is in no later decision, on no node.
//!
//! A permission is kept under the API's own id, so that an API made later under the same identifier inherits nothing.
//! Writers require what they join: see [`Batch::require`].

use grantor_protocol::{
    document::{Document, Kind},
    env::Timestamp,
    model::Role,
    tenant::TenantId,
};

use crate::{
    batch::Batch,
    error::Result,
    params,
    read::MAX_LIMIT,
    statements::permissions as sql,
    store::Store,
    users::{StoredUser, read_user},
    value::{Row, Sql, Value},
};

/// The guard that fails when a user does not exist.
pub const USER: &str = "user";

/// The guard that fails when a role or a user would have more than it may.
pub const TOO_MANY: &str = "too_many";

/// Most permissions of one role, and most that one user has directly.
pub const MAX_PERMISSIONS: i64 = 1_000;

/// Most roles of one user.
pub const MAX_ROLES_OF_USER: i64 = 50;

/// What may be done at an API.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The API's id, not its identifier.
    pub resource_server_id: String,
    /// One of the API's scopes.
    pub name: String,
}

/// A permission of a user, and where it has it from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// What.
    pub permission: Permission,
    /// The roles that give it; `None` stands for the user itself and comes first.
    pub sources: Vec<Option<String>>,
}

/// A user that has a role, since when.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// The user.
    pub user: StoredUser,
    /// When it got the role.
    pub since: Timestamp,
}

impl Batch {
    /// Demands that a document still has `revision` when the batch is committed, else the commit answers
    /// `Guard { label: "required" }`; otherwise like [`Self::require`].
    pub fn require_revision(
        &mut self,
        tenant: &TenantId,
        kind: &Kind,
        id: &str,
        revision: i64,
    ) -> &mut Self {
        let values = params![tenant, kind.name, id, revision];
        self.expect(sql::DOCUMENT_REQUIRE_REVISION, values, 1, "required")
    }

    /// Demands that a user exists when the batch is committed, and keeps it from being deleted until then; else the
    /// commit answers `Guard` with [`USER`].
    pub fn require_user(&mut self, tenant: &TenantId, user_id: &str) -> &mut Self {
        self.expect(sql::USER_REQUIRE, params![tenant, user_id], 1, USER)
    }

    /// Gives a role permissions that it may have already. `Guard` with [`TOO_MANY`] above [`MAX_PERMISSIONS`].
    pub fn give_role_permissions(
        &mut self,
        tenant: &TenantId,
        role_id: &str,
        permissions: &[Permission],
    ) -> &mut Self {
        self.with_each(sql::ROLE_PERMISSION_INSERT, tenant, role_id, permissions);
        let values = params![tenant, Role::KIND.name, role_id, MAX_PERMISSIONS];
        self.expect(sql::ROLE_PERMISSION_BOUND, values, 1, TOO_MANY)
    }

    /// Takes permissions from a role, those that it has.
    pub fn take_role_permissions(
        &mut self,
        tenant: &TenantId,
        role_id: &str,
        permissions: &[Permission],
    ) -> &mut Self {
        self.with_each(sql::ROLE_PERMISSION_DELETE, tenant, role_id, permissions)
    }

    /// Gives a user permissions that it may have already. `Guard` with [`TOO_MANY`] above [`MAX_PERMISSIONS`].
    pub fn give_user_permissions(
        &mut self,
        tenant: &TenantId,
        user_id: &str,
        permissions: &[Permission],
    ) -> &mut Self {
        self.with_each(sql::USER_PERMISSION_INSERT, tenant, user_id, permissions);
        let values = params![tenant, user_id, MAX_PERMISSIONS];
        self.expect(sql::USER_PERMISSION_BOUND, values, 1, TOO_MANY)
    }

    /// Takes permissions from a user, those that it has directly.
    pub fn take_user_permissions(
        &mut self,
        tenant: &TenantId,
        user_id: &str,
        permissions: &[Permission],
    ) -> &mut Self {
        self.with_each(sql::USER_PERMISSION_DELETE, tenant, user_id, permissions)
    }

    fn with_each(
        &mut self,
        sql: Sql,
        tenant: &TenantId,
        holder: &str,
        permissions: &[Permission],
    ) -> &mut Self {
        for permission in permissions {
            let Permission {
                resource_server_id,
                name,
            } = permission;
            self.run(sql, params![tenant, holder, resource_server_id, name]);
        }
        self
    }

    /// Gives users roles that they may have already. `Guard` with [`TOO_MANY`] above [`MAX_ROLES_OF_USER`].
    ///
    /// Roles and users are required in one order, so that two such batches never wait for each other.
    pub fn give_roles(
        &mut self,
        tenant: &TenantId,
        role_ids: &[String],
        user_ids: &[String],
        now: Timestamp,
    ) -> &mut Self {
        let sorted = |ids: &[String]| {
            let mut ids = ids.to_vec();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        let (role_ids, user_ids) = (sorted(role_ids), sorted(user_ids));
        for role_id in &role_ids {
            self.require(tenant, &Role::KIND, role_id);
        }
        for user_id in &user_ids {
            self.require_user(tenant, user_id);
            for role_id in &role_ids {
                let values = params![tenant, user_id, role_id, now];
                self.run(sql::USER_ROLE_INSERT, values);
            }
            let values = params![tenant, user_id, MAX_ROLES_OF_USER];
            self.expect(sql::USER_ROLE_BOUND, values, 1, TOO_MANY);
        }
        self
    }

    /// Takes a role from a user that may have it.
    pub fn take_role(&mut self, tenant: &TenantId, role_id: &str, user_id: &str) -> &mut Self {
        self.run(sql::USER_ROLE_DELETE, params![tenant, user_id, role_id])
    }

    /// Takes a role that was deleted before in this batch from everybody, with its permissions.
    pub fn take_role_from_all(&mut self, tenant: &TenantId, role_id: &str) -> &mut Self {
        let place = || params![tenant, role_id];
        self.run(sql::ROLE_PERMISSION_DELETE_OF_ROLE, place());
        self.run(sql::USER_ROLE_DELETE_OF_ROLE, place())
    }

    /// Takes the permissions of an API that was deleted before in this batch from every role and user.
    pub fn take_permissions_of_api(
        &mut self,
        tenant: &TenantId,
        resource_server_id: &str,
    ) -> &mut Self {
        let place = || params![tenant, resource_server_id];
        self.run(sql::ROLE_PERMISSION_DELETE_OF_API, place());
        self.run(sql::USER_PERMISSION_DELETE_OF_API, place())
    }

    /// Takes a permission from every role and user, after the API was replaced by one without it.
    pub fn take_permission_from_all(
        &mut self,
        tenant: &TenantId,
        permission: &Permission,
    ) -> &mut Self {
        let place = || params![tenant, &permission.resource_server_id, &permission.name];
        self.run(sql::ROLE_PERMISSION_DELETE_EVERYWHERE, place());
        self.run(sql::USER_PERMISSION_DELETE_EVERYWHERE, place())
    }

    /// Takes all roles and permissions from a user that was deleted before in this batch.
    pub(crate) fn take_everything_from_user(
        &mut self,
        tenant: &TenantId,
        user_id: &str,
    ) -> &mut Self {
        let place = || params![tenant, user_id];
        self.run(sql::USER_ROLE_DELETE_OF_USER, place());
        self.run(sql::USER_PERMISSION_DELETE_OF_USER, place())
    }
}

impl Store {
    /// What a user may do at an API, by roles and directly, each once, in alphabetical order. An API has no more scopes
    /// than [`MAX_LIMIT`].
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn permissions_at(
        &self,
        tenant: &TenantId,
        user_id: &str,
        resource_server_id: &str,
    ) -> Result<Vec<String>> {
        let values = params![tenant, user_id, resource_server_id, MAX_LIMIT];
        texts(&self.read(sql::HELD_AT, values).await?)
    }

    /// What a user may do anywhere, from `start` at most `limit`, and how much it is in all.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn permissions_of_user(
        &self,
        tenant: &TenantId,
        user_id: &str,
        (start, limit): (i64, i64),
    ) -> Result<(Vec<Held>, i64)> {
        let mut found: Vec<Held> = Vec::new();
        let values = params![tenant, user_id, limit.clamp(0, MAX_LIMIT), start.max(0)];
        for row in self.read_long(sql::HELD_LIST, values).await? {
            let permission = read_permission(&row)?;
            let source = Some(row.text(2)?.to_owned()).filter(|role| !role.is_empty());
            match found.last_mut() {
                Some(last) if last.permission == permission => last.sources.push(source),
                _ => found.push(Held {
                    permission,
                    sources: vec![source],
                }),
            }
        }
        let total = self
            .count_rows(sql::HELD_COUNT, params![tenant, user_id])
            .await?;
        Ok((found, total))
    }

    /// The permissions of a role, from `start` at most `limit`, and how many there are.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn permissions_of_role(
        &self,
        tenant: &TenantId,
        role_id: &str,
        (start, limit): (i64, i64),
    ) -> Result<(Vec<Permission>, i64)> {
        let values = params![tenant, role_id, limit.clamp(0, MAX_LIMIT), start.max(0)];
        let rows = self.read_long(sql::ROLE_PERMISSION_LIST, values).await?;
        let found = rows.iter().map(read_permission).collect::<Result<_>>()?;
        let values = params![tenant, role_id];
        Ok((
            found,
            self.count_rows(sql::ROLE_PERMISSION_COUNT, values).await?,
        ))
    }

    /// The ids of the roles of a user.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn roles_of_user(&self, tenant: &TenantId, user_id: &str) -> Result<Vec<String>> {
        let values = params![tenant, user_id, MAX_LIMIT];
        texts(&self.read(sql::USER_ROLE_LIST, values).await?)
    }

    /// Users that have a role, in the order in which they got it: after the one that `after` names by that instant and
    /// its id, without the first `skip`, at most `limit`.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn users_of_role(
        &self,
        tenant: &TenantId,
        role_id: &str,
        after: Option<(Timestamp, &str)>,
        (skip, limit): (i64, i64),
    ) -> Result<Vec<Member>> {
        let (since, user_id) = after.map_or((i64::MIN, ""), |(at, id)| (at.millis(), id));
        let limit = limit.clamp(0, MAX_LIMIT);
        let values = params![tenant, role_id, since, user_id, limit, skip.max(0)];
        let rows = self.read_long(sql::USER_ROLE_LIST_USERS, values).await?;
        let member = |row: &Row| {
            Ok(Member {
                user: read_user(row)?,
                since: Timestamp::from_millis(row.integer(7)?),
            })
        };
        rows.iter().map(member).collect()
    }

    /// How many users have a role.
    ///
    /// # Errors
    /// `Unavailable`.
    pub async fn count_users_of_role(&self, tenant: &TenantId, role_id: &str) -> Result<i64> {
        let values = params![tenant, role_id];
        self.count_rows(sql::USER_ROLE_COUNT_USERS, values).await
    }

    async fn count_rows(&self, sql: Sql, values: Vec<Value>) -> Result<i64> {
        let rows = self.read_long(sql, values).await?;
        rows.first().map_or(Ok(0), |row| row.integer(0))
    }
}

fn read_permission(row: &Row) -> Result<Permission> {
    Ok(Permission {
        resource_server_id: row.text(0)?.to_owned(),
        name: row.text(1)?.to_owned(),
    })
}

fn texts(rows: &[Row]) -> Result<Vec<String>> {
    rows.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}
