//! Logging in by the pages, as a browser without scripts does.

use grantor_protocol::{
    model::{ResourceServer, TenantSettings},
    rule::Rule,
    users::{Connection, UserId},
};
use serde_json::{Value, json};

use crate::support::{
    ADA, Browser, CALLBACK, PASSWORD, TestServer, authorize, code_of, log_in, on_both_engines,
    redeem, refused, shop,
};

on_both_engines!(
    t8_1_t8_5_a_login_ends_at_the_callback_with_the_code_and_the_state_alone,
    t9_2_j18_1_an_unregistered_redirect_uri_never_redirects,
    t7_4_t23c_1_a_second_application_and_a_second_api_ask_for_no_second_login,
    j3_1_users_log_in_with_applications_of_their_connection_alone,
    j3_2_a_blocked_user_is_sent_back_with_unauthorized,
    j3_5_who_signs_up_on_the_page_is_logged_in,
    j14_5_a_session_that_nobody_uses_ends,
    t6_4_4_max_age_and_prompt_login_ask_for_the_password_again,
    silence_is_kept_where_a_page_would_be_needed,
    t16_1_t16_3_the_nonce_is_in_the_id_token,
    two_tabs_finish_one_login_once,
    a_user_who_logs_in_replaces_the_one_before,
    form_post_and_fragment_carry_the_response,
    post_begins_a_login_like_get,
    t4_1_t4_2_the_default_audience_is_that_of_logins_until_it_is_cleared,
);

async fn t8_1_t8_5_a_login_ends_at_the_callback_with_the_code_and_the_state_alone(
    server: TestServer,
) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser
        .go(&authorize(
            "web",
            "scope=openid%20email&state=k7%20Qz%3D%26%2B%C3%A4",
        ))
        .await;
    let end = log_in(&mut browser, &page).await;
    let code = code_of(&end);
    assert_eq!(
        end.url,
        format!("{CALLBACK}?code={code}&state=k7%20Qz%3D%26%2B%C3%A4")
    );
    let tokens = redeem(&server, "web", &code).await;
    let (_, claims) = server
        .verified(
            tokens["id_token"].as_str().unwrap(),
            grantor_jose::Algorithm::RS256,
        )
        .await;
    assert_eq!(claims["sub"], ADA);
    assert_eq!(claims["email"], "ada@orchard.test");
    assert!(claims["sid"].is_string());
    let event = server.logged("s").await;
    assert_eq!(event["client_id"], "web");
    assert_eq!(event["user_name"], "ada@orchard.test");
    let ada = server
        .app
        .store
        .find_user(
            &grantor_protocol::tenant::TenantId::default_tenant(),
            &UserId::parse(ADA).unwrap(),
        )
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ada.user.logins_count, Some(1));
    assert_eq!(ada.user.last_ip.as_deref(), Some("192.0.2.1"));
}

async fn t9_2_j18_1_an_unregistered_redirect_uri_never_redirects(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    for uri in [
        "https://evil.test/cb",
        "https://shop.test/cb/../x",
        "https://shop.test.evil.test/cb",
        "https://shop.test@evil.test/cb",
        "//evil.test/cb",
        "javascript:alert(1)",
    ] {
        let uri: String = form_urlencoded::byte_serialize(uri.as_bytes()).collect();
        let page = browser
            .go(&format!(
                "/authorize?client_id=web&response_type=code&redirect_uri={uri}"
            ))
            .await;
        assert_eq!(page.answer.status, 403, "{uri}");
        assert_eq!(page.path(), "/authorize");
        assert!(page.html().contains("Callback URL mismatch"), "{uri}");
    }
    // The administrator finds it by what the page shows.
    let page = browser
        .go("/authorize?client_id=gone&response_type=code")
        .await;
    let tracking = page.answer.header("x-auth0-requestid").to_owned();
    assert!(page.html().contains(&tracking));
    let event = server.logged_with("f", "Unknown client: gone").await;
    assert_eq!(event["details"]["request_id"], tracking.as_str());
    assert_eq!(event["details"]["rule"], "AuthorizationClientUnknown");
}

async fn t7_4_t23c_1_a_second_application_and_a_second_api_ask_for_no_second_login(
    server: TestServer,
) {
    let server = shop(server).await;
    skip_consent(&server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    let first = code_of(&log_in(&mut browser, &page).await);
    let second = code_of(&browser.go(&authorize("other", "scope=openid")).await);
    let orders = "audience=https%3A%2F%2Forders.orchard.test&scope=read:orders";
    let third = code_of(&browser.go(&authorize("web", orders)).await);
    let sid = |tokens: &Value| {
        let (_, claims) = crate::support::decoded(tokens["id_token"].as_str().unwrap());
        claims["sid"].clone()
    };
    let first = redeem(&server, "web", &first).await;
    let second = redeem(&server, "other", &second).await;
    assert_eq!(sid(&first), sid(&second));
    let third = redeem(&server, "web", &third).await;
    let (_, claims) = crate::support::decoded(third["access_token"].as_str().unwrap());
    assert_eq!(claims["aud"], "https://orders.orchard.test");
}

async fn skip_consent(server: &TestServer) {
    server
        .change::<ResourceServer>(
            "65a1f0c2d3e4b5a697887766",
            &json!({"skip_consent_for_verifiable_first_party_clients": true}),
        )
        .await;
}

async fn j3_1_users_log_in_with_applications_of_their_connection_alone(server: TestServer) {
    let server = shop(server).await;
    let enabled = json!({"enabled_clients": ["other"]});
    server
        .change::<Connection>("con_0000000000000001", &enabled)
        .await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("other", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    assert_eq!(
        refused(&page, "invalid_request"),
        "no connections enabled for the client"
    );
    let event = server
        .logged_with("f", "no connections enabled for the client")
        .await;
    assert_eq!(
        event["details"]["rule"],
        format!("{:?}", Rule::NoConnection)
    );
}

async fn j3_2_a_blocked_user_is_sent_back_with_unauthorized(server: TestServer) {
    let server = shop(server).await;
    let mut lasting = Browser::new(&server);
    let page = lasting.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut lasting, &page).await);
    let tenant = grantor_protocol::tenant::TenantId::default_tenant();
    let store = &server.app.store;
    let id = UserId::parse(ADA).unwrap();
    let mut ada = store.find_user(&tenant, &id).await.unwrap().unwrap();
    ada.user.blocked = Some(true);
    let mut batch = store.batch();
    batch.replace_user(&tenant, &ada.user, ada.revision);
    store.commit(batch).await.unwrap();
    // With a session that she had before, and without one.
    let page = lasting.go(&authorize("web", "scope=openid")).await;
    assert_eq!(refused(&page, "unauthorized"), "user is blocked");
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid&state=s")).await;
    let page = log_in(&mut browser, &page).await;
    assert_eq!(refused(&page, "unauthorized"), "user is blocked");
    assert!(!browser.cookies.contains_key("__Host-grantor_session"));
    // A wrong password tells nothing of it.
    let page = browser.go(&authorize("web", "scope=openid")).await;
    let page = browser
        .submit(
            &page,
            &[("username", "ada@orchard.test"), ("password", "wrong")],
        )
        .await;
    assert_eq!(page.path(), "/u/login");
}

async fn j3_5_who_signs_up_on_the_page_is_logged_in(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid%20email")).await;
    let link = page.attribute("/u/signup", "href").unwrap();
    let form = browser.go(&link).await;
    assert_eq!(form.path(), "/u/signup");
    let weak = [("email", "bob@orchard.test"), ("password", "short")];
    let again = browser.submit(&form, &weak).await;
    assert_eq!(again.answer.status, 400);
    assert_eq!(
        again.attribute("name=\"email\"", "value").as_deref(),
        Some("bob@orchard.test")
    );
    let good = [("email", "Bob@orchard.test"), ("password", PASSWORD)];
    let code = code_of(&browser.submit(&again, &good).await);
    let tokens = redeem(&server, "web", &code).await;
    let (_, claims) = crate::support::decoded(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["email"], "bob@orchard.test");
    assert_eq!(claims["email_verified"], false);
    // Whoever has the address is not told that it has an account.
    let mut another = Browser::new(&server);
    let form = another.go(&authorize("web", "screen_hint=signup")).await;
    let taken = another.submit(&form, &good).await;
    assert_eq!(
        (taken.answer.status.as_u16(), taken.path()),
        (400, "/u/signup")
    );
    server.logged_with("fs", "the email is taken").await;
    assert_eq!(server.logged("ss").await["user_name"], "Bob@orchard.test");
}

async fn j14_5_a_session_that_nobody_uses_ends(server: TestServer) {
    let server = shop(server).await;
    let limits = json!({"id": "settings", "idle_session_lifetime": 1, "session_lifetime": 2});
    server.put::<TenantSettings>(&limits).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    server.clock.advance(59 * 60);
    code_of(&browser.go(&authorize("web", "scope=openid")).await);
    server.clock.advance(59 * 60);
    code_of(&browser.go(&authorize("web", "scope=openid")).await);
    // Two hours after the login it ends, however it was used.
    server.clock.advance(3 * 60);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    server.clock.advance(61 * 60);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    assert_eq!(page.path(), "/u/login");
}

async fn t6_4_4_max_age_and_prompt_login_ask_for_the_password_again(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    server.clock.advance(100);
    code_of(
        &browser
            .go(&authorize("web", "scope=openid&max_age=100"))
            .await,
    );
    let page = browser
        .go(&authorize("web", "scope=openid&max_age=99"))
        .await;
    let code = code_of(&log_in(&mut browser, &page).await);
    let tokens = redeem(&server, "web", &code).await;
    let (_, claims) = crate::support::decoded(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["auth_time"], server.app.env.now().seconds());
    for more in ["prompt=login", "max_age=0"] {
        let page = browser
            .go(&authorize("web", &format!("scope=openid&{more}")))
            .await;
        assert_eq!(page.path(), "/u/login");
        // The page can be left for another tab, and the login is still owed.
        let resumed = page.url.replace("/u/login", "/authorize/resume");
        assert_eq!(browser.go(&resumed).await.path(), "/u/login");
    }
}

async fn silence_is_kept_where_a_page_would_be_needed(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let silent = |client_id: &str| authorize(client_id, "scope=openid%20email&prompt=none&state=q");
    let page = browser.go(&silent("web")).await;
    assert_eq!(refused(&page, "login_required"), "Login required");
    assert_eq!(page.parameter("state").as_deref(), Some("q"));
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    code_of(&browser.go(&silent("web")).await);
    let page = browser.go(&silent("tpc")).await;
    assert_eq!(refused(&page, "consent_required"), "Consent required");
    let event = server.logged_with("fsa", "Consent required").await;
    assert_eq!(event["client_id"], "tpc");
    assert_eq!(server.logged("ssa").await["client_id"], "web");
}

async fn t16_1_t16_3_the_nonce_is_in_the_id_token(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let nonce = "n-0S6_WzA2Mj&=+/?#\u{e4} \"<>";
    let sent: String = form_urlencoded::byte_serialize(nonce.as_bytes()).collect();
    let page = browser
        .go(&authorize("web", &format!("scope=openid&nonce={sent}")))
        .await;
    let code = code_of(&log_in(&mut browser, &page).await);
    let tokens = redeem(&server, "web", &code).await;
    let (_, claims) = crate::support::decoded(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["nonce"], nonce);
}

async fn two_tabs_finish_one_login_once(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    let again = browser
        .submit(
            &page,
            &[("username", "ada@orchard.test"), ("password", PASSWORD)],
        )
        .await;
    assert_eq!(again.answer.status, 400);
    assert!(again.html().contains("pressed the back button"));
    // Two logins in two tabs do not disturb each other.
    let one = browser
        .go(&authorize("web", "scope=openid&prompt=login&state=1"))
        .await;
    let two = browser
        .go(&authorize("web", "scope=openid&prompt=login&state=2"))
        .await;
    let end = log_in(&mut browser, &two).await;
    assert_eq!(end.parameter("state").as_deref(), Some("2"));
    let end = log_in(&mut browser, &one).await;
    assert_eq!(end.parameter("state").as_deref(), Some("1"));
}

async fn a_user_who_logs_in_replaces_the_one_before(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let form = browser
        .go(&authorize("web", "screen_hint=signup&scope=openid"))
        .await;
    let bob = [("email", "bob@orchard.test"), ("password", PASSWORD)];
    let first = code_of(&browser.submit(&form, &bob).await);
    let old = browser.cookies["__Host-grantor_session"].clone();
    let page = browser
        .go(&authorize("web", "scope=openid&prompt=login"))
        .await;
    let second = code_of(&log_in(&mut browser, &page).await);
    let claims = |tokens: Value| crate::support::decoded(tokens["id_token"].as_str().unwrap()).1;
    let first = claims(redeem(&server, "web", &first).await);
    let second = claims(redeem(&server, "web", &second).await);
    assert_ne!(first["sub"], second["sub"]);
    assert_ne!(first["sid"], second["sid"]);
    assert_ne!(browser.cookies["__Host-grantor_session"], old);
    browser
        .cookies
        .insert("__Host-grantor_session".to_owned(), old);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    assert_eq!(page.path(), "/u/login");
}

async fn form_post_and_fragment_carry_the_response(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser
        .go(&authorize("web", "response_mode=fragment&state=s"))
        .await;
    let end = log_in(&mut browser, &page).await;
    assert!(
        end.url.starts_with(&format!("{CALLBACK}#code=")),
        "{}",
        end.url
    );
    let end = browser
        .go(&authorize("web", "response_mode=form_post&state=%3Cs%3E"))
        .await;
    assert_eq!(end.answer.status, 200);
    assert_eq!(end.attribute("<form", "action"), None);
    assert_eq!(end.attribute("form ", "action").as_deref(), Some(CALLBACK));
    assert_eq!(
        end.attribute("name=\"state\"", "value").as_deref(),
        Some("<s>")
    );
    assert!(end.attribute("name=\"code\"", "value").is_some());
    let policy = end.answer.header("content-security-policy");
    assert!(policy.contains("form-action"), "{policy}");
}

async fn post_begins_a_login_like_get(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let fields = [
        ("client_id", "web"),
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let page = browser.post("/authorize", &fields).await;
    code_of(&log_in(&mut browser, &page).await);
}

async fn t4_1_t4_2_the_default_audience_is_that_of_logins_until_it_is_cleared(server: TestServer) {
    let server = shop(server).await;
    skip_consent(&server).await;
    let preset = json!({"id": "settings", "default_audience": "https://orders.orchard.test"});
    server.put::<TenantSettings>(&preset).await;
    let mut browser = Browser::new(&server);
    let page = browser
        .go(&authorize("web", "scope=openid%20read:orders"))
        .await;
    let code = code_of(&log_in(&mut browser, &page).await);
    let tokens = redeem(&server, "web", &code).await;
    let (_, claims) = crate::support::decoded(tokens["access_token"].as_str().unwrap());
    assert_eq!(
        claims["aud"],
        json!([
            "https://orders.orchard.test",
            "https://login.orchard.test/userinfo"
        ])
    );
    assert_eq!(claims["scope"], "openid read:orders");
    // T4-2: cleared, the same login gets an opaque token.
    server
        .change::<TenantSettings>("settings", &json!({"default_audience": ""}))
        .await;
    let code = code_of(
        &browser
            .go(&authorize("web", "scope=openid%20read:orders"))
            .await,
    );
    let tokens = redeem(&server, "web", &code).await;
    assert!(!tokens["access_token"].as_str().unwrap().contains('.'));
}
