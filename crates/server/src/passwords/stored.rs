//! The text that a password is kept as: a PHC string, a bcrypt string, or the JSON that it was imported with.

use serde_json::Value;

use super::{
    argon2id::{Argon2Hash, Cost, Memory},
    foreign::ForeignHash,
};

/// Why a hash cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashProblem {
    /// It does not have the form of its algorithm.
    #[error("the hash does not have the form of its algorithm")]
    Malformed,
    /// The algorithm is not known here.
    #[error("the algorithm of the hash is not supported")]
    Unsupported,
    /// Checking it would take too much time or memory.
    #[error("the hash is too costly to check")]
    TooCostly,
}

/// A hash that can be checked, own or imported.
#[derive(Clone, Debug)]
pub struct StoredHash(Kind);

/// Which family a hash is of.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Argon2(Argon2Hash),
    Foreign(ForeignHash),
}

impl Kind {
    pub(super) fn parse(text: &str) -> Result<Self, HashProblem> {
        match text {
            _ if text.starts_with("$argon2") => Argon2Hash::parse(text).map(Self::Argon2),
            _ if text.starts_with("$2") => ForeignHash::bcrypt(text).map(Self::Foreign),
            _ if text.starts_with("$pbkdf2") => ForeignHash::pbkdf2(text).map(Self::Foreign),
            _ if text.starts_with('{') => {
                let custom: Value =
                    serde_json::from_str(text).map_err(|_| HashProblem::Malformed)?;
                ForeignHash::custom(&custom)
            }
            _ => Err(HashProblem::Unsupported),
        }
    }
}

impl StoredHash {
    /// Reads what is kept for a password.
    ///
    /// # Errors
    /// If it has no form that is known here, or is too costly.
    pub fn parse(text: &str) -> Result<Self, HashProblem> {
        Kind::parse(text).map(Self)
    }

    /// Reads a `custom_password_hash` of an import; what is to be kept for it is its JSON.
    ///
    /// # Errors
    /// If it is malformed, of an unknown algorithm or too costly.
    pub fn custom(value: &Value) -> Result<Self, HashProblem> {
        ForeignHash::custom(value).map(Self)
    }

    /// Whether it is what a new hash would be.
    pub(super) fn is_current(&self, cost: Cost) -> bool {
        matches!(&self.0, Kind::Argon2(hash) if hash.is_current(cost))
    }

    /// Whether it is the password's.
    pub(super) fn matches(&self, password: &str, memory: &mut Memory) -> bool {
        match &self.0 {
            Kind::Argon2(hash) => hash.matches(password.as_bytes(), memory),
            Kind::Foreign(hash) => hash.matches(password),
        }
    }

    /// Whether checking it takes next to no time.
    pub(super) fn is_fast(&self) -> bool {
        matches!(&self.0, Kind::Foreign(hash) if hash.is_fast())
    }
}

#[cfg(test)]
mod tests;
