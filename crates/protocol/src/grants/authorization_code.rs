//! The authorization-code grant, RFC 6749 §4.1.3: what is kept behind a code, and whether an exchange gets it.
//!
//! Does not claim the code: that is one statement of the store, and who loses the race comes back here with
//! [`CodeState::Redeemed`]. Which scopes are granted is put to `authorization::decide` again, with the facts of the day.

use serde::{Deserialize, Serialize};

use crate::{
    authorize::{
        Approval, AuthorizationRequest, CodeChallenge, CodeVerifier, RedirectUriParameter, Sha256,
    },
    client_auth::AuthenticatedClient,
    env::Timestamp,
    grants::basis::Basis,
    parameters::Parameters,
    redirect_uri::RedirectUri,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
};

/// Longest life of an authorization code, RFC 6749 §4.1.2, in seconds. The compatible API gives its codes this long
/// unless told otherwise.
pub const MAX_LIFETIME_SECONDS: i64 = 600;

/// What codes are kept under, among what may be used once.
pub const PURPOSE: &str = "authorization_code";

/// What a code stands for. The code itself is random, and kept as a keyed hash alone.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct AuthorizationCode {
    /// What its tokens stand on.
    #[serde(flatten)]
    pub basis: Basis,
    /// Where the code was sent.
    pub redirect_uri: RedirectUri,
    /// Whether the client had named that.
    pub redirect_uri_parameter: RedirectUriParameter,
    /// RFC 7636.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_challenge: Option<CodeChallenge>,
    /// OIDC Core §3.1.2.1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it is worth nothing any more.
    pub expires_at: Timestamp,
}

impl AuthorizationCode {
    /// The code for a login that owes nothing. There is no other way to one.
    pub fn issue(
        request: &AuthorizationRequest,
        approval: &Approval,
        lifetime_seconds: i64,
        now: Timestamp,
    ) -> Self {
        Self {
            basis: Basis::of(request, approval),
            redirect_uri: request.return_address.redirect_uri.clone(),
            redirect_uri_parameter: request.redirect_uri,
            code_challenge: request.code_challenge.clone(),
            nonce: request.nonce.clone(),
            issued_at: now,
            expires_at: now.plus_seconds(lifetime_seconds.clamp(1, MAX_LIFETIME_SECONDS)),
        }
    }
}

/// Whether a code was redeemed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeState {
    /// It was not.
    Issued,
    /// It was, or was burnt by a failed attempt.
    Redeemed {
        /// What came from it, if anything did: refresh tokens and opaque access tokens carry this name.
        family: Option<String>,
    },
}

/// A token request of this grant.
#[derive(Debug)]
pub struct Request {
    /// The code.
    pub code: Secret,
    /// RFC 6749 §4.1.3; compared if it is there.
    pub redirect_uri: Option<String>,
    /// RFC 7636 §4.5.
    pub code_verifier: Option<Secret>,
}

impl Request {
    /// Reads the request.
    ///
    /// # Errors
    /// A [`Refusal`] for a missing code and for a parameter of the wrong type.
    pub fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let secret = |text: &str| Secret::new(text.to_owned());
        Ok(Self {
            code: secret(parameters.required("code")?),
            redirect_uri: parameters.text("redirect_uri")?.map(str::to_owned),
            code_verifier: parameters.text("code_verifier")?.map(secret),
        })
    }
}

/// What an exchange comes to.
#[derive(Debug)]
pub enum Decision {
    /// The code may be claimed; whoever claims it gets its tokens.
    Redeem,
    /// Nothing.
    Refuse {
        /// Why.
        refusal: Refusal,
        /// What is done about it, although the client gets an error.
        effect: Option<Effect>,
    },
}

/// What a refused exchange does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The code is worth nothing from now on.
    BurnCode,
    /// Everything that came from the code is revoked (RFC 6749 §4.1.2).
    RevokeFamily(String),
}

/// Decides an exchange by `client` of the code that was found under what `request` sent, if one was.
pub fn decide(
    client: &AuthenticatedClient,
    found: Option<(&AuthorizationCode, &CodeState)>,
    request: &Request,
    sha256: Sha256,
    now: Timestamp,
) -> Decision {
    let client_id = &client.client().client_id;
    let refuse = |refusal: Refusal, effect| Decision::Refuse {
        refusal: refusal.with("client_id", client_id),
        effect,
    };
    let Some((code, state)) = found else {
        return refuse(Refusal::new(Rule::CodeUnknown), None);
    };
    // Before anything else, so that a client learns nothing of another's code and does nothing to it.
    if code.basis.client_id != *client_id {
        let refusal =
            Refusal::new(Rule::CodeOfAnotherClient).with("issued_to", &code.basis.client_id);
        return refuse(refusal, None);
    }
    if let CodeState::Redeemed { family } = state {
        let refusal = Refusal::new(Rule::CodeReplayed).with("user_id", &code.basis.user_id);
        return refuse(refusal, family.clone().map(Effect::RevokeFamily));
    }
    if code.expires_at <= now {
        let refusal = Refusal::new(Rule::CodeExpired).with("expired_at", code.expires_at.rfc3339());
        return refuse(refusal, None);
    }
    let checked = same_redirect_uri(code, request).and_then(|()| verify(code, request, sha256));
    match checked {
        Ok(()) => Decision::Redeem,
        // Whoever has the code and not the rest should not try again.
        Err(refusal) => refuse(refusal, Some(Effect::BurnCode)),
    }
}

/// DEVIATION: RFC 6749 §4.1.3 wants the parameter repeated if it was sent before; the compatible API compares it only if
/// it is there, and clients leave it out. Pinned by `a_redirect_uri_is_compared_only_if_sent`.
fn same_redirect_uri(code: &AuthorizationCode, request: &Request) -> Result<(), Refusal> {
    let Some(sent) = &request.redirect_uri else {
        return Ok(());
    };
    let without_fragment = sent.split('#').next().unwrap_or_default();
    if without_fragment == code.redirect_uri.as_str() {
        return Ok(());
    }
    // Origins alone are named: the rest of a URL may hold what is nobody's business.
    let origin = |uri: &str| {
        RedirectUri::try_from(uri.to_owned())
            .ok()
            .and_then(|uri| uri.origin())
            .unwrap_or_else(|| "another URL".to_owned())
    };
    let expected = code.redirect_uri.as_str();
    Err(Refusal::new(Rule::CodeRedirectUriDiffers)
        .naming(
            "origins",
            format!(
                "You sent {}, and we expected {}",
                origin(without_fragment),
                origin(expected)
            ),
        )
        .with("expected", expected))
}

fn verify(code: &AuthorizationCode, request: &Request, sha256: Sha256) -> Result<(), Refusal> {
    match (&code.code_challenge, &request.code_verifier) {
        (None, None) => Ok(()),
        // RFC 9700 §2.1.1: otherwise an attacker strips the challenge from the request that is injected.
        (None, Some(_)) => Err(Refusal::new(Rule::CodeVerifierUnexpected)),
        (Some(_), None) => Err(Refusal::new(Rule::CodeVerifierMissing)),
        (Some(challenge), Some(verifier)) => {
            let verifier = CodeVerifier::parse(verifier.expose())
                .ok_or_else(|| Refusal::new(Rule::CodeVerifierMalformed))?;
            if challenge.is_met_by(&verifier, sha256) {
                Ok(())
            } else {
                Err(Refusal::new(Rule::CodeVerifierWrong))
            }
        }
    }
}

#[cfg(test)]
mod tests;
