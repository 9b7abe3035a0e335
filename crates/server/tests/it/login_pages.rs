//! The pages of a login: what they say, what they refuse, and where they are.

use grantor_protocol::{
    model::{Prompts, TenantSettings},
    rule::Rule,
    users::Connection,
};
use serde_json::json;

use crate::support::{
    Browser, PASSWORD, TestServer, authorize, code_of, log_in, on_both_engines, refused, shop,
};

on_both_engines!(
    j2_3_a_wrong_password_and_an_unknown_user_get_the_same_page,
    j2_4_where_nobody_may_sign_up_there_is_no_way_to,
    j2_5_a_login_that_is_over_leads_to_where_one_can_begin_again,
    j2_6_t9_5_the_connection_that_is_named_is_the_one_and_an_unknown_one_is_told,
    j2_7_the_cookies_are_hidden_and_the_pages_cannot_be_framed,
    j2_8_t4_6_the_page_names_application_and_tenant,
    the_identifier_comes_first_where_the_tenant_wants_it_so,
);

async fn j2_3_a_wrong_password_and_an_unknown_user_get_the_same_page(server: TestServer) {
    let server = shop(server).await;
    let mut pages = Vec::new();
    for name in ["ada@orchard.test", "nobody@orchard.test"] {
        let mut browser = Browser::new(&server);
        let page = browser.go(&authorize("web", "scope=openid")).await;
        let again = browser
            .submit(&page, &[("username", name), ("password", "wrong")])
            .await;
        assert_eq!(
            (again.answer.status.as_u16(), again.path()),
            (400, "/u/login")
        );
        assert!(again.html().contains("role=\"alert\""));
        let state = again.attribute("name=\"state\"", "value").unwrap();
        let csrf = again.attribute("name=\"csrf\"", "value").unwrap();
        let html = again.html().replace(name, "NAME");
        pages.push(html.replace(&state, "STATE").replace(&csrf, "CSRF"));
        // What was typed is still there, but for the password.
        assert!(!again.html().contains("wrong\""));
        assert_eq!(
            again.attribute("name=\"username\"", "value").as_deref(),
            Some(name)
        );
        let end = log_in(&mut browser, &again).await;
        code_of(&end);
    }
    assert_eq!(pages[0], pages[1]);
    assert_eq!(server.logged("fp").await["user_name"], "ada@orchard.test");
    assert_eq!(
        server.logged("fu").await["user_name"],
        "nobody@orchard.test"
    );
}

async fn j2_4_where_nobody_may_sign_up_there_is_no_way_to(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    assert!(page.html().contains("/u/signup?state="));
    let form = browser.go(&authorize("web", "screen_hint=signup")).await;
    assert_eq!(form.path(), "/u/signup");
    let options = json!({"options": {"disable_signup": true}});
    server
        .change::<Connection>("con_0000000000000001", &options)
        .await;
    let page = browser.go(&authorize("web", "scope=openid")).await;
    assert!(!page.html().contains("/u/signup"));
    let fields = [("email", "new@orchard.test"), ("password", PASSWORD)];
    let refused = browser.submit(&form, &fields).await;
    assert_eq!(refused.answer.status, 400);
    assert_eq!(refused.path(), "/u/signup");
    server
        .logged_with("fs", "sign-up is disabled on the connection")
        .await;
}

async fn j2_5_a_login_that_is_over_leads_to_where_one_can_begin_again(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let begun = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &begun).await);
    let page = browser.go(&begun.url).await;
    assert_eq!(page.answer.status, 400);
    assert!(
        page.html().contains("pressed the back button"),
        "{}",
        page.html()
    );
    let settings = TenantSettings::ID;
    let members = json!({"id": settings, "default_redirection_uri": "https://shop.test/start?a=1"});
    server.put::<TenantSettings>(&members).await;
    let page = browser.go(&begun.url).await;
    assert_eq!(
        page.url,
        "https://shop.test/start?a=1&iss=https%3A%2F%2Flogin.orchard.test%2F"
    );
    // An hour is the longest that a login may take.
    let late = browser.go(&authorize("web", "prompt=login")).await;
    server.clock.advance(3601);
    let page = browser
        .submit(
            &late,
            &[("username", "ada@orchard.test"), ("password", PASSWORD)],
        )
        .await;
    assert!(
        page.url.starts_with("https://shop.test/start"),
        "{}",
        page.url
    );
}

async fn j2_6_t9_5_the_connection_that_is_named_is_the_one_and_an_unknown_one_is_told(
    server: TestServer,
) {
    let server = shop(server).await;
    server
        .put::<Connection>(&json!({
            "id": "con_0000000000000002", "name": "Customers", "strategy": "auth0",
            "options": {"requires_username": true}, "enabled_clients": ["web"],
        }))
        .await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "connection=Customers")).await;
    assert_eq!(page.path(), "/u/login");
    // Ada is not among the customers.
    let page = browser
        .submit(
            &page,
            &[("username", "ada@orchard.test"), ("password", PASSWORD)],
        )
        .await;
    assert_eq!(page.answer.status, 400);
    let page = browser
        .go(&authorize("web", "state=x&connection=Nowhere"))
        .await;
    assert_eq!(
        refused(&page, "invalid_request"),
        "the connection was not found"
    );
    assert_eq!(page.parameter("state").as_deref(), Some("x"));
    let event = server
        .logged_with("f", "the connection was not found")
        .await;
    assert_eq!(
        event["details"]["rule"],
        format!("{:?}", Rule::ConnectionUnknown)
    );
    let page = browser
        .go(&authorize("other", "connection=Customers"))
        .await;
    refused(&page, "invalid_request");
}

async fn j2_7_the_cookies_are_hidden_and_the_pages_cannot_be_framed(server: TestServer) {
    let server = shop(server).await;
    let begun = server.get(&authorize("web", "scope=openid")).await;
    assert_eq!(begun.status, 302);
    let cookie = begun.header("set-cookie");
    assert!(cookie.starts_with("__Host-grantor_browser="), "{cookie}");
    for attribute in ["HttpOnly", "Secure", "Path=/", "SameSite=None"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    assert!(!cookie.contains("Domain"), "{cookie}");
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(policy.contains("default-src 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.answer.header("x-frame-options"), "DENY");
    assert_eq!(page.answer.header("cache-control"), "no-store");
    let end = log_in(&mut browser, &page).await;
    let cookie = end.answer.header("set-cookie");
    assert!(cookie.starts_with("__Host-grantor_session="), "{cookie}");
    assert!(cookie.contains("HttpOnly; Secure"), "{cookie}");
    assert!(cookie.contains("Max-Age=604800"), "{cookie}");
}

async fn j2_8_t4_6_the_page_names_application_and_tenant(server: TestServer) {
    let server = shop(server).await;
    server
        .put::<TenantSettings>(&json!({
            "id": "settings", "friendly_name": "Orchard & Sons", "support_email": "help@orchard.test",
        }))
        .await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("tpc", "scope=openid")).await;
    assert!(
        page.html().contains("Orchard &#38; Sons"),
        "{}",
        page.html()
    );
    assert!(page.html().contains("Print &#38; Co"), "{}", page.html());
    let consent = log_in(&mut browser, &page).await;
    assert_eq!(consent.path(), "/u/consent");
    assert!(consent.html().contains("Orchard &#38; Sons"));
    let page = browser
        .go("/authorize?client_id=gone&response_type=code")
        .await;
    assert!(page.html().contains("Orchard &#38; Sons"));
    assert!(
        page.html().contains("mailto:help@orchard.test"),
        "{}",
        page.html()
    );
}

async fn the_identifier_comes_first_where_the_tenant_wants_it_so(server: TestServer) {
    let server = shop(server).await;
    let first = json!({"identifier_first": true});
    server.change::<Prompts>("prompts", &first).await;
    for name in ["ada@orchard.test", "nobody@orchard.test"] {
        let mut browser = Browser::new(&server);
        let page = browser
            .go(&authorize(
                "web",
                "scope=openid&login_hint=eve%40orchard.test",
            ))
            .await;
        assert_eq!(page.path(), "/u/login/identifier");
        assert_eq!(
            page.attribute("name=\"username\"", "value").as_deref(),
            Some("eve@orchard.test")
        );
        let empty = browser.submit(&page, &[("username", " ")]).await;
        assert_eq!(empty.answer.status, 400);
        let password = browser.submit(&page, &[("username", name)]).await;
        assert_eq!(password.path(), "/u/login/password");
        assert!(password.html().contains(name));
        // What was entered first counts, whatever the second form says.
        let end = browser
            .submit(
                &password,
                &[("username", "ada@orchard.test"), ("password", PASSWORD)],
            )
            .await;
        if name.starts_with("ada") {
            code_of(&end);
        } else {
            assert_eq!(
                (end.answer.status.as_u16(), end.path()),
                (400, "/u/login/password")
            );
            let edit = password.attribute("/u/login/identifier", "href").unwrap();
            let page = browser.go(&edit).await;
            assert_eq!(page.path(), "/u/login/identifier");
            let password = browser
                .submit(&page, &[("username", "ada@orchard.test")])
                .await;
            code_of(&browser.submit(&password, &[("password", PASSWORD)]).await);
        }
    }
}
