//! Client assertions, RFC 7523 §3 and OIDC Core §9: the rules that need no state.
//!
//! Does not know the clients' keys, and does not remember which `jti` was used: the caller consumes it after
//! [`Assertion::verify`] succeeded, and remembers it until [`Claims::replayable_until`].

use serde::Deserialize;
use serde_json::Number;

use crate::{Algorithm, Error, Jws, VerificationKey};

/// The longest assertion, in bytes.
pub const MAX_LENGTH: usize = 2048;
/// How far ahead `exp` may lie, in seconds.
pub const MAX_LIFETIME_SECONDS: i64 = 300;
/// How much the client's clock may differ, in seconds.
pub const SKEW_SECONDS: i64 = 10;
/// The algorithms a client may sign with.
pub const ALGORITHMS: [Algorithm; 4] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::PS256,
    Algorithm::ES256,
];

const MAX_TEXT: usize = 64;
const MAX_ALG: usize = 16;

/// What the assertion is measured against.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// The client the assertion must speak for.
    pub client_id: &'a str,
    /// The names of this server; the assertion must be addressed to one of them.
    pub audiences: &'a [&'a str],
    /// The present instant in Unix seconds.
    pub now_seconds: i64,
}

/// A parsed assertion, not to be believed before [`Assertion::verify`].
#[derive(Debug)]
pub struct Assertion<'a> {
    jws: Jws<'a>,
    alg: Algorithm,
    sub: String,
    iss: String,
    aud: Audience,
    jti: String,
    exp: i64,
    iat: Option<i64>,
    nbf: Option<i64>,
}

/// What a verified assertion leaves to be done: its `jti` may be used once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The assertion's identifier.
    pub jti: String,
    /// When it expires, in Unix seconds.
    pub exp: i64,
}

impl Claims {
    /// The second from which on the assertion is refused as expired, so that its `jti` may be forgotten.
    pub const fn replayable_until(&self) -> i64 {
        self.exp.saturating_add(SKEW_SECONDS)
    }
}

/// Which rule an assertion breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AssertionError {
    /// It is longer than [`MAX_LENGTH`].
    #[error("the assertion is too long")]
    TooLong,
    /// It is not a JWS with a JSON claim set.
    #[error("the assertion is not a signed JWT")]
    Malformed,
    /// Its algorithm is not one of [`ALGORITHMS`].
    #[error("the assertion's algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// Its header brings or names a key, or needs an extension.
    #[error("the assertion's header has a member that is not supported")]
    UnsupportedHeader,
    /// There is no `iss`.
    #[error("iss is missing")]
    MissingIssuer,
    /// There is no `sub`.
    #[error("sub is missing")]
    MissingSubject,
    /// There is no `aud`.
    #[error("aud is missing")]
    MissingAudience,
    /// There is no `exp`.
    #[error("exp is missing")]
    MissingExpiry,
    /// There is no `jti`.
    #[error("jti is missing")]
    MissingJti,
    /// `iss`, `sub` or `jti` has more than 64 characters.
    #[error("a claim is too long")]
    ClaimTooLong,
    /// `iss` is not the client.
    #[error("iss is not the client")]
    WrongIssuer,
    /// `sub` is not the client.
    #[error("sub is not the client")]
    WrongSubject,
    /// `aud` does not name this server.
    #[error("aud does not name this server")]
    WrongAudience,
    /// `exp` has passed.
    #[error("the assertion has expired")]
    Expired,
    /// `exp` lies more than [`MAX_LIFETIME_SECONDS`] ahead.
    #[error("the assertion lives too long")]
    LivesTooLong,
    /// `iat` lies in the future.
    #[error("iat lies in the future")]
    IssuedInFuture,
    /// `nbf` lies in the future.
    #[error("the assertion is not valid yet")]
    NotYetValid,
    /// The client has no key for the assertion's algorithm.
    #[error("the client has no key for the algorithm")]
    NoKey,
    /// No key of the client verifies the signature.
    #[error("the signature does not verify")]
    BadSignature,
}

#[derive(Deserialize)]
struct RawClaims {
    iss: Option<String>,
    sub: Option<String>,
    aud: Option<Audience>,
    jti: Option<String>,
    exp: Option<Number>,
    iat: Option<Number>,
    nbf: Option<Number>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

/// Parses an assertion and applies the rules that need neither key nor clock.
///
/// # Errors
///
/// The first rule that is broken.
pub fn parse(assertion: &str) -> Result<Assertion<'_>, AssertionError> {
    if MAX_LENGTH < assertion.len() {
        return Err(AssertionError::TooLong);
    }
    let jws = Jws::parse(assertion).map_err(|_| AssertionError::Malformed)?;
    let alg = algorithm(&jws.header().alg)?;
    if jws.header().is_unsupported() {
        return Err(AssertionError::UnsupportedHeader);
    }
    if jws.payload().first() != Some(&b'{') {
        return Err(AssertionError::Malformed);
    }
    let claims: RawClaims =
        serde_json::from_slice(jws.payload()).map_err(|_| AssertionError::Malformed)?;
    Ok(Assertion {
        jws,
        alg,
        iss: text(claims.iss, AssertionError::MissingIssuer)?,
        sub: text(claims.sub, AssertionError::MissingSubject)?,
        aud: claims.aud.ok_or(AssertionError::MissingAudience)?,
        jti: text(claims.jti, AssertionError::MissingJti)?,
        exp: seconds(&claims.exp.ok_or(AssertionError::MissingExpiry)?)?,
        iat: claims.iat.as_ref().map(seconds).transpose()?,
        nbf: claims.nbf.as_ref().map(seconds).transpose()?,
    })
}

impl Assertion<'_> {
    /// Whom it says it speaks for: to find the client whose keys decide.
    pub fn client_id(&self) -> &str {
        &self.sub
    }

    /// The algorithm it is signed with.
    pub const fn alg(&self) -> Algorithm {
        self.alg
    }

    /// Applies the rules that need a key and a clock. Every key is tried, because a client that rotates has two; a key
    /// that is bound to an algorithm takes part in that one alone.
    ///
    /// # Errors
    ///
    /// The first rule that is broken; the signature is checked first, so the others cannot be probed without a key.
    pub fn verify<'k>(
        &self,
        keys: impl Iterator<Item = (&'k VerificationKey, Option<Algorithm>)>,
        expected: &Expected<'_>,
    ) -> Result<Claims, AssertionError> {
        self.verify_signature(keys)?;
        if self.iss != expected.client_id {
            return Err(AssertionError::WrongIssuer);
        }
        if self.sub != expected.client_id {
            return Err(AssertionError::WrongSubject);
        }
        if !self.aud.names_one_of(expected.audiences) {
            return Err(AssertionError::WrongAudience);
        }
        self.verify_times(expected.now_seconds)?;
        Ok(Claims {
            jti: self.jti.clone(),
            exp: self.exp,
        })
    }

    fn verify_signature<'k>(
        &self,
        keys: impl Iterator<Item = (&'k VerificationKey, Option<Algorithm>)>,
    ) -> Result<(), AssertionError> {
        let mut refusal = AssertionError::NoKey;
        for (key, bound) in keys {
            if bound.is_some_and(|bound| bound != self.alg) {
                continue;
            }
            match self.jws.verify(key, &ALGORITHMS) {
                Ok(()) => return Ok(()),
                Err(Error::KeyMismatch) => {}
                Err(_) => refusal = AssertionError::BadSignature,
            }
        }
        Err(refusal)
    }

    fn verify_times(&self, now: i64) -> Result<(), AssertionError> {
        let latest = now.saturating_add(SKEW_SECONDS);
        if self.exp <= now.saturating_sub(SKEW_SECONDS) {
            return Err(AssertionError::Expired);
        }
        if latest.saturating_add(MAX_LIFETIME_SECONDS) < self.exp {
            return Err(AssertionError::LivesTooLong);
        }
        if self.iat.is_some_and(|iat| latest < iat) {
            return Err(AssertionError::IssuedInFuture);
        }
        if self.nbf.is_some_and(|nbf| latest < nbf) {
            return Err(AssertionError::NotYetValid);
        }
        Ok(())
    }
}

impl Audience {
    fn names_one_of(&self, audiences: &[&str]) -> bool {
        match self {
            Self::One(one) => audiences.contains(&one.as_str()),
            Self::Many(many) => many.iter().any(|one| audiences.contains(&one.as_str())),
        }
    }
}

fn algorithm(name: &str) -> Result<Algorithm, AssertionError> {
    if MAX_ALG < name.len() {
        return Err(AssertionError::AlgorithmNotAllowed);
    }
    Algorithm::parse(name)
        .filter(|algorithm| ALGORITHMS.contains(algorithm))
        .ok_or(AssertionError::AlgorithmNotAllowed)
}

/// A claim that must be there, not empty and not long.
fn text(claim: Option<String>, missing: AssertionError) -> Result<String, AssertionError> {
    let claim = claim.filter(|claim| !claim.is_empty()).ok_or(missing)?;
    if MAX_TEXT < claim.chars().count() {
        return Err(AssertionError::ClaimTooLong);
    }
    Ok(claim)
}

/// A `NumericDate` (RFC 7519 §2) in whole seconds; some clients write fractions.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a cast to an integer saturates"
)]
fn seconds(number: &Number) -> Result<i64, AssertionError> {
    let fraction = || number.as_f64().map(|seconds| seconds.floor() as i64);
    number
        .as_i64()
        .or_else(fraction)
        .ok_or(AssertionError::Malformed)
}
