//! Tokens that were revoked one by one.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock},
};

use serde::Deserialize;

use crate::AccessToken;

/// What knows the revoked tokens. Asked for every token that is otherwise good, so it must answer from memory.
pub trait Blacklist: Send + Sync {
    /// Whether the token `jti` of `audience`, an API's identifier or a client's, was revoked.
    fn contains(&self, audience: &str, jti: &str) -> bool;
}

/// Whether the server's list names the token: under an audience of it, or under the client it was issued to.
pub(crate) fn names(blacklist: &dyn Blacklist, token: &AccessToken) -> bool {
    let Some(jti) = token.id() else {
        return false;
    };
    let audiences = token.audiences().iter().map(String::as_str);
    audiences
        .chain([token.client_id()])
        .any(|audience| blacklist.contains(audience, jti))
}

/// A list in memory, filled from what the Management API answers to `GET /api/v2/blacklists/tokens`.
#[derive(Debug, Default)]
pub struct BlacklistedTokens(RwLock<HashSet<Entry>>);

#[derive(Debug, PartialEq, Eq, Hash, Deserialize)]
struct Entry {
    aud: String,
    jti: String,
}

/// The bytes are not a JSON array of `{"aud", "jti"}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a list of blacklisted tokens")]
pub struct InvalidList;

impl BlacklistedTokens {
    /// An empty list.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the server's answer in place of what the list held.
    ///
    /// # Errors
    ///
    /// [`InvalidList`] if it is not such an answer; the list then stays as it was.
    pub fn replace_with(&self, answer: &[u8]) -> Result<(), InvalidList> {
        let entries = serde_json::from_slice(answer).map_err(|_| InvalidList)?;
        // The set is whole at any time, so a writer that panicked left nothing to repair.
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = entries;
        Ok(())
    }
}

impl Blacklist for BlacklistedTokens {
    fn contains(&self, audience: &str, jti: &str) -> bool {
        let entry = Entry {
            aud: audience.to_owned(),
            jti: jti.to_owned(),
        };
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains(&entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_holds_what_the_server_answered_last() {
        let list = BlacklistedTokens::new();
        assert!(!list.contains("a", "1"));
        list.replace_with(br#"[{"aud":"a","jti":"1"},{"aud":"a","jti":"1"}]"#)
            .unwrap();
        assert!(list.contains("a", "1"));
        assert!(!list.contains("a", "2"));
        assert!(!list.contains("b", "1"));
        assert_eq!(list.replace_with(b"{}"), Err(InvalidList));
        assert!(list.contains("a", "1"));
        list.replace_with(b"[]").unwrap();
        assert!(!list.contains("a", "1"));
    }
}
