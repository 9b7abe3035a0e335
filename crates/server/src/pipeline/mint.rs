//! Minting: builds the claims of an access token and signs them.

use grantor_jose::{Algorithm, Signer, SigningKey};
use grantor_protocol::{
    authorization::{self, Facts, Granted},
    claims::{AccessToken, access_token_type},
    env::{Env, IdForm, Timestamp},
    model::{ResourceServer, SigningAlg},
    refusal::Refusal,
    rule::Rule,
};

use crate::{
    hosts::Site,
    keys::{self, Keys},
};

/// Proof that the decision function granted what is minted; [`decide`] makes it.
#[derive(Debug)]
pub struct Approved<'a> {
    granted: Granted,
    resource_server: &'a ResourceServer,
    client_id: &'a str,
}

impl Approved<'_> {
    /// What was granted.
    pub const fn granted(&self) -> &Granted {
        &self.granted
    }
}

/// Puts the facts to the decision function.
///
/// # Errors
/// The refusal.
pub fn decide<'a>(facts: &Facts<'a>) -> Result<Approved<'a>, Refusal> {
    let granted = authorization::decide(facts)?;
    let resource_server = facts
        .resource_server
        .ok_or_else(|| Refusal::new(Rule::AudienceUnknown))?;
    Ok(Approved {
        granted,
        resource_server,
        client_id: &facts.client.client().client_id,
    })
}

/// A signed access token and its life in seconds.
#[derive(Debug)]
pub struct Minted {
    /// The compact JWS.
    pub access_token: String,
    /// Its life, in seconds.
    pub expires_in: i64,
}

/// What minting needs beside the approval.
#[derive(Clone, Copy, Debug)]
pub struct Mint<'a> {
    /// The signing keys.
    pub keys: &'a Keys,
    /// Where the token's `jti` is drawn.
    pub env: &'a Env,
    /// Whose token it is.
    pub site: &'a Site,
    /// When it is issued.
    pub now: Timestamp,
}

impl Mint<'_> {
    /// Mints the access token that was approved. `gty` is how the vendor's dialect names the grant, where it does.
    ///
    /// # Errors
    /// What the store and the keys report.
    pub async fn access_token(
        &self,
        approved: &Approved<'_>,
        subject: &str,
        gty: Option<&'static str>,
    ) -> Result<Minted, keys::Error> {
        let api = approved.resource_server;
        let dialect = api.token_dialect.unwrap_or_default();
        let claims = AccessToken {
            issuer: self.site.issuer.as_str(),
            subject,
            audience: &self.site.issuer.to_wire(&api.identifier),
            issued_at: self.now,
            lifetime_seconds: api.token_lifetime,
            client_id: approved.client_id,
            scope: &approved.granted.scope,
            gty,
            jti: &self.env.id(IdForm::UrlSafe(22)),
            permissions: &approved.granted.scope,
        };
        let json = claims.to_json(dialect);
        let typ = access_token_type(dialect);
        let access_token = if api.signing_alg == SigningAlg::HS256 {
            sign_with_secret(api, typ, &json)?
        } else {
            self.keys
                .sign(&self.site.tenant, api.signing_alg, typ, &json, self.now)
                .await?
        };
        Ok(Minted {
            access_token,
            expires_in: api.token_lifetime,
        })
    }
}

/// HS256 access tokens are signed with the API's own secret, which is in no key set.
fn sign_with_secret(api: &ResourceServer, typ: &str, claims: &[u8]) -> Result<String, keys::Error> {
    let secret = api
        .signing_secret
        .as_ref()
        .ok_or_else(|| keys::Error::NoSecret(api.id.clone()))?;
    let key = SigningKey::from_secret(secret.expose().as_bytes());
    Ok(Signer::new(key, Algorithm::HS256, None, typ)?.sign_json(claims)?)
}
