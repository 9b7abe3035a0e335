//! Every rule that can refuse a request, as a value: the clause, the error codes and the public sentence.
//!
//! `{name}` in a sentence stands for a fact that the client sent itself; nothing else of a refusal reaches a client.

mod error_code;
mod passwordless;
mod spec;

pub use error_code::ErrorCode;
pub use spec::Spec;

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
    /// The authorization endpoint was asked in the name of a client that does not exist.
    AuthorizationClientUnknown,
    /// The redirect URI is not among the client's callbacks.
    RedirectUriNotRegistered,
    /// The response type is unknown, or not for this client.
    ResponseTypeUnsupported,
    /// The response mode is unknown, or does not go with the response type.
    ResponseModeUnsupported,
    /// A web message would go to an origin that the client has not registered for them.
    WebOriginNotRegistered,
    /// An ID token was asked for without the scope that opens it.
    OpenidMissing,
    /// A parameter has a value that it cannot have.
    ParameterMalformed,
    /// `prompt=none` beside another prompt.
    PromptNoneNotAlone,
    /// Both kinds of refresh token at once.
    OnlineAndOffline,
    /// The client must use PKCE and did not.
    CodeChallengeMissing,
    /// The code challenge is none of its method.
    CodeChallengeMalformed,
    /// The method of the code challenge is unknown, or `plain` where that is off.
    CodeChallengeMethodUnsupported,
    /// A request object where none is taken.
    RequestObjectUnsupported,
    /// A reference to a request object where none is taken.
    RequestUriUnsupported,
    /// An organization was named for a client that takes part in none.
    OrganizationNotAllowed,
    /// No organization was named for a client that needs one.
    OrganizationMissing,
    /// The user must be asked to log in, and may not be asked.
    LoginRequired,
    /// The user must be asked to consent, and may not be asked.
    ConsentRequired,
    /// The user must be shown a page, and may be shown none.
    InteractionRequired,
    /// The user said no.
    ConsentDeclined,
    /// The user is blocked.
    UserBlocked,
    /// The API gives no tokens on users' behalf.
    UserPolicyDenies,
    /// The connection that the request names is unknown, or not for this client.
    ConnectionUnknown,
    /// The client's users have no connection to log in with.
    NoConnection,
    /// The login that a page belongs to is over, or was begun in another browser.
    LoginNotFound,
    /// The link is too old, was used, or never was one.
    TicketUnknown,
    /// `returnTo` is no registered logout URL.
    ReturnToNotRegistered,
    /// `post_logout_redirect_uri` is no registered logout URL.
    PostLogoutRedirectUriNotRegistered,
    /// No such authorization code.
    CodeUnknown,
    /// The authorization code was issued to another client.
    CodeOfAnotherClient,
    /// The authorization code is too old.
    CodeExpired,
    /// The authorization code was redeemed before.
    CodeReplayed,
    /// The redirect URI is not that of the authorization request.
    CodeRedirectUriDiffers,
    /// The authorization request had a code challenge, and there is no verifier.
    CodeVerifierMissing,
    /// There is a code verifier, and the authorization request had no challenge.
    CodeVerifierUnexpected,
    /// The code verifier has a length or a character that it cannot have.
    CodeVerifierMalformed,
    /// The code verifier does not fit the challenge.
    CodeVerifierWrong,
    /// No connection was named to check a password against, and the tenant presets none.
    DefaultDirectoryMissing,
    /// The connection is unknown, keeps no passwords, or is not for this client.
    PasswordConnectionUnusable,
    /// The password is not the user's, or there is no such user.
    PasswordWrong,
    /// A script sent more or less than a login needs.
    EmbeddedLoginMalformed,
    /// A script named no kind of credential that there is.
    CredentialTypeUnknown,
    /// A script named no connection of the client.
    RealmUnknown,
    /// The client does not log users in across origins.
    EmbeddedLoginOff,
    /// A script of an origin that is none of the client's.
    OriginNotAllowed,
    /// A script sent a password that is not the user's, or there is no such user.
    EmbeddedPasswordWrong,
    /// A script sent the password of a blocked user.
    EmbeddedUserBlocked,
    /// The login ticket is too old, was used, or was made in another browser or for something else.
    LoginTicketUnknown,
    /// No such refresh token, or none any more.
    RefreshTokenUnknown,
    /// The refresh token was issued to another client.
    RefreshTokenOfAnotherClient,
    /// The refresh token is too old, or was not used for too long.
    RefreshTokenExpired,
    /// The refresh token was used before.
    RefreshTokenReused,
    /// The refresh token's user is no more.
    RefreshTokenUserGone,
    /// The refresh token's user is blocked.
    RefreshTokenUserBlocked,
    /// The code is not the one that was sent to the address, is too old, or was used.
    EmailCodeWrong,
    /// The same of a phone number.
    PhoneCodeWrong,
    /// The same where an application's own form sent the code.
    EmbeddedCodeWrong,
    /// Nobody is sent a code with a member that is not known.
    StartPropertyUnknown,
    /// Nobody is sent a code on behalf of nobody.
    StartClientMissing,
    /// Nobody is sent a code without a connection.
    StartConnectionMissing,
    /// There is no such connection.
    StartConnectionUnknown,
    /// The client may not use the connection.
    StartConnectionDisabled,
    /// Users of the connection prove themselves in another way.
    StartConnectionOther,
    /// What the link is to ask for is no object.
    StartParametersMalformed,
    /// There is no number to send a code to.
    StartPhoneMissing,
    /// The number is none.
    StartPhoneMalformed,
    /// There is no address to send a code to.
    StartEmailMissing,
    /// The address is none.
    StartEmailMalformed,
    /// A client that has a secret did not show it.
    StartUnauthenticated,
    /// The SMS gateway does not accept what the connection says to it.
    SmsGatewayRefused,
    /// The SMS gateway answers something else than that it sent the text.
    SmsGatewayUnexpected,
    /// The SMS gateway does not answer.
    SmsGatewayTimeout,
    /// There is nothing that this server could send texts with.
    SmsProviderMissing,
    /// A conformant client at a retired endpoint.
    ConformantClient,
    /// A retired endpoint that the tenant has not switched on.
    EndpointRetired,
    /// A required parameter of a retired endpoint is absent.
    LegacyParameterMissing,
    /// A scope that is no text, at a retired endpoint.
    LegacyScopeNotText,
    /// No client has that identifier, at a retired endpoint.
    LegacyClientInvalid,
    /// The connection is not for this client.
    ConnectionDisabled,
    /// The connection cannot do what is asked of it.
    StrategyUnsuitable,
    /// Nobody has that name and password, at a retired endpoint.
    LegacyPasswordWrong,
    /// The ID token is not ours, is over, or its user is gone.
    IdTokenInvalid,
    /// The target does not list the client that delegates.
    DelegationNotAllowed,
    /// The target of a delegation is unknown, or an add-on.
    DelegationTargetUnsuitable,
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
        Self::AuthorizationClientUnknown,
        Self::RedirectUriNotRegistered,
        Self::ResponseTypeUnsupported,
        Self::ResponseModeUnsupported,
        Self::WebOriginNotRegistered,
        Self::OpenidMissing,
        Self::ParameterMalformed,
        Self::PromptNoneNotAlone,
        Self::OnlineAndOffline,
        Self::CodeChallengeMissing,
        Self::CodeChallengeMalformed,
        Self::CodeChallengeMethodUnsupported,
        Self::RequestObjectUnsupported,
        Self::RequestUriUnsupported,
        Self::OrganizationNotAllowed,
        Self::OrganizationMissing,
        Self::LoginRequired,
        Self::ConsentRequired,
        Self::InteractionRequired,
        Self::ConsentDeclined,
        Self::UserBlocked,
        Self::UserPolicyDenies,
        Self::ConnectionUnknown,
        Self::NoConnection,
        Self::LoginNotFound,
        Self::TicketUnknown,
        Self::ReturnToNotRegistered,
        Self::PostLogoutRedirectUriNotRegistered,
        Self::CodeUnknown,
        Self::CodeOfAnotherClient,
        Self::CodeExpired,
        Self::CodeReplayed,
        Self::CodeRedirectUriDiffers,
        Self::CodeVerifierMissing,
        Self::CodeVerifierUnexpected,
        Self::CodeVerifierMalformed,
        Self::CodeVerifierWrong,
        Self::DefaultDirectoryMissing,
        Self::PasswordConnectionUnusable,
        Self::PasswordWrong,
        Self::EmbeddedLoginMalformed,
        Self::CredentialTypeUnknown,
        Self::RealmUnknown,
        Self::EmbeddedLoginOff,
        Self::OriginNotAllowed,
        Self::EmbeddedPasswordWrong,
        Self::EmbeddedUserBlocked,
        Self::LoginTicketUnknown,
        Self::RefreshTokenUnknown,
        Self::RefreshTokenOfAnotherClient,
        Self::RefreshTokenExpired,
        Self::RefreshTokenReused,
        Self::RefreshTokenUserGone,
        Self::RefreshTokenUserBlocked,
        Self::EmailCodeWrong,
        Self::PhoneCodeWrong,
        Self::EmbeddedCodeWrong,
        Self::StartPropertyUnknown,
        Self::StartClientMissing,
        Self::StartConnectionMissing,
        Self::StartConnectionUnknown,
        Self::StartConnectionDisabled,
        Self::StartConnectionOther,
        Self::StartParametersMalformed,
        Self::StartPhoneMissing,
        Self::StartPhoneMalformed,
        Self::StartEmailMissing,
        Self::StartEmailMalformed,
        Self::StartUnauthenticated,
        Self::SmsGatewayRefused,
        Self::SmsGatewayUnexpected,
        Self::SmsGatewayTimeout,
        Self::SmsProviderMissing,
        Self::ConformantClient,
        Self::EndpointRetired,
        Self::LegacyParameterMissing,
        Self::LegacyScopeNotText,
        Self::LegacyClientInvalid,
        Self::ConnectionDisabled,
        Self::StrategyUnsuitable,
        Self::LegacyPasswordWrong,
        Self::IdTokenInvalid,
        Self::DelegationNotAllowed,
        Self::DelegationTargetUnsuitable,
        Self::HostUnknown,
        Self::PathUnknown,
        Self::MethodNotAllowed,
        Self::RateLimited,
        Self::Unavailable,
        Self::Internal,
    ];
}
