//! What each rule says on the wire.

mod legacy;

use super::{ErrorCode, ErrorCode as E, Rule};

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
            rule => match rule.spec_of_codes() {
                Some(spec) => spec,
                None => rule.spec_of_logins(),
            },
        }
    }

    /// The rules of the authorization endpoint, of logins and of authorization codes.
    #[expect(
        clippy::too_many_lines,
        reason = "one row per rule; splitting the table would hide rows"
    )]
    const fn spec_of_logins(self) -> Spec {
        const VENDOR: &str = "the compatible API";
        match self {
            Self::AuthorizationClientUnknown => {
                invalid("RFC 6749 §4.1.2.1", "Unknown client: {client_id}")
            }
            Self::RedirectUriNotRegistered => same(
                403,
                E::UnauthorizedClient,
                "RFC 6749 §3.1.2.4",
                "Callback URL mismatch. {url} is not in the list of allowed callback URLs",
            ),
            Self::ResponseTypeUnsupported => same(
                400,
                E::UnsupportedResponseType,
                "RFC 6749 §4.1.2.1",
                "Unsupported response type: {response_type}",
            ),
            Self::ResponseModeUnsupported => invalid(
                "OAuth 2.0 Multiple Response Types §2.1",
                "Unsupported response mode: {response_mode}",
            ),
            Self::WebOriginNotRegistered => same(
                403,
                E::UnauthorizedClient,
                VENDOR,
                "The origin {origin} is not in the list of allowed web origins",
            ),
            Self::OpenidMissing => same(
                400,
                E::InvalidScope,
                "OIDC Core §3.1.2.1",
                "Missing required scope: openid",
            ),
            Self::ParameterMalformed => invalid(
                "RFC 6749 §4.1.2.1",
                "Invalid value of parameter: {parameter}",
            ),
            Self::PromptNoneNotAlone => invalid(
                "OIDC Core §3.1.2.1",
                "prompt=none cannot be used with other prompts",
            ),
            Self::OnlineAndOffline => invalid(
                VENDOR,
                "Cannot request both online_access and offline_access scopes",
            ),
            Self::CodeChallengeMissing => invalid(
                "RFC 7636 §4.4.1",
                "Missing required parameter: code_challenge",
            ),
            Self::CodeChallengeMalformed => invalid(
                "RFC 7636 §4.2",
                "Invalid value of parameter: code_challenge",
            ),
            Self::CodeChallengeMethodUnsupported => invalid(
                "RFC 7636 §4.4.1",
                "Unsupported code challenge method: {code_challenge_method}",
            ),
            Self::RequestObjectUnsupported => same(
                400,
                E::RequestNotSupported,
                "OIDC Core §3.1.2.6",
                "The request parameter is not supported",
            ),
            Self::RequestUriUnsupported => same(
                400,
                E::RequestUriNotSupported,
                "OIDC Core §3.1.2.6",
                "The request_uri parameter is not supported",
            ),
            Self::OrganizationNotAllowed => invalid(
                VENDOR,
                "parameter organization is not allowed for this client",
            ),
            Self::OrganizationMissing => {
                invalid(VENDOR, "parameter organization is required for this client")
            }
            Self::LoginRequired => same(
                400,
                E::LoginRequired,
                "OIDC Core §3.1.2.6",
                "Login required",
            ),
            Self::ConsentRequired => same(
                403,
                E::ConsentRequired,
                "OIDC Core §3.1.2.6",
                "Consent required",
            ),
            Self::InteractionRequired => same(
                400,
                E::InteractionRequired,
                "OIDC Core §3.1.2.6",
                "Interaction required",
            ),
            Self::ConsentDeclined => same(
                403,
                E::AccessDenied,
                "RFC 6749 §4.1.2.1",
                "User did not authorize the request",
            ),
            Self::UserBlocked => same(401, E::Unauthorized, VENDOR, "user is blocked"),
            Self::UserPolicyDenies => target("Client is not authorized to access \"{audience}\"."),
            Self::ConnectionUnknown => invalid(VENDOR, "the connection was not found"),
            Self::NoConnection => invalid(VENDOR, "no connections enabled for the client"),
            Self::LoginNotFound => invalid(
                VENDOR,
                "You may have pressed the back button, refreshed during login, or there is some issue with \
                 cookies, since we couldn't find your session. Try logging in again from the application.",
            ),
            Self::TicketUnknown => same(
                410,
                E::InvalidRequest,
                VENDOR,
                "This link is no longer valid: it is too old or was used already.",
            ),
            Self::ReturnToNotRegistered => invalid(
                VENDOR,
                "The \"returnTo\" querystring parameter \"{url}\" is not defined as a valid URL in \
                 \"Allowed Logout URLs\".",
            ),
            Self::PostLogoutRedirectUriNotRegistered => invalid(
                "OIDC RP-Initiated Logout §3",
                "The \"post_logout_redirect_uri\" querystring parameter \"{url}\" is not defined as a valid \
                 URL in \"Allowed Logout URLs\".",
            ),
            Self::CodeUnknown
            | Self::CodeOfAnotherClient
            | Self::CodeExpired
            | Self::CodeReplayed => grant("RFC 6749 §4.1.3", "Invalid authorization code"),
            Self::CodeRedirectUriDiffers => Spec {
                vendor_status: 403,
                vendor_code: E::UnauthorizedClient,
                rfc_status: 400,
                rfc_code: E::InvalidGrant,
                clause: "RFC 6749 §4.1.3",
                sentence: "The redirect URI is wrong. {origins}",
            },
            Self::CodeVerifierMissing
            | Self::CodeVerifierUnexpected
            | Self::CodeVerifierMalformed
            | Self::CodeVerifierWrong => grant("RFC 7636 §4.6", "Failed to verify code verifier"),
            rule => rule.spec_of_passwords(),
        }
    }

    /// The rules of passwords that come without a page of ours.
    const fn spec_of_passwords(self) -> Spec {
        const VENDOR: &str = "the compatible API";
        match self {
            Self::DefaultDirectoryMissing => Spec {
                vendor_status: 500,
                vendor_code: E::ServerError,
                rfc_status: 400,
                rfc_code: E::InvalidRequest,
                clause: VENDOR,
                sentence: "Authorization server not configured with default connection.",
            },
            Self::PasswordConnectionUnusable => vendor(
                403,
                400,
                E::InvalidRequest,
                VENDOR,
                "invalid connection specified for password grant",
            ),
            Self::PasswordWrong => grant("RFC 6749 §4.3.2", "Wrong email or password."),
            Self::EmbeddedLoginMalformed => invalid(
                VENDOR,
                "Invalid request body. All and only of {members} are required.",
            ),
            Self::CredentialTypeUnknown => same(
                400,
                E::UnsupportedCredentialType,
                VENDOR,
                "Unknown credential type parameter.",
            ),
            Self::RealmUnknown => invalid(VENDOR, "Unknown realm {realm}."),
            Self::EmbeddedLoginOff => same(
                401,
                E::UnauthorizedClient,
                VENDOR,
                "Cross origin login not allowed.",
            ),
            Self::OriginNotAllowed => same(
                403,
                E::AccessDenied,
                VENDOR,
                "Origin {origin} is not allowed.",
            ),
            Self::EmbeddedPasswordWrong => {
                same(403, E::AccessDenied, VENDOR, "Wrong email or password.")
            }
            Self::EmbeddedUserBlocked => same(403, E::BlockedUser, VENDOR, "Blocked user"),
            Self::LoginTicketUnknown => invalid(VENDOR, "No verifier returned from client."),
            rule => rule.spec_of_refresh_tokens(),
        }
    }

    /// The rules of refresh tokens.
    const fn spec_of_refresh_tokens(self) -> Spec {
        const VENDOR: &str = "the compatible API";
        match self {
            Self::RefreshTokenUnknown
            | Self::RefreshTokenOfAnotherClient
            | Self::RefreshTokenExpired => {
                grant("RFC 6749 §6", "Unknown or invalid refresh token.")
            }
            Self::RefreshTokenReused => {
                grant("RFC 9700 §4.14.2", "Unknown or invalid refresh token.")
            }
            Self::RefreshTokenUserGone => grant(
                VENDOR,
                "The refresh_token was generated for a user who doesn't exist anymore.",
            ),
            Self::RefreshTokenUserBlocked => grant(VENDOR, "user is blocked"),
            rule => rule.spec_of_legacy(),
        }
    }
}

/// The request is malformed.
const fn invalid(clause: &'static str, sentence: &'static str) -> Spec {
    same(400, E::InvalidRequest, clause, sentence)
}

/// The grant is worth nothing.
pub(super) const fn grant(clause: &'static str, sentence: &'static str) -> Spec {
    vendor(403, 400, E::InvalidGrant, clause, sentence)
}

/// The same in both dialects.
pub(super) const fn same(
    status: u16,
    code: ErrorCode,
    clause: &'static str,
    sentence: &'static str,
) -> Spec {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_row() {
        for rule in Rule::ALL {
            let internal = rule.spec().sentence == "Internal error";
            assert_eq!(internal, *rule == Rule::Internal, "{rule:?}");
        }
    }

    #[test]
    fn every_rule_is_in_the_list_once() {
        let mut rules = Rule::ALL.to_vec();
        rules.sort();
        rules.dedup();
        assert_eq!(rules.len(), Rule::ALL.len());
        assert!(rules.contains(&Rule::Internal));
    }

    /// RFC 6749 §4.1.2.1: `error_description` is printable ASCII without quotes and backslashes; the vendor's own
    /// sentences have quotes.
    #[test]
    fn sentences_are_printable_ascii() {
        for rule in Rule::ALL {
            let printable = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'\\';
            assert!(rule.spec().sentence.bytes().all(printable), "{rule:?}");
        }
    }
}
