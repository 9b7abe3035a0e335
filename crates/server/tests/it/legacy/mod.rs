//! What is retired: where it comes back, where it is refused, and who is noted to want it.

mod authorize;
mod delegation;
mod resource_owner;
mod retired;
mod token_info;

use axum::body::Body;
use grantor_jose::{Algorithm, Jws, VerificationKey};
use grantor_protocol::{
    model::{Client, ResourceServer, TenantSettings},
    tenant::TenantId,
    users::{Connection, User, UserId},
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestServer, decoded, shop};

/// The secret of applications that are not conformant.
pub(crate) const SECRET: &str = "till-s3cret-till-s3cret-till-s3cret";

/// A tenant that has not moved yet: the shop, with everything retired switched on, and two applications that are not
/// conformant: `till` and `scales`.
pub(crate) async fn old_shop(server: TestServer) -> TestServer {
    let server = shop(server).await;
    server
        .put::<TenantSettings>(&json!({"id": "settings", "flags": {
            "grantor_legacy_pipeline": true, "allow_legacy_ro_grant_types": true,
            "allow_legacy_delegation_grant_types": true, "allow_legacy_tokeninfo_endpoint": true,
        }}))
        .await;
    for client_id in ["till", "scales"] {
        let legacy = "http://auth0.com/oauth/legacy/grant-type";
        server
            .put::<Client>(&json!({
                "client_id": client_id, "name": client_id, "client_secret": SECRET, "app_type": "regular_web",
                "oidc_conformant": false, "jwt_configuration": {"alg": "HS256"},
                "grant_types": ["authorization_code", "implicit", format!("{legacy}/ro"),
                    format!("{legacy}/delegation/id_token"), format!("{legacy}/delegation/refresh_token")],
                "callbacks": [crate::support::CALLBACK],
            }))
            .await;
    }
    // Consent is asked for where a test wants it.
    let skipped = json!({"skip_consent_for_verifiable_first_party_clients": true});
    server
        .change::<ResourceServer>("65a1f0c2d3e4b5a697887766", &skipped)
        .await;
    let enabled = json!({"enabled_clients": ["web", "other", "tpc", "till", "scales"]});
    server
        .change::<Connection>("con_0000000000000001", &enabled)
        .await;
    server
}

pub(crate) async fn flags(server: &TestServer, flags: &Value) {
    server
        .change::<TenantSettings>("settings", &json!({"flags": flags}))
        .await;
}

pub(crate) async fn conformant(server: &TestServer, client_id: &str) {
    server
        .change::<Client>(client_id, &json!({"oidc_conformant": true}))
        .await;
}

pub(crate) async fn post(server: &TestServer, path: &str, body: &Value) -> Answer {
    let request = Request::post(path).header("content-type", "application/json");
    server
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

/// Ada's login at `/oauth/ro`, with `members` over it.
pub(crate) async fn log_in_by_password(server: &TestServer, members: &Value) -> Answer {
    let mut body = json!({
        "client_id": "till", "connection": "Username-Password-Authentication", "grant_type": "password",
        "username": "ada@orchard.test", "password": PASSWORD, "scope": "openid", "device": "till-4",
    });
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    post(server, "/oauth/ro", &body).await
}

pub(crate) async fn change_ada(server: &TestServer, change: impl FnOnce(&mut User)) {
    let (store, tenant) = (&server.app.store, TenantId::default_tenant());
    let user_id = UserId::parse(crate::support::ADA).unwrap();
    let mut found = store.find_user(&tenant, &user_id).await.unwrap().unwrap();
    change(&mut found.user);
    let mut batch = store.batch();
    batch.replace_user(&tenant, &found.user, found.revision);
    store.commit(batch).await.unwrap();
}

/// The claims of an ID token that was signed with [`SECRET`].
#[track_caller]
pub(crate) fn signed_with_the_secret(token: &str) -> Value {
    let key = VerificationKey::from_secret(SECRET.as_bytes());
    let jws = Jws::parse(token).unwrap();
    jws.verify(&key, &[Algorithm::HS256]).unwrap();
    decoded(token).1
}
