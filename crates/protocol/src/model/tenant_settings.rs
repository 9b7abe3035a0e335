//! The settings of a tenant.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use crate::document::{Document, Kind};

/// `tenants/settings`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct TenantSettings {
    /// Always [`TenantSettings::ID`].
    pub id: String,
    /// The audience of user flows that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<String>,
    /// The name of the connection that the password grant checks passwords against unless the request names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_directory: Option<String>,
    /// Where a browser may go after logging out, if no application is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_logout_urls: Option<Vec<String>>,
    /// Whether `resource` (RFC 8707) stands for `audience`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_parameter_profile: Option<ResourceParameterProfile>,
    /// Hours after which a session ends, whatever happens in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_lifetime: Option<Number>,
    /// Hours after which a session ends that nobody uses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_session_lifetime: Option<Number>,
    /// `session_lifetime` of sessions that end with the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ephemeral_session_lifetime: Option<Number>,
    /// `idle_session_lifetime` of sessions that end with the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_ephemeral_session_lifetime: Option<Number>,
    /// Whether sessions outlive the browser.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_cookie: Option<SessionCookie>,
    /// Whether a login without any page is confirmed where the callback is not verifiable; absent: it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_non_verifiable_callback_uri_confirmation_prompt: Option<bool>,
    /// Switches.
    #[serde(default)]
    pub flags: Map<String, Value>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl TenantSettings {
    /// The identifier of the one settings document of a tenant.
    pub const ID: &'static str = "settings";

    /// The default directory, if there is one.
    pub fn default_directory(&self) -> Option<&str> {
        let name = self.default_directory.as_deref();
        name.filter(|name| !name.is_empty())
    }

    /// Whether the flag `name` is on; absent means off.
    pub fn flag(&self, name: &str) -> bool {
        self.flags
            .get(name)
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }
}

impl Document for TenantSettings {
    const KIND: Kind = Kind {
        name: "tenant_settings",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &[],
    };

    const OFTEN_ABSENT: bool = true;
}

/// `resource_parameter_profile`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceParameterProfile {
    /// `audience` alone names the API.
    Audience,
    /// `resource` names it where `audience` does not.
    Compatibility,
}

/// `session_cookie`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct SessionCookie {
    /// Whether sessions outlive the browser.
    pub mode: SessionCookieMode,
}

/// `session_cookie.mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionCookieMode {
    /// They do.
    #[default]
    Persistent,
    /// They do not.
    NonPersistent,
}
