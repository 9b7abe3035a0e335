//! Logging in by a code or a link.

mod grant;
mod pages;
mod sending;

use axum::body::Body;
use grantor_protocol::{
    model::Client,
    tenant::TenantId,
    users::{Connection, User, UserId},
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{Answer, Browser, CALLBACK, Page, TestServer, authorize, shop};

const OTP: &str = "http://auth0.com/oauth/grant-type/passwordless/otp";

const ANA: &str = "ana@x.test";

/// The shop, whose users prove an address; `mobile` is a public application, `web` one with a secret.
async fn with_codes(server: TestServer) -> TestServer {
    let server = shop(server).await;
    for (id, strategy) in [
        ("con_0000000000000002", "email"),
        ("con_0000000000000003", "sms"),
    ] {
        server
            .put::<Connection>(
                &json!({"id": id, "name": strategy, "strategy": strategy, "options": {},
                "enabled_clients": ["web", "mobile", "pwless"]}),
            )
            .await;
    }
    server
        .change::<Client>("web", &json!({"grant_types": ["authorization_code", OTP]}))
        .await;
    server
        .put::<Client>(
            &json!({"client_id": "mobile", "name": "Shop", "app_type": "native",
            "token_endpoint_auth_method": "none", "grant_types": [OTP], "callbacks": [CALLBACK]}),
        )
        .await;
    server
        .put::<Client>(&json!({"client_id": "pwless", "name": "Shop", "client_secret": "s3cret",
            "app_type": "regular_web", "grant_types": ["authorization_code"], "callbacks": [CALLBACK]}))
        .await;
    server
}

async fn post(server: &TestServer, path: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    server.send(request).await
}

async fn start(server: &TestServer, members: &Value) -> Answer {
    let mut body = json!({"client_id": "mobile", "connection": "email", "send": "code"});
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    post(server, "/passwordless/start", &body).await
}

/// The code of the newest mail.
async fn mailed(server: &TestServer) -> String {
    let letter = server.mails().await.pop().unwrap();
    digits(&letter.subject)
}

fn digits(text: &str) -> String {
    let code: String = text.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(code.len(), 6, "{text}");
    code
}

/// A code for Ana.
async fn code(server: &TestServer) -> String {
    let answer = start(server, &json!({"email": ANA})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    mailed(server).await
}

async fn exchange(server: &TestServer, otp: &str, members: &Value) -> Answer {
    let mut body = json!({"grant_type": OTP, "client_id": "mobile", "username": ANA, "otp": otp,
        "realm": "email", "scope": "openid"});
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    server.token(&body).await
}

async fn users(server: &TestServer, email: &str) -> Vec<User> {
    let tenant = TenantId::default_tenant();
    let found = server.app.store.find_users_by_email(&tenant, email).await;
    found.unwrap().into_iter().map(|found| found.user).collect()
}

async fn block(server: &TestServer, id: &UserId) {
    let tenant = TenantId::default_tenant();
    let mut stored = server
        .app
        .store
        .find_user(&tenant, id)
        .await
        .unwrap()
        .unwrap();
    stored.user.blocked = Some(true);
    let mut batch = server.app.store.batch();
    batch.replace_user(&tenant, &stored.user, stored.revision);
    server.app.store.commit(batch).await.unwrap();
}

fn wrong(answer: &Answer) {
    answer.refused(403, "invalid_grant", "Wrong email or verification code.");
}

async fn begin(browser: &mut Browser<'_>, address: &str) -> Page {
    let page = browser
        .go(&authorize("pwless", "scope=openid%20email&state=s"))
        .await;
    assert_eq!(page.path(), "/u/login/identifier", "{}", page.html());
    browser.submit(&page, &[("username", address)]).await
}
