//! Logging in by a code that is sent to an address: what a connection says about it, what is asked for, and whom it makes.
//!
//! Does not send anything and draws no code. That a code is used once, and guessed at three times at most, is the store's
//! part.

mod start;

pub use start::{Address, Sent, Start};

use serde_json::{Map, Value};

use crate::{
    env::Timestamp,
    model::EmailTemplate,
    refusal::Refusal,
    rule::Rule,
    users::{
        Connection, Identity, User, UserId, connection::ConnectionOptions,
        identifier::IdentifierKind,
    },
};

/// The purpose under which codes are stored.
pub const PURPOSE: &str = "login_code";

/// How often somebody may guess at a code.
pub const MAX_TRIES: i64 = 3;

/// Digits of a code, unless the connection says otherwise, and the fewest and most that it may say.
const LENGTH: (usize, usize, usize) = (6, 4, 40);

/// Seconds that a code lives, unless the connection says otherwise, and the fewest and most that it may say.
const LIFETIME: (i64, i64, i64) = (180, 60, 86_400);

/// What codes of a connection are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRules {
    /// How many digits.
    pub length: usize,
    /// How long it is good, in seconds.
    pub lifetime_seconds: i64,
}

impl CodeRules {
    /// What `options.totp` says.
    pub fn of(options: &ConnectionOptions) -> Self {
        let totp = options.rest.get("totp");
        let number = |name: &str| totp.and_then(|totp| totp.get(name)?.as_i64());
        let (length, fewest, most) = LENGTH;
        let (lifetime, shortest, longest) = LIFETIME;
        let digits = number("length").and_then(|digits| usize::try_from(digits).ok());
        Self {
            length: digits.unwrap_or(length).clamp(fewest, most),
            lifetime_seconds: number("time_step")
                .unwrap_or(lifetime)
                .clamp(shortest, longest),
        }
    }
}

impl Connection {
    /// The strategy of connections whose users prove an e-mail address.
    pub const EMAIL: &str = "email";

    /// The strategy of connections whose users prove a phone number.
    pub const SMS: &str = "sms";

    /// What users of the connection prove by a code; `None` if they prove themselves in another way.
    pub fn proves(&self) -> Option<IdentifierKind> {
        match self.strategy.as_str() {
            Self::EMAIL => Some(IdentifierKind::Email),
            Self::SMS => Some(IdentifierKind::PhoneNumber),
            _ => None,
        }
    }

    /// What users of the connection log in with.
    pub fn identifiers(&self) -> Vec<IdentifierKind> {
        match self.proves() {
            Some(kind) => vec![kind],
            None => self.options.identifiers(),
        }
    }

    /// Whether somebody who was never here gets an account by proving an address.
    pub fn takes_new_users(&self) -> bool {
        self.options.disable_signup != Some(true)
    }

    /// The words of its own mails, under the name of a template, if it has any: `options.email`.
    pub fn mail(&self, template: &str) -> Option<EmailTemplate> {
        let own = self.options.rest.get("email")?;
        let text = |name: &str| own.get(name).and_then(Value::as_str).map(str::to_owned);
        let (body, from, subject) = (text("body"), text("from"), text("subject"));
        body.as_ref().or(subject.as_ref())?;
        Some(EmailTemplate {
            template: template.to_owned(),
            body,
            from,
            subject,
            result_url: None,
            url_lifetime_in_seconds: None,
            include_email_in_redirect: None,
            enabled: true,
            rest: Map::new(),
        })
    }

    /// A user of the connection who has just proved `address` for the first time.
    pub fn new_user(&self, user_id: UserId, address: &Address, now: Timestamp) -> User {
        let identity = Identity::database(&self.name, &user_id);
        let mut user = User::new(user_id, identity, now);
        match address.kind {
            IdentifierKind::PhoneNumber => user.phone_number = Some(address.value.clone()),
            _ => user.email = Some(address.value.clone()),
        }
        mark_proved(&mut user, address);
        user.fill_in_defaults();
        user
    }
}

/// Notes that the user has proved `address`, if it is the user's own; whether that is news.
pub fn mark_proved(user: &mut User, address: &Address) -> bool {
    let (own, verified) = match address.kind {
        IdentifierKind::PhoneNumber => (&user.phone_number, &mut user.phone_verified),
        _ => (&user.email, &mut user.email_verified),
    };
    let news = own.as_deref() == Some(&*address.value) && *verified != Some(true);
    if news {
        *verified = Some(true);
    }
    news
}

/// The refusal of a code that is wrong, too old, or was used; the administrator hears which.
pub fn wrong_code(kind: IdentifierKind, because: &str) -> Refusal {
    Refusal::new(match kind {
        IdentifierKind::PhoneNumber => Rule::PhoneCodeWrong,
        _ => Rule::EmailCodeWrong,
    })
    .with("because", because)
}

/// Whether links may be followed in another browser than the one in which they were asked for.
pub fn links_work_anywhere(flags: &Map<String, Value>) -> bool {
    flags.get("grantor_login_link_in_any_browser") == Some(&Value::Bool(true))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn connection(strategy: &str, options: &Value) -> Connection {
        let document =
            json!({"id": "con_1", "name": strategy, "strategy": strategy, "options": options});
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn t6_11_4_a_code_has_six_digits_and_lives_three_minutes_unless_the_connection_says_otherwise()
    {
        let rules = |options: &Value| CodeRules::of(&connection("email", options).options);
        let usual = CodeRules {
            length: 6,
            lifetime_seconds: 180,
        };
        assert_eq!(rules(&json!({})), usual);
        assert_eq!(rules(&json!({"totp": {"length": "x"}})), usual);
        let own = rules(&json!({"totp": {"length": 8, "time_step": 300}}));
        assert_eq!(
            own,
            CodeRules {
                length: 8,
                lifetime_seconds: 300
            }
        );
        let odd = rules(&json!({"totp": {"length": 1, "time_step": 0}}));
        assert_eq!(
            odd,
            CodeRules {
                length: 4,
                lifetime_seconds: 60
            }
        );
    }

    #[test]
    fn t6_11_who_proves_an_address_has_it_verified() {
        let now = Timestamp::from_seconds(0);
        let email = connection("email", &json!({}));
        let address = Address::read(IdentifierKind::Email, "Ana@Orchard.test").unwrap();
        let mut ana = email.new_user(UserId::of("email", "1").unwrap(), &address, now);
        assert_eq!(ana.user_id.as_str(), "email|1");
        assert_eq!(
            (ana.email.as_deref(), ana.email_verified),
            (Some("ana@orchard.test"), Some(true))
        );
        assert!(!mark_proved(&mut ana, &address));
        ana.email_verified = Some(false);
        assert!(mark_proved(&mut ana, &address) && ana.email_verified == Some(true));
        // The address of another identity says nothing about that of the user.
        ana.email = Some("ana@elsewhere.test".to_owned());
        ana.email_verified = Some(false);
        assert!(!mark_proved(&mut ana, &address) && ana.email_verified == Some(false));

        let sms = connection("sms", &json!({}));
        let number = Address::read(IdentifierKind::PhoneNumber, "+1 555 1234").unwrap();
        let bob = sms.new_user(UserId::of("sms", "1").unwrap(), &number, now);
        assert_eq!(
            (bob.phone_number.as_deref(), bob.phone_verified),
            (Some("+15551234"), Some(true))
        );
        assert_eq!(bob.name.as_deref(), Some("+15551234"));
    }
}
