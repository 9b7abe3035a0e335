//! Opaque access tokens: random texts that lead to what was granted, by their keyed digest.

use grantor_protocol::{env::Timestamp, tenant::TenantId};

use crate::{
    batch::{Batch, Expectation},
    error::Result,
    params, statements,
    store::Store,
};

/// An access token as it is stored.
#[derive(Clone, Copy, Debug)]
pub struct StoredAccessToken<'a> {
    /// The keyed digest of the token.
    pub digest: &'a [u8],
    /// What it came from; tokens of a family are revoked together.
    pub family: &'a str,
    /// For whom it speaks.
    pub user_id: &'a str,
    /// What it stands for.
    pub payload: &'a str,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl Batch {
    /// Stores an access token; `Conflict { unique: "digest" }` if there is one with that digest.
    pub fn keep_access_token(
        &mut self,
        tenant: &TenantId,
        token: &StoredAccessToken<'_>,
    ) -> &mut Self {
        let values = params![
            tenant,
            token.digest,
            token.family,
            token.user_id,
            token.payload,
            token.expires_at
        ];
        let expectation = Expectation::Unique("digest");
        self.step(statements::ACCESS_TOKEN_INSERT, values, expectation)
    }

    /// Revokes what came from one code.
    pub fn revoke_family(&mut self, tenant: &TenantId, family: &str) -> &mut Self {
        let values = params![tenant, family];
        self.run(statements::ACCESS_TOKEN_DELETE_FAMILY, values)
    }

    /// Revokes every opaque access token of a user.
    pub fn revoke_access_tokens_of_user(&mut self, tenant: &TenantId, user_id: &str) -> &mut Self {
        let values = params![tenant, user_id];
        self.run(statements::ACCESS_TOKEN_DELETE_OF_USER, values)
    }
}

impl Store {
    /// What the access token with a digest stands for, if it is good at `now`.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn find_access_token(
        &self,
        tenant: &TenantId,
        digest: &[u8],
        now: Timestamp,
    ) -> Result<Option<String>> {
        let values = params![tenant, digest, now];
        let rows = self.read(statements::ACCESS_TOKEN_FIND, values).await?;
        rows.first()
            .map(|row| Ok(row.text(0)?.to_owned()))
            .transpose()
    }
}
