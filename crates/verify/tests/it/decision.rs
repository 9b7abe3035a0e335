//! The rules for one token, accepted and refused: RFC 7519, RFC 9068 §4, RFC 8725, T28, T30.

use std::time::Duration;

use grantor_jose::{Algorithm, KeyType, SigningKey};
use grantor_verify::{KeySet, Policy, VerifyError, check};
use serde_json::{Value, json};

use crate::support::{
    API, ISSUER, NOW, OTHER_RSA, RSA, SECRET, TurnedClock, builder, claims, id_token_claims, jwks,
    new_key, sign, token, verifier, with, with_header, without,
};

async fn verify(token: &str) -> Result<grantor_verify::AccessToken, VerifyError> {
    verifier().verify(token).await
}

#[tokio::test]
async fn a_machines_token_is_accepted_and_read() {
    let read = verify(&token(&claims())).await.unwrap();
    assert_eq!((read.subject(), read.client_id()), ("job@clients", "job"));
    assert_eq!(
        (read.audiences(), read.id()),
        (&[API.to_owned()][..], Some("j1"))
    );
    assert_eq!(read.expires_at(), NOW + 300);
    assert!(read.scopes().iter().eq(["batch:upload", "read:timesheets"]));
    assert!(read.permissions().is_empty());
    assert_eq!(read.claim("gty"), Some(&json!("client-credentials")));
    assert!(read.require_scope("batch:upload").is_ok());
    for scope in ["batch:uploa", "batch", "", "batch:upload read:timesheets"] {
        assert_eq!(read.require_scope(scope).unwrap_err().0, scope);
    }
}

/// RFC 9068 §2.2: `client_id` in place of `azp`, `at+jwt` in place of `JWT`.
#[tokio::test]
async fn a_token_of_the_rfcs_dialect_is_accepted_and_read() {
    let claims = json!({
        "iss": ISSUER, "sub": "auth0|1", "aud": [API, "https://login.test/userinfo"], "iat": NOW, "exp": NOW + 1,
        "client_id": "spa", "jti": "j2", "scope": "openid", "permissions": ["read:timesheets"],
    });
    for typ in ["at+jwt", "AT+JWT", "application/at+jwt"] {
        let read = verify(&sign(&RSA, Algorithm::RS256, "k1", typ, &claims))
            .await
            .unwrap();
        assert_eq!((read.subject(), read.client_id()), ("auth0|1", "spa"));
        assert!(read.permissions().iter().eq(["read:timesheets"]));
        assert!(read.has_scope("openid") && !read.has_scope("read:timesheets"));
    }
}

#[tokio::test]
async fn claims_that_may_be_absent_may_be_absent() {
    for name in ["scope", "gty", "jti", "iat"] {
        assert!(verify(&token(&without(name))).await.is_ok(), "{name}");
    }
    assert!(
        verify(&token(&with("scope", json!(""))))
            .await
            .unwrap()
            .scopes()
            .is_empty()
    );
}

#[tokio::test]
async fn each_broken_rule_about_claims_has_its_own_refusal() {
    let issuer = |received: &str| VerifyError::WrongIssuer {
        expected: ISSUER.to_owned(),
        received: received.to_owned(),
    };
    let audience = |received: &[&str]| VerifyError::WrongAudience {
        expected: vec![API.to_owned()],
        received: received.iter().map(|&text| text.to_owned()).collect(),
    };
    let refused = [
        (
            with("iss", json!("https://login.test")),
            issuer("https://login.test"),
        ),
        (
            with("iss", json!("https://LOGIN.test/")),
            issuer("https://LOGIN.test/"),
        ),
        (
            with("aud", json!("https://other.test")),
            audience(&["https://other.test"]),
        ),
        (
            with("aud", json!([format!("{API}/"), "b"])),
            audience(&[&format!("{API}/"), "b"]),
        ),
        (with("aud", json!([])), audience(&[])),
        (with("exp", json!(NOW - 60)), VerifyError::Expired),
        (with("exp", json!(-1)), VerifyError::Expired),
        (with("nbf", json!(NOW + 61)), VerifyError::NotYetValid),
        (with("iat", json!(NOW + 61)), VerifyError::NotYetValid),
        (without("azp"), VerifyError::WrongType),
    ];
    for (claims, refusal) in refused {
        assert_eq!(
            verify(&token(&claims)).await.unwrap_err(),
            refusal,
            "{claims}"
        );
    }
}

#[tokio::test]
async fn claims_of_the_wrong_type_are_malformed() {
    let malformed = [
        without("iss"),
        without("aud"),
        without("exp"),
        without("sub"),
        with("iss", json!([ISSUER])),
        with("aud", json!(1)),
        with("aud", json!([API, 1])),
        with("exp", json!("1760000300")),
        with("exp", json!(1_760_000_300.5)),
        with("exp", json!(1e300)),
        with("exp", Value::Null),
        with("iat", json!("now")),
        with("nbf", json!(1.5)),
        with("sub", json!("")),
        with("sub", json!(1)),
        with("azp", json!(1)),
        with("jti", json!(1)),
        with("scope", json!(["read:timesheets"])),
        with("permissions", json!("read:timesheets")),
        with("permissions", json!([1])),
        json!([]),
        json!("text"),
    ];
    for claims in malformed {
        assert_eq!(
            verify(&token(&claims)).await.unwrap_err(),
            VerifyError::Malformed,
            "{claims}"
        );
    }
    for text in ["", "a", "a.b", "a.b.c", "a.b.c.d", &"a".repeat(20_000)] {
        assert_eq!(verify(text).await.unwrap_err(), VerifyError::Malformed);
    }
}

/// T28: an ID token, whatever it is signed with and whomever it is for, is not an access token.
#[tokio::test]
async fn t28_1_an_id_token_fails_api_validation() {
    assert_eq!(
        verify(&token(&id_token_claims())).await.unwrap_err(),
        VerifyError::WrongType
    );

    // Even if somebody registered an API under the client's identifier.
    let mut for_api = id_token_claims();
    for_api["aud"] = json!(API);
    assert_eq!(
        verify(&token(&for_api)).await.unwrap_err(),
        VerifyError::WrongType
    );

    // Even if it names its authorized party, as OIDC Core §2 allows.
    for_api["azp"] = json!("job");
    assert_eq!(
        verify(&token(&for_api)).await.unwrap_err(),
        VerifyError::WrongType
    );
}

/// T28: the secrets of an application and of an API are not interchangeable.
#[tokio::test]
async fn t28_2_a_token_under_the_clients_secret_fails_at_an_hs256_api() {
    let api = builder(&TurnedClock::new()).secret(SECRET).build().unwrap();
    let with_secret = |secret: &[u8]| {
        sign(
            &SigningKey::from_secret(secret),
            Algorithm::HS256,
            "",
            "JWT",
            &claims(),
        )
    };
    assert!(api.verify(&with_secret(SECRET)).await.is_ok());
    let forged = with_secret(b"the secret of the application ..");
    assert_eq!(
        api.verify(&forged).await.unwrap_err(),
        VerifyError::BadSignature
    );
}

/// RFC 9068 §4, RFC 8725 §3.11: other kinds of JWT say so in `typ`.
#[tokio::test]
async fn other_kinds_of_jwt_are_refused() {
    for typ in [
        "logout+jwt",
        "dpop+jwt",
        "client-authentication+jwt",
        "",
        "jwt+x",
    ] {
        let token = sign(&RSA, Algorithm::RS256, "k1", typ, &claims());
        assert_eq!(
            verify(&token).await.unwrap_err(),
            VerifyError::WrongType,
            "{typ}"
        );
    }
    let untyped = with_header(
        &json!({"alg": "RS256", "kid": "k1"}),
        Some((&RSA, Algorithm::RS256)),
    );
    assert_eq!(verify(&untyped).await.unwrap_err(), VerifyError::WrongType);
}

/// RFC 8725 §3.1, §3.10.
#[tokio::test]
async fn headers_that_choose_their_key_or_need_an_extension_are_refused() {
    for member in ["jwk", "jku", "x5u", "x5c", "crit"] {
        let mut header = json!({"alg": "RS256", "typ": "JWT", "kid": "k1"});
        header[member] = json!([]);
        let token = with_header(&header, Some((&RSA, Algorithm::RS256)));
        assert_eq!(
            verify(&token).await.unwrap_err(),
            VerifyError::UnsupportedHeader,
            "{member}"
        );
    }
}

#[tokio::test]
async fn algorithms_outside_of_the_policy_are_refused() {
    for alg in [Algorithm::RS384, Algorithm::PS256, Algorithm::RS512] {
        let token = sign(&RSA, alg, "k1", "JWT", &claims());
        assert_eq!(
            verify(&token).await.unwrap_err(),
            VerifyError::AlgorithmNotAllowed,
            "{alg}"
        );
    }
}

/// `exp`, `nbf` and `iat` on either side of the leeway, by turning the clock alone.
#[tokio::test]
async fn time_is_measured_with_the_leeway() {
    let clock = TurnedClock::new();
    let leeway = Duration::from_secs(10);
    let api = builder(&clock)
        .jwks(jwks(&[("k1", &RSA)]))
        .leeway(leeway)
        .build()
        .unwrap();
    let token = token(&with("nbf", json!(NOW + 20)));

    assert_eq!(
        api.verify(&token).await.unwrap_err(),
        VerifyError::NotYetValid
    );
    clock.advance(9);
    assert_eq!(
        api.verify(&token).await.unwrap_err(),
        VerifyError::NotYetValid
    );
    clock.advance(1);
    assert!(api.verify(&token).await.is_ok());
    clock.advance(299);
    assert!(api.verify(&token).await.is_ok());
    clock.advance(1);
    assert_eq!(api.verify(&token).await.unwrap_err(), VerifyError::Expired);
}

#[tokio::test]
async fn a_key_that_is_not_the_issuers_is_refused() {
    let named_alike = sign(&OTHER_RSA, Algorithm::RS256, "k1", "JWT", &claims());
    assert_eq!(
        verify(&named_alike).await.unwrap_err(),
        VerifyError::BadSignature
    );
    let unknown = sign(&OTHER_RSA, Algorithm::RS256, "k2", "JWT", &claims());
    assert_eq!(verify(&unknown).await.unwrap_err(), VerifyError::UnknownKey);
}

/// Without a `kid` the key must be the only one that fits.
#[test]
fn a_token_without_kid_is_accepted_if_there_is_one_key_for_it() {
    let p256 = new_key(KeyType::P256);
    let one = KeySet::from_jwks(&jwks(&[("k1", &RSA), ("k2", &p256)]));
    assert!(one.find(None, Algorithm::RS256).is_some());
    assert!(one.find(None, Algorithm::EdDSA).is_none());
    let two = KeySet::from_jwks(&jwks(&[("k1", &RSA), ("k2", &OTHER_RSA)]));
    assert!(two.find(None, Algorithm::RS256).is_none());
    assert!(two.find(Some("k2"), Algorithm::RS256).is_some());
}

/// RFC 7517 §4.4: a key with `alg` is for that algorithm.
#[test]
fn a_key_that_is_bound_to_an_algorithm_serves_no_other() {
    let mut set = jwks(&[("k1", &RSA)]);
    set.keys[0].alg = Some("PS256".to_owned());
    let keys = KeySet::from_jwks(&set);
    assert!(keys.find(Some("k1"), Algorithm::RS256).is_none());
    assert!(keys.find(Some("k1"), Algorithm::PS256).is_some());
    assert!(keys.find(Some("k1"), Algorithm::HS256).is_none());
}

/// RFC 7517 §5: keys that are not understood do not spoil the set.
#[test]
fn keys_that_cannot_be_used_are_left_out_of_a_set() {
    let mut set = jwks(&[("k1", &RSA)]);
    let unknown = json!({"kty": "AKP", "kid": "k2", "alg": "ML-DSA-44", "pub": "AQ"});
    let encryption =
        json!({"kty": "RSA", "use": "enc", "kid": "k3", "n": set.keys[0].n, "e": "AQAB"});
    set.keys.insert(0, serde_json::from_value(unknown).unwrap());
    set.keys
        .insert(0, serde_json::from_value(encryption).unwrap());
    let keys = KeySet::from_jwks(&set);
    assert!(keys.find(Some("k1"), Algorithm::RS256).is_some());
    assert!(keys.find(Some("k3"), Algorithm::RS256).is_none());
}

/// The pure entry, as the server uses it on its own tokens.
#[test]
fn the_pure_entry_asks_for_the_key_of_the_header() {
    let policy = Policy {
        issuer: ISSUER.to_owned(),
        audiences: vec![API.to_owned()],
        algorithms: vec![Algorithm::RS256],
        leeway_seconds: 0,
    };
    let keys = KeySet::from_jwks(&jwks(&[("k1", &RSA)]));
    let find = |kid: Option<&str>, alg| {
        assert_eq!((kid, alg), (Some("k1"), Algorithm::RS256));
        keys.find(kid, alg)
    };
    let token = token(&claims());
    assert!(check(&token, find, &policy, NOW).is_ok());
    assert_eq!(
        check(&token, find, &policy, NOW + 300).unwrap_err(),
        VerifyError::Expired
    );
    assert_eq!(
        check(&token, |_, _| None, &policy, NOW).unwrap_err(),
        VerifyError::UnknownKey
    );
}
