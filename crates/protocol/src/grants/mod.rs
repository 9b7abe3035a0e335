//! The grant types, one file each.

pub mod authorization_code;
pub mod basis;
pub mod client_credentials;
pub mod password;
pub mod refresh_token;

/// A grant type by its wire name. The table is the whole list of names that the server knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantType(&'static str);

impl GrantType {
    /// RFC 6749 §4.1.
    pub const AUTHORIZATION_CODE: Self = Self("authorization_code");
    /// RFC 6749 §4.2.
    pub const IMPLICIT: Self = Self("implicit");
    /// RFC 6749 §4.4.
    pub const CLIENT_CREDENTIALS: Self = Self("client_credentials");
    /// RFC 6749 §6.
    pub const REFRESH_TOKEN: Self = Self("refresh_token");
    /// RFC 6749 §4.3.
    pub const PASSWORD: Self = Self("password");
    /// The same with the name of a connection, of the compatible API.
    pub const PASSWORD_REALM: Self = Self("http://auth0.com/oauth/grant-type/password-realm");
    /// A code that came by mail or text message, of the compatible API.
    pub const PASSWORDLESS_OTP: Self = Self("http://auth0.com/oauth/grant-type/passwordless/otp");

    /// `/oauth/ro` of the legacy pipeline; no value of `grant_type`, hence not in the table.
    pub const LEGACY_RO: Self = Self("http://auth0.com/oauth/legacy/grant-type/ro");
    /// `/delegation` with an ID token, of the legacy pipeline.
    pub const LEGACY_DELEGATION_ID_TOKEN: Self =
        Self("http://auth0.com/oauth/legacy/grant-type/delegation/id_token");
    /// `/delegation` with a refresh token, of the legacy pipeline.
    pub const LEGACY_DELEGATION_REFRESH_TOKEN: Self =
        Self("http://auth0.com/oauth/legacy/grant-type/delegation/refresh_token");

    /// Every name a client may be registered for. Those without a file here are refused as unsupported once the client
    /// would be allowed to use them.
    const KNOWN: &'static [Self] = &[
        Self::CLIENT_CREDENTIALS,
        Self::AUTHORIZATION_CODE,
        Self::IMPLICIT,
        Self::REFRESH_TOKEN,
        Self::PASSWORD,
        Self::PASSWORD_REALM,
        Self::PASSWORDLESS_OTP,
        Self("http://auth0.com/oauth/grant-type/mfa-oob"),
        Self("http://auth0.com/oauth/grant-type/mfa-otp"),
        Self("http://auth0.com/oauth/grant-type/mfa-recovery-code"),
        Self("urn:ietf:params:oauth:grant-type:device_code"),
        Self("urn:ietf:params:oauth:grant-type:token-exchange"),
        Self("urn:openid:params:grant-type:ciba"),
    ];

    /// The grant type called `name`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::KNOWN.iter().find(|known| known.0 == name).copied()
    }

    /// How the vendor's dialect names it in access tokens, where it does.
    pub fn gty(self) -> Option<&'static str> {
        match self {
            Self::CLIENT_CREDENTIALS => Some("client-credentials"),
            Self::PASSWORD | Self::PASSWORD_REALM => Some("password"),
            Self::REFRESH_TOKEN => Some("refresh_token"),
            _ => None,
        }
    }

    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}
