//! The revocation endpoint.

use axum::body::Body;
use grantor_protocol::{
    model::{Client, TenantSettings, UserGrant},
    rule::Rule,
};
use http::Request;
use serde_json::{Value, json};

use super::*;
use crate::support::{broke, decoded, on_both_engines};

on_both_engines!(
    j12_4_a_valid_an_unknown_and_a_foreign_token_are_answered_alike_and_only_the_first_is_gone,
    an_old_token_of_a_family_revokes_the_family,
    who_does_not_say_or_prove_who_it_is_is_told_so,
    the_answer_is_for_scripts_of_the_clients_origins_alone,
    with_the_tenants_flag_the_grant_and_all_its_tokens_go,
);

async fn revoke(server: &TestServer, body: &str, headers: &[(&str, &str)]) -> Answer {
    let kind = if body.starts_with('{') {
        "application/json"
    } else {
        "application/x-www-form-urlencoded"
    };
    let mut request = Request::post("/oauth/revoke").header("content-type", kind);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(body.to_owned())).unwrap();
    server.send(request).await
}

#[track_caller]
fn done(answer: &Answer) {
    assert_eq!(
        answer.status,
        200,
        "{}",
        String::from_utf8_lossy(&answer.body)
    );
    assert_eq!(
        (answer.body.as_slice(), answer.header("content-type")),
        (&b""[..], "application/json")
    );
    assert_eq!(answer.header("cache-control"), "no-store");
}

fn by_web(token: &str) -> String {
    json!({"client_id": "web", "client_secret": "s3cret", "token": token}).to_string()
}

async fn j12_4_a_valid_an_unknown_and_a_foreign_token_are_answered_alike_and_only_the_first_is_gone(
    server: TestServer,
) {
    let server = prepared(server).await;
    let mine = tokens(&server, "web", "scope=openid+offline_access").await;
    let kept = tokens(&server, "web", "scope=openid+offline_access").await;
    let foreign = login(&server, "phone").await;
    let access_token = |tokens: &Value| tokens["access_token"].as_str().unwrap().to_owned();
    for token in ["v1.unknown", "", &foreign, &access_token(&kept)] {
        if !token.is_empty() {
            done(&revoke(&server, &by_web(token), &[]).await);
        }
    }
    let form = format!(
        "client_id=web&client_secret=s3cret&token={}&token_type_hint=refresh_token",
        refresh_token(&mine)
    );
    done(&revoke(&server, &form, &[]).await);

    assert_eq!(server.logged("srrt").await["client_id"], "web");
    refused(&refresh(&server, "web", &refresh_token(&mine)).await);
    // What is kept of the access tokens that came with it is gone too.
    assert!(!opens(&server, &access_token(&mine)).await);
    assert!(opens(&server, &access_token(&kept)).await);
    successor(&server, "web", &refresh_token(&kept)).await;
    successor(&server, "phone", &foreign).await;
    // A second time is no failure.
    done(&revoke(&server, &by_web(&refresh_token(&mine)), &[]).await);
    // A public client needs no secret.
    let body = json!({"client_id": "phone", "token": foreign}).to_string();
    done(&revoke(&server, &body, &[]).await);
    refused(&refresh(&server, "phone", &foreign).await);
}

async fn an_old_token_of_a_family_revokes_the_family(server: TestServer) {
    let server = prepared(server).await;
    rotate(&server, "web", 0).await;
    let first = login(&server, "web").await;
    let second = successor(&server, "web", &first).await;
    done(&revoke(&server, &by_web(&first), &[]).await);
    refused(&refresh(&server, "web", &second).await);
}

async fn who_does_not_say_or_prove_who_it_is_is_told_so(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "web").await;
    for (body, sentence) in [
        (
            json!({"client_id": "web", "client_secret": "s3cret"}),
            "Missing required parameter: token",
        ),
        (
            json!({"token": token}),
            "Missing required parameter: client_id",
        ),
    ] {
        let answer = revoke(&server, &body.to_string(), &[]).await;
        answer.refused(400, "invalid_request", sentence);
    }
    for body in [
        json!({"client_id": "web", "token": token}),
        json!({"client_id": "web", "client_secret": "wrong", "token": token}),
        json!({"client_id": "nobody", "token": token}),
    ] {
        let answer = revoke(&server, &body.to_string(), &[]).await;
        answer.refused(401, "access_denied", "Unauthorized");
    }
    let strict = json!({"grantor_profile": "oidc"});
    server.change::<Client>("web", &strict).await;
    let wrong = json!({"client_id": "web", "client_secret": "wrong", "token": token}).to_string();
    let answer = revoke(&server, &wrong, &[]).await;
    answer.refused(401, "invalid_client", "Unauthorized");
    successor(&server, "web", &token).await;
    // Somebody who knows the name of a family has no token of it.
    let (store, tenant, now) = (&server.app.store, tenant(), server.app.env.now());
    let listed = store.refresh_tokens_of_user(&tenant, (ADA, Some("web")), None, 10, now);
    let id = listed.await.unwrap()[0].token.id.clone();
    refused(&refresh(&server, "other", &format!("v1.{id}")).await);
    broke(&server.logged("fertft").await, Rule::RefreshTokenUnknown);
}

async fn the_answer_is_for_scripts_of_the_clients_origins_alone(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "phone").await;
    let body = json!({"client_id": "phone", "token": token}).to_string();
    let foreign = revoke(&server, &body, &[("origin", "https://evil.test")]).await;
    done(&foreign);
    assert!(foreign.headers.get("access-control-allow-origin").is_none());
    let own = revoke(&server, &body, &[("origin", "https://shop.orchard.test")]).await;
    let allowed = own.header("access-control-allow-origin");
    assert_eq!(allowed, "https://shop.orchard.test");
    let request = Request::options("/oauth/revoke").header("origin", "https://shop.orchard.test");
    let preflight = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(preflight.status, 204);
    assert!(
        preflight
            .header("access-control-allow-headers")
            .contains("auth0-client")
    );
}

async fn with_the_tenants_flag_the_grant_and_all_its_tokens_go(server: TestServer) {
    let server = prepared(server).await;
    let flags = json!({"id": "settings", "flags": {"revoke_refresh_token_grant": true}});
    server.put::<TenantSettings>(&flags).await;
    let consent = json!({"id": "65a1f0c2d3e4b5a697887799", "clientID": "web", "user_id": ADA,
        "audience": ORDERS, "scope": ["read:orders"]});
    server.put::<UserGrant>(&consent).await;
    let orders = format!("scope=openid+offline_access+read:orders&audience={ORDERS}");
    let one = tokens(&server, "web", &orders).await;
    let two = refresh_token(&tokens(&server, "web", &orders).await);
    let elsewhere = login(&server, "other").await;
    let without_api = login(&server, "web").await;
    assert_eq!(decoded(one["access_token"].as_str().unwrap()).1["sub"], ADA);

    done(&revoke(&server, &by_web(&refresh_token(&one)), &[]).await);

    for token in [&refresh_token(&one), &two] {
        refused(&refresh(&server, "web", token).await);
    }
    let store = &server.app.store;
    let key = [ADA, "web", ORDERS];
    let left = store
        .typed_by::<UserGrant>(&tenant(), "consent", &key)
        .await;
    assert!(left.unwrap().is_none());
    successor(&server, "other", &elsewhere).await;
    successor(&server, "web", &without_api).await;
}
