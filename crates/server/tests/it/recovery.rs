//! Signing up, verifying an address, and forgotten passwords, by the links in mails.

use axum::body::Body;
use grantor_protocol::{
    model::{EmailTemplate, TenantSettings},
    rule::Rule,
    tenant::TenantId,
    users::{Connection, User, UserId},
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    ADA, Answer, Browser, PASSWORD, TestServer, authorize, code_of, link_of, log_in,
    on_both_engines, shop,
};

on_both_engines!(
    j3_5_j17_1_who_signs_up_is_sent_one_mail_and_its_link_verifies_the_address,
    j3_5_sign_up_by_the_api_makes_an_unverified_user_and_mails_a_verification,
    a_tenant_that_wants_it_so_welcomes_users_once_their_address_is_verified,
    j3_4_j17_1_a_link_to_a_new_password_works_once_and_ends_sessions,
    j17_4_links_that_are_too_old_do_nothing,
    a_user_who_is_not_there_gets_the_same_answers_and_no_mail,
    a_new_password_keeps_the_rules_and_the_history,
    a_link_for_an_address_that_the_user_no_longer_has_is_worth_nothing,
    links_lead_to_the_host_that_was_asked_and_to_no_forged_one,
    signing_up_by_the_api_answers_as_recorded,
    mails_to_one_address_from_one_place_are_limited,
);

const NEW: &str = "Pears-and-plums-8";

async fn post(server: &TestServer, path: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    server.send(request).await
}

async fn user(server: &TestServer, email: &str) -> User {
    let tenant = TenantId::default_tenant();
    let found = server.app.store.find_users_by_email(&tenant, email).await;
    found.unwrap().remove(0).user
}

async fn change_password(server: &TestServer, email: &str) -> Answer {
    let body = json!({"client_id": "web", "connection": "Username-Password-Authentication", "email": email});
    post(server, "/dbconnections/change_password", &body).await
}

async fn j3_5_j17_1_who_signs_up_is_sent_one_mail_and_its_link_verifies_the_address(
    server: TestServer,
) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let form = browser
        .go(&authorize(
            "web",
            "screen_hint=signup&scope=openid&ui_locales=de",
        ))
        .await;
    let fields = [("email", "bob@orchard.test"), ("password", PASSWORD)];
    code_of(&browser.submit(&form, &fields).await);
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].template, "verify_email");
    assert_eq!(mails[0].to, "bob@orchard.test");
    let link = link_of(&mails[0]);
    assert!(link.starts_with("/u/email-verification?ticket="), "{link}");
    assert_eq!(
        user(&server, "bob@orchard.test").await.email_verified,
        Some(false)
    );
    // A mail program that only looks does not use the link up.
    let look = Request::head(&link).body(Body::empty()).unwrap();
    assert_eq!(server.send(look).await.status, 200);
    let page = Browser::new(&server).go(&link).await;
    assert_eq!(page.answer.status, 200);
    assert_eq!(
        user(&server, "bob@orchard.test").await.email_verified,
        Some(true)
    );
    assert_eq!(server.logged("sv").await["client_id"], "web");
    // Again it says that it was done, and forged it says nothing.
    assert_eq!(Browser::new(&server).go(&link).await.answer.status, 200);
    let forged = format!("{link}x");
    assert_eq!(Browser::new(&server).go(&forged).await.answer.status, 410);
    assert!(server.mails().await.is_empty());
}

async fn a_tenant_that_wants_it_so_welcomes_users_once_their_address_is_verified(
    server: TestServer,
) {
    let server = shop(server).await;
    server
        .put::<EmailTemplate>(&json!({
            "template": "welcome_email", "enabled": true, "subject": "Hello {{ user.nickname }}",
            "body": "<p>Welcome, {{ user.email }}</p>", "syntax": "liquid", "from": "us@orchard.test",
        }))
        .await;
    let body = json!({"connection": "Username-Password-Authentication", "email": "eve@orchard.test", "password": PASSWORD});
    post(&server, "/dbconnections/signup", &body).await;
    let link = link_of(&server.mails().await[0]);
    Browser::new(&server).go(&link).await;
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    assert_eq!(mails[0].subject, "Hello eve");
    assert!(mails[0].html.contains("Welcome, eve@orchard.test"));
}

async fn j3_5_sign_up_by_the_api_makes_an_unverified_user_and_mails_a_verification(
    server: TestServer,
) {
    let server = shop(server).await;
    let body = json!({"client_id": "web", "connection": "Username-Password-Authentication",
        "email": "Eve@Orchard.test", "password": PASSWORD, "given_name": "Eve", "user_metadata": {"colour": "red"}});
    let answer = post(&server, "/dbconnections/signup", &body).await;
    assert_eq!(answer.status, 200);
    let shown = answer.json();
    assert_eq!(shown["email"], "eve@orchard.test");
    assert_eq!(shown["email_verified"], false);
    assert!(!answer.body.windows(8).any(|part| part == b"password"));
    let eve = user(&server, "eve@orchard.test").await;
    assert_eq!(eve.user_id.bare(), shown["_id"].as_str().unwrap());
    assert_eq!(eve.user_metadata.unwrap()["colour"], "red");
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        Browser::new(&server)
            .go(&link_of(&mails[0]))
            .await
            .answer
            .status,
        200
    );
    assert_eq!(
        user(&server, "eve@orchard.test").await.email_verified,
        Some(true)
    );
}

async fn j3_4_j17_1_a_link_to_a_new_password_works_once_and_ends_sessions(server: TestServer) {
    let server = shop(server).await;
    let mut old = Browser::new(&server);
    let page = old.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut old, &page).await);
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    let ask = page.attribute("/u/reset-password/request", "href").unwrap();
    let form = browser.go(&ask).await;
    let told = browser
        .submit(&form, &[("username", "ada@orchard.test")])
        .await;
    assert_eq!(
        (told.answer.status.as_u16(), told.path()),
        (200, "/u/reset-password/request")
    );
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[0].template, "reset_email");
    let link = link_of(&mails[0]);
    let mut phone = Browser::new(&server);
    let form = phone.go(&link).await;
    assert_eq!(
        (form.answer.status.as_u16(), form.path()),
        (200, "/u/reset-verify")
    );
    let differ = [("password", NEW), ("password_again", PASSWORD)];
    let again = phone.submit(&form, &differ).await;
    assert_eq!(again.answer.status, 400);
    let same = [("password", NEW), ("password_again", NEW)];
    // In another browser than it was shown to, the form does nothing yet.
    let stranger = Browser::new(&server).submit(&form, &same).await;
    assert_eq!(stranger.answer.status, 400);
    let done = phone.submit(&again, &same).await;
    assert_eq!(done.answer.status, 200, "{}", done.html());
    let mails = server.mails().await;
    assert!(
        mails.iter().all(|mail| mail.template == "password_reset"),
        "{mails:?}"
    );
    server.logged("scp").await;
    // The link is used up, the old session is over, the old password is wrong and the new one right.
    assert_eq!(phone.go(&link).await.answer.status, 410);
    assert_eq!(phone.submit(&form, &same).await.answer.status, 410);
    let page = old.go(&authorize("web", "scope=openid")).await;
    assert_eq!(page.path(), "/u/login");
    let wrong = log_in(&mut old, &page).await;
    assert_eq!(wrong.answer.status, 400);
    let right = [("username", "ada@orchard.test"), ("password", NEW)];
    code_of(&old.submit(&wrong, &right).await);
}

async fn j17_4_links_that_are_too_old_do_nothing(server: TestServer) {
    let server = shop(server).await;
    let body = json!({"connection": "Username-Password-Authentication", "email": "eve@orchard.test", "password": PASSWORD});
    assert_eq!(
        post(&server, "/dbconnections/signup", &body).await.status,
        200
    );
    change_password(&server, "eve@orchard.test").await;
    let mails = server.mails().await;
    assert_eq!(mails.len(), 2);
    server.clock.advance(432_001);
    for mail in mails {
        let page = Browser::new(&server).go(&link_of(&mail)).await;
        assert_eq!(page.answer.status, 410, "{}", mail.template);
        assert!(page.html().contains("no longer valid"), "{}", page.html());
    }
    assert_eq!(
        user(&server, "eve@orchard.test").await.email_verified,
        Some(false)
    );
}

async fn a_user_who_is_not_there_gets_the_same_answers_and_no_mail(server: TestServer) {
    let server = shop(server).await;
    let known = change_password(&server, "ada@orchard.test").await;
    assert_eq!(server.mails().await.len(), 1);
    let unknown = change_password(&server, "nobody@orchard.test").await;
    assert!(server.mails().await.is_empty());
    assert_eq!(known.status, unknown.status);
    assert_eq!(known.body, unknown.body);
    assert_eq!(
        known.body,
        b"We've just sent you an email to reset your password."
    );
    assert_eq!(known.header("content-type"), "text/html; charset=utf-8");
    server.logged_with("fcpr", "there is no such user").await;
    let mut pages = Vec::new();
    for name in ["ada@orchard.test", "nobody@orchard.test"] {
        let mut browser = Browser::new(&server);
        let page = browser.go(&authorize("web", "scope=openid")).await;
        let ask = page.attribute("/u/reset-password/request", "href").unwrap();
        let form = browser.go(&ask).await;
        let told = browser.submit(&form, &[("username", name)]).await;
        let state = told.attribute("name=\"state\"", "value").unwrap();
        let csrf = told.attribute("name=\"csrf\"", "value").unwrap();
        pages.push(
            told.html()
                .replace(name, "NAME")
                .replace(&state, "S")
                .replace(&csrf, "C"),
        );
    }
    assert_eq!(pages[0], pages[1]);
}

async fn a_new_password_keeps_the_rules_and_the_history(server: TestServer) {
    let server = shop(server).await;
    let strict = json!({"options": {"passwordPolicy": "excellent", "password_history": {"enable": true, "size": 3}}});
    server
        .change::<Connection>("con_0000000000000001", &strict)
        .await;
    change_password(&server, "ada@orchard.test").await;
    let link = link_of(&server.mails().await[0]);
    let mut browser = Browser::new(&server);
    let mut page = browser.go(&link).await;
    for refused in ["short", "aaaaaaaaaaaa", PASSWORD] {
        page = browser
            .submit(&page, &[("password", refused), ("password_again", refused)])
            .await;
        assert_eq!(page.answer.status, 400, "{refused}");
    }
    server
        .logged_with("fcp", "Password has previously been used")
        .await;
    let page = browser
        .submit(&page, &[("password", NEW), ("password_again", NEW)])
        .await;
    assert_eq!(page.answer.status, 200);
}

async fn a_link_for_an_address_that_the_user_no_longer_has_is_worth_nothing(server: TestServer) {
    let server = shop(server).await;
    change_password(&server, "ada@orchard.test").await;
    let link = link_of(&server.mails().await[0]);
    let (store, tenant) = (&server.app.store, TenantId::default_tenant());
    let id = UserId::parse(ADA).unwrap();
    let mut ada = store.find_user(&tenant, &id).await.unwrap().unwrap();
    ada.user.email = Some("ada@elsewhere.test".to_owned());
    let mut batch = store.batch();
    batch.replace_user(&tenant, &ada.user, ada.revision);
    store.commit(batch).await.unwrap();
    let page = Browser::new(&server).go(&link).await;
    assert_eq!(page.answer.status, 410);
    let sentence = "This link is no longer valid: it is too old or was used already.";
    assert!(page.html().contains(sentence), "{}", page.html());
    let event = server.logged_with("f", sentence).await;
    assert_eq!(
        event["details"]["rule"],
        format!("{:?}", Rule::TicketUnknown)
    );
}

async fn links_lead_to_the_host_that_was_asked_and_to_no_forged_one(server: TestServer) {
    let server = shop(server).await;
    let body =
        json!({"connection": "Username-Password-Authentication", "email": "ada@orchard.test"});
    let ask = |headers: &[(&'static str, &str)]| {
        let mut request = Request::post("/dbconnections/change_password")
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(Body::from(body.to_string())).unwrap()
    };
    for forged in [
        &[("host", "evil.test")][..],
        &[("host", "login.orchard.test.evil.test")],
        &[("host", "login.orchard.test@evil.test")],
    ] {
        let answer = server.send(ask(forged)).await;
        assert!(
            answer.status.is_client_error(),
            "{forged:?} {}",
            answer.status
        );
        assert!(server.mails().await.is_empty());
    }
    for ignored in [
        &[("x-forwarded-host", "evil.test")][..],
        &[("forwarded", "host=evil.test;proto=http")],
        &[("x-forwarded-proto", "http")],
        &[
            ("x-forwarded-server", "evil.test"),
            ("x-original-host", "evil.test"),
        ],
        &[("host", "LOGIN.orchard.test:443")],
        // A name of the machine itself is everybody's: the configured host stands in for it.
        &[("host", "localhost:9999")],
        &[("host", "127.0.0.1:1")],
    ] {
        let answer = server.send(ask(ignored)).await;
        assert_eq!(answer.status, 200, "{ignored:?}");
        for mail in server.mails().await {
            assert!(
                link_of(&mail).starts_with("/u/reset-verify?ticket="),
                "{ignored:?}"
            );
            assert!(!mail.html.contains("evil"), "{ignored:?}");
            assert!(!mail.html.contains("localhost") && !mail.html.contains("127.0.0.1"));
        }
    }
}

async fn signing_up_by_the_api_answers_as_recorded(server: TestServer) {
    let server = shop(server).await;
    let connection = "Username-Password-Authentication";
    let sign_up = |body: Value| {
        let mut all = json!({"client_id": "web", "connection": connection, "password": PASSWORD});
        all.as_object_mut()
            .unwrap()
            .extend(body.as_object().unwrap().clone());
        all
    };
    let path = "/dbconnections/signup";
    let taken = sign_up(json!({"email": "ada@orchard.test"}));
    assert_eq!(
        post(&server, path, &taken).await.json(),
        json!({"name": "BadRequestError", "code": "invalid_signup", "description": "Invalid sign up", "statusCode": 400})
    );
    let flag = json!({"id": "settings", "flags": {"enable_public_signup_user_exists_error": true}});
    server.put::<TenantSettings>(&flag).await;
    let answer = post(&server, path, &taken).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["code"], "user_exists");
    let weak = sign_up(json!({"email": "eve@orchard.test", "password": "weak"}));
    let body = post(&server, path, &weak).await.json();
    assert_eq!(body["name"], "PasswordStrengthError");
    assert_eq!(body["code"], "invalid_password");
    let nowhere = sign_up(json!({"email": "eve@orchard.test", "connection": "Nowhere"}));
    assert_eq!(
        post(&server, path, &nowhere).await.json(),
        json!({"error": "connection not found"})
    );
    let foreign = sign_up(json!({"email": "eve@orchard.test", "client_id": "svc"}));
    assert_eq!(
        post(&server, path, &foreign).await.json(),
        json!({"error": "connection not found"})
    );
    let disabled = json!({"options": {"disable_signup": true, "requires_username": true}});
    server
        .change::<Connection>("con_0000000000000001", &disabled)
        .await;
    let answer = post(
        &server,
        path,
        &sign_up(json!({"email": "eve@orchard.test"})),
    )
    .await;
    assert_eq!(answer.json(), json!({"error": "public signup is disabled"}));
    let open = json!({"options": {"requires_username": true}});
    server
        .change::<Connection>("con_0000000000000001", &open)
        .await;
    let answer = post(
        &server,
        path,
        &sign_up(json!({"email": "eve@orchard.test", "username": "Eve"})),
    )
    .await;
    let keys: Vec<String> = answer.json().as_object().unwrap().keys().cloned().collect();
    assert_eq!(keys, ["_id", "email", "username", "email_verified"]);
    assert!(server.mails().await.len() == 1);
}

async fn mails_to_one_address_from_one_place_are_limited(server: TestServer) {
    let server = shop(server).await;
    for _ in 0..10 {
        assert_eq!(
            change_password(&server, "ada@orchard.test").await.status,
            200
        );
    }
    for name in ["ada@orchard.test", "ADA@orchard.test"] {
        let answer = change_password(&server, name).await;
        assert_eq!(answer.status, 429);
    }
    assert_eq!(
        change_password(&server, "eve@orchard.test").await.status,
        200
    );
    assert_eq!(server.mails().await.len(), 10);
    server.clock.advance(60);
    assert_eq!(
        change_password(&server, "ada@orchard.test").await.status,
        200
    );
}
