//! The rules of what is retired.

use super::{E, Rule, Spec, invalid, same};

impl Rule {
    /// The rules of what is retired.
    pub(super) const fn spec_of_legacy(self) -> Spec {
        const VENDOR: &str = "the compatible API";
        match self {
            Self::ConformantClient => {
                invalid(VENDOR, "OIDC conformant clients cannot use {endpoint}")
            }
            Self::EndpointRetired => same(
                404,
                E::EndpointDisabled,
                VENDOR,
                "This endpoint is retired. {endpoint}",
            ),
            Self::LegacyParameterMissing => invalid(VENDOR, "missing {parameter} parameter"),
            Self::LegacyScopeNotText => invalid(VENDOR, "scope parameter must be a string"),
            Self::LegacyClientInvalid => same(403, E::UnauthorizedClient, VENDOR, "invalid client"),
            Self::ConnectionDisabled => invalid(VENDOR, "the connection was disabled"),
            Self::StrategyUnsuitable => invalid(
                VENDOR,
                "specified strategy does not support requested operation",
            ),
            Self::LegacyPasswordWrong => same(
                401,
                E::InvalidUserPassword,
                VENDOR,
                "Wrong email or password.",
            ),
            Self::IdTokenInvalid => same(401, E::Unauthorized, VENDOR, "invalid id_token"),
            Self::DelegationNotAllowed => same(
                403,
                E::UnauthorizedClient,
                VENDOR,
                "The target does not allow delegation from this client: {target}",
            ),
            Self::DelegationTargetUnsuitable => {
                invalid(VENDOR, "Unsupported target of a delegation: {target}")
            }
            // A rule without a row would answer like a defect; a test sees to it that there is none.
            _ => same(500, E::ServerError, "RFC 6749 §4.1.2.1", "Internal error"),
        }
    }
}
