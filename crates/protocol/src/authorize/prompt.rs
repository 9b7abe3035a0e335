//! `prompt`, OIDC Core §3.1.2.1: which pages the client wants shown, or none.

use serde::{Deserialize, Serialize};

use crate::{refusal::Refusal, rule::Rule};

/// The values of `prompt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct Prompt(u8);

impl Prompt {
    /// No page may be shown.
    pub const NONE: Self = Self(1);
    /// The user logs in, session or not.
    pub const LOGIN: Self = Self(2);
    /// The user is asked to consent, granted or not.
    pub const CONSENT: Self = Self(4);
    /// The user says which account is meant.
    pub const SELECT_ACCOUNT: Self = Self(8);
    /// The user signs up (Initiating User Registration 1.0 §4).
    pub const CREATE: Self = Self(16);

    /// Reads the words of `prompt`; unknown ones are ignored.
    ///
    /// # Errors
    /// [`Rule::PromptNoneNotAlone`].
    pub fn read(words: &[&str]) -> Result<Self, Refusal> {
        let mut prompt = Self::default();
        for word in words {
            prompt.0 |= match *word {
                "none" => Self::NONE.0,
                "login" => Self::LOGIN.0,
                "consent" => Self::CONSENT.0,
                "select_account" => Self::SELECT_ACCOUNT.0,
                "create" => Self::CREATE.0,
                _ => 0,
            };
        }
        if prompt.has(Self::NONE) && words.iter().any(|word| *word != "none") {
            return Err(Refusal::new(Rule::PromptNoneNotAlone).with("prompt", words.join(" ")));
        }
        Ok(prompt)
    }

    /// Whether it has a value of `other`.
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    /// Whether a session is not enough.
    pub const fn wants_login(self) -> bool {
        self.has(Self::LOGIN) || self.has(Self::SELECT_ACCOUNT) || self.has(Self::CREATE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_stands_alone() {
        assert!(Prompt::read(&["none"]).unwrap().has(Prompt::NONE));
        for words in [&["none", "login"][..], &["consent", "none"], &["none", "x"]] {
            assert_eq!(
                Prompt::read(words).unwrap_err().rule,
                Rule::PromptNoneNotAlone
            );
        }
    }

    #[test]
    fn a_list_has_each_of_its_values_and_unknown_ones_are_ignored() {
        let prompt = Prompt::read(&["login", "consent", "invented"]).unwrap();
        assert!(prompt.has(Prompt::LOGIN) && prompt.has(Prompt::CONSENT) && prompt.wants_login());
        assert!(!prompt.has(Prompt::NONE));
        assert!(!Prompt::read(&["consent"]).unwrap().wants_login());
        assert!(Prompt::read(&["select_account"]).unwrap().wants_login());
        assert_eq!(Prompt::read(&[]).unwrap(), Prompt::default());
    }
}
