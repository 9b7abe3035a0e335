//! Signing up: what somebody who does not have an account yet may say about itself.

use serde_json::{Map, Value};

use super::{
    User, UserId,
    connection::{Asked, Connection, ConnectionOptions},
    identifier::IdentifierKind,
    password::{PasswordPolicy, PasswordRefusal},
    user::Identity,
};
use crate::env::Timestamp;

/// Most members of `user_metadata` at sign-up.
const MAX_METADATA: usize = 10;
/// Longest name of such a member, in characters.
const MAX_METADATA_NAME: usize = 100;
/// Longest value of such a member, in characters.
const MAX_METADATA_VALUE: usize = 500;
/// Longest password, in bytes: more cannot matter, and hashing takes time.
pub const MAX_PASSWORD_LENGTH: usize = 4096;

/// What was said.
#[derive(Clone, Debug, Default)]
pub struct SignUp {
    /// The address.
    pub email: Option<String>,
    /// The username.
    pub username: Option<String>,
    /// The phone number.
    pub phone_number: Option<String>,
    /// The first name.
    pub given_name: Option<String>,
    /// The last name.
    pub family_name: Option<String>,
    /// The full name.
    pub name: Option<String>,
    /// What friends say.
    pub nickname: Option<String>,
    /// The URL of a picture.
    pub picture: Option<String>,
    /// Whatever the application keeps about the user.
    pub user_metadata: Option<Map<String, Value>>,
}

/// Why nobody signs up with that.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SignUpRefusal {
    /// The connection takes nobody.
    #[error("sign-up is disabled on the connection")]
    Disabled,
    /// Something has to be given.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// Something is not of its form.
    #[error("{0} is malformed")]
    Malformed(&'static str),
    /// The password is not good enough.
    #[error("{}", .0.message())]
    Password(PasswordRefusal),
}

impl SignUp {
    /// The user that signs up with this at `connection`.
    ///
    /// # Errors
    /// Why it does not. That an identifier is taken is not known here.
    pub fn user(
        &self,
        connection: &Connection,
        password: &str,
        user_id: UserId,
        now: Timestamp,
    ) -> Result<User, SignUpRefusal> {
        let options = &connection.options;
        if options.disable_signup == Some(true) {
            return Err(SignUpRefusal::Disabled);
        }
        let identity = Identity::database(&connection.name, &user_id);
        let mut user = User::new(user_id, identity, now);
        user.email = self.identifier(options, IdentifierKind::Email)?;
        user.username = self.identifier(options, IdentifierKind::Username)?;
        user.phone_number = self.identifier(options, IdentifierKind::PhoneNumber)?;
        for (name, given, longest, member) in [
            ("given_name", &self.given_name, 150, &mut user.given_name),
            ("family_name", &self.family_name, 150, &mut user.family_name),
            ("name", &self.name, 300, &mut user.name),
            ("nickname", &self.nickname, 300, &mut user.nickname),
            ("picture", &self.picture, 2048, &mut user.picture),
        ] {
            *member = text(name, given.as_deref(), longest)?;
        }
        if let Some(picture) = &user.picture
            && !(picture.starts_with("https://") || picture.starts_with("http://"))
        {
            return Err(SignUpRefusal::Malformed("picture"));
        }
        user.user_metadata.clone_from(&self.user_metadata);
        if !user.user_metadata.as_ref().is_none_or(is_small) {
            return Err(SignUpRefusal::Malformed("user_metadata"));
        }
        user.fill_in_defaults();
        if password.is_empty() {
            return Err(SignUpRefusal::Missing("password"));
        }
        if MAX_PASSWORD_LENGTH < password.len() {
            return Err(SignUpRefusal::Malformed("password"));
        }
        PasswordPolicy::new(&options.password)
            .decide(password, &user)
            .map_err(SignUpRefusal::Password)?;
        Ok(user)
    }

    /// An identifier in its normal form, if the connection asks for it.
    fn identifier(
        &self,
        options: &ConnectionOptions,
        kind: IdentifierKind,
    ) -> Result<Option<String>, SignUpRefusal> {
        let given = match kind {
            IdentifierKind::Email => &self.email,
            IdentifierKind::Username => &self.username,
            IdentifierKind::PhoneNumber => &self.phone_number,
        };
        let given = given
            .as_deref()
            .map(str::trim)
            .filter(|text| !text.is_empty());
        let text = match (options.asked(kind), given) {
            (Asked::Inactive, _) | (Asked::Optional, None) => return Ok(None),
            (Asked::Required, None) => return Err(SignUpRefusal::Missing(kind.as_str())),
            (Asked::Required | Asked::Optional, Some(text)) => text,
        };
        options
            .normal(kind, text)
            .map(Some)
            .ok_or(SignUpRefusal::Malformed(kind.as_str()))
    }
}

fn text(
    name: &'static str,
    given: Option<&str>,
    longest: usize,
) -> Result<Option<String>, SignUpRefusal> {
    let given = given.map(str::trim).filter(|text| !text.is_empty());
    let Some(given) = given else {
        return Ok(None);
    };
    if longest < given.chars().count() || given.contains(char::is_control) {
        return Err(SignUpRefusal::Malformed(name));
    }
    Ok(Some(given.to_owned()))
}

fn is_small(metadata: &Map<String, Value>) -> bool {
    let short = |(name, value): (&String, &Value)| {
        let value = value.as_str();
        name.chars().count() <= MAX_METADATA_NAME
            && value.is_some_and(|value| value.chars().count() <= MAX_METADATA_VALUE)
    };
    metadata.len() <= MAX_METADATA && metadata.iter().all(short)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn connection(options: &Value) -> Connection {
        let document =
            json!({"id": "con_1", "name": "People", "strategy": "auth0", "options": options});
        serde_json::from_value(document).unwrap()
    }

    fn ada() -> SignUp {
        SignUp {
            email: Some(" Ada@Orchard.test ".to_owned()),
            ..SignUp::default()
        }
    }

    fn sign_up(given: &SignUp, options: &Value, password: &str) -> Result<User, SignUpRefusal> {
        let user_id = UserId::of("auth0", "1").unwrap();
        given.user(
            &connection(options),
            password,
            user_id,
            Timestamp::from_seconds(0),
        )
    }

    const GOOD: &str = "Apples-and-pears-7";

    #[test]
    fn j3_5_who_signs_up_has_an_unverified_address_in_its_normal_form() {
        let user = sign_up(&ada(), &json!({}), GOOD).unwrap();
        assert_eq!(user.email.as_deref(), Some("ada@orchard.test"));
        assert_eq!(user.email_verified, Some(false));
        assert_eq!(user.nickname.as_deref(), Some("ada"));
    }

    #[test]
    fn j2_4_a_connection_that_takes_nobody_takes_nobody() {
        let refusal = sign_up(&ada(), &json!({"disable_signup": true}), GOOD).unwrap_err();
        assert_eq!(refusal, SignUpRefusal::Disabled);
    }

    #[test]
    fn what_the_connection_asks_for_has_to_be_given_and_well_formed() {
        let with_username = json!({"requires_username": true});
        let refusal = |given: &SignUp, options: &Value| sign_up(given, options, GOOD).unwrap_err();
        assert_eq!(
            refusal(&ada(), &with_username),
            SignUpRefusal::Missing("username")
        );
        assert_eq!(
            refusal(&SignUp::default(), &json!({})),
            SignUpRefusal::Missing("email")
        );
        let bad = SignUp {
            email: Some("ada".to_owned()),
            ..SignUp::default()
        };
        assert_eq!(refusal(&bad, &json!({})), SignUpRefusal::Malformed("email"));
        let like_an_address = SignUp {
            username: Some("bob@orchard.test".to_owned()),
            ..ada()
        };
        let malformed = SignUpRefusal::Malformed("username");
        assert_eq!(refusal(&like_an_address, &with_username), malformed);
        // What the connection does not ask for is not taken.
        let user = sign_up(&like_an_address, &json!({}), GOOD).unwrap();
        assert_eq!(user.username, None);
    }

    #[test]
    fn what_people_say_about_themselves_is_bounded() {
        let many: Map<String, Value> = (0..11).map(|n| (n.to_string(), json!("x"))).collect();
        let deep: Map<String, Value> = [("a".to_owned(), json!({"b": 1}))].into_iter().collect();
        for metadata in [many, deep] {
            let given = SignUp {
                user_metadata: Some(metadata),
                ..ada()
            };
            let refusal = sign_up(&given, &json!({}), GOOD).unwrap_err();
            assert_eq!(refusal, SignUpRefusal::Malformed("user_metadata"));
        }
        let script = SignUp {
            picture: Some("javascript:alert(1)".to_owned()),
            ..ada()
        };
        let refusal = sign_up(&script, &json!({}), GOOD).unwrap_err();
        assert_eq!(refusal, SignUpRefusal::Malformed("picture"));
        let long = SignUp {
            given_name: Some("a".repeat(151)),
            ..ada()
        };
        let refusal = sign_up(&long, &json!({}), GOOD).unwrap_err();
        assert_eq!(refusal, SignUpRefusal::Malformed("given_name"));
    }

    #[test]
    fn the_password_is_held_against_the_policy() {
        for weak in ["short", "password"] {
            let refusal = sign_up(&ada(), &json!({}), weak).unwrap_err();
            assert!(matches!(refusal, SignUpRefusal::Password(_)), "{weak}");
        }
        assert_eq!(
            sign_up(&ada(), &json!({}), "").unwrap_err(),
            SignUpRefusal::Missing("password")
        );
        let endless = "aB3-".repeat(2000);
        assert_eq!(
            sign_up(&ada(), &json!({}), &endless).unwrap_err(),
            SignUpRefusal::Malformed("password")
        );
    }
}
