//! Which API a user's token is for, from what was asked and what the tenant presets.

use serde::{Deserialize, Serialize};

use crate::{
    model::{ResourceParameterProfile, TenantSettings},
    parameters::Parameters,
    refusal::Refusal,
    tenant::Issuer,
};

/// What the access token is for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// Userinfo alone.
    Userinfo,
    /// The API of this identifier, as sent. Whether there is one is not known here.
    Api(String),
}

impl Target {
    /// Reads `audience` and `resource` (RFC 8707; where the tenant lets it name the API), else the tenant's default.
    ///
    /// # Errors
    /// A [`Refusal`] for a parameter that is no text.
    pub fn read(
        parameters: &Parameters,
        settings: &TenantSettings,
        issuer: &Issuer,
    ) -> Result<Self, Refusal> {
        Ok(match (asked(parameters, settings)?, preset(settings)) {
            // Naming userinfo is how a client gets around the tenant's default.
            (Some(asked), _) if is_own(asked, issuer) => Self::Userinfo,
            (Some(asked), _) => Self::Api(asked.to_owned()),
            (None, Some(preset)) => Self::Api(issuer.to_wire(preset)),
            (None, None) => Self::Userinfo,
        })
    }

    /// The audience that the request names, else the tenant's default; userinfo counts as one.
    ///
    /// # Errors
    /// A [`Refusal`] for a parameter that is no text.
    pub fn named<'a>(
        parameters: &'a Parameters,
        settings: &'a TenantSettings,
    ) -> Result<Option<&'a str>, Refusal> {
        Ok(asked(parameters, settings)?.or_else(|| preset(settings)))
    }

    /// The identifier of the API, as sent.
    pub fn api(&self) -> Option<&str> {
        match self {
            Self::Userinfo => None,
            Self::Api(identifier) => Some(identifier),
        }
    }

    /// Under which audience the user's consent is kept.
    pub fn consent_audience(&self, issuer: &Issuer) -> String {
        match self {
            Self::Userinfo => issuer.url("userinfo"),
            Self::Api(identifier) => issuer.to_stored(identifier),
        }
    }
}

fn asked<'a>(
    parameters: &'a Parameters,
    settings: &TenantSettings,
) -> Result<Option<&'a str>, Refusal> {
    let resource = parameters.text("resource")?.filter(|_| {
        settings.resource_parameter_profile == Some(ResourceParameterProfile::Compatibility)
    });
    Ok(parameters.text("audience")?.or(resource))
}

fn preset(settings: &TenantSettings) -> Option<&str> {
    let preset = settings.default_audience.as_deref();
    preset.filter(|preset| !preset.is_empty())
}

/// Whether `audience` is userinfo, or the domain alone.
fn is_own(audience: &str, issuer: &Issuer) -> bool {
    let own = issuer.as_str();
    let without_slash = own.strip_suffix('/').unwrap_or(own);
    let host = without_slash.split_once("://").map(|(_, host)| host);
    audience == issuer.url("userinfo")
        || audience == own
        || audience == without_slash
        || Some(audience) == host
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn target(query: &str, settings: &Value) -> Target {
        let mut document = json!({"id": "settings"});
        document
            .as_object_mut()
            .unwrap()
            .extend(settings.as_object().unwrap().clone());
        let settings: TenantSettings = serde_json::from_value(document).unwrap();
        let parameters = Parameters::parse_form(query.as_bytes()).unwrap();
        Target::read(&parameters, &settings, &Issuer::new("https", "login.test")).unwrap()
    }

    #[test]
    fn the_audience_names_the_api_and_userinfo_or_the_domain_none() {
        let none = json!({});
        assert_eq!(
            target("audience=organize", &none),
            Target::Api("organize".to_owned())
        );
        assert_eq!(target("", &none), Target::Userinfo);
        for own in [
            "https://login.test/userinfo",
            "https://login.test/",
            "https://login.test",
            "login.test",
        ] {
            assert_eq!(target(&format!("audience={own}"), &none), Target::Userinfo);
        }
    }

    #[test]
    fn the_tenants_default_counts_where_none_is_named_and_userinfo_suppresses_it() {
        let preset = json!({"default_audience": "https://orders.test"});
        let orders = Target::Api("https://orders.test".to_owned());
        assert_eq!(target("", &preset), orders);
        assert_eq!(target("audience=x", &preset), Target::Api("x".to_owned()));
        assert_eq!(
            target("audience=https://login.test/userinfo", &preset),
            Target::Userinfo
        );
        assert_eq!(
            target("", &json!({"default_audience": ""})),
            Target::Userinfo
        );
    }

    #[test]
    fn resource_counts_in_compatibility_mode_alone_and_audience_wins() {
        assert_eq!(target("resource=x", &json!({})), Target::Userinfo);
        let on = json!({"resource_parameter_profile": "compatibility"});
        assert_eq!(target("resource=x", &on), Target::Api("x".to_owned()));
        assert_eq!(
            target("resource=x&audience=y", &on),
            Target::Api("y".to_owned())
        );
    }
}
