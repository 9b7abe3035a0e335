//! Client authentication, RFC 6749 §2.3 and RFC 7523 §2.2: what was presented, and whether it proves the client.
//!
//! Does not verify the signature of an assertion: that is `jose`, called by the server and passed in.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    model::Client,
    parameters::{Parameters, form_decode},
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
};

/// RFC 7523 §2.2.
pub const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Longest client identifier, in bytes.
pub const MAX_CLIENT_ID_LENGTH: usize = 255;

/// Whom a request says it comes from, and its proof; nothing of it is checked yet.
#[derive(Debug)]
pub struct ClientClaim {
    /// The identifier; an assertion may carry it instead.
    pub client_id: Option<String>,
    /// The proof.
    pub credential: Credential,
}

/// A presented credential.
#[derive(Debug)]
pub enum Credential {
    /// None: a public client.
    Nothing,
    /// `client_secret` in the body.
    Post(Secret),
    /// HTTP Basic, RFC 6749 §2.3.1.
    Basic(Secret),
    /// `client_assertion`, RFC 7523 §2.2.
    Assertion(String),
}

impl ClientClaim {
    /// Reads the claim from the `Authorization` header and the parameters.
    ///
    /// # Errors
    /// A [`Refusal`] for a malformed header, for two identities or two methods (RFC 6749 §2.3) and for no identity.
    pub fn read(authorization: Option<&str>, parameters: &Parameters) -> Result<Self, Refusal> {
        let client_id = parameters.text("client_id")?.map(str::to_owned);
        let secret = parameters
            .text("client_secret")?
            .map(|text| Secret::new(text.to_owned()));
        let assertion = assertion(parameters)?;
        let basic = authorization.map(read_basic).transpose()?;
        let twice = |why: &str| Err(Refusal::new(Rule::ClientIdentityTwice).with("because", why));
        match (basic, secret, assertion) {
            (Some((basic_id, basic_secret)), None, None) => {
                if client_id.as_ref().is_some_and(|id| *id != basic_id) {
                    return twice("client_id differs from the Authorization header");
                }
                Ok(Self {
                    client_id: Some(basic_id),
                    credential: Credential::Basic(basic_secret),
                })
            }
            (None, Some(secret), None) => Self::with_id(client_id, Credential::Post(secret)),
            (None, None, Some(assertion)) => Ok(Self {
                client_id,
                credential: Credential::Assertion(assertion),
            }),
            (None, None, None) => Self::with_id(client_id, Credential::Nothing),
            _ => twice("more than one of Authorization header, client_secret and client_assertion"),
        }
    }

    /// Whether it comes without any proof.
    pub const fn is_bare(&self) -> bool {
        matches!(self.credential, Credential::Nothing)
    }

    fn with_id(client_id: Option<String>, credential: Credential) -> Result<Self, Refusal> {
        let client_id = client_id
            .ok_or_else(|| Refusal::new(Rule::MissingParameter).naming("parameter", "client_id"))?;
        Ok(Self {
            client_id: Some(client_id),
            credential,
        })
    }
}

fn assertion(parameters: &Parameters) -> Result<Option<String>, Refusal> {
    let Some(assertion) = parameters.text("client_assertion")? else {
        return Ok(None);
    };
    let kind = parameters.required("client_assertion_type")?;
    if kind != JWT_BEARER {
        return Err(Refusal::new(Rule::AssertionInvalid)
            .with("because", "client_assertion_type is not jwt-bearer"));
    }
    Ok(Some(assertion.to_owned()))
}

/// Both halves are form-encoded before they are joined (RFC 6749 §2.3.1).
fn read_basic(header: &str) -> Result<(String, Secret), Refusal> {
    let malformed = |why: &str| Refusal::new(Rule::BasicMalformed).with("because", why);
    let (scheme, encoded) = header
        .split_once(' ')
        .ok_or_else(|| malformed("no credentials"))?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(malformed("the scheme is not Basic"));
    }
    let joined = STANDARD
        .decode(encoded.trim())
        .map_err(|_| malformed("not base64"))?;
    let colon = joined
        .iter()
        .position(|byte| *byte == b':')
        .ok_or_else(|| malformed("no colon"))?;
    let (id, secret) = joined.split_at(colon);
    let id = form_decode(id).map_err(|_| malformed("not UTF-8"))?;
    let secret =
        form_decode(secret.get(1..).unwrap_or_default()).map_err(|_| malformed("not UTF-8"))?;
    Ok((id.into_owned(), Secret::new(secret.into_owned())))
}

/// How a client proved itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It did not: a public client.
    None,
    /// With its secret.
    Secret,
    /// With a signed assertion.
    PrivateKeyJwt,
}

/// Proof that a client authenticated, RFC 6749 §2.3. Made only by [`authenticate`].
#[derive(Clone, Debug)]
pub struct AuthenticatedClient {
    client: Arc<Client>,
    method: Method,
}

impl AuthenticatedClient {
    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The client, without the proof.
    pub fn into_client(self) -> Arc<Client> {
        self.client
    }

    /// How it proved itself.
    pub const fn method(&self) -> Method {
        self.method
    }
}

/// Checks `credential` against `client`. `verify_assertion` checks signature and claims of an assertion.
///
/// # Errors
/// A [`Refusal`] whose facts say what did not fit; the client learns `Unauthorized`.
pub fn authenticate(
    client: Arc<Client>,
    credential: &Credential,
    verify_assertion: impl FnOnce(&Client, &str) -> Result<(), String>,
) -> Result<AuthenticatedClient, Refusal> {
    let refuse = |rule, because: &str| {
        Err(Refusal::new(rule)
            .with("client_id", &client.client_id)
            .with("because", because))
    };
    let public = client.is_public();
    let keyed = client.authenticates_with_keys();
    let method = match credential {
        // A secret sent for a public client proves nothing and is ignored.
        _ if public => Method::None,
        Credential::Nothing => {
            return refuse(Rule::ClientCredentialMissing, "no credential was sent");
        }
        Credential::Assertion(_) if !keyed => {
            return refuse(
                Rule::ClientMethodNotAllowed,
                "the client authenticates with its secret",
            );
        }
        Credential::Assertion(assertion) => match verify_assertion(&client, assertion) {
            Ok(()) => Method::PrivateKeyJwt,
            Err(because) => return refuse(Rule::AssertionInvalid, &because),
        },
        Credential::Post(_) | Credential::Basic(_) if keyed => {
            return refuse(
                Rule::ClientMethodNotAllowed,
                "the client authenticates with its keys",
            );
        }
        Credential::Post(secret) | Credential::Basic(secret) => {
            if !client.allows_transport(matches!(credential, Credential::Basic(_))) {
                return refuse(
                    Rule::ClientMethodNotAllowed,
                    "the secret came by another way than registered",
                );
            }
            if !client
                .client_secret
                .as_ref()
                .is_some_and(|own| own.matches(secret))
            {
                return refuse(Rule::ClientSecretWrong, "the secret does not match");
            }
            Method::Secret
        }
    };
    Ok(AuthenticatedClient { client, method })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn client(members: &serde_json::Value) -> Arc<Client> {
        let mut document = json!({"client_id": "abc", "name": "A", "client_secret": "s3cret"});
        document
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        Arc::new(serde_json::from_value(document).unwrap())
    }

    fn claim(authorization: Option<&str>, form: &str) -> Result<ClientClaim, Rule> {
        let parameters = Parameters::parse_form(form.as_bytes()).unwrap();
        ClientClaim::read(authorization, &parameters).map_err(|refusal| refusal.rule)
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode(pair))
    }

    fn outcome(client: Arc<Client>, credential: &Credential) -> Result<Method, Rule> {
        authenticate(client, credential, |_, text| {
            if text == "good" {
                Ok(())
            } else {
                Err("bad".to_owned())
            }
        })
        .map(|client| client.method())
        .map_err(|refusal| refusal.rule)
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text.to_owned())
    }

    #[test]
    fn basic_credentials_are_form_decoded_rfc_6749_2_3_1() {
        let claim = claim(Some(&basic("a%2Bb:s%3A+%25")), "").unwrap();
        assert_eq!(claim.client_id.as_deref(), Some("a+b"));
        assert!(matches!(claim.credential, Credential::Basic(found) if found.expose() == "s: %"));
    }

    #[test]
    fn two_identities_or_two_methods_are_refused_rfc_6749_2_3() {
        let header = basic("abc:x");
        for (authorization, form) in [
            (Some(header.as_str()), "client_id=other"),
            (Some(header.as_str()), "client_id=abc&client_secret=x"),
            (
                Some(header.as_str()),
                "client_assertion=x&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
            ),
            (
                None,
                "client_id=abc&client_secret=x&client_assertion=x&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer",
            ),
        ] {
            assert_eq!(
                claim(authorization, form).unwrap_err(),
                Rule::ClientIdentityTwice,
                "{form}"
            );
        }
        assert!(claim(Some(&header), "client_id=abc").is_ok());
    }

    #[test]
    fn a_malformed_header_is_refused() {
        for header in [
            "Basic",
            "Bearer abc",
            "Basic !!!",
            &basic("nocolon"),
            &basic("%ff:x"),
        ] {
            assert_eq!(
                claim(Some(header), "").unwrap_err(),
                Rule::BasicMalformed,
                "{header}"
            );
        }
        assert_eq!(
            claim(None, "client_secret=x").unwrap_err(),
            Rule::MissingParameter
        );
    }

    #[test]
    fn t21_6_a_secret_proves_the_client() {
        for method in [
            json!({}),
            json!({"token_endpoint_auth_method": "client_secret_post"}),
        ] {
            assert_eq!(
                outcome(client(&method), &Credential::Post(secret("s3cret"))),
                Ok(Method::Secret)
            );
            assert_eq!(
                outcome(client(&method), &Credential::Basic(secret("s3cret"))),
                Ok(Method::Secret)
            );
            assert_eq!(
                outcome(client(&method), &Credential::Post(secret("other"))),
                Err(Rule::ClientSecretWrong)
            );
        }
        assert_eq!(
            outcome(client(&json!({})), &Credential::Nothing),
            Err(Rule::ClientCredentialMissing)
        );
        assert_eq!(
            outcome(client(&json!({})), &Credential::Post(secret(""))),
            Err(Rule::ClientSecretWrong)
        );
    }

    #[test]
    fn the_strict_profile_wants_the_registered_way() {
        let strict = |method| {
            client(&json!({"token_endpoint_auth_method": method, "grantor_profile": "oidc"}))
        };
        assert_eq!(
            outcome(
                strict("client_secret_basic"),
                &Credential::Basic(secret("s3cret"))
            ),
            Ok(Method::Secret)
        );
        assert_eq!(
            outcome(
                strict("client_secret_basic"),
                &Credential::Post(secret("s3cret"))
            ),
            Err(Rule::ClientMethodNotAllowed)
        );
        assert_eq!(
            outcome(
                strict("client_secret_post"),
                &Credential::Basic(secret("s3cret"))
            ),
            Err(Rule::ClientMethodNotAllowed)
        );
    }

    #[test]
    fn a_public_client_proves_nothing() {
        let public = client(&json!({"token_endpoint_auth_method": "none"}));
        assert_eq!(
            outcome(Arc::clone(&public), &Credential::Nothing),
            Ok(Method::None)
        );
        assert_eq!(
            outcome(public, &Credential::Post(secret("s3cret"))),
            Ok(Method::None)
        );
    }

    #[test]
    fn a_client_with_keys_signs() {
        let keyed = client(
            &json!({"client_authentication_methods": {"private_key_jwt": {"credentials": [{"id": "cred_1"}]}}}),
        );
        let assertion = |text: &str| Credential::Assertion(text.to_owned());
        assert_eq!(
            outcome(Arc::clone(&keyed), &assertion("good")),
            Ok(Method::PrivateKeyJwt)
        );
        assert_eq!(
            outcome(Arc::clone(&keyed), &assertion("forged")),
            Err(Rule::AssertionInvalid)
        );
        assert_eq!(
            outcome(keyed, &Credential::Post(secret("s3cret"))),
            Err(Rule::ClientMethodNotAllowed)
        );
        assert_eq!(
            outcome(client(&json!({})), &assertion("good")),
            Err(Rule::ClientMethodNotAllowed)
        );
    }
}
