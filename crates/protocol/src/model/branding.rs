//! Branding: what the tenant's pages look like.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind};

/// `branding`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct Branding {
    /// Always [`Branding::ID`].
    pub id: String,
    /// An `https` URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logo_url: Option<String>,
    /// An `https` URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub favicon_url: Option<String>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Branding {
    /// The identifier of the one branding document of a tenant; a tenant that changed nothing has none.
    pub const ID: &'static str = "branding";
}

impl Document for Branding {
    const KIND: Kind = Kind {
        name: "branding",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &[],
    };

    const OFTEN_ABSENT: bool = true;
}

/// `branding/templates/universal-login`: the page around the widget of the login pages.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct UniversalLoginTemplate {
    /// Always [`UniversalLoginTemplate::ID`].
    pub id: String,
    /// Liquid, at most 102 400 bytes.
    pub body: String,
}

impl UniversalLoginTemplate {
    /// The identifier of the one page template of a tenant.
    pub const ID: &'static str = "universal-login";
}

impl Document for UniversalLoginTemplate {
    const KIND: Kind = Kind {
        name: "universal_login_template",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &[],
    };

    const OFTEN_ABSENT: bool = true;
}
