//! What holds for all tokens.

use grantor_jose::{Algorithm, digest::base64url};
use grantor_verify::{KeySet, Policy, check};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{API, ISSUER, NOW, SECRET, claims};

fn policy() -> Policy {
    Policy {
        issuer: ISSUER.to_owned(),
        audiences: vec![API.to_owned()],
        algorithms: vec![Algorithm::HS256],
        leeway_seconds: 60,
    }
}

/// Any JSON value of a few levels.
fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop::collection::vec(inner, 0..4).prop_map(Value::from)
    })
}

fn signed(claims: &Value) -> String {
    let key = grantor_jose::SigningKey::from_secret(SECRET);
    crate::support::sign(&key, Algorithm::HS256, "", "JWT", claims)
}

proptest! {
    #[test]
    fn no_text_is_accepted_or_breaks_the_check(text in r#"([A-Za-z0-9_.={}"\\:-]|\PC){0,200}"#) {
        let keys = KeySet::from_secret(SECRET);
        let find = |kid: Option<&str>, alg| keys.find(kid, alg);
        prop_assert!(check(&text, find, &policy(), NOW).is_err());
        let header = base64url(json!({"alg": "HS256", "typ": "JWT", "kid": text}).to_string().as_bytes());
        let claims = base64url(text.as_bytes());
        let token = format!("{header}.{claims}.AA");
        prop_assert!(check(&token, find, &policy(), NOW).is_err());
    }

    /// Whatever stands in a claim, a token that is accepted names the issuer, the API and a time that has not passed.
    #[test]
    fn no_claim_widens_what_is_accepted(
        name in prop::sample::select(vec!["iss", "aud", "exp", "nbf", "iat", "sub", "azp", "scope", "jti"]),
        value in value(),
    ) {
        let mut claims = claims();
        claims[name] = value;
        let keys = KeySet::from_secret(SECRET);
        let answer = check(&signed(&claims), |kid, alg| keys.find(kid, alg), &policy(), NOW);
        if let Ok(token) = answer {
            prop_assert_eq!(token.claim("iss"), Some(&json!(ISSUER)));
            prop_assert!(token.audiences().iter().any(|audience| audience == API));
            prop_assert!(NOW - 60 < token.expires_at());
            prop_assert!(!token.subject().is_empty() && !token.client_id().is_empty());
        }
    }
}
