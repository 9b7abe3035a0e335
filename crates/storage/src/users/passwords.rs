//! Hashes of passwords: the present one and the earlier ones. They are one-way already, so they are not sealed.

use grantor_protocol::{env::Timestamp, tenant::TenantId};

use super::IdentityKey;
use crate::{batch::Batch, error::Result, params, statements, store::Store};

/// The present password of an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPassword {
    /// Its hash.
    pub hash: String,
    /// Since when it is the present one.
    pub set_at: Timestamp,
}

impl Batch {
    /// Sets the password of an identity. The one before goes to the history, of which the last `history` are kept.
    pub fn set_password(
        &mut self,
        tenant: &TenantId,
        key: &IdentityKey,
        hash: &str,
        history: usize,
        now: Timestamp,
    ) -> &mut Self {
        let place = || params![tenant, &key.provider, &key.identity];
        if 0 < history {
            self.run(statements::PASSWORD_HISTORY_KEEP, place());
        }
        let mut values = place();
        values.extend(params![hash, now]);
        self.run(statements::PASSWORD_SET, values);
        let mut values = place();
        // The present one has the highest number and is not in the history.
        let kept = i64::try_from(history).unwrap_or(i64::MAX - 1) + 1;
        values.extend(params![kept]);
        self.run(statements::PASSWORD_HISTORY_TRIM, values)
    }

    /// Replaces the hash of the same password, if it is still `old`.
    pub fn rehash_password(
        &mut self,
        tenant: &TenantId,
        key: &IdentityKey,
        old: &str,
        new: &str,
    ) -> &mut Self {
        let values = params![tenant, &key.provider, &key.identity, old, new];
        self.run(statements::PASSWORD_REHASH, values)
    }
}

impl Store {
    /// The present password of an identity.
    pub async fn find_password(
        &self,
        tenant: &TenantId,
        key: &IdentityKey,
    ) -> Result<Option<StoredPassword>> {
        let values = params![tenant, &key.provider, &key.identity];
        let rows = self.read(statements::PASSWORD_FIND, values).await?;
        let found = rows.first().map(|row| {
            Ok(StoredPassword {
                hash: row.text(0)?.to_owned(),
                set_at: Timestamp::from_millis(row.integer(1)?),
            })
        });
        found.transpose()
    }

    /// The hashes that a new password must not match: the present one and the last `history` before it.
    pub async fn password_hashes(
        &self,
        tenant: &TenantId,
        key: &IdentityKey,
        history: usize,
    ) -> Result<Vec<String>> {
        let present = self.find_password(tenant, key).await?;
        let limit = i64::try_from(history).unwrap_or(i64::MAX);
        let values = params![tenant, &key.provider, &key.identity, limit];
        let rows = self.read(statements::PASSWORD_HISTORY_LIST, values).await?;
        let earlier = rows.iter().map(|row| Ok(row.text(0)?.to_owned()));
        let present = present.into_iter().map(|password| Ok(password.hash));
        present.chain(earlier).collect()
    }
}
