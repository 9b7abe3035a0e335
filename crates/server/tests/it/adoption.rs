//! What applications rely on that move to OpenID Connect, beyond what the tests of each flow say.

use axum::body::Body;
use grantor_jose::Algorithm;
use grantor_protocol::{
    model::{Client, ClientGrant},
    tenant::TenantId,
    users::UserId,
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    ADA, Answer, Browser, ISSUER, TestServer, authorize, code_of, log_in, on_both_engines, redeem,
    shop,
};

on_both_engines!(
    t6_1_2_a_token_with_openid_opens_its_api_and_userinfo,
    t6_1_4_an_id_token_opens_no_management_api,
    t6_2_1_an_application_that_becomes_somebody_elses_asks_for_consent_at_the_next_login,
    t6_8_1_t6_8_2_t6_8_4_a_machines_token_is_about_no_user_and_touches_none,
    t6_8_3_the_global_client_gets_no_token_of_an_api,
);

const ORDERS: &str = "https://orders.orchard.test";

async fn get(server: &TestServer, path: &str, token: &str) -> Answer {
    let request = Request::get(path).header("authorization", format!("Bearer {token}"));
    server.send(request.body(Body::empty()).unwrap()).await
}

/// Logs in at `web` and agrees to whatever is asked; the tokens.
async fn tokens(server: &TestServer, more: &str) -> Value {
    let mut browser = Browser::new(server);
    let page = browser.go(&authorize("web", more)).await;
    let mut page = log_in(&mut browser, &page).await;
    if page.path() == "/u/consent" {
        page = browser.submit(&page, &[("action", "accept")]).await;
    }
    redeem(server, "web", &code_of(&page)).await
}

async fn t6_1_2_a_token_with_openid_opens_its_api_and_userinfo(server: TestServer) {
    let server = shop(server).await;
    let asked = format!("scope=openid+read:orders&audience={ORDERS}");
    let tokens = tokens(&server, &asked).await;
    let token = tokens["access_token"].as_str().unwrap();
    // What an API does: the signature by the published keys, the issuer, and itself among the audiences.
    let (_, claims) = server.verified(token, Algorithm::RS256).await;
    assert_eq!(claims["iss"], ISSUER);
    assert!(claims["aud"].as_array().unwrap().contains(&json!(ORDERS)));
    let told = get(&server, "/userinfo", token).await;
    assert_eq!(
        (told.status.as_u16(), &told.json()["sub"]),
        (200, &json!(ADA))
    );
}

async fn t6_1_4_an_id_token_opens_no_management_api(server: TestServer) {
    let server = shop(server).await;
    let tokens = tokens(&server, "scope=openid").await;
    let id_token = tokens["id_token"].as_str().unwrap();
    let answer = get(&server, "/api/v2/users", id_token).await;
    assert_eq!(answer.status, 401);
}

async fn t6_2_1_an_application_that_becomes_somebody_elses_asks_for_consent_at_the_next_login(
    server: TestServer,
) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    code_of(&browser.go(&authorize("web", "scope=openid")).await);

    let foreign = json!({"is_first_party": false});
    server.manage("PATCH", "/clients/web", foreign).await;

    let page = browser.go(&authorize("web", "scope=openid")).await;
    assert_eq!(page.path(), "/u/consent", "{}", page.html());
}

async fn t6_8_1_t6_8_2_t6_8_4_a_machines_token_is_about_no_user_and_touches_none(
    server: TestServer,
) {
    let server = shop(server).await;
    let (tenant, ada) = (TenantId::default_tenant(), UserId::parse(ADA).unwrap());
    let before = server.app.store.find_user(&tenant, &ada).await.unwrap();

    let answer = server.ask(&json!({})).await;

    assert!(!answer.headers.contains_key("set-cookie"));
    let (_, claims) = server
        .verified(&answer.access_token(), Algorithm::RS256)
        .await;
    assert_eq!(claims["sub"], "svc@clients");
    for claim in [
        "email",
        "email_verified",
        "name",
        "nickname",
        "sid",
        "auth_time",
    ] {
        assert!(claims.get(claim).is_none(), "{claim}");
    }
    let after = server.app.store.find_user(&tenant, &ada).await.unwrap();
    let (before, after) = (before.unwrap(), after.unwrap());
    assert_eq!(before.revision, after.revision);
    assert_eq!(before.user.fields(), after.user.fields());
    let users = server.manage("GET", "/users", Value::Null).await;
    assert_eq!(users.as_array().unwrap().len(), 1);
}

async fn t6_8_3_the_global_client_gets_no_token_of_an_api(server: TestServer) {
    let server = shop(server).await;
    let everything = json!({"global": true, "grant_types": ["client_credentials"]});
    server.change::<Client>("svc", &everything).await;
    // Not even where somebody wrote a grant for it.
    let found = server
        .app
        .store
        .typed::<ClientGrant>(&TenantId::default_tenant(), "cgr_1")
        .await
        .unwrap();
    assert_eq!(found.unwrap().value.client_id.as_deref(), Some("svc"));
    let answer = server.ask(&json!({})).await;
    assert_eq!(answer.status, 403);
    assert_eq!(answer.json()["error"], "unauthorized_client");
}
