//! Linking: two accounts of one person become one, and apart again.

use serde_json::{Map, Value, json};

use super::user::{Identity, User, default_picture};
use crate::env::Timestamp;

/// Most identities of one user.
pub const MAX_IDENTITIES: usize = 32;

/// Why accounts cannot be linked or taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkRefusal {
    /// Both are the same user.
    Same,
    /// There would be more than [`MAX_IDENTITIES`].
    TooMany,
    /// The user does not have that identity.
    Unknown,
    /// The identity that the user is named after stays.
    Primary,
}

impl LinkRefusal {
    /// What the client is told.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Same => "Main identity and the new one are the same",
            Self::TooMany => {
                "The number of user identifiers associated with a user exceeds the maximum allowed"
            }
            Self::Unknown => "The user exists, but does not contain the given identity",
            Self::Primary => "Main identity cannot be removed",
        }
    }
}

/// The profile that goes along with an identity; each is a field of [`User`] too.
const PROFILE: [&str; 10] = [
    "email",
    "email_verified",
    "name",
    "username",
    "given_name",
    "phone_number",
    "phone_verified",
    "family_name",
    "nickname",
    "picture",
];

/// The primary user with the identities of the secondary one, whose profile is kept beside its identity and whose
/// metadata are lost.
///
/// # Errors
/// If they are the same, or too many.
pub fn link(primary: &User, secondary: &User, now: Timestamp) -> Result<User, LinkRefusal> {
    if primary.user_id == secondary.user_id {
        return Err(LinkRefusal::Same);
    }
    if MAX_IDENTITIES < primary.identities.len() + secondary.identities.len() {
        return Err(LinkRefusal::TooMany);
    }
    let mut linked = primary.clone();
    let mut identities = secondary.identities.iter().cloned();
    if let Some(mut first) = identities.next() {
        first.profile_data = Some(profile(secondary));
        linked.identities.push(first);
    }
    linked.identities.extend(identities);
    linked.updated_at = now;
    Ok(linked)
}

/// The user without one of its identities, and the user that the identity becomes.
///
/// # Errors
/// If the user does not have it, or is named after it.
pub fn unlink(
    user: &User,
    provider: &str,
    identity_user_id: &str,
    now: Timestamp,
) -> Result<(User, User), LinkRefusal> {
    let is_it =
        |identity: &Identity| identity.provider == provider && identity.user_id == identity_user_id;
    let position = user.identities.iter().position(is_it);
    let position = position.ok_or(LinkRefusal::Unknown)?;
    if position == 0 {
        return Err(LinkRefusal::Primary);
    }
    let mut left = user.clone();
    let mut identity = left.identities.remove(position);
    left.updated_at = now;
    let profile = identity.profile_data.take().unwrap_or_default();
    let id = identity.id().ok_or(LinkRefusal::Unknown)?;
    let mut own = User::new(id, identity, now);
    own.restore(profile);
    Ok((left, own))
}

/// Members of the profile, and those of the identity provider that no rule reads.
fn profile(user: &User) -> Map<String, Value> {
    let Value::Object(all) = json!(user) else {
        return Map::new();
    };
    let belongs = |name: &String| PROFILE.contains(&name.as_str()) || user.rest.contains_key(name);
    all.into_iter().filter(|(name, _)| belongs(name)).collect()
}

impl User {
    fn restore(&mut self, profile: Map<String, Value>) {
        for (name, value) in profile {
            let text = || value.as_str().map(str::to_owned);
            match name.as_str() {
                "email" => self.email = text(),
                "email_verified" => self.email_verified = value.as_bool(),
                "username" => self.username = text(),
                "phone_number" => self.phone_number = text(),
                "phone_verified" => self.phone_verified = value.as_bool(),
                "name" => self.name = text(),
                "nickname" => self.nickname = text(),
                "given_name" => self.given_name = text(),
                "family_name" => self.family_name = text(),
                "picture" => self.picture = text(),
                _ => {
                    self.rest.insert(name, value);
                }
            }
        }
        if self.picture.is_none() {
            self.picture = self.email.as_deref().map(default_picture);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{user::Identity, user_id::UserId},
        *,
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_seconds(seconds)
    }

    fn user(id: &str, email: &str) -> User {
        let id = UserId::parse(id).unwrap();
        let mut user = User::new(id.clone(), Identity::database("db", &id), at(0));
        user.email = Some(email.to_owned());
        user.fill_in_defaults();
        user
    }

    #[test]
    fn a_linked_account_keeps_its_profile_beside_its_identity() {
        let mut secondary = user("auth0|2", "two@x.test");
        secondary.user_metadata = json!({"lost": 1}).as_object().cloned();
        secondary.rest.insert("locale".to_owned(), json!("en"));
        let linked = link(&user("auth0|1", "one@x.test"), &secondary, at(9)).unwrap();
        assert_eq!(
            (linked.user_id.as_str(), linked.updated_at),
            ("auth0|1", at(9))
        );
        assert_eq!(linked.email.as_deref(), Some("one@x.test"));
        assert_eq!(linked.user_metadata, None);
        assert_eq!(linked.identities.len(), 2);
        let profile = linked.identities[1].profile_data.as_ref().unwrap();
        assert_eq!(
            (&profile["email"], &profile["locale"]),
            (&json!("two@x.test"), &json!("en"))
        );
        assert!(!profile.contains_key("user_metadata") && !profile.contains_key("user_id"));
    }

    #[test]
    fn an_unlinked_account_is_what_it_was_but_for_its_metadata() {
        let (one, two) = (user("auth0|1", "one@x.test"), user("auth0|2", "two@x.test"));
        let linked = link(&one, &two, at(5)).unwrap();
        let (left, own) = unlink(&linked, "auth0", "2", at(9)).unwrap();
        assert_eq!(
            left,
            User {
                updated_at: at(9),
                ..one
            }
        );
        assert_eq!(
            own,
            User {
                created_at: at(9),
                updated_at: at(9),
                ..two
            }
        );
    }

    #[test]
    fn identities_of_an_account_that_has_several_move_with_it() {
        let two = link(
            &user("auth0|2", "2@x.test"),
            &user("auth0|3", "3@x.test"),
            at(0),
        )
        .unwrap();
        let linked = link(&user("auth0|1", "1@x.test"), &two, at(0)).unwrap();
        let ids: Vec<_> = linked
            .identities
            .iter()
            .map(|identity| &*identity.user_id)
            .collect();
        assert_eq!(ids, ["1", "2", "3"]);
        let (_, own) = unlink(&linked, "auth0", "3", at(0)).unwrap();
        assert_eq!(own.email.as_deref(), Some("3@x.test"));
    }

    #[test]
    fn what_cannot_be_linked_or_taken_apart_is_refused() {
        let one = user("auth0|1", "one@x.test");
        assert_eq!(link(&one, &one, at(0)), Err(LinkRefusal::Same));
        assert_eq!(unlink(&one, "auth0", "1", at(0)), Err(LinkRefusal::Primary));
        assert_eq!(unlink(&one, "auth0", "2", at(0)), Err(LinkRefusal::Unknown));
        let mut many = one.clone();
        many.identities = vec![one.identities[0].clone(); MAX_IDENTITIES];
        assert_eq!(
            link(&many, &user("auth0|2", "2@x.test"), at(0)),
            Err(LinkRefusal::TooMany)
        );
        assert_eq!(
            LinkRefusal::Primary.message(),
            "Main identity cannot be removed"
        );
    }
}
