//! PKCE, RFC 7636: who asks for the tokens is who asked for the code.
//!
//! Does not hash by itself: SHA-256 is handed in.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use crate::{
    parameters::{Parameters, clipped},
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
};

/// SHA-256.
pub type Sha256 = fn(&[u8]) -> [u8; 32];

/// Whether a challenge may be the verifier itself. It protects from nothing that reads the authorization request
/// (RFC 9700 §2.1.1), and is for clients that know no better.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PlainChallenges {
    /// It may not.
    #[default]
    Refused,
    /// It may.
    Accepted,
}

/// How a challenge is made from its verifier (RFC 7636 §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub enum Method {
    /// Base64url of its SHA-256.
    S256,
    /// It is the verifier.
    #[serde(rename = "plain")]
    Plain,
}

/// `code_challenge` with its method.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct CodeChallenge {
    method: Method,
    value: String,
}

impl CodeChallenge {
    /// Reads the challenge of an authorization request. A challenge without method is plain (RFC 7636 §4.3).
    ///
    /// # Errors
    /// A [`Refusal`] for an unknown or unwanted method, for a challenge that is none of its method, and for a method
    /// without challenge.
    pub fn read(parameters: &Parameters, plain: PlainChallenges) -> Result<Option<Self>, Refusal> {
        let method = parameters.text("code_challenge_method")?;
        let Some(value) = parameters.text("code_challenge")? else {
            return match method {
                Some(_) => Err(Refusal::new(Rule::CodeChallengeMissing)),
                None => Ok(None),
            };
        };
        let method = match method.unwrap_or("plain") {
            "S256" => Method::S256,
            "plain" if plain == PlainChallenges::Accepted => Method::Plain,
            other => {
                return Err(Refusal::new(Rule::CodeChallengeMethodUnsupported)
                    .naming("code_challenge_method", clipped(other)));
            }
        };
        let well_formed = match method {
            Method::S256 => URL_SAFE_NO_PAD
                .decode(value)
                .is_ok_and(|digest| digest.len() == 32),
            Method::Plain => is_verifier(value),
        };
        if !well_formed {
            return Err(Refusal::new(Rule::CodeChallengeMalformed).with("bytes", value.len()));
        }
        Ok(Some(Self {
            method,
            value: value.to_owned(),
        }))
    }

    /// Whether `verifier` is the one that the challenge was made from.
    pub fn is_met_by(&self, verifier: &CodeVerifier, sha256: Sha256) -> bool {
        let challenge = match self.method {
            Method::S256 => URL_SAFE_NO_PAD.encode(sha256(verifier.0.expose().as_bytes())),
            Method::Plain => verifier.0.expose().to_owned(),
        };
        Secret::new(challenge).matches(&Secret::new(self.value.clone()))
    }
}

/// A well-formed `code_verifier`.
#[derive(Debug)]
pub struct CodeVerifier(Secret);

impl CodeVerifier {
    /// Reads a verifier: 43 to 128 unreserved characters (RFC 7636 §4.1).
    pub fn parse(text: &str) -> Option<Self> {
        is_verifier(text).then(|| Self(Secret::new(text.to_owned())))
    }
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::tests::sha256;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

    fn read(query: &str, plain: PlainChallenges) -> Result<Option<CodeChallenge>, Rule> {
        let parameters = Parameters::parse_form(query.as_bytes()).unwrap();
        CodeChallenge::read(&parameters, plain).map_err(|refusal| refusal.rule)
    }

    #[test]
    fn t12_1_the_vector_of_rfc_7636_appendix_b_verifies() {
        let query = format!("code_challenge={CHALLENGE}&code_challenge_method=S256");
        let challenge = read(&query, PlainChallenges::Refused).unwrap().unwrap();
        assert!(challenge.is_met_by(&CodeVerifier::parse(VERIFIER).unwrap(), sha256));
        let other = VERIFIER.replace('d', "e");
        assert!(!challenge.is_met_by(&CodeVerifier::parse(&other).unwrap(), sha256));
        // The challenge itself is public, and opens nothing.
        assert!(!challenge.is_met_by(&CodeVerifier::parse(CHALLENGE).unwrap(), sha256));
    }

    #[test]
    fn t11_5_plain_is_accepted_behind_its_switch_alone() {
        for query in [
            format!("code_challenge={VERIFIER}&code_challenge_method=plain"),
            format!("code_challenge={VERIFIER}"),
        ] {
            assert_eq!(
                read(&query, PlainChallenges::Refused).unwrap_err(),
                Rule::CodeChallengeMethodUnsupported
            );
            let challenge = read(&query, PlainChallenges::Accepted).unwrap().unwrap();
            assert!(challenge.is_met_by(&CodeVerifier::parse(VERIFIER).unwrap(), sha256));
        }
        for method in ["s256", "S512", "PLAIN"] {
            let query = format!("code_challenge={CHALLENGE}&code_challenge_method={method}");
            assert_eq!(
                read(&query, PlainChallenges::Accepted).unwrap_err(),
                Rule::CodeChallengeMethodUnsupported
            );
        }
    }

    #[test]
    fn a_challenge_that_is_none_is_refused() {
        for challenge in [
            "short",
            &CHALLENGE[1..],
            &format!("{CHALLENGE}x"),
            &format!("{CHALLENGE}%3D"),
            &CHALLENGE.replace('-', "%2B"),
        ] {
            let query = format!("code_challenge={challenge}&code_challenge_method=S256");
            assert_eq!(
                read(&query, PlainChallenges::Refused).unwrap_err(),
                Rule::CodeChallengeMalformed,
                "{challenge}"
            );
        }
        assert_eq!(
            read("code_challenge_method=S256", PlainChallenges::Refused).unwrap_err(),
            Rule::CodeChallengeMissing
        );
        assert_eq!(read("", PlainChallenges::Refused), Ok(None));
    }

    #[test]
    fn a_verifier_has_43_to_128_unreserved_characters() {
        for good in [43, 128] {
            assert!(CodeVerifier::parse(&"~".repeat(good)).is_some());
        }
        for bad in [0, 1, 42, 129] {
            assert!(CodeVerifier::parse(&"a".repeat(bad)).is_none());
        }
        assert!(CodeVerifier::parse(&"+".repeat(43)).is_none());
        assert!(CodeVerifier::parse(&"\u{e4}".repeat(43)).is_none());
    }
}
