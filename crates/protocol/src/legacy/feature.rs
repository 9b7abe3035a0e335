//! The features that are retired, each with what takes its place.

use std::borrow::Cow;

use super::PIPELINE_FLAG;
use crate::{
    model::{Client, TenantSettings},
    refusal::Refusal,
    rule::Rule,
};

/// A retired feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Authorization and token requests of applications that are not conformant.
    Pipeline,
    /// `/oauth/ro`: a password, or a code that was sent, for tokens.
    ResourceOwner,
    /// `/delegation`: an ID token or a refresh token for an ID token of another application.
    Delegation,
    /// `/tokeninfo`: an ID token for the user's profile.
    TokenInfo,
    /// `/oauth/access_token`: a social provider's access token for tokens.
    SocialAccessToken,
    /// `/user/ssodata`: whether somebody is logged in.
    SsoData,
    /// `/users/{id}/impersonate`: a login as somebody else.
    Impersonation,
    /// `/login/unlink`: taking an identity off a user.
    Unlink,
}

impl Feature {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Pipeline,
        Self::ResourceOwner,
        Self::Delegation,
        Self::TokenInfo,
        Self::SocialAccessToken,
        Self::SsoData,
        Self::Impersonation,
        Self::Unlink,
    ];

    /// Its name in the log and in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pipeline => "legacy_pipeline",
            Self::ResourceOwner => "oauth_ro",
            Self::Delegation => "delegation",
            Self::TokenInfo => "tokeninfo",
            Self::SocialAccessToken => "oauth_access_token",
            Self::SsoData => "ssodata",
            Self::Impersonation => "impersonation",
            Self::Unlink => "login_unlink",
        }
    }

    /// The feature called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        let mut all = Self::ALL.iter();
        all.find(|feature| feature.name() == name).copied()
    }

    /// Where it is used.
    pub const fn endpoint(self) -> &'static str {
        match self {
            Self::Pipeline => "/authorize without an audience",
            Self::ResourceOwner => "/oauth/ro",
            Self::Delegation => "/delegation",
            Self::TokenInfo => "/tokeninfo",
            Self::SocialAccessToken => "/oauth/access_token",
            Self::SsoData => "/user/ssodata",
            Self::Impersonation => "/users/{id}/impersonate",
            Self::Unlink => "/login/unlink",
        }
    }

    /// What takes its place.
    pub const fn successor(self) -> &'static str {
        match self {
            Self::Pipeline => "set oidc_conformant, or name an audience",
            Self::ResourceOwner => {
                "use POST /oauth/token with the password-realm or the passwordless/otp grant"
            }
            Self::Delegation => {
                "use an access token of an API, or POST /oauth/token with the refresh_token grant"
            }
            Self::TokenInfo => "use GET /userinfo with an access token",
            Self::SocialAccessToken => "use GET /authorize with the name of the connection",
            Self::SsoData => "use GET /authorize with prompt=none",
            Self::Impersonation => "there is no successor; ask the user to log in",
            Self::Unlink => "use DELETE /api/v2/users/{id}/identities/{provider}/{user_id}",
        }
    }

    /// The switch of the tenant that must be on beside that of the pipeline; `None` if nothing brings it back.
    const fn flag(self) -> Option<&'static str> {
        match self {
            Self::Pipeline => Some(PIPELINE_FLAG),
            Self::ResourceOwner => Some("allow_legacy_ro_grant_types"),
            Self::Delegation => Some("allow_legacy_delegation_grant_types"),
            Self::TokenInfo => Some("allow_legacy_tokeninfo_endpoint"),
            Self::SocialAccessToken | Self::SsoData | Self::Impersonation | Self::Unlink => None,
        }
    }

    /// The feature that a name in `grant_types` stands for.
    pub fn of_grant_type(name: &str) -> Option<Self> {
        Some(match name.strip_prefix(LEGACY_GRANT_TYPES)? {
            "ro" | "ro/jwt-bearer" => Self::ResourceOwner,
            "delegation/refresh_token" | "delegation/id_token" => Self::Delegation,
            "access_token" => Self::SocialAccessToken,
            _ => return None,
        })
    }

    /// Whether the tenant has it switched on.
    pub fn is_on(self, settings: &TenantSettings) -> bool {
        settings.flag(PIPELINE_FLAG) && self.flag().is_some_and(|flag| settings.flag(flag))
    }

    /// The endpoint and what takes its place, for a refusal.
    fn with_successor(self) -> Cow<'static, str> {
        format!("{}: {}", self.endpoint(), self.successor()).into()
    }
}

/// What the names of legacy grant types begin with.
const LEGACY_GRANT_TYPES: &str = "http://auth0.com/oauth/legacy/grant-type/";

/// Whether `client` may use a feature that its tenant still has.
///
/// # Errors
/// [`Rule::ConformantClient`] and [`Rule::EndpointRetired`], which name the successor.
pub fn may_use(
    feature: Feature,
    settings: &TenantSettings,
    client: Option<&Client>,
) -> Result<(), Refusal> {
    let refuse = |rule| {
        let refusal = Refusal::new(rule).naming("endpoint", feature.with_successor());
        match client {
            Some(client) => refusal.with("client_id", &client.client_id),
            None => refusal,
        }
    };
    if client.is_some_and(Client::is_conformant) {
        return Err(refuse(Rule::ConformantClient));
    }
    if !feature.is_on(settings) {
        return Err(refuse(Rule::EndpointRetired).with(
            "flag",
            feature.flag().unwrap_or("none: it is gone for good"),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn settings(flags: &Value) -> TenantSettings {
        serde_json::from_value(json!({"id": "settings", "flags": flags})).unwrap()
    }

    fn till(members: &Value) -> Client {
        let mut client = json!({"client_id": "till", "name": "Till", "oidc_conformant": false});
        client
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        serde_json::from_value(client).unwrap()
    }

    #[test]
    fn t6_3_a_feature_wants_the_switch_of_the_pipeline_and_its_own() {
        let till = till(&json!({}));
        let ask = |flags: Value| {
            may_use(Feature::ResourceOwner, &settings(&flags), Some(&till))
                .map_err(|refusal| refusal.rule)
        };
        let both = json!({PIPELINE_FLAG: true, "allow_legacy_ro_grant_types": true});
        assert_eq!(ask(both), Ok(()));
        for flags in [
            json!({}),
            json!({PIPELINE_FLAG: true}),
            json!({"allow_legacy_ro_grant_types": true}),
            json!({PIPELINE_FLAG: true, "allow_legacy_tokeninfo_endpoint": true}),
        ] {
            assert_eq!(ask(flags), Err(Rule::EndpointRetired));
        }
    }

    #[test]
    fn t6_12_4_every_refusal_names_the_successor() {
        for &feature in Feature::ALL {
            for client in [till(&json!({"oidc_conformant": true})), till(&json!({}))] {
                let refusal = may_use(feature, &settings(&json!({})), Some(&client)).unwrap_err();
                let text = refusal.description();
                assert!(text.contains(feature.endpoint()), "{text}");
                assert!(text.contains(feature.successor()), "{text}");
            }
        }
    }

    #[test]
    fn names_of_legacy_grant_types_are_known() {
        for (name, feature) in [
            ("ro", Some(Feature::ResourceOwner)),
            ("ro/jwt-bearer", Some(Feature::ResourceOwner)),
            ("delegation/id_token", Some(Feature::Delegation)),
            ("delegation/refresh_token", Some(Feature::Delegation)),
            ("access_token", Some(Feature::SocialAccessToken)),
            ("else", None),
        ] {
            let name = format!("{LEGACY_GRANT_TYPES}{name}");
            assert_eq!(Feature::of_grant_type(&name), feature);
        }
        assert_eq!(Feature::of_grant_type("password"), None);
    }
}
