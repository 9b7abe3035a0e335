//! The grant of a code: what it is worth, how often, and to whom.

use grantor_protocol::{model::Client, rule::Rule, users::Connection};
use serde_json::json;

use super::{ANA, OTP, begin, block, code, exchange, mailed, start, users, with_codes, wrong};
use crate::support::{Browser, TestServer, broke, decoded, on_both_engines};

on_both_engines!(
    t6_11_2_the_code_becomes_a_token_for_the_requested_audience,
    t6_11_2_a_login_by_a_code_may_be_kept_by_a_refresh_token,
    t6_11_4_a_used_old_or_replaced_code_fails,
    t6_11_4_three_wrong_tries_kill_the_code,
    t6_11_4_of_parallel_exchanges_of_one_code_one_wins,
    t6_11_a_blocked_user_gets_no_token,
    t6_11_who_may_use_the_grant,
);

async fn t6_11_2_the_code_becomes_a_token_for_the_requested_audience(server: TestServer) {
    let server = with_codes(server).await;
    let answer = start(
        &server,
        &json!({"client_id": "web", "client_secret": "s3cret", "email": "Ana@X.test"}),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(answer.header("x-ratelimit-limit"), "50");
    let body = answer.json();
    assert_eq!(
        (&body["email"], &body["email_verified"]),
        (&json!(ANA), &json!(false))
    );
    assert_eq!(body["_id"].as_str().unwrap().len(), 24);
    let code = mailed(&server).await;
    let asked = json!({"client_id": "web", "client_secret": "s3cret", "scope": "openid read:orders",
        "audience": "https://orders.orchard.test"});
    let answer = exchange(&server, &code, &asked).await;
    let (_, access) = decoded(&answer.access_token());
    assert_eq!(access["aud"][0], "https://orders.orchard.test");
    let body = answer.json();
    assert_eq!(
        body["expires_in"],
        access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap()
    );
    let (_, identity) = decoded(body["id_token"].as_str().unwrap());
    assert_eq!(access["sub"], identity["sub"]);
    assert!(
        identity.get("sid").is_none() && identity.get("nonce").is_none(),
        "{identity}"
    );
    let told = server.logged("sepotpft").await;
    assert_eq!(
        (&told["user_name"], &told["connection"]),
        (&json!(ANA), &json!("email"))
    );
}

async fn t6_11_4_a_used_old_or_replaced_code_fails(server: TestServer) {
    let server = with_codes(server).await;
    let first = code(&server).await;
    exchange(&server, &first, &json!({})).await.access_token();
    wrong(&exchange(&server, &first, &json!({})).await);

    let second = code(&server).await;
    server.clock.advance(179);
    exchange(&server, &second, &json!({})).await.access_token();
    let third = code(&server).await;
    server.clock.advance(180);
    wrong(&exchange(&server, &third, &json!({})).await);

    let replaced = code(&server).await;
    let newest = code(&server).await;
    if replaced != newest {
        wrong(&exchange(&server, &replaced, &json!({})).await);
    }
    exchange(&server, &newest, &json!({})).await.access_token();

    // The code of one address is none of another, and how long it lives is the connection's.
    let options = json!({"options": {"totp": {"length": 8, "time_step": 600}}});
    server
        .change::<Connection>("con_0000000000000002", &options)
        .await;
    start(&server, &json!({"email": "bob@x.test"})).await;
    let letter = server.mails().await.pop().unwrap();
    let code: String = letter
        .subject
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    assert_eq!(code.len(), 8);
    wrong(&exchange(&server, &code, &json!({})).await);
    server.clock.advance(599);
    let bob = json!({"username": "bob@x.test"});
    exchange(&server, &code, &bob).await.access_token();
    let told = server.logged("fepotpft").await;
    assert_eq!(told["user_name"], ANA);
    broke(&told, Rule::EmailCodeWrong);
}

/// §2.5 of the compatible API: a login by a code may be kept.
async fn t6_11_2_a_login_by_a_code_may_be_kept_by_a_refresh_token(server: TestServer) {
    let server = with_codes(server).await;
    let both = json!({"grant_types": [OTP, "refresh_token"]});
    server.change::<Client>("mobile", &both).await;
    let right = code(&server).await;
    let answer = exchange(&server, &right, &json!({"scope": "openid offline_access"})).await;
    let token = answer.json()["refresh_token"].clone();
    assert!(token.is_string(), "{:?}", answer.json());
    let body =
        json!({"grant_type": "refresh_token", "client_id": "mobile", "refresh_token": token});
    server.token(&body).await.access_token();
}

async fn t6_11_4_three_wrong_tries_kill_the_code(server: TestServer) {
    let server = with_codes(server).await;
    let right = code(&server).await;
    for _ in 0..3 {
        wrong(&exchange(&server, "no", &json!({})).await);
    }
    wrong(&exchange(&server, &right, &json!({})).await);
    let right = code(&server).await;
    for _ in 0..2 {
        wrong(&exchange(&server, "no", &json!({})).await);
    }
    exchange(&server, &right, &json!({})).await.access_token();
}

async fn t6_11_4_of_parallel_exchanges_of_one_code_one_wins(server: TestServer) {
    let server = with_codes(server).await;
    let nothing = json!({});
    for round in 0..6 {
        let right = code(&server).await;
        let one = || exchange(&server, &right, &nothing);
        let (a, b, c) = tokio::join!(one(), one(), one());
        let won = [a, b, c]
            .iter()
            .filter(|answer| answer.status == 200)
            .count();
        assert_eq!(won, 1, "round {round}");
        assert_eq!(users(&server, ANA).await.len(), 1);
        server.clock.advance(60);
    }
}

async fn t6_11_a_blocked_user_gets_no_token(server: TestServer) {
    let server = with_codes(server).await;
    let first = code(&server).await;
    exchange(&server, &first, &json!({})).await.access_token();
    block(&server, &users(&server, ANA).await[0].user_id).await;
    let second = code(&server).await;
    let answer = exchange(&server, &second, &json!({})).await;
    answer.refused(401, "unauthorized", "user is blocked");
    let mut browser = Browser::new(&server);
    let page = begin(&mut browser, ANA).await;
    let code = mailed(&server).await;
    let landed = browser.submit(&page, &[("code", &code)]).await;
    assert_eq!(
        landed.parameter("error").as_deref(),
        Some("unauthorized"),
        "{}",
        landed.url
    );
}

async fn t6_11_who_may_use_the_grant(server: TestServer) {
    let server = with_codes(server).await;
    let not_allowed = format!("Grant type '{OTP}' not allowed for the client.");
    let right = code(&server).await;
    let other = json!({"client_id": "pwless", "client_secret": "s3cret"});
    exchange(&server, &right, &other)
        .await
        .refused(403, "unauthorized_client", &not_allowed);
    for members in [
        json!({"app_type": "spa"}),
        json!({"app_type": "native", "is_first_party": false}),
    ] {
        server.change::<Client>("mobile", &members).await;
        exchange(&server, &right, &json!({})).await.refused(
            403,
            "unauthorized_client",
            &not_allowed,
        );
    }
    server
        .change::<Client>("mobile", &json!({"is_first_party": true}))
        .await;
    for realm in ["x", "Username-Password-Authentication"] {
        let answer = exchange(&server, &right, &json!({"realm": realm})).await;
        answer.refused(400, "invalid_request", "the connection was not found");
    }
    for name in ["username", "otp", "realm"] {
        let answer = exchange(&server, &right, &json!({name: ""})).await;
        let description = format!("Missing required parameter: {name}");
        answer.refused(400, "invalid_request", &description);
    }
    wrong(&exchange(&server, &right, &json!({"username": "ana"})).await);
    // Nothing of this used the code up.
    exchange(&server, &right, &json!({})).await.access_token();
    let sms = json!({"realm": "sms", "username": "+15551234"});
    let answer = exchange(&server, "1", &sms).await;
    answer.refused(
        403,
        "invalid_grant",
        "Wrong phone number or verification code.",
    );
    let description = "Wrong phone number or verification code.";
    broke(
        &server.logged_with("fepotpft", description).await,
        Rule::PhoneCodeWrong,
    );
}
