//! Logins in an application's own form: a ticket for a password, and the authorization endpoint that takes it.

use axum::body::Body;
use grantor_protocol::{
    model::{Client, TenantSettings},
    rule::Rule,
    tenant::TenantId,
    users::UserId,
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    ADA, Answer, Browser, PASSWORD, Page, TestServer, authorize, broke, code_of, on_both_engines,
    redeem, refused, shop,
};

on_both_engines!(
    a_ticket_for_a_password_ends_in_a_code_and_a_session_like_every_login,
    a_ticket_is_used_once,
    of_twenty_parallel_uses_of_a_ticket_one_ends_in_a_code,
    a_ticket_is_worth_nothing_in_another_browser_later_or_to_another_application,
    a_ticket_counts_without_a_page_and_leaves_the_other_duties,
    a_ticket_for_a_password_that_was_changed_is_worth_nothing,
    a_ticket_for_another_user_takes_the_place_of_the_session,
    scripts_of_web_origins_send_passwords_and_no_others,
    what_a_script_sends_wrongly_is_told_in_the_words_of_the_compatible_api,
    a_wrong_password_and_nobody_get_the_same_answer_and_a_blocked_user_another,
    no_captcha_is_ever_wanted_and_nobody_is_told_who_is_logged_in,
);

pub(crate) const ORIGIN: &str = "https://spa.test";
pub(crate) const DIRECTORY: &str = "Username-Password-Authentication";
const REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";
pub(crate) const WRONG: &str = "Wrong email or password.";

pub(crate) async fn prepared(server: TestServer) -> TestServer {
    let server = shop(server).await;
    for client_id in ["web", "other"] {
        let embedded = json!({"cross_origin_authentication": true, "web_origins": [ORIGIN]});
        server.change::<Client>(client_id, &embedded).await;
    }
    let preset = json!({"id": "settings", "default_directory": DIRECTORY});
    server.put::<TenantSettings>(&preset).await;
    server
}

fn credential(members: &Value) -> Value {
    let mut body = json!({"client_id": "web", "username": "Ada@Orchard.test", "password": PASSWORD,
        "realm": DIRECTORY, "credential_type": REALM});
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body.as_object_mut()
        .unwrap()
        .retain(|_, value| *value != json!("(absent)"));
    body
}

/// What a script of a page sends, with the browser's cookies.
pub(crate) async fn script(
    browser: &mut Browser<'_>,
    path: &str,
    origin: &str,
    body: &Value,
) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .header("origin", origin);
    let request = request.body(Body::from(body.to_string())).unwrap();
    browser.send(request).await
}

pub(crate) async fn ticket(browser: &mut Browser<'_>, members: &Value) -> String {
    let answer = script(browser, "/co/authenticate", ORIGIN, &credential(members)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    answer.json()["login_ticket"].as_str().unwrap().to_owned()
}

fn with(ticket: &str, more: &str) -> String {
    let query =
        format!("scope=openid%20email&state=s1&login_ticket={ticket}&realm={DIRECTORY}{more}");
    authorize("web", &query)
}

const LOST: &str = "No verifier returned from client.";

async fn a_ticket_for_a_password_ends_in_a_code_and_a_session_like_every_login(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);

    let answer = script(
        &mut browser,
        "/co/authenticate",
        ORIGIN,
        &credential(&json!({})),
    )
    .await;

    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    let body = answer.json();
    let members: Vec<_> = body.as_object().unwrap().keys().collect();
    assert_eq!(members, ["login_ticket", "co_verifier", "co_id"]);
    // A ticket is no session.
    assert!(!browser.cookies.contains_key("__Host-grantor_session"));
    let page = browser
        .go(&with(body["login_ticket"].as_str().unwrap(), ""))
        .await;
    let code = code_of(&page);
    assert_eq!(page.parameter("state").as_deref(), Some("s1"));
    let tokens = redeem(&server, "web", &code).await;
    let (_, claims) = crate::support::decoded(tokens["id_token"].as_str().unwrap());
    assert_eq!(
        (&claims["sub"], &claims["email"]),
        (&json!(ADA), &json!("ada@orchard.test"))
    );
    assert!(claims["sid"].is_string());
    // The session is everybody's.
    code_of(
        &browser
            .go(&authorize("other", "scope=openid&prompt=none"))
            .await,
    );
    let event = server.logged("scoa").await;
    assert_eq!(
        (&event["connection"], &event["client_id"]),
        (&json!(DIRECTORY), &json!("web"))
    );
    assert_eq!(server.logged("s").await["user_name"], "ada@orchard.test");
    let tenant = TenantId::default_tenant();
    let id = UserId::parse(ADA).unwrap();
    let ada = server
        .app
        .store
        .find_user(&tenant, &id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(ada.user.logins_count, Some(1));
    // With the default directory, as the other form of the credential has it.
    let plain = json!({"credential_type": "password", "realm": "(absent)"});
    let ticket = ticket(&mut browser, &plain).await;
    let query = format!("scope=openid&login_ticket={ticket}");
    code_of(&browser.go(&authorize("web", &query)).await);
}

async fn a_ticket_is_used_once(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let ticket = ticket(&mut browser, &json!({})).await;
    code_of(&browser.go(&with(&ticket, "")).await);
    let page = browser.go(&with(&ticket, "")).await;
    assert_eq!(refused(&page, "invalid_request"), LOST);
    assert_eq!(page.parameter("state").as_deref(), Some("s1"));
    let event = server.logged_with("f", LOST).await;
    broke(&event, Rule::LoginTicketUnknown);
}

async fn of_twenty_parallel_uses_of_a_ticket_one_ends_in_a_code(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let ticket = ticket(&mut browser, &json!({})).await;
    let cookies = browser.cookies.clone();
    let server = std::sync::Arc::new(server);
    let mut uses = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let (server, cookies) = (std::sync::Arc::clone(&server), cookies.clone());
        let address = with(&ticket, "");
        uses.spawn(async move {
            let mut tab = Browser::new(&server);
            tab.cookies = cookies;
            tab.go(&address).await
        });
    }
    let pages: Vec<Page> = uses.join_all().await;
    let codes = pages.iter().filter(|page| page.parameter("code").is_some());
    assert_eq!(codes.count(), 1);
    for page in &pages {
        let lost = page.parameter("error").as_deref() == Some("invalid_request");
        let asked = page.path() == "/u/login";
        assert!(
            lost || asked || page.parameter("code").is_some(),
            "{}",
            page.url
        );
    }
}

async fn a_ticket_is_worth_nothing_in_another_browser_later_or_to_another_application(
    server: TestServer,
) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let ticket = ticket(&mut browser, &json!({})).await;
    let mut stranger = Browser::new(&server);
    let page = stranger.go(&with(&ticket, "")).await;
    assert_eq!(refused(&page, "invalid_request"), LOST);
    // One that has been here before, too.
    stranger.go(&authorize("web", "scope=openid")).await;
    let page = stranger.go(&with(&ticket, "")).await;
    assert_eq!(refused(&page, "invalid_request"), LOST);
    let query = format!("scope=openid&login_ticket={ticket}");
    let page = browser.go(&authorize("other", &query)).await;
    assert_eq!(refused(&page, "invalid_request"), LOST);
    let page = browser
        .go(&authorize("web", &format!("{query}&realm=Employees")))
        .await;
    assert_eq!(refused(&page, "invalid_request"), LOST);
    for nothing in ["x", &"x".repeat(100)] {
        let page = browser.go(&with(nothing, "")).await;
        assert_eq!(refused(&page, "invalid_request"), LOST);
    }
    server.clock.advance(300);
    let page = browser.go(&with(&ticket, "")).await;
    assert_eq!(refused(&page, "invalid_request"), LOST);
    assert!(!browser.cookies.contains_key("__Host-grantor_session"));
}

async fn a_ticket_counts_without_a_page_and_leaves_the_other_duties(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let first = ticket(&mut browser, &json!({})).await;
    code_of(&browser.go(&with(&first, "&prompt=none")).await);
    let mut browser = Browser::new(&server);
    let asked = ticket(&mut browser, &json!({})).await;
    let page = browser.go(&with(&asked, "&prompt=consent")).await;
    assert_eq!(page.path(), "/u/consent");
    code_of(&browser.submit(&page, &[("action", "accept")]).await);
}

async fn a_ticket_for_a_password_that_was_changed_is_worth_nothing(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let old = ticket(&mut browser, &json!({})).await;
    server.clock.advance(1);
    let chosen = "Plums-and-cherries-8";
    let body = json!({"password": chosen, "connection": DIRECTORY});
    server.manage("PATCH", &format!("/users/{ADA}"), body).await;
    let page = browser.go(&with(&old, "")).await;
    assert_eq!(refused(&page, "invalid_request"), LOST);
    server.clock.advance(1);
    let new = ticket(&mut browser, &json!({"password": chosen})).await;
    code_of(&browser.go(&with(&new, "")).await);
}

async fn a_ticket_for_another_user_takes_the_place_of_the_session(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let signup = authorize("web", "scope=openid&screen_hint=signup");
    let page = browser.go(&signup).await;
    let bob = [("email", "bob@orchard.test"), ("password", PASSWORD)];
    code_of(&browser.submit(&page, &bob).await);
    let ticket = ticket(&mut browser, &json!({})).await;
    let code = code_of(&browser.go(&with(&ticket, "")).await);
    let tokens = redeem(&server, "web", &code).await;
    let (_, claims) = crate::support::decoded(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["sub"], ADA);
}

async fn scripts_of_web_origins_send_passwords_and_no_others(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    // That of a callback is none.
    for origin in [
        "https://shop.test",
        "https://evil.test",
        "https://spa.test.evil.test",
        "http://spa.test",
        "null",
    ] {
        let answer = script(
            &mut browser,
            "/co/authenticate",
            origin,
            &credential(&json!({})),
        )
        .await;
        assert_eq!(answer.status, 403, "{origin}");
        let text = String::from_utf8(answer.body.clone()).unwrap();
        assert_eq!(text, format!("Origin {origin} is not allowed."));
        assert!(answer.header("content-type").starts_with("text/plain"));
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let without = Request::post("/co/authenticate").header("content-type", "application/json");
    let without = without.body(Body::from(credential(&json!({})).to_string()));
    assert_eq!(server.send(without.unwrap()).await.status, 403);
    let gone = credential(&json!({"client_id": "gone"}));
    let answer = script(&mut browser, "/co/authenticate", ORIGIN, &gone).await;
    assert_eq!(answer.status, 403);
    let event = server.logged("fcoa").await;
    broke(&event, Rule::OriginNotAllowed);
    let off = json!({"cross_origin_authentication": false});
    server.change::<Client>("web", &off).await;
    let answer = script(
        &mut browser,
        "/co/authenticate",
        ORIGIN,
        &credential(&json!({})),
    )
    .await;
    answer.refused(
        401,
        "unauthorized_client",
        "Cross origin login not allowed.",
    );
    let off = "Cross origin login not allowed.";
    broke(
        &server.logged_with("fcoa", off).await,
        Rule::EmbeddedLoginOff,
    );
    // The script reads it, and the browser asks nobody for a password of its own.
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert!(!answer.headers.contains_key("www-authenticate"));
    let preflight = Request::options("/co/authenticate")
        .header("origin", ORIGIN)
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "auth0-client,content-type",
        );
    let answer = server.send(preflight.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    assert_eq!(answer.header("access-control-allow-credentials"), "true");
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("auth0-client")
    );
}

async fn what_a_script_sends_wrongly_is_told_in_the_words_of_the_compatible_api(
    server: TestServer,
) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let needed = "Invalid request body. All and only of client_id, credential_type, username, \
                  password, realm are required.";
    for (members, status, error, sentence) in [
        (
            json!({"password": "(absent)"}),
            400,
            "invalid_request",
            needed,
        ),
        (json!({"extra": "x"}), 400, "invalid_request", needed),
        (
            json!({"credential_type": "(absent)"}),
            400,
            "invalid_request",
            needed,
        ),
        (
            json!({"credential_type": "authorization_code"}),
            400,
            "unsupported_credential_type",
            "Unknown credential type parameter.",
        ),
        (
            json!({"realm": "Nowhere"}),
            400,
            "invalid_request",
            "Unknown realm Nowhere.",
        ),
    ] {
        let body = credential(&members);
        let answer = script(&mut browser, "/co/authenticate", ORIGIN, &body).await;
        answer.refused(status, error, sentence);
    }
    let event = server.logged_with("fcoa", "Unknown realm Nowhere.").await;
    broke(&event, Rule::RealmUnknown);
}

async fn a_wrong_password_and_nobody_get_the_same_answer_and_a_blocked_user_another(
    server: TestServer,
) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    for members in [
        json!({"password": "wrong"}),
        json!({"username": "nobody@orchard.test"}),
    ] {
        let body = credential(&members);
        let answer = script(&mut browser, "/co/authenticate", ORIGIN, &body).await;
        answer.refused(403, "access_denied", WRONG);
        assert_eq!(answer.header("access-control-allow-origin"), ORIGIN);
    }
    let event = server.logged_with("fcoa", WRONG).await;
    broke(&event, Rule::EmbeddedPasswordWrong);
    assert_eq!(event["connection"], DIRECTORY);
    let (tenant, store) = (TenantId::default_tenant(), &server.app.store);
    let id = UserId::parse(ADA).unwrap();
    // Blocked between ticket and use.
    let ticket = ticket(&mut browser, &json!({})).await;
    let mut found = store.find_user(&tenant, &id).await.unwrap().unwrap();
    found.user.blocked = Some(true);
    let mut batch = store.batch();
    batch.replace_user(&tenant, &found.user, found.revision);
    store.commit(batch).await.unwrap();
    let page = browser.go(&with(&ticket, "")).await;
    assert_eq!(refused(&page, "unauthorized"), "user is blocked");
    assert!(!browser.cookies.contains_key("__Host-grantor_session"));
    let answer = script(
        &mut browser,
        "/co/authenticate",
        ORIGIN,
        &credential(&json!({})),
    )
    .await;
    answer.refused(403, "blocked_user", "Blocked user");
    let event = server.logged_with("fcoa", "Blocked user").await;
    broke(&event, Rule::EmbeddedUserBlocked);
}

async fn no_captcha_is_ever_wanted_and_nobody_is_told_who_is_logged_in(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    for path in [
        "/usernamepassword/challenge",
        "/dbconnections/signup/challenge",
        "/dbconnections/change_password/challenge",
        "/passwordless/challenge",
    ] {
        let answer = script(&mut browser, path, ORIGIN, &json!({"state": "s"})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()),
            (200, json!({"required": false}))
        );
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let ticket = ticket(&mut browser, &json!({})).await;
    code_of(&browser.go(&with(&ticket, "")).await);
    let request = Request::get("/user/ssodata").header("origin", ORIGIN);
    let answer = browser.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.json(), json!({"sso": false}));
    assert_eq!(server.get("/user/geoloc/country").await.status, 404);
}
