//! Connections, as far as a rule reads them: who may use one, how its users are named, what passwords it accepts.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    identifier::{self, Allowed, IdentifierKind, UsernameLimits},
    password::PasswordOptions,
};
use crate::document::{Document, Kind, Link, UniqueKey};

/// A place where users come from.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct Connection {
    /// `con_…`.
    pub id: String,
    /// Its name, which users, clients and requests refer to; never changes.
    pub name: String,
    /// What kind of place it is; `auth0` is a database of this server.
    pub strategy: String,
    /// Its settings.
    #[serde(default)]
    pub options: ConnectionOptions,
    /// The clients whose users it serves.
    #[serde(default)]
    pub enabled_clients: Vec<String>,
    /// Whether every client may use it.
    #[serde(default)]
    pub is_domain_connection: bool,
    /// Other names under which the password grant finds it.
    #[serde(default)]
    pub realms: Vec<String>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Document for Connection {
    const KIND: Kind = Kind {
        name: "connection",
        id: "/id",
        unique: &[UniqueKey {
            name: "name",
            paths: &["/name"],
        }],
        links: &[
            Link {
                name: "strategy",
                path: "/strategy",
            },
            Link {
                name: "enabled_client",
                path: "/enabled_clients",
            },
            Link {
                name: "domain_connection",
                path: "/is_domain_connection",
            },
            Link {
                name: "realm",
                path: "/realms",
            },
        ],
        secrets: &[
            "/options/client_secret",
            "/options/app_secret",
            "/options/twilio_token",
            "/options/consumer_secret",
            "/options/gateway_authentication/secret",
            "/options/configuration/*",
        ],
    };
}

impl Connection {
    /// The strategy of databases of this server.
    pub const DATABASE: &str = "auth0";

    /// Whether users and their passwords are kept here.
    pub fn is_database(&self) -> bool {
        self.strategy == Self::DATABASE
    }

    /// Whether users of `client_id` may log in with it.
    pub fn serves(&self, client_id: &str) -> bool {
        self.is_domain_connection
            || self
                .enabled_clients
                .iter()
                .any(|enabled| enabled == client_id)
    }

    /// Whether `realm` names it.
    pub fn is_realm(&self, realm: &str) -> bool {
        self.name == realm || self.realms.iter().any(|other| other == realm)
    }
}

/// `options` of a connection, as far as a rule reads them.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct ConnectionOptions {
    /// Whether nobody may sign up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_signup: Option<bool>,
    /// Whether users cannot ask for a new password themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disable_self_service_change_password: Option<bool>,
    /// Whether users have a username beside their address; excludes `attributes`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_username: Option<bool>,
    /// Limits of the username with `requires_username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<Validation>,
    /// Which identifiers users have; absent means an address, and a username if `requires_username`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Attributes>,
    /// What passwords have to be like.
    #[serde(flatten)]
    pub password: PasswordOptions,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `options.validation`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Validation {
    /// Limits of the username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<UsernameLength>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `options.validation.username`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct UsernameLength {
    /// Fewest characters.
    pub min: usize,
    /// Most characters.
    pub max: usize,
}

/// `options.attributes`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Attributes {
    /// The address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<Attribute>,
    /// The phone number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<Attribute>,
    /// The username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<Attribute>,
}

/// One member of `options.attributes`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Attribute {
    /// Whether users log in with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identifier: Option<Active>,
    /// Whether two users may not share it (`email` alone can be shared).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique: Option<bool>,
    /// Whether it is asked for at sign-up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signup: Option<SignupAttribute>,
    /// Limits of the username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validation: Option<UsernameValidation>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `{"active": …}`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Active {
    /// Whether it is switched on.
    #[serde(default)]
    pub active: bool,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `signup` of an attribute.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct SignupAttribute {
    /// Whether it is asked for.
    #[serde(default)]
    pub status: Asked,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Whether something is asked for at sign-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Asked {
    /// It has to be given.
    Required,
    /// It may be given.
    Optional,
    /// It is not asked for.
    #[default]
    Inactive,
}

/// `validation` of the username attribute.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct UsernameValidation {
    /// Fewest characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_length: Option<usize>,
    /// Most characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_length: Option<usize>,
    /// What else it may look like.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_types: Option<AllowedTypes>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `allowed_types` of a username.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct AllowedTypes {
    /// It may look like an address.
    #[serde(default)]
    pub email: bool,
    /// It may look like a phone number.
    #[serde(default)]
    pub phone_number: bool,
}

impl ConnectionOptions {
    /// Whether an identifier is asked for at sign-up.
    pub fn asked(&self, kind: IdentifierKind) -> Asked {
        let Some(attributes) = &self.attributes else {
            return match kind {
                IdentifierKind::Email => Asked::Required,
                IdentifierKind::Username if self.requires_username == Some(true) => Asked::Required,
                IdentifierKind::Username | IdentifierKind::PhoneNumber => Asked::Inactive,
            };
        };
        let Some(attribute) = attributes.of(kind) else {
            return Asked::Inactive;
        };
        match &attribute.signup {
            Some(signup) => signup.status,
            None if attribute.is_identifier() => Asked::Required,
            None => Asked::Inactive,
        }
    }

    /// The kinds that users log in with.
    pub fn identifiers(&self) -> Vec<IdentifierKind> {
        let active = |kind: &IdentifierKind| match &self.attributes {
            None => self.asked(*kind) == Asked::Required,
            Some(attributes) => attributes.of(*kind).is_some_and(Attribute::is_identifier),
        };
        ALL.into_iter().filter(active).collect()
    }

    /// The kinds that two users cannot share: all but an address that is declared not to be unique.
    pub fn unique(&self) -> Vec<IdentifierKind> {
        let unique = |kind: &IdentifierKind| {
            let attributes = self.attributes.as_ref();
            let attribute = attributes.and_then(|attributes| attributes.of(*kind));
            attribute.is_none_or(|attribute| attribute.unique != Some(false))
        };
        ALL.into_iter().filter(unique).collect()
    }

    /// What a text is as an identifier of this kind, in its normal form; `None` if it is none.
    pub fn normal(&self, kind: IdentifierKind, text: &str) -> Option<String> {
        match kind {
            IdentifierKind::Email => identifier::email(text),
            IdentifierKind::Username => identifier::username(text, self.username_limits()),
            IdentifierKind::PhoneNumber => identifier::phone_number(text),
        }
    }

    /// What usernames are like.
    pub fn username_limits(&self) -> UsernameLimits {
        let mut limits = UsernameLimits::default();
        if let Some(length) = self
            .validation
            .as_ref()
            .and_then(|all| all.username.as_ref())
        {
            (limits.min, limits.max) = (length.min, length.max);
        }
        let attribute = self
            .attributes
            .as_ref()
            .and_then(|all| all.username.as_ref());
        if let Some(validation) = attribute.and_then(|username| username.validation.as_ref()) {
            limits.min = validation.min_length.unwrap_or(limits.min);
            limits.max = validation.max_length.unwrap_or(limits.max);
            let allow = |allowed: bool| if allowed { Allowed::Yes } else { Allowed::No };
            if let Some(types) = &validation.allowed_types {
                limits.email = allow(types.email);
                limits.phone_number = allow(types.phone_number);
            }
        }
        limits
    }
}

const ALL: [IdentifierKind; 3] = [
    IdentifierKind::Email,
    IdentifierKind::Username,
    IdentifierKind::PhoneNumber,
];

impl Attributes {
    fn of(&self, kind: IdentifierKind) -> Option<&Attribute> {
        match kind {
            IdentifierKind::Email => self.email.as_ref(),
            IdentifierKind::Username => self.username.as_ref(),
            IdentifierKind::PhoneNumber => self.phone_number.as_ref(),
        }
    }
}

impl Attribute {
    fn is_identifier(&self) -> bool {
        self.identifier
            .as_ref()
            .is_some_and(|identifier| identifier.active)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn options(value: Value) -> ConnectionOptions {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_connection_is_written_as_it_was_read() {
        let wire = json!({
            "id": "con_0000000000000001", "name": "Customers", "strategy": "auth0",
            "options": {"passwordPolicy": "good", "password_history": {"enable": true, "size": 5},
                        "mfa": {"active": true, "return_enroll_settings": true}, "strategy_version": 2,
                        "brute_force_protection": true, "requires_username": true,
                        "validation": {"username": {"min": 1, "max": 15}}},
            "enabled_clients": ["c1"], "is_domain_connection": false, "realms": ["Customers"],
            "metadata": {"a": "b"}, "authentication": {"active": true}});
        let connection: Connection = serde_json::from_value(wire.clone()).unwrap();
        assert!(connection.is_database() && connection.is_realm("Customers"));
        assert!(connection.serves("c1") && !connection.serves("c2"));
        assert_eq!(json!(connection), wire);
    }

    #[test]
    fn without_attributes_users_have_an_address_and_perhaps_a_username() {
        use IdentifierKind::{Email, Username};
        assert_eq!(options(json!({})).identifiers(), [Email]);
        let with_username = options(json!({"requires_username": true}));
        assert_eq!(with_username.identifiers(), [Email, Username]);
        assert_eq!(with_username.asked(Username), Asked::Required);
        assert_eq!(
            with_username.asked(IdentifierKind::PhoneNumber),
            Asked::Inactive
        );
        assert_eq!(with_username.username_limits(), UsernameLimits::default());
    }

    #[test]
    fn attributes_say_how_users_are_named() {
        use IdentifierKind::{Email, PhoneNumber, Username};
        let options = options(json!({"attributes": {
            "email": {"unique": false, "signup": {"status": "optional"}, "identifier": {"active": false}},
            "phone_number": {"identifier": {"active": true}},
            "username": {"identifier": {"active": true}, "signup": {"status": "required"},
                         "validation": {"min_length": 3, "max_length": 40, "allowed_types": {"email": true}}}}}));
        assert_eq!(options.identifiers(), [Username, PhoneNumber]);
        assert_eq!(options.unique(), [Username, PhoneNumber]);
        assert_eq!(options.asked(Email), Asked::Optional);
        assert_eq!(options.asked(PhoneNumber), Asked::Required);
        let limits = options.username_limits();
        assert_eq!((limits.min, limits.max), (3, 40));
        assert_eq!(
            (limits.email, limits.phone_number),
            (Allowed::Yes, Allowed::No)
        );
    }
}
