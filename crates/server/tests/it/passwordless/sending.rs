//! `/passwordless/*`: what is sent, what is refused, and that nothing tells who has an account.

use axum::body::Body;
use grantor_protocol::{
    model::{Client, TenantSettings},
    rule::Rule,
    users::Connection,
};
use http::Request;
use serde_json::{Value, json};

use super::{ANA, begin, code, digits, exchange, mailed, post, start, users, with_codes, wrong};
use crate::support::{
    Browser, CALLBACK, TestServer, authorize, broke, code_of, decoded, link_of, on_both_engines,
    redeem,
};

on_both_engines!(
    t6_11_what_is_sent_is_limited_by_place_and_address,
    t6_11_what_is_wrong_with_a_start_is_told_as_the_compatible_api_does,
    t6_11_answers_are_the_same_whether_or_not_somebody_exists,
    t6_11_a_link_works_once_in_the_browser_that_asked_and_gives_no_refresh_token,
    t6_11_verify_says_whether_a_code_is_right_and_leaves_it_as_it_is,
    t6_11_the_connection_has_words_of_its_own,
    t6_11_texts_are_shown_in_the_mailbox_or_refused,
);

type Wrong = (Value, u16, &'static str, &'static str);

/// What is wrong with what is asked, and how that is told.
fn wrong_starts() -> Vec<Wrong> {
    let mut all = malformed_starts();
    all.extend([
        (
            json!({"client_id": "web", "email": ANA}),
            401,
            "unauthorized",
            "Client authentication is required",
        ),
        (
            json!({"client_id": "web", "client_secret": "wrong", "email": ANA}),
            401,
            "unauthorized",
            "Client authentication is required",
        ),
        (
            json!({"client_id": "pwless", "client_secret": "s3cret", "email": ANA}),
            403,
            "unauthorized_client",
            "Grant type 'http://auth0.com/oauth/grant-type/passwordless/otp' not allowed for the client.",
        ),
        (
            json!({"connection": "sms", "phone_number": "+15551234"}),
            400,
            "sms_provider_error",
            "The SMS provider of the connection cannot be used",
        ),
    ]);
    all
}

fn malformed_starts() -> Vec<Wrong> {
    let pattern = r"String does not match pattern: ^\+[0-9]{1,15}$";
    vec![
        (
            json!({"email": ANA, "username": 1}),
            400,
            "bad.request",
            "the following properties are not allowed: username",
        ),
        (
            json!({"client_id": null}),
            400,
            "bad.client_id",
            "Missing required property: client_id",
        ),
        (
            json!({"connection": ""}),
            400,
            "bad.connection",
            "Missing required property: connection",
        ),
        (
            json!({"connection": "x"}),
            400,
            "bad.connection",
            "Connection does not exist",
        ),
        (
            json!({"connection": "Username-Password-Authentication"}),
            400,
            "bad.connection",
            "Invalid connection strategy. It must either be a passwordless connection",
        ),
        (
            json!({"client_id": "other", "client_secret": "s3cret", "email": ANA}),
            400,
            "bad.connection",
            "Connection is disabled",
        ),
        (
            json!({"email": ANA, "authParams": "state=x"}),
            400,
            "bad.authParams",
            "error in authParams - invalid type: string (expected object)",
        ),
        (
            json!({"connection": "sms"}),
            400,
            "bad.phone_number",
            "Missing required property: phone_number",
        ),
        (
            json!({"connection": "sms", "phone_number": "555"}),
            400,
            "bad.phone_number",
            pattern,
        ),
        (
            json!({}),
            400,
            "bad.email",
            "Missing required property: email",
        ),
        (
            json!({"email": "ana"}),
            400,
            "bad.email",
            "error in email - invalid format: ana",
        ),
    ]
}

async fn t6_11_what_is_wrong_with_a_start_is_told_as_the_compatible_api_does(server: TestServer) {
    let server = with_codes(server).await;
    for (members, status, error, description) in wrong_starts() {
        let answer = start(&server, &members).await;
        answer.refused(status, error, description);
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
    }
    assert!(server.mails().await.is_empty());
    let told = server.logged("fn").await;
    assert_eq!(told["connection"], "sms");
    broke(&told, Rule::SmsProviderMissing);
    let spec = Rule::StartUnauthenticated.spec();
    let answer = start(&server, &json!({"client_id": "web", "email": ANA})).await;
    answer.refused(401, spec.rfc_code.as_str(), spec.sentence);
}

async fn t6_11_what_is_sent_is_limited_by_place_and_address(server: TestServer) {
    let server = with_codes(server).await;
    for _ in 0..15 {
        start(&server, &json!({})).await;
    }
    // A tenant may let everybody ask in the name of an application.
    let lenient = json!({"id": "settings", "flags": {"enforce_client_authentication_on_passwordless_start": false}});
    server.put::<TenantSettings>(&lenient).await;
    assert_eq!(
        start(&server, &json!({"client_id": "web", "email": ANA}))
            .await
            .status,
        200
    );
    // From one place fifty an hour, to one address ten at once.
    for _ in 0..9 {
        assert_eq!(start(&server, &json!({"email": ANA})).await.status, 200);
    }
    start(&server, &json!({"email": ANA})).await.refused(
        429,
        "too_many_requests",
        "Rate limit exceeded.",
    );
    for _ in 0..25 {
        start(&server, &json!({"email": ANA})).await;
    }
    let limited = start(&server, &json!({"email": "bob@x.test"})).await;
    limited.refused(429, "too_many_requests", "Rate limit exceeded.");
    assert_eq!(limited.header("x-ratelimit-remaining"), "0");
}

async fn t6_11_answers_are_the_same_whether_or_not_somebody_exists(server: TestServer) {
    let server = with_codes(server).await;
    let before = start(&server, &json!({"email": ANA})).await.json();
    let newest = mailed(&server).await;
    exchange(&server, &newest, &json!({})).await.access_token();
    let after = start(&server, &json!({"email": ANA})).await.json();
    assert_eq!(before, after);
    // Nobody new may come.
    let closed = json!({"options": {"disable_signup": true}});
    server
        .change::<Connection>("con_0000000000000002", &closed)
        .await;
    let known = start(&server, &json!({"email": ANA})).await;
    assert!(!server.mails().await.is_empty());
    let unknown = start(&server, &json!({"email": "bob@x.test"})).await;
    assert_eq!(
        (known.status, unknown.status),
        (200.try_into().unwrap(), 200.try_into().unwrap())
    );
    assert_eq!(
        unknown.json()["email_verified"],
        known.json()["email_verified"]
    );
    assert!(server.mails().await.is_empty(), "a stranger gets no mail");
    let told = server
        .logged_with(
            "cls",
            "Nothing was sent: nobody has this address, and sign-up is disabled.",
        )
        .await;
    assert_eq!(told["user_name"], "bob@x.test");
    wrong(&exchange(&server, "123456", &json!({"username": "bob@x.test"})).await);
    assert!(users(&server, "bob@x.test").await.is_empty());
    let mut browser = Browser::new(&server);
    let page = begin(&mut browser, "bob@x.test").await;
    assert_eq!(page.path(), "/u/login/code");
}

/// A link that the browser asked for.
async fn link(server: &TestServer, browser: &mut Browser<'_>) -> String {
    let body = json!({"client_id": "pwless", "client_secret": "s3cret", "connection": "email", "email": ANA,
        "authParams": {"scope": "openid offline_access", "response_type": "code", "redirect_uri": CALLBACK, "state": "s"}});
    let answer = browser.json("/passwordless/start", &body).await;
    assert_eq!(answer.status, 200);
    let letter = server.mails().await.pop().unwrap();
    let link = link_of(&letter);
    assert!(link.starts_with("/passwordless/verify_redirect?"), "{link}");
    link
}

async fn t6_11_a_link_works_once_in_the_browser_that_asked_and_gives_no_refresh_token(
    server: TestServer,
) {
    let server = with_codes(server).await;
    let grants = json!({"grant_types": ["authorization_code", "refresh_token"]});
    server.change::<Client>("pwless", &grants).await;
    let mut browser = Browser::new(&server);
    let first = link(&server, &mut browser).await;
    // A mail program looks whether it is alive.
    let head = Request::head(&first).body(Body::empty()).unwrap();
    assert_eq!(server.send(head).await.status, 200);
    let mut stranger = Browser::new(&server);
    let refused = stranger.go(&first).await;
    assert_eq!(
        refused.parameter("error").as_deref(),
        Some("invalid_request"),
        "{}",
        refused.url
    );
    let landed = browser.go(&first).await;
    assert_eq!(landed.parameter("state").as_deref(), Some("s"));
    let tokens = redeem(&server, "pwless", &code_of(&landed)).await;
    assert!(tokens.get("refresh_token").is_none(), "{tokens}");
    code_of(
        &browser
            .go(&authorize("pwless", "scope=openid&prompt=none&state=s"))
            .await,
    );
    let again = browser.go(&first).await;
    assert_eq!(
        again.parameter("error").as_deref(),
        Some("invalid_grant"),
        "{}",
        again.url
    );
    // A tenant may let links be opened anywhere.
    let anywhere = json!({"id": "settings", "flags": {"grantor_login_link_in_any_browser": true}});
    server.put::<TenantSettings>(&anywhere).await;
    let second = link(&server, &mut browser).await;
    code_of(&Browser::new(&server).go(&second).await);
}

async fn t6_11_verify_says_whether_a_code_is_right_and_leaves_it_as_it_is(server: TestServer) {
    let server = with_codes(server).await;
    let right = code(&server).await;
    let verify = async |code: &str| {
        let body = json!({"client_id": "mobile", "connection": "email", "email": ANA, "verification_code": code});
        post(&server, "/passwordless/verify", &body).await
    };
    for _ in 0..5 {
        assert_eq!(verify(&right).await.status, 200);
    }
    wrong(&verify("no").await);
    exchange(&server, &right, &json!({})).await.access_token();
    let missing = post(
        &server,
        "/passwordless/verify",
        &json!({"connection": "email"}),
    )
    .await;
    missing.refused(
        400,
        "invalid_request",
        "Missing required parameter: verification_code",
    );
}

async fn t6_11_the_connection_has_words_of_its_own(server: TestServer) {
    let server = with_codes(server).await;
    let email = json!({"body": "<p>Send: {{ send }}, code: {{ code }}, {{ application.name }}</p>",
        "from": "{{ application.name }} <hi@orchard.test>", "subject": "Hi {{ email }}", "syntax": "liquid"});
    let own = json!({"options": {"email": email}});
    server
        .change::<Connection>("con_0000000000000002", &own)
        .await;
    start(&server, &json!({"email": ANA})).await;
    let letter = server.mails().await.pop().unwrap();
    assert_eq!(letter.subject, "Hi ana@x.test");
    assert_eq!(letter.from.as_deref(), Some("Shop <hi@orchard.test>"));
    assert!(
        letter.html.starts_with("<p>Send: code, code: "),
        "{}",
        letter.html
    );
    let code = digits(&letter.html);
    exchange(&server, &code, &json!({})).await.access_token();
}

async fn t6_11_texts_are_shown_in_the_mailbox_or_refused(server: TestServer) {
    let server = with_codes(server).await;
    let server = server.configured(|config| config.mail.mailbox = true).await;
    let number = json!({"connection": "sms", "phone_number": "+15551234"});
    let answer = start(&server, &number).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    assert_eq!(answer.json()["phone_number"], "+15551234");
    let request = Request::get("/dev/mailbox").header("accept", "application/json");
    let listed = server
        .send(request.body(Body::empty()).unwrap())
        .await
        .json();
    let (to, text) = (&listed[0]["to"], listed[0]["text"].as_str().unwrap());
    assert_eq!(
        (to, &listed[0]["template"]),
        (&json!("+15551234"), &json!("sms"))
    );
    let code = digits(text);
    let sms = json!({"realm": "sms", "username": "+1 (555) 1234"});
    let answer = exchange(&server, &code, &sms).await;
    let (_, claims) = decoded(answer.json()["id_token"].as_str().unwrap());
    assert!(
        claims["sub"].as_str().unwrap().starts_with("sms|"),
        "{claims}"
    );
    assert_eq!(server.logged("cs").await["user_name"], "+15551234");

    server.clock.advance(1);
    let own = json!({"options": {"template": "@@password@@ is it", "syntax": "md_with_macros"}});
    server
        .change::<Connection>("con_0000000000000003", &own)
        .await;
    start(&server, &number).await;
    let request = Request::get("/dev/mailbox").header("accept", "application/json");
    let listed = server
        .send(request.body(Body::empty()).unwrap())
        .await
        .json();
    assert!(
        listed[0]["text"].as_str().unwrap().ends_with(" is it"),
        "{listed}"
    );

    let twilio = json!({"options": {"provider": "twilio"}});
    server
        .change::<Connection>("con_0000000000000003", &twilio)
        .await;
    let answer = start(&server, &number).await;
    answer.refused(
        400,
        "sms_provider_error",
        "The SMS provider of the connection cannot be used",
    );
    let told = server.logged("fn").await;
    assert!(
        told["details"]["reason"]
            .as_str()
            .unwrap()
            .contains("not through twilio"),
        "{told}"
    );
}
