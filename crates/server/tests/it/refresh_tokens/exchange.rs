//! What a use of a refresh token gives.

use grantor_jose::Algorithm;
use grantor_protocol::{
    model::{Client, ResourceServer},
    rule::Rule,
};
use serde_json::{Value, json};

use super::*;
use crate::support::{broke, decoded, on_both_engines};

on_both_engines!(
    t23b_1_a_login_gives_three_tokens_and_a_refresh_needs_no_page,
    t6_5_2_t9_3_without_offline_access_there_is_no_refresh_token,
    t12_4_a_public_client_refreshes_without_a_secret,
    t6_9_1_a_scope_is_narrowed_and_never_widened,
    t6_9_2_without_a_scope_there_is_what_was_first_granted,
    t6_9_3_another_clients_token_is_worth_nothing,
    t16_4_a_refreshed_id_token_has_no_nonce_and_no_sid,
    a_refreshed_id_token_has_the_time_of_the_login_where_it_was_asked_for,
    t9_1_form_and_json_give_the_same,
    a_token_that_was_made_up_is_worth_nothing,
    a_policy_of_the_client_leads_to_another_api,
    a_client_that_lost_the_grant_type_is_refused,
    what_an_api_no_longer_has_is_no_longer_granted,
);

const LOGIN: &str = "audience=https://orders.orchard.test\
    &scope=openid+profile+offline_access+read:orders+write:orders&nonce=n-1";

async fn t23b_1_a_login_gives_three_tokens_and_a_refresh_needs_no_page(server: TestServer) {
    let server = prepared(server).await;
    let first = tokens(&server, "web", LOGIN).await;
    assert!(first["access_token"].is_string() && first["id_token"].is_string());
    let token = refresh_token(&first);
    assert!(token.starts_with("v1.") && token.len() < 80, "{token}");
    server.clock.advance(3600);

    let answer = refresh(&server, "web", &token).await;

    let access_token = answer.access_token();
    let body = answer.json();
    let scope = "openid profile offline_access read:orders write:orders";
    assert_eq!(
        (&body["scope"], &body["token_type"], &body["expires_in"]),
        (&json!(scope), &json!("Bearer"), &json!(7200))
    );
    // A token that does not rotate is in every answer too: some clients forget theirs otherwise.
    assert_eq!(refresh_token(&body), token);
    assert_eq!(answer.header("cache-control"), "no-store");
    let (_, claims) = server.verified(&access_token, Algorithm::RS256).await;
    assert_eq!(
        (&claims["sub"], &claims["gty"], &claims["azp"]),
        (&json!(ADA), &json!("refresh_token"), &json!("web"))
    );
    assert_eq!(claims["iat"], server.app.env.now().seconds());
    assert_eq!(server.logged("sertft").await["client_id"], "web");
}

async fn t6_5_2_t9_3_without_offline_access_there_is_no_refresh_token(server: TestServer) {
    let server = prepared(server).await;
    let api = |allowed: bool| json!({"allow_offline_access": allowed});
    let without = tokens(&server, "web", &LOGIN.replace("+offline_access", "")).await;
    assert_eq!(without.get("refresh_token"), None);
    server.change::<ResourceServer>(API, &api(false)).await;
    let not_allowed = tokens(&server, "web", LOGIN).await;
    assert_eq!(not_allowed.get("refresh_token"), None);
    assert_eq!(
        not_allowed["scope"],
        "openid profile read:orders write:orders"
    );
    server.change::<ResourceServer>(API, &api(true)).await;
    let grants = json!({"grant_types": ["authorization_code"]});
    server.change::<Client>("web", &grants).await;
    assert_eq!(
        tokens(&server, "web", LOGIN).await.get("refresh_token"),
        None
    );
}

async fn t12_4_a_public_client_refreshes_without_a_secret(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "phone").await;
    assert_eq!(successor(&server, "phone", &token).await, token);
    // The confidential one needs it.
    let token = login(&server, "web").await;
    let body = json!({"grant_type": "refresh_token", "client_id": "web", "refresh_token": token});
    let answer = server.token(&body).await;
    answer.refused(401, "access_denied", "Unauthorized");
    let wrong = json!({"client_secret": "wrong"});
    let mut body = body;
    body["client_secret"] = wrong["client_secret"].clone();
    let answer = server.token(&body).await;
    answer.refused(401, "access_denied", "Unauthorized");
    assert_eq!(successor(&server, "web", &token).await, token);
}

async fn t6_9_1_a_scope_is_narrowed_and_never_widened(server: TestServer) {
    let server = prepared(server).await;
    let query = LOGIN.replace("+write:orders", "");
    let token = refresh_token(&tokens(&server, "web", &query).await);
    let scope = async |scope: Value| {
        let answer = refresh_with(&server, "web", &token, &json!({"scope": scope})).await;
        let (_, claims) = decoded(&answer.access_token());
        let body = answer.json();
        assert_eq!(body["scope"], claims["scope"]);
        let openid = claims["scope"].as_str().unwrap().contains("openid");
        assert_eq!(body.get("id_token").is_some(), openid);
        body["scope"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        scope(json!("read:orders write:orders")).await,
        "read:orders"
    );
    assert_eq!(scope(json!(["openid", "cancel:all"])).await, "openid");
    // Narrowing is for one access token: the refresh token keeps what it had.
    let whole = "openid profile offline_access read:orders";
    assert_eq!(scope(json!("")).await, whole);
    assert_eq!(scope(Value::Null).await, whole);
}

async fn t6_9_2_without_a_scope_there_is_what_was_first_granted(server: TestServer) {
    let server = prepared(server).await;
    let token = refresh_token(&tokens(&server, "web", LOGIN).await);
    // The same for the API of the login, and for one that no policy of the client names.
    for members in [
        json!({}),
        json!({"audience": ORDERS}),
        json!({"audience": STOCK}),
    ] {
        let answer = refresh_with(&server, "web", &token, &members).await;
        let (_, claims) = decoded(&answer.access_token());
        assert_eq!(claims["aud"][0], ORDERS);
        let scope = "openid profile offline_access read:orders write:orders";
        assert_eq!(answer.json()["scope"], scope);
    }
}

async fn t6_9_3_another_clients_token_is_worth_nothing(server: TestServer) {
    let server = prepared(server).await;
    rotate(&server, "web", 0).await;
    let first = login(&server, "web").await;
    let second = successor(&server, "web", &first).await;
    for token in [&first, &second] {
        for thief in ["other", "phone"] {
            refused(&refresh(&server, thief, token).await);
        }
    }
    let event = server.logged("fertft").await;
    broke(&event, Rule::RefreshTokenOfAnotherClient);
    // Not even the one that was used already did anything to the family.
    successor(&server, "web", &second).await;
}

async fn t16_4_a_refreshed_id_token_has_no_nonce_and_no_sid(server: TestServer) {
    let server = prepared(server).await;
    let first = tokens(&server, "web", LOGIN).await;
    let (_, before) = decoded(first["id_token"].as_str().unwrap());
    assert_eq!(
        (&before["nonce"], &before["sid"]),
        (&json!("n-1"), &json!("sid"))
    );
    server.clock.advance(60);
    let body = refresh(&server, "web", &refresh_token(&first)).await.json();
    let id_token = body["id_token"].as_str().unwrap();
    let (_, after) = server.verified(id_token, Algorithm::RS256).await;
    assert_eq!((after.get("nonce"), after.get("sid")), (None, None));
    assert_eq!(
        (&after["sub"], &after["aud"], &after["name"]),
        (&json!(ADA), &json!("web"), &json!("Ada"))
    );
    assert_eq!(after["iat"], server.app.env.now().seconds());
    assert_eq!(after.get("auth_time"), None);
}

async fn a_refreshed_id_token_has_the_time_of_the_login_where_it_was_asked_for(server: TestServer) {
    let server = prepared(server).await;
    let first = tokens(&server, "web", &format!("{LOGIN}&max_age=3600")).await;
    let (_, before) = decoded(first["id_token"].as_str().unwrap());
    assert!(before["auth_time"].is_i64());
    server.clock.advance(10_000);
    let body = refresh(&server, "web", &refresh_token(&first)).await.json();
    let (_, after) = decoded(body["id_token"].as_str().unwrap());
    assert_eq!(after["auth_time"], before["auth_time"]);
}

async fn t9_1_form_and_json_give_the_same(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "web").await;
    let form = format!(
        "grant_type=refresh_token&client_id=web&client_secret=s3cret&refresh_token={token}"
    );
    let kind = Some("application/x-www-form-urlencoded");
    let by_form = server.token_raw(kind, None, form.as_bytes()).await;
    let by_json = refresh(&server, "web", &token).await;
    for member in ["scope", "expires_in", "token_type", "refresh_token"] {
        assert_eq!(by_form.json()[member], by_json.json()[member], "{member}");
    }
    let missing = server
        .token_raw(kind, None, b"grant_type=refresh_token&client_id=phone")
        .await;
    let sentence = "Missing required parameter: refresh_token";
    missing.refused(400, "invalid_request", sentence);
}

async fn a_token_that_was_made_up_is_worth_nothing(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "web").await;
    let mut altered = Vec::new();
    for place in [3, 10, 27, 40, token.len() - 1] {
        let mut letters: Vec<_> = token.chars().collect();
        letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
        altered.push(letters.into_iter().collect::<String>());
    }
    let made_up = [
        "x",
        "v1.",
        "v1.x",
        "v1.\u{e9}",
        "%00",
        &token[3..],
        &token[..60],
    ];
    altered.extend(made_up.map(str::to_owned));
    altered.push(format!("{token}A"));
    altered.push(format!("{token}="));
    altered.push(format!(" {token}"));
    for text in altered {
        refused(&refresh(&server, "web", &text).await);
    }
    assert_eq!(successor(&server, "web", &token).await, token);
    broke(&server.logged("fertft").await, Rule::RefreshTokenUnknown);
}

async fn a_policy_of_the_client_leads_to_another_api(server: TestServer) {
    let server = prepared(server).await;
    let policies =
        json!({"refresh_token": {"policies": [{"audience": STOCK, "scope": ["read:stock"]}]}});
    server.change::<Client>("web", &policies).await;
    let token = refresh_token(&tokens(&server, "web", LOGIN).await);
    let stock = json!({"audience": STOCK});
    let answer = refresh_with(&server, "web", &token, &stock).await;
    let (_, claims) = decoded(&answer.access_token());
    assert_eq!(claims["aud"][0], STOCK);
    let scope = "openid profile offline_access read:stock";
    assert_eq!(
        (&claims["scope"], &answer.json()["scope"]),
        (&json!(scope), &json!(scope))
    );
    let asked = json!({"audience": STOCK, "scope": "read:stock write:stock read:orders"});
    let answer = refresh_with(&server, "web", &token, &asked).await;
    assert_eq!(answer.json()["scope"], "read:stock");
    // The token still leads to the API of the login.
    let answer = refresh(&server, "web", &token).await;
    assert_eq!(decoded(&answer.access_token()).1["aud"][0], ORDERS);
    // A policy does not make an API that closes itself open.
    let closed = json!({"subject_type_authorization": {"user": {"policy": "deny_all"}}});
    server
        .change::<ResourceServer>("65a1f0c2d3e4b5a697887767", &closed)
        .await;
    let answer = refresh_with(&server, "web", &token, &stock).await;
    assert_eq!(answer.status, 403);
}

async fn a_client_that_lost_the_grant_type_is_refused(server: TestServer) {
    let server = prepared(server).await;
    let token = login(&server, "web").await;
    let grants = json!({"grant_types": ["authorization_code"]});
    server.change::<Client>("web", &grants).await;
    let sentence = "Grant type 'refresh_token' not allowed for the client.";
    let answer = refresh(&server, "web", &token).await;
    answer.refused(403, "unauthorized_client", sentence);
}

async fn what_an_api_no_longer_has_is_no_longer_granted(server: TestServer) {
    let server = prepared(server).await;
    let token = refresh_token(&tokens(&server, "web", LOGIN).await);
    let fewer = json!({"scopes": [{"value": "read:orders"}], "allow_offline_access": false});
    server.change::<ResourceServer>(API, &fewer).await;
    let body = refresh(&server, "web", &token).await.json();
    // That the API lets nobody begin does not end what was begun.
    assert_eq!(body["scope"], "openid profile offline_access read:orders");
}
