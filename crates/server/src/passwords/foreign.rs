//! Hashes of other systems: bcrypt, PBKDF2, scrypt, digests with and without salt or key, LDAP's notation.

use std::num::NonZeroU32;

use aws_lc_rs::{constant_time::verify_slices_are_equal, pbkdf2};
use serde::Deserialize;
use serde_json::Value;

use super::{
    digest::Digest,
    encoding::{BytesEncoding, PasswordEncoding},
    stored::{HashProblem, Kind},
};

/// Dearest bcrypt that is checked: about a second.
const MAX_BCRYPT_COST: u32 = 14;

/// Most iterations of PBKDF2.
const MAX_ITERATIONS: u32 = 2_000_000;

/// Most memory of scrypt, in bytes.
const MAX_SCRYPT_BYTES: u64 = 64 * 1024 * 1024;

/// Most work of scrypt: cost times block size times lanes.
const MAX_SCRYPT_WORK: u64 = 8 * 1024 * 1024;

/// Longest hash, salt or key, in bytes.
const LONGEST: usize = 1024;

/// A hash of another system.
#[derive(Clone, Debug)]
pub(super) struct ForeignHash {
    pub(super) scheme: Scheme,
    pub(super) password: PasswordEncoding,
}

/// How it was made.
#[derive(Clone, Debug)]
pub(super) enum Scheme {
    /// The whole text, `$2b$…`.
    Bcrypt(String),
    Pbkdf2 {
        digest: Digest,
        iterations: NonZeroU32,
        salt: Vec<u8>,
        expected: Vec<u8>,
    },
    Scrypt {
        params: scrypt::Params,
        salt: Vec<u8>,
        expected: Vec<u8>,
    },
    Digest {
        digest: Digest,
        before: Vec<u8>,
        after: Vec<u8>,
        expected: Vec<u8>,
    },
    Keyed {
        digest: Digest,
        key: Vec<u8>,
        before: Vec<u8>,
        after: Vec<u8>,
        expected: Vec<u8>,
    },
}

impl ForeignHash {
    /// Whether it is the password's.
    pub(super) fn matches(&self, password: &str) -> bool {
        let password = self.password.encode(password);
        let equal =
            |computed: &[u8], expected: &[u8]| verify_slices_are_equal(computed, expected).is_ok();
        match &self.scheme {
            Scheme::Bcrypt(text) => bcrypt::verify(&password, text).unwrap_or(false),
            Scheme::Pbkdf2 {
                digest,
                iterations,
                salt,
                expected,
            } => {
                let Some(algorithm) = pbkdf2_algorithm(*digest) else {
                    return false;
                };
                pbkdf2::verify(algorithm, *iterations, salt, &password, expected).is_ok()
            }
            Scheme::Scrypt {
                params,
                salt,
                expected,
            } => {
                let mut computed = vec![0; expected.len()];
                scrypt::scrypt(&password, salt, params, &mut computed).is_ok()
                    && equal(&computed, expected)
            }
            Scheme::Digest {
                digest,
                before,
                after,
                expected,
            } => equal(&digest.of(&[before, &password, after]), expected),
            Scheme::Keyed {
                digest,
                key,
                before,
                after,
                expected,
            } => {
                let message = [before.as_slice(), &password, after].concat();
                equal(&digest.keyed(key, &message), expected)
            }
        }
    }

    /// Whether checking takes next to no time, so that its duration would tell that it was this hash.
    pub(super) fn is_fast(&self) -> bool {
        matches!(self.scheme, Scheme::Digest { .. } | Scheme::Keyed { .. })
    }

    /// Reads `$2a$…`, `$2b$…`, `$2y$…`.
    pub(super) fn bcrypt(text: &str) -> Result<Self, HashProblem> {
        let parts: bcrypt::HashParts = text.parse().map_err(|_| HashProblem::Malformed)?;
        match parts.get_cost() {
            0..4 => Err(HashProblem::Malformed),
            4..=MAX_BCRYPT_COST => Ok(Scheme::Bcrypt(text.to_owned()).into()),
            _ => Err(HashProblem::TooCostly),
        }
    }

    /// Reads `$pbkdf2-sha256$i=…,l=…$salt$hash`.
    pub(super) fn pbkdf2(text: &str) -> Result<Self, HashProblem> {
        let fields: Vec<_> = text.split('$').collect();
        let ["", algorithm, parameters, salt, hash] = fields.as_slice() else {
            return Err(HashProblem::Malformed);
        };
        let name = algorithm.strip_prefix("pbkdf2-").unwrap_or("sha1");
        let digest = serde_json::from_value(Value::from(name)).ok();
        let digest = digest.filter(|digest| pbkdf2_algorithm(*digest).is_some());
        let digest = digest.ok_or(HashProblem::Unsupported)?;
        let number = |name: &str| -> Option<u32> {
            let mut parameters = parameters.split(',');
            parameters
                .find_map(|one| one.strip_prefix(name)?.strip_prefix('='))?
                .parse()
                .ok()
        };
        let iterations = number("i")
            .and_then(NonZeroU32::new)
            .ok_or(HashProblem::Malformed)?;
        if MAX_ITERATIONS < iterations.get() {
            return Err(HashProblem::TooCostly);
        }
        let salt = bytes(BytesEncoding::Base64, salt)?;
        let expected = bytes(BytesEncoding::Base64, hash)?;
        let length = number("l").is_none_or(|length| length as usize == expected.len());
        if !length || !(8..=128).contains(&expected.len()) {
            return Err(HashProblem::Malformed);
        }
        Ok(Scheme::Pbkdf2 {
            digest,
            iterations,
            salt,
            expected,
        }
        .into())
    }

    /// Reads `{SSHA}…` and its relatives, RFC 2307 §5.3.
    fn ldap(text: &str) -> Result<Kind, HashProblem> {
        let (scheme, value) = text
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .ok_or(HashProblem::Malformed)?;
        let digest = match scheme.to_ascii_uppercase().as_str() {
            "MD5" | "SMD5" => Digest::Md5,
            "SHA" | "SSHA" => Digest::Sha1,
            "SHA256" | "SSHA256" => Digest::Sha256,
            "SHA384" | "SSHA384" => Digest::Sha384,
            "SHA512" | "SSHA512" => Digest::Sha512,
            "CRYPT" => return Kind::parse(value),
            _ => return Err(HashProblem::Unsupported),
        };
        let mut expected = bytes(BytesEncoding::Base64, value)?;
        if expected.len() < digest.length() {
            return Err(HashProblem::Malformed);
        }
        let after = expected.split_off(digest.length());
        let before = Vec::new();
        Ok(Kind::Foreign(
            Scheme::Digest {
                digest,
                before,
                after,
                expected,
            }
            .into(),
        ))
    }

    /// Reads a `custom_password_hash`.
    pub(super) fn custom(value: &Value) -> Result<Kind, HashProblem> {
        let custom = Custom::deserialize(value).map_err(|_| HashProblem::Malformed)?;
        let text = custom.hash.value.as_str();
        let mut stored = match custom.algorithm {
            Algorithm::Argon2 | Algorithm::Bcrypt | Algorithm::Pbkdf2 => {
                let begins = match custom.algorithm {
                    Algorithm::Argon2 => "$argon2",
                    Algorithm::Bcrypt => "$2",
                    _ => "$pbkdf2",
                };
                if !text.starts_with(begins) {
                    return Err(HashProblem::Malformed);
                }
                Kind::parse(text)?
            }
            Algorithm::Ldap => Self::ldap(text)?,
            Algorithm::Scrypt => Kind::Foreign(custom.scrypt()?.into()),
            Algorithm::Hmac => Kind::Foreign(custom.keyed()?.into()),
            Algorithm::Md4 => custom.digest(Digest::Md4)?,
            Algorithm::Md5 => custom.digest(Digest::Md5)?,
            Algorithm::Sha1 => custom.digest(Digest::Sha1)?,
            Algorithm::Sha256 => custom.digest(Digest::Sha256)?,
            Algorithm::Sha512 => custom.digest(Digest::Sha512)?,
        };
        let encoding = custom.password.unwrap_or_default().encoding;
        match &mut stored {
            Kind::Foreign(foreign) => foreign.password = encoding,
            Kind::Argon2(_) if encoding == PasswordEncoding::Utf8 => {}
            Kind::Argon2(_) => return Err(HashProblem::Unsupported),
        }
        Ok(stored)
    }
}

impl From<Scheme> for ForeignHash {
    fn from(scheme: Scheme) -> Self {
        Self {
            scheme,
            password: PasswordEncoding::default(),
        }
    }
}

fn pbkdf2_algorithm(digest: Digest) -> Option<pbkdf2::Algorithm> {
    match digest {
        Digest::Sha1 => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        Digest::Sha256 => Some(pbkdf2::PBKDF2_HMAC_SHA256),
        Digest::Sha384 => Some(pbkdf2::PBKDF2_HMAC_SHA384),
        Digest::Sha512 => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        Digest::Md4 | Digest::Md5 | Digest::Sha224 => None,
    }
}

fn bytes(encoding: BytesEncoding, text: &str) -> Result<Vec<u8>, HashProblem> {
    let bytes = encoding.decode(text);
    bytes
        .filter(|bytes| bytes.len() <= LONGEST)
        .ok_or(HashProblem::Malformed)
}

/// `custom_password_hash`, as the compatible API's imports have it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Custom {
    algorithm: Algorithm,
    hash: HashPart,
    salt: Option<SaltPart>,
    password: Option<PasswordPart>,
    keylen: Option<usize>,
    cost: Option<u64>,
    #[serde(rename = "blockSize")]
    block_size: Option<u32>,
    parallelization: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Algorithm {
    Argon2,
    Bcrypt,
    Hmac,
    Ldap,
    Md4,
    Md5,
    Sha1,
    Sha256,
    Sha512,
    Pbkdf2,
    Scrypt,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HashPart {
    value: String,
    encoding: Option<BytesEncoding>,
    digest: Option<Digest>,
    key: Option<KeyPart>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyPart {
    value: String,
    #[serde(default)]
    encoding: BytesEncoding,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SaltPart {
    value: String,
    #[serde(default)]
    encoding: BytesEncoding,
    #[serde(default)]
    position: Position,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Position {
    #[default]
    Prefix,
    Suffix,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct PasswordPart {
    #[serde(default)]
    encoding: PasswordEncoding,
}

impl Custom {
    fn expected(&self) -> Result<Vec<u8>, HashProblem> {
        bytes(
            self.hash.encoding.unwrap_or(BytesEncoding::Hex),
            &self.hash.value,
        )
    }

    /// What stands before and after the password.
    fn around(&self) -> Result<(Vec<u8>, Vec<u8>), HashProblem> {
        let Some(salt) = &self.salt else {
            return Ok((Vec::new(), Vec::new()));
        };
        let value = bytes(salt.encoding, &salt.value)?;
        Ok(match salt.position {
            Position::Prefix => (value, Vec::new()),
            Position::Suffix => (Vec::new(), value),
        })
    }

    fn digest(&self, digest: Digest) -> Result<Kind, HashProblem> {
        let (before, after) = self.around()?;
        let expected = self.expected()?;
        if expected.len() != digest.length() {
            return Err(HashProblem::Malformed);
        }
        Ok(Kind::Foreign(
            Scheme::Digest {
                digest,
                before,
                after,
                expected,
            }
            .into(),
        ))
    }

    fn keyed(&self) -> Result<Scheme, HashProblem> {
        let (Some(digest), Some(key)) = (self.hash.digest, &self.hash.key) else {
            return Err(HashProblem::Malformed);
        };
        let (before, after) = self.around()?;
        let (key, expected) = (bytes(key.encoding, &key.value)?, self.expected()?);
        if expected.len() != digest.length() {
            return Err(HashProblem::Malformed);
        }
        Ok(Scheme::Keyed {
            digest,
            key,
            before,
            after,
            expected,
        })
    }

    fn scrypt(&self) -> Result<Scheme, HashProblem> {
        let expected = self.expected()?;
        let length = self.keylen.is_none_or(|length| length == expected.len());
        let cost = self.cost.unwrap_or(16_384);
        let (block, lanes) = (
            self.block_size.unwrap_or(8),
            self.parallelization.unwrap_or(1),
        );
        if !length || !(8..=128).contains(&expected.len()) || !cost.is_power_of_two() || cost < 2 {
            return Err(HashProblem::Malformed);
        }
        let (size, count) = (u64::from(block), u64::from(lanes));
        let memory = cost.saturating_mul(size).saturating_mul(128);
        let work = cost.saturating_mul(size).saturating_mul(count);
        if MAX_SCRYPT_BYTES < memory || MAX_SCRYPT_WORK < work {
            return Err(HashProblem::TooCostly);
        }
        let exponent = u8::try_from(cost.trailing_zeros()).map_err(|_| HashProblem::Malformed)?;
        let params = scrypt::Params::new(exponent, block, lanes);
        let salt = match &self.salt {
            Some(salt) => bytes(salt.encoding, &salt.value)?,
            None => Vec::new(),
        };
        Ok(Scheme::Scrypt {
            params: params.map_err(|_| HashProblem::Malformed)?,
            salt,
            expected,
        })
    }
}
