//! Signing up.

use grantor_protocol::users::{
    ConnectionOptions,
    connection::Asked,
    identifier::IdentifierKind,
    password::{PasswordPolicy, PasswordRefusal, PasswordRule},
};
use http::StatusCode;
use serde_json::Value;

use super::{
    Form, Problem, card,
    form::{Input, focus},
};
use crate::pages::{Page, Screen, Text, shell::Speech};

/// A field of the sign-up page, beside the password.
#[derive(Clone, Debug)]
pub struct SignUpField {
    /// Which one.
    pub kind: IdentifierKind,
    /// Whether it has to be filled, or may be.
    pub asked: Asked,
    /// What is in it already.
    pub value: String,
}

impl SignUpField {
    /// The fields that a connection asks for; `value` says what is in each already.
    pub fn of(options: &ConnectionOptions, value: impl Fn(IdentifierKind) -> String) -> Vec<Self> {
        let kinds = [
            IdentifierKind::Email,
            IdentifierKind::Username,
            IdentifierKind::PhoneNumber,
        ];
        let field = |kind| Self {
            kind,
            asked: options.asked(kind),
            value: value(kind),
        };
        let fields = kinds.into_iter().map(field);
        fields
            .filter(|field| field.asked != Asked::Inactive)
            .collect()
    }
}

/// A new account. Sends `email`, `username`, `phone_number` as asked, and `password`.
#[derive(Clone, Debug, Default)]
pub struct SignUp {
    /// Where the answer goes.
    pub form: Form,
    /// What is asked beside the password.
    pub fields: Vec<SignUpField>,
    /// What a password needs: [`rules_of`].
    pub rules: Vec<PasswordRule>,
    /// Where users log in who have an account.
    pub login: Option<String>,
    /// What was wrong with the answer before.
    pub problem: Option<Problem>,
}

/// The rules that a password is shown to need before it is typed.
pub fn rules_of(policy: &PasswordPolicy) -> Vec<PasswordRule> {
    match policy.rules() {
        PasswordRefusal::Weak(rules) => rules,
        PasswordRefusal::Common | PasswordRefusal::Personal | PasswordRefusal::Reused => Vec::new(),
    }
}

/// The rules in words. What only a machine would break has none: a limit in bytes, an empty password.
pub(super) fn sentences(t: &Speech<'_>, rules: &[PasswordRule]) -> Vec<String> {
    let of_rule = |rule: &PasswordRule| match rule.code {
        "lengthAtLeast" => {
            let count = rule.format.first().and_then(Value::as_u64).unwrap_or(1);
            vec![t.say_of(Text::RuleLength, "count", &count.to_string())]
        }
        "shouldContain" => {
            let codes = rule.items.iter().map(|item| item.code);
            codes.filter_map(kind).map(|text| t.say(text)).collect()
        }
        "containsAtLeast" => vec![t.say(Text::RuleThreeOfFour)],
        "identicalChars" => vec![t.say(Text::RuleIdentical)],
        "sequentialChars" => vec![t.say(Text::RuleSequence)],
        _ => Vec::new(),
    };
    rules.iter().flat_map(of_rule).collect()
}

fn kind(code: &str) -> Option<Text> {
    match code {
        "lowerCase" => Some(Text::RuleLower),
        "upperCase" => Some(Text::RuleUpper),
        "numbers" => Some(Text::RuleDigit),
        "specialCharacters" => Some(Text::RuleSpecial),
        _ => None,
    }
}

impl SignUp {
    fn inputs<'a>(&'a self, t: &Speech<'a>) -> Vec<Input<'a>> {
        let input = |field: &'a SignUpField| {
            let input = Input::of_kind(*t, field.kind, &field.value);
            match field.asked {
                Asked::Optional => input.optional(),
                Asked::Required | Asked::Inactive => input,
            }
        };
        let mut inputs: Vec<_> = self.fields.iter().map(input).collect();
        let has_rules = !self.sentences(t).is_empty();
        inputs.push(Input::new_password(*t, Text::LabelPassword, has_rules));
        focus(inputs, self.problem)
    }

    fn sentences(&self, t: &Speech<'_>) -> Vec<String> {
        sentences(t, &self.rules)
    }
}

impl Page for SignUp {
    fn screen(&self) -> Screen {
        Screen {
            prompt: "signup",
            name: "signup",
            title: Text::SignUpPageTitle,
        }
    }

    fn form(&self) -> Option<&Form> {
        Some(&self.form)
    }

    fn status(&self) -> StatusCode {
        Problem::status(self.problem)
    }

    card!(SignUp, "pages/sign_up.html");
}
