//! The user, as the Management API shows it.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    identifier::{Identifier, IdentifierKind},
    instant::{optional_rfc3339, rfc3339},
    user_id::UserId,
};
use crate::{env::Timestamp, search::attribute};

/// A person. Members that no rule reads, such as the claims of an identity provider, are carried in `rest`.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct User {
    /// Who it is.
    pub user_id: UserId,
    /// In lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Whether the address is known to be the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_verified: Option<bool>,
    /// In lower case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// E.164.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_number: Option<String>,
    /// Whether the number is known to be the user's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone_verified: Option<bool>,
    /// OIDC Core §5.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// OIDC Core §5.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nickname: Option<String>,
    /// OIDC Core §5.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<String>,
    /// OIDC Core §5.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family_name: Option<String>,
    /// OIDC Core §5.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub picture: Option<String>,
    /// Whether the user may not log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub blocked: Option<bool>,
    /// What the user may change; absent if it was never set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_metadata: Option<Map<String, Value>>,
    /// What only the tenant may change; absent if empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_metadata: Option<Map<String, Value>>,
    /// The primary one first.
    pub identities: Vec<Identity>,
    /// Since when the user exists.
    #[serde(with = "rfc3339")]
    pub created_at: Timestamp,
    /// When it was written last.
    #[serde(with = "rfc3339")]
    pub updated_at: Timestamp,
    /// When the password was changed last; absent before the first change.
    #[serde(
        default,
        with = "optional_rfc3339",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_password_reset: Option<Timestamp>,
    /// From where the user logged in last. Set by logging in, not by writing the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_ip: Option<String>,
    /// When the user logged in last. Set by logging in.
    #[serde(
        default,
        with = "optional_rfc3339",
        skip_serializing_if = "Option::is_none"
    )]
    pub last_login: Option<Timestamp>,
    /// How often the user logged in. Set by logging in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logins_count: Option<i64>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// An account at a connection.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub struct Identity {
    /// The connection, by name.
    pub connection: String,
    /// The identifier at the provider, without it. Some providers' are numbers on the wire.
    #[serde(deserialize_with = "text_or_number")]
    pub user_id: String,
    /// The strategy of the connection.
    pub provider: String,
    /// Whether the provider is a social network.
    #[serde(rename = "isSocial", default)]
    pub is_social: bool,
    /// The profile of an identity that is not the primary one.
    #[serde(
        rename = "profileData",
        default,
        skip_serializing_if = "Option::is_none"
    )]
    pub profile_data: Option<Map<String, Value>>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

fn text_or_number<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    match Value::deserialize(from)? {
        Value::String(text) => Ok(text),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(serde::de::Error::custom("neither a text nor a number")),
    }
}

impl Identity {
    /// The identity of a database user.
    pub fn database(connection: &str, user_id: &UserId) -> Self {
        Self {
            connection: connection.to_owned(),
            user_id: user_id.bare().to_owned(),
            provider: user_id.provider().to_owned(),
            is_social: false,
            profile_data: None,
            rest: Map::new(),
        }
    }

    /// The user identifier that this identity has on its own.
    pub fn id(&self) -> Option<UserId> {
        UserId::of(&self.provider, &self.user_id)
    }
}

impl User {
    /// A new user with one identity and nothing else.
    pub fn new(user_id: UserId, identity: Identity, now: Timestamp) -> Self {
        Self {
            user_id,
            email: None,
            email_verified: None,
            username: None,
            phone_number: None,
            phone_verified: None,
            name: None,
            nickname: None,
            given_name: None,
            family_name: None,
            picture: None,
            blocked: None,
            user_metadata: None,
            app_metadata: None,
            identities: vec![identity],
            created_at: now,
            updated_at: now,
            last_password_reset: None,
            last_ip: None,
            last_login: None,
            logins_count: None,
            rest: Map::new(),
        }
    }

    /// Whether the user may not log in.
    pub fn is_blocked(&self) -> bool {
        self.blocked == Some(true)
    }

    /// Everything there is to tell of the user, by the names of the fields.
    pub fn fields(&self) -> Map<String, Value> {
        // Texts, flags and what was JSON before: a user is always an object of these.
        match serde_json::to_value(self) {
            Ok(Value::Object(fields)) => fields,
            _ => Map::new(),
        }
    }

    /// The identity that the user is named after.
    pub fn primary_identity(&self) -> Option<&Identity> {
        self.identities.first()
    }

    /// The identity at a connection, by its name.
    pub fn identity_at(&self, connection: &str) -> Option<&Identity> {
        let mut identities = self.identities.iter();
        identities.find(|identity| identity.connection == connection)
    }

    /// The address of an identity of the user: its own for the primary one, that of its profile for the others.
    pub fn email_of<'a>(&'a self, identity: &'a Identity) -> Option<&'a str> {
        if self.primary_identity() == Some(identity) {
            return self.email.as_deref();
        }
        identity.profile_data.as_ref()?.get("email")?.as_str()
    }

    /// The value of an identifier of the primary identity.
    pub fn identifier(&self, kind: IdentifierKind) -> Option<&str> {
        match kind {
            IdentifierKind::Email => self.email.as_deref(),
            IdentifierKind::Username => self.username.as_deref(),
            IdentifierKind::PhoneNumber => self.phone_number.as_deref(),
        }
    }

    /// What the primary identity occupies at its connection: of each kind in `unique`, its value if it has one.
    pub fn identifiers(&self, unique: &[IdentifierKind]) -> Vec<Identifier> {
        let of = |kind: &IdentifierKind| {
            let value = self.identifier(*kind)?.to_owned();
            Some(Identifier { kind: *kind, value })
        };
        unique.iter().filter_map(of).collect()
    }

    /// Fills in what the compatible API derives for a new user: flags of verification, name, nickname and picture.
    pub fn fill_in_defaults(&mut self) {
        if self.email.is_some() {
            self.email_verified.get_or_insert(false);
        }
        if self.phone_number.is_some() {
            self.phone_verified.get_or_insert(false);
        }
        let local = |email: &String| email.split('@').next().unwrap_or_default().to_owned();
        let (email, username) = (self.email.clone(), self.username.clone());
        if self.name.is_none() {
            let phone = self.phone_number.clone();
            self.name = email.clone().or(phone).or_else(|| username.clone());
        }
        if self.nickname.is_none() {
            self.nickname = email.as_ref().map(local).or(username);
        }
        if self.picture.is_none() {
            self.picture = email.as_deref().map(default_picture);
        }
    }

    /// What is indexed of the profile beside its columns; see [`attribute`].
    pub fn attributes(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if let Some((_, domain)) = self
            .email
            .as_deref()
            .and_then(|email| email.rsplit_once('@'))
        {
            found.push(("email.domain".to_owned(), attribute::text(domain)));
        }
        if let Some(picture) = &self.picture {
            found.push(("picture".to_owned(), attribute::text(picture)));
        }
        for identity in &self.identities {
            let social = attribute::flag(identity.is_social);
            found.push(("identities.isSocial".to_owned(), social));
            if let Some(profile) = &identity.profile_data {
                attribute::collect_members("identities.profileData", profile, &mut found);
            }
        }
        for (path, members) in [
            ("app_metadata", &self.app_metadata),
            ("user_metadata", &self.user_metadata),
        ] {
            if let Some(members) = members {
                attribute::collect_members(path, members, &mut found);
            }
        }
        for (name, value) in &self.rest {
            attribute::collect(name, value, &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The picture of an address that has none of its own, as the compatible API names it.
pub(super) fn default_picture(email: &str) -> String {
    use md5::{Digest as _, Md5};
    use std::fmt::Write as _;

    let mut digest = String::with_capacity(32);
    for byte in Md5::digest(email.trim().to_lowercase()) {
        // Writing to a text does not fail.
        write!(digest, "{byte:02x}").ok();
    }
    let letters = email.chars().filter(char::is_ascii_alphanumeric).take(2);
    let initials: String = letters.map(|letter| letter.to_ascii_lowercase()).collect();
    format!(
        "https://s.gravatar.com/avatar/{digest}?s=480&r=pg\
         &d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2F{initials}.png"
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn recorded() -> Value {
        json!({"user_id": "auth0|example", "email": "example@acceptance.test.com", "email_verified": false,
               "username": "example", "name": "Firstname Lastname", "nickname": "example",
               "given_name": "Firstname", "family_name": "Lastname",
               "picture": "https://www.example.com/picture.jpg",
               "identities": [{"connection": "Username-Password-Authentication", "user_id": "example",
                               "provider": "auth0", "isSocial": false}],
               "created_at": "2023-07-11T16:30:16.596Z", "updated_at": "2023-07-11T16:30:41.518Z"})
    }

    #[test]
    fn a_user_is_written_as_it_was_read() {
        let mut wire = recorded();
        assert_eq!(
            json!(serde_json::from_value::<User>(wire.clone()).unwrap()),
            wire
        );
        wire["from_a_provider"] = json!({"a": [1]});
        wire["multifactor"] = json!(["guardian"]);
        wire["last_login"] = json!("2023-07-11T16:30:41.000Z");
        wire["identities"][0]["access_token"] = json!("x");
        wire["user_metadata"] = json!({});
        assert_eq!(
            json!(serde_json::from_value::<User>(wire.clone()).unwrap()),
            wire
        );
    }

    #[test]
    fn a_provider_may_number_its_users() {
        let identity = json!({"connection": "github", "user_id": 12345, "provider": "github", "isSocial": true});
        let identity: Identity = serde_json::from_value(identity).unwrap();
        assert_eq!(identity.id(), UserId::parse("github|12345"));
    }

    fn new(email: Option<&str>, username: Option<&str>, phone: Option<&str>) -> User {
        let id = UserId::parse("auth0|1").unwrap();
        let mut user = User::new(
            id.clone(),
            Identity::database("db", &id),
            Timestamp::default(),
        );
        user.email = email.map(str::to_owned);
        user.username = username.map(str::to_owned);
        user.phone_number = phone.map(str::to_owned);
        user.fill_in_defaults();
        user
    }

    #[test]
    fn a_new_user_gets_name_nickname_and_picture_from_its_address() {
        let user = new(Some("ada.l@x.test"), Some("countess"), None);
        assert_eq!(user.name.as_deref(), Some("ada.l@x.test"));
        assert_eq!(user.nickname.as_deref(), Some("ada.l"));
        assert_eq!(
            (user.email_verified, user.phone_verified),
            (Some(false), None)
        );
        let picture = user.picture.unwrap();
        // `printf ada.l@x.test | md5sum`
        assert_eq!(
            picture,
            "https://s.gravatar.com/avatar/5aa0b32a68e8ff828b565dbb09f03019?s=480&r=pg\
             &d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fad.png"
        );
        let user = new(None, Some("countess"), None);
        assert_eq!(user.name.as_deref(), Some("countess"));
        assert_eq!(
            (user.nickname.as_deref(), user.picture),
            (Some("countess"), None)
        );
        let user = new(None, None, Some("+15551234"));
        assert_eq!(
            (user.name.as_deref(), user.phone_verified),
            (Some("+15551234"), Some(false))
        );
    }

    #[test]
    fn an_identifier_is_occupied_only_if_its_kind_is_unique() {
        let user = new(Some("ada@x.test"), Some("ada"), None);
        let occupied = user.identifiers(&[IdentifierKind::Username, IdentifierKind::PhoneNumber]);
        assert_eq!(occupied.len(), 1);
        assert_eq!(occupied[0].value, "ada");
    }

    #[test]
    fn everything_without_a_column_is_indexed() {
        let mut user = new(Some("ada@x.test"), None, None);
        user.picture = None;
        user.app_metadata = json!({"plan": "gold"}).as_object().cloned();
        user.user_metadata = json!({"n": 5}).as_object().cloned();
        user.rest.insert("locale".to_owned(), json!("en"));
        let expected = [
            ("app_metadata.plan", "tgold".to_owned()),
            ("email.domain", "tx.test".to_owned()),
            ("identities.isSocial", "bfalse".to_owned()),
            ("locale", "ten".to_owned()),
            ("user_metadata.n", attribute::number(5.0)),
        ];
        assert_eq!(
            user.attributes(),
            expected.map(|(path, value)| (path.to_owned(), value))
        );
    }
}
