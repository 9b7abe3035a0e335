//! The pages that ask for an address and for its code, and an application's own form.

use axum::body::Body;
use grantor_protocol::{
    model::{Client, TenantSettings},
    rule::Rule,
};
use http::Request;
use serde_json::json;

use super::{ANA, OTP, begin, code, mailed, users, with_codes};
use crate::support::{
    Browser, TestServer, authorize, broke, code_of, decoded, on_both_engines, redeem,
};

on_both_engines!(
    t6_11_1_hosted_login_logs_in_by_a_mailed_code,
    t6_11_1_a_wrong_code_is_told_on_the_page_and_a_new_one_can_be_sent,
    t6_11_1_connection_email_leads_to_the_code_where_there_is_a_database_too,
    t6_11_an_applications_own_form_logs_in_by_a_code,
    j2_1_a_code_is_asked_for_in_the_language_of_the_browser,
);

async fn t6_11_1_hosted_login_logs_in_by_a_mailed_code(server: TestServer) {
    let server = with_codes(server).await;
    let mut browser = Browser::new(&server);
    let page = begin(&mut browser, " Ana@X.test ").await;
    assert_eq!(page.path(), "/u/login/code");
    assert!(page.html().contains("ana@x.test"), "{}", page.html());
    assert!(
        page.html().contains("autocomplete=\"one-time-code\""),
        "{}",
        page.html()
    );
    assert!(!page.html().contains("signup"), "{}", page.html());
    assert!(
        users(&server, ANA).await.is_empty(),
        "nobody is made before the code"
    );
    let code = mailed(&server).await;
    let spaced = format!(" {} {} ", &code[..3], &code[3..]);
    let landed = browser.submit(&page, &[("code", &spaced)]).await;
    let tokens = redeem(&server, "pwless", &code_of(&landed)).await;
    let (_, claims) = decoded(tokens["id_token"].as_str().unwrap());
    assert_eq!(
        (&claims["email"], &claims["email_verified"]),
        (&json!(ANA), &json!(true))
    );
    let user = users(&server, ANA).await.remove(0);
    assert!(
        user.user_id.as_str().starts_with("email|"),
        "{}",
        user.user_id
    );
    assert_eq!(claims["sub"], user.user_id.as_str());
    assert_eq!(
        (user.logins_count, user.identities[0].connection.as_str()),
        (Some(1), "email")
    );
    assert_eq!(server.logged("ss").await["user_name"], ANA);
    assert_eq!(server.logged("cls").await["user_name"], ANA);
    // The next login finds the session, and after a logout the same user.
    let again = browser
        .go(&authorize("pwless", "scope=openid&state=s"))
        .await;
    code_of(&again);
    let mut other = Browser::new(&server);
    let page = begin(&mut other, ANA).await;
    let code = mailed(&server).await;
    code_of(&other.submit(&page, &[("code", &code)]).await);
    assert_eq!(users(&server, ANA).await.len(), 1);
}

async fn t6_11_1_a_wrong_code_is_told_on_the_page_and_a_new_one_can_be_sent(server: TestServer) {
    let server = with_codes(server).await;
    let mut browser = Browser::new(&server);
    let page = begin(&mut browser, "nonsense").await;
    assert_eq!(
        (page.path(), page.answer.status.as_u16()),
        ("/u/login/identifier", 400)
    );
    assert!(server.mails().await.is_empty());
    let mut page = browser.submit(&page, &[("username", ANA)]).await;
    let first = mailed(&server).await;
    for _ in 0..3 {
        page = browser.submit(&page, &[("code", "not it")]).await;
        assert_eq!(
            (page.path(), page.answer.status.as_u16()),
            ("/u/login/code", 400)
        );
        assert!(
            page.html().contains("The code is wrong or too old."),
            "{}",
            page.html()
        );
    }
    let page = browser.submit(&page, &[("code", &first)]).await;
    assert!(
        page.html().contains("The code is wrong or too old."),
        "{}",
        page.html()
    );
    let page = browser
        .submit(&page, &[("action", "resend"), ("code", "")])
        .await;
    assert_eq!(
        (page.path(), page.answer.status.as_u16()),
        ("/u/login/code", 200)
    );
    let second = mailed(&server).await;
    code_of(&browser.submit(&page, &[("code", &second)]).await);
    let told = server.logged("fp").await;
    assert_eq!(told["description"], "Wrong email or verification code.");
    assert_eq!(told["connection"], "email");
    // Back to enter another address.
    let mut browser = Browser::new(&server);
    let page = begin(&mut browser, ANA).await;
    let edit = page.attribute("/u/login/identifier", "href").unwrap();
    let page = browser.go(&edit).await;
    assert_eq!(page.path(), "/u/login/identifier");
    let page = browser.submit(&page, &[("username", "bob@x.test")]).await;
    assert!(page.html().contains("bob@x.test"), "{}", page.html());
    assert_eq!(server.mails().await.pop().unwrap().to, "bob@x.test");
}

async fn t6_11_1_connection_email_leads_to_the_code_where_there_is_a_database_too(
    server: TestServer,
) {
    let server = with_codes(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid&state=s")).await;
    assert_eq!(page.path(), "/u/login");
    let page = browser
        .go(&authorize(
            "web",
            "scope=openid&state=s&connection=email&screen_hint=signup",
        ))
        .await;
    assert_eq!(page.path(), "/u/login/identifier");
    let page = browser.submit(&page, &[("username", ANA)]).await;
    // A form for passwords, or for signing up with one, does nothing in such a login.
    let (_, mut fields) = page.form("");
    for (path, name) in [("/u/login", "username"), ("/u/signup", "email")] {
        fields.push((name.to_owned(), "eve@x.test".to_owned()));
        fields.push(("password".to_owned(), "Apples-and-pears-7".to_owned()));
        let refused = browser.post(path, &fields).await;
        assert!(refused.parameter("code").is_none(), "{}", refused.url);
        fields.truncate(fields.len() - 2);
    }
    assert!(users(&server, "eve@x.test").await.is_empty());
    let code = mailed(&server).await;
    code_of(&browser.submit(&page, &[("code", &code)]).await);
}

async fn t6_11_an_applications_own_form_logs_in_by_a_code(server: TestServer) {
    let server = with_codes(server).await;
    let origin = "https://spa.test";
    let embedded = json!({"cross_origin_authentication": true, "web_origins": [origin]});
    server.change::<Client>("web", &embedded).await;
    let right = code(&server).await;
    let mut browser = Browser::new(&server);
    let mut submit = async |otp: &str, realm: &str| {
        let body = json!({"client_id": "web", "username": ANA, "otp": otp, "realm": realm,
            "credential_type": OTP});
        let request = Request::post("/co/authenticate")
            .header("content-type", "application/json")
            .header("origin", origin);
        let request = request.body(Body::from(body.to_string())).unwrap();
        browser.send(request).await
    };
    let wrong = "Wrong username or verification code.";
    submit("no", "email")
        .await
        .refused(403, "access_denied", wrong);
    submit(&right, "x")
        .await
        .refused(400, "invalid_request", "Unknown realm x.");
    let answer = submit(&right, "email").await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    submit(&right, "email")
        .await
        .refused(403, "access_denied", wrong);
    let ticket = answer.json()["login_ticket"].as_str().unwrap().to_owned();
    let asked = format!("scope=openid&state=s&login_ticket={ticket}&realm=email");
    let landed = browser.go(&authorize("web", &asked)).await;
    let tokens = redeem(&server, "web", &code_of(&landed)).await;
    let (_, claims) = decoded(tokens["id_token"].as_str().unwrap());
    assert_eq!(claims["sub"], users(&server, ANA).await[0].user_id.as_str());
    assert_eq!(server.logged("scoa").await["connection"], "email");
    broke(
        &server.logged_with("fcoa", wrong).await,
        Rule::EmbeddedCodeWrong,
    );
}

async fn j2_1_a_code_is_asked_for_in_the_language_of_the_browser(server: TestServer) {
    let server = with_codes(server).await;
    let settings = json!({"id": "settings", "enabled_locales": ["en", "de"]});
    server.put::<TenantSettings>(&settings).await;
    let mut browser = Browser::new(&server);
    let page = browser
        .go(&authorize("pwless", "scope=openid&state=s&ui_locales=de"))
        .await;
    let page = browser.submit(&page, &[("username", ANA)]).await;
    assert!(
        page.html().contains("Geben Sie Ihren Code ein"),
        "{}",
        page.html()
    );
    let letter = server.mails().await.pop().unwrap();
    assert!(
        letter.subject.starts_with("Ihr Code für Shop: "),
        "{}",
        letter.subject
    );
}
