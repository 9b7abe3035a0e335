//! What ends refresh tokens beside clients' own doing.

use grantor_protocol::model::{Client, UserGrant};
use serde_json::{Value, json};

use super::*;
use crate::support::on_both_engines;

on_both_engines!(
    t23b_4_a_new_password_ends_every_refresh_token_of_the_user,
    a_blocked_user_is_told_of_and_unblocking_brings_nothing_back,
    a_deleted_user_is_told_of,
    a_grant_that_is_deleted_takes_the_tokens_of_its_api,
    the_grants_of_a_user_take_all_tokens_of_the_user,
    a_deleted_client_leaves_no_token,
    a_code_that_is_replayed_takes_its_refresh_token_along,
    a_logout_leaves_the_refresh_token,
);

const ADA_AT: &str = "/users/auth0%7Cada";
const USER_GONE: &str = "The refresh_token was generated for a user who doesn't exist anymore.";

async fn t23b_4_a_new_password_ends_every_refresh_token_of_the_user(server: TestServer) {
    let server = prepared(server).await;
    let tokens = [login(&server, "web").await, login(&server, "phone").await];
    let body = json!({"password": "Pears-and-plums-8"});
    server.manage("PATCH", ADA_AT, body).await;
    refused(&refresh(&server, "web", &tokens[0]).await);
    refused(&refresh(&server, "phone", &tokens[1]).await);
    let after = login(&server, "web").await;
    successor(&server, "web", &after).await;
    // One that the change did not see, because its login was on its way: it is older than the password.
    server.clock.advance(1);
    let now = server.app.env.now();
    change_ada(&server, |user| user.last_password_reset = Some(now)).await;
    refused(&refresh(&server, "web", &after).await);
    let after = login(&server, "web").await;
    successor(&server, "web", &after).await;
}

async fn a_blocked_user_is_told_of_and_unblocking_brings_nothing_back(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "web").await;
    server
        .manage("PATCH", ADA_AT, json!({"blocked": true}))
        .await;
    // Rule::RefreshTokenUserBlocked.
    let answer = refresh(&server, "web", &token).await;
    answer.refused(403, "invalid_grant", "user is blocked");
    refused(&refresh(&server, "other", &token).await);
    server
        .manage("PATCH", ADA_AT, json!({"blocked": false}))
        .await;
    refused(&refresh(&server, "web", &token).await);
    // Blocked by a way that knows nothing of tokens: the same, while it lasts.
    let token = login(&server, "web").await;
    change_ada(&server, |user| user.blocked = Some(true)).await;
    let answer = refresh(&server, "web", &token).await;
    answer.refused(403, "invalid_grant", "user is blocked");
    change_ada(&server, |user| user.blocked = Some(false)).await;
    successor(&server, "web", &token).await;
}

async fn a_deleted_user_is_told_of(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "web").await;
    server.manage("DELETE", ADA_AT, Value::Null).await;
    // Rule::RefreshTokenUserGone.
    let answer = refresh(&server, "web", &token).await;
    answer.refused(403, "invalid_grant", USER_GONE);
    // Somebody of the same identifier is somebody else.
    let server = server.with_ada().await;
    refused(&refresh(&server, "web", &token).await);
}

async fn a_grant_that_is_deleted_takes_the_tokens_of_its_api(server: TestServer) {
    let server = prepared(server).await;
    let consent = json!({"id": "65a1f0c2d3e4b5a697887799", "clientID": "web", "user_id": ADA,
        "audience": ORDERS, "scope": ["read:orders"]});
    server.put::<UserGrant>(&consent).await;
    let orders = format!("scope=openid+offline_access+read:orders&audience={ORDERS}");
    let orders = refresh_token(&tokens(&server, "web", &orders).await);
    let stock = format!("scope=openid+offline_access+read:stock&audience={STOCK}");
    let stock = refresh_token(&tokens(&server, "web", &stock).await);
    let grant = "/grants/65a1f0c2d3e4b5a697887799";
    server.manage("DELETE", grant, Value::Null).await;
    refused(&refresh(&server, "web", &orders).await);
    successor(&server, "web", &stock).await;
}

async fn the_grants_of_a_user_take_all_tokens_of_the_user(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "web").await;
    let grants = "/grants?user_id=auth0%7Cada";
    server.manage("DELETE", grants, Value::Null).await;
    refused(&refresh(&server, "web", &token).await);
}

async fn a_deleted_client_leaves_no_token(server: TestServer) {
    let server = prepared(server).await;
    login(&server, "web").await;
    login(&server, "other").await;
    server.manage("DELETE", "/clients/web", Value::Null).await;
    let (store, now) = (&server.app.store, server.app.env.now());
    let tenant = tenant();
    let left = store.refresh_tokens_of_user(&tenant, (ADA, None), None, 10, now);
    let left = left.await.unwrap();
    let clients = left.iter().map(|stored| stored.token.client_id.as_str());
    assert_eq!(clients.collect::<Vec<_>>(), ["other"]);
}

async fn a_code_that_is_replayed_takes_its_refresh_token_along(server: TestServer) {
    let server = prepared(server).await;
    rotate(&server, "web", 10).await;
    let code = server.code("web", "scope=openid+offline_access").await;
    let body = json!({"grant_type": "authorization_code", "code": code, "redirect_uri": CALLBACK});
    let first = post(&server, "web", body.clone()).await.json();
    let second = refresh(&server, "web", &refresh_token(&first)).await.json();
    assert_eq!(post(&server, "web", body).await.status, 403);
    refused(&refresh(&server, "web", &refresh_token(&second)).await);
    for tokens in [&first, &second] {
        assert!(!opens(&server, tokens["access_token"].as_str().unwrap()).await);
    }
}

async fn a_logout_leaves_the_refresh_token(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "web").await;
    let mut batch = server.app.store.batch();
    batch.end_sessions_of_user(&tenant(), ADA);
    server.app.store.commit(batch).await.unwrap();
    successor(&server, "web", &token).await;
    let still = json!({"name": "Another name"});
    server.change::<Client>("web", &still).await;
    successor(&server, "web", &token).await;
}
