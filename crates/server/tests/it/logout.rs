//! Logging out, and who hears of it.

use axum::body::Body;
use grantor_jose::Algorithm;
use grantor_protocol::model::{Client, ClientGrant, ResourceServer, TenantSettings};
use http::Request;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{
    ADA, Browser, TestServer, authorize, code_of, decoded, grant, log_in, on_both_engines, redeem,
    refused, service, shop,
};

on_both_engines!(
    j14_1_t23c_2_an_unlisted_return_to_ends_on_a_page_and_the_session_is_over,
    j14_2_after_logout_no_application_gets_in_silently,
    j14_3_state_comes_back_on_the_post_logout_url,
    j14_4_without_a_hint_the_user_is_asked,
    a_confirmation_counts_in_the_browser_that_it_was_shown_to,
    applications_hear_of_a_logout_by_a_token,
    applications_hear_of_a_logout_by_a_frame,
    applications_hear_what_an_administrator_does,
);

const BYE: &str = "https%3A%2F%2Fshop.test%2Fbye";

async fn with_logout(server: TestServer) -> TestServer {
    let server = shop(server).await;
    let urls = json!({"allowed_logout_urls": ["https://shop.test/bye"]});
    server.change::<Client>("web", &urls).await;
    server
}

/// Logs in at `web`, and at `other` too; answers with the ID token of `web`.
async fn logged_in(server: &TestServer, browser: &mut Browser<'_>) -> String {
    let page = browser.go(&authorize("web", "scope=openid")).await;
    let code = code_of(&log_in(browser, &page).await);
    let tokens = redeem(server, "web", &code).await;
    code_of(&browser.go(&authorize("other", "scope=openid")).await);
    tokens["id_token"].as_str().unwrap().to_owned()
}

async fn is_logged_in(browser: &mut Browser<'_>) -> bool {
    let page = browser
        .go(&authorize("web", "prompt=none&scope=openid"))
        .await;
    page.parameter("code").is_some()
}

async fn j14_1_t23c_2_an_unlisted_return_to_ends_on_a_page_and_the_session_is_over(
    server: TestServer,
) {
    let server = with_logout(server).await;
    let mut browser = Browser::new(&server);
    for sent in [
        "https%3A%2F%2Fevil.test%2F",
        "https%3A%2F%2Fshop.test.evil.test%2Fbye",
        "javascript%3Aalert(1)",
        "%2F%2Fevil.test",
    ] {
        logged_in(&server, &mut browser).await;
        let cookie = browser.cookies["__Host-grantor_session"].clone();
        let page = browser
            .go(&format!("/v2/logout?client_id=web&returnTo={sent}"))
            .await;
        assert_eq!(
            (page.answer.status.as_u16(), page.path()),
            (400, "/v2/logout")
        );
        assert!(
            page.html()
                .contains("The &#34;returnTo&#34; querystring parameter"),
            "{}",
            page.html()
        );
        assert!(!browser.cookies.contains_key("__Host-grantor_session"));
        browser
            .cookies
            .insert("__Host-grantor_session".to_owned(), cookie);
        assert!(
            !is_logged_in(&mut browser).await,
            "the session itself is over"
        );
    }
    let page = browser
        .go(&format!("/v2/logout?client_id=web&returnTo={BYE}%3Fx%3D1"))
        .await;
    assert_eq!(page.url, "https://shop.test/bye?x=1");
    let page = browser.go("/v2/logout?client_id=web").await;
    assert_eq!(page.url, "https://shop.test/bye");
    // Without an application the tenant's list counts.
    let page = browser.go(&format!("/v2/logout?returnTo={BYE}")).await;
    assert_eq!(page.answer.status, 400);
    let list = json!({"id": "settings", "allowed_logout_urls": ["https://shop.test/bye"]});
    server.put::<TenantSettings>(&list).await;
    let page = browser.go(&format!("/v2/logout?returnTo={BYE}")).await;
    assert_eq!(page.url, "https://shop.test/bye");
    let page = browser.go("/v2/logout").await;
    assert_eq!(page.answer.status, 200);
}

async fn j14_2_after_logout_no_application_gets_in_silently(server: TestServer) {
    let server = with_logout(server).await;
    let mut browser = Browser::new(&server);
    logged_in(&server, &mut browser).await;
    assert!(is_logged_in(&mut browser).await);
    browser
        .go(&format!("/v2/logout?client_id=web&returnTo={BYE}"))
        .await;
    for client_id in ["web", "other"] {
        let page = browser
            .go(&authorize(client_id, "prompt=none&scope=openid"))
            .await;
        refused(&page, "login_required");
    }
    let event = server.logged("slo").await;
    assert_eq!(event["client_id"], "web");
}

async fn j14_3_state_comes_back_on_the_post_logout_url(server: TestServer) {
    let server = with_logout(server).await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&server, &mut browser).await;
    let page = browser
        .go(&format!(
            "/oidc/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}&state=a%20b%26c"
        ))
        .await;
    assert_eq!(page.url, "https://shop.test/bye?state=a%20b%26c");
    assert!(!is_logged_in(&mut browser).await);
    let hint = logged_in(&server, &mut browser).await;
    let page = browser
        .go(&format!(
            "/oidc/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}%3Fx%3D1"
        ))
        .await;
    assert_eq!(page.answer.status, 400);
    assert!(
        page.html()
            .contains("The &#34;post_logout_redirect_uri&#34;")
    );
    assert!(!is_logged_in(&mut browser).await);
}

async fn j14_4_without_a_hint_the_user_is_asked(server: TestServer) {
    let server = with_logout(server).await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&server, &mut browser).await;
    let asks = format!("/oidc/logout?client_id=web&post_logout_redirect_uri={BYE}&state=s");
    let page = browser.go(&asks).await;
    assert_eq!(
        (page.answer.status.as_u16(), page.path()),
        (200, "/oidc/logout")
    );
    assert!(is_logged_in(&mut browser).await);
    let end = browser.submit(&page, &[("action", "accept")]).await;
    assert_eq!(end.url, "https://shop.test/bye?state=s");
    assert!(!is_logged_in(&mut browser).await);
    // The hint of a session that is over names another one than there is now, and the hint of another client nothing.
    logged_in(&server, &mut browser).await;
    let page = browser
        .go(&format!("/oidc/logout?id_token_hint={hint}&client_id=web"))
        .await;
    assert_eq!(page.path(), "/oidc/logout");
    assert!(is_logged_in(&mut browser).await);
    let page = browser
        .go(&format!(
            "/oidc/logout?id_token_hint={hint}&client_id=other"
        ))
        .await;
    assert_eq!(page.answer.status, 400);
    // A hint that nobody signed names nobody.
    let forged = hint.rsplit_once('.').unwrap().0.to_owned() + ".AAAA";
    let page = browser
        .go(&format!("/oidc/logout?id_token_hint={forged}"))
        .await;
    assert_eq!(page.answer.status, 200);
    assert!(is_logged_in(&mut browser).await);
}

async fn a_confirmation_counts_in_the_browser_that_it_was_shown_to(server: TestServer) {
    let server = with_logout(server).await;
    let (mut ada, mut attacker) = (Browser::new(&server), Browser::new(&server));
    logged_in(&server, &mut ada).await;
    logged_in(&server, &mut attacker).await;
    let foreign = attacker.go("/oidc/logout").await;
    let answer = ada.submit(&foreign, &[("action", "accept")]).await;
    assert_eq!(answer.answer.status, 400);
    assert!(is_logged_in(&mut ada).await);
    // A token for one destination is none for another.
    let page = ada.go("/oidc/logout").await;
    let csrf = page.attribute("name=\"csrf\"", "value").unwrap();
    let fields = [
        ("csrf".to_owned(), csrf),
        ("action".to_owned(), "accept".to_owned()),
    ];
    let elsewhere = format!("/oidc/logout/confirm?client_id=web&post_logout_redirect_uri={BYE}");
    assert_eq!(ada.post(&elsewhere, &fields).await.answer.status, 400);
    assert!(is_logged_in(&mut ada).await);
}

/// An access token for the Management API.
async fn administrator(server: &TestServer) -> String {
    let own = "urn:grantor:own:api/v2/";
    let api = json!({"id": "65a1f0c2d3e4b5a697887701", "identifier": own, "name": "Management",
        "scopes": [{"value": "update:users"}]});
    server.put::<ResourceServer>(&api).await;
    server.put::<Client>(&service("admin", &json!({}))).await;
    let mut grant = grant("cgr_admin", "admin", &["update:users"]);
    grant["audience"] = json!(own);
    server.put::<ClientGrant>(&grant).await;
    let body = json!({"client_id": "admin", "audience": "https://login.orchard.test/api/v2/"});
    server.ask(&body).await.access_token()
}

/// A tenant whose administrator ends sessions; the application chose to hear of that.
async fn applications_hear_what_an_administrator_does(server: TestServer) {
    let server = with_logout(server).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/message", listener.local_addr().unwrap());
    let logout = json!({"oidc_logout": {"backchannel_logout_urls": [url],
        "backchannel_logout_initiators": {"mode": "custom", "selected_initiators": ["account-deactivated"]}}});
    server.change::<Client>("other", &logout).await;
    let mut browser = Browser::new(&server);
    let sid = decoded(&logged_in(&server, &mut browser).await).1["sid"].clone();
    let administrator = administrator(&server).await;
    let hearing = tokio::spawn(hear(listener));
    let block = Request::patch("/api/v2/users/auth0%7Cada")
        .header("authorization", format!("Bearer {administrator}"))
        .header("content-type", "application/json")
        .body(Body::from(json!({"blocked": true}).to_string()))
        .unwrap();
    let blocked = server.send(block).await;
    assert_eq!(blocked.status, 200, "{:?}", blocked.json());
    let (_, body) = hearing.await.unwrap();
    let token = form_urlencoded::parse(body.as_bytes()).next().unwrap().1;
    assert_eq!(decoded(&token).1["sid"], sid);
    assert!(!is_logged_in(&mut browser).await);
}

/// Waits for one POST, answers it, and tells its path and body.
async fn hear(listener: TcpListener) -> (String, String) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = Vec::new();
    loop {
        let mut part = [0; 4096];
        let count = stream.read(&mut part).await.unwrap();
        text.extend_from_slice(&part[..count]);
        let message = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = message.split_once("\r\n\r\n") else {
            continue;
        };
        let head = head.to_ascii_lowercase();
        let (_, length) = head.split_once("content-length: ").unwrap();
        let length: usize = length.split("\r\n").next().unwrap().parse().unwrap();
        if body.len() == length {
            let answer = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer).await.unwrap();
            let path = message.split(' ').nth(1).unwrap().to_owned();
            return (path, body.to_owned());
        }
    }
}

async fn applications_hear_of_a_logout_by_a_token(server: TestServer) {
    let server = with_logout(server).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/message?x=1", listener.local_addr().unwrap());
    let logout = json!({"oidc_logout": {"backchannel_logout_urls": [url]}});
    server.change::<Client>("other", &logout).await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&server, &mut browser).await;
    let sid = decoded(&hint).1["sid"].clone();
    let hearing = tokio::spawn(hear(listener));
    browser
        .go(&format!("/v2/logout?client_id=web&returnTo={BYE}"))
        .await;
    let (path, body) = hearing.await.unwrap();
    assert_eq!(path, "/message?x=1");
    let fields: Vec<_> = form_urlencoded::parse(body.as_bytes()).collect();
    assert_eq!(fields.len(), 1);
    assert_eq!(fields[0].0, "logout_token");
    let (header, claims) = server.verified(&fields[0].1, Algorithm::RS256).await;
    assert_eq!(header["typ"], "logout+jwt");
    assert_eq!(claims["iss"], "https://login.orchard.test/");
    assert_eq!(claims["aud"], "other");
    assert_eq!(claims["sub"], ADA);
    assert_eq!(claims["sid"], sid);
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        120
    );
    assert_eq!(
        claims["events"],
        json!({"http://schemas.openid.net/event/backchannel-logout": {}})
    );
    assert_eq!(claims.get("nonce"), None);
    let event = server.logged("oidc_backchannel_logout_succeeded").await;
    assert_eq!(event["client_id"], "other");
    // Nobody listens any more: that is in the log too.
    logged_in(&server, &mut browser).await;
    browser.go("/v2/logout?client_id=web").await;
    let event = server.logged("oidc_backchannel_logout_failed").await;
    assert_eq!(event["details"]["url"], Value::String(url));
}

async fn applications_hear_of_a_logout_by_a_frame(server: TestServer) {
    let server = with_logout(server).await;
    let frame = json!({"grantor_frontchannel_logout_uri": "https://other.test/out",
        "grantor_frontchannel_logout_session_required": true});
    server.change::<Client>("other", &frame).await;
    let mut browser = Browser::new(&server);
    let hint = logged_in(&server, &mut browser).await;
    let sid = decoded(&hint).1["sid"].as_str().unwrap().to_owned();
    let page = browser
        .go(&format!(
            "/oidc/logout?id_token_hint={hint}&post_logout_redirect_uri={BYE}"
        ))
        .await;
    assert_eq!(page.answer.status, 200);
    let src = page.attribute("iframe", "src").unwrap();
    let sent = format!("https://other.test/out?iss=https%3A%2F%2Flogin.orchard.test%2F&sid={sid}");
    assert_eq!(src, sent);
    assert!(
        page.html().contains("https://shop.test/bye"),
        "{}",
        page.html()
    );
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("frame-src https://other.test"), "{policy}");
    assert!(!is_logged_in(&mut browser).await);
}
