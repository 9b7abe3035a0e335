//! ID tokens of this server that come back in the place of a proof. Unlike hints they must be good still, and their user
//! and client be there.

use std::sync::Arc;

use grantor_jose::{Algorithm, Jws, VerificationKey};
use grantor_protocol::{
    model::Client,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    users::{User, UserId},
};
use serde_json::Value;

use super::Visit;
use crate::{http::failure::Failure, pipeline::id_token_hint::signed_claims};

/// Longest token that is looked at, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// Claims that only other tokens of this server have: access tokens and logout tokens.
const FOREIGN: [&str; 5] = ["azp", "client_id", "scope", "gty", "events"];

/// What an ID token proves.
pub(super) struct Proof {
    /// To whom it was issued.
    pub(super) client: Arc<Client>,
    /// Whom it names.
    pub(super) user: User,
}

/// Checks an ID token: that this issuer signed it, with its own key or the client's secret, and that it has not expired.
///
/// # Errors
/// [`Rule::IdTokenInvalid`] and [`Rule::UserBlocked`].
pub(super) async fn prove(visit: &Visit<'_>, text: &str) -> Result<Proof, Failure> {
    let invalid = |because| Refusal::new(Rule::IdTokenInvalid).with("because", because);
    let (app, site) = (visit.app, &visit.context.site);
    if MAX_LENGTH < text.len() {
        return Err(invalid("it is too long").into());
    }
    let jws = Jws::parse(text).map_err(|_| invalid("it is no JWT"))?;
    let named = serde_json::from_slice(jws.payload()).unwrap_or(Value::Null);
    let client = visit.client(member(&named, "aud")).await?;
    let client = client.ok_or_else(|| invalid("it is not for a client of this tenant"))?;
    let claims = if jws.header().alg == "HS256" {
        let secret = client.client_secret.as_ref();
        secret
            .filter(|secret| has_signed(secret, &jws))
            .map(|_| named)
    } else {
        signed_claims(&app.keys, (&site.tenant, &site.issuer), text).await?
    };
    let claims = claims.ok_or_else(|| invalid("its signature is not ours"))?;
    if member(&claims, "iss") != Some(site.issuer.as_str()) {
        return Err(invalid("it is of another issuer").into());
    }
    let expires_at = claims.get("exp").and_then(Value::as_i64);
    if expires_at.is_none_or(|expires_at| expires_at <= visit.context.now.seconds()) {
        return Err(invalid("it has expired").into());
    }
    if FOREIGN.iter().any(|name| claims.get(name).is_some()) {
        return Err(invalid("it is no ID token").into());
    }
    let user = match member(&claims, "sub").and_then(UserId::parse) {
        Some(user_id) => app.store.find_user(&site.tenant, &user_id).await?,
        None => None,
    };
    let user = user.ok_or_else(|| invalid("its user is gone"))?.user;
    if user.is_blocked() {
        let blocked = Refusal::new(Rule::UserBlocked);
        return Err(blocked.with("user_id", user.user_id.as_str()).into());
    }
    Ok(Proof { client, user })
}

fn has_signed(secret: &Secret, jws: &Jws<'_>) -> bool {
    let key = VerificationKey::from_secret(secret.expose().as_bytes());
    jws.verify(&key, &[Algorithm::HS256]).is_ok()
}

fn member<'a>(claims: &'a Value, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str()
}
