//! Logging in by a code or a link: the hosted pages, the grant, and what is refused.

use axum::body::Body;
use grantor_protocol::{
    model::{Client, TenantSettings},
    tenant::TenantId,
    users::{Connection, User, UserId},
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    Answer, Browser, CALLBACK, Page, TestServer, authorize, code_of, decoded, link_of,
    on_both_engines, redeem, shop,
};

on_both_engines!(
    t6_11_1_hosted_login_logs_in_by_a_mailed_code,
    t6_11_1_a_wrong_code_is_told_on_the_page_and_a_new_one_can_be_sent,
    t6_11_1_connection_email_leads_to_the_code_where_there_is_a_database_too,
    t6_11_2_the_code_becomes_a_token_for_the_requested_audience,
    t6_11_4_a_used_old_or_replaced_code_fails,
    t6_11_4_three_wrong_tries_kill_the_code,
    t6_11_4_of_parallel_exchanges_of_one_code_one_wins,
    t6_11_what_is_wrong_with_a_start_is_told_as_the_compatible_api_does,
    t6_11_answers_are_the_same_whether_or_not_somebody_exists,
    t6_11_a_blocked_user_gets_no_token,
    t6_11_who_may_use_the_grant,
    t6_11_a_link_works_once_in_the_browser_that_asked_and_gives_no_refresh_token,
    t6_11_an_applications_own_form_logs_in_by_a_code,
    t6_11_verify_says_whether_a_code_is_right_and_leaves_it_as_it_is,
    t6_11_the_connection_has_words_of_its_own,
    t6_11_texts_are_shown_in_the_mailbox_or_refused,
    j2_1_a_code_is_asked_for_in_the_language_of_the_browser,
);

const OTP: &str = "http://auth0.com/oauth/grant-type/passwordless/otp";
const ANA: &str = "ana@x.test";

/// The shop, whose users prove an address; `mobile` is a public application, `web` one with a secret.
async fn with_codes(server: TestServer) -> TestServer {
    let server = shop(server).await;
    for (id, strategy) in [
        ("con_0000000000000002", "email"),
        ("con_0000000000000003", "sms"),
    ] {
        server
            .put::<Connection>(
                &json!({"id": id, "name": strategy, "strategy": strategy, "options": {},
                "enabled_clients": ["web", "mobile", "pwless"]}),
            )
            .await;
    }
    server
        .change::<Client>("web", &json!({"grant_types": ["authorization_code", OTP]}))
        .await;
    server
        .put::<Client>(
            &json!({"client_id": "mobile", "name": "Shop", "app_type": "native",
            "token_endpoint_auth_method": "none", "grant_types": [OTP], "callbacks": [CALLBACK]}),
        )
        .await;
    server
        .put::<Client>(&json!({"client_id": "pwless", "name": "Shop", "client_secret": "s3cret",
            "app_type": "regular_web", "grant_types": ["authorization_code"], "callbacks": [CALLBACK]}))
        .await;
    server
}

async fn post(server: &TestServer, path: &str, body: &Value) -> Answer {
    let request = Request::post(path)
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    server.send(request).await
}

async fn start(server: &TestServer, members: &Value) -> Answer {
    let mut body = json!({"client_id": "mobile", "connection": "email", "send": "code"});
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    post(server, "/passwordless/start", &body).await
}

/// The code of the newest mail.
async fn mailed(server: &TestServer) -> String {
    let letter = server.mails().await.pop().unwrap();
    digits(&letter.subject)
}

fn digits(text: &str) -> String {
    let code: String = text.chars().filter(char::is_ascii_digit).collect();
    assert_eq!(code.len(), 6, "{text}");
    code
}

/// A code for Ana.
async fn code(server: &TestServer) -> String {
    let answer = start(server, &json!({"email": ANA})).await;
    assert_eq!(answer.status, 200, "{:?}", answer.json());
    mailed(server).await
}

async fn exchange(server: &TestServer, otp: &str, members: &Value) -> Answer {
    let mut body = json!({"grant_type": OTP, "client_id": "mobile", "username": ANA, "otp": otp,
        "realm": "email", "scope": "openid"});
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    server.token(&body).await
}

async fn users(server: &TestServer, email: &str) -> Vec<User> {
    let tenant = TenantId::default_tenant();
    let found = server.app.store.find_users_by_email(&tenant, email).await;
    found.unwrap().into_iter().map(|found| found.user).collect()
}

async fn block(server: &TestServer, id: &UserId) {
    let tenant = TenantId::default_tenant();
    let mut stored = server
        .app
        .store
        .find_user(&tenant, id)
        .await
        .unwrap()
        .unwrap();
    stored.user.blocked = Some(true);
    let mut batch = server.app.store.batch();
    batch.replace_user(&tenant, &stored.user, stored.revision);
    server.app.store.commit(batch).await.unwrap();
}

fn wrong(answer: &Answer) {
    answer.refused(403, "invalid_grant", "Wrong email or verification code.");
}

async fn begin(browser: &mut Browser<'_>, address: &str) -> Page {
    let page = browser
        .go(&authorize("pwless", "scope=openid%20email&state=s"))
        .await;
    assert_eq!(page.path(), "/u/login/identifier", "{}", page.html());
    browser.submit(&page, &[("username", address)]).await
}

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

async fn t6_11_2_the_code_becomes_a_token_for_the_requested_audience(server: TestServer) {
    let server = with_codes(server).await;
    let answer = start(
        &server,
        &json!({"client_id": "web", "client_secret": "s3cret", "email": "Ana@X.test"}),
    )
    .await;
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("content-type"),
        "application/json; charset=utf-8"
    );
    assert_eq!(answer.header("x-ratelimit-limit"), "50");
    let body = answer.json();
    assert_eq!(
        (&body["email"], &body["email_verified"]),
        (&json!(ANA), &json!(false))
    );
    assert_eq!(body["_id"].as_str().unwrap().len(), 24);
    let code = mailed(&server).await;
    let asked = json!({"client_id": "web", "client_secret": "s3cret", "scope": "openid read:orders",
        "audience": "https://orders.orchard.test"});
    let answer = exchange(&server, &code, &asked).await;
    let (_, access) = decoded(&answer.access_token());
    assert_eq!(access["aud"][0], "https://orders.orchard.test");
    let body = answer.json();
    assert_eq!(
        body["expires_in"],
        access["exp"].as_i64().unwrap() - access["iat"].as_i64().unwrap()
    );
    let (_, identity) = decoded(body["id_token"].as_str().unwrap());
    assert_eq!(access["sub"], identity["sub"]);
    assert!(
        identity.get("sid").is_none() && identity.get("nonce").is_none(),
        "{identity}"
    );
    let told = server.logged("sepotpft").await;
    assert_eq!(
        (&told["user_name"], &told["connection"]),
        (&json!(ANA), &json!("email"))
    );
}

async fn t6_11_4_a_used_old_or_replaced_code_fails(server: TestServer) {
    let server = with_codes(server).await;
    let first = code(&server).await;
    exchange(&server, &first, &json!({})).await.access_token();
    wrong(&exchange(&server, &first, &json!({})).await);

    let second = code(&server).await;
    server.clock.advance(179);
    exchange(&server, &second, &json!({})).await.access_token();
    let third = code(&server).await;
    server.clock.advance(180);
    wrong(&exchange(&server, &third, &json!({})).await);

    let replaced = code(&server).await;
    let newest = code(&server).await;
    if replaced != newest {
        wrong(&exchange(&server, &replaced, &json!({})).await);
    }
    exchange(&server, &newest, &json!({})).await.access_token();

    // The code of one address is none of another, and how long it lives is the connection's.
    let options = json!({"options": {"totp": {"length": 8, "time_step": 600}}});
    server
        .change::<Connection>("con_0000000000000002", &options)
        .await;
    start(&server, &json!({"email": "bob@x.test"})).await;
    let letter = server.mails().await.pop().unwrap();
    let code: String = letter
        .subject
        .chars()
        .filter(char::is_ascii_digit)
        .collect();
    assert_eq!(code.len(), 8);
    wrong(&exchange(&server, &code, &json!({})).await);
    server.clock.advance(599);
    let bob = json!({"username": "bob@x.test"});
    exchange(&server, &code, &bob).await.access_token();
    assert_eq!(server.logged("fepotpft").await["user_name"], ANA);
}

async fn t6_11_4_three_wrong_tries_kill_the_code(server: TestServer) {
    let server = with_codes(server).await;
    let right = code(&server).await;
    for _ in 0..3 {
        wrong(&exchange(&server, "no", &json!({})).await);
    }
    wrong(&exchange(&server, &right, &json!({})).await);
    let right = code(&server).await;
    for _ in 0..2 {
        wrong(&exchange(&server, "no", &json!({})).await);
    }
    exchange(&server, &right, &json!({})).await.access_token();
}

async fn t6_11_4_of_parallel_exchanges_of_one_code_one_wins(server: TestServer) {
    let server = with_codes(server).await;
    let nothing = json!({});
    for round in 0..6 {
        let right = code(&server).await;
        let one = || exchange(&server, &right, &nothing);
        let (a, b, c) = tokio::join!(one(), one(), one());
        let won = [a, b, c]
            .iter()
            .filter(|answer| answer.status == 200)
            .count();
        assert_eq!(won, 1, "round {round}");
        assert_eq!(users(&server, ANA).await.len(), 1);
        server.clock.advance(60);
    }
}

async fn t6_11_what_is_wrong_with_a_start_is_told_as_the_compatible_api_does(server: TestServer) {
    let server = with_codes(server).await;
    let pattern = r"String does not match pattern: ^\+[0-9]{1,15}$";
    for (members, status, error, description) in [
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
    ] {
        let answer = start(&server, &members).await;
        answer.refused(status, error, description);
        assert_eq!(
            answer.header("content-type"),
            "application/json; charset=utf-8"
        );
    }
    assert!(server.mails().await.is_empty());
    assert_eq!(server.logged("fn").await["connection"], "sms");
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

async fn t6_11_a_blocked_user_gets_no_token(server: TestServer) {
    let server = with_codes(server).await;
    let first = code(&server).await;
    exchange(&server, &first, &json!({})).await.access_token();
    block(&server, &users(&server, ANA).await[0].user_id).await;
    let second = code(&server).await;
    let answer = exchange(&server, &second, &json!({})).await;
    answer.refused(401, "unauthorized", "user is blocked");
    let mut browser = Browser::new(&server);
    let page = begin(&mut browser, ANA).await;
    let code = mailed(&server).await;
    let landed = browser.submit(&page, &[("code", &code)]).await;
    assert_eq!(
        landed.parameter("error").as_deref(),
        Some("unauthorized"),
        "{}",
        landed.url
    );
}

async fn t6_11_who_may_use_the_grant(server: TestServer) {
    let server = with_codes(server).await;
    let not_allowed = format!("Grant type '{OTP}' not allowed for the client.");
    let right = code(&server).await;
    let other = json!({"client_id": "pwless", "client_secret": "s3cret"});
    exchange(&server, &right, &other)
        .await
        .refused(403, "unauthorized_client", &not_allowed);
    for members in [
        json!({"app_type": "spa"}),
        json!({"app_type": "native", "is_first_party": false}),
    ] {
        server.change::<Client>("mobile", &members).await;
        exchange(&server, &right, &json!({})).await.refused(
            403,
            "unauthorized_client",
            &not_allowed,
        );
    }
    server
        .change::<Client>("mobile", &json!({"is_first_party": true}))
        .await;
    for realm in ["x", "Username-Password-Authentication"] {
        let answer = exchange(&server, &right, &json!({"realm": realm})).await;
        answer.refused(400, "invalid_request", "the connection was not found");
    }
    for name in ["username", "otp", "realm"] {
        let answer = exchange(&server, &right, &json!({name: ""})).await;
        let description = format!("Missing required parameter: {name}");
        answer.refused(400, "invalid_request", &description);
    }
    wrong(&exchange(&server, &right, &json!({"username": "ana"})).await);
    // Nothing of this used the code up.
    exchange(&server, &right, &json!({})).await.access_token();
    let sms = json!({"realm": "sms", "username": "+15551234"});
    let answer = exchange(&server, "1", &sms).await;
    answer.refused(
        403,
        "invalid_grant",
        "Wrong phone number or verification code.",
    );
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
