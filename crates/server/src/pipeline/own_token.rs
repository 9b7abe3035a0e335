//! Access tokens of this server that are presented at one of its own APIs, checked by the rules that every API gets from
//! `verify`.

use grantor_jose::Algorithm;
use grantor_verify::{AccessToken, Policy, VerifyError};

use crate::{app::App, http::context::Context, keys};

/// Clocks of nodes may differ by this much, in seconds.
const LEEWAY_SECONDS: i64 = 10;

/// The token in an `Authorization` header (RFC 6750 §2.1).
pub fn bearer(authorization: &str) -> Option<&str> {
    let (scheme, token) = authorization.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then_some(token)
}

/// Checks a signed `token` for the API at `path` below the issuer. Own APIs take RS256 alone.
///
/// # Errors
/// What the keys report; whether the token is good is in the answer.
pub async fn check(
    app: &App,
    context: &Context,
    token: &str,
    path: &str,
) -> Result<Result<AccessToken, VerifyError>, keys::Error> {
    let site = &context.site;
    let ring = app.keys.published(&site.tenant).await?;
    let policy = Policy {
        issuer: site.issuer.as_str().to_owned(),
        audiences: vec![site.issuer.url(path)],
        algorithms: vec![Algorithm::RS256],
        leeway_seconds: LEEWAY_SECONDS,
    };
    let find = |kid: Option<&str>, _| kid.and_then(|kid| ring.verification_key(kid));
    Ok(grantor_verify::check(
        token,
        find,
        &policy,
        context.now.seconds(),
    ))
}
