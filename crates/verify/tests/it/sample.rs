//! The shipped sample API: T23, T30, T32.

use std::sync::Arc;

use axum::{Router, body::Body};
use grantor_jose::{Algorithm, SigningKey, certificate, digest::base64url};
use grantor_verify::BlacklistedTokens;
use http::{Method, Request, StatusCode, header};
use serde_json::{Value, json};
use tower::ServiceExt;

use crate::{
    support::{
        API, OTHER_RSA, RSA, SECRET, TurnedClock, builder, claims, id_token_claims, jwks, sign,
        token, verifier, with, with_header,
    },
    timesheets::router,
};

async fn ask(
    app: &Router,
    method: Method,
    path: &str,
    token: Option<&str>,
    body: &Value,
) -> (StatusCode, Value) {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let request = request.body(Body::from(body.to_string())).unwrap();
    let answer = app.clone().oneshot(request).await.unwrap();
    let status = answer.status();
    let body = axum::body::to_bytes(answer.into_body(), 10_000)
        .await
        .unwrap();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn list(app: &Router, token: &str) -> StatusCode {
    ask(app, Method::GET, "/timesheets", Some(token), &Value::Null)
        .await
        .0
}

fn user(subject: &str, scope: &str) -> String {
    let mut claims = with("scope", json!(scope));
    claims["sub"] = json!(subject);
    token(&claims)
}

fn entry(user_id: &str) -> Value {
    json!({"user_id": user_id, "date": "2026-03-02T09:00:00Z", "project": "Warehouse", "hours": 6})
}

/// The example of the scenario, and the three answers it wants.
#[tokio::test]
async fn t23_3_the_sample_answers_401_403_and_201() {
    let app = router(verifier());
    let upload = async |token: Option<&str>| {
        ask(
            &app,
            Method::POST,
            "/timesheets/upload",
            token,
            &entry("c-114"),
        )
        .await
    };
    assert_eq!(upload(None).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(upload(Some("nonsense")).await.0, StatusCode::UNAUTHORIZED);
    let reader = token(&with("scope", json!("read:timesheets")));
    assert_eq!(upload(Some(&reader)).await.0, StatusCode::FORBIDDEN);
    let job = token(&with("scope", json!("batch:upload")));
    assert_eq!(
        upload(Some(&job)).await,
        (
            StatusCode::CREATED,
            json!({"message": "Created timesheet 1 for employee c-114."})
        )
    );
}

#[tokio::test]
async fn t30_2_every_forgery_is_refused_by_the_sample() {
    let app = router(verifier());
    let good = token(&claims());
    assert_eq!(list(&app, &good).await, StatusCode::OK);

    let modulus = RSA.public_jwk("k1", None).unwrap();
    let public = serde_json::to_string(&modulus).unwrap();
    let spki = certificate::pem("PUBLIC KEY", modulus.n.unwrap().as_bytes(), "\n");
    let hmac = |secret: &str| {
        let key = SigningKey::from_secret(secret.as_bytes());
        sign(&key, Algorithm::HS256, "k1", "JWT", &claims())
    };
    let mut id_token_for_api = id_token_claims();
    id_token_for_api["aud"] = json!(API);
    let forged = [
        (
            "wrong issuer",
            token(&with("iss", json!("https://evil.test/"))),
        ),
        (
            "other audience",
            token(&with("aud", json!("https://orders.test"))),
        ),
        ("expired", token(&with("exp", json!(1)))),
        ("not valid yet", token(&with("nbf", json!(i64::MAX)))),
        (
            "alg none",
            with_header(&json!({"alg": "none", "typ": "JWT", "kid": "k1"}), None),
        ),
        (
            "alg None",
            with_header(&json!({"alg": "None", "typ": "JWT", "kid": "k1"}), None),
        ),
        ("HS256 with the public JWK", hmac(&public)),
        ("HS256 with a public PEM", hmac(&spki)),
        (
            "another's key",
            sign(&OTHER_RSA, Algorithm::RS256, "k1", "JWT", &claims()),
        ),
        (
            "no signature",
            format!("{}.", good.rsplit_once('.').unwrap().0),
        ),
        ("an ID token", token(&id_token_claims())),
        ("an ID token for the API", token(&id_token_for_api)),
    ];
    for (name, forged) in forged {
        assert_eq!(
            list(&app, &forged).await,
            StatusCode::UNAUTHORIZED,
            "{name}"
        );
    }
}

/// Each byte of header, claims and signature, one at a time.
#[tokio::test]
async fn t30_2_a_token_with_one_altered_byte_is_refused_by_the_sample() {
    let app = router(verifier());
    let good = token(&claims());
    for place in 0..good.len() {
        let other = if &good[place..=place] == "A" {
            "B"
        } else {
            "A"
        };
        let altered = format!("{}{other}{}", &good[..place], &good[place + 1..]);
        assert_eq!(
            list(&app, &altered).await,
            StatusCode::UNAUTHORIZED,
            "{place}"
        );
    }
}

#[tokio::test]
async fn t30_4_an_hs256_api_verifies_with_its_secret() {
    let app = router(builder(&TurnedClock::new()).secret(SECRET).build().unwrap());
    let hs256 = |secret: &[u8]| {
        sign(
            &SigningKey::from_secret(secret),
            Algorithm::HS256,
            "",
            "JWT",
            &claims(),
        )
    };
    assert_eq!(list(&app, &hs256(SECRET)).await, StatusCode::OK);
    assert_eq!(
        list(&app, &hs256(b"another secret of 32 bytes .....")).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        list(&app, &token(&claims())).await,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(
        list(&app, &hs256(base64url(SECRET).as_bytes())).await,
        StatusCode::UNAUTHORIZED
    );
}

#[tokio::test]
async fn t32_2_the_sample_rejects_a_blacklisted_token() {
    let blacklist = Arc::new(BlacklistedTokens::new());
    let verifier = builder(&TurnedClock::new())
        .jwks(jwks(&[("k1", &RSA)]))
        .blacklist(Arc::clone(&blacklist) as _);
    let app = router(verifier.build().unwrap());
    let (revoked, other) = (token(&claims()), token(&with("jti", json!("j2"))));
    assert_eq!(list(&app, &revoked).await, StatusCode::OK);
    blacklist
        .replace_with(json!([{"aud": API, "jti": "j1"}]).to_string().as_bytes())
        .unwrap();
    assert_eq!(list(&app, &revoked).await, StatusCode::UNAUTHORIZED);
    assert_eq!(list(&app, &other).await, StatusCode::OK);
}

/// T23a: employees see and delete their own entries; whoever may approve sees all.
#[tokio::test]
async fn the_sample_shows_people_their_own_entries() {
    let app = router(verifier());
    let eva = user("eva", "read:timesheets create:timesheets delete:timesheets");
    let max = user("max", "read:timesheets create:timesheets delete:timesheets");
    let boss = user("boss", "read:timesheets approve:timesheets");
    let none = Value::Null;
    let ids = async |token: &str| {
        let (_, body) = ask(&app, Method::GET, "/timesheets", Some(token), &Value::Null).await;
        let entries = body["timesheets"].as_array().unwrap().clone();
        entries
            .iter()
            .map(|entry| entry["id"].as_u64().unwrap())
            .collect::<Vec<_>>()
    };
    for token in [&eva, &max] {
        // The body cannot enter hours for somebody else.
        let (status, created) = ask(
            &app,
            Method::POST,
            "/timesheets",
            Some(token),
            &entry("boss"),
        )
        .await;
        assert_eq!(status, StatusCode::CREATED);
        assert_ne!(created["user_id"], "boss");
    }
    assert_eq!(
        (ids(&eva).await, ids(&max).await, ids(&boss).await),
        (vec![1], vec![2], vec![1, 2])
    );

    let approve = async |token: &str| {
        ask(&app, Method::POST, "/approvals/1", Some(token), &none)
            .await
            .0
    };
    assert_eq!(approve(&eva).await, StatusCode::FORBIDDEN);
    assert_eq!(approve(&boss).await, StatusCode::NO_CONTENT);

    let delete = async |token: &str| {
        ask(&app, Method::DELETE, "/timesheets/1", Some(token), &none)
            .await
            .0
    };
    assert_eq!(delete(&max).await, StatusCode::NOT_FOUND);
    assert_eq!(delete(&eva).await, StatusCode::NO_CONTENT);
    assert_eq!(ids(&boss).await, [2]);
}

#[tokio::test]
async fn anybody_may_ask_whether_the_sample_is_up() {
    let app = router(verifier());
    assert_eq!(
        ask(&app, Method::GET, "/health", None, &Value::Null)
            .await
            .0,
        StatusCode::NO_CONTENT
    );
}
