//! What a tenant makes of its pages, as a browser gets them.

use grantor_protocol::model::{
    Branding, CustomText, PromptPartials, TenantSettings, UniversalLoginTemplate,
};
use serde_json::json;

use crate::support::{Browser, Page, TestServer, authorize, log_in, on_both_engines, shop};

on_both_engines!(
    j2_2_a_page_of_the_tenants_own_replaces_ours_until_it_is_taken_away,
    j2_2_a_page_that_does_not_work_is_as_if_there_were_none,
    j2_2_parts_of_the_tenants_own_stand_in_the_card,
    j2_8_the_tenants_colours_and_logo_are_on_every_page,
    the_tenants_words_replace_ours_in_the_language_they_are_for,
    the_language_is_one_that_the_tenant_enabled,
    an_asset_is_kept_for_ever_and_names_no_tenant,
);

const SCOPE: &str = "scope=openid";

async fn shown(server: &TestServer, more: &str) -> Page {
    let query = format!("{SCOPE}&{more}");
    Browser::new(server).go(&authorize("tpc", &query)).await
}

async fn j2_2_a_page_of_the_tenants_own_replaces_ours_until_it_is_taken_away(server: TestServer) {
    let server = shop(server).await;
    server
        .put::<UniversalLoginTemplate>(&json!({"id": "universal-login", "body":
            "<html><head>{%- auth0:head -%}<style>h2{color:red}</style></head><body>\
             <h2>{{ application.name }}, {{ prompt.name }}</h2>{%- auth0:widget -%}</body></html>"}))
        .await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("tpc", SCOPE)).await;
    assert!(
        page.html().contains("<h2>Print &amp; Co, login</h2>"),
        "{}",
        page.html()
    );
    assert!(
        page.html().contains("rel=\"stylesheet\""),
        "{}",
        page.html()
    );
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("style-src 'self' 'sha256-"), "{policy}");
    // The form in it is the same.
    let consent = log_in(&mut browser, &page).await;
    assert!(
        consent.html().contains("<h2>Print &amp; Co, consent</h2>"),
        "{}",
        consent.html()
    );
    server
        .delete::<UniversalLoginTemplate>("universal-login")
        .await;
    let page = shown(&server, "").await;
    assert!(!page.html().contains("<h2>"), "{}", page.html());
    assert!(page.html().contains("name=\"password\""), "{}", page.html());
}

async fn j2_2_a_page_that_does_not_work_is_as_if_there_were_none(server: TestServer) {
    let server = shop(server).await;
    let plain = shown(&server, "").await.html();
    let endless = "{% for a in (1..100000) %}{% for b in (1..100000) %}x{% endfor %}{% endfor %}";
    for body in ["{% auth0:head %}{% auth0:widget %}{% if %}", endless] {
        server
            .put::<UniversalLoginTemplate>(&json!({"id": "universal-login", "body": body}))
            .await;
        let page = shown(&server, "").await;
        assert_eq!(page.answer.status, 200);
        let start = plain.split("<form").next().unwrap();
        assert!(page.html().starts_with(start), "{}", page.html());
        server
            .delete::<UniversalLoginTemplate>("universal-login")
            .await;
    }
}

async fn j2_2_parts_of_the_tenants_own_stand_in_the_card(server: TestServer) {
    let server = shop(server).await;
    server
        .put::<PromptPartials>(&json!({"id": "login", "screens": {"login": {
            "form-content-start": "<p id=own>{{ application.name }}</p>"}}}))
        .await;
    let html = shown(&server, "").await.html();
    let (before, after) = html.split_once("<p id=own>Print &amp; Co</p>").unwrap();
    assert!(
        before.contains("<form") && after.contains("name=\"username\""),
        "{html}"
    );
}

async fn j2_8_the_tenants_colours_and_logo_are_on_every_page(server: TestServer) {
    let server = shop(server).await;
    server
        .put::<Branding>(&json!({"id": "branding", "logo_url": "https://cdn.orchard.test/l.svg",
            "favicon_url": "javascript:alert(1)", "font": {"url": "https://fonts.orchard.test/f.woff2"},
            "colors": {"primary": "#0059d6", "page_background": "#ffffff</style><script>"}}))
        .await;
    for page in [
        shown(&server, "").await,
        Browser::new(&server).go("/authorize?client_id=gone").await,
    ] {
        let html = page.html();
        assert!(
            html.contains("src=\"https://cdn.orchard.test/l.svg\""),
            "{html}"
        );
        assert!(html.contains("--primary:#0059d6;"), "{html}");
        assert!(
            !html.contains("</style><script>") && !html.contains("javascript:"),
            "{html}"
        );
        let policy = page.answer.header("content-security-policy");
        assert!(
            policy.contains("font-src 'self' https://fonts.orchard.test;"),
            "{policy}"
        );
        assert!(!policy.contains("unsafe"), "{policy}");
    }
}

async fn the_tenants_words_replace_ours_in_the_language_they_are_for(server: TestServer) {
    let server = shop(server).await;
    server
        .put::<TenantSettings>(&json!({"id": "settings", "friendly_name": "Orchard",
            "enabled_locales": ["en", "fr-CA"]}))
        .await;
    server
        .put::<CustomText>(&json!({"id": "login/fr-CA", "screens": {"login": {
            "title": "Allô <b>${clientName}</b>", "buttonText": "On y va"}}}))
        .await;
    let html = shown(&server, "ui_locales=fr").await.html();
    assert!(
        html.contains("<h1>Allô &#60;b&#62;Print &#38; Co&#60;/b&#62;</h1>"),
        "{html}"
    );
    assert!(html.contains(">On y va</button>"), "{html}");
    // What it did not replace is ours.
    assert!(html.contains("Mot de passe"), "{html}");
    assert!(
        !shown(&server, "ui_locales=en")
            .await
            .html()
            .contains("On y va")
    );
}

async fn the_language_is_one_that_the_tenant_enabled(server: TestServer) {
    let server = shop(server).await;
    for (enabled, asked, spoken) in [
        (json!(null), "de", "<html lang=\"de\" dir=\"ltr\">"),
        (json!(null), "ar", "<html lang=\"ar\" dir=\"rtl\">"),
        (
            json!(["es", "ja"]),
            "nl%20ja",
            "<html lang=\"ja\" dir=\"ltr\">",
        ),
        (json!(["es", "ja"]), "de", "<html lang=\"es\" dir=\"ltr\">"),
    ] {
        let settings = match enabled {
            serde_json::Value::Null => json!({"id": "settings"}),
            enabled => json!({"id": "settings", "enabled_locales": enabled}),
        };
        server.put::<TenantSettings>(&settings).await;
        let html = shown(&server, &format!("ui_locales={asked}")).await.html();
        assert!(html.contains(spoken), "{asked}: {html}");
        server.delete::<TenantSettings>("settings").await;
    }
}

async fn an_asset_is_kept_for_ever_and_names_no_tenant(server: TestServer) {
    let server = shop(server).await;
    let page = shown(&server, "").await;
    let style = page.attribute("rel=\"stylesheet\"", "href").unwrap();
    let answer = server.get(&style).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    assert!(answer.header("cache-control").contains("immutable"));
    assert_eq!(server.get("/assets/0/../../Cargo.toml").await.status, 404);
}
