//! Where time and randomness come from, and nothing else.
//!
//! The rules never read a clock or draw a random value: both arrive through [`Env`], so a test can turn the clock and a
//! seed gives the same transcript twice.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// An instant, in whole milliseconds since the Unix epoch.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize, Serialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The instant `milliseconds` after the Unix epoch.
    pub const fn from_millis(milliseconds: i64) -> Self {
        Self(milliseconds)
    }

    /// The instant `seconds` after the Unix epoch (a JWT `NumericDate`, RFC 7519 §2).
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// This instant moved by `seconds`, which may be negative.
    #[must_use]
    pub const fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// RFC 3339 in UTC with milliseconds and `Z`, as the Management API writes instants.
    pub fn rfc3339(self) -> String {
        let instant =
            jiff::Timestamp::from_millisecond(self.0).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        format!("{instant:.3}")
    }
}

/// The clock.
pub trait Clock: Send + Sync {
    /// The present instant.
    fn now(&self) -> Timestamp;
}

/// The source of randomness.
pub trait Random: Send + Sync {
    /// Fills `buffer` with uniformly distributed bytes.
    fn fill(&self, buffer: &mut [u8]);
}

/// What a rule may know of the world outside its arguments.
#[derive(Clone)]
pub struct Env {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The source of randomness.
    pub random: Arc<dyn Random>,
}

impl Env {
    /// The present instant.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// `length` characters drawn uniformly from `alphabet`, which holds 2 to 256 ASCII characters.
    pub fn token(&self, alphabet: &[u8], length: usize) -> String {
        let fair = 256 - 256 % alphabet.len();
        let mut text = String::with_capacity(length);
        let mut buffer = [0_u8; 64];
        while text.len() < length {
            self.random.fill(&mut buffer);
            // Bytes past the last whole multiple of the alphabet would favour its first letters.
            let drawn = buffer
                .iter()
                .map(|byte| usize::from(*byte))
                .filter(|byte| *byte < fair);
            let letters = drawn.filter_map(|byte| alphabet.get(byte % alphabet.len()));
            text.extend(
                letters
                    .take(length - text.len())
                    .map(|letter| char::from(*letter)),
            );
        }
        text
    }

    /// A new identifier.
    pub fn id(&self, form: IdForm) -> String {
        match form {
            IdForm::Hex(length) => self.token(b"0123456789abcdef", length),
            IdForm::Alphanumeric(prefix, length) => {
                format!("{prefix}{}", self.token(ALPHANUMERIC, length))
            }
            IdForm::Base58(prefix, length) => format!("{prefix}{}", self.token(BASE58, length)),
            IdForm::UrlSafe(length) => self.token(URL_SAFE, length),
        }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Env")
    }
}

/// How an identifier is written; the forms are those of the compatible API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdForm {
    /// So many lower-case hexadecimal digits (resource servers, user grants: 24).
    Hex(usize),
    /// A prefix and so many of `[0-9A-Za-z]` (client ids: none and 32; client grants: `cgr_` and 16).
    Alphanumeric(&'static str, usize),
    /// A prefix and so many base-58 characters (client credentials: `cred_` and 22).
    Base58(&'static str, usize),
    /// So many of `[0-9A-Za-z_-]` (client secrets: 64; signing keys: 21).
    UrlSafe(usize),
}

const ALPHANUMERIC: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const BASE58: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const URL_SAFE: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz-";

#[cfg(test)]
mod tests {
    use super::*;

    struct Counting(std::sync::atomic::AtomicU8);

    impl Random for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            for byte in buffer {
                *byte = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            }
        }
    }

    struct Epoch;

    impl Clock for Epoch {
        fn now(&self) -> Timestamp {
            Timestamp::default()
        }
    }

    fn env() -> Env {
        Env {
            clock: Arc::new(Epoch),
            random: Arc::new(Counting(0.into())),
        }
    }

    #[test]
    fn ids_have_the_length_and_the_alphabet_of_their_form() {
        let id = env().id(IdForm::Alphanumeric("cgr_", 16));
        assert_eq!(id.len(), 20);
        assert!(
            id.strip_prefix("cgr_")
                .unwrap()
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric())
        );
        assert!(
            env()
                .id(IdForm::Hex(24))
                .bytes()
                .all(|byte| byte.is_ascii_hexdigit())
        );
    }

    #[test]
    fn every_letter_of_an_alphabet_is_equally_likely() {
        // 62 letters: one pass over all 256 byte values must use each letter exactly four times.
        let text = env().token(ALPHANUMERIC, 62 * 4);
        assert!(
            ALPHANUMERIC
                .iter()
                .all(|letter| text.bytes().filter(|byte| byte == letter).count() == 4)
        );
    }

    #[test]
    fn instants_are_written_with_milliseconds_and_z() {
        assert_eq!(
            Timestamp::from_millis(1_674_673_242_047).rfc3339(),
            "2023-01-25T19:00:42.047Z"
        );
        assert_eq!(
            Timestamp::from_seconds(0).rfc3339(),
            "1970-01-01T00:00:00.000Z"
        );
    }
}
