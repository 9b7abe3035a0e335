//! What the rules of logging in by a code say on the wire.

use super::{
    ErrorCode, ErrorCode as E, Rule,
    spec::{Spec, grant, same},
};

impl Rule {
    /// The row of a rule of logging in by a code, if it is one.
    pub(super) const fn spec_of_codes(self) -> Option<Spec> {
        const MISSING_CONNECTION: &str = "Missing required property: connection";
        const STRATEGY: &str =
            "Invalid connection strategy. It must either be a passwordless connection";
        Some(match self {
            Self::EmailCodeWrong => grant(VENDOR, "Wrong email or verification code."),
            Self::PhoneCodeWrong => grant(VENDOR, "Wrong phone number or verification code."),
            Self::EmbeddedCodeWrong => same(
                403,
                E::AccessDenied,
                VENDOR,
                "Wrong username or verification code.",
            ),
            Self::StartPropertyUnknown => bad(
                E::BadRequest,
                "the following properties are not allowed: {names}",
            ),
            Self::StartClientMissing => bad(E::BadClientId, "Missing required property: client_id"),
            Self::StartConnectionMissing => bad(E::BadConnection, MISSING_CONNECTION),
            Self::StartConnectionUnknown => bad(E::BadConnection, "Connection does not exist"),
            Self::StartConnectionDisabled => bad(E::BadConnection, "Connection is disabled"),
            Self::StartConnectionOther => bad(E::BadConnection, STRATEGY),
            Self::StartParametersMalformed => bad(
                E::BadAuthParams,
                "error in authParams - invalid type: {type} (expected object)",
            ),
            Self::StartPhoneMissing => {
                bad(E::BadPhoneNumber, "Missing required property: phone_number")
            }
            Self::StartPhoneMalformed => bad(
                E::BadPhoneNumber,
                "String does not match pattern: {pattern}",
            ),
            Self::StartEmailMissing => bad(E::BadEmail, "Missing required property: email"),
            Self::StartEmailMalformed => {
                bad(E::BadEmail, "error in email - invalid format: {email}")
            }
            Self::StartUnauthenticated => same(
                401,
                E::Unauthorized,
                VENDOR,
                "Client authentication is required",
            ),
            Self::SmsGatewayRefused => bad(
                E::SmsProviderError,
                "Authentication failed while calling the SMS gateway: 401",
            ),
            Self::SmsGatewayUnexpected => bad(
                E::SmsProviderError,
                "Unexpected response while calling the SMS gateway: {status}",
            ),
            Self::SmsGatewayTimeout => bad(
                E::SmsProviderError,
                "Timeout while calling the SMS gateway: {code}",
            ),
            Self::SmsProviderMissing => bad(
                E::SmsProviderError,
                "The SMS provider of the connection cannot be used",
            ),
            _ => return None,
        })
    }
}

const VENDOR: &str = "the compatible API";

const fn bad(code: ErrorCode, sentence: &'static str) -> Spec {
    same(400, code, VENDOR, sentence)
}
