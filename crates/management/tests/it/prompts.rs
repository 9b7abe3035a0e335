//! How the login pages ask and what they say, and what the settings tell of it.

use grantor_protocol::model::{CustomText, PromptPartials, Prompts};
use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer};

#[tokio::test]
async fn prompts_are_those_of_a_fresh_tenant_until_changed() {
    let api = Api::start().await;
    let fresh = json!({"universal_login_experience": "new", "identifier_first": true});
    assert_eq!(api.read("/prompts").await, fresh);

    let body = json!({"identifier_first": false, "webauthn_platform_first_factor": true});
    let changed = api.send("PATCH", "/prompts", body).await.ok(200);
    let expected = json!({"universal_login_experience": "new", "identifier_first": false,
        "webauthn_platform_first_factor": true});
    assert_eq!(changed, expected);
    assert_eq!(api.read("/prompts").await, expected);
    let store = &api.management.store;
    let stored = store.typed::<Prompts>(&api.tenant, Prompts::ID).await;
    assert_eq!(stored.unwrap().unwrap().value.identifier_first, Some(false));

    for body in [
        json!({"universal_login_experience": "old"}),
        json!({"identifier_first": null}),
        json!({"nope": 1}),
    ] {
        api.send("PATCH", "/prompts", body).await.refused(400);
    }
    assert_eq!(api.read("/prompts").await, expected);
}

#[tokio::test]
async fn custom_texts_are_kept_by_prompt_and_language_and_replaced_whole() {
    let api = Api::start().await;
    let path = "/prompts/login/custom-text/pt-BR";
    assert_eq!(api.read(path).await, json!({}));
    let texts = json!({"login": {"title": "Olá"}, "login-email": {}});
    let shown = json!({"login": {"title": "Olá"}});
    assert_eq!(api.send("PUT", path, texts).await.ok(200), shown);
    assert_eq!(api.read(path).await, shown);
    assert_eq!(
        api.read("/prompts/login/custom-text/en").await,
        json!({}),
        "another language"
    );
    assert_eq!(
        api.read("/prompts/signup/custom-text/pt-BR").await,
        json!({}),
        "another prompt"
    );
    let id = CustomText::id("login", "pt-BR");
    let store = &api.management.store;
    let stored = store.typed::<CustomText>(&api.tenant, &id).await.unwrap();
    assert_eq!(stored.unwrap().value.screens["login"]["title"], "Olá");

    let other = json!({"login": {"buttonText": "Entrar"}});
    assert_eq!(api.send("PUT", path, other.clone()).await.ok(200), other);
    assert_eq!(api.read(path).await, other, "nothing of the first is left");
    assert_eq!(api.send("PUT", path, json!({})).await.ok(200), json!({}));
    assert_eq!(api.read(path).await, json!({}));
}

#[tokio::test]
async fn custom_texts_of_no_prompt_in_no_language_or_without_end_are_refused() {
    let api = Api::start().await;
    let texts = json!({"login": {"title": "x"}});
    for (path, sentence) in [
        (
            "/prompts/nope/custom-text/en",
            "Path validation error: 'Invalid value \"nope\"' on property prompt (Name of the prompt).",
        ),
        (
            "/prompts/login/custom-text/EN_us",
            "Path validation error: 'Invalid value \"EN_us\"' on property language (Language to update).",
        ),
    ] {
        assert_eq!(
            api.send("PUT", path, texts.clone()).await.refused(400),
            sentence
        );
        assert_eq!(
            api.send("GET", path, Value::Null).await.refused(400),
            sentence
        );
    }
    let path = "/prompts/login/custom-text/en";
    let many: serde_json::Map<_, _> = (0..51)
        .map(|count| (format!("s{count}"), json!({})))
        .collect();
    for body in [
        json!({"login": {"title": 1}}),
        json!({"login": "x"}),
        json!({"login": {"title": "x".repeat(10_001)}}),
        Value::Object(many),
    ] {
        api.send("PUT", path, body).await.refused(400);
    }
    assert_eq!(api.read(path).await, json!({}));
}

#[tokio::test]
async fn partials_belong_to_a_screen_of_their_prompt() {
    let api = Api::start().await;
    let path = "/prompts/signup/partials";
    let partials = json!({"signup": {"form-content-start": "<div>{{ x }}</div>"}});
    assert_eq!(
        api.send("PUT", path, partials.clone()).await.ok(200),
        partials
    );
    assert_eq!(api.read(path).await, partials);
    let store = &api.management.store;
    let stored = store.typed::<PromptPartials>(&api.tenant, "signup").await;
    assert!(
        stored
            .unwrap()
            .unwrap()
            .value
            .screens
            .contains_key("signup")
    );

    let sentence = api
        .send("PUT", path, json!({"login": {"form-content-start": "x"}}))
        .await
        .refused(400);
    assert_eq!(sentence, "Invalid screen 'login' in prompt 'signup'");
    api.send("PUT", "/prompts/mfa/partials", json!({}))
        .await
        .refused(400);
    assert_eq!(
        api.send("PUT", path, json!({"signup": {}})).await.ok(200),
        json!({})
    );
    assert_eq!(api.read(path).await, json!({}));
}

#[tokio::test]
async fn the_settings_mirror_branding_template_and_prompts_and_cannot_set_them() {
    let api = Api::start().await;
    let settings = "/tenants/settings";
    assert_eq!(api.read(settings).await["universal_login"], json!({}));
    let colors = json!({"primary": "#2A2E35", "page_background": "#FF4F40"});
    api.send("PATCH", "/branding", json!({"colors": colors}))
        .await
        .ok(200);
    let template = json!("<html>{%- auth0:head -%}{%- auth0:widget -%}</html>");
    api.send("PUT", "/branding/templates/universal-login", template)
        .await
        .ok(201);
    api.send("PATCH", "/prompts", json!({"identifier_first": false}))
        .await
        .ok(200);
    let shown = json!({"colors": colors});
    assert_eq!(api.read(settings).await["universal_login"], shown);
    let mirrored =
        json!({"colors": colors, "is_custom_template_set": true, "identifier_first": false});
    let body = json!({"friendly_name": "Acme"});
    let changed = api.send("PATCH", settings, body).await.ok(200);
    assert_eq!(changed["universal_login"], mirrored);

    api.send("DELETE", "/branding/templates/universal-login", Value::Null)
        .await
        .ok(204);
    assert_eq!(
        api.read(settings).await["universal_login"],
        shown,
        "nothing of it was stored"
    );
    let changed = api
        .send("PATCH", settings, json!({"friendly_name": "B"}))
        .await;
    let mirrored = json!({"colors": colors, "identifier_first": false});
    assert_eq!(changed.ok(200)["universal_login"], mirrored);
    let body = json!({"universal_login": {"colors": {}}});
    api.send("PATCH", settings, body).await.ok(200);
    assert_eq!(
        api.read(settings).await["universal_login"],
        shown,
        "tools write back what they read, and nothing of it is kept"
    );
    let reader = bearer(&["read:prompts"]);
    api.send_as(&reader, "PATCH", "/prompts", json!({}))
        .await
        .refused(403);
}
