//! Devices on which applications stay logged in, and unlinking them.

use grantor_protocol::model::Client;
use serde_json::{Value, json};

use crate::support::{
    ADA, Answer, Browser, PASSWORD, TestServer, authorize, code_of, log_in, on_both_engines,
    redeem, shop,
};

use super::support::*;

on_both_engines!(
    j12_5_t23b_3_an_unlinked_device_refreshes_no_more,
    j12_5_t23b_3_an_administrator_unlinks_a_device,
    nobody_unlinks_a_device_of_somebody_else,
);

const UNKNOWN: &str = "Unknown or invalid refresh token.";

/// The shop, whose application may stay logged in.
async fn lasting(server: TestServer) -> TestServer {
    let server = shop(server).await;
    let members = json!({"grant_types": ["authorization_code", "refresh_token"]});
    server.change::<Client>("web", &members).await;
    server
}

/// The refresh token of a login in `browser`.
async fn stay(server: &TestServer, browser: &mut Browser<'_>) -> String {
    let page = browser
        .go(&authorize("web", "scope=openid%20offline_access"))
        .await;
    let end = match page.path() {
        "/u/login" => log_in(browser, &page).await,
        _ => page,
    };
    let tokens = redeem(server, "web", &code_of(&end)).await;
    tokens["refresh_token"].as_str().unwrap().to_owned()
}

async fn refresh(server: &TestServer, token: &str) -> Answer {
    server
        .token(&json!({"grant_type": "refresh_token", "client_id": "web",
            "client_secret": "s3cret", "refresh_token": token}))
        .await
}

async fn j12_5_t23b_3_an_unlinked_device_refreshes_no_more(server: TestServer) {
    let server = lasting(server).await;
    let mut browser = Browser::new(&server);
    let (first, second) = (
        stay(&server, &mut browser).await,
        stay(&server, &mut Browser::new(&server)).await,
    );
    let page = browser.go("/account").await;
    assert!(page.html().contains("Devices that stay logged in"));
    assert!(page.html().contains("192.0.2.1"), "{}", page.html());

    let after = send(&mut browser, &page, "name=\"device\"", &[]).await;

    assert_eq!(after.url, "/account");
    // Both began at one instant: which of them is listed first is not said.
    let mut answers = [
        refresh(&server, &first).await,
        refresh(&server, &second).await,
    ];
    answers.sort_by_key(|answer| answer.status.as_u16());
    answers[0].access_token();
    answers[1].refused(403, "invalid_grant", UNKNOWN);
    let event = server.logged_with("sapi", "A device was unlinked").await;
    assert_eq!(event["application"], "web");
    // The session goes on, and so does the other device.
    let page = browser.go("/account").await;
    send(&mut browser, &page, "name=\"device\"", &[]).await;
    let page = browser.go("/account").await;
    assert!(!page.html().contains("name=\"device\""));
}

async fn j12_5_t23b_3_an_administrator_unlinks_a_device(server: TestServer) {
    let server = lasting(server).await;
    let token = stay(&server, &mut Browser::new(&server)).await;
    refresh(&server, &token).await.access_token();
    let path = format!("/device-credentials?type=refresh_token&user_id={ADA}");
    let devices = server.manage("GET", &path, Value::Null).await;
    assert_eq!(devices.as_array().unwrap().len(), 1, "{devices}");
    let path = format!("/device-credentials/{}", devices[0]["id"].as_str().unwrap());
    server.manage("DELETE", &path, Value::Null).await;
    let late = refresh(&server, &token).await;
    late.refused(403, "invalid_grant", UNKNOWN);
}

async fn nobody_unlinks_a_device_of_somebody_else(server: TestServer) {
    let server = lasting(server).await;
    add_bob(&server, "Username-Password-Authentication").await;
    let mut ada = Browser::new(&server);
    let token = stay(&server, &mut ada).await;
    let page = ada.go("/account").await;
    let (_, of_ada) = page.form("name=\"device\"");
    let device = of_ada.iter().find(|(name, _)| name == "device").unwrap();
    let mut bob = Browser::new(&server);
    let login = bob.go("/account").await;
    let fields = [("username", "bob@orchard.test"), ("password", PASSWORD)];
    let page = bob.submit(&login, &fields).await;
    let (_, own) = page.form("name=\"csrf\"");
    let mut forged = own;
    forged.push(device.clone());
    for form in [of_ada, forged] {
        let answer = bob.post("/account/devices", &form).await;
        assert!(
            answer.html().contains("open for too long"),
            "{}",
            answer.html()
        );
    }
    refresh(&server, &token).await.access_token();
}
