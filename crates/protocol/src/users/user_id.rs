//! How users are numbered.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The identifier of a user: the provider, a bar, and the identifier at the provider; `sub` of OIDC Core §2.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct UserId {
    text: String,
    bar: usize,
}

impl UserId {
    /// Longest identifier, in bytes.
    pub const MAX_LENGTH: usize = 255;

    /// The provider of database connections.
    pub const DATABASE: &'static str = "auth0";

    /// Reads `provider|identifier`: no white space or control characters, neither part empty.
    pub fn parse(text: &str) -> Option<Self> {
        let (provider, bare) = text.split_once('|')?;
        let odd = |letter: char| letter.is_whitespace() || letter.is_control();
        let well_formed = !provider.is_empty()
            && !bare.is_empty()
            && text.len() <= Self::MAX_LENGTH
            && !text.contains(odd);
        well_formed.then(|| Self {
            text: text.to_owned(),
            bar: provider.len(),
        })
    }

    /// The identifier `bare` at `provider`. A caller may have written the provider before it already.
    pub fn of(provider: &str, bare: &str) -> Option<Self> {
        let bare = bare
            .strip_prefix(provider)
            .and_then(|rest| rest.strip_prefix('|'))
            .unwrap_or(bare);
        if provider.contains('|') {
            return None;
        }
        Self::parse(&format!("{provider}|{bare}"))
    }

    /// All of it.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the bar.
    pub fn provider(&self) -> &str {
        self.text.get(..self.bar).unwrap_or_default()
    }

    /// The part after the bar, which may contain others.
    pub fn bare(&self) -> &str {
        self.text.get(self.bar + 1..).unwrap_or_default()
    }
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl TryFrom<String> for UserId {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("not a user identifier")
    }
}

impl From<UserId> for String {
    fn from(id: UserId) -> Self {
        id.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_id_has_a_provider_and_an_identifier() {
        let id = UserId::parse("auth0|63d17c4a8869daf88ed7db97").unwrap();
        assert_eq!(
            (id.provider(), id.bare()),
            ("auth0", "63d17c4a8869daf88ed7db97")
        );
        let nested = UserId::parse("samlp|idp|ada@x.test").unwrap();
        assert_eq!(
            (nested.provider(), nested.bare()),
            ("samlp", "idp|ada@x.test")
        );
        for bad in [
            "",
            "auth0",
            "|x",
            "auth0|",
            "auth0|a b",
            "auth0|a\n",
            &format!("a|{}", "x".repeat(254)),
        ] {
            assert_eq!(UserId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_provider_is_not_written_twice() {
        let expected = UserId::parse("auth0|ada");
        assert_eq!(UserId::of("auth0", "ada"), expected);
        assert_eq!(UserId::of("auth0", "auth0|ada"), expected);
        assert_eq!(
            UserId::of("auth0", "sms|ada"),
            UserId::parse("auth0|sms|ada")
        );
        assert_eq!(UserId::of("a|b", "c"), None);
    }
}
