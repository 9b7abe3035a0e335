//! Client authentication at the token endpoint, over the wire.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use grantor_jose::{Algorithm, KeyType, Signer, SigningKey};
use grantor_protocol::model::Client;
use serde_json::{Value, json};

use crate::support::{ISSUER, TestServer, on_both_engines};

on_both_engines!(
    t21_6_basic_and_body_credentials_work,
    an_unknown_client_and_a_wrong_secret_look_alike,
    two_client_identities_are_refused,
    a_signed_assertion_proves_the_client_once,
    an_assertion_that_breaks_a_rule_is_refused,
    every_registered_key_is_tried_and_an_expired_one_is_not,
);

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const BODY: &[u8] = b"grant_type=client_credentials&audience=https%3A%2F%2Forders.orchard.test";

fn basic(pair: &str) -> String {
    format!("Basic {}", STANDARD.encode(pair))
}

async fn t21_6_basic_and_body_credentials_work(server: TestServer) {
    let server = server.with_orders().await;
    server
        .token_raw(FORM, Some(&basic("svc:s3cret")), BODY)
        .await
        .access_token();
    let body = [BODY, b"&client_id=svc&client_secret=s3cret"].concat();
    server.token_raw(FORM, None, &body).await.access_token();
    server.ask(&json!({})).await.access_token();
    let wrong = server.token_raw(FORM, Some(&basic("svc:nope")), BODY).await;
    wrong.refused(401, "access_denied", "Unauthorized");
    assert!(wrong.header("www-authenticate").starts_with("Basic"));
}

async fn an_unknown_client_and_a_wrong_secret_look_alike(server: TestServer) {
    let server = server.with_orders().await;
    let unknown = server.ask(&json!({"client_id": "nobody"})).await;
    let wrong = server.ask(&json!({"client_secret": "wrong"})).await;
    let missing = server.ask(&json!({"client_secret": null})).await;
    let long = server.ask(&json!({"client_id": "x".repeat(300)})).await;
    for answer in [&unknown, &wrong, &missing, &long] {
        answer.refused(401, "access_denied", "Unauthorized");
        assert_eq!(answer.body, wrong.body);
    }
}

async fn two_client_identities_are_refused(server: TestServer) {
    let server = server.with_orders().await;
    let description = "More than one client identity or authentication method";
    let body = [BODY, b"&client_id=other"].concat();
    server
        .token_raw(FORM, Some(&basic("svc:s3cret")), &body)
        .await
        .refused(400, "invalid_request", description);
    let body = [BODY, b"&client_id=svc&client_secret=s3cret"].concat();
    server
        .token_raw(FORM, Some(&basic("svc:s3cret")), &body)
        .await
        .refused(400, "invalid_request", description);
}

struct Key {
    signer: Signer,
    pem: String,
}

fn key() -> Key {
    let generated = SigningKey::generate(KeyType::Rsa2048).unwrap();
    let key = SigningKey::from_pkcs8(KeyType::Rsa2048, &generated.pkcs8).unwrap();
    let certificate = grantor_jose::certificate::self_signed(
        &key,
        &generated.pkcs8,
        "svc",
        0,
        4_000_000_000,
        [1; 16],
    );
    Key {
        signer: Signer::new(key, Algorithm::RS256, None, "JWT").unwrap(),
        pem: certificate.unwrap().pem("\n"),
    }
}

impl Key {
    fn assertion(&self, server: &TestServer, members: &Value) -> String {
        let now = server.app.env.now().seconds();
        let mut claims = json!({"iss": "svc", "sub": "svc", "aud": ISSUER, "iat": now, "exp": now + 120, "jti": "j1"});
        claims
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        self.signer
            .sign_json(claims.to_string().as_bytes())
            .unwrap()
    }
}

async fn with_keys(server: TestServer, keys: &[(&Key, Option<&str>)]) -> TestServer {
    let server = server.with_orders().await;
    let ids: Vec<Value> = (0..keys.len())
        .map(|n| json!({"id": format!("cred_{n}")}))
        .collect();
    let credentials: Vec<Value> = keys
        .iter()
        .enumerate()
        .map(|(n, (key, expires_at))| {
            json!({"id": format!("cred_{n}"), "credential_type": "public_key", "pem": key.pem, "alg": "RS256", "expires_at": expires_at})
        })
        .collect();
    let methods = json!({"private_key_jwt": {"credentials": ids}});
    server
        .change::<Client>(
            "svc",
            &json!({"client_authentication_methods": methods, "grantor_credentials": credentials}),
        )
        .await;
    server
}

fn with_assertion(assertion: &str) -> Value {
    json!({
        "client_id": null, "client_secret": null, "client_assertion": assertion,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    })
}

async fn a_signed_assertion_proves_the_client_once(server: TestServer) {
    let key = key();
    let server = with_keys(server, &[(&key, None)]).await;
    let assertion = key.assertion(&server, &json!({}));

    server.ask(&with_assertion(&assertion)).await.access_token();

    server
        .ask(&with_assertion(&assertion))
        .await
        .refused(401, "access_denied", "Unauthorized");
    assert_eq!(
        server.logged("feccft").await["details"]["rule"],
        "AssertionReplayed"
    );
    let fresh = key.assertion(&server, &json!({"jti": "j2"}));
    server.ask(&with_assertion(&fresh)).await.access_token();
    server
        .ask(&json!({}))
        .await
        .refused(401, "access_denied", "Unauthorized");
}

async fn an_assertion_that_breaks_a_rule_is_refused(server: TestServer) {
    let (key, stranger) = (key(), key());
    let server = with_keys(server, &[(&key, None)]).await;
    let now = server.app.env.now().seconds();
    for (n, members) in [
        json!({"iss": "other"}),
        json!({"aud": "https://other.test/"}),
        json!({"exp": now - 60}),
        json!({"exp": now + 3600}),
        json!({"nbf": now + 60}),
        json!({"jti": null}),
        json!({"jti": "x".repeat(65)}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut with_jti = json!({"jti": format!("n{n}")});
        with_jti
            .as_object_mut()
            .unwrap()
            .extend(members.as_object().unwrap().clone());
        let answer = server
            .ask(&with_assertion(&key.assertion(&server, &with_jti)))
            .await;
        assert_eq!(answer.status, 401, "{members}");
    }
    let forged = stranger.assertion(&server, &json!({}));
    server
        .ask(&with_assertion(&forged))
        .await
        .refused(401, "access_denied", "Unauthorized");
    let mut other_type = with_assertion(&key.assertion(&server, &json!({})));
    other_type["client_assertion_type"] = "urn:other".into();
    server
        .ask(&other_type)
        .await
        .refused(401, "access_denied", "Unauthorized");
    server
        .ask(&with_assertion("not.a.jwt"))
        .await
        .refused(401, "access_denied", "Unauthorized");
    // The same assertion, addressed to the token endpoint, is welcome in the vendor's profile alone.
    let endpoint = key.assertion(
        &server,
        &json!({"aud": format!("{ISSUER}oauth/token"), "jti": "e1"}),
    );
    server.ask(&with_assertion(&endpoint)).await.access_token();
    server
        .change::<Client>("svc", &json!({"grantor_profile": "oidc"}))
        .await;
    let endpoint = key.assertion(
        &server,
        &json!({"aud": format!("{ISSUER}oauth/token"), "jti": "e2"}),
    );
    server
        .ask(&with_assertion(&endpoint))
        .await
        .refused(401, "invalid_client", "Unauthorized");
}

async fn every_registered_key_is_tried_and_an_expired_one_is_not(server: TestServer) {
    let (old, present, past) = (key(), key(), key());
    let keys = [
        (&old, None),
        (&present, Some("2027-01-01T00:00:00.000Z")),
        (&past, Some("2026-01-01T00:00:00.000Z")),
    ];
    let server = with_keys(server, &keys).await;
    server
        .ask(&with_assertion(
            &old.assertion(&server, &json!({"jti": "1"})),
        ))
        .await
        .access_token();
    server
        .ask(&with_assertion(
            &present.assertion(&server, &json!({"jti": "2"})),
        ))
        .await
        .access_token();
    let expired = server
        .ask(&with_assertion(
            &past.assertion(&server, &json!({"jti": "3"})),
        ))
        .await;
    expired.refused(401, "access_denied", "Unauthorized");
}
