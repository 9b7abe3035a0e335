//! Which of two pipelines answers a request: a value that is made once, when the request is read.
//!
//! What differs is named by the switches; nothing else asks which pipeline it is.

use serde::{Deserialize, Serialize};

use crate::{
    model::{Client, TenantSettings},
    profile::Profile,
};

/// The flag of a tenant without which there is no legacy pipeline.
pub const PIPELINE_FLAG: &str = "grantor_legacy_pipeline";

/// Which pipeline answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Pipeline {
    /// OpenID Connect.
    #[default]
    Conformant,
    /// What was before, for applications that have not moved yet.
    Legacy,
}

impl Pipeline {
    /// The pipeline of a request that names `audience`, or whose tenant presets one.
    pub fn of(client: &Client, settings: &TenantSettings, audience: Option<&str>) -> Self {
        if audience.is_none() && settings.flag(PIPELINE_FLAG) && !client.is_conformant() {
            Self::Legacy
        } else {
            Self::Conformant
        }
    }

    /// The pipeline in which a login goes on that was begun in this one: the switches of today count.
    #[must_use]
    pub fn today(self, client: &Client, settings: &TenantSettings) -> Self {
        match self {
            Self::Conformant => Self::Conformant,
            Self::Legacy => Self::of(client, settings, None),
        }
    }

    /// Whether it is what requests get unless something else is said.
    pub fn is_conformant(&self) -> bool {
        *self == Self::Conformant
    }

    /// What the pipeline switches.
    pub const fn switches(self) -> PipelineSwitches {
        match self {
            Self::Conformant => PipelineSwitches {
                front_id_tokens: FrontIdTokens::AsTheResponseTypeSays,
                nonces: Nonces::Wanted,
                consent: Consent::WhereNeeded,
                user_claims: UserClaims::Standard,
                id_token_key: IdTokenKey::OfTheServer,
            },
            Self::Legacy => PipelineSwitches {
                front_id_tokens: FrontIdTokens::WithOpenid,
                nonces: Nonces::Optional,
                consent: Consent::Never,
                user_claims: UserClaims::Everything,
                id_token_key: IdTokenKey::OfTheClient,
            },
        }
    }
}

/// The switches of a [`Pipeline`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PipelineSwitches {
    /// Which ID tokens go through the browser.
    pub front_id_tokens: FrontIdTokens,
    /// Whether they need a nonce.
    pub nonces: Nonces,
    /// Who is asked for consent.
    pub consent: Consent,
    /// Which claims of the user ID tokens have.
    pub user_claims: UserClaims,
    /// What signs ID tokens, where the client does not say or the browser carries them.
    pub id_token_key: IdTokenKey,
}

/// Which ID tokens go through the browser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontIdTokens {
    /// Those that `response_type` names.
    AsTheResponseTypeSays,
    /// Also one beside an access token, with the scope `openid`.
    WithOpenid,
}

/// Whether an ID token through the browser needs a nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nonces {
    /// It does.
    Wanted,
    /// It does not.
    Optional,
}

/// Who is asked for consent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Consent {
    /// As [`crate::consent`] says.
    WhereNeeded,
    /// Nobody.
    Never,
}

/// Which claims of the user ID tokens have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserClaims {
    /// Those that OpenID Connect has for the scopes.
    Standard,
    /// With `profile` all that is known, and with any other scope the member of that name.
    Everything,
}

/// What signs ID tokens, where the client does not say or the browser carries them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IdTokenKey {
    /// The server's key, whatever the client says where the browser carries them.
    OfTheServer,
    /// The client's secret, unless the client says another.
    OfTheClient,
}

impl Client {
    /// Whether it takes part in OpenID Connect alone. Applications of others, those that are spoken to in the RFCs'
    /// dialect, and those of which nobody said that they are not, do.
    pub fn is_conformant(&self) -> bool {
        self.oidc_conformant != Some(false)
            || !self.is_first_party
            || self.profile == Some(Profile::Oidc)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn pipeline(client: &Value, flags: &Value, audience: Option<&str>) -> Pipeline {
        let mut document = json!({"client_id": "till", "name": "Till"});
        document
            .as_object_mut()
            .unwrap()
            .extend(client.as_object().unwrap().clone());
        let client: Client = serde_json::from_value(document).unwrap();
        let settings = json!({"id": "settings", "flags": flags});
        let settings: TenantSettings = serde_json::from_value(settings).unwrap();
        let begun = Pipeline::of(&client, &settings, audience);
        assert_eq!(begun.today(&client, &settings), begun);
        begun
    }

    #[test]
    fn t5_2_legacy_is_who_is_not_conformant_where_the_tenant_allows_it_and_no_audience_is_named() {
        let (old, on) = (
            json!({"oidc_conformant": false}),
            json!({PIPELINE_FLAG: true}),
        );
        assert_eq!(pipeline(&old, &on, None), Pipeline::Legacy);
        assert_eq!(
            pipeline(&old, &on, Some("https://login.test/userinfo")),
            Pipeline::Conformant
        );
        assert_eq!(pipeline(&old, &json!({}), None), Pipeline::Conformant);
        for client in [
            json!({}),
            json!({"oidc_conformant": true}),
            json!({"oidc_conformant": false, "is_first_party": false}),
            json!({"oidc_conformant": false, "grantor_profile": "oidc"}),
        ] {
            assert_eq!(pipeline(&client, &on, None), Pipeline::Conformant);
        }
    }

    #[test]
    fn what_was_begun_in_the_legacy_pipeline_ends_in_the_one_of_today() {
        let client = json!({"client_id": "till", "name": "Till", "oidc_conformant": true});
        let client: Client = serde_json::from_value(client).unwrap();
        let settings = json!({"id": "settings", "flags": {PIPELINE_FLAG: true}});
        let settings: TenantSettings = serde_json::from_value(settings).unwrap();
        assert_eq!(
            Pipeline::Legacy.today(&client, &settings),
            Pipeline::Conformant
        );
    }
}
