//! Tokens that somebody tampered with.

use grantor_jose::{
    Algorithm, Error, Jws, KeyType, SigningKey, VerificationKey, certificate,
    digest::{base64url, hmac_sha256},
};
use serde_json::json;

use crate::{new_key, public, signed};

fn forged(header: &str, claims: &str, signature: &[u8]) -> String {
    let parts = [header.as_bytes(), claims.as_bytes(), signature];
    parts.map(base64url).join(".")
}

/// RFC 8725 §3.1: `none` is no algorithm, however it is written and whatever is allowed.
#[test]
fn alg_none_is_refused() {
    let key = public(&new_key(KeyType::Ed25519));
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let token = forged(&json!({"alg": name}).to_string(), "{}", b"");
        let jws = Jws::parse(&token).unwrap();
        assert_eq!(
            jws.verify(&key, &Algorithm::ALL),
            Err(Error::AlgorithmNotAllowed),
            "{name}"
        );
    }
}

/// RFC 8725 §2.1: the public key, in any form somebody might have fed to an HMAC, does not verify an HMAC.
#[test]
fn an_hmac_with_the_public_key_as_secret_is_refused() {
    let rsa = new_key(KeyType::Rsa2048);
    let (key, jwk) = (public(&rsa), rsa.public_jwk("k1", None).unwrap());
    let secrets = [
        certificate::pem("PUBLIC KEY", jwk.n.as_ref().unwrap().as_bytes(), "\n"),
        serde_json::to_string(&jwk).unwrap(),
        jwk.n.clone().unwrap(),
    ];
    for secret in secrets {
        let input = forged(r#"{"alg":"HS256"}"#, "{}", b"");
        let input = input.trim_end_matches('.');
        let mac = hmac_sha256(secret.as_bytes(), input.as_bytes());
        let token = format!("{input}.{}", base64url(&mac));
        let jws = Jws::parse(&token).unwrap();
        assert_eq!(jws.verify(&key, &Algorithm::ALL), Err(Error::KeyMismatch));
        assert_eq!(
            jws.verify(&key, &[Algorithm::RS256]),
            Err(Error::AlgorithmNotAllowed)
        );
    }
}

/// Every byte counts: whatever one character is replaced with, the token is refused.
#[test]
fn a_token_with_one_altered_byte_is_refused() {
    for (key, alg) in keys() {
        let verifier = verifier(&key);
        let token = signed(&key, alg, &json!({"sub": "ada", "exp": 1}));
        assert_eq!(
            Jws::parse(&token).unwrap().verify(&verifier, &[alg]),
            Ok(())
        );
        for place in 0..token.len() {
            for other in [
                "A", "B", "-", "_", "9", ".", "=", "+", " ", "\n", "\0", "é", "",
            ] {
                if token[place..].starts_with(other) && !other.is_empty() {
                    continue;
                }
                let altered = format!("{}{other}{}", &token[..place], &token[place + 1..]);
                let accepted = Jws::parse(&altered).and_then(|jws| jws.verify(&verifier, &[alg]));
                assert!(accepted.is_err(), "{alg}: {altered}");
            }
        }
    }
}

#[test]
fn a_truncated_or_extended_token_is_refused() {
    for (key, alg) in keys() {
        let verifier = verifier(&key);
        let token = signed(&key, alg, &json!({"sub": "ada"}));
        let accepted = |text: &str| Jws::parse(text).and_then(|jws| jws.verify(&verifier, &[alg]));
        for end in 0..token.len() {
            assert!(accepted(&token[..end]).is_err(), "{end}");
        }
        for more in ["A", "AA", ".", "=", " ", "\n", ".A"] {
            assert!(accepted(&format!("{token}{more}")).is_err(), "{more:?}");
            assert!(accepted(&format!("{more}{token}")).is_err(), "{more:?}");
        }
    }
}

/// RFC 7515 §2: one text for each byte string, so a token cannot be written in two ways.
#[test]
fn stray_bits_at_the_end_of_a_part_are_refused() {
    let key = SigningKey::from_secret(b"secret");
    let token = signed(&key, Algorithm::HS256, &json!({}));
    // 32 bytes leave four of the last character's six bits used: the other two must be zero.
    let (rest, last) = token.split_at(token.len() - 1);
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let place = alphabet.find(last).unwrap();
    assert_eq!(place % 4, 0);
    for stray in 1..4 {
        let other = format!("{rest}{}", &alphabet[place + stray..=place + stray]);
        assert!(
            matches!(Jws::parse(&other), Err(Error::Malformed(_))),
            "{other}"
        );
    }
}

/// RFC 7515 §4: header names are unique. RFC 7519 §7.2: the header is an object.
#[test]
fn odd_headers_are_malformed() {
    let headers = [
        "",
        "{",
        "null",
        "[]",
        r#"["HS256","k1","JWT",false,false,false,false,false]"#,
        r#""HS256""#,
        "{}",
        r#"{"alg":1}"#,
        r#"{"alg":null}"#,
        r#"{"alg":"HS256","alg":"none"}"#,
        r#"{"alg":"HS256","kid":"a","kid":"b"}"#,
        r#"{"alg":"HS256","crit":["b64"],"crit":[]}"#,
        r#"{"alg":"HS256","kid":1}"#,
        r#"{"alg":"HS256"} {"alg":"HS256"}"#,
        "{\"alg\":\"HS256\",\"kid\":\"\u{0}\"}",
    ];
    for header in headers {
        let token = forged(header, "{}", b"signature");
        assert!(
            matches!(Jws::parse(&token), Err(Error::Malformed(_))),
            "{header}"
        );
    }
    assert!(matches!(
        Jws::parse(&forged(&"[".repeat(4000), "{}", b"")),
        Err(Error::Malformed(_))
    ));
}

/// RFC 7515 §4.1.11: whoever does not understand an extension must refuse the token.
#[test]
fn a_critical_extension_is_refused_even_with_a_good_signature() {
    let key = SigningKey::from_secret(b"secret");
    for crit in [r#"["b64"]"#, "[]", "null"] {
        let input = forged(&format!(r#"{{"alg":"HS256","crit":{crit}}}"#), "{}", b"");
        let input = input.trim_end_matches('.');
        let signature = key.sign(Algorithm::HS256, input.as_bytes()).unwrap();
        let token = format!("{input}.{}", base64url(&signature));
        let jws = Jws::parse(&token).unwrap();
        assert_eq!(
            jws.verify(&verifier(&key), &[Algorithm::HS256]),
            Err(Error::CriticalHeader)
        );
    }
}

#[test]
fn headers_that_choose_their_key_are_noticed() {
    for name in ["jwk", "jku", "x5u", "x5c", "crit"] {
        let token = forged(&format!(r#"{{"alg":"RS256","{name}":null}}"#), "{}", b"");
        assert!(
            Jws::parse(&token).unwrap().header().is_unsupported(),
            "{name}"
        );
    }
    let plain = forged(r#"{"alg":"RS256","x5t":"a","cty":"JWT"}"#, "{}", b"");
    assert!(!Jws::parse(&plain).unwrap().header().is_unsupported());
}

/// RFC 7518 §3.4: an ECDSA signature in DER, as certificates have it, is not one in JWS; nor are zeros one.
#[test]
fn an_ecdsa_signature_in_another_form_is_refused() {
    let key = public(&new_key(KeyType::P256));
    for signature in [
        &[0; 64][..],
        &[0xff; 64],
        &[],
        &[0x30; 70],
        &[0; 63],
        &[0; 65],
    ] {
        assert_eq!(
            key.verify(Algorithm::ES256, b"m", signature),
            Err(Error::BadSignature)
        );
    }
}

fn keys() -> [(SigningKey, Algorithm); 4] {
    [
        (new_key(KeyType::Rsa2048), Algorithm::RS256),
        (new_key(KeyType::P256), Algorithm::ES256),
        (new_key(KeyType::Ed25519), Algorithm::EdDSA),
        (SigningKey::from_secret(b"secret"), Algorithm::HS256),
    ]
}

fn verifier(key: &SigningKey) -> VerificationKey {
    match key.kty() {
        Some(_) => public(key),
        None => VerificationKey::from_secret(b"secret"),
    }
}
