//! What does not depend on the grant: dialects, algorithms, profiles, headers and limits of the token endpoint.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use axum::body::{Body, Bytes};
use grantor_jose::Algorithm;
use grantor_protocol::model::{Client, ClientGrant, ResourceServer};
use http_body_util::{BodyExt, Full};
use serde_json::{Value, json};

use crate::support::{ISSUER, TestServer, decoded, on_both_engines, service};

on_both_engines!(
    every_dialect_has_its_claims_and_type,
    every_algorithm_verifies_with_the_key_set,
    the_strict_profile_speaks_the_rfc,
    the_management_api_is_an_audience_under_every_host,
    a_token_response_is_not_to_be_cached,
    a_grant_of_the_table_without_a_file_is_refused_as_unsupported,
    rate_limits_are_told_and_kept,
);

async fn every_dialect_has_its_claims_and_type(server: TestServer) {
    let server = server.with_orders().await;
    for (dialect, typ, client_claim, has_gty, has_permissions) in [
        ("access_token", "JWT", "azp", true, false),
        ("access_token_authz", "JWT", "azp", true, true),
        ("rfc9068_profile", "at+jwt", "client_id", false, false),
        ("rfc9068_profile_authz", "at+jwt", "client_id", false, true),
    ] {
        server
            .change::<ResourceServer>(
                "65a1f0c2d3e4b5a697887766",
                &json!({"token_dialect": dialect}),
            )
            .await;
        let (header, claims) = server
            .verified(
                &server.ask(&json!({})).await.access_token(),
                Algorithm::RS256,
            )
            .await;
        assert_eq!(header["typ"], typ, "{dialect}");
        assert_eq!(claims[client_claim], "svc", "{dialect}");
        assert_eq!(claims.get("gty").is_some(), has_gty, "{dialect}");
        assert_eq!(
            claims.get("permissions").is_some(),
            has_permissions,
            "{dialect}"
        );
        assert!(claims["jti"].is_string(), "{dialect}");
    }
}

async fn every_algorithm_verifies_with_the_key_set(server: TestServer) {
    let server = server.with_orders().await;
    for (name, algorithm, kty) in [
        ("RS256", Algorithm::RS256, "RSA"),
        ("RS512", Algorithm::RS512, "RSA"),
        ("PS256", Algorithm::PS256, "RSA"),
        ("ES256", Algorithm::ES256, "EC"),
        ("EdDSA", Algorithm::EdDSA, "OKP"),
    ] {
        if name == "ES256" {
            assert!(
                server
                    .key_set()
                    .await
                    .keys
                    .iter()
                    .all(|key| key.kty == "RSA"),
                "RSA alone until an API wants more"
            );
        }
        server
            .change::<ResourceServer>("65a1f0c2d3e4b5a697887766", &json!({"signing_alg": name}))
            .await;
        let token = server.ask(&json!({})).await.access_token();
        let (header, _) = server.verified(&token, algorithm).await;
        assert_eq!(header["alg"], name);
        assert!(server.key_set().await.keys.iter().any(|key| key.kty == kty));
    }
}

async fn the_strict_profile_speaks_the_rfc(server: TestServer) {
    let server = server.with_orders().await;
    let members =
        json!({"grantor_profile": "oidc", "token_endpoint_auth_method": "client_secret_post"});
    server.change::<Client>("svc", &members).await;
    server
        .ask(&json!({"client_secret": "x"}))
        .await
        .refused(401, "invalid_client", "Unauthorized");
    server.ask(&json!({"audience": "x"})).await.refused(
        400,
        "invalid_target",
        "Service not found: x",
    );
    let scope = server.ask(&json!({"scope": "nope"})).await;
    scope.refused(
        400,
        "invalid_scope",
        "Client has not been granted scopes: nope",
    );
    assert_eq!(
        server.ask(&json!({"scope": "read:orders"})).await.json()["scope"],
        "read:orders"
    );
}

async fn the_management_api_is_an_audience_under_every_host(server: TestServer) {
    server.put::<Client>(&service("svc", &json!({}))).await;
    let own = "urn:grantor:own:api/v2/";
    let api = json!({"id": "65a1f0c2d3e4b5a697887701", "identifier": own, "scopes": [{"value": "read:clients"}]});
    server.put::<ResourceServer>(&api).await;
    let granted = json!({"id": "cgr_8", "client_id": "svc", "audience": own, "scope": ["read:clients"], "subject_type": "client"});
    server.put::<ClientGrant>(&granted).await;
    let audience = format!("{ISSUER}api/v2/");
    let (_, claims) = decoded(
        &server
            .ask(&json!({"audience": audience}))
            .await
            .access_token(),
    );
    assert_eq!(claims["aud"], audience);
    // The stored form is no audience, and neither is another host's.
    assert_eq!(
        server
            .ask(&json!({"audience": "https://other.test/api/v2/"}))
            .await
            .status,
        403
    );
    assert_eq!(server.ask(&json!({"audience": own})).await.status, 403);
}

async fn a_token_response_is_not_to_be_cached(server: TestServer) {
    let server = server.with_orders().await;
    for answer in [
        server.ask(&json!({})).await,
        server.ask(&json!({"client_secret": "x"})).await,
    ] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("pragma"), "no-cache");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(
            answer.header("x-robots-tag"),
            "noindex, nofollow, nosnippet, noarchive"
        );
        assert!(
            answer
                .header("strict-transport-security")
                .starts_with("max-age=")
        );
        let request_id = answer.header("x-auth0-requestid");
        assert!(
            request_id.len() == 20 && request_id.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{request_id}"
        );
    }
}

async fn a_grant_of_the_table_without_a_file_is_refused_as_unsupported(server: TestServer) {
    let server = server.with_orders().await;
    let device = "urn:ietf:params:oauth:grant-type:device_code";
    server
        .change::<Client>("svc", &json!({"grant_types": [device]}))
        .await;
    let refused = server.ask(&json!({"grant_type": device})).await;
    refused.refused(
        403,
        "unsupported_grant_type",
        &format!("Unsupported grant type: {device}"),
    );
    let refused = server.ask(&json!({"grant_type": "magic"})).await;
    refused.refused(
        403,
        "unsupported_grant_type",
        "Unsupported grant type: magic",
    );
}

async fn rate_limits_are_told_and_kept(server: TestServer) {
    let server = server.with_orders().await;
    let answer = server.ask(&json!({})).await;
    let number =
        |answer: &crate::support::Answer, name: &str| answer.header(name).parse::<i64>().unwrap();
    assert_eq!(number(&answer, "x-ratelimit-limit"), 20_000);
    assert_eq!(number(&answer, "x-ratelimit-remaining"), 19_999);
    let now = server.app.env.now();
    assert!(now.seconds() < number(&answer, "x-ratelimit-reset"));
    // The rest of the bucket goes without a request each.
    let tenant = grantor_protocol::tenant::TenantId::default_tenant();
    while server.app.token_rate.take(&tenant, now).1.is_ok() {}
    let refused = server.ask(&json!({})).await;
    refused.refused(429, "too_many_requests", "Rate limit exceeded.");
    assert_eq!(
        (
            refused.header("retry-after"),
            number(&refused, "x-ratelimit-remaining")
        ),
        ("1", 0)
    );
    assert!(
        reads_the_body(&server).await,
        "an unread body costs the client its connection"
    );
    server.clock.advance(1);
    assert_eq!(server.ask(&json!({})).await.status, 200);
    assert_eq!(Value::Null, server.ask(&json!({})).await.json()["error"]);
}

/// Whether a request that is refused has its body read all the same.
async fn reads_the_body(server: &TestServer) -> bool {
    let read = Arc::new(AtomicBool::new(false));
    let noting = Arc::clone(&read);
    let body = Full::new(Bytes::from_static(b"grant_type=client_credentials"));
    let body = body.map_frame(move |frame| {
        noting.store(true, Ordering::SeqCst);
        frame
    });
    let request = http::Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::new(body))
        .unwrap();
    let answer = server.send(request).await;
    assert_eq!(answer.status, 429);
    read.load(Ordering::SeqCst)
}
