//! Writing users: what a batch does so that the user, what it is found by and what it is searched by agree.

use grantor_protocol::{
    document::Document,
    env::Timestamp,
    model::{DeviceCredential, UserGrant},
    tenant::TenantId,
    users::{Identity, User, UserId, identifier::Identifier},
};

use super::{IDENTITY_OWNER, IdentityKey, USER_REVISION};
use crate::{
    batch::{Batch, Expectation},
    document::MAX_KEY_BYTES,
    error::{Error, Result},
    params, statements,
    store::Store,
    value::Value,
};

/// Longest text in a column, in characters; what is longer is found by its beginning.
const COLUMN: usize = 256;

/// How many accounts are looked at at once.
const CHUNK: i64 = 200;

impl Batch {
    /// Adds a user with its identities. `identifiers` are what the primary one occupies at its connection.
    ///
    /// The commit answers `Conflict` with `user_id`, `identity`, `email`, `username` or `phone_number` if one is taken.
    pub fn insert_user(
        &mut self,
        tenant: &TenantId,
        user: &User,
        identifiers: &[Identifier],
    ) -> &mut Self {
        self.put_user(tenant, user);
        for identity in &user.identities {
            let key = IdentityKey::from(identity);
            let values = params![
                tenant,
                key.provider,
                key.identity,
                &identity.connection,
                user.user_id.as_str()
            ];
            let expectation = Expectation::Unique("identity");
            self.step(statements::IDENTITY_INSERT, values, expectation);
        }
        if let Some(primary) = user.primary_identity() {
            self.occupy(tenant, primary, identifiers);
        }
        self
    }

    /// Replaces a user that still has `revision`, but for its identities and what logging in writes; else the commit
    /// answers `Guard` with [`USER_REVISION`].
    pub fn replace_user(&mut self, tenant: &TenantId, user: &User, revision: i64) -> &mut Self {
        let Some(body) = self.body_of(user) else {
            return self;
        };
        let mut values = columns(tenant, user, body);
        values.push(Value::from(revision));
        self.expect(statements::USER_REPLACE, values, 1, USER_REVISION);
        let values = params![tenant, user.user_id.as_str()];
        self.run(statements::ATTRIBUTE_DELETE, values);
        self.index(tenant, user)
    }

    /// Replaces what an identity occupies at its connection; `Conflict` names the kind that is taken.
    pub fn set_identifiers(
        &mut self,
        tenant: &TenantId,
        identity: &Identity,
        identifiers: &[Identifier],
    ) -> &mut Self {
        let key = IdentityKey::from(identity);
        let values = params![tenant, key.provider, key.identity];
        self.run(statements::IDENTIFIER_DELETE, values);
        self.occupy(tenant, identity, identifiers)
    }

    /// Writes `linked`, which `protocol::users::link` made of a user at `revision` and another, which is deleted if it
    /// is still at its own revision. Identities, identifiers and passwords move.
    pub fn link_users(
        &mut self,
        tenant: &TenantId,
        (linked, revision): (&User, i64),
        (other, other_revision): (&UserId, i64),
    ) -> &mut Self {
        self.replace_user(tenant, linked, revision);
        let place = || params![tenant, other.as_str()];
        let mut values = place();
        values.push(Value::from(other_revision));
        self.expect(statements::USER_DELETE_REVISION, values, 1, USER_REVISION);
        self.run(statements::ATTRIBUTE_DELETE, place());
        // What the other might do is not the linked user's to do, nor its own again when it is unlinked.
        self.take_everything_from_user(tenant, other.as_str());
        let mut values = place();
        values.push(Value::from(linked.user_id.as_str()));
        self.run(statements::IDENTITY_MOVE_ALL, values)
    }

    /// Writes `left` and `own`, which `protocol::users::unlink` made of a user at `revision`.
    pub fn unlink_user(
        &mut self,
        tenant: &TenantId,
        (left, revision): (&User, i64),
        own: &User,
    ) -> &mut Self {
        self.replace_user(tenant, left, revision);
        self.put_user(tenant, own);
        for identity in &own.identities {
            let key = IdentityKey::from(identity);
            let values = params![
                tenant,
                key.provider,
                key.identity,
                left.user_id.as_str(),
                own.user_id.as_str()
            ];
            self.expect(statements::IDENTITY_MOVE, values, 1, IDENTITY_OWNER);
        }
        self
    }

    /// Deletes a user, if it exists, with everything of it that is kept here.
    pub fn delete_user(&mut self, tenant: &TenantId, id: &UserId, now: Timestamp) -> &mut Self {
        let place = || params![tenant, id.as_str()];
        self.run(statements::PASSWORD_HISTORY_DELETE_OF_USER, place());
        self.run(statements::PASSWORD_DELETE_OF_USER, place());
        self.run(statements::IDENTIFIER_DELETE_OF_USER, place());
        // The identities go last: the statements before find their rows by them.
        self.run(statements::IDENTITY_DELETE, place());
        self.run(statements::ATTRIBUTE_DELETE, place());
        self.end_sessions_of_user(tenant, id.as_str());
        self.end_tokens_of_user(tenant, id.as_str(), now);
        // Whoever gets this identifier later has not consented to anything.
        let of_user = ("user_id", id.as_str());
        self.delete_linked(tenant, &UserGrant::KIND, of_user, now);
        self.run(statements::USER_DELETE, place());
        self.delete_linked(tenant, &DeviceCredential::KIND, of_user, now);
        // After the user: so whoever gives it a role meanwhile is seen, or sees that it is gone.
        self.take_everything_from_user(tenant, id.as_str())
    }

    /// Deletes one identity with its identifiers and its password; the user is replaced beside it.
    pub fn delete_identity(&mut self, tenant: &TenantId, key: &IdentityKey) -> &mut Self {
        let place = || params![tenant, &key.provider, &key.identity];
        self.run(statements::PASSWORD_HISTORY_DELETE, place());
        self.run(statements::PASSWORD_DELETE, place());
        self.run(statements::IDENTIFIER_DELETE, place());
        self.run(statements::IDENTITY_DELETE_ONE, place())
    }

    /// Notes that a user logged in.
    pub fn note_login(
        &mut self,
        tenant: &TenantId,
        id: &UserId,
        ip: &str,
        now: Timestamp,
    ) -> &mut Self {
        let values = params![tenant, id.as_str(), now, column(ip)];
        self.run(statements::USER_LOGIN, values)
    }

    fn put_user(&mut self, tenant: &TenantId, user: &User) -> &mut Self {
        let Some(body) = self.body_of(user) else {
            return self;
        };
        let mut values = columns(tenant, user, body);
        values.extend(params![
            user.last_login.unwrap_or_default(),
            column(user.last_ip.as_deref().unwrap_or_default()),
            user.logins_count.unwrap_or_default()
        ]);
        let expectation = Expectation::Unique("user_id");
        self.step(statements::USER_INSERT, values, expectation);
        self.index(tenant, user)
    }

    /// The document; what logging in writes is in columns alone.
    fn body_of(&mut self, user: &User) -> Option<String> {
        let mut kept = user.clone();
        (kept.last_login, kept.last_ip, kept.logins_count) = (None, None, None);
        match serde_json::to_string(&kept) {
            Ok(body) => Some(body),
            Err(source) => {
                let what = format!("a user: {source}");
                self.defect(Error::Malformed { what });
                None
            }
        }
    }

    fn index(&mut self, tenant: &TenantId, user: &User) -> &mut Self {
        for (path, value) in user.attributes() {
            let values = params![tenant, path, value, user.user_id.as_str()];
            self.run(statements::ATTRIBUTE_INSERT, values);
        }
        self
    }

    fn occupy(
        &mut self,
        tenant: &TenantId,
        identity: &Identity,
        identifiers: &[Identifier],
    ) -> &mut Self {
        let key = IdentityKey::from(identity);
        for identifier in identifiers {
            let kind = identifier.kind.as_str();
            if MAX_KEY_BYTES < identifier.value.len() {
                let what = format!("a user whose {kind} is too long");
                self.defect(Error::Malformed { what });
            }
            let values = params![
                tenant,
                &identity.connection,
                kind,
                &identifier.value,
                &key.provider,
                &key.identity
            ];
            let expectation = Expectation::Unique(kind);
            self.step(statements::IDENTIFIER_INSERT, values, expectation);
        }
        self
    }
}

impl Store {
    /// Deletes some users of a connection, and from users of others the identities at it. Answers with how many accounts
    /// are gone: none means that there are no more.
    pub async fn delete_users_of_connection(
        &self,
        tenant: &TenantId,
        connection: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let values = params![tenant, connection, CHUNK];
        let rows = self
            .read_long(statements::IDENTITY_LIST_OF_CONNECTION, values)
            .await?;
        let mut gone = 0;
        for row in &rows {
            let key = IdentityKey {
                provider: row.text(1)?.to_owned(),
                identity: row.text(2)?.to_owned(),
            };
            self.delete_account(tenant, row.text(0)?, &key, now).await?;
            gone += 1;
        }
        Ok(gone)
    }

    async fn delete_account(
        &self,
        tenant: &TenantId,
        user_id: &str,
        key: &IdentityKey,
        now: Timestamp,
    ) -> Result<()> {
        let id = UserId::parse(user_id);
        let stored = match &id {
            Some(id) => self.find_user(tenant, id).await?,
            None => None,
        };
        let mut batch = self.batch();
        match (id, stored) {
            (Some(id), Some(stored)) => {
                let mut user = stored.user;
                let is_it = |identity: &Identity| IdentityKey::from(identity) == *key;
                if user.primary_identity().is_some_and(is_it) {
                    batch.delete_user(tenant, &id, now);
                } else {
                    user.identities.retain(|identity| !is_it(identity));
                    user.updated_at = now;
                    batch.replace_user(tenant, &user, stored.revision);
                    batch.delete_identity(tenant, key);
                }
            }
            // The identity of nobody.
            _ => {
                batch.delete_identity(tenant, key);
            }
        }
        match self.commit(batch).await {
            // It was written in the meantime, and is looked at again.
            Err(Error::Guard {
                label: USER_REVISION,
            }) => Ok(()),
            other => other,
        }
    }
}

/// `?1` to `?16` of the statements that write a user.
fn columns(tenant: &TenantId, user: &User, body: String) -> Vec<Value> {
    let exact = |text: &Option<String>| column(text.as_deref().unwrap_or_default());
    let folded =
        |text: &Option<String>| column(&text.as_deref().unwrap_or_default().to_lowercase());
    let flag = |flag: Option<bool>| flag.map_or(-1, i64::from);
    params![
        tenant,
        user.user_id.as_str(),
        body,
        user.created_at,
        user.updated_at,
        folded(&user.email),
        folded(&user.username),
        exact(&user.phone_number),
        folded(&user.name),
        folded(&user.nickname),
        folded(&user.given_name),
        folded(&user.family_name),
        flag(user.email_verified),
        flag(user.phone_verified),
        flag(user.blocked),
        user.last_password_reset.unwrap_or_default()
    ]
}

/// A text as it is indexed: bounded, without the character zero, which no engine stores.
fn column(text: &str) -> String {
    text.chars()
        .filter(|letter| *letter != '\0')
        .take(COLUMN)
        .collect()
}
