//! Reading compact JWS, RFC 7515 §7.1. Reads no claims.

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny},
};

use crate::{Algorithm, Error, VerificationKey, digest::from_base64url};

/// The protected header, as far as anything here cares. A member that occurs twice is refused.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one member that is there or not"
)]
pub struct Header {
    /// The algorithm's name, whatever it is.
    pub alg: String,
    /// The key's identifier.
    #[serde(default)]
    pub kid: Option<String>,
    /// The kind of token.
    #[serde(default)]
    pub typ: Option<String>,
    /// Whether there is a `crit` member: extensions that must be understood.
    #[serde(default, rename = "crit", deserialize_with = "present")]
    pub has_crit: bool,
    /// Whether the token brings its own key.
    #[serde(default, rename = "jwk", deserialize_with = "present")]
    pub has_jwk: bool,
    /// Whether the token says where to fetch keys.
    #[serde(default, rename = "jku", deserialize_with = "present")]
    pub has_jku: bool,
    /// Whether the token says where to fetch certificates.
    #[serde(default, rename = "x5u", deserialize_with = "present")]
    pub has_x5u: bool,
    /// Whether the token brings its own certificates.
    #[serde(default, rename = "x5c", deserialize_with = "present")]
    pub has_x5c: bool,
}

impl Header {
    /// Whether the token tries to choose the key it is verified with, or needs an extension.
    pub const fn is_unsupported(&self) -> bool {
        self.has_crit || self.has_jwk || self.has_jku || self.has_x5u || self.has_x5c
    }
}

/// A parsed compact JWS. Nothing of it is to be believed before [`Jws::verify`].
#[derive(Clone, Debug)]
pub struct Jws<'a> {
    header: Header,
    payload: Vec<u8>,
    signature: Vec<u8>,
    signing_input: &'a str,
}

impl<'a> Jws<'a> {
    /// Parses `token`, whose size the caller has bounded: three parts of base64url in its only form, and a JSON header.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] otherwise.
    pub fn parse(token: &'a str) -> Result<Self, Error> {
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Error::Malformed("not three parts"));
        };
        let signing_input = token.get(..header.len() + 1 + payload.len());
        let signing_input = signing_input.ok_or(Error::Malformed("parts"))?;
        let header = from_base64url(header).ok_or(Error::Malformed("header is not base64url"))?;
        let payload =
            from_base64url(payload).ok_or(Error::Malformed("payload is not base64url"))?;
        let signature =
            from_base64url(signature).ok_or(Error::Malformed("signature is not base64url"))?;
        // Only an object is a header: the derived reader would also take an array of the members.
        if header.first() != Some(&b'{') {
            return Err(Error::Malformed("header is not a JSON object"));
        }
        let header = serde_json::from_slice(&header)
            .map_err(|_| Error::Malformed("header is not as expected"))?;
        Ok(Self {
            header,
            payload,
            signature,
            signing_input,
        })
    }

    /// The header.
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The payload's bytes.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Checks the signature with `key` under one of the `allowed` algorithms.
    ///
    /// # Errors
    ///
    /// [`Error::AlgorithmNotAllowed`], [`Error::CriticalHeader`], [`Error::KeyMismatch`] or [`Error::BadSignature`], in
    /// this order.
    pub fn verify(&self, key: &VerificationKey, allowed: &[Algorithm]) -> Result<(), Error> {
        let algorithm = Algorithm::parse(&self.header.alg).ok_or(Error::AlgorithmNotAllowed)?;
        if !allowed.contains(&algorithm) {
            return Err(Error::AlgorithmNotAllowed);
        }
        if self.header.has_crit {
            return Err(Error::CriticalHeader);
        }
        key.verify(algorithm, self.signing_input.as_bytes(), &self.signature)
    }
}

/// `true` for any value, `null` included: that the member is there is what matters.
fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer)
        .map(|_| true)
        .map_err(D::Error::custom)
}
