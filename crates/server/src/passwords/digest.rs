//! Plain digests and keyed ones, which only imported hashes use.

use aws_lc_rs::{digest, hmac};
use md4::Md4;
use md5::Md5;
use serde::Deserialize;

/// A digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Digest {
    /// RFC 1320.
    Md4,
    /// RFC 1321.
    Md5,
    /// FIPS 180-4.
    Sha1,
    /// FIPS 180-4.
    Sha224,
    /// FIPS 180-4.
    Sha256,
    /// FIPS 180-4.
    Sha384,
    /// FIPS 180-4.
    Sha512,
}

/// Bytes of a block of MD4 and MD5.
const BLOCK: usize = 64;

impl Digest {
    /// Bytes of the digest.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Md4 | Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        }
    }

    /// The digest of `parts`, one after the other.
    pub(super) fn of(self, parts: &[&[u8]]) -> Vec<u8> {
        let algorithm = match self {
            Self::Md4 => return old::<Md4>(parts),
            Self::Md5 => return old::<Md5>(parts),
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => &digest::SHA224,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha512 => &digest::SHA512,
        };
        let mut context = digest::Context::new(algorithm);
        for part in parts {
            context.update(part);
        }
        context.finish().as_ref().to_vec()
    }

    /// HMAC, RFC 2104.
    pub(super) fn keyed(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let algorithm = match self {
            Self::Md4 | Self::Md5 => return self.keyed_old(key, message),
            Self::Sha1 => hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha224 => hmac::HMAC_SHA224,
            Self::Sha256 => hmac::HMAC_SHA256,
            Self::Sha384 => hmac::HMAC_SHA384,
            Self::Sha512 => hmac::HMAC_SHA512,
        };
        let key = hmac::Key::new(algorithm, key);
        hmac::sign(&key, message).as_ref().to_vec()
    }

    /// RFC 2104 §2, for the two digests that the crypto library does not key.
    fn keyed_old(self, key: &[u8], message: &[u8]) -> Vec<u8> {
        let mut padded = if BLOCK < key.len() {
            self.of(&[key])
        } else {
            key.to_vec()
        };
        padded.resize(BLOCK, 0);
        let pad = |with: u8| padded.iter().map(|byte| byte ^ with).collect::<Vec<_>>();
        let inner = self.of(&[&pad(0x36), message]);
        self.of(&[&pad(0x5c), &inner])
    }
}

fn old<D: md5::Digest>(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = D::new();
    for part in parts {
        digest.update(part);
    }
    digest.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        let mut text = String::new();
        for byte in bytes {
            write!(text, "{byte:02x}").unwrap();
        }
        text
    }

    #[test]
    fn digests_and_their_keyed_forms_are_those_of_other_programs() {
        let all = [
            (Digest::Md4, "b4fe5d2ad49f136f957a7a6b1c029cd2", None),
            (
                Digest::Md5,
                "3cb4e732631f47e6eb961f34554b7cde",
                Some("9bc6103e5cc88c81ea9da4da252d8b3e"),
            ),
            (
                Digest::Sha1,
                "2f9e53523b62abc141a2b4d6019d23cba835dbd0",
                Some("b36b944f5033f0fa9767b6bb20bf9f7b075f4eba"),
            ),
            (
                Digest::Sha256,
                "4104d36f8da2c254349f85836793ebe029e0c957063a34c91c2e9203187b5631",
                Some("955ca3bd5be9681f0de4e366f1d33a17f77dde1ef64f2394b5f939aad39dbe26"),
            ),
        ];
        for (digest, plain, keyed) in all {
            assert_eq!(
                hex(&digest.of(&[b"correct", b" horse"])),
                plain,
                "{digest:?}"
            );
            assert_eq!(digest.of(&[]).len(), digest.length());
            if let Some(keyed) = keyed {
                assert_eq!(
                    hex(&digest.keyed(b"key", b"correct horse")),
                    keyed,
                    "{digest:?}"
                );
            }
        }
        let sha224 = Digest::Sha224.keyed(b"key", b"correct horse");
        assert_eq!(
            hex(&sha224),
            "4f93cb1a5d7042d9def6b1cb6431fb26967db20608c634841a7f2f18"
        );
        for digest in [Digest::Sha224, Digest::Sha384, Digest::Sha512] {
            assert_eq!(digest.of(&[b"x"]).len(), digest.length());
        }
    }

    #[test]
    fn a_key_longer_than_a_block_is_digested_first() {
        // RFC 2202 §2, test case 6.
        let keyed = Digest::Md5.keyed(
            &[0xaa; 80],
            b"Test Using Larger Than Block-Size Key - Hash Key First",
        );
        assert_eq!(hex(&keyed), "6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd");
    }
}
