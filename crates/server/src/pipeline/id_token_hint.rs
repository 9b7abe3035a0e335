//! ID tokens of this server that come back as hints: at the authorization endpoint (OIDC Core §3.1.2.1) and at the logout
//! endpoint (OIDC RP-Initiated Logout §2). They may have expired; what they name is to be believed all the same.

use grantor_jose::{Algorithm, Jws};
use grantor_protocol::tenant::{Issuer, TenantId};
use serde::Deserialize;
use serde_json::Value;

use crate::{
    app::App,
    http::{context::Context, failure::Failure},
    keys::{self, Keys},
};

/// Longest hint that is looked at, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// Whom a hint names.
#[derive(Clone, Debug, Deserialize)]
pub struct Hint {
    /// The user.
    #[serde(rename = "sub")]
    pub subject: String,
    /// The client that got the token.
    #[serde(rename = "aud")]
    pub client_id: String,
    /// The browser session.
    #[serde(default, rename = "sid")]
    pub session_id: Option<String>,
}

/// Reads a hint. One that this issuer did not sign with a key that it still shows names nobody: the hints are optional,
/// and an old one must not keep people from logging in.
///
/// # Errors
/// What the keys report.
pub async fn read(app: &App, context: &Context, text: &str) -> Result<Option<Hint>, Failure> {
    let site = &context.site;
    let claims = signed_claims(&app.keys, (&site.tenant, &site.issuer), text).await?;
    // Access and logout tokens have a `jti`, ID tokens never do: what an API was shown must name nobody here.
    let claims = claims.filter(|claims| claims.get("jti").is_none());
    Ok(claims.and_then(|claims| serde_json::from_value(claims).ok()))
}

/// What an ID token says that `issuer` signed with a key which it still shows, expired or not; `None` if it is none.
///
/// # Errors
/// What the keys report.
pub async fn signed_claims(
    keys: &Keys,
    (tenant, issuer): (&TenantId, &Issuer),
    text: &str,
) -> Result<Option<Value>, keys::Error> {
    if text.len() > MAX_LENGTH {
        return Ok(None);
    }
    let Ok(jws) = Jws::parse(text) else {
        return Ok(None);
    };
    let ring = keys.published(tenant).await?;
    let key = jws
        .header()
        .kid
        .as_deref()
        .and_then(|kid| ring.verification_key(kid));
    // TODO: tokens that are signed with a client's secret name nobody yet.
    let allowed = [Algorithm::RS256, Algorithm::RS512, Algorithm::PS256];
    if key.is_none_or(|key| jws.verify(&key, &allowed).is_err()) {
        return Ok(None);
    }
    let claims: Option<Value> = serde_json::from_slice(jws.payload()).ok();
    let named = |claims: &Value| claims.get("iss").and_then(Value::as_str) == Some(issuer.as_str());
    Ok(claims.filter(named))
}
