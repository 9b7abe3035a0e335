//! Digests, keyed digests and base64url.

use aws_lc_rs::{digest, hmac};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// The SHA-256 digest of `data`.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    array(digest::digest(&digest::SHA256, data).as_ref())
}

/// The SHA-1 digest of `data`: for `x5t` and certificate fingerprints, which are defined by it. Not for security.
pub fn sha1(data: &[u8]) -> [u8; 20] {
    array(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, data).as_ref())
}

/// The HMAC-SHA-256 of `data` under `key`.
pub fn hmac_sha256(key: &[u8], data: &[u8]) -> [u8; 32] {
    array(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), data).as_ref())
}

/// `at_hash` or `c_hash` of a token under an algorithm with SHA-256 (OIDC Core §3.1.3.6, §3.3.2.11): its left half.
pub fn at_hash(token: &str) -> String {
    let digest = sha256(token.as_bytes());
    let (left, _) = digest.split_at(16);
    base64url(left)
}

/// `data` in base64url without padding (RFC 7515 §2).
pub fn base64url(data: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(data)
}

/// The bytes of `text`, which must be base64url as its only possible form: no padding, no blanks, no stray bits at the end.
///
/// `None` for anything else, so that two different texts never mean the same bytes.
pub fn from_base64url(text: impl AsRef<[u8]>) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// The digest's bytes, whose count its algorithm fixes.
fn array<const N: usize>(digest: &[u8]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(digest);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        crate::certificate::hex(bytes)
    }

    /// FIPS 180-4's "abc", RFC 4231 test case 2.
    #[test]
    fn digests_are_those_of_their_standards() {
        assert_eq!(
            hex(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(
            hex(&sha1(b"abc")),
            "a9993e364706816aba3e25717850c26c9cd0d89d"
        );
        assert_eq!(
            hex(&hmac_sha256(b"Jefe", b"what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
    }

    /// OIDC Core, example of appendix A.3.
    #[test]
    fn the_hash_of_a_token_is_the_left_half_of_its_digest() {
        assert_eq!(
            at_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"),
            "77QmUPtjPfzWtF2AnpK9RQ"
        );
    }

    #[test]
    fn base64url_has_one_form() {
        assert_eq!(from_base64url("AQ"), Some(vec![1]));
        for other in ["AR", "AQ==", "AQ=", " AQ", "AQ\n", "A", "+/8", "ä"] {
            assert_eq!(from_base64url(other), None, "{other}");
        }
    }
}
