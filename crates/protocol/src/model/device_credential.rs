//! Device credentials: public keys that applications register for a device of a user.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::document::{Document, Kind, Link, UniqueKey};

/// The public key of a user's device at a client. Nothing is signed in with it here; it is kept for applications.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct DeviceCredential {
    /// `dcr_` and 16 characters.
    pub id: String,
    /// Whose device it is.
    pub user_id: String,
    /// For which client.
    pub client_id: String,
    /// Which device; one key each.
    pub device_id: String,
    /// What people call the device.
    pub device_name: String,
    /// Everything that no rule reads, the key included.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl Document for DeviceCredential {
    const KIND: Kind = Kind {
        name: "device_credential",
        id: "/id",
        unique: &[UniqueKey {
            name: "device",
            paths: &["/user_id", "/client_id", "/device_id"],
        }],
        links: &[
            Link {
                name: "user_id",
                path: "/user_id",
            },
            Link {
                name: "client_id",
                path: "/client_id",
            },
        ],
        secrets: &[],
    };
}
