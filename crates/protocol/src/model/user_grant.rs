//! User grants: what a user consented to.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind, Link, UniqueKey};

/// The consent of a user that an application may use an API on the user's behalf.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct UserGrant {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The application; the compatible wire writes it so.
    #[serde(rename = "clientID")]
    pub client_id: String,
    /// The user.
    pub user_id: String,
    /// The API's identifier, as stored (`Issuer::to_stored`).
    pub audience: String,
    /// What the user consented to.
    #[serde(default)]
    pub scope: Vec<String>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Document for UserGrant {
    const KIND: Kind = Kind {
        name: "user_grant",
        id: "/id",
        unique: &[UniqueKey {
            name: "consent",
            paths: &["/user_id", "/clientID", "/audience"],
        }],
        links: &[
            Link {
                name: "client_id",
                path: "/clientID",
            },
            Link {
                name: "user_id",
                path: "/user_id",
            },
            Link {
                name: "audience",
                path: "/audience",
            },
        ],
        secrets: &[],
    };
}
