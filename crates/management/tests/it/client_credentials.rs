//! Keys of applications.

use grantor_protocol::model::Client;
use serde_json::{Value, json};

use crate::support::{Answer, Api, text};

const PEM: &str = "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";

#[tokio::test]
async fn credentials_are_made_named_changed_and_removed() {
    let api = Api::start().await;
    let client = api.make_client("svc").await;
    let path = format!("/clients/{}", text(&client, "/client_id"));
    let credentials = format!("{path}/credentials");
    let body = json!({"credential_type": "public_key", "pem": PEM, "name": "first"});
    let made = api.make(&credentials, body.clone()).await;
    assert!(text(&made, "/id").starts_with("cred_") && text(&made, "/id").len() == 27);
    assert!(text(&made, "/kid").starts_with("thumbprint-"));
    assert_eq!(made["alg"], "RS256");
    assert_eq!(made["expires_at"], Value::Null);
    assert!(made.get("pem").is_none());
    api.send("POST", &credentials, body).await.refused(409);
    assert_eq!(api.read(&credentials).await, json!([made]));

    // Named by the client, it cannot be removed, and the secret is set aside.
    let named = json!({"client_authentication_methods":
        {"private_key_jwt": {"credentials": [{"id": made["id"]}]}}});
    let updated = api.send("PATCH", &path, named.clone()).await.ok(200);
    assert_eq!(
        updated["client_authentication_methods"],
        named["client_authentication_methods"]
    );
    assert!(updated.get("client_secret").is_none());
    let typed = api.management.store;
    let typed = typed
        .typed::<Client>(&api.tenant, text(&client, "/client_id"))
        .await
        .unwrap();
    assert_eq!(typed.unwrap().value.assertion_credentials().count(), 1);
}

#[tokio::test]
async fn a_credential_in_use_stays_and_an_unknown_one_cannot_be_named() {
    let api = Api::start().await;
    let body = json!({"name": "svc", "client_authentication_methods":
        {"private_key_jwt": {"credentials": [{"credential_type": "public_key", "pem": PEM}]}}});
    let client = api.make("/clients", body).await;
    let shown = &client["client_authentication_methods"]["private_key_jwt"]["credentials"][0];
    assert!(shown["kid"].is_string() && shown.get("pem").is_none());
    let path = format!("/clients/{}", text(&client, "/client_id"));
    let credential = format!("{path}/credentials/{}", shown["id"].as_str().unwrap());

    api.send("DELETE", &credential, Value::Null)
        .await
        .refused(409);
    let body = json!({"expires_at": "2027-01-01T00:00:00.000Z"});
    let changed = api.send("PATCH", &credential, body.clone()).await.ok(200);
    assert_eq!(changed["expires_at"], body["expires_at"]);
    let cleared = api
        .send("PATCH", &credential, json!({"expires_at": null}))
        .await
        .ok(200);
    assert_eq!(cleared["expires_at"], Value::Null);

    let unknown = json!({"client_authentication_methods":
        {"private_key_jwt": {"credentials": [{"id": "cred_none"}]}}});
    api.send("PATCH", &path, unknown).await.refused(404);
    let unnamed = json!({"client_authentication_methods": null,
        "token_endpoint_auth_method": "client_secret_post"});
    let updated = api.send("PATCH", &path, unnamed).await.ok(200);
    assert!(updated["client_secret"].is_string());
    api.send("DELETE", &credential, Value::Null).await.ok(204);
    api.send("DELETE", &credential, Value::Null).await.ok(204);
    api.send("GET", &credential, Value::Null).await.refused(404);
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_refused() {
    let api = Api::start().await;
    let client = api.make_client("svc").await;
    let path = format!("/clients/{}/credentials", text(&client, "/client_id"));
    let refused = [
        json!({"credential_type": "public_key", "pem": "nonsense"}),
        json!({"credential_type": "public_key"}),
        json!({"credential_type": "public_key", "pem": PEM, "alg": "ES256"}),
        json!({"credential_type": "public_key", "pem": PEM, "parse_expiry_from_cert": true}),
        json!({"credential_type": "public_key", "pem": PEM, "expires_at": "2020-01-01T00:00:00Z"}),
        json!({"credential_type": "x509_cert", "pem": PEM}),
        json!({"credential_type": "cert_subject_dn"}),
        json!({"credential_type": "public_key", "pem": PEM, "kid": "short"}),
    ];
    for body in refused {
        api.send("POST", &path, body.clone()).await.refused(400);
    }
    let certificate = "-----BEGIN CERTIFICATE-----\nBBBB\n-----END CERTIFICATE-----";
    let body = json!({"credential_type": "public_key", "pem": certificate,
        "parse_expiry_from_cert": true});
    assert_eq!(
        api.make(&path, body).await["expires_at"],
        "2026-01-02T00:00:00.000Z"
    );
    let body = json!({"credential_type": "cert_subject_dn", "pem": certificate});
    assert_eq!(api.make(&path, body).await["subject_dn"], "CN=client.test");
}
