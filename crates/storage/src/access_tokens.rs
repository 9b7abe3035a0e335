//! Opaque access tokens: random texts that lead to what was granted, by their keyed digest.

use grantor_protocol::{env::Timestamp, opaque_token::OpaqueToken, tenant::TenantId};

use crate::{
    batch::{Batch, Expectation},
    error::{Error, Result},
    params,
    refresh_tokens::Revoked,
    statements::{self, refresh_tokens},
    store::Store,
};

/// How long it is known what became of refresh tokens that ended with their user, in seconds: 30 days.
const ENDED_SECONDS: i64 = 30 * 86_400;

impl Batch {
    /// Stores what the access token with a keyed digest stands for; tokens of a `family` are revoked together.
    /// `Conflict { unique: "digest" }` if there is one with that digest.
    pub fn keep_access_token(
        &mut self,
        tenant: &TenantId,
        digest: &[u8],
        family: &str,
        token: &OpaqueToken,
        expires_at: Timestamp,
    ) -> &mut Self {
        match serde_json::to_string(token) {
            Err(error) => {
                let what = format!("an access token that cannot be written: {error}");
                self.defect(Error::Malformed { what })
            }
            Ok(payload) => self.step(
                statements::ACCESS_TOKEN_INSERT,
                params![
                    tenant,
                    digest,
                    family,
                    &token.user_id,
                    payload,
                    expires_at,
                    &token.client_id
                ],
                Expectation::Unique("digest"),
            ),
        }
    }

    /// Revokes what came from one proof: its refresh tokens and opaque access tokens.
    pub fn revoke_family(&mut self, tenant: &TenantId, family: &str) -> &mut Self {
        self.revoke_refresh_tokens(tenant, Revoked::Family(family));
        let values = params![tenant, family];
        self.run(statements::ACCESS_TOKEN_DELETE_FAMILY, values)
    }

    /// Revokes what came of a user's consent: the refresh tokens that a client has of the user for an API, and all opaque
    /// access tokens that it has of the user. Those of which nobody noted the client are from before that was done; they go
    /// with them.
    pub fn revoke_tokens_of_grant(
        &mut self,
        tenant: &TenantId,
        user_id: &str,
        client_id: &str,
        audience: &str,
    ) -> &mut Self {
        let which = Revoked::OfUser {
            user_id,
            client_id: Some(client_id),
            audience: Some(audience),
        };
        self.revoke_refresh_tokens(tenant, which);
        let values = params![tenant, user_id, client_id];
        self.run(statements::ACCESS_TOKEN_DELETE_OF_CLIENT, values)
    }

    /// Ends every refresh token and revokes every opaque access token of a user who is deleted or blocked. Families are
    /// kept for a while, so that clients hear what became of the user; nothing brings them back.
    pub fn end_tokens_of_user(
        &mut self,
        tenant: &TenantId,
        user_id: &str,
        now: Timestamp,
    ) -> &mut Self {
        let kept_until = now.plus_seconds(ENDED_SECONDS);
        let values = params![tenant, user_id, kept_until];
        self.run(refresh_tokens::REFRESH_TOKEN_END_OF_USER, values);
        let values = params![tenant, user_id];
        self.run(statements::ACCESS_TOKEN_DELETE_OF_USER, values)
    }

    /// Revokes every refresh token and every opaque access token of a user.
    pub fn revoke_tokens_of_user(&mut self, tenant: &TenantId, user_id: &str) -> &mut Self {
        let which = Revoked::OfUser {
            user_id,
            client_id: None,
            audience: None,
        };
        self.revoke_refresh_tokens(tenant, which);
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
    ) -> Result<Option<OpaqueToken>> {
        let values = params![tenant, digest, now];
        let rows = self.read(statements::ACCESS_TOKEN_FIND, values).await?;
        let token = rows.first().map(|row| {
            serde_json::from_str(row.text(0)?).map_err(|source| Error::Inconsistent {
                table: "access_tokens",
                column: "payload".to_owned(),
                id: "an opaque access token".to_owned(),
                source: source.into(),
            })
        });
        token.transpose()
    }
}
