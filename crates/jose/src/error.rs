//! What can go wrong with bytes that claim to be keys, tokens or certificates.

/// Why a key, a token or a certificate was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The token is not a compact JWS; the text says which part is not.
    #[error("malformed token: {0}")]
    Malformed(&'static str),
    /// The token's `alg` is unknown, `none`, or not among those the caller allows.
    #[error("the algorithm is not allowed")]
    AlgorithmNotAllowed,
    /// The token has a `crit` header, whose extensions must be understood (RFC 7515 §4.1.11); none is.
    #[error("the token requires an extension that is not understood")]
    CriticalHeader,
    /// The key cannot be used with that algorithm.
    #[error("the algorithm does not fit the key")]
    KeyMismatch,
    /// The signature is not that of the key over these bytes.
    #[error("the signature does not verify")]
    BadSignature,
    /// The bytes are not a key of an expected kind; the text says why.
    #[error("unusable key: {0}")]
    InvalidKey(&'static str),
    /// An RSA key of less than 2048 bits (RFC 7518 §3.3).
    #[error("RSA keys need at least 2048 bits")]
    WeakKey,
    /// A certificate could not be made or read.
    #[error("unusable certificate")]
    InvalidCertificate,
    /// The cryptographic library refused an operation that should have succeeded.
    #[error("the cryptographic operation failed")]
    Crypto,
}
