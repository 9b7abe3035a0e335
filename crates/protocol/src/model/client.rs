//! Applications (clients, RFC 6749 §2).

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::{
    document::{Document, Kind, Link, UniqueKey},
    model::RefreshTokenSettings,
    profile::{Profile, Switches},
    secret::Secret,
};

/// An application.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "the members of the document are named by the compatible API"
)]
pub struct Client {
    /// RFC 6749 §2.2.
    pub client_id: String,
    /// The name shown to people.
    pub name: String,
    /// RFC 6749 §2.3.1; applications that authenticate with keys have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_secret: Option<Secret>,
    /// What kind of application it is; `None` behaves like a regular web application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app_type: Option<AppType>,
    /// RFC 7591 §2: the grant types it may use.
    #[serde(default)]
    pub grant_types: Vec<String>,
    /// RFC 7591 §2; absent means `client_secret_post`, and Basic is accepted as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_endpoint_auth_method: Option<String>,
    /// Key-based authentication; excludes `token_endpoint_auth_method`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_authentication_methods: Option<ClientAuthenticationMethods>,
    /// The keys registered for it. Kept inside the client, so that one lookup authenticates; shown under
    /// `/clients/{id}/credentials`.
    #[serde(
        default,
        skip_serializing_if = "Vec::is_empty",
        rename = "grantor_credentials"
    )]
    pub credentials: Vec<ClientCredential>,
    /// Whether the tenant's own people made it.
    #[serde(default = "yes")]
    pub is_first_party: bool,
    /// Whether it takes part in OpenID Connect alone; `false` matters only in tenants that have the legacy pipeline on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oidc_conformant: Option<bool>,
    /// Applications that may delegate to it, in the legacy pipeline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_clients: Option<Vec<String>>,
    /// Where responses of the authorization endpoint may go.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub callbacks: Option<Vec<String>>,
    /// Where a browser may go after logging out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_logout_urls: Option<Vec<String>>,
    /// Origins that may receive a response as a web message, or log in across origins.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_origins: Option<Vec<String>>,
    /// Origins that may call the authentication API from a browser; those of the callbacks are implied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allowed_origins: Option<Vec<String>>,
    /// Whether pages of its web origins may send passwords to the server (`/co/authenticate`).
    #[serde(default)]
    pub cross_origin_authentication: bool,
    /// Whether the token endpoint believes it where it says whose request it forwards (`auth0-forwarded-for`).
    #[serde(default)]
    pub is_token_endpoint_ip_header_trusted: bool,
    /// Whether its users log in through organizations; absent means they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub organization_usage: Option<OrganizationUsage>,
    /// Whether errors may be redirected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub redirection_policy: Option<RedirectionPolicy>,
    /// What a third-party application may do; absent means permissive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub third_party_security_mode: Option<ThirdPartySecurityMode>,
    /// Whether a login without any page is confirmed where the callback is not verifiable; absent: the tenant's setting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skip_non_verifiable_callback_uri_confirmation_prompt: Option<bool>,
    /// The tenant's "all applications" entry, which takes part in no flow.
    #[serde(default)]
    pub global: bool,
    /// How ID tokens are signed and how long they live.
    #[serde(default)]
    pub jwt_configuration: JwtConfiguration,
    /// How its refresh tokens behave; absent: they neither rotate nor expire.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<RefreshTokenSettings>,
    /// Which dialect of the protocol it is spoken to in; absent means the vendor's.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        rename = "grantor_profile"
    )]
    pub profile: Option<Profile>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

const fn yes() -> bool {
    true
}

impl Client {
    /// Whether it cannot keep a secret (RFC 6749 §2.1).
    pub fn is_public(&self) -> bool {
        self.token_endpoint_auth_method.as_deref() == Some("none")
    }

    /// Whether it authenticates with signed assertions.
    pub fn authenticates_with_keys(&self) -> bool {
        self.client_authentication_methods
            .as_ref()
            .is_some_and(|methods| methods.private_key_jwt.is_some())
    }

    /// Whether its secret may come in the `Authorization` header (`basic`) or in the body.
    pub fn allows_transport(&self, basic: bool) -> bool {
        let registered = match self.token_endpoint_auth_method.as_deref() {
            Some("client_secret_basic") => basic,
            _ => !basic,
        };
        registered || self.switches().any_secret_transport
    }

    /// The keys that may sign its assertions.
    pub fn assertion_credentials(&self) -> impl Iterator<Item = &ClientCredential> {
        let methods = self.client_authentication_methods.as_ref();
        let allowed = methods.and_then(|methods| methods.private_key_jwt.as_ref());
        self.credentials.iter().filter(move |credential| {
            allowed.is_some_and(|allowed| {
                allowed
                    .credentials
                    .iter()
                    .any(|named| named.id == credential.id)
            })
        })
    }

    /// Whether it is a third-party application under the strict rules.
    pub fn is_strict_third_party(&self) -> bool {
        !self.is_first_party
            && self.third_party_security_mode == Some(ThirdPartySecurityMode::Strict)
    }

    /// The switches of its profile.
    pub fn switches(&self) -> Switches {
        self.profile.unwrap_or_default().switches()
    }
}

impl Document for Client {
    const KIND: Kind = Kind {
        name: "client",
        id: "/client_id",
        unique: &[
            UniqueKey {
                name: "resource_server_identifier",
                paths: &["/resource_server_identifier"],
            },
            UniqueKey {
                name: "external_client_id",
                paths: &["/external_client_id"],
            },
            // What the server itself made the client for, such as its own administration.
            UniqueKey {
                name: "purpose",
                paths: &["/grantor_purpose"],
            },
        ],
        links: &[
            Link {
                name: "global",
                path: "/global",
            },
            Link {
                name: "alias",
                path: "/client_aliases",
            },
            Link {
                name: "external_client_id",
                path: "/external_client_id",
            },
        ],
        secrets: &["/client_secret", "/signing_keys/*/key"],
    };
}

/// `app_type`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AppType {
    /// An app on a phone or a desktop.
    Native,
    /// An app in a browser.
    Spa,
    /// A web application with a server.
    RegularWeb,
    /// A service.
    NonInteractive,
    /// An API in its role as a client (on-behalf-of exchanges).
    ResourceServer,
    /// Any other value of the compatible API.
    #[serde(untagged)]
    Other(String),
}

/// `organization_usage`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OrganizationUsage {
    /// Users log in without one.
    #[default]
    Deny,
    /// Either way.
    Allow,
    /// Users log in through one.
    Require,
}

/// `redirection_policy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RedirectionPolicy {
    /// Errors go to the callback.
    AllowAlways,
    /// Errors are shown on a page of the server.
    OpenRedirectProtection,
}

/// `third_party_security_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ThirdPartySecurityMode {
    /// Code with PKCE, refresh and client credentials alone; no wildcards; errors on pages.
    Strict,
    /// The older rules.
    Permissive,
}

/// Key-based client authentication.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClientAuthenticationMethods {
    /// RFC 7523 §2.2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_key_jwt: Option<PrivateKeyJwt>,
    /// Methods that no rule reads yet.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Which credentials may sign client assertions.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct PrivateKeyJwt {
    /// `[{"id": "cred_…"}]`.
    pub credentials: Vec<CredentialReference>,
}

/// Names a credential.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CredentialReference {
    /// `cred_…`.
    pub id: String,
}

/// A public key registered for a client.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ClientCredential {
    /// `cred_…`.
    pub id: String,
    /// `public_key`, `cert_subject_dn` or `x509_cert`.
    pub credential_type: String,
    /// The public key or certificate in PEM; never shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pem: Option<String>,
    /// `RS256`, `RS384` or `PS256` (also `ES256`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// RFC 7638 thumbprint unless given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kid: Option<String>,
    /// RFC 3339; past it the credential is not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// `jwt_configuration`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
pub struct JwtConfiguration {
    /// Life of an ID token, in seconds; absent means 36 000.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_in_seconds: Option<i64>,
    /// How ID tokens are signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alg: Option<String>,
    /// Everything that no rule reads.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}
