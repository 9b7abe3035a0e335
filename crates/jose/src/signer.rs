//! Compact JWS from one key with one header.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Serialize;

use crate::{Algorithm, Error, SigningKey, digest::base64url};

/// A key, an algorithm and the header they write, encoded once.
#[derive(Clone, Debug)]
pub struct Signer {
    key: SigningKey,
    alg: Algorithm,
    kid: Option<String>,
    /// The encoded header and its dot.
    prefix: String,
}

#[derive(Serialize)]
struct ProtectedHeader<'a> {
    alg: &'a str,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kid: Option<&'a str>,
}

impl Signer {
    /// A signer whose tokens have `alg`, `typ` and, if given, `kid` in their header.
    ///
    /// # Errors
    ///
    /// [`Error::KeyMismatch`] if `alg` does not fit the key.
    pub fn new(
        key: SigningKey,
        alg: Algorithm,
        kid: Option<&str>,
        typ: &str,
    ) -> Result<Self, Error> {
        if !key.fits(alg) {
            return Err(Error::KeyMismatch);
        }
        let header = ProtectedHeader {
            alg: alg.as_str(),
            typ,
            kid,
        };
        let header = serde_json::to_vec(&header).map_err(|_| Error::Malformed("header"))?;
        let prefix = format!("{}.", base64url(&header));
        Ok(Self {
            key,
            alg,
            kid: kid.map(str::to_owned),
            prefix,
        })
    }

    /// The algorithm.
    pub const fn alg(&self) -> Algorithm {
        self.alg
    }

    /// The key's identifier in the header.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// The compact JWS over `claims_json`, whose bytes are signed as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the library fails.
    pub fn sign_json(&self, claims_json: &[u8]) -> Result<String, Error> {
        // An RS256 signature of 2048 bits takes 342 characters; longer ones grow the text once.
        let expected = self.prefix.len() + claims_json.len().div_ceil(3) * 4 + 1 + 344;
        let mut token = String::with_capacity(expected);
        token.push_str(&self.prefix);
        URL_SAFE_NO_PAD.encode_string(claims_json, &mut token);
        let signature = self.key.signature(self.alg, token.as_bytes())?;
        token.push('.');
        URL_SAFE_NO_PAD.encode_string(signature.as_ref(), &mut token);
        Ok(token)
    }
}
