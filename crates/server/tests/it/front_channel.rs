//! Tokens through the browser: the implicit and the hybrid flows.

use std::collections::BTreeSet;

use grantor_jose::{Algorithm, digest};
use grantor_protocol::{
    model::{Client, ResourceServer},
    users::Connection,
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    ADA, Browser, CALLBACK, Page, TestServer, decoded, log_in, on_both_engines, redeem, shop,
};

const ORDERS: &str = "https://orders.orchard.test";
const ORDERS_ID: &str = "65a1f0c2d3e4b5a697887766";

on_both_engines!(
    t10_1_t13_1_t13_3_t6_6_1_each_response_type_returns_exactly_its_members,
    t10_2_t14_2_hashes_and_nonce_hold_together_what_came_together,
    t10_3_without_the_implicit_grant_there_is_unauthorized_client,
    t10_4_t14_1_tokens_through_the_browser_have_a_life_of_their_own,
    t10_5_t16_2_t6_6_3_a_missing_nonce_is_told_in_the_mode_of_the_request,
    t13_2_tokens_in_a_query_are_refused,
    t13_4_form_post_delivers_the_same_fields,
    t14_3_t6_6_4_the_id_token_is_rs256_and_the_access_token_as_the_api_says,
    t14_4_a_third_party_asks_the_user_first,
    t14_5_a_token_for_userinfo_alone_is_opaque_and_lasts_two_hours,
    t6_6_2_offline_access_counts_for_the_code_alone,
    a_replayed_code_takes_back_what_came_beside_it,
);

/// The shop with applications that may have everything.
async fn prepared(server: TestServer) -> TestServer {
    let server = shop(server).await;
    for (client_id, members) in [
        (
            "spa",
            json!({"is_first_party": true, "jwt_configuration": {"alg": "HS256"}}),
        ),
        ("widget", json!({"is_first_party": false, "name": "Widget"})),
    ] {
        let mut body = json!({
            "client_id": client_id, "name": "Shop", "client_secret": "s3cret", "app_type": "spa",
            "grant_types": ["authorization_code", "implicit", "refresh_token"], "callbacks": [CALLBACK],
            "web_origins": ["https://shop.test"],
        });
        let members = members.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        server.put::<Client>(&body).await;
    }
    let enabled = json!({"enabled_clients": ["web", "other", "spa", "widget"]});
    server
        .change::<Connection>("con_0000000000000001", &enabled)
        .await;
    let api = json!({"skip_consent_for_verifiable_first_party_clients": true, "token_lifetime": 3600,
        "token_lifetime_for_web": 600, "allow_offline_access": true});
    server.change::<ResourceServer>(ORDERS_ID, &api).await;
    server
}

fn ask_as(client_id: &str, response_type: &str, more: &str) -> String {
    let response_type = response_type.replace(' ', "%20");
    format!(
        "/authorize?client_id={client_id}&redirect_uri={CALLBACK}&state=k7&response_type={response_type}&{more}"
    )
}

/// Asks for tokens of the orders API.
fn ask(response_type: &str) -> String {
    let more = format!("nonce=n-1&audience={ORDERS}&scope=openid%20email%20read:orders");
    ask_as("spa", response_type, &more)
}

/// What is in the fragment.
#[track_caller]
fn fragment(page: &Page) -> Value {
    let (callback, encoded) = page.url.split_once('#').unwrap_or_else(|| {
        panic!("{} {}", page.url, page.html());
    });
    assert_eq!(callback, CALLBACK);
    let pairs = form_urlencoded::parse(encoded.as_bytes());
    Value::Object(
        pairs
            .map(|(name, value)| (name.into_owned(), value.into_owned().into()))
            .collect(),
    )
}

fn text<'a>(response: &'a Value, name: &str) -> &'a str {
    response[name].as_str().unwrap()
}

/// A browser in which Ada is logged in.
async fn logged_in(server: &TestServer) -> Browser<'_> {
    let mut browser = Browser::new(server);
    let page = browser.go(&ask("code")).await;
    log_in(&mut browser, &page).await;
    browser
}

async fn userinfo(server: &TestServer, token: &str) -> u16 {
    let request = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
    let answer = server.send(request.body(axum::body::Body::empty()).unwrap());
    answer.await.status.as_u16()
}

async fn t10_1_t13_1_t13_3_t6_6_1_each_response_type_returns_exactly_its_members(
    server: TestServer,
) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&ask("token")).await;
    let first = log_in(&mut browser, &page).await;
    let token = ["access_token", "expires_in", "token_type"];
    assert_members(&fragment(&first), &token);
    for (response_type, members) in [
        ("token", &token[..]),
        ("id_token", &["id_token"]),
        (
            "id_token token",
            &["id_token", "access_token", "expires_in", "token_type"],
        ),
        ("code id_token", &["code", "id_token"]),
        (
            "token code",
            &["code", "access_token", "expires_in", "token_type"],
        ),
        (
            "code id_token token",
            &[
                "code",
                "id_token",
                "access_token",
                "expires_in",
                "token_type",
            ],
        ),
    ] {
        let response = fragment(&browser.go(&ask(response_type)).await);
        assert_members(&response, members);
        if let Some(token_type) = response.get("token_type") {
            assert_eq!(token_type, "Bearer");
        }
    }
    let event = server.logged("s").await;
    assert_eq!(event["client_id"], "spa");
}

#[track_caller]
fn assert_members(response: &Value, members: &[&str]) {
    let found: BTreeSet<_> = response.as_object().unwrap().keys().cloned().collect();
    let mut expected: BTreeSet<_> = members.iter().map(|&name| name.to_owned()).collect();
    expected.insert("state".to_owned());
    assert_eq!(found, expected);
    assert_eq!(response["state"], "k7");
}

async fn t10_2_t14_2_hashes_and_nonce_hold_together_what_came_together(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    for response_type in [
        "id_token",
        "id_token token",
        "code id_token",
        "code id_token token",
    ] {
        let response = fragment(&browser.go(&ask(response_type)).await);
        let (_, claims) = server
            .verified(text(&response, "id_token"), Algorithm::RS256)
            .await;
        // Both hashes are made alike.
        let hash_of = |name| Some(digest::at_hash(response.get(name)?.as_str()?));
        let claim = |name| claims.get(name).and_then(Value::as_str).map(str::to_owned);
        assert_eq!(claim("at_hash"), hash_of("access_token"), "{response_type}");
        assert_eq!(claim("c_hash"), hash_of("code"), "{response_type}");
        assert_eq!(
            (&claims["nonce"], &claims["sub"], &claims["aud"]),
            (&json!("n-1"), &json!(ADA), &json!("spa"))
        );
        assert_eq!(claims["email"], "ada@orchard.test");
        assert!(claims["sid"].is_string());
    }
    // The code's own ID token is about the same user in the same session.
    let response = fragment(&browser.go(&ask("code id_token")).await);
    let tokens = redeem(&server, "spa", text(&response, "code")).await;
    let (_, front) = decoded(text(&response, "id_token"));
    let (_, back) = decoded(text(&tokens, "id_token"));
    for name in ["iss", "sub", "sid", "nonce"] {
        assert_eq!(front[name], back[name], "{name}");
    }
}

async fn t10_3_without_the_implicit_grant_there_is_unauthorized_client(server: TestServer) {
    let server = prepared(server).await;
    let code_alone = json!({"grant_types": ["authorization_code"]});
    server.change::<Client>("spa", &code_alone).await;
    let mut browser = Browser::new(&server);
    for response_type in ["code id_token", "code token", "token", "id_token"] {
        let response = fragment(&browser.go(&ask(response_type)).await);
        assert_eq!(
            (text(&response, "error"), text(&response, "state")),
            ("unauthorized_client", "k7")
        );
        assert_eq!(
            text(&response, "error_description"),
            "Grant type 'implicit' not allowed for the client."
        );
    }
}

async fn t10_4_t14_1_tokens_through_the_browser_have_a_life_of_their_own(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let response = fragment(&browser.go(&ask("code token")).await);
    assert_eq!(response["expires_in"], "600");
    let front = lifetime(&server, text(&response, "access_token")).await;
    let tokens = redeem(&server, "spa", text(&response, "code")).await;
    let back = lifetime(&server, text(&tokens, "access_token")).await;
    assert_eq!((front, back), (600, 3600));
    assert_eq!(tokens["expires_in"], 3600);
    assert_ne!(response["access_token"], tokens["access_token"]);
    let longer = json!({"token_lifetime_for_web": null, "token_lifetime": 86_400});
    server.change::<ResourceServer>(ORDERS_ID, &longer).await;
    let response = fragment(&browser.go(&ask("token")).await);
    assert_eq!(response["expires_in"], "7200");
}

async fn lifetime(server: &TestServer, token: &str) -> i64 {
    let (_, claims) = server.verified(token, Algorithm::RS256).await;
    assert_eq!(claims["scope"], "openid email read:orders");
    assert_eq!(claims.get("gty"), None);
    claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap()
}

async fn t10_5_t16_2_t6_6_3_a_missing_nonce_is_told_in_the_mode_of_the_request(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    for response_type in [
        "id_token",
        "id_token token",
        "code id_token",
        "code id_token token",
    ] {
        let asks = ask(response_type).replace("nonce=n-1&", "");
        let response = fragment(&browser.go(&asks).await);
        let expected = json!({"error": "invalid_request", "state": "k7",
            "error_description": "Missing required parameter: nonce"});
        assert_eq!(response, expected);
        let page = browser.go(&format!("{asks}&response_mode=form_post")).await;
        assert_eq!(fields(&page), expected);
        let asks = format!("{asks}&response_mode=web_message");
        let page = browser.go(&asks).await;
        assert_eq!(page.message(), expected);
    }
    let asks = ask("id_token").replace("openid", "profile");
    let response = fragment(&browser.go(&asks).await);
    assert_eq!(
        (
            text(&response, "error"),
            text(&response, "error_description")
        ),
        ("invalid_scope", "Missing required scope: openid")
    );
    // Where no ID token goes through the browser, none is needed.
    let page = browser.go(&ask("token").replace("nonce=n-1&", "")).await;
    assert_eq!(page.path(), "/u/login");
}

/// The fields of a page that posts them to the callback.
fn fields(page: &Page) -> Value {
    let (action, fields) = page.form("data-goes-on");
    assert_eq!(action, CALLBACK);
    Value::Object(fields.into_iter().map(|(k, v)| (k, v.into())).collect())
}

async fn t13_2_tokens_in_a_query_are_refused(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    for response_type in ["token", "id_token", "id_token token", "code id_token token"] {
        let asks = format!("{}&response_mode=query", ask(response_type));
        let response = fragment(&browser.go(&asks).await);
        let expected = json!({"error": "invalid_request", "state": "k7",
            "error_description": "Unsupported response mode: query"});
        assert_eq!(response, expected, "{response_type}");
    }
}

async fn t13_4_form_post_delivers_the_same_fields(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    for response_type in ["token", "id_token token", "code id_token token"] {
        let response = fragment(&browser.go(&ask(response_type)).await);
        let names = |response: &Value| -> Vec<String> {
            response.as_object().unwrap().keys().cloned().collect()
        };
        let asks = format!("{}&response_mode=form_post", ask(response_type));
        let page = browser.go(&asks).await;
        assert_eq!(page.answer.status, 200);
        let posted = fields(&page);
        assert_eq!(names(&posted), names(&response));
        assert_eq!(posted["expires_in"], "600");
    }
}

async fn t14_3_t6_6_4_the_id_token_is_rs256_and_the_access_token_as_the_api_says(
    server: TestServer,
) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let hs256 = json!({"signing_alg": "HS256", "signing_secret": "x".repeat(32)});
    server.change::<ResourceServer>(ORDERS_ID, &hs256).await;
    let response = fragment(&browser.go(&ask("code id_token token")).await);
    let (header, _) = server
        .verified(text(&response, "id_token"), Algorithm::RS256)
        .await;
    assert_eq!(header["alg"], "RS256");
    let (header, claims) = decoded(text(&response, "access_token"));
    assert_eq!(
        (&header["alg"], &claims["aud"]),
        (&json!("HS256"), &json!(ORDERS))
    );
    // At the token endpoint the client gets what it is configured for.
    let tokens = redeem(&server, "spa", text(&response, "code")).await;
    assert_eq!(decoded(text(&tokens, "id_token")).0["alg"], "HS256");
}

async fn t14_4_a_third_party_asks_the_user_first(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let more = format!("nonce=n-1&audience={ORDERS}&scope=openid%20read:orders");
    let asks = ask_as("widget", "id_token token", &more);
    let silent = fragment(&browser.go(&format!("{asks}&prompt=none")).await);
    assert_eq!(text(&silent, "error"), "consent_required");
    let consent = browser.go(&asks).await;
    assert_eq!(consent.path(), "/u/consent");
    let declined = fragment(&browser.submit(&consent, &[("action", "decline")]).await);
    assert_eq!(text(&declined, "error"), "access_denied");
    let consent = browser.go(&asks).await;
    let accepted = fragment(&browser.submit(&consent, &[("action", "accept")]).await);
    assert!(accepted["access_token"].is_string());
    let silent = fragment(&browser.go(&format!("{asks}&prompt=none")).await);
    assert!(silent["id_token"].is_string());
    // Under the strict rules there are no tokens through the browser at all.
    let strict =
        json!({"third_party_security_mode": "strict", "redirection_policy": "allow_always"});
    server.change::<Client>("widget", &strict).await;
    let refused = fragment(&browser.go(&asks).await);
    assert_eq!(text(&refused, "error"), "unsupported_response_type");
}

async fn t14_5_a_token_for_userinfo_alone_is_opaque_and_lasts_two_hours(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let asks = ask_as("spa", "token", "scope=openid%20email");
    let response = fragment(&browser.go(&asks).await);
    assert_eq!(response["expires_in"], "7200");
    let token = text(&response, "access_token");
    assert!(!token.contains('.'), "{token}");
    assert_eq!(userinfo(&server, token).await, 200);
    server.clock.advance(7199);
    assert_eq!(userinfo(&server, token).await, 200);
    server.clock.advance(1);
    assert_eq!(userinfo(&server, token).await, 401);
    // Beside a code too; the one behind the code lasts a day.
    let asks = ask_as("spa", "code token", "scope=openid%20email");
    let response = fragment(&browser.go(&asks).await);
    assert_eq!(response["expires_in"], "7200");
    let tokens = redeem(&server, "spa", text(&response, "code")).await;
    assert_eq!(tokens["expires_in"], 86_400);
}

async fn t6_6_2_offline_access_counts_for_the_code_alone(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let more = format!("nonce=n-1&audience={ORDERS}&scope=openid%20offline_access%20read:orders");
    for response_type in ["token", "id_token token", "code token"] {
        let response = fragment(&browser.go(&ask_as("spa", response_type, &more)).await);
        assert_eq!(response["scope"], "openid read:orders", "{response_type}");
        assert_eq!(response.get("refresh_token"), None);
        let (_, claims) = decoded(text(&response, "access_token"));
        assert_eq!(claims["scope"], "openid read:orders");
    }
    let response = fragment(&browser.go(&ask_as("spa", "code token", &more)).await);
    let tokens = redeem(&server, "spa", text(&response, "code")).await;
    let (_, claims) = decoded(text(&tokens, "access_token"));
    assert_eq!(claims["scope"], "openid offline_access read:orders");
    assert!(tokens["refresh_token"].is_string(), "{tokens}");
    let plain = fragment(&browser.go(&ask("code token")).await);
    let tokens = redeem(&server, "spa", text(&plain, "code")).await;
    assert_eq!(tokens.get("refresh_token"), None);
}

async fn a_replayed_code_takes_back_what_came_beside_it(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let asks = ask_as("spa", "code token", "scope=openid");
    let response = fragment(&browser.go(&asks).await);
    let (code, token) = (text(&response, "code"), text(&response, "access_token"));
    redeem(&server, "spa", code).await;
    assert_eq!(userinfo(&server, token).await, 200);
    let replay = json!({"grant_type": "authorization_code", "client_id": "spa",
        "client_secret": "s3cret", "code": code});
    assert_eq!(server.token(&replay).await.status, 403);
    assert_eq!(userinfo(&server, token).await, 401);
}
