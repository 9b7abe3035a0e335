//! Minting: builds the claims of access and ID tokens and signs them.

use grantor_jose::{Algorithm, Signer, SigningKey};
use grantor_protocol::{
    authorization::{self, Facts, Granted, Requester},
    claims::{AccessToken, Channel, TokenForm, UserToken, UserinfoAudience, access_token_type},
    env::{Env, IdForm, Timestamp},
    legacy::IdTokenKey,
    model::{Client, ResourceServer, SigningAlg},
    refusal::Refusal,
    rule::Rule,
};
use serde_json::Map;

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
    gty: Option<&'static str>,
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
        gty: facts.grant_type.gty(),
    })
}

/// Proof that the decision function granted what is minted for a user; [`decide_for_user`] makes it.
#[derive(Debug)]
pub struct ApprovedForUser<'a> {
    granted: Granted,
    form: TokenForm<'a>,
    channel: Channel,
    client: &'a Client,
    gty: Option<&'static str>,
}

impl<'a> ApprovedForUser<'a> {
    /// What was granted.
    pub const fn granted(&self) -> &Granted {
        &self.granted
    }

    /// What the access token looks like.
    pub const fn form(&self) -> TokenForm<'a> {
        self.form
    }

    /// Which way the access token goes.
    pub const fn channel(&self) -> Channel {
        self.channel
    }

    /// The life of the access token, in seconds.
    pub fn expires_in(&self) -> i64 {
        self.form.lifetime_seconds(self.channel)
    }

    /// To whom tokens are issued.
    pub const fn client(&self) -> &'a Client {
        self.client
    }
}

/// Puts the facts about a user's tokens to the decision function.
///
/// # Errors
/// The refusal.
pub fn decide_for_user<'a, C: Requester>(
    facts: &Facts<'a, C>,
) -> Result<ApprovedForUser<'a>, Refusal> {
    let granted = authorization::decide(facts)?;
    Ok(ApprovedForUser {
        form: TokenForm::of(facts.resource_server, &granted.scope),
        channel: Channel::of(facts.grant_type),
        granted,
        client: facts.client.client(),
        gty: facts.grant_type.gty(),
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
    /// Mints the access token that was approved.
    ///
    /// # Errors
    /// What the store and the keys report.
    pub async fn access_token(
        &self,
        approved: &Approved<'_>,
        subject: &str,
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
            gty: approved.gty,
            jti: &self.env.id(IdForm::UrlSafe(22)),
            permissions: &approved.granted.scope,
        };
        let json = claims.to_json(dialect);
        Ok(Minted {
            access_token: self.sign_for(api, &json).await?,
            expires_in: api.token_lifetime,
        })
    }

    /// Mints a user's access token for `api`. `permissions` is what the user may do there, asked for or not.
    ///
    /// # Errors
    /// What the store and the keys report.
    pub async fn access_token_for_user(
        &self,
        approved: &ApprovedForUser<'_>,
        (api, userinfo): (&ResourceServer, UserinfoAudience),
        user_id: &str,
        permissions: &[String],
    ) -> Result<String, keys::Error> {
        let issuer = &self.site.issuer;
        let claims = AccessToken {
            issuer: issuer.as_str(),
            subject: user_id,
            audience: &issuer.to_wire(&api.identifier),
            issued_at: self.now,
            lifetime_seconds: approved.expires_in(),
            client_id: &approved.client.client_id,
            scope: &approved.granted.scope,
            gty: approved.gty,
            jti: &self.env.id(IdForm::UrlSafe(22)),
            permissions,
        };
        let userinfo_url = issuer.url("userinfo");
        let user = UserToken {
            userinfo: (userinfo == UserinfoAudience::Included).then_some(&userinfo_url),
            custom: &Map::new(),
        };
        let json = claims.to_json_for_user(api.token_dialect.unwrap_or_default(), &user);
        self.sign_for(api, &json).await
    }

    /// Signs the ID token with the claims `json`, with the algorithm that the client asked for. What goes through the
    /// browser is checked there, by a script that has no secret and may know no other algorithm than RS256.
    ///
    /// # Errors
    /// What the store and the keys report.
    pub async fn id_token(
        &self,
        approved: &ApprovedForUser<'_>,
        key: IdTokenKey,
        json: &[u8],
    ) -> Result<String, keys::Error> {
        let client = approved.client;
        let wanted = client.jwt_configuration.alg.as_deref();
        let wanted = match key {
            IdTokenKey::OfTheServer => wanted.filter(|_| approved.channel == Channel::Back),
            IdTokenKey::OfTheClient => wanted.or(Some("HS256")),
        };
        match (wanted, &client.client_secret) {
            (Some("HS256"), Some(secret)) => {
                sign_with_secret(secret.expose().as_bytes(), "JWT", json)
            }
            (Some("PS256"), _) => self.sign(SigningAlg::PS256, json).await,
            // A client without a secret has nothing that HS256 could be verified with.
            _ => self.sign(SigningAlg::RS256, json).await,
        }
    }

    async fn sign(&self, algorithm: SigningAlg, json: &[u8]) -> Result<String, keys::Error> {
        let tenant = &self.site.tenant;
        self.keys
            .sign(tenant, algorithm, "JWT", json, self.now)
            .await
    }

    /// Signs the access token of an API; HS256 takes the API's own secret, which is in no key set.
    async fn sign_for(&self, api: &ResourceServer, json: &[u8]) -> Result<String, keys::Error> {
        let typ = access_token_type(api.token_dialect.unwrap_or_default());
        if api.signing_alg == SigningAlg::HS256 {
            let secret = api.signing_secret.as_ref();
            let secret = secret.ok_or_else(|| keys::Error::NoSecret(api.id.clone()))?;
            return sign_with_secret(secret.expose().as_bytes(), typ, json);
        }
        let tenant = &self.site.tenant;
        self.keys
            .sign(tenant, api.signing_alg, typ, json, self.now)
            .await
    }
}

/// Signs `claims` with a secret that both sides know, HS256.
///
/// # Errors
/// What the key reports.
pub(crate) fn sign_with_secret(
    secret: &[u8],
    typ: &str,
    claims: &[u8],
) -> Result<String, keys::Error> {
    let key = SigningKey::from_secret(secret);
    Ok(Signer::new(key, Algorithm::HS256, None, typ)?.sign_json(claims)?)
}
