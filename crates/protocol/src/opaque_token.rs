//! What an opaque access token stands for: it is good for userinfo alone, and kept by the server that issued it.

use serde::{Deserialize, Serialize};

/// What was granted with the token. The token itself is random, and kept as a keyed digest alone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct OpaqueToken {
    /// To whom it was issued.
    pub client_id: String,
    /// For whom it speaks.
    pub user_id: String,
    /// The granted scopes.
    pub scope: Vec<String>,
    /// Names that the authorization request's `claims` asked userinfo for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requested: Vec<String>,
}
