//! Personal data in passwords.

use serde_json::{Value, json};

use super::super::user::User;

/// The vendor's own list.
const USUAL: [&str; 8] = [
    "name",
    "username",
    "nickname",
    "email",
    "phone_number",
    "user_metadata.name",
    "user_metadata.first",
    "user_metadata.last",
];

/// Shorter parts of a name occur in too many words to be refused.
const SHORTEST: usize = 3;

/// Whether a password contains a part of what `fields` name of the user; of an address, the part before the at-sign.
pub(super) fn occurs(password: &str, user: &User, fields: &[String]) -> bool {
    let password = password.to_lowercase();
    let profile = json!(user);
    let within = |field: &str| {
        let text = value(&profile, field).unwrap_or_default();
        let text = text.split('@').next().unwrap_or_default().to_lowercase();
        let whole = SHORTEST <= text.chars().count() && password.contains(&text);
        whole || parts(&text).any(|part| password.contains(part))
    };
    fields.iter().any(|field| within(field))
}

/// What is looked at if the connection does not say.
pub(super) fn usual() -> Vec<String> {
    USUAL.map(str::to_owned).into()
}

fn parts(text: &str) -> impl Iterator<Item = &str> {
    let parts = text.split(|letter: char| !letter.is_alphanumeric());
    parts.filter(|part| SHORTEST <= part.chars().count())
}

fn value(profile: &Value, field: &str) -> Option<String> {
    // The newer settings say `email`, `phone` where the profile says `phone_number`.
    let field = if field == "phone" {
        "phone_number"
    } else {
        field
    };
    let mut value = profile;
    for step in field.split('.') {
        value = value.get(step)?;
    }
    value.as_str().map(str::to_owned)
}
