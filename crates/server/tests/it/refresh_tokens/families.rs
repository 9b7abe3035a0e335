//! Rotation, leeway and lifetimes.

use grantor_protocol::{model::Client, rule::Rule};
use serde_json::{Value, json};

use super::*;
use crate::support::{broke, on_both_engines};

on_both_engines!(
    j12_1_a_replayed_token_revokes_what_descends_from_its_login_and_is_logged,
    j12_2_within_the_leeway_the_token_before_gives_the_same_successor,
    j12_3_a_token_that_is_too_old_or_unused_for_too_long_is_refused,
    j12_6_the_201st_login_at_a_client_removes_the_oldest,
    j12_7_turning_rotation_on_leaves_earlier_tokens_good_for_one_use,
    a_client_that_stops_rotating_keeps_the_newest,
    a_lost_answer_with_the_leeway_over_ends_the_login,
    what_is_expired_is_swept,
);

async fn j12_1_a_replayed_token_revokes_what_descends_from_its_login_and_is_logged(
    server: TestServer,
) {
    let server = prepared(server).await;
    rotate(&server, "web", 10).await;
    let other_login = login(&server, "web").await;
    let first = tokens(&server, "web", "scope=openid+offline_access").await;
    let second = refresh(&server, "web", &refresh_token(&first)).await.json();
    let third = successor(&server, "web", &refresh_token(&second)).await;
    let access_tokens = [&first, &second].map(|tokens| tokens["access_token"].as_str().unwrap());
    assert!(opens(&server, access_tokens[0]).await);

    refused(&refresh(&server, "web", &refresh_token(&first)).await);

    let event = server.logged("ferrt").await;
    broke(&event, Rule::RefreshTokenReused);
    assert_eq!(event["client_id"], "web");
    refused(&refresh(&server, "web", &third).await);
    for access_token in access_tokens {
        assert!(!opens(&server, access_token).await);
    }
    successor(&server, "web", &other_login).await;
}

async fn j12_2_within_the_leeway_the_token_before_gives_the_same_successor(server: TestServer) {
    let server = prepared(server).await;
    let node = server.another_node().await;
    rotate(&server, "phone", 10).await;
    let first = login(&server, "phone").await;
    let second = successor(&server, "phone", &first).await;
    assert_ne!(first, second);
    assert_eq!(successor(&node, "phone", &first).await, second);
    server.clock.advance(9);
    assert_eq!(successor(&server, "phone", &first).await, second);
    let third = successor(&node, "phone", &second).await;
    assert_eq!(successor(&server, "phone", &second).await, third);
    // The overlap is that of the newest rotation, and ends.
    server.clock.advance(10);
    refused(&refresh(&server, "phone", &second).await);
    refused(&refresh(&server, "phone", &third).await);
}

async fn j12_3_a_token_that_is_too_old_or_unused_for_too_long_is_refused(server: TestServer) {
    let server = prepared(server).await;
    rotate(&server, "web", 0).await;
    let unused = login(&server, "web").await;
    let mut token = login(&server, "web").await;
    for _ in 0..10 {
        server.clock.advance(99);
        token = successor(&server, "web", &token).await;
    }
    refused(&refresh(&server, "web", &unused).await);
    broke(&server.logged("fertft").await, Rule::RefreshTokenExpired);
    server.clock.advance(9);
    token = successor(&server, "web", &token).await;
    server.clock.advance(1);
    refused(&refresh(&server, "web", &token).await);
}

async fn j12_6_the_201st_login_at_a_client_removes_the_oldest(server: TestServer) {
    let server = prepared(server).await;
    let elsewhere = login(&server, "other").await;
    let first = tokens(&server, "web", "scope=openid+offline_access").await;
    let mut others = Vec::new();
    for _ in 1..200 {
        server.clock.advance(1);
        others.push(login(&server, "web").await);
    }
    successor(&server, "web", &refresh_token(&first)).await;
    let last = login(&server, "web").await;
    refused(&refresh(&server, "web", &refresh_token(&first)).await);
    assert!(!opens(&server, first["access_token"].as_str().unwrap()).await);
    for token in [&others[0], &others[198], &last] {
        successor(&server, "web", token).await;
    }
    successor(&server, "other", &elsewhere).await;
}

async fn j12_7_turning_rotation_on_leaves_earlier_tokens_good_for_one_use(server: TestServer) {
    let server = prepared(server).await;
    let before = login(&server, "web").await;
    server.clock.advance(50_000_000);
    rotate(&server, "web", 0).await;
    let second = successor(&server, "web", &before).await;
    assert_ne!(second, before);
    let third = successor(&server, "web", &second).await;
    refused(&refresh(&server, "web", &before).await);
    refused(&refresh(&server, "web", &third).await);
}

async fn a_client_that_stops_rotating_keeps_the_newest(server: TestServer) {
    let server = prepared(server).await;
    rotate(&server, "web", 0).await;
    let first = login(&server, "web").await;
    let second = successor(&server, "web", &first).await;
    let still = json!({"refresh_token": Value::Null});
    server.change::<Client>("web", &still).await;
    for _ in 0..3 {
        assert_eq!(successor(&server, "web", &second).await, second);
    }
}

async fn a_lost_answer_with_the_leeway_over_ends_the_login(server: TestServer) {
    let server = prepared(server).await;
    rotate(&server, "web", 0).await;
    let first = login(&server, "web").await;
    let second = successor(&server, "web", &first).await;
    // Nobody can tell a client that did not hear from a thief.
    refused(&refresh(&server, "web", &first).await);
    refused(&refresh(&server, "web", &second).await);
}

async fn what_is_expired_is_swept(server: TestServer) {
    let server = prepared(server).await;
    let endless = login(&server, "other").await;
    rotate(&server, "web", 0).await;
    login(&server, "web").await;
    server.clock.advance(100 + 301);
    let retention = grantor_storage::Retention { event_days: 1 };
    let now = server.app.env.now();
    let swept = server.app.store.sweep(now, &retention).await.unwrap();
    assert_eq!(swept.refresh_tokens, 1);
    successor(&server, "other", &endless).await;
}
