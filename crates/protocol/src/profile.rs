//! Profiles: where the vendor's wire and the RFCs disagree, which of them a client gets.

use serde::{Deserialize, Serialize};

/// The dialect a client is spoken to in. A value with named switches; nothing else asks which profile it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Profile {
    /// The vendor's wire; the default of clients made through the Management API and the command line.
    #[default]
    Auth0,
    /// The RFCs and OpenID Connect to the letter; the default of dynamically registered clients.
    Oidc,
}

impl Profile {
    /// What the profile switches.
    pub const fn switches(self) -> Switches {
        match self {
            Self::Auth0 => Switches {
                error_dialect: ErrorDialect::Vendor,
                any_secret_transport: true,
                token_endpoint_as_assertion_audience: true,
                scope_beyond_grant: ScopeBeyondGrant::Dropped,
                scope_in_response: ScopeInResponse::WhenDifferent,
                issuer_in_authorization_response: false,
                pkce: Pkce::Optional,
                profile_claims: ProfileClaims::InIdToken,
                updated_at: UpdatedAt::Text,
                authentication_claims: AuthenticationClaims::WhenAskedFor,
            },
            Self::Oidc => Switches {
                error_dialect: ErrorDialect::Rfc,
                any_secret_transport: false,
                token_endpoint_as_assertion_audience: false,
                scope_beyond_grant: ScopeBeyondGrant::Refused,
                scope_in_response: ScopeInResponse::Always,
                issuer_in_authorization_response: true,
                pkce: Pkce::RequiredOfPublicClients,
                profile_claims: ProfileClaims::AtUserinfo,
                updated_at: UpdatedAt::Seconds,
                authentication_claims: AuthenticationClaims::Always,
            },
        }
    }
}

/// The switches of a [`Profile`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Switches {
    /// Statuses and codes of errors.
    pub error_dialect: ErrorDialect,
    /// Whether a client secret may come by Basic or in the body, whichever is registered.
    pub any_secret_transport: bool,
    /// Whether the token endpoint's URL is accepted as `aud` of a client assertion, beside the issuer.
    pub token_endpoint_as_assertion_audience: bool,
    /// What becomes of a requested scope that is not granted.
    pub scope_beyond_grant: ScopeBeyondGrant,
    /// When a token response names the scope.
    pub scope_in_response: ScopeInResponse,
    /// Whether authorization responses carry `iss` (RFC 9207).
    pub issuer_in_authorization_response: bool,
    /// Who must use PKCE.
    pub pkce: Pkce,
    /// Where the claims of `profile`, `email` and their like go.
    pub profile_claims: ProfileClaims,
    /// How `updated_at` is written.
    pub updated_at: UpdatedAt,
    /// When an ID token says how and when the user logged in.
    pub authentication_claims: AuthenticationClaims,
}

/// Statuses and codes of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorDialect {
    /// 403 for most refusals, `access_denied` for a bad client secret.
    Vendor,
    /// RFC 6749 §5.2.
    Rfc,
}

/// What becomes of a requested scope that is not granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeBeyondGrant {
    /// It vanishes, and the response says what is left.
    Dropped,
    /// The request is refused with `invalid_scope`.
    Refused,
}

/// When a token response names the scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeInResponse {
    /// When it is not what was asked for (RFC 6749 §5.1 requires no more).
    WhenDifferent,
    /// Always.
    Always,
}

/// Who must use PKCE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pkce {
    /// Nobody.
    Optional,
    /// Clients without a credential (RFC 9700 §2.1.1).
    RequiredOfPublicClients,
}

/// Where the claims of `profile`, `email` and their like go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProfileClaims {
    /// Into the ID token as well as to userinfo, in every flow.
    InIdToken,
    /// To userinfo alone, unless the claims parameter asks for them in the ID token (OIDC Core §5.4).
    AtUserinfo,
}

/// How `updated_at` is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UpdatedAt {
    /// As stored: RFC 3339.
    Text,
    /// As a number of seconds (OIDC Core §5.1).
    Seconds,
}

/// When an ID token has `auth_time`, `amr` and `at_hash`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthenticationClaims {
    /// `auth_time` with `max_age` or `prompt=login`, `amr` after a second factor, `at_hash` beside a front-channel token.
    WhenAskedFor,
    /// Always.
    Always,
}
