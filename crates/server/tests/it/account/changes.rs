//! What people change on the account page: the password, the address, and whether there is an account.

use axum::body::Body;
use grantor_protocol::users::Connection;
use http::Request;
use serde_json::json;

use crate::support::{
    Browser, PASSWORD, TestServer, link_of, log_in, on_both_engines, redeem, shop,
};

use super::support::*;

on_both_engines!(
    a_new_password_ends_the_other_sessions_and_the_old_cookie,
    a_new_password_keeps_the_rules_of_its_connection,
    the_present_password_cannot_be_guessed,
    where_users_may_not_change_their_passwords_there_is_no_way_to,
    the_verification_is_sent_again_and_not_without_end,
    a_deleted_account_leaves_nothing_behind,
    an_account_is_not_deleted_by_mistake,
);

const CHANGE: [(&str, &str); 3] = [
    ("current_password", PASSWORD),
    ("password", NEW),
    ("password_again", NEW),
];

async fn a_new_password_ends_the_other_sessions_and_the_old_cookie(server: TestServer) {
    let server = shop(server).await;
    let mut lost = Browser::new(&server);
    account(&mut lost).await;
    let mut browser = Browser::new(&server);
    account(&mut browser).await;
    let copied = browser.cookies[COOKIE].clone();
    let form = browser.go("/account/password").await;
    let done = browser.submit(&form, &CHANGE).await;
    assert_eq!(done.answer.status, 200, "{}", done.html());
    assert!(done.html().contains("Password changed"), "{}", done.html());
    let mails = server.mails().await;
    assert_eq!(mails.len(), 1);
    assert_eq!(
        (mails[0].template.as_str(), mails[0].to.as_str()),
        ("password_reset", "ada@orchard.test")
    );
    let event = server.logged("scp").await;
    assert_eq!(event["connection"], "Username-Password-Authentication");
    server.logged_with("slo", "password-changed").await;
    // This browser goes on; the others do not, and neither does who copied its cookie.
    assert_eq!(browser.go("/account").await.url, "/account");
    asks_for_a_login(&lost.go("/account").await);
    lost.cookies.insert(COOKIE.to_owned(), copied);
    let page = lost.go("/account").await;
    let wrong = log_in(&mut lost, &page).await;
    assert_eq!(wrong.answer.status, 400);
    let right = [("username", "ada@orchard.test"), ("password", NEW)];
    assert_eq!(lost.submit(&wrong, &right).await.url, "/account");
    assert!(ada(&server).await.unwrap().last_password_reset.is_some());
}

async fn a_new_password_keeps_the_rules_of_its_connection(server: TestServer) {
    let server = shop(server).await;
    let strict = json!({"options": {"passwordPolicy": "excellent", "password_history": {"enable": true, "size": 3}}});
    server
        .change::<Connection>("con_0000000000000001", &strict)
        .await;
    let mut browser = Browser::new(&server);
    account(&mut browser).await;
    let mut page = browser.go("/account/password").await;
    for (present, chosen, again, says) in [
        ("", NEW, NEW, "enter your password"),
        (PASSWORD, "", "", "enter your password"),
        (PASSWORD, NEW, PASSWORD, "not the same"),
        (PASSWORD, "aaaaaaaaaaaa", "aaaaaaaaaaaa", "the rules below"),
        (PASSWORD, PASSWORD, PASSWORD, "used this password before"),
        (NEW, NEW, NEW, "password is wrong"),
    ] {
        let fields = [
            ("current_password", present),
            ("password", chosen),
            ("password_again", again),
        ];
        page = browser.submit(&page, &fields).await;
        assert_eq!(page.answer.status, 400, "{says}");
        assert!(page.html().contains(says), "{says}: {}", page.html());
    }
    server
        .logged_with("fcp", "Password has previously been used")
        .await;
    let event = server.logged("fp").await;
    assert_eq!(
        (event["user_name"].as_str(), event["client_id"].as_str()),
        (Some("ada@orchard.test"), Some("grantor-account"))
    );
    assert!(server.mails().await.is_empty());
    assert_eq!(browser.submit(&page, &CHANGE).await.answer.status, 200);
}

async fn the_present_password_cannot_be_guessed(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    account(&mut browser).await;
    let mut page = browser.go("/account/password").await;
    for _ in 0..5 {
        let wrong = [
            ("current_password", "guess"),
            ("password", NEW),
            ("password_again", NEW),
        ];
        page = browser.submit(&page, &wrong).await;
        assert_eq!(page.answer.status, 400);
    }
    // The tries are counted for the user, whichever form it is.
    let mut form = browser.go("/account/delete").await;
    for _ in 0..5 {
        let wrong = [
            ("confirmation", "ada@orchard.test"),
            ("current_password", "guess"),
        ];
        form = browser.submit(&form, &wrong).await;
        assert_eq!(form.answer.status, 400);
    }
    let right = browser.submit(&page, &CHANGE).await;
    assert_eq!(right.answer.status, 429, "{}", right.html());
    server.clock.advance(60);
    assert_eq!(browser.submit(&page, &CHANGE).await.answer.status, 200);
}

async fn where_users_may_not_change_their_passwords_there_is_no_way_to(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    account(&mut browser).await;
    let form = browser.go("/account/password").await;
    let options = json!({"options": {"disable_self_service_change_password": true}});
    server
        .change::<Connection>("con_0000000000000001", &options)
        .await;
    let page = browser.go("/account/password").await;
    assert_eq!(page.url, "/account");
    assert!(
        !page.html().contains("/account/password"),
        "{}",
        page.html()
    );
    assert_eq!(browser.submit(&form, &CHANGE).await.url, "/account");
    assert!(ada(&server).await.unwrap().last_password_reset.is_none());
}

async fn the_verification_is_sent_again_and_not_without_end(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = account(&mut browser).await;
    assert!(!page.html().contains("/account/address"), "{}", page.html());
    change_ada(&server, |user| user.email_verified = Some(false)).await;
    let page = browser.go("/account").await;
    let resend = [("action", "resend")];
    let pending = send(&mut browser, &page, "value=\"resend\"", &resend).await;
    assert_eq!(pending.answer.status, 200);
    assert!(
        pending
            .html()
            .contains("We sent a mail to ada@orchard.test"),
        "{}",
        pending.html()
    );
    let mails = server.mails().await;
    assert_eq!(
        (mails.len(), mails[0].template.as_str()),
        (1, "verify_email")
    );
    server.logged("svr").await;
    for _ in 0..9 {
        browser.submit(&pending, &resend).await;
    }
    let limited = browser.submit(&pending, &resend).await;
    assert_eq!(limited.answer.status, 429);
    assert_eq!(server.mails().await.len(), 9);
    browser.go(&link_of(&mails[0])).await;
    let page = browser.submit(&pending, &[("action", "continue")]).await;
    assert_eq!(page.url, "/account");
    assert!(page.html().contains("Confirmed"), "{}", page.html());
}

async fn a_deleted_account_leaves_nothing_behind(server: TestServer) {
    let server = shop(server).await;
    let mut other = Browser::new(&server);
    let code = consent(&mut other, "scope=openid%20profile").await;
    let token = redeem(&server, "tpc", &code).await["access_token"].clone();
    let mut browser = Browser::new(&server);
    account(&mut browser).await;
    let form = browser.go("/account/delete").await;
    let fields = [
        ("confirmation", " Ada@Orchard.test "),
        ("current_password", PASSWORD),
    ];
    let done = browser.submit(&form, &fields).await;
    assert_eq!(done.answer.status, 200, "{}", done.html());
    assert!(
        done.html().contains("Your account is deleted"),
        "{}",
        done.html()
    );
    assert!(!browser.cookies.contains_key(COOKIE));
    assert!(ada(&server).await.is_none());
    assert_eq!(grants(&server).await, 0);
    let bearer = format!("Bearer {}", token.as_str().unwrap());
    let request = Request::get("/userinfo").header("authorization", bearer);
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status, 401);
    let mails = server.mails().await;
    assert_eq!((mails.len(), mails[0].to.as_str()), (1, "ada@orchard.test"));
    assert_eq!(mails[0].subject, "Your account was deleted");
    let event = server.logged("sdu").await;
    assert_eq!(event["user_name"], "ada@orchard.test");
    server.logged_with("slo", "account-deleted").await;
    asks_for_a_login(&other.go("/account").await);
    let page = browser.go("/account").await;
    assert_eq!(log_in(&mut browser, &page).await.answer.status, 400);
}

async fn an_account_is_not_deleted_by_mistake(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    account(&mut browser).await;
    let mut form = browser.go("/account/delete").await;
    for (confirmation, password, says) in [
        ("", PASSWORD, "does not look right"),
        ("delete", PASSWORD, "does not look right"),
        ("ada@orchard.test", "", "enter your password"),
        ("ada@orchard.test", "wrong", "password is wrong"),
    ] {
        let fields = [
            ("confirmation", confirmation),
            ("current_password", password),
        ];
        form = browser.submit(&form, &fields).await;
        assert_eq!(form.answer.status, 400, "{says}");
        assert!(form.html().contains(says), "{says}: {}", form.html());
    }
    server.logged("fp").await;
    assert!(ada(&server).await.is_some());
    assert!(server.mails().await.is_empty());
}
