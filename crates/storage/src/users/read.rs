//! Finding users. They are not remembered: a user that was blocked or deleted a moment ago is.

use grantor_protocol::{
    env::Timestamp,
    tenant::TenantId,
    users::{User, UserId, identifier::Identifier},
};

use super::IdentityKey;
use crate::{
    error::{Error, Result},
    params,
    read::MAX_LIMIT,
    statements,
    store::Store,
    value::Row,
};

/// A user, and which of its versions this is.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredUser {
    /// The user.
    pub user: User,
    /// The version that a write replaces. Logging in makes no new one.
    pub revision: i64,
}

/// Whom an identifier at a connection names.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundByIdentifier {
    /// The user.
    pub found: StoredUser,
    /// Which of the user's identities has the identifier.
    pub identity: IdentityKey,
    /// The hash of its password, if it has one.
    pub password_hash: Option<String>,
}

impl Store {
    /// A user.
    pub async fn find_user(&self, tenant: &TenantId, id: &UserId) -> Result<Option<StoredUser>> {
        let values = params![tenant, id.as_str()];
        let rows = self.read(statements::USER_FIND, values).await?;
        rows.first().map(read_user).transpose()
    }

    /// The user that has an identity, whether it is named after it or linked with it.
    pub async fn find_user_by_identity(
        &self,
        tenant: &TenantId,
        key: &IdentityKey,
    ) -> Result<Option<StoredUser>> {
        let values = params![tenant, &key.provider, &key.identity];
        let rows = self.read(statements::USER_FIND_BY_IDENTITY, values).await?;
        rows.first().map(read_user).transpose()
    }

    /// The user whom an identifier names at a connection, with the hash to check the password by, in one look.
    pub async fn find_user_by_identifier(
        &self,
        tenant: &TenantId,
        connection: &str,
        identifier: &Identifier,
    ) -> Result<Option<FoundByIdentifier>> {
        let kind = identifier.kind.as_str();
        let values = params![tenant, connection, kind, &identifier.value];
        let rows = self
            .read(statements::USER_FIND_BY_IDENTIFIER, values)
            .await?;
        let found = rows.first().map(|row| {
            Ok(FoundByIdentifier {
                found: read_user(row)?,
                identity: IdentityKey {
                    provider: row.text(7)?.to_owned(),
                    identity: row.text(8)?.to_owned(),
                },
                password_hash: row.optional_text(9)?.map(str::to_owned),
            })
        });
        found.transpose()
    }

    /// The users with an address, which is in its normal form; at most [`MAX_LIMIT`].
    pub async fn find_users_by_email(
        &self,
        tenant: &TenantId,
        email: &str,
    ) -> Result<Vec<StoredUser>> {
        if email.is_empty() {
            return Ok(Vec::new());
        }
        let values = params![tenant, email, MAX_LIMIT];
        let rows = self.read(statements::USER_LIST_BY_EMAIL, values).await?;
        rows.iter().map(read_user).collect()
    }
}

/// From `user_id, body, revision, updated_at, last_login, last_ip, logins_count`.
pub(crate) fn read_user(row: &Row) -> Result<StoredUser> {
    let mut user: User =
        serde_json::from_str(row.text(1)?).map_err(|source| Error::Inconsistent {
            table: "users",
            column: "body".to_owned(),
            id: row.text(0).unwrap_or_default().to_owned(),
            source: source.into(),
        })?;
    user.updated_at = Timestamp::from_millis(row.integer(3)?);
    user.last_login = Some(row.integer(4)?)
        .filter(|at| *at != 0)
        .map(Timestamp::from_millis);
    user.last_ip = Some(row.text(5)?)
        .filter(|ip| !ip.is_empty())
        .map(str::to_owned);
    user.logins_count = Some(row.integer(6)?).filter(|count| *count != 0);
    Ok(StoredUser {
        user,
        revision: row.integer(2)?,
    })
}
