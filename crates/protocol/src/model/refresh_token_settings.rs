//! How refresh tokens of an application behave.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Life of a refresh token that expires, in seconds, where the application does not say: 30 days.
const TOKEN_LIFETIME_SECONDS: i64 = 2_592_000;
/// How long one that expires may lie unused, in seconds, where the application does not say: 15 days.
const IDLE_TOKEN_LIFETIME_SECONDS: i64 = 1_296_000;

/// `refresh_token` of an application. What is absent is as if no settings had been sent: tokens that never change and
/// never expire.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct RefreshTokenSettings {
    /// Whether each use gives a new token.
    #[serde(default)]
    pub rotation_type: RotationType,
    /// Whether there is an end to them at all.
    #[serde(default)]
    pub expiration_type: ExpirationType,
    /// For how many seconds after its rotation a token still leads to its successor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leeway: Option<i64>,
    /// Life in seconds, from the login on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime: Option<i64>,
    /// Whether `token_lifetime` does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infinite_token_lifetime: Option<bool>,
    /// Seconds that a token may lie unused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_token_lifetime: Option<i64>,
    /// Whether `idle_token_lifetime` does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub infinite_idle_token_lifetime: Option<bool>,
    /// Further APIs that the tokens are good for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Vec<RefreshTokenPolicy>>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A further API that refresh tokens of an application are good for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct RefreshTokenPolicy {
    /// The API's identifier.
    pub audience: String,
    /// Which of its scopes.
    #[serde(default)]
    pub scope: Vec<String>,
}

/// `rotation_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum RotationType {
    /// Each use gives a new token.
    Rotating,
    /// A token stays as it is.
    #[default]
    NonRotating,
}

/// `expiration_type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExpirationType {
    /// The lifetimes count.
    Expiring,
    /// They do not.
    #[default]
    NonExpiring,
}

impl RefreshTokenSettings {
    /// For how many seconds after its rotation a token still leads to its successor.
    pub fn leeway_seconds(&self) -> i64 {
        self.leeway.unwrap_or_default().max(0)
    }

    /// Seconds from the login until there is an end; `None` if there is none.
    pub fn absolute_seconds(&self) -> Option<i64> {
        let lifetime = self.token_lifetime.unwrap_or(TOKEN_LIFETIME_SECONDS);
        self.enforced(self.infinite_token_lifetime, lifetime)
    }

    /// Seconds without a use until there is an end; `None` if there is none.
    pub fn idle_seconds(&self) -> Option<i64> {
        let lifetime = self
            .idle_token_lifetime
            .unwrap_or(IDLE_TOKEN_LIFETIME_SECONDS);
        self.enforced(self.infinite_idle_token_lifetime, lifetime)
    }

    fn enforced(&self, infinite: Option<bool>, seconds: i64) -> Option<i64> {
        let expires = self.expiration_type == ExpirationType::Expiring && infinite != Some(true);
        expires.then_some(seconds)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn settings(document: Value) -> RefreshTokenSettings {
        serde_json::from_value(document).unwrap()
    }

    #[test]
    fn tokens_of_an_application_without_settings_stay_for_ever() {
        let settings = RefreshTokenSettings::default();
        assert_eq!(settings.rotation_type, RotationType::NonRotating);
        assert_eq!(settings.leeway_seconds(), 0);
        assert_eq!(
            (settings.absolute_seconds(), settings.idle_seconds()),
            (None, None)
        );
    }

    #[test]
    fn lifetimes_count_where_tokens_expire_and_they_are_not_infinite() {
        let both = json!({"rotation_type": "rotating", "expiration_type": "expiring", "leeway": 3,
            "token_lifetime": 100, "idle_token_lifetime": 10});
        let found = settings(both.clone());
        assert_eq!(
            (found.absolute_seconds(), found.idle_seconds()),
            (Some(100), Some(10))
        );
        let mut endless = both.clone();
        endless["infinite_token_lifetime"] = json!(true);
        assert_eq!(settings(endless).absolute_seconds(), None);
        let mut never = both;
        never["expiration_type"] = json!("non-expiring");
        let never = settings(never);
        assert_eq!(
            (never.absolute_seconds(), never.idle_seconds()),
            (None, None)
        );
        let preset = settings(json!({"expiration_type": "expiring"}));
        assert_eq!(preset.absolute_seconds(), Some(2_592_000));
        assert_eq!(preset.idle_seconds(), Some(1_296_000));
    }
}
