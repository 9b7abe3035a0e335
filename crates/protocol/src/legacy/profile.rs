//! What the legacy pipeline tells of a user: all that is known, but for what the server keeps for itself.

use serde_json::{Map, Value};

use crate::id_token::{Person, bare_identity, is_reserved};

/// Members of a user that no scope `profile` opens: what the server keeps for itself, and what has a scope of its own.
const NO_PROFILE: &[&str] = &[
    "app_metadata",
    "blocked",
    "identities",
    "last_ip",
    "last_login",
    "last_password_reset",
    "logins_count",
    "multifactor",
    "phone_verified",
    "user_metadata",
];

/// Members that have a scope of their own name.
const OWN_SCOPE: &[&str] = &["app_metadata", "user_metadata"];

/// Adds to the claims of an ID token what the names in `scope` open: `profile` all that is known, any other the member of
/// its name, invented ones included.
pub(crate) fn disclose(claims: &mut Map<String, Value>, person: &Person<'_>, scope: &[String]) {
    let has = |name: &str| scope.iter().any(|scope| scope == name);
    for (name, value) in person.fields {
        let told = !NO_PROFILE.contains(&name.as_str());
        let opened = told && (has("profile") || has(name))
            || OWN_SCOPE.contains(&name.as_str()) && has(name);
        if opened && !value.is_null() && !is_reserved(name) {
            claims.insert(name.clone(), value.clone());
        }
    }
}

/// The whole profile, with `user_id` in the place of `sub`: the answer of `/tokeninfo`, and of userinfo where the tenant
/// has `enable_legacy_profile` on.
pub fn profile(person: &Person<'_>) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, value) in person.fields {
        let told = !NO_PROFILE.contains(&name.as_str()) || OWN_SCOPE.contains(&name.as_str());
        if told && !value.is_null() {
            members.insert(name.clone(), value.clone());
        }
    }
    let identities = person.fields.get("identities").and_then(Value::as_array);
    let identities = identities.into_iter().flatten().map(bare_identity);
    members.insert("identities".to_owned(), identities.collect());
    members.insert("user_id".to_owned(), person.user_id.into());
    members
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn ada() -> Value {
        json!({
            "user_id": "auth0|ada", "email": "ada@x.test", "name": "Ada", "favorite_color": "green",
            "user_metadata": {"size": 38}, "app_metadata": {"plan": "gold"}, "last_ip": "192.0.2.1",
            "family_name": null, "iss": "https://evil.test/", "logins_count": 3,
            "identities": [{"provider": "auth0", "user_id": "ada", "connection": "Users", "isSocial": false,
                "access_token": "upstream"}],
        })
    }

    fn told(scope: &str) -> Value {
        let (user, none) = (ada(), Map::new());
        let person = Person {
            user_id: "auth0|ada",
            fields: user.as_object().unwrap(),
            custom: &none,
        };
        let scope: Vec<String> = scope.split_whitespace().map(str::to_owned).collect();
        let mut claims = Map::new();
        disclose(&mut claims, &person, &scope);
        Value::Object(claims)
    }

    #[test]
    fn t6_2_scopes_are_names_of_members_and_profile_is_all_of_them() {
        assert_eq!(told("openid"), json!({}));
        assert_eq!(
            told("openid favorite_color"),
            json!({"favorite_color": "green"})
        );
        assert_eq!(
            told("openid user_metadata"),
            json!({"user_metadata": {"size": 38}})
        );
        assert_eq!(
            told("openid profile"),
            json!({"user_id": "auth0|ada", "email": "ada@x.test", "name": "Ada", "favorite_color": "green"})
        );
        assert_eq!(told("openid last_ip logins_count iss"), json!({}));
    }

    #[test]
    fn the_whole_profile_has_metadata_and_identities_without_what_providers_gave() {
        let (user, none) = (ada(), Map::new());
        let person = Person {
            user_id: "auth0|ada",
            fields: user.as_object().unwrap(),
            custom: &none,
        };
        let whole = profile(&person);
        assert_eq!(whole["user_id"], "auth0|ada");
        assert_eq!(whole["app_metadata"]["plan"], "gold");
        assert_eq!(whole["identities"][0]["connection"], "Users");
        assert!(whole["identities"][0].get("access_token").is_none());
        assert!(!whole.contains_key("last_ip") && !whole.contains_key("family_name"));
    }
}
