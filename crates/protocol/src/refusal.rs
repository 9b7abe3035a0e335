//! A refusal and its reason: bare to the client, clear to the administrator.

use std::fmt::{self, Display};

use crate::{
    profile::ErrorDialect,
    rule::{ErrorCode, Rule},
};

/// Why a request was refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The rule that was broken.
    pub rule: Rule,
    /// What decided, for the administrator: which client, which API, expected against received. Never a secret.
    pub facts: Vec<(&'static str, String)>,
    /// The fact that the public sentence names; the client sent it itself.
    named: Option<(&'static str, String)>,
}

impl Refusal {
    /// A refusal by `rule`.
    pub const fn new(rule: Rule) -> Self {
        Self {
            rule,
            facts: Vec::new(),
            named: None,
        }
    }

    /// Adds a fact for the administrator.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Display) -> Self {
        self.facts.push((name, value.to_string()));
        self
    }

    /// Adds a fact that the public sentence names as `{name}`.
    #[must_use]
    pub fn naming(mut self, name: &'static str, value: impl Display) -> Self {
        self.named = Some((name, value.to_string()));
        self
    }

    /// The fact called `name`, if the public sentence names it.
    pub fn named(&self, name: &str) -> Option<&str> {
        let named = self.named.as_ref().filter(|(known, _)| *known == name);
        named.map(|(_, value)| value.as_str())
    }

    /// HTTP status in `dialect`.
    pub const fn status(&self, dialect: ErrorDialect) -> u16 {
        match dialect {
            ErrorDialect::Vendor => self.rule.spec().vendor_status,
            ErrorDialect::Rfc => self.rule.spec().rfc_status,
        }
    }

    /// The `error` member in `dialect`.
    pub const fn code(&self, dialect: ErrorDialect) -> ErrorCode {
        match dialect {
            ErrorDialect::Vendor => self.rule.spec().vendor_code,
            ErrorDialect::Rfc => self.rule.spec().rfc_code,
        }
    }

    /// The `error_description` member.
    pub fn description(&self) -> String {
        let sentence = self.rule.spec().sentence;
        match &self.named {
            Some((name, value)) => sentence.replace(&format!("{{{name}}}"), value),
            None => sentence.to_owned(),
        }
    }
}

impl Display for Refusal {
    /// The explanation for the administrator.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({})", self.rule, self.rule.spec().clause)?;
        for (name, value) in self.named.iter().chain(&self.facts) {
            write!(f, ", {name}: {value}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_public_sentence_holds_what_the_client_sent_and_nothing_else() {
        let refusal = Refusal::new(Rule::ClientGrantMissing)
            .naming("audience", "https://api.test")
            .with("client_id", "abc");
        assert!(
            refusal
                .description()
                .starts_with("Client is not authorized to access \"https://api.test\".")
        );
        assert!(!refusal.description().contains("abc"));
        assert_eq!(
            refusal.to_string(),
            "ClientGrantMissing (RFC 8707 §2), audience: https://api.test, client_id: abc"
        );
    }

    #[test]
    fn the_dialects_differ_where_the_vendor_and_the_rfc_do() {
        let refusal = Refusal::new(Rule::ClientSecretWrong);
        assert_eq!(refusal.code(ErrorDialect::Vendor).as_str(), "access_denied");
        assert_eq!(refusal.code(ErrorDialect::Rfc).as_str(), "invalid_client");
        assert_eq!(refusal.status(ErrorDialect::Vendor), 401);
        let refusal = Refusal::new(Rule::GrantTypeNotAllowed).naming("grant_type", "password");
        assert_eq!(
            refusal.description(),
            "Grant type 'password' not allowed for the client."
        );
        assert_eq!(
            (
                refusal.status(ErrorDialect::Vendor),
                refusal.status(ErrorDialect::Rfc)
            ),
            (403, 400)
        );
    }
}
