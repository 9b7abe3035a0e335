//! Every rule that can refuse a request, as a value: the clause, the error codes and the public sentence.
//!
//! `{name}` in a sentence stands for a fact that the client sent itself; nothing else of a refusal reaches a client.

use ErrorCode as E;

/// A rule that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// The body exceeds its limit.
    BodyTooLarge,
    /// Neither form nor JSON.
    UnsupportedContentType,
    /// The form is not UTF-8.
    MalformedForm,
    /// The JSON does not parse.
    MalformedJson,
    /// More parameters than anyone needs.
    TooManyParameters,
    /// A name or a value exceeds its limit.
    ParameterTooLong,
    /// NUL in a name or a value.
    ControlCharacter,
    /// The same parameter twice.
    DuplicateParameter,
    /// Something other than a text where a text belongs.
    ParameterNotText,
    /// A scope that is neither a text nor an array of texts.
    ScopeNotText,
    /// A required parameter is absent.
    MissingParameter,
    /// No such grant type.
    UnsupportedGrantType,
    /// The `Authorization` header is not Basic credentials.
    BasicMalformed,
    /// Two client identities or two authentication methods in one request.
    ClientIdentityTwice,
    /// No client has that identifier.
    ClientUnknown,
    /// The client sent no credential.
    ClientCredentialMissing,
    /// The client is registered for another way to authenticate.
    ClientMethodNotAllowed,
    /// The secret is not the client's.
    ClientSecretWrong,
    /// The client assertion breaks a rule of RFC 7523.
    AssertionInvalid,
    /// The client assertion was used before.
    AssertionReplayed,
    /// The client may not use this grant type.
    GrantTypeNotAllowed,
    /// No audience was asked for.
    AudienceMissing,
    /// No API has that identifier.
    AudienceUnknown,
    /// No client grant joins the client and the API.
    ClientGrantMissing,
    /// The API gives no tokens to machines.
    ClientPolicyDenies,
    /// The API has the scope, the client grant has not.
    ScopeNotGranted,
    /// No tenant answers to that host.
    HostUnknown,
    /// No such page.
    PathUnknown,
    /// Another method is wanted.
    MethodNotAllowed,
    /// Too many requests.
    RateLimited,
    /// The store does not answer.
    Unavailable,
    /// A defect of ours.
    Internal,
}

/// What a rule says to a client.
#[derive(Clone, Copy, Debug)]
pub struct Spec {
    /// HTTP status in the vendor's dialect.
    pub vendor_status: u16,
    /// Error code in the vendor's dialect.
    pub vendor_code: ErrorCode,
    /// HTTP status in the RFC's dialect.
    pub rfc_status: u16,
    /// Error code in the RFC's dialect.
    pub rfc_code: ErrorCode,
    /// Where the rule comes from.
    pub clause: &'static str,
    /// `error_description`.
    pub sentence: &'static str,
}

impl Rule {
    /// All rules.
    pub const ALL: &'static [Self] = &[
        Self::BodyTooLarge,
        Self::UnsupportedContentType,
        Self::MalformedForm,
        Self::MalformedJson,
        Self::TooManyParameters,
        Self::ParameterTooLong,
        Self::ControlCharacter,
        Self::DuplicateParameter,
        Self::ParameterNotText,
        Self::ScopeNotText,
        Self::MissingParameter,
        Self::UnsupportedGrantType,
        Self::BasicMalformed,
        Self::ClientIdentityTwice,
        Self::ClientUnknown,
        Self::ClientCredentialMissing,
        Self::ClientMethodNotAllowed,
        Self::ClientSecretWrong,
        Self::AssertionInvalid,
        Self::AssertionReplayed,
        Self::GrantTypeNotAllowed,
        Self::AudienceMissing,
        Self::AudienceUnknown,
        Self::ClientGrantMissing,
        Self::ClientPolicyDenies,
        Self::ScopeNotGranted,
        Self::HostUnknown,
        Self::PathUnknown,
        Self::MethodNotAllowed,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
    ];

    /// What it says to a client.
    #[expect(
        clippy::too_many_lines,
        reason = "one row per rule; splitting the table would hide rows"
    )]
    pub const fn spec(self) -> Spec {
        const VENDOR: &str = "the compatible API";
        match self {
            Self::BodyTooLarge => same(
                413,
                E::InvalidRequest,
                "design, law 8",
                "Request body too large",
            ),
            Self::UnsupportedContentType => same(
                400,
                E::InvalidRequest,
                "RFC 6749 §4.4.2",
                "Content-Type must be application/x-www-form-urlencoded or application/json",
            ),
            Self::MalformedForm => same(
                400,
                E::InvalidRequest,
                "RFC 6749 appendix B",
                "Request body is not valid UTF-8",
            ),
            Self::MalformedJson => same(
                400,
                E::InvalidRequest,
                VENDOR,
                "Invalid JSON in request body",
            ),
            Self::TooManyParameters => same(
                400,
                E::InvalidRequest,
                "design, law 8",
                "Too many parameters",
            ),
            Self::ParameterTooLong => same(
                400,
                E::InvalidRequest,
                "design, law 8",
                "Parameter too long",
            ),
            Self::ControlCharacter => same(
                400,
                E::InvalidRequest,
                "design, law 8",
                "Parameter contains a NUL character",
            ),
            Self::DuplicateParameter => same(
                400,
                E::InvalidRequest,
                "RFC 6749 §3.2",
                "Duplicate parameter: {parameter}",
            ),
            Self::ParameterNotText => same(
                400,
                E::InvalidRequest,
                VENDOR,
                "Parameter must be a string: {parameter}",
            ),
            Self::ScopeNotText => same(
                400,
                E::InvalidScope,
                VENDOR,
                "Scope must be an array or a string",
            ),
            Self::MissingParameter => same(
                400,
                E::InvalidRequest,
                "RFC 6749 §5.2",
                "Missing required parameter: {parameter}",
            ),
            Self::UnsupportedGrantType => vendor(
                403,
                400,
                E::UnsupportedGrantType,
                "RFC 6749 §5.2",
                "Unsupported grant type: {grant_type}",
            ),
            Self::BasicMalformed => same(
                400,
                E::InvalidRequest,
                "RFC 7617 §2",
                "Malformed Authorization header",
            ),
            Self::ClientIdentityTwice => same(
                400,
                E::InvalidRequest,
                "RFC 6749 §2.3",
                "More than one client identity or authentication method",
            ),
            Self::ClientUnknown
            | Self::ClientCredentialMissing
            | Self::ClientMethodNotAllowed
            | Self::ClientSecretWrong
            | Self::AssertionInvalid
            | Self::AssertionReplayed => Spec {
                vendor_status: 401,
                vendor_code: E::AccessDenied,
                rfc_status: 401,
                rfc_code: E::InvalidClient,
                clause: "RFC 6749 §5.2",
                sentence: "Unauthorized",
            },
            Self::GrantTypeNotAllowed => vendor(
                403,
                400,
                E::UnauthorizedClient,
                "RFC 6749 §5.2",
                "Grant type '{grant_type}' not allowed for the client.",
            ),
            Self::AudienceMissing => Spec {
                vendor_status: 403,
                vendor_code: E::AccessDenied,
                rfc_status: 400,
                rfc_code: E::InvalidTarget,
                clause: "RFC 8707 §2",
                sentence: "Non-global clients are not allowed access to APIv1",
            },
            Self::AudienceUnknown => target("Service not found: {audience}"),
            Self::ClientGrantMissing => target(
                "Client is not authorized to access \"{audience}\". You might probably want to create a \
                 \"client-grant\" associated to this API. See: \
                 https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants",
            ),
            Self::ClientPolicyDenies => {
                target("Client is not authorized to access \"{audience}\".")
            }
            Self::ScopeNotGranted => Spec {
                vendor_status: 403,
                vendor_code: E::AccessDenied,
                rfc_status: 400,
                rfc_code: E::InvalidScope,
                clause: "RFC 6749 §5.2",
                sentence: "Client has not been granted scopes: {scope}",
            },
            Self::HostUnknown => same(404, E::NotFound, "design, law 6", "Unknown host"),
            Self::PathUnknown => same(404, E::NotFound, VENDOR, "Not found"),
            Self::MethodNotAllowed => same(405, E::MethodNotAllowed, VENDOR, "Method not allowed"),
            Self::RateLimited => same(429, E::TooManyRequests, VENDOR, "Rate limit exceeded."),
            Self::Unavailable => same(
                503,
                E::TemporarilyUnavailable,
                "RFC 6749 §4.1.2.1",
                "The service is temporarily unavailable",
            ),
            Self::Internal => same(500, E::ServerError, "RFC 6749 §4.1.2.1", "Internal error"),
        }
    }
}

/// The same in both dialects.
const fn same(status: u16, code: ErrorCode, clause: &'static str, sentence: &'static str) -> Spec {
    vendor(status, status, code, clause, sentence)
}

/// The vendor answers with another status.
const fn vendor(
    vendor_status: u16,
    rfc_status: u16,
    code: ErrorCode,
    clause: &'static str,
    sentence: &'static str,
) -> Spec {
    Spec {
        vendor_status,
        vendor_code: code,
        rfc_status,
        rfc_code: code,
        clause,
        sentence,
    }
}

/// The audience is not to be had.
const fn target(sentence: &'static str) -> Spec {
    Spec {
        vendor_status: 403,
        vendor_code: E::AccessDenied,
        rfc_status: 400,
        rfc_code: E::InvalidTarget,
        clause: "RFC 8707 §2",
        sentence,
    }
}

/// The `error` member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorCode {
    /// The vendor's word for a refused client or audience.
    AccessDenied,
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
    /// RFC 6749 §5.2.
    UnsupportedGrantType,
}

impl ErrorCode {
    /// The wire name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
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
            Self::UnsupportedGrantType => "unsupported_grant_type",
        }
    }
}
