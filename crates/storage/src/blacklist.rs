//! Tokens that were revoked before they expired, named by audience and `jti`.

use grantor_protocol::{env::Timestamp, tenant::TenantId};

use crate::{
    batch::Batch,
    document::MAX_KEY_BYTES,
    error::{Error, Result},
    params,
    read::MAX_LIMIT,
    statements,
    store::Store,
};

/// A revoked token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlacklistedToken {
    /// Its audience.
    pub aud: String,
    /// Its identifier.
    pub jti: String,
    /// Until when it has to be remembered.
    pub expires_at: Timestamp,
}

impl Batch {
    /// Revokes a token; again is no failure.
    pub fn blacklist_token(&mut self, tenant: &TenantId, token: &BlacklistedToken) -> &mut Self {
        if MAX_KEY_BYTES < token.aud.len().max(token.jti.len()) {
            let what = "a revoked token whose aud or jti is too long".to_owned();
            return self.defect(Error::Malformed { what });
        }
        let values = params![tenant, &token.aud, &token.jti, token.expires_at];
        self.run(statements::BLACKLIST_INSERT, values)
    }
}

impl Store {
    /// The revoked tokens of an audience, at most [`MAX_LIMIT`].
    pub async fn blacklisted_tokens(
        &self,
        tenant: &TenantId,
        aud: &str,
    ) -> Result<Vec<BlacklistedToken>> {
        let values = params![tenant, aud, MAX_LIMIT];
        let rows = self.read(statements::BLACKLIST_LIST, values).await?;
        let tokens = rows.iter().map(|row| {
            Ok(BlacklistedToken {
                aud: row.text(0)?.to_owned(),
                jti: row.text(1)?.to_owned(),
                expires_at: Timestamp::from_millis(row.integer(2)?),
            })
        });
        tokens.collect()
    }

    /// Whether a token is revoked.
    pub async fn is_blacklisted(&self, tenant: &TenantId, aud: &str, jti: &str) -> Result<bool> {
        let rows = self
            .read(statements::BLACKLIST_FIND, params![tenant, aud, jti])
            .await?;
        Ok(!rows.is_empty())
    }
}
