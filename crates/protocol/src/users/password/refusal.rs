//! Why a password is refused, in the body that the vendor's clients read.

use serde::Serialize;
use serde_json::{Value, json};

/// A rule of strength, and whether the password keeps it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PasswordRule {
    /// The sentence, with `%d` and `%s` for the members of `format`.
    pub message: &'static str,
    /// What goes into the sentence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub format: Vec<Value>,
    /// Its name.
    pub code: &'static str,
    /// Parts of the rule.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<RuleItem>,
    /// Whether it is kept.
    pub verified: bool,
}

/// A part of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RuleItem {
    /// The sentence.
    pub message: &'static str,
    /// Its name.
    pub code: &'static str,
    /// Whether it is kept.
    pub verified: bool,
}

impl PasswordRule {
    /// The sentence with its values.
    pub fn sentence(&self) -> String {
        let mut values = self.format.iter();
        let mut sentence = String::new();
        let mut parts = self.message.split('%');
        sentence.push_str(parts.next().unwrap_or_default());
        for part in parts {
            match values.next() {
                Some(Value::String(text)) => sentence.push_str(text),
                Some(value) => sentence.push_str(&value.to_string()),
                None => {}
            }
            sentence.push_str(part.get(1..).unwrap_or_default());
        }
        sentence
    }
}

/// Why a password is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PasswordRefusal {
    /// It is weak; every rule, kept or not.
    Weak(Vec<PasswordRule>),
    /// It is in the dictionary.
    Common,
    /// It contains something of the user.
    Personal,
    /// It was used before.
    Reused,
}

impl PasswordRefusal {
    /// The name of the error.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Weak(_) => "PasswordStrengthError",
            Self::Common => "PasswordDictionaryError",
            Self::Personal => "PasswordNoUserInfoError",
            Self::Reused => "PasswordHistoryError",
        }
    }

    /// The code of the error.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Weak(_) | Self::Reused => "invalid_password",
            Self::Common => "password_dictionary_error",
            Self::Personal => "password_no_user_info_error",
        }
    }

    /// The sentence.
    pub const fn message(&self) -> &'static str {
        match self {
            Self::Weak(_) => "Password is too weak",
            Self::Common => "Password is too common",
            Self::Personal => "Password contains user information",
            Self::Reused => "Password has previously been used",
        }
    }

    /// The rules as a list in plain text.
    pub fn policy(&self) -> Option<String> {
        let Self::Weak(rules) = self else {
            return None;
        };
        let mut lines = Vec::new();
        for rule in rules {
            lines.push(format!("* {}", rule.sentence()));
            lines.extend(rule.items.iter().map(|item| format!(" * {}", item.message)));
        }
        Some(lines.join("\n"))
    }

    /// The body of the answer to a sign-up.
    pub fn body(&self) -> Value {
        let description = match self {
            Self::Weak(rules) => json!({"rules": rules, "verified": false}),
            Self::Common | Self::Personal | Self::Reused => json!(self.message()),
        };
        let mut body = json!({
            "name": self.name(),
            "message": self.message(),
            "code": self.code(),
            "description": description,
        });
        if let (Some(policy), Some(body)) = (self.policy(), body.as_object_mut()) {
            body.insert("policy".to_owned(), Value::String(policy));
        }
        if let Some(body) = body.as_object_mut() {
            body.insert("statusCode".to_owned(), json!(400));
        }
        body
    }

    /// The sentence of the Management API.
    pub fn management_message(&self) -> String {
        format!("{}: {}", self.name(), self.message())
    }
}
