//! Who sees the account page, and what people take back there.

use axum::body::Body;
use grantor_protocol::{model::Client, tenant::TenantId, users::Connection};
use http::Request;
use serde_json::json;

use crate::support::{
    ADA, Browser, PASSWORD, TestServer, authorize, code_of, log_in, on_both_engines, redeem, shop,
};

use super::support::*;

on_both_engines!(
    who_is_not_logged_in_logs_in_first_and_comes_back_without_a_code,
    a_code_of_the_account_page_is_worth_nothing,
    the_account_page_is_for_users_of_every_database,
    a_blocked_user_is_told_so_and_sent_in_no_circle,
    an_application_loses_what_it_was_allowed,
    a_session_is_ended_from_another_browser_and_applications_hear_of_it,
    all_other_sessions_end_at_once,
    nobody_acts_on_what_belongs_to_somebody_else,
    a_form_counts_in_its_browser_and_its_session_alone,
    a_session_that_ended_does_nothing_more,
    logging_out_is_the_usual_logout,
    the_pages_are_neither_kept_nor_framed,
);

async fn who_is_not_logged_in_logs_in_first_and_comes_back_without_a_code(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = account(&mut browser).await;
    assert_eq!(page.answer.status, 200);
    for seen in [
        "My account",
        "ada@orchard.test",
        "This browser",
        "/account/password",
    ] {
        assert!(page.html().contains(seen), "{seen}: {}", page.html());
    }
    let event = server.logged("s").await;
    assert_eq!(event["client_id"], "grantor-account");
    // The session is that of every application, and the other way round.
    code_of(
        &browser
            .go(&authorize("web", "prompt=none&scope=openid"))
            .await,
    );
    assert_eq!(browser.go("/account").await.url, "/account");
    // Whose session is over logs in again, whichever page it is.
    server.clock.advance(8 * 24 * 3600);
    for path in ["/account", "/account/password", "/account/delete"] {
        asks_for_a_login(&browser.go(path).await);
    }
    let unknown = browser.go("/account?connection=nowhere").await;
    assert_eq!(unknown.answer.status, 400);
}

async fn a_code_of_the_account_page_is_worth_nothing(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go("/account").await;
    let (action, mut fields) = page.form("");
    for (name, value) in [("username", "ada@orchard.test"), ("password", PASSWORD)] {
        fields.push((name.to_owned(), value.to_owned()));
    }
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    let cookies: Vec<String> = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let request = Request::post(&action)
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookies.join("; "))
        .body(Body::from(body))
        .unwrap();
    let answer = server.send(request).await;
    let location = answer.header("location");
    let (callback, code) = location.split_once("?code=").unwrap();
    assert_eq!(callback, "https://login.orchard.test/account");
    for secret in [json!("s3cret"), json!("")] {
        let answer = server
            .token(&json!({
                "grant_type": "authorization_code", "client_id": "grantor-account", "client_secret": secret,
                "code": code, "redirect_uri": callback,
            }))
            .await;
        assert_eq!(answer.status, 401, "{}", answer.json());
    }
    // Nor may anybody else begin its logins.
    let asked =
        "/authorize?client_id=grantor-account&response_type=code&redirect_uri=https://evil.test/";
    assert_eq!(browser.go(asked).await.answer.status, 400);
}

async fn the_account_page_is_for_users_of_every_database(server: TestServer) {
    let server = shop(server).await;
    server
        .put::<Connection>(&json!({
            "id": "con_0000000000000002", "name": "staff", "strategy": "auth0", "options": {}, "enabled_clients": [],
        }))
        .await;
    add_bob(&server, "staff").await;
    let mut browser = Browser::new(&server);
    let page = browser.go("/account").await;
    let wrong = log_in_as_bob(&mut browser, &page).await;
    assert_eq!(wrong.answer.status, 400);
    let page = browser.go("/account?connection=staff").await;
    let page = log_in_as_bob(&mut browser, &page).await;
    assert_eq!(page.url, "/account");
    assert!(page.html().contains("bob@orchard.test"));
    assert!(!page.html().contains("ada@orchard.test"));
}

async fn a_blocked_user_is_told_so_and_sent_in_no_circle(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    account(&mut browser).await;
    change_ada(&server, |user| user.blocked = Some(true)).await;
    for path in ["/account", "/account/password", "/account/delete"] {
        let page = browser.go(path).await;
        assert_eq!(page.path(), path);
        assert!(
            page.answer.status.is_client_error(),
            "{}",
            page.answer.status
        );
        assert!(page.html().contains("user is blocked"), "{}", page.html());
    }
}

async fn an_application_loses_what_it_was_allowed(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    consent(
        &mut browser,
        &format!("{ORDERS}&scope=openid%20read:orders"),
    )
    .await;
    let code = consent(&mut browser, "scope=openid%20profile").await;
    let token = redeem(&server, "tpc", &code).await["access_token"].clone();
    let userinfo = async || {
        let bearer = format!("Bearer {}", token.as_str().unwrap());
        let request = Request::get("/userinfo").header("authorization", bearer);
        server
            .send(request.body(Body::empty()).unwrap())
            .await
            .status
    };
    assert_eq!(userinfo().await, 200);
    assert_eq!(grants(&server).await, 2);
    let page = browser.go("/account").await;
    for seen in ["Print &#38; Co", "At Orders", "read your orders"] {
        assert!(page.html().contains(seen), "{seen}: {}", page.html());
    }
    let page = send(&mut browser, &page, "name=\"grant\"", &[]).await;
    assert_eq!((page.url.as_str(), grants(&server).await), ("/account", 1));
    assert_eq!(userinfo().await, 401);
    let page = send(&mut browser, &page, "name=\"grant\"", &[]).await;
    assert_eq!(grants(&server).await, 0);
    assert!(
        page.html().contains("No application has asked"),
        "{}",
        page.html()
    );
    let event = server.logged("sapi").await;
    assert_eq!(event["application"], "tpc");
    consent(
        &mut browser,
        &format!("{ORDERS}&scope=openid%20read:orders"),
    )
    .await;
}

async fn a_session_is_ended_from_another_browser_and_applications_hear_of_it(server: TestServer) {
    let server = shop(server).await;
    let logout = json!({"oidc_logout": {"backchannel_logout_urls": ["http://127.0.0.1:9/heard"],
        "backchannel_logout_initiators": {"mode": "custom", "selected_initiators": ["session-revoked"]}}});
    server.change::<Client>("web", &logout).await;
    let mut lost = Browser::new(&server);
    let page = lost.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut lost, &page).await);
    server.clock.advance(60);
    let mut browser = Browser::new(&server);
    let page = account(&mut browser).await;
    assert_eq!(page.html().matches("name=\"session\"").count(), 2);
    let page = send(&mut browser, &page, "name=\"session\"", &[]).await;
    assert_eq!(page.url, "/account");
    assert_eq!(page.html().matches("name=\"session\"").count(), 0);
    asks_for_a_login(&lost.go("/account").await);
    let event = server.logged("oidc_backchannel_logout_failed").await;
    assert_eq!(event["details"]["url"], "http://127.0.0.1:9/heard");
    server.logged_with("slo", "session-revoked").await;
}

async fn all_other_sessions_end_at_once(server: TestServer) {
    let server = shop(server).await;
    add_bob(&server, "Username-Password-Authentication").await;
    let mut bob = Browser::new(&server);
    let page = bob.go("/account").await;
    log_in_as_bob(&mut bob, &page).await;
    let (mut one, mut two) = (Browser::new(&server), Browser::new(&server));
    account(&mut one).await;
    account(&mut two).await;
    let mut browser = Browser::new(&server);
    let page = account(&mut browser).await;
    let page = send(&mut browser, &page, "value=\"others\"", &[]).await;
    assert_eq!(page.url, "/account");
    asks_for_a_login(&one.go("/account").await);
    asks_for_a_login(&two.go("/account").await);
    assert_eq!(browser.go("/account").await.url, "/account");
    assert_eq!(bob.go("/account").await.url, "/account");
}

async fn nobody_acts_on_what_belongs_to_somebody_else(server: TestServer) {
    let server = shop(server).await;
    add_bob(&server, "Username-Password-Authentication").await;
    let mut ada = Browser::new(&server);
    consent(&mut ada, &format!("{ORDERS}&scope=openid%20read:orders")).await;
    account(&mut Browser::new(&server)).await;
    let page = ada.go("/account").await;
    let of_ada = |mark: &str| {
        let (_, fields) = page.form(mark);
        let name = mark.split('"').nth(1).unwrap();
        let field = fields.iter().find(|(found, _)| found == name).unwrap();
        (fields.clone(), field.1.clone())
    };
    let (grant_form, grant) = of_ada("name=\"grant\"");
    let (session_form, session) = of_ada("name=\"session\"");
    let (mut bob, mut other) = (Browser::new(&server), Browser::new(&server));
    for browser in [&mut bob, &mut other] {
        let page = browser.go("/account").await;
        log_in_as_bob(browser, &page).await;
    }
    // Bob's own forms with what is Ada's in them, and Ada's forms whole.
    let page = bob.go("/account").await;
    let (_, own) = page.form("name=\"session\"");
    let with = |name: &str, value: &str| {
        let csrf = own.iter().find(|(name, _)| name == "csrf").unwrap();
        vec![csrf.clone(), (name.to_owned(), value.to_owned())]
    };
    for (path, fields) in [
        ("/account/sessions", with("session", &session)),
        ("/account/applications", with("grant", &grant)),
        ("/account/sessions", session_form),
        ("/account/applications", grant_form),
    ] {
        let page = bob.post(path, &fields).await;
        assert_eq!(page.answer.status, 400, "{path}");
        assert!(page.html().contains("open for too long"), "{}", page.html());
    }
    assert_eq!(grants(&server).await, 1);
    let tenant = TenantId::default_tenant();
    let found = server.app.store.find_session(&tenant, &session).await;
    assert!(found.unwrap().is_some());
}

async fn a_form_counts_in_its_browser_and_its_session_alone(server: TestServer) {
    let server = shop(server).await;
    let mut lost = Browser::new(&server);
    account(&mut lost).await;
    let mut browser = Browser::new(&server);
    let page = account(&mut browser).await;
    let (action, fields) = page.form("value=\"others\"");
    // Another site can make the browser post, but cannot know what is in the form.
    for forged in [
        vec![("session".to_owned(), "others".to_owned())],
        vec![
            ("session".to_owned(), "others".to_owned()),
            ("csrf".to_owned(), "guessed".to_owned()),
        ],
    ] {
        assert_eq!(browser.post(&action, &forged).await.answer.status, 400);
    }
    // Nor does one help that was shown to the attacker's own browser, logged in as the same user.
    let stranger = lost.post(&action, &fields).await;
    assert_eq!(stranger.answer.status, 400);
    for path in [
        "/account/password",
        "/account/delete",
        "/account/logout",
        "/account/address",
    ] {
        let page = browser.post(path, &fields).await;
        assert_eq!(page.answer.status, 400, "{path}");
    }
    assert_eq!(lost.go("/account").await.url, "/account");
    // A form that was left open counts for nothing in the session after it.
    browser.go("/v2/logout").await;
    asks_for_a_login(&browser.post(&action, &fields).await);
    account(&mut browser).await;
    assert_eq!(browser.post(&action, &fields).await.answer.status, 400);
    assert_eq!(lost.go("/account").await.url, "/account");
}

async fn a_session_that_ended_does_nothing_more(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    consent(
        &mut browser,
        &format!("{ORDERS}&scope=openid%20read:orders"),
    )
    .await;
    let page = browser.go("/account").await;
    let form = browser.go("/account/delete").await;
    let mut batch = server.app.store.batch();
    batch.end_sessions_of_user(&TenantId::default_tenant(), ADA);
    server.app.store.commit(batch).await.unwrap();
    asks_for_a_login(&send(&mut browser, &page, "name=\"grant\"", &[]).await);
    let fields = [
        ("confirmation", "ada@orchard.test"),
        ("current_password", PASSWORD),
    ];
    asks_for_a_login(&browser.submit(&form, &fields).await);
    assert_eq!(grants(&server).await, 1);
    assert!(ada(&server).await.is_some());
}

async fn logging_out_is_the_usual_logout(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = account(&mut browser).await;
    let page = send(&mut browser, &page, "/account/logout", &[]).await;
    assert_eq!(page.path(), "/v2/logout");
    assert!(
        page.html().contains("You are logged out"),
        "{}",
        page.html()
    );
    assert!(!browser.cookies.contains_key(COOKIE));
    server.logged("slo").await;
    asks_for_a_login(&browser.go("/account").await);
}

async fn the_pages_are_neither_kept_nor_framed(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    account(&mut browser).await;
    for path in ["/account", "/account/password", "/account/delete"] {
        let page = browser.go(path).await;
        assert_eq!(page.url, path);
        assert_eq!(page.answer.header("cache-control"), "no-store");
        assert_eq!(page.answer.header("x-frame-options"), "DENY");
        let policy = page.answer.header("content-security-policy");
        assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
        assert!(policy.contains("form-action 'self';"), "{policy}");
    }
}
