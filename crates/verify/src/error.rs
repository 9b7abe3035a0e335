//! Why a token is refused, and why a verifier cannot be built.

/// Why a token is refused. The texts say nothing a stranger could use; the facts are in the fields.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It is not a signed JWT whose claims have the types that they must have.
    #[error("The access token is malformed")]
    Malformed,
    /// Its algorithm is not one of the policy's; `none` never is.
    #[error("The access token is signed with an algorithm that is not accepted")]
    AlgorithmNotAllowed,
    /// Its header brings or names a key of its own (`jwk`, `jku`, `x5u`, `x5c`), or needs an extension (`crit`).
    #[error("The access token has an unsupported header")]
    UnsupportedHeader,
    /// It is an ID token or another kind of JWT.
    #[error("The token is not an access token")]
    WrongType,
    /// No key has its `kid` and fits its algorithm.
    #[error("The access token is signed with an unknown key")]
    UnknownKey,
    /// The key does not verify its signature.
    #[error("The signature of the access token is invalid")]
    BadSignature,
    /// Another server issued it.
    #[error("The access token has the wrong issuer")]
    WrongIssuer {
        /// The policy's issuer.
        expected: String,
        /// The token's.
        received: String,
    },
    /// It is for another API.
    #[error("The access token has the wrong audience")]
    WrongAudience {
        /// The policy's audiences.
        expected: Vec<String>,
        /// The token's.
        received: Vec<String>,
    },
    /// `exp` has passed.
    #[error("The access token expired")]
    Expired,
    /// `nbf` or `iat` lies in the future.
    #[error("The access token is not valid yet")]
    NotYetValid,
    /// It was revoked by its `jti`.
    #[error("The access token was revoked")]
    Blacklisted,
    /// The issuer's keys could not be fetched, so nothing can be said about the token.
    #[error("The keys of the issuer are unavailable")]
    KeysUnavailable,
}

/// Why a [`crate::Verifier`] cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// There is no issuer.
    #[error("an issuer is needed")]
    MissingIssuer,
    /// The issuer is not an `https` URL; `http` is for `localhost` and its subdomains, `127.0.0.1` and `[::1]` alone.
    #[error("the issuer must be an https URL")]
    InvalidIssuer,
    /// There is no audience.
    #[error("at least one audience is needed")]
    MissingAudience,
    /// There is no algorithm.
    #[error("at least one algorithm is needed")]
    MissingAlgorithm,
    /// Symmetric and asymmetric algorithms are mixed, so that a public key could pass for a secret.
    #[error("symmetric and asymmetric algorithms cannot be mixed")]
    MixedAlgorithms,
    /// The leeway is longer than 300 seconds.
    #[error("the leeway is at most 300 seconds")]
    LeewayTooLong,
    /// There is not exactly one source of keys: a secret, a set or a fetcher.
    #[error("exactly one source of keys is needed: a secret, a set of keys or a fetcher")]
    KeySource,
    /// A secret without a symmetric algorithm, or a symmetric algorithm without a secret.
    #[error("a secret goes with symmetric algorithms, keys with asymmetric ones")]
    KeysDoNotFit,
    /// The secret has fewer than 16 bytes.
    #[error("a secret needs at least 16 bytes")]
    SecretTooShort,
}
