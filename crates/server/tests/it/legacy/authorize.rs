//! The authorization endpoint in both pipelines: the same requests by an application with the flag off and on.

use grantor_jose::Algorithm;
use grantor_protocol::model::Client;
use serde_json::{Value, json};

use super::{SECRET, change_ada, conformant, flags, old_shop, signed_with_the_secret};
use crate::support::{Browser, CALLBACK, Page, TestServer, log_in, on_both_engines};

on_both_engines!(
    t5_1_t5_2_an_id_token_beside_the_access_token_in_the_legacy_pipeline_alone,
    t6_2_what_the_flag_changes,
);

fn ask(client_id: &str, response_type: &str, more: &str) -> String {
    format!(
        "/authorize?client_id={client_id}&response_type={response_type}&redirect_uri={CALLBACK}&{more}"
    )
}

/// What comes back for a request of `till` in a fresh browser, after a login as Ada.
async fn answered(server: &TestServer, response_type: &str, more: &str) -> Page {
    let mut browser = Browser::new(server);
    let page = browser.go(&ask("till", response_type, more)).await;
    if page.path() == "/u/login" {
        log_in(&mut browser, &page).await
    } else {
        page
    }
}

async fn t5_1_t5_2_an_id_token_beside_the_access_token_in_the_legacy_pipeline_alone(
    server: TestServer,
) {
    let server = old_shop(server).await;
    let legacy = answered(&server, "token", "scope=openid+profile&state=s").await;
    let token = legacy.parameter("id_token").expect("an ID token, unasked");
    let claims = signed_with_the_secret(&token);
    assert_eq!(
        (&claims["aud"], &claims["name"]),
        (&json!("till"), &json!("Ada"))
    );
    assert!(
        legacy.parameter("access_token").is_some() && legacy.parameter("refresh_token").is_none()
    );
    let noted = server.logged("depnote").await;
    assert_eq!(
        (&noted["client_name"], &noted["details"]["feature"]),
        (&json!("till"), &json!("legacy_pipeline"))
    );
    // One request may name an audience, and is conformant.
    let userinfo = "audience=https://login.orchard.test/userinfo";
    for more in [userinfo, "audience=https://orders.orchard.test"] {
        let more = format!("scope=openid+profile&state=s&{more}");
        let page = answered(&server, "token", &more).await;
        assert!(page.parameter("access_token").is_some(), "{}", page.url);
        assert_eq!(page.parameter("id_token"), None);
    }
    assert!(
        answered(&server, "token", "scope=openid")
            .await
            .parameter("id_token")
            .is_some()
    );
    conformant(&server, "till").await;
    let page = answered(&server, "token", "scope=openid+profile&state=s").await;
    assert!(page.parameter("access_token").is_some());
    assert_eq!(page.parameter("id_token"), None);
    // And for the whole tenant.
    server
        .change::<Client>("till", &json!({"oidc_conformant": false}))
        .await;
    flags(&server, &json!({})).await;
    assert_eq!(
        answered(&server, "token", "scope=openid")
            .await
            .parameter("id_token"),
        None
    );
}

async fn code_tokens(server: &TestServer, more: &str) -> Value {
    let page = answered(server, "code", more).await;
    let code = page
        .parameter("code")
        .unwrap_or_else(|| panic!("{} {}", page.url, page.html()));
    let answer = server
        .token(&json!({"grant_type": "authorization_code", "client_id": "till", "client_secret": SECRET,
            "code": code, "redirect_uri": CALLBACK}))
        .await;
    answer.access_token();
    answer.json()
}

/// The rows of the table that compares both, each by two requests that differ by the flag.
async fn t6_2_what_the_flag_changes(server: TestServer) {
    let server = old_shop(server).await;
    change_ada(&server, |ada| {
        ada.user_metadata = json!({"size": 38}).as_object().cloned();
        ada.rest.insert("favorite_color".to_owned(), json!("green"));
    })
    .await;
    let profile = "scope=openid+profile+user_metadata+favorite_color";
    let color = "scope=openid+favorite_color";
    let api = "scope=openid+read:orders&audience=https://orders.orchard.test";
    // The nonce, what signs through a browser, and what is told.
    let page = answered(&server, "id_token", profile).await;
    let told = signed_with_the_secret(&page.parameter("id_token").expect("without a nonce"));
    assert_eq!(
        (
            &told["user_metadata"],
            &told["favorite_color"],
            &told["user_id"]
        ),
        (&json!({"size": 38}), &json!("green"), &json!("auth0|ada"))
    );
    let id_token = code_tokens(&server, color).await["id_token"].clone();
    let told = signed_with_the_secret(id_token.as_str().unwrap());
    assert_eq!(told["favorite_color"], "green");
    assert!(told.get("name").is_none() && told.get("user_metadata").is_none());
    // An access token for the profile is opaque either way; one for an API is a JWT once it is named.
    assert!(
        !code_tokens(&server, color).await["access_token"]
            .as_str()
            .unwrap()
            .contains('.')
    );
    assert!(
        code_tokens(&server, api).await["access_token"]
            .as_str()
            .unwrap()
            .contains('.')
    );
    // Consent is never asked for.
    let asked = format!("{color}&prompt=consent");
    code_tokens(&server, &asked).await;

    conformant(&server, "till").await;
    let page = answered(&server, "id_token", profile).await;
    assert_eq!(page.parameter("error").as_deref(), Some("invalid_request"));
    let page = answered(&server, "id_token", &format!("{profile}&nonce=n")).await;
    let (_, told) = server
        .verified(&page.parameter("id_token").unwrap(), Algorithm::RS256)
        .await;
    assert_eq!(told["name"], "Ada");
    assert!(
        ["user_metadata", "favorite_color", "user_id"]
            .iter()
            .all(|name| told.get(name).is_none())
    );
    let id_token = code_tokens(&server, color).await["id_token"].clone();
    // The application's own choice still counts where it can verify.
    assert!(
        signed_with_the_secret(id_token.as_str().unwrap())
            .get("favorite_color")
            .is_none()
    );
    assert!(
        !code_tokens(&server, color).await["access_token"]
            .as_str()
            .unwrap()
            .contains('.')
    );
    let page = answered(&server, "code", &asked).await;
    assert_eq!(page.path(), "/u/consent", "{}", page.url);
}

#[tokio::test]
async fn t6_5_1_device_has_no_effect_on_a_conformant_application_and_is_told() {
    let server = old_shop(TestServer::on_sqlite().await).await;
    conformant(&server, "till").await;
    let page = answered(&server, "code", "scope=openid&device=phone").await;
    assert!(page.parameter("code").is_some());
    let logged = server.logged("w").await;
    assert_eq!(logged["client_id"], "till");
    assert_eq!(
        logged["description"],
        "The parameter device is ignored: it belongs to the legacy pipeline."
    );
}

/// A token that was begun in the legacy pipeline ends in the one of today.
#[tokio::test]
async fn a_code_of_the_legacy_pipeline_is_exchanged_in_that_of_today() {
    let server = old_shop(TestServer::on_sqlite().await).await;
    change_ada(&server, |ada| {
        ada.user_metadata = json!({"size": 38}).as_object().cloned();
    })
    .await;
    let page = answered(&server, "code", "scope=openid+user_metadata").await;
    let code = page.parameter("code").unwrap();
    conformant(&server, "till").await;
    let answer = server
        .token(&json!({"grant_type": "authorization_code", "client_id": "till", "client_secret": SECRET,
            "code": code, "redirect_uri": CALLBACK}))
        .await
        .json();
    let told = signed_with_the_secret(answer["id_token"].as_str().unwrap());
    assert!(told.get("user_metadata").is_none());
}

/// An application of somebody else never leaves OpenID Connect, whatever its flag says.
#[tokio::test]
async fn third_parties_are_conformant() {
    let server = old_shop(TestServer::on_sqlite().await).await;
    server
        .change::<Client>("till", &json!({"is_first_party": false}))
        .await;
    let page = answered(&server, "code", "scope=openid").await;
    assert_eq!(page.path(), "/u/consent", "{}", page.url);
}
