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
            },
            Self::Oidc => Switches {
                error_dialect: ErrorDialect::Rfc,
                any_secret_transport: false,
                token_endpoint_as_assertion_audience: false,
                scope_beyond_grant: ScopeBeyondGrant::Refused,
                scope_in_response: ScopeInResponse::Always,
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
