//! The error codes of the wire.

/// The `error` member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The vendor's word for a refused client or audience.
    AccessDenied,
    /// The vendor's word for a user who is kept out, to scripts.
    BlockedUser,
    /// RFC 6749 §5.2.
    InvalidClient,
    /// RFC 6749 §5.2.
    InvalidRequest,
    /// RFC 6749 §5.2.
    InvalidScope,
    /// RFC 8707 §2.
    InvalidTarget,
    /// The vendor's word for a wrong method.
    MethodNotAllowed,
    /// No such thing.
    NotFound,
    /// RFC 6749 §4.1.2.1.
    ServerError,
    /// RFC 6749 §4.1.2.1.
    TemporarilyUnavailable,
    /// The vendor's word for a rate limit.
    TooManyRequests,
    /// RFC 6749 §5.2.
    UnauthorizedClient,
    /// OIDC Core §3.1.2.6.
    ConsentRequired,
    /// OIDC Core §3.1.2.6.
    InteractionRequired,
    /// RFC 6749 §5.2.
    InvalidGrant,
    /// OIDC Core §3.1.2.6.
    LoginRequired,
    /// OIDC Core §3.1.2.6.
    RequestNotSupported,
    /// OIDC Core §3.1.2.6.
    RequestUriNotSupported,
    /// The vendor's word for a user who is kept out.
    Unauthorized,
    /// The vendor's word for what a tenant does not have.
    EndpointDisabled,
    /// The vendor's old word for a wrong password.
    InvalidUserPassword,
    /// RFC 6749 §4.1.2.1.
    UnsupportedResponseType,
    /// The vendor's word for a kind of credential that there is not.
    UnsupportedCredentialType,
    /// RFC 6749 §5.2.
    UnsupportedGrantType,
    /// The vendor's word for a member that is not known at the start of a passwordless login.
    BadRequest,
    /// The vendor's word for a client at the start of a passwordless login.
    BadClientId,
    /// The vendor's word for a connection at the start of a passwordless login.
    BadConnection,
    /// The vendor's word for what a link asks for at the start of a passwordless login.
    BadAuthParams,
    /// The vendor's word for a phone number at the start of a passwordless login.
    BadPhoneNumber,
    /// The vendor's word for an address at the start of a passwordless login.
    BadEmail,
    /// The vendor's word for texts that are not sent.
    SmsProviderError,
}

impl ErrorCode {
    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::BlockedUser => "blocked_user",
            Self::InvalidClient => "invalid_client",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidScope => "invalid_scope",
            Self::InvalidTarget => "invalid_target",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::NotFound => "not_found",
            Self::ServerError => "server_error",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::TooManyRequests => "too_many_requests",
            Self::UnauthorizedClient => "unauthorized_client",
            Self::ConsentRequired => "consent_required",
            Self::InteractionRequired => "interaction_required",
            Self::InvalidGrant => "invalid_grant",
            Self::LoginRequired => "login_required",
            Self::RequestNotSupported => "request_not_supported",
            Self::RequestUriNotSupported => "request_uri_not_supported",
            Self::Unauthorized => "unauthorized",
            Self::EndpointDisabled => "endpoint_disabled",
            Self::InvalidUserPassword => "invalid_user_password",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnsupportedCredentialType => "unsupported_credential_type",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::BadRequest => "bad.request",
            Self::BadClientId => "bad.client_id",
            Self::BadConnection => "bad.connection",
            Self::BadAuthParams => "bad.authParams",
            Self::BadPhoneNumber => "bad.phone_number",
            Self::BadEmail => "bad.email",
            Self::SmsProviderError => "sms_provider_error",
        }
    }
}
