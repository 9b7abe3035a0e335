//! Logins by a page of the tenant's own that this server serves: `/usernamepassword/login` and its form.

use serde_json::{Value, json};

use crate::{
    embedded_login::{DIRECTORY, ORIGIN, WRONG, prepared, script, ticket},
    support::{
        Browser, CALLBACK, PASSWORD, Page, TestServer, authorize, code_of, on_both_engines, redeem,
    },
};

on_both_engines!(
    a_page_of_ours_logs_in_by_the_form_that_it_is_given,
    a_form_of_the_classic_page_does_nothing_elsewhere,
);

const OWN: &str = "https://login.orchard.test";

/// What a page of the tenant's own sends, from what our page carries.
fn classic(page: &Page, members: &Value) -> Value {
    let (_, hidden) = page.form("");
    let of = |name: &str| {
        let found = hidden.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone()).unwrap()
    };
    let mut body = json!({"client_id": "web", "tenant": "default", "connection": DIRECTORY,
        "username": "ada@orchard.test", "password": PASSWORD, "state": of("state"), "_csrf": of("csrf"),
        "_intstate": "deprecated", "response_type": "code", "redirect_uri": CALLBACK, "popup_options": {}});
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body
}

async fn a_page_of_ours_logs_in_by_the_form_that_it_is_given(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid&state=s")).await;
    let wrong = classic(&page, &json!({"password": "wrong"}));
    let answer = script(&mut browser, "/usernamepassword/login", OWN, &wrong).await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["code"], "invalid_user_password");
    assert_eq!(answer.json()["description"], WRONG);
    assert_eq!(server.logged("fp").await["connection"], DIRECTORY);

    let body = classic(&page, &json!({}));
    let answer = script(&mut browser, "/usernamepassword/login", OWN, &body).await;

    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").starts_with("text/html"));
    assert!(answer.body.starts_with(b"<form method=\"post\""));
    assert!(!browser.cookies.contains_key("__Host-grantor_session"));
    let form = Page {
        url: "/usernamepassword/login".to_owned(),
        answer,
    };
    let (action, fields) = form.form("");
    let names: Vec<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        (action.as_str(), names.as_slice()),
        ("/login/callback", &["wa", "wresult", "wctx"][..])
    );
    let end = browser.post(&action, &fields).await;
    let code = code_of(&end);
    assert_eq!(end.parameter("state").as_deref(), Some("s"));
    redeem(&server, "web", &code).await;
    assert!(browser.cookies.contains_key("__Host-grantor_session"));
    // Neither the login nor the ticket is there a second time.
    let again = browser.post(&action, &fields).await;
    assert_eq!(
        (again.path(), again.answer.status.as_u16()),
        ("/login/callback", 400)
    );
}

async fn a_form_of_the_classic_page_does_nothing_elsewhere(server: TestServer) {
    let server = prepared(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    let body = classic(&page, &json!({}));
    for origin in [ORIGIN, "https://shop.test", "null"] {
        let answer = script(&mut browser, "/usernamepassword/login", origin, &body).await;
        assert_eq!(answer.status, 403, "{origin}");
        assert!(!answer.headers.contains_key("access-control-allow-origin"));
    }
    for members in [
        json!({"_csrf": "x"}),
        json!({"_csrf": ""}),
        json!({"state": "x"}),
        json!({"client_id": "other"}),
    ] {
        let body = classic(&page, &members);
        let answer = script(&mut browser, "/usernamepassword/login", OWN, &body).await;
        assert_eq!(answer.status, 401, "{members}");
        assert_eq!(answer.json()["code"], "session_missing");
    }
    let mut stranger = Browser::new(&server);
    let other = stranger.go(&authorize("web", "scope=openid")).await;
    let answer = script(&mut stranger, "/usernamepassword/login", OWN, &body).await;
    assert_eq!(answer.json()["code"], "session_missing");
    // The form of one login in another, and of one browser in another.
    let answer = script(&mut browser, "/usernamepassword/login", OWN, &body).await;
    let form = Page {
        url: String::new(),
        answer,
    };
    let (action, mut fields) = form.form("");
    let page = stranger.post(&action, &fields).await;
    assert_eq!(page.answer.status, 400);
    let (_, hidden) = other.form("");
    let state = hidden.iter().find(|(name, _)| name == "state").unwrap();
    fields.retain(|(name, _)| name != "wctx");
    fields.push(("wctx".to_owned(), state.1.clone()));
    let page = stranger.post(&action, &fields).await;
    assert_eq!(page.answer.status, 400);
    assert!(!stranger.cookies.contains_key("__Host-grantor_session"));
    // A ticket for the authorization endpoint is none for the form.
    let ticket = ticket(&mut stranger, &json!({})).await;
    fields.retain(|(name, _)| name != "wresult");
    fields.push(("wresult".to_owned(), ticket));
    let page = stranger.post(&action, &fields).await;
    assert_eq!(page.answer.status, 400);
}
