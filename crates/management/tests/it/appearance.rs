//! What the tenant's pages look like: branding and the page template.

use grantor_protocol::model::{Branding, UniversalLoginTemplate};
use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer};

const TEMPLATE_PATH: &str = "/branding/templates/universal-login";
const TEMPLATE: &str =
    "<html><head>{%- auth0:head -%}</head><body>{% auth0:widget %}</body></html>";

#[tokio::test]
async fn branding_is_empty_until_changed_merges_colours_and_clears_with_null() {
    let api = Api::start().await;
    assert_eq!(api.read("/branding").await, json!({}));
    let nothing = api.send("PATCH", "/branding", json!({})).await.ok(200);
    assert_eq!(nothing, json!({}));

    let body = json!({"colors": {"primary": "#0059d6", "page_background": "#000000"},
        "favicon_url": "https://a.test/favicon.ico", "logo_url": "https://a.test/logo.png",
        "font": {"url": "https://a.test/font.ttf"}});
    let updated = api.send("PATCH", "/branding", body.clone()).await.ok(200);
    assert_eq!(updated, body);
    assert_eq!(api.read("/branding").await, body);

    let gradient = json!({"type": "linear-gradient", "start": "#fff", "end": "#000000",
        "angle_deg": 35});
    let body = json!({"colors": {"page_background": gradient}, "favicon_url": null});
    let updated = api.send("PATCH", "/branding", body).await.ok(200);
    let colors = json!({"primary": "#0059d6", "page_background": gradient});
    assert_eq!(updated["colors"], colors);
    assert!(updated.get("favicon_url").is_none());
    assert_eq!(api.read("/branding").await, updated);

    let stored = api
        .management
        .store
        .typed::<Branding>(&api.tenant, Branding::ID)
        .await;
    let stored = &stored.unwrap().unwrap().value;
    assert_eq!(stored.logo_url.as_deref(), Some("https://a.test/logo.png"));
    assert_eq!(stored.favicon_url, None);
}

#[tokio::test]
async fn branding_refuses_what_a_page_could_not_use_and_keeps_nothing_of_it() {
    let api = Api::start().await;
    for body in [
        json!({"logo_url": "http://a.test/logo.png"}),
        json!({"logo_url": "javascript:alert(1)"}),
        json!({"colors": {"primary": "red"}}),
        json!({"colors": {"primary": "#0059d6;}"}}),
        json!({"colors": {"page_background": {"type": "linear-gradient"}}}),
        json!({"font": {"url": 1}}),
        json!({"nope": true}),
    ] {
        api.send("PATCH", "/branding", body).await.refused(400);
    }
    assert_eq!(api.read("/branding").await, json!({}));
    let body = json!({"logo_url": "https://a.test/logo.png"});
    let reader = bearer(&["read:branding"]);
    api.send_as(&reader, "PATCH", "/branding", body)
        .await
        .refused(403);
}

#[tokio::test]
async fn two_that_first_change_the_branding_at_once_both_do() {
    let api = Api::start().await;
    let (one, two) = tokio::join!(
        api.send(
            "PATCH",
            "/branding",
            json!({"logo_url": "https://a.test/l"})
        ),
        api.send(
            "PATCH",
            "/branding",
            json!({"favicon_url": "https://a.test/f"})
        )
    );
    one.ok(200);
    two.ok(200);
    let both = json!({"logo_url": "https://a.test/l", "favicon_url": "https://a.test/f"});
    assert_eq!(api.read("/branding").await, both);
}

#[tokio::test]
async fn a_page_template_is_made_replaced_and_deleted() {
    let api = Api::start().await;
    let sentence = api
        .send("GET", TEMPLATE_PATH, Value::Null)
        .await
        .refused(404);
    assert_eq!(sentence, "Template does not exist.");

    let made = api
        .send("PUT", TEMPLATE_PATH, json!(TEMPLATE))
        .await
        .ok(201);
    assert_eq!(made, json!({}));
    assert_eq!(api.read(TEMPLATE_PATH).await, json!({"body": TEMPLATE}));

    let other = format!("{TEMPLATE}<!-- 2 -->");
    let body = json!({"template": other});
    api.send("PUT", TEMPLATE_PATH, body).await.ok(204);
    assert_eq!(api.read(TEMPLATE_PATH).await, json!({"body": other}));
    let stored = api
        .management
        .store
        .typed::<UniversalLoginTemplate>(&api.tenant, UniversalLoginTemplate::ID)
        .await;
    assert_eq!(stored.unwrap().unwrap().value.body, other);

    for _ in 0..2 {
        api.send("DELETE", TEMPLATE_PATH, Value::Null).await.ok(204);
    }
    api.send("GET", TEMPLATE_PATH, Value::Null)
        .await
        .refused(404);
}

#[tokio::test]
async fn a_page_template_has_both_tags_and_an_end() {
    let api = Api::start().await;
    let long = format!("{TEMPLATE}{}", "x".repeat(102_401 - TEMPLATE.len()));
    for (body, expected) in [
        (json!("<html></html>"), "missing required Liquid tags"),
        (
            json!("{% auth0:head %} auth0:widget"),
            "missing required Liquid tags",
        ),
        (
            json!("{% auth0:head %}{% auth0:widget"),
            "missing required Liquid tags",
        ),
        (json!(long), "greater than maximum allowed: 102400"),
        (json!({"template": 1}), "validation error"),
        (json!([]), "validation error"),
        (Value::Null, "validation error"),
    ] {
        let sentence = api.send("PUT", TEMPLATE_PATH, body).await.refused(400);
        assert!(sentence.contains(expected), "{sentence}");
    }
    api.send("GET", TEMPLATE_PATH, Value::Null)
        .await
        .refused(404);
    let longest = json!(long[..102_400]);
    api.send("PUT", TEMPLATE_PATH, longest).await.ok(201);
    let writer = bearer(&["update:branding"]);
    api.send_as(&writer, "DELETE", TEMPLATE_PATH, Value::Null)
        .await
        .refused(403);
}
