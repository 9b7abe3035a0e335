//! A secret prepared for the three HMAC algorithms.

use aws_lc_rs::hmac;

use crate::Algorithm;

/// One secret under each hash; preparing it once saves two compressions for each token.
pub(crate) struct MacKey {
    sha256: hmac::Key,
    sha384: hmac::Key,
    sha512: hmac::Key,
}

impl MacKey {
    pub(crate) fn new(secret: &[u8]) -> Self {
        Self {
            sha256: hmac::Key::new(hmac::HMAC_SHA256, secret),
            sha384: hmac::Key::new(hmac::HMAC_SHA384, secret),
            sha512: hmac::Key::new(hmac::HMAC_SHA512, secret),
        }
    }

    /// The key for `algorithm`, if that is an HMAC.
    pub(crate) const fn get(&self, algorithm: Algorithm) -> Option<&hmac::Key> {
        match algorithm {
            Algorithm::HS256 => Some(&self.sha256),
            Algorithm::HS384 => Some(&self.sha384),
            Algorithm::HS512 => Some(&self.sha512),
            _ => None,
        }
    }
}
