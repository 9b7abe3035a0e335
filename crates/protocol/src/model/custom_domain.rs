//! Custom domains: further hosts under which a tenant is reached.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind, UniqueKey};

/// A custom domain.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CustomDomain {
    /// `cd_…`.
    pub custom_domain_id: String,
    /// The host name.
    pub domain: String,
    /// `pending_verification`, `ready` or `failed`; only a ready one is a host of the tenant.
    pub status: String,
    /// Whether links that the server makes by itself use it.
    #[serde(default)]
    pub is_default: bool,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Document for CustomDomain {
    const KIND: Kind = Kind {
        name: "custom_domain",
        id: "/custom_domain_id",
        unique: &[UniqueKey {
            name: "domain",
            paths: &["/domain"],
        }],
        links: &[],
        secrets: &[],
    };
}
