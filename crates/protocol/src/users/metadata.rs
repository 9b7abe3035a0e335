//! `user_metadata` and `app_metadata`: how they are changed and what they may hold.

use serde_json::{Map, Value};

/// What is left of metadata that have become empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WhenEmpty {
    /// `{}`, as for `user_metadata`.
    Object,
    /// Nothing, as for `app_metadata`.
    Absent,
}

/// Changes metadata: members of the first level are replaced, `null` removes one, and an empty object removes all.
pub fn merge(
    stored: Option<Map<String, Value>>,
    change: &Map<String, Value>,
    when_empty: WhenEmpty,
) -> Option<Map<String, Value>> {
    let mut merged = if change.is_empty() {
        Map::new()
    } else {
        stored.unwrap_or_default()
    };
    for (name, value) in change {
        if value.is_null() {
            merged.shift_remove(name);
        } else {
            merged.insert(name.clone(), value.clone());
        }
    }
    (!merged.is_empty() || when_empty == WhenEmpty::Object).then_some(merged)
}

/// Names that `app_metadata` may not have, because the vendor's older interfaces show them beside the profile.
pub const RESERVED: [&str; 18] = [
    "__tenant",
    "_id",
    "blocked",
    "clientID",
    "created_at",
    "email_verified",
    "email",
    "globalClientID",
    "global_client_id",
    "identities",
    "lastIP",
    "lastLogin",
    "loginsCount",
    "metadata",
    "multifactor_last_modified",
    "multifactor",
    "updated_at",
    "user_id",
];

/// The first name of `app_metadata` that is [`RESERVED`].
pub fn reserved(app_metadata: &Map<String, Value>) -> Option<&str> {
    let mut names = app_metadata.keys().map(String::as_str);
    names.find(|name| RESERVED.contains(name))
}

/// Whether `user_metadata` that came with a sign-up from anybody is small enough: 10 texts of 500 characters, under names
/// of 100.
pub fn fits_signup(user_metadata: &Map<String, Value>) -> bool {
    let fits = |(name, value): (&String, &Value)| {
        let text = value.as_str();
        name.chars().count() <= 100 && text.is_some_and(|text| text.chars().count() <= 500)
    };
    user_metadata.len() <= 10 && user_metadata.iter().all(fits)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn metadata_are_merged_on_the_first_level() {
        let stored = json!({"a": 1, "b": {"c": 1, "d": 2}});
        for (change, expected) in [
            (
                json!({"e": 5}),
                json!({"a": 1, "b": {"c": 1, "d": 2}, "e": 5}),
            ),
            (json!({"b": {"c": 2}}), json!({"a": 1, "b": {"c": 2}})),
            (json!({"a": null}), json!({"b": {"c": 1, "d": 2}})),
            (json!({"none": null}), stored.clone()),
            (json!({"b": {"c": null}}), json!({"a": 1, "b": {"c": null}})),
        ] {
            let merged = merge(Some(object(&stored)), &object(&change), WhenEmpty::Absent);
            assert_eq!(merged.map(Value::Object), Some(expected), "{change}");
        }
    }

    #[test]
    fn metadata_that_become_empty_are_an_object_or_absent() {
        for change in [json!({}), json!({"a": null})] {
            let merged =
                |when_empty| merge(Some(object(&json!({"a": 1}))), &object(&change), when_empty);
            assert_eq!(merged(WhenEmpty::Object), Some(Map::new()));
            assert_eq!(merged(WhenEmpty::Absent), None);
        }
        assert_eq!(
            merge(None, &object(&json!({"a": null})), WhenEmpty::Absent),
            None
        );
    }

    #[test]
    fn reserved_names_and_large_signups_are_found() {
        assert_eq!(
            reserved(&object(&json!({"plan": 1, "user_id": 1}))),
            Some("user_id")
        );
        assert_eq!(reserved(&object(&json!({"plan": 1}))), None);
        assert!(fits_signup(&object(&json!({"a": "x".repeat(500)}))));
        assert!(!fits_signup(&object(&json!({"a": "x".repeat(501)}))));
        assert!(!fits_signup(&object(&json!({"a": 5}))));
        let many: Map<_, _> = (0..11)
            .map(|number| (number.to_string(), json!("")))
            .collect();
        assert!(!fits_signup(&many));
        assert!(!fits_signup(&object(&json!({"x".repeat(101): ""}))));
    }
}
