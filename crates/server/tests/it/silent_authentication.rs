//! Silent authentication: `prompt=none`, and messages to windows of applications.

use grantor_protocol::{
    model::{Client, TenantSettings},
    tenant::TenantId,
    users::UserId,
};
use serde_json::{Value, json};

use crate::support::{
    ADA, Browser, CALLBACK, Page, TestServer, authorize, code_of, log_in, on_both_engines, redeem,
    refused, shop,
};

on_both_engines!(
    t15_1_with_a_session_every_mode_brings_new_tokens_without_a_page,
    no_session_and_no_consent_are_errors_in_every_mode,
    t15_3_nothing_is_told_to_an_origin_that_is_not_listed,
    t15_4_a_silent_login_is_logged_and_not_counted,
    t15_5_after_a_logout_the_next_silent_call_says_login_required,
    t15_6_silent_calls_extend_the_idle_time_and_not_the_lifetime,
    a_popup_logs_in_and_tells_the_window_that_opened_it,
    a_message_has_the_state_in_every_case,
);

async fn prepared(server: TestServer) -> TestServer {
    let server = shop(server).await;
    let members = json!({"web_origins": ["https://shop.test"],
        "grant_types": ["authorization_code", "implicit"]});
    for client_id in ["web", "tpc"] {
        server.change::<Client>(client_id, &members).await;
    }
    server
}

async fn logged_in(server: &TestServer) -> Browser<'_> {
    let mut browser = Browser::new(server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    browser
}

fn silent(client_id: &str, more: &str) -> String {
    authorize(
        client_id,
        &format!("scope=openid%20email&prompt=none&state=q&{more}"),
    )
}

/// What comes back in the form that is posted.
fn fields(page: &Page) -> Value {
    let (action, fields) = page.form("data-goes-on");
    assert_eq!(action, CALLBACK);
    Value::Object(fields.into_iter().map(|(k, v)| (k, v.into())).collect())
}

async fn t15_1_with_a_session_every_mode_brings_new_tokens_without_a_page(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let mut codes = Vec::new();
    for mode in ["query", "fragment"] {
        let page = browser
            .go(&silent("web", &format!("response_mode={mode}")))
            .await;
        codes.push(code_of(&page));
    }
    let page = browser.go(&silent("web", "response_mode=form_post")).await;
    codes.push(fields(&page)["code"].as_str().unwrap().to_owned());
    let page = browser
        .go(&silent("web", "response_mode=web_message"))
        .await;
    assert_eq!(page.path(), "/authorize");
    let response = page.message();
    assert_eq!(response.as_object().unwrap().len(), 2);
    codes.push(response["code"].as_str().unwrap().to_owned());
    for code in codes {
        let tokens = redeem(&server, "web", &code).await;
        assert!(tokens["id_token"].is_string());
    }
    let implicit = silent("web", "nonce=n&response_mode=web_message")
        .replace("response_type=code", "response_type=token%20id_token");
    let response = browser.go(&implicit).await.message();
    assert_eq!(response["expires_in"], 7200);
    assert!(response["access_token"].is_string() && response["id_token"].is_string());
}

async fn no_session_and_no_consent_are_errors_in_every_mode(server: TestServer) {
    let server = prepared(server).await;
    let strangers = Browser::new(&server);
    let ada = logged_in(&server).await;
    for (mut browser, client_id, error, description) in [
        (strangers, "web", "login_required", "Login required"),
        (ada, "tpc", "consent_required", "Consent required"),
    ] {
        for mode in ["query", "fragment"] {
            let asks = silent(client_id, &format!("response_mode={mode}"));
            let page = browser.go(&asks).await;
            assert_eq!(refused(&page, error), description);
            assert_eq!(page.parameter("state").as_deref(), Some("q"));
        }
        let expected = json!({"error": error, "error_description": description, "state": "q"});
        let page = browser
            .go(&silent(client_id, "response_mode=form_post"))
            .await;
        assert_eq!(fields(&page), expected);
        let page = browser
            .go(&silent(client_id, "response_mode=web_message"))
            .await;
        assert_eq!(page.message(), expected);
        server.logged_with("fsa", description).await;
    }
}

async fn t15_3_nothing_is_told_to_an_origin_that_is_not_listed(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let page = browser
        .go(&silent("web", "response_mode=web_message"))
        .await;
    let to = page.attribute("web-message", "data-target-origin");
    assert_eq!(to.as_deref(), Some("https://shop.test"));
    let policy = page.answer.header("content-security-policy");
    assert!(
        policy.ends_with("frame-ancestors https://shop.test"),
        "{policy}"
    );
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(!page.answer.headers.contains_key("x-frame-options"));
    for origins in [json!([]), json!(["https://other.test"]), Value::Null] {
        let members = json!({"web_origins": origins});
        server.change::<Client>("web", &members).await;
        let page = browser
            .go(&silent("web", "response_mode=web_message"))
            .await;
        assert_eq!(page.answer.status, 403);
        assert!(!page.html().contains("web-message"), "{}", page.html());
        assert_eq!(page.answer.header("x-frame-options"), "DENY");
        let policy = page.answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    }
    let missing = "The origin https://shop.test is not in the list of allowed web origins";
    let event = server.logged_with("fsa", missing).await;
    assert_eq!(event["details"]["rule"], "WebOriginNotRegistered");
    assert_eq!(event["client_id"], "web");
}

async fn t15_4_a_silent_login_is_logged_and_not_counted(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    let ada = async || {
        let (tenant, id) = (TenantId::default_tenant(), UserId::parse(ADA).unwrap());
        let found = server.app.store.find_user(&tenant, &id).await.unwrap();
        found.unwrap().user
    };
    let before = ada().await;
    assert_eq!(before.logins_count, Some(1));
    server.clock.advance(60);
    for mode in ["query", "web_message"] {
        browser
            .go(&silent("web", &format!("response_mode={mode}")))
            .await;
    }
    let after = ada().await;
    assert_eq!(after.logins_count, before.logins_count);
    assert_eq!(after.last_login, before.last_login);
    let event = server.logged("ssa").await;
    assert_eq!(
        (&event["client_id"], &event["user_name"]),
        (&json!("web"), &json!("ada@orchard.test"))
    );
}

async fn t15_5_after_a_logout_the_next_silent_call_says_login_required(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = logged_in(&server).await;
    code_of(&browser.go(&silent("web", "")).await);
    browser.go("/v2/logout?client_id=web").await;
    for mode in ["query", "web_message"] {
        let page = browser
            .go(&silent("web", &format!("response_mode={mode}")))
            .await;
        let error = match mode {
            "query" => page.parameter("error").unwrap(),
            _ => page.message()["error"].as_str().unwrap().to_owned(),
        };
        assert_eq!(error, "login_required");
    }
}

async fn t15_6_silent_calls_extend_the_idle_time_and_not_the_lifetime(server: TestServer) {
    let server = prepared(server).await;
    let limits = json!({"id": "settings", "idle_session_lifetime": 1, "session_lifetime": 3});
    server.put::<TenantSettings>(&limits).await;
    let mut browser = logged_in(&server).await;
    let ask = silent("web", "response_mode=web_message");
    for _ in 0..8 {
        server.clock.advance(20 * 60);
        assert!(browser.go(&ask).await.message()["code"].is_string());
    }
    server.clock.advance(20 * 60);
    let response = browser.go(&ask).await.message();
    assert_eq!(response["error"], "login_required");
}

async fn a_popup_logs_in_and_tells_the_window_that_opened_it(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let asks = authorize("web", "scope=openid&state=q&response_mode=web_message");
    let page = browser.go(&asks).await;
    // The login page is nobody's to frame.
    assert_eq!(page.answer.header("x-frame-options"), "DENY");
    let end = log_in(&mut browser, &page).await;
    let response = end.message();
    assert_eq!(response["state"], "q");
    redeem(&server, "web", response["code"].as_str().unwrap()).await;
    // With the session there is no page but this one.
    assert!(browser.go(&asks).await.message()["code"].is_string());
}

async fn a_message_has_the_state_in_every_case(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let state = "a b\"<>&'+/=\u{e4}";
    let sent: String = form_urlencoded::byte_serialize(state.as_bytes()).collect();
    for more in ["max_age=soon", "audience=gone", "prompt=none"] {
        let more = format!("state={sent}&response_mode=web_message&{more}");
        let response = browser.go(&authorize("web", &more)).await.message();
        assert_eq!(response["state"], state);
        assert!(response["error"].is_string());
    }
}
