//! RFC 7523 §3: each rule of a client assertion, accepted and refused.

use std::sync::LazyLock;

use grantor_jose::{
    Algorithm, KeyType, SigningKey, VerificationKey,
    client_assertion::{self, AssertionError, Claims, Expected},
    digest::base64url,
};
use serde_json::{Value, json};

use crate::{new_key, public, signed};

const NOW: i64 = 1_760_000_000;
const TOKEN_ENDPOINT: &str = "https://login.test/oauth/token";
const ISSUER: &str = "https://login.test/";

static RSA: LazyLock<SigningKey> = LazyLock::new(|| new_key(KeyType::Rsa2048));
static P256: LazyLock<SigningKey> = LazyLock::new(|| new_key(KeyType::P256));

fn claims() -> Value {
    json!({"iss": "svc", "sub": "svc", "aud": ISSUER, "jti": "j1", "exp": NOW + 60, "iat": NOW})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn check_with(
    token: &str,
    keys: &[(VerificationKey, Option<Algorithm>)],
) -> Result<Claims, AssertionError> {
    let expected = Expected {
        client_id: "svc",
        audiences: &[ISSUER, TOKEN_ENDPOINT],
        now_seconds: NOW,
    };
    let keys = keys.iter().map(|(key, alg)| (key, *alg));
    client_assertion::parse(token)?.verify(keys, &expected)
}

fn check(claims: &Value) -> Result<Claims, AssertionError> {
    check_with(
        &signed(&RSA, Algorithm::RS256, claims),
        &[(public(&RSA), None)],
    )
}

#[test]
fn a_sound_assertion_is_accepted_and_leaves_its_jti() {
    let accepted = check(&claims()).unwrap();
    assert_eq!(
        accepted,
        Claims {
            jti: "j1".to_owned(),
            exp: NOW + 60
        }
    );
    assert_eq!(accepted.replayable_until(), NOW + 70);
}

#[test]
fn the_client_is_named_before_anything_is_verified() {
    let token = signed(&RSA, Algorithm::RS256, &claims());
    assert_eq!(client_assertion::parse(&token).unwrap().client_id(), "svc");
}

#[test]
fn each_claim_that_is_acceptable_is_accepted() {
    let accepted = [
        with("aud", json!(TOKEN_ENDPOINT)),
        with("aud", json!(["https://other.test", ISSUER])),
        with("jti", json!("j".repeat(64))),
        with("exp", json!(NOW - 9)),
        with("exp", json!(NOW + 310)),
        with("exp", json!(1_760_000_060.5)),
        with("iat", json!(NOW + 10)),
        with("nbf", json!(NOW + 10)),
        with("extra", json!({"a": [1]})),
        without("iat"),
    ];
    for claims in accepted {
        assert!(check(&claims).is_ok(), "{claims}");
    }
}

#[test]
fn each_broken_rule_is_refused_by_its_name() {
    use AssertionError as Rule;
    let refused = [
        (without("iss"), Rule::MissingIssuer),
        (with("iss", json!("")), Rule::MissingIssuer),
        (with("iss", Value::Null), Rule::MissingIssuer),
        (without("sub"), Rule::MissingSubject),
        (without("aud"), Rule::MissingAudience),
        (without("exp"), Rule::MissingExpiry),
        (without("jti"), Rule::MissingJti),
        (with("iss", json!("i".repeat(65))), Rule::ClaimTooLong),
        (with("sub", json!("s".repeat(65))), Rule::ClaimTooLong),
        (with("jti", json!("j".repeat(65))), Rule::ClaimTooLong),
        (with("iss", json!("other")), Rule::WrongIssuer),
        (with("sub", json!("other")), Rule::WrongSubject),
        (
            with("aud", json!("https://other.test/")),
            Rule::WrongAudience,
        ),
        (
            with("aud", json!("https://login.test")),
            Rule::WrongAudience,
        ),
        (with("aud", json!([])), Rule::WrongAudience),
        (with("exp", json!(NOW - 10)), Rule::Expired),
        (with("exp", json!(-1)), Rule::Expired),
        (with("exp", json!(NOW + 311)), Rule::LivesTooLong),
        (with("exp", json!(1e300)), Rule::LivesTooLong),
        (with("iat", json!(NOW + 11)), Rule::IssuedInFuture),
        (with("nbf", json!(NOW + 11)), Rule::NotYetValid),
        (with("exp", json!("soon")), Rule::Malformed),
        (with("iat", json!([])), Rule::Malformed),
        (with("aud", json!({"a": 1})), Rule::Malformed),
        (with("aud", json!([ISSUER, 1])), Rule::Malformed),
        (with("iss", json!(1)), Rule::Malformed),
        (json!([]), Rule::Malformed),
        (json!("svc"), Rule::Malformed),
        (with("extra", json!("e".repeat(2048))), Rule::TooLong),
    ];
    for (claims, rule) in refused {
        assert_eq!(check(&claims), Err(rule), "{claims}");
    }
}

#[test]
fn only_the_listed_algorithms_are_accepted() {
    let cases = [
        (&RSA, Algorithm::RS256, true),
        (&RSA, Algorithm::RS384, true),
        (&RSA, Algorithm::PS256, true),
        (&P256, Algorithm::ES256, true),
        (&RSA, Algorithm::RS512, false),
        (&RSA, Algorithm::PS384, false),
        (&RSA, Algorithm::PS512, false),
    ];
    for (key, alg, accepted) in cases {
        let answer = check_with(&signed(key, alg, &claims()), &[(public(key), None)]);
        let refused = Err(AssertionError::AlgorithmNotAllowed);
        assert_eq!(answer.is_ok(), accepted, "{alg}");
        assert!(accepted || answer == refused, "{alg}");
    }
}

/// The client's secret, or any public text, never stands in for its key.
#[test]
fn symmetric_and_absent_signatures_are_refused() {
    let secret = SigningKey::from_secret(b"secret");
    let token = signed(&secret, Algorithm::HS256, &claims());
    let keys = [(VerificationKey::from_secret(b"secret"), None)];
    assert_eq!(
        check_with(&token, &keys),
        Err(AssertionError::AlgorithmNotAllowed)
    );

    for alg in ["none", "", "RS256-and-many-more-characters"] {
        let header = json!({"alg": alg}).to_string();
        let token = [header.as_bytes(), claims().to_string().as_bytes(), b""]
            .map(base64url)
            .join(".");
        assert_eq!(
            check_with(&token, &keys),
            Err(AssertionError::AlgorithmNotAllowed),
            "{alg}"
        );
    }
}

#[test]
fn headers_that_choose_the_key_or_need_an_extension_are_refused() {
    for member in ["jwk", "jku", "x5u", "x5c", "crit"] {
        let header = format!(r#"{{"alg":"RS256","{member}":[]}}"#);
        let input = [header.as_bytes(), claims().to_string().as_bytes()]
            .map(base64url)
            .join(".");
        let signature = RSA.sign(Algorithm::RS256, input.as_bytes()).unwrap();
        let token = format!("{input}.{}", base64url(&signature));
        let answer = check_with(&token, &[(public(&RSA), None)]);
        assert_eq!(answer, Err(AssertionError::UnsupportedHeader), "{member}");
    }
}

#[test]
fn every_key_of_the_client_is_tried() {
    let (old, new) = (public(&new_key(KeyType::Rsa2048)), public(&RSA));
    let token = signed(&RSA, Algorithm::RS256, &claims());
    let all = [(public(&P256), None), (old.clone(), None), (new, None)];
    assert!(check_with(&token, &all).is_ok());
    assert_eq!(
        check_with(&token, &[(old, None)]),
        Err(AssertionError::BadSignature)
    );
    assert_eq!(
        check_with(&token, &[(public(&P256), None)]),
        Err(AssertionError::NoKey)
    );
    assert_eq!(check_with(&token, &[]), Err(AssertionError::NoKey));
}

#[test]
fn a_key_bound_to_an_algorithm_takes_part_in_that_one_alone() {
    let token = signed(&RSA, Algorithm::RS256, &claims());
    let bound = |alg| [(public(&RSA), Some(alg))];
    assert!(check_with(&token, &bound(Algorithm::RS256)).is_ok());
    assert_eq!(
        check_with(&token, &bound(Algorithm::PS256)),
        Err(AssertionError::NoKey)
    );
}

#[test]
fn texts_that_are_no_assertion_are_malformed() {
    for text in ["", ".", "..", "a.b.c", "secret", "e30.e30.e30"] {
        assert_eq!(
            client_assertion::parse(text).err(),
            Some(AssertionError::Malformed),
            "{text}"
        );
    }
    let long = "a".repeat(2049);
    assert_eq!(
        client_assertion::parse(&long).err(),
        Some(AssertionError::TooLong)
    );
}

/// An altered claim breaks the signature, not just the claim's own rule.
#[test]
fn the_signature_covers_the_claims() {
    let token = signed(&RSA, Algorithm::RS256, &claims());
    let other = signed(&RSA, Algorithm::RS256, &with("jti", json!("j2")));
    let (input, _) = token.rsplit_once('.').unwrap();
    let (_, signature) = other.rsplit_once('.').unwrap();
    let answer = check_with(&format!("{input}.{signature}"), &[(public(&RSA), None)]);
    assert_eq!(answer, Err(AssertionError::BadSignature));
}
