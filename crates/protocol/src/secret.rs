//! Secrets as types: they do not print, are wiped on drop and are compared in constant time.

use std::fmt;

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// A secret text: a client secret, a signing secret, a sealed key.
///
/// Serializing exposes it, because a stored document needs it, and an answer to whom it belongs; of a document only fields
/// that its `Kind` names as secret may have this type, and those are sealed before they reach a disk.
#[derive(Clone, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes `text` as a secret.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The secret itself. Each call is a place to look at in a review.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this secret, in time that depends on the lengths only.
    pub fn matches(&self, presented: &Self) -> bool {
        self.0.as_bytes().ct_eq(presented.0.as_bytes()).into()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_print() {
        assert_eq!(
            format!("{:?}", Secret::new("hunter2".to_owned())),
            "Secret(..)"
        );
    }

    #[test]
    fn a_secret_matches_itself_alone() {
        let secret = |text: &str| Secret::new(text.to_owned());
        assert!(secret("abc").matches(&secret("abc")));
        for other in ["abd", "ab", "abcd", ""] {
            assert!(!secret("abc").matches(&secret(other)), "{other}");
        }
    }
}
