//! Consent, and the confirmation of logins that nobody would notice.

use grantor_protocol::model::{Client, UserGrant};
use serde_json::json;

use crate::support::{
    ADA, Browser, TestServer, authorize, code_of, log_in, on_both_engines, refused, shop,
};

on_both_engines!(
    j1_1_j1_2_a_third_party_is_consented_to_once_and_again_when_it_wants_more,
    j1_3_t17_3_who_declines_sends_the_application_away_and_nothing_is_kept,
    j1_6_prompt_consent_asks_again,
    j1_7_t11_4_t17_4_a_callback_that_anybody_could_claim_is_confirmed,
    j1_8_a_form_counts_in_the_browser_that_it_was_shown_to,
);

const ORDERS: &str = "audience=https%3A%2F%2Forders.orchard.test";

async fn j1_1_j1_2_a_third_party_is_consented_to_once_and_again_when_it_wants_more(
    server: TestServer,
) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let asks = |scope: &str| authorize("tpc", &format!("{ORDERS}&scope={scope}"));
    let page = browser.go(&asks("openid%20profile%20read:orders")).await;
    let consent = log_in(&mut browser, &page).await;
    assert_eq!(consent.path(), "/u/consent");
    assert!(consent.html().contains("Orders"), "{}", consent.html());
    assert!(consent.html().contains("ada@orchard.test"));
    code_of(&browser.submit(&consent, &[("action", "accept")]).await);
    code_of(&browser.go(&asks("openid%20profile%20read:orders")).await);
    code_of(&browser.go(&asks("openid%20read:orders")).await);
    let more = browser
        .go(&asks("openid%20read:orders%20write:orders"))
        .await;
    assert_eq!(more.path(), "/u/consent");
    code_of(&browser.submit(&more, &[("action", "accept")]).await);
    let tenant = grantor_protocol::tenant::TenantId::default_tenant();
    let key = [ADA, "tpc", "https://orders.orchard.test"];
    let grant = server
        .app
        .store
        .typed_by::<UserGrant>(&tenant, "consent", &key);
    let grant = grant.await.unwrap().unwrap();
    assert_eq!(
        grant.value.scope,
        ["profile", "read:orders", "write:orders"]
    );
    // Revoked, it is asked for again.
    server.delete::<UserGrant>(&grant.value.id).await;
    assert_eq!(
        browser.go(&asks("openid%20read:orders")).await.path(),
        "/u/consent"
    );
}

async fn j1_3_t17_3_who_declines_sends_the_application_away_and_nothing_is_kept(
    server: TestServer,
) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let asks = authorize(
        "tpc",
        &format!("{ORDERS}&scope=openid%20read:orders&state=s1"),
    );
    let page = browser.go(&asks).await;
    let consent = log_in(&mut browser, &page).await;
    let end = browser.submit(&consent, &[("action", "decline")]).await;
    assert_eq!(
        refused(&end, "access_denied"),
        "User did not authorize the request"
    );
    assert_eq!(end.parameter("state").as_deref(), Some("s1"));
    // The user stays logged in, and is asked again.
    assert_eq!(browser.go(&asks).await.path(), "/u/consent");
    // Going back and accepting after all: that login is over.
    let late = browser.submit(&consent, &[("action", "accept")]).await;
    assert_eq!(late.answer.status, 400);
    assert!(late.html().contains("pressed the back button"));
}

async fn j1_6_prompt_consent_asks_again(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid%20email")).await;
    code_of(&log_in(&mut browser, &page).await);
    let consent = browser
        .go(&authorize("web", "scope=openid%20email&prompt=consent"))
        .await;
    assert_eq!(consent.path(), "/u/consent");
    code_of(&browser.submit(&consent, &[("action", "accept")]).await);
}

async fn j1_7_t11_4_t17_4_a_callback_that_anybody_could_claim_is_confirmed(server: TestServer) {
    let server = shop(server).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    for uri in ["http%3A%2F%2Flocalhost%3A3000%2Fcb", "myapp%3A%2F%2Fcb"] {
        let asks =
            format!("/authorize?client_id=web&response_type=code&scope=openid&redirect_uri={uri}");
        let confirm = browser.go(&asks).await;
        assert_eq!(confirm.path(), "/u/confirm", "{uri}");
        let end = browser.submit(&confirm, &[("action", "accept")]).await;
        assert!(end.parameter("code").is_some(), "{}", end.url);
        let confirm = browser.go(&asks).await;
        let end = browser.submit(&confirm, &[("action", "decline")]).await;
        assert_eq!(end.parameter("error").as_deref(), Some("access_denied"));
        let silent = browser.go(&format!("{asks}&prompt=none")).await;
        assert_eq!(
            silent.parameter("error").as_deref(),
            Some("interaction_required")
        );
    }
    let skips = json!({"skip_non_verifiable_callback_uri_confirmation_prompt": true});
    server.change::<Client>("web", &skips).await;
    let asks = "/authorize?client_id=web&response_type=code&redirect_uri=myapp%3A%2F%2Fcb";
    let end = browser.go(asks).await;
    assert!(end.url.starts_with("myapp://cb?code="), "{}", end.url);
}

async fn j1_8_a_form_counts_in_the_browser_that_it_was_shown_to(server: TestServer) {
    let server = shop(server).await;
    let mut victim = Browser::new(&server);
    let mut attacker = Browser::new(&server);
    let asks = authorize("tpc", &format!("{ORDERS}&scope=openid%20read:orders"));
    let page = victim.go(&asks).await;
    let consent = log_in(&mut victim, &page).await;
    // A form of the attacker's login in the victim's browser, and the victim's in the attacker's.
    let foreign = attacker.go(&asks).await;
    for (browser, page) in [(&mut victim, &foreign), (&mut attacker, &consent)] {
        let answer = browser.submit(page, &[("action", "accept")]).await;
        assert_eq!(answer.answer.status, 400);
        assert!(
            answer.html().contains("couldn&#39;t find your session"),
            "{}",
            answer.html()
        );
    }
    // The right browser and a token of another page.
    for csrf in ["", "x", &page.attribute("name=\"csrf\"", "value").unwrap()] {
        let shown = victim
            .submit(&consent, &[("action", "accept"), ("csrf", csrf)])
            .await;
        assert_eq!(shown.path(), "/u/consent", "{csrf}");
    }
    let tenant = grantor_protocol::tenant::TenantId::default_tenant();
    let key = [ADA, "tpc", "https://orders.orchard.test"];
    let grant = server
        .app
        .store
        .typed_by::<UserGrant>(&tenant, "consent", &key);
    assert!(grant.await.unwrap().is_none());
    code_of(&victim.submit(&consent, &[("action", "accept")]).await);
}
