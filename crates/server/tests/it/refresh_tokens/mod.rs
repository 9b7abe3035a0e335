//! Refresh tokens: how they begin, what a use gives, and how they end.

mod endings;
mod exchange;
mod families;
mod model;
mod parallel;
mod revocation;
mod walk;

use axum::body::Body;
use grantor_protocol::{
    model::{Client, ResourceServer},
    tenant::TenantId,
    users::UserId,
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{ADA, Answer, TestServer, service};

const CALLBACK: &str = "https://shop.orchard.test/cb";
const ORDERS: &str = "https://orders.orchard.test";
const STOCK: &str = "https://stock.orchard.test";
const API: &str = "65a1f0c2d3e4b5a697887766";

/// What every refusal says, so that it tells nothing.
const UNKNOWN: &str = "Unknown or invalid refresh token.";

/// Two APIs; the confidential clients `web` and `other`, and `phone`, which has no secret.
async fn prepared(server: TestServer) -> TestServer {
    let server = server.with_people(&["web", "other", "phone"]).await;
    for (id, identifier, name) in [
        (API, ORDERS, "orders"),
        ("65a1f0c2d3e4b5a697887767", STOCK, "stock"),
    ] {
        let scopes = ["read", "write"].map(|verb| json!({"value": format!("{verb}:{name}")}));
        server
            .put::<ResourceServer>(&json!({
                "id": id, "identifier": identifier, "name": name, "token_lifetime": 7200, "scopes": scopes,
                "allow_offline_access": true, "skip_consent_for_verifiable_first_party_clients": true,
            }))
            .await;
    }
    let web = json!({"app_type": "regular_web", "grant_types": ["authorization_code", "refresh_token"],
        "callbacks": [CALLBACK]});
    server.put::<Client>(&service("web", &web)).await;
    server.put::<Client>(&service("other", &web)).await;
    let mut phone = service("phone", &web);
    phone["token_endpoint_auth_method"] = json!("none");
    phone.as_object_mut().unwrap().remove("client_secret");
    server.put::<Client>(&phone).await;
    server
}

/// Settings of tokens that rotate.
fn rotating(leeway: i64) -> Value {
    json!({"refresh_token": {"rotation_type": "rotating", "expiration_type": "expiring", "leeway": leeway,
        "token_lifetime": 1000, "idle_token_lifetime": 100}})
}

async fn rotate(server: &TestServer, client_id: &str, leeway: i64) {
    server.change::<Client>(client_id, &rotating(leeway)).await;
}

async fn post(server: &TestServer, client_id: &str, body: Value) -> Answer {
    let mut body = body;
    body["client_id"] = json!(client_id);
    if client_id != "phone" {
        body["client_secret"] = json!("s3cret");
    }
    server.token(&body).await
}

/// The tokens of a login with the parameters of `query`.
async fn tokens(server: &TestServer, client_id: &str, query: &str) -> Value {
    let code = server.code(client_id, query).await;
    let body = json!({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK});
    let answer = post(server, client_id, body).await;
    answer.access_token();
    answer.json()
}

/// The refresh token of a login without an API.
async fn login(server: &TestServer, client_id: &str) -> String {
    refresh_token(&tokens(server, client_id, "scope=openid+offline_access").await)
}

#[track_caller]
fn refresh_token(tokens: &Value) -> String {
    let token = tokens["refresh_token"].as_str();
    token.unwrap_or_else(|| panic!("{tokens}")).to_owned()
}

/// A use of `token` with `members` beside it.
async fn refresh_with(
    server: &TestServer,
    client_id: &str,
    token: &str,
    members: &Value,
) -> Answer {
    let mut body = json!({"grant_type": "refresh_token", "refresh_token": token});
    body.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    post(server, client_id, body).await
}

async fn refresh(server: &TestServer, client_id: &str, token: &str) -> Answer {
    refresh_with(server, client_id, token, &json!({})).await
}

/// The successor that a use of `token` gives.
async fn successor(server: &TestServer, client_id: &str, token: &str) -> String {
    let answer = refresh(server, client_id, token).await;
    answer.access_token();
    refresh_token(&answer.json())
}

#[track_caller]
fn refused(answer: &Answer) {
    answer.refused(403, "invalid_grant", UNKNOWN);
}

/// Whether an opaque access token opens userinfo.
async fn opens(server: &TestServer, access_token: &str) -> bool {
    let authorization = format!("Bearer {access_token}");
    let request = Request::get("/userinfo").header("authorization", authorization);
    let request = request.body(Body::empty()).unwrap();
    server.send(request).await.status == 200
}

fn tenant() -> TenantId {
    TenantId::default_tenant()
}

/// Changes Ada's account.
async fn change_ada(server: &TestServer, change: impl Fn(&mut grantor_protocol::users::User)) {
    let (store, id) = (&server.app.store, UserId::parse(ADA).unwrap());
    let stored = store.find_user(&tenant(), &id).await.unwrap().unwrap();
    let mut user = stored.user;
    change(&mut user);
    let mut batch = store.batch();
    batch.replace_user(&tenant(), &user, stored.revision);
    store.commit(batch).await.unwrap();
}
