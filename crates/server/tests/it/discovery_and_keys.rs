//! Discovery, the key set, rotation and revocation.

use grantor_jose::{Algorithm, Jws, VerificationKey};
use grantor_protocol::{
    document::Document, keys::PUBLICATION_LEAD_SECONDS, model::KeyRing, tenant::TenantId,
};
use grantor_server::keys::RSA;
use http::Request;
use serde_json::json;

use crate::support::{ISSUER, TestServer, decoded, on_both_engines};

on_both_engines!(
    j10_1_t30_3_a_token_from_before_a_rotation_verifies_after_it,
    j10_2_a_revoked_key_leaves_the_key_set_and_its_tokens_fail,
    j10_3_a_new_key_is_shown_before_it_signs,
    j10_5_discovery_is_cacheable_and_follows_the_host,
    j10_6_private_keys_are_sealed_at_rest_and_never_shown,
    t3_5_discovery_lists_what_works_and_nothing_else,
    the_certificate_can_be_downloaded,
    a_rotation_by_age_leaves_young_keys_alone,
    two_nodes_that_begin_at_once_agree_on_one_key,
);

fn kid(token: &str) -> String {
    decoded(token).0["kid"].as_str().unwrap().to_owned()
}

async fn verifies(server: &TestServer, token: &str) -> bool {
    let jws = Jws::parse(token).unwrap();
    let set = server.key_set().await;
    set.find(&kid(token)).is_some_and(|jwk| {
        jws.verify(
            &VerificationKey::from_jwk(jwk).unwrap(),
            &[Algorithm::RS256],
        )
        .is_ok()
    })
}

async fn rotate(server: &TestServer) -> String {
    server
        .app
        .keys
        .rotate(&TenantId::default_tenant(), RSA)
        .await
        .unwrap()
        .kid
}

async fn j10_1_t30_3_a_token_from_before_a_rotation_verifies_after_it(server: TestServer) {
    let server = server.with_orders().await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        tokens.push(server.ask(&json!({})).await.access_token());
        rotate(&server).await;
        server.clock.advance(PUBLICATION_LEAD_SECONDS);
    }
    let kids: std::collections::BTreeSet<String> = tokens.iter().map(|token| kid(token)).collect();
    assert_eq!(kids.len(), 4);
    for token in &tokens {
        assert!(verifies(&server, token).await);
    }
}

async fn j10_2_a_revoked_key_leaves_the_key_set_and_its_tokens_fail(server: TestServer) {
    let server = server.with_orders().await;
    let token = server.ask(&json!({})).await.access_token();
    let (tenant, old) = (TenantId::default_tenant(), kid(&token));
    assert!(
        server.app.keys.revoke(&tenant, &old).await.is_err(),
        "a current key cannot be revoked"
    );
    rotate(&server).await;

    server.app.keys.revoke(&tenant, &old).await.unwrap();

    assert!(!verifies(&server, &token).await);
    let fresh = server.ask(&json!({})).await.access_token();
    assert_ne!(kid(&fresh), old);
    assert!(verifies(&server, &fresh).await);
}

async fn j10_3_a_new_key_is_shown_before_it_signs(server: TestServer) {
    let server = server.with_orders().await;
    let before = kid(&server.ask(&json!({})).await.access_token());
    let next = rotate(&server).await;
    assert!(server.key_set().await.find(&next).is_some());
    assert_eq!(
        kid(&server.ask(&json!({})).await.access_token()),
        before,
        "caches may not have the new key yet"
    );
    server.clock.advance(PUBLICATION_LEAD_SECONDS);
    assert_eq!(kid(&server.ask(&json!({})).await.access_token()), next);
}

async fn j10_5_discovery_is_cacheable_and_follows_the_host(server: TestServer) {
    for path in [
        "/.well-known/openid-configuration",
        "/.well-known/oauth-authorization-server",
    ] {
        let answer = server.get(path).await;
        assert!(answer.header("cache-control").contains("max-age=15"));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.json()["issuer"], ISSUER);
        assert_eq!(
            answer.json()["jwks_uri"],
            format!("{ISSUER}.well-known/jwks.json")
        );
    }
    assert!(
        server
            .get("/.well-known/jwks.json")
            .await
            .header("cache-control")
            .contains("max-age=15")
    );
    let store = &server.app.store;
    store
        .add_host(
            &TenantId::default_tenant(),
            "id.orchard.test",
            server.app.env.now(),
        )
        .await
        .unwrap();
    let request =
        Request::get("/.well-known/openid-configuration").header("host", "id.orchard.test");
    let answer = server
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(answer.json()["issuer"], "https://id.orchard.test/");
    assert_eq!(
        answer.json()["token_endpoint"],
        "https://id.orchard.test/oauth/token"
    );
}

async fn j10_6_private_keys_are_sealed_at_rest_and_never_shown(server: TestServer) {
    let server = server.with_orders().await;
    server.ask(&json!({})).await.access_token();
    let tenant = TenantId::default_tenant();
    let ring = server
        .app
        .store
        .find(&tenant, &KeyRing::KIND, KeyRing::ID)
        .await
        .unwrap()
        .unwrap();
    let private_key = ring.body["keys"][0]["private_key"].as_str().unwrap();
    assert!(private_key.len() > 1000, "the store opens it for its owner");
    let rows = server
        .app
        .store
        .read(
            grantor_storage::Sql::new("test_bodies", "SELECT body FROM documents"),
            Vec::new(),
        )
        .await
        .unwrap();
    assert!(!rows.is_empty());
    for row in rows {
        let body = row.text(0).unwrap();
        assert!(
            !body.contains(&private_key[..60]) && !body.contains("s3cret"),
            "a secret lies open in the database"
        );
    }
    let set = server.get("/.well-known/jwks.json").await.json();
    for key in set["keys"].as_array().unwrap() {
        let members: Vec<&str> = key
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .collect();
        assert!(
            ["kty", "use", "alg", "kid", "n", "e", "x5t", "x5c"]
                .iter()
                .all(|name| members.contains(name)),
            "{members:?}"
        );
        assert!(
            ["d", "p", "q", "dp", "dq", "qi", "k"]
                .iter()
                .all(|name| !members.contains(name)),
            "{members:?}"
        );
    }
}

async fn t3_5_discovery_lists_what_works_and_nothing_else(server: TestServer) {
    let document = server.get("/.well-known/openid-configuration").await.json();
    for (name, value) in document.as_object().unwrap() {
        let Some(url) = value
            .as_str()
            .filter(|_| name.ends_with("_endpoint") || name == "jwks_uri")
        else {
            continue;
        };
        let path = url.strip_prefix(ISSUER.trim_end_matches('/')).unwrap();
        let status = server.get(path).await.status;
        assert_ne!(status, 404, "{name} is advertised and not there");
    }
    let response_types = document["response_types_supported"].as_array().unwrap();
    assert_eq!(response_types.len(), 7);
    assert!(response_types.contains(&json!("code id_token")));
    assert_eq!(
        document["response_modes_supported"],
        json!(["query", "fragment", "form_post"])
    );
    assert_eq!(
        document["grant_types_supported"],
        json!([
            "authorization_code",
            "implicit",
            "client_credentials",
            "refresh_token",
            "password",
            "http://auth0.com/oauth/grant-type/password-realm",
            "http://auth0.com/oauth/grant-type/passwordless/otp"
        ])
    );
    assert_eq!(
        document["code_challenge_methods_supported"],
        json!(["S256"])
    );
    assert_eq!(
        document["end_session_endpoint"],
        format!("{ISSUER}oidc/logout")
    );
    // The tenant's switch for SDKs that would use it.
    let off = json!({"id": "settings", "oidc_logout": {"rp_logout_end_session_endpoint_discovery": false}});
    server
        .put::<grantor_protocol::model::TenantSettings>(&off)
        .await;
    let document = server.get("/.well-known/openid-configuration").await.json();
    assert!(document.get("end_session_endpoint").is_none());
}

async fn the_certificate_can_be_downloaded(server: TestServer) {
    let pem = server.get("/pem").await;
    let text = String::from_utf8(pem.body).unwrap();
    assert!(text.starts_with("-----BEGIN CERTIFICATE-----"), "{text}");
    let der = server.get("/cer").await.body;
    let set = server.key_set().await;
    let x5c = set
        .keys
        .iter()
        .filter_map(|key| key.x5c.as_ref()?.first().cloned());
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &der);
    assert!(x5c.into_iter().any(|certificate| certificate == encoded));
}

async fn a_rotation_by_age_leaves_young_keys_alone(server: TestServer) {
    let server = server.with_orders().await;
    let tenant = TenantId::default_tenant();
    let before = kid(&server.ask(&json!({})).await.access_token());
    server.app.keys.rotate_aged(&tenant, 30).await.unwrap();
    server.clock.advance(PUBLICATION_LEAD_SECONDS);
    assert_eq!(kid(&server.ask(&json!({})).await.access_token()), before);
    server.clock.advance(31 * 86_400);
    server.app.keys.rotate_aged(&tenant, 30).await.unwrap();
    server.clock.advance(PUBLICATION_LEAD_SECONDS);
    assert_ne!(kid(&server.ask(&json!({})).await.access_token()), before);
}

async fn two_nodes_that_begin_at_once_agree_on_one_key(server: TestServer) {
    let server = server.with_orders().await;
    let other = server.another_node().await;
    let nothing = json!({});
    let (one, two) = tokio::join!(server.ask(&nothing), other.ask(&nothing));
    assert!(verifies(&other, &one.access_token()).await);
    assert!(verifies(&server, &two.access_token()).await);
    let ring = server
        .app
        .keys
        .list(&TenantId::default_tenant())
        .await
        .unwrap();
    let current = ring
        .iter()
        .filter(|key| key.state == grantor_protocol::model::KeyState::Current)
        .count();
    assert_eq!(current, 1);
}
