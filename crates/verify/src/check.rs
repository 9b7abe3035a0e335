//! The decision about one token, as a pure function: RFC 7519 §7.2, RFC 9068 §4, RFC 8725.

use grantor_jose::{Algorithm, Error, Jws, VerificationKey};
use serde_json::{Map, Value};

use crate::{AccessToken, VerifyError, access_token::texts};

/// The longest token that is looked at, in bytes. Servers in front of an API seldom let more through.
pub const MAX_TOKEN_LENGTH: usize = 16 * 1024;

/// Claims that are in ID tokens alone (OIDC Core §2, §3.1.3.6, §3.3.2.11).
const CLAIMS_OF_ID_TOKENS: [&str; 3] = ["nonce", "at_hash", "c_hash"];

/// What a token is measured against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The issuer, with its final slash if it has one.
    pub issuer: String,
    /// The API's identifiers, of which the token must name one.
    pub audiences: Vec<String>,
    /// The accepted algorithms.
    pub algorithms: Vec<Algorithm>,
    /// How many seconds the clocks may differ.
    pub leeway_seconds: i64,
}

/// Checks `token` at the instant `now_seconds`, with the key that `find` gives for the `kid` and the algorithm of its header.
///
/// # Errors
///
/// The first rule that is broken: form and header, then signature, then issuer, kind of token, audience and times. Facts
/// about a claim are thus only said of tokens that carry a good signature.
pub fn check(
    token: &str,
    find: impl FnOnce(Option<&str>, Algorithm) -> Option<VerificationKey>,
    policy: &Policy,
    now_seconds: i64,
) -> Result<AccessToken, VerifyError> {
    let unverified = Unverified::parse(token, policy)?;
    let key = find(unverified.kid(), unverified.algorithm).ok_or(VerifyError::UnknownKey)?;
    unverified.verify(&key, policy, now_seconds)
}

/// A token whose header is acceptable.
pub(crate) struct Unverified<'a> {
    jws: Jws<'a>,
    pub(crate) algorithm: Algorithm,
}

impl<'a> Unverified<'a> {
    pub(crate) fn parse(token: &'a str, policy: &Policy) -> Result<Self, VerifyError> {
        if MAX_TOKEN_LENGTH < token.len() {
            return Err(VerifyError::Malformed);
        }
        let jws = Jws::parse(token).map_err(|_| VerifyError::Malformed)?;
        if jws.header().is_unsupported() {
            return Err(VerifyError::UnsupportedHeader);
        }
        let algorithm = Algorithm::parse(&jws.header().alg)
            .filter(|algorithm| policy.algorithms.contains(algorithm))
            .ok_or(VerifyError::AlgorithmNotAllowed)?;
        if !jws
            .header()
            .typ
            .as_deref()
            .is_some_and(is_access_token_type)
        {
            return Err(VerifyError::WrongType);
        }
        Ok(Self { jws, algorithm })
    }

    pub(crate) fn kid(&self) -> Option<&str> {
        self.jws.header().kid.as_deref()
    }

    pub(crate) fn verify(
        &self,
        key: &VerificationKey,
        policy: &Policy,
        now_seconds: i64,
    ) -> Result<AccessToken, VerifyError> {
        self.jws
            .verify(key, &policy.algorithms)
            .map_err(|error| match error {
                Error::AlgorithmNotAllowed => VerifyError::AlgorithmNotAllowed,
                Error::KeyMismatch => VerifyError::UnknownKey,
                _ => VerifyError::BadSignature,
            })?;
        let claims: Map<String, Value> =
            serde_json::from_slice(self.jws.payload()).map_err(|_| VerifyError::Malformed)?;
        check_claims(claims, policy, now_seconds)
    }
}

fn check_claims(
    claims: Map<String, Value>,
    policy: &Policy,
    now: i64,
) -> Result<AccessToken, VerifyError> {
    let issuer = claims
        .get("iss")
        .and_then(Value::as_str)
        .ok_or(VerifyError::Malformed)?;
    if issuer != policy.issuer {
        let (expected, received) = (policy.issuer.clone(), issuer.to_owned());
        return Err(VerifyError::WrongIssuer { expected, received });
    }
    check_kind(&claims)?;
    let audiences = match claims.get("aud") {
        Some(Value::String(one)) => vec![one.clone()],
        Some(many) => texts(many)?,
        None => return Err(VerifyError::Malformed),
    };
    if !audiences
        .iter()
        .any(|audience| policy.audiences.contains(audience))
    {
        let expected = policy.audiences.clone();
        return Err(VerifyError::WrongAudience {
            expected,
            received: audiences,
        });
    }
    let expires_at = instant(&claims, "exp")?.ok_or(VerifyError::Malformed)?;
    if expires_at.saturating_add(policy.leeway_seconds) <= now {
        return Err(VerifyError::Expired);
    }
    for name in ["nbf", "iat"] {
        let latest = now.saturating_add(policy.leeway_seconds);
        if instant(&claims, name)?.is_some_and(|from| latest < from) {
            return Err(VerifyError::NotYetValid);
        }
    }
    AccessToken::new(claims, audiences, expires_at)
}

/// Tells access tokens from ID tokens, whose signature, issuer and times are just as good.
///
/// An access token names its client, as `azp` or as `client_id` (RFC 9068 §2.2); an ID token of the server names it in
/// `aud`. Before the audience is compared, because an API's identifier might one day equal a client's.
fn check_kind(claims: &Map<String, Value>) -> Result<(), VerifyError> {
    let names_its_client = claims.contains_key("azp") || claims.contains_key("client_id");
    if !names_its_client
        || CLAIMS_OF_ID_TOKENS
            .iter()
            .any(|name| claims.contains_key(*name))
    {
        return Err(VerifyError::WrongType);
    }
    Ok(())
}

/// `JWT`, or RFC 9068's `at+jwt`, with or without the prefix that RFC 7515 §4.1.9 lets one leave out.
fn is_access_token_type(typ: &str) -> bool {
    let typ = typ.to_ascii_lowercase();
    matches!(
        typ.strip_prefix("application/").unwrap_or(&typ),
        "jwt" | "at+jwt"
    )
}

/// An instant in whole Unix seconds, as the server writes them.
fn instant(claims: &Map<String, Value>, name: &str) -> Result<Option<i64>, VerifyError> {
    match claims.get(name) {
        None => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(VerifyError::Malformed),
    }
}
