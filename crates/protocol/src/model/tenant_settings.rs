//! The settings of a tenant.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind};

/// `tenants/settings`.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct TenantSettings {
    /// Always [`TenantSettings::ID`].
    pub id: String,
    /// The audience of user flows that name none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_audience: Option<String>,
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
}
