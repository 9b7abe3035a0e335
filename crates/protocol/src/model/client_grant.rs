//! Client grants: which application may use which API, with which scopes.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind, Link, UniqueKey};

/// The permission of an application to ask for tokens of an API.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClientGrant {
    /// `cgr_…`.
    pub id: String,
    /// The application; absent when the grant is the default of all third-party applications.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// The API's identifier, as stored (`Issuer::to_stored`).
    pub audience: String,
    /// The granted scopes; absent when `allow_all_scopes` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Vec<String>>,
    /// Every scope of the API, those of the future included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_all_scopes: Option<bool>,
    /// Whether the application acts for itself or for a user.
    #[serde(default)]
    pub subject_type: SubjectType,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Document for ClientGrant {
    const KIND: Kind = Kind {
        name: "client_grant",
        id: "/id",
        unique: &[
            UniqueKey {
                name: "pair",
                paths: &["/client_id", "/audience", "/subject_type"],
            },
            UniqueKey {
                name: "default_for",
                paths: &["/default_for", "/audience", "/subject_type"],
            },
        ],
        links: &[
            Link {
                name: "client_id",
                path: "/client_id",
            },
            Link {
                name: "audience",
                path: "/audience",
            },
        ],
        secrets: &[],
    };
}

/// For whom the application acts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum SubjectType {
    /// For itself.
    #[default]
    Client,
    /// For a user.
    User,
}

impl SubjectType {
    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::User => "user",
        }
    }
}
