//! The tower layers: RFC 6750 §2.1, §3, T30.

use std::sync::Arc;

use axum::{Extension, Router, body::Body, routing::get};
use grantor_jose::Algorithm;
use grantor_verify::{
    AccessToken, BearerLayer, BlacklistedTokens, RequireScopesLayer, Verifier, VerifyError,
    insufficient_scope,
};
use http::{HeaderMap, Request, Response, StatusCode, header};
use serde_json::json;
use tower::ServiceExt;

use crate::support::{
    API, Issuer, RSA, TurnedClock, builder, claims, jwks, sign, token, verifier, with,
};

fn orders(verifier: Verifier) -> Router {
    let subject = async |Extension(token): Extension<AccessToken>| token.subject().to_owned();
    let cancel = RequireScopesLayer::new(["cancel:orders", "read:orders"]);
    Router::new()
        .route("/orders", get(subject))
        .route("/cancel", get(subject).layer(cancel))
        .layer(BearerLayer::new(verifier))
}

async fn ask(app: Router, path: &str, authorization: &[&str]) -> Response<Body> {
    let mut request = Request::get(path);
    for value in authorization {
        request = request.header(header::AUTHORIZATION, *value);
    }
    app.oneshot(request.body(Body::empty()).unwrap())
        .await
        .unwrap()
}

fn challenge(headers: &HeaderMap) -> &str {
    headers[header::WWW_AUTHENTICATE].to_str().unwrap()
}

#[tokio::test]
async fn a_good_token_reaches_the_handler() {
    for scheme in ["Bearer", "bearer", "BEARER"] {
        let value = format!("{scheme} {}", token(&claims()));
        let answer = ask(orders(verifier()), "/orders", &[&value]).await;
        assert_eq!(answer.status(), StatusCode::OK);
        let body = axum::body::to_bytes(answer.into_body(), 100).await.unwrap();
        assert_eq!(body, "job@clients");
    }
}

/// RFC 6750 §3.1: without a token there is no error code.
#[tokio::test]
async fn a_request_without_a_token_is_told_the_scheme_alone() {
    for authorization in [&[][..], &["Basic am9iOnNlY3JldA=="], &["DPoP abc"], &[""]] {
        let answer = ask(orders(verifier()), "/orders", authorization).await;
        assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
        assert_eq!(challenge(answer.headers()), "Bearer");
    }
}

/// RFC 6750 §2.1, §3.1: a header that is no bearer header is a bad request.
#[tokio::test]
async fn a_malformed_header_is_a_bad_request() {
    let good = format!("Bearer {}", token(&claims()));
    let malformed: [&[&str]; 6] = [
        &["Bearer"],
        &["Bearer  "],
        &["Bearer a b"],
        &["Bearer a,b"],
        &["Bearer \"a\""],
        &[&good, &good],
    ];
    for authorization in malformed {
        let answer = ask(orders(verifier()), "/orders", authorization).await;
        assert_eq!(
            answer.status(),
            StatusCode::BAD_REQUEST,
            "{authorization:?}"
        );
        let challenge = challenge(answer.headers());
        assert!(challenge.starts_with("Bearer error=\"invalid_request\", error_description=\""));
    }
}

/// RFC 6750 §2.3 is not supported: URLs end up in logs.
#[tokio::test]
async fn a_token_in_the_query_is_not_looked_at() {
    let path = format!("/orders?access_token={}", token(&claims()));
    let answer = ask(orders(verifier()), &path, &[]).await;
    assert_eq!(
        (answer.status(), challenge(answer.headers())),
        (StatusCode::UNAUTHORIZED, "Bearer")
    );
}

#[tokio::test]
async fn a_refused_token_is_answered_with_its_reason() {
    let expired = format!("Bearer {}", token(&with("exp", json!(1))));
    let answer = ask(orders(verifier()), "/orders", &[&expired]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(
        challenge(answer.headers()),
        "Bearer error=\"invalid_token\", error_description=\"The access token expired\""
    );
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
}

/// The answer says which rule, and never which values would do.
#[tokio::test]
async fn a_refusal_gives_no_expected_value_away() {
    let foreign = format!(
        "Bearer {}",
        token(&with("aud", json!("https://b.test\" x=\"")))
    );
    let answer = ask(orders(verifier()), "/orders", &[&foreign]).await;
    let challenge = challenge(answer.headers());
    assert!(
        !challenge.contains(API) && !challenge.contains("b.test"),
        "{challenge}"
    );
}

/// T30: `403 … error="insufficient_scope", scope="cancel:orders"`.
#[tokio::test]
async fn a_missing_scope_is_forbidden_and_named() {
    let ask = async |scope: &str| {
        let value = format!("Bearer {}", token(&with("scope", json!(scope))));
        ask(orders(verifier()), "/cancel", &[&value]).await
    };
    assert_eq!(
        ask("read:orders cancel:orders").await.status(),
        StatusCode::OK
    );
    for scope in [
        "read:orders",
        "cancel:orders",
        "",
        "cancel:orders:x read:orders",
    ] {
        let answer = ask(scope).await;
        assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{scope}");
        let challenge = challenge(answer.headers());
        assert!(
            challenge.starts_with("Bearer error=\"insufficient_scope\", "),
            "{challenge}"
        );
        assert!(
            challenge.ends_with(", scope=\"cancel:orders read:orders\""),
            "{challenge}"
        );
    }
}

#[test]
fn a_handler_can_answer_for_a_scope_itself() {
    let answer: Response<Body> = insufficient_scope(&["cancel:orders"]);
    assert_eq!(answer.status(), StatusCode::FORBIDDEN);
    assert!(challenge(answer.headers()).ends_with("scope=\"cancel:orders\""));
    let odd: Response<Body> = insufficient_scope(&["a\nb"]);
    assert_eq!(
        (odd.status(), challenge(odd.headers())),
        (StatusCode::FORBIDDEN, "Bearer")
    );
}

/// Forgetting the outer layer closes the route.
#[tokio::test]
async fn the_scope_layer_alone_lets_nobody_through() {
    let app = Router::new()
        .route("/", get(async || "secret"))
        .layer(RequireScopesLayer::new(Vec::<String>::new()));
    let value = format!("Bearer {}", token(&claims()));
    assert_eq!(
        ask(app, "/", &[&value]).await.status(),
        StatusCode::UNAUTHORIZED
    );
}

/// A client that got 401 would throw away a good token.
#[tokio::test]
async fn unavailable_keys_are_the_servers_fault() {
    let issuer = Issuer::new();
    issuer.set(|state| state.down = true);
    let verifier = builder(&TurnedClock::new())
        .fetcher(issuer)
        .build()
        .unwrap();
    let value = format!("Bearer {}", token(&claims()));
    let answer = ask(orders(verifier), "/orders", &[&value]).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.headers()[header::RETRY_AFTER], "5");
    assert!(!answer.headers().contains_key(header::WWW_AUTHENTICATE));
}

/// The list names an audience, or the client that the token was issued to.
#[tokio::test]
async fn a_blacklisted_token_is_refused() {
    let list = Arc::new(BlacklistedTokens::new());
    let verifier = builder(&TurnedClock::new())
        .jwks(jwks(&[("k1", &RSA)]))
        .blacklist(Arc::clone(&list) as _)
        .build()
        .unwrap();
    let good = token(&claims());
    for (aud, jti, refused) in [
        (API, "j1", true),
        ("job", "j1", true),
        (API, "j2", false),
        ("https://b.test", "j1", false),
    ] {
        list.replace_with(json!([{"aud": aud, "jti": jti}]).to_string().as_bytes())
            .unwrap();
        let refusal = verifier.verify(&good).await.err();
        assert_eq!(
            refusal,
            refused.then_some(VerifyError::Blacklisted),
            "{aud} {jti}"
        );
    }
    // The list says nothing about a token without an identifier, or one that is bad anyway.
    list.replace_with(json!([{"aud": API, "jti": "j1"}]).to_string().as_bytes())
        .unwrap();
    let expired = sign(&RSA, Algorithm::RS256, "k1", "JWT", &with("exp", json!(1)));
    assert_eq!(
        verifier.verify(&expired).await.unwrap_err(),
        VerifyError::Expired
    );
    assert!(
        verifier
            .verify(&token(&crate::support::without("jti")))
            .await
            .is_ok()
    );
}
