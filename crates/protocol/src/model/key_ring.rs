//! The signing keys of a tenant.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::SigningAlg;
use crate::{
    document::{Document, Kind},
    secret::Secret,
};

/// All signing keys of one tenant. One document, so that a rotation is one compare-and-write.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct KeyRing {
    /// Always [`KeyRing::ID`].
    pub id: String,
    /// Every key that is not forgotten yet.
    pub keys: Vec<StoredKey>,
    /// What the tenant's APIs sign with beside RS256. The key set has an entry for each of them.
    #[serde(default)]
    pub algorithms: Vec<SigningAlg>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

impl KeyRing {
    /// The identifier of the one ring of a tenant.
    pub const ID: &'static str = "signing";
}

impl Document for KeyRing {
    const KIND: Kind = Kind {
        name: "key_ring",
        id: "/id",
        unique: &[],
        links: &[],
        secrets: &["/keys/*/private_key"],
    };
}

/// A signing key at rest.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct StoredKey {
    /// 21 of `[0-9A-Za-z_-]`.
    pub kid: String,
    /// The family: `RSA`, `EC` (P-256) or `OKP` (Ed25519). One RSA key serves RS256, RS512 and PS256.
    pub kty: String,
    /// PKCS#8, base64.
    pub private_key: Secret,
    /// The self-signed certificate, PEM.
    pub certificate: String,
    /// Where it stands in its life.
    pub state: KeyState,
    /// Since when it has been in that state, in milliseconds since the epoch.
    pub since: i64,
    /// Since when the key set has shown it, in milliseconds since the epoch.
    pub published_at: i64,
    /// Until when it was current, in milliseconds since the epoch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_until: Option<i64>,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Where a signing key stands in its life: next → current → previous → revoked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyState {
    /// Published, does not sign yet.
    Next,
    /// Signs.
    Current,
    /// Signed; still published.
    Previous,
    /// Neither signs nor verifies.
    Revoked,
}
