//! APIs (resource servers, RFC 6749 §1.1).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    document::{Document, Kind, Link, UniqueKey},
    secret::Secret,
};

/// An API.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ResourceServer {
    /// 24 hexadecimal digits.
    pub id: String,
    /// The value of `aud`, as stored (`Issuer::to_stored`); never normalised.
    pub identifier: String,
    /// The name shown to people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What may be asked for; absent until set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<ScopeEntry>>,
    /// How its access tokens are signed.
    #[serde(default)]
    pub signing_alg: SigningAlg,
    /// The HS256 key; 16 characters or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_secret: Option<Secret>,
    /// Life of an access token, in seconds.
    #[serde(default = "default_lifetime")]
    pub token_lifetime: i64,
    /// Life of an access token that goes through the browser, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_lifetime_for_web: Option<i64>,
    /// Whether refresh tokens are issued for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_offline_access: Option<bool>,
    /// Whether users of the tenant's own applications are spared the consent page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_consent_for_verifiable_first_party_clients: Option<bool>,
    /// Which claims its access tokens carry; absent until set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_dialect: Option<TokenDialect>,
    /// Role-based access control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enforce_policies: Option<bool>,
    /// Who may ask for its tokens.
    #[serde(default)]
    pub subject_type_authorization: SubjectTypeAuthorization,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

const fn default_lifetime() -> i64 {
    86_400
}

/// Life of an access token that goes through the browser, unless set, in seconds.
const DEFAULT_LIFETIME_FOR_WEB: i64 = 7200;

impl ResourceServer {
    /// Life of an access token that goes through the browser, in seconds: never longer than that of others.
    pub fn lifetime_for_web(&self) -> i64 {
        self.token_lifetime_for_web
            .unwrap_or(DEFAULT_LIFETIME_FOR_WEB)
            .min(self.token_lifetime)
    }

    /// The values of its scopes, in the order they were registered.
    pub fn scope_values(&self) -> impl Iterator<Item = &str> {
        self.scopes
            .iter()
            .flatten()
            .map(|scope| scope.value.as_str())
    }

    /// Whether it matters what a user may do here: scopes are narrowed by it, or tokens tell it.
    pub fn weighs_permissions(&self) -> bool {
        let told = matches!(
            self.token_dialect,
            Some(TokenDialect::AccessTokenAuthz | TokenDialect::Rfc9068ProfileAuthz)
        );
        told || self.enforce_policies == Some(true)
    }
}

impl Document for ResourceServer {
    const KIND: Kind = Kind {
        name: "resource_server",
        id: "/id",
        unique: &[UniqueKey {
            name: "identifier",
            paths: &["/identifier"],
        }],
        links: &[Link {
            name: "identifier",
            path: "/identifier",
        }],
        secrets: &["/signing_secret"],
    };
}

/// One scope of an API.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ScopeEntry {
    /// The value in `scope`.
    pub value: String,
    /// What the consent page says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// `signing_alg`. The compatible API knows HS256, RS256, RS512 and PS256; ES256 and EdDSA are ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub enum SigningAlg {
    /// HMAC with the API's own secret.
    HS256,
    /// RSASSA-PKCS1-v1_5 with SHA-256.
    #[default]
    RS256,
    /// RSASSA-PKCS1-v1_5 with SHA-512.
    RS512,
    /// RSASSA-PSS with SHA-256.
    PS256,
    /// ECDSA over P-256.
    ES256,
    /// Ed25519 (RFC 8037).
    EdDSA,
}

/// `token_dialect`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenDialect {
    /// The vendor's claims.
    #[default]
    AccessToken,
    /// The vendor's claims and `permissions`.
    AccessTokenAuthz,
    /// RFC 9068.
    #[serde(rename = "rfc9068_profile")]
    Rfc9068Profile,
    /// RFC 9068 and `permissions`.
    #[serde(rename = "rfc9068_profile_authz")]
    Rfc9068ProfileAuthz,
}

/// `subject_type_authorization`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct SubjectTypeAuthorization {
    /// Machine tokens.
    pub client: ClientAuthorization,
    /// Tokens on a user's behalf.
    pub user: UserAuthorization,
}

/// The policy for machine tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct ClientAuthorization {
    /// Who may have one.
    pub policy: ClientPolicy,
}

/// The policy for tokens on a user's behalf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
pub struct UserAuthorization {
    /// Which applications may ask.
    pub policy: UserPolicy,
}

/// Who may have a machine token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientPolicy {
    /// Nobody.
    DenyAll,
    /// Applications with a client grant.
    #[default]
    RequireClientGrant,
}

/// Which applications may ask for a token on a user's behalf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UserPolicy {
    /// All of them.
    #[default]
    AllowAll,
    /// None.
    DenyAll,
    /// Those with a client grant for users.
    RequireClientGrant,
}
