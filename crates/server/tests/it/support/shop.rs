//! A shop: applications of the tenant and of somebody else, an API, and Ada, who logs in.

use grantor_protocol::model::Client;
use serde_json::{Value, json};

use super::{Browser, PASSWORD, Page, TestServer};

pub(crate) const CALLBACK: &str = "https://shop.test/cb";

pub(crate) async fn shop(server: TestServer) -> TestServer {
    let server = server.with_orders().await;
    for (client_id, members) in [
        ("web", json!({"is_first_party": true})),
        ("other", json!({"is_first_party": true})),
        (
            "tpc",
            json!({"is_first_party": false, "name": "Print & Co"}),
        ),
    ] {
        let mut body = json!({
            "client_id": client_id, "name": "Shop", "client_secret": "s3cret", "app_type": "regular_web",
            "grant_types": ["authorization_code"], "callbacks": [CALLBACK, "http://localhost:3000/cb", "myapp://cb"],
        });
        let members = members.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(members);
        server.put::<Client>(&body).await;
    }
    server.with_people(&["web", "other", "tpc"]).await
}

pub(crate) fn authorize(client_id: &str, more: &str) -> String {
    format!("/authorize?client_id={client_id}&response_type=code&redirect_uri={CALLBACK}&{more}")
}

/// Logs in as Ada on the page that is shown.
pub(crate) async fn log_in(browser: &mut Browser<'_>, page: &Page) -> Page {
    assert_eq!(page.path(), "/u/login", "{}", page.html());
    browser
        .submit(
            page,
            &[("username", "Ada@Orchard.test"), ("password", PASSWORD)],
        )
        .await
}

#[track_caller]
pub(crate) fn code_of(page: &Page) -> String {
    assert!(
        page.url.starts_with(CALLBACK),
        "{} {}",
        page.url,
        page.html()
    );
    page.parameter("code")
        .unwrap_or_else(|| panic!("{}", page.url))
}

#[track_caller]
pub(crate) fn refused(page: &Page, error: &str) -> String {
    assert!(
        page.url.starts_with(CALLBACK),
        "{} {}",
        page.url,
        page.html()
    );
    assert_eq!(
        page.parameter("error").as_deref(),
        Some(error),
        "{}",
        page.url
    );
    assert_eq!(page.parameter("code"), None);
    page.parameter("error_description").unwrap()
}

pub(crate) async fn redeem(server: &TestServer, client_id: &str, code: &str) -> Value {
    let answer = server
        .token(&json!({
            "grant_type": "authorization_code", "client_id": client_id, "client_secret": "s3cret",
            "code": code, "redirect_uri": CALLBACK,
        }))
        .await;
    answer.access_token();
    answer.json()
}
