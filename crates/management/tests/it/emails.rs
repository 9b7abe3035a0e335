//! The e-mail provider and the e-mail templates.

use grantor_protocol::model::{EmailProvider, EmailTemplate};
use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer};

const PROVIDER: &str = "/emails/provider";

fn smtp() -> Value {
    json!({"name": "smtp", "default_from_address": "no-reply@a.test", "credentials":
        {"smtp_host": "mail.a.test", "smtp_port": 587, "smtp_user": "u", "smtp_pass": "hunter2"}})
}

async fn stored_password(api: &Api) -> Option<String> {
    let store = &api.management.store;
    let stored = store.typed::<EmailProvider>(&api.tenant, EmailProvider::ID);
    let stored = stored.await.unwrap().unwrap();
    let secret = stored.value.credentials.smtp_pass.as_ref();
    secret.map(|secret| secret.expose().to_owned())
}

#[tokio::test]
async fn j17_a_provider_is_configured_once_and_never_shows_its_secrets() {
    let api = Api::start().await;
    let sentence = api.send("GET", PROVIDER, Value::Null).await.refused(404);
    assert_eq!(sentence, "There is not a configured email provider");
    let shown = json!({"name": "smtp", "enabled": true, "default_from_address": "no-reply@a.test",
        "credentials": {"smtp_host": "mail.a.test", "smtp_port": 587, "smtp_user": "u"}});
    assert_eq!(api.make(PROVIDER, smtp()).await, shown);
    let fields = "name,enabled,default_from_address,credentials,settings";
    let path = format!("{PROVIDER}?fields={fields}&include_fields=true");
    assert_eq!(api.read(&path).await, shown);
    assert_eq!(stored_password(&api).await.as_deref(), Some("hunter2"));

    let sentence = api.send("POST", PROVIDER, smtp()).await.refused(409);
    assert_eq!(sentence, "An email provider is already configured: smtp");

    let log = api.read("/logs?q=type:sapi").await.to_string();
    assert!(log.contains("mail.a.test") && !log.contains("hunter2"));

    for _ in 0..2 {
        api.send("DELETE", PROVIDER, Value::Null).await.ok(204);
    }
    api.send("GET", PROVIDER, Value::Null).await.refused(404);
}

#[tokio::test]
async fn a_password_that_is_not_sent_again_stays_unless_it_would_go_elsewhere() {
    let api = Api::start().await;
    api.make(PROVIDER, smtp()).await;
    let body = json!({"enabled": false, "settings": {}, "credentials":
        {"smtp_host": "mail.a.test", "smtp_port": 587, "smtp_user": "other"}});
    let changed = api.send("PATCH", PROVIDER, body).await.ok(200);
    assert_eq!(
        (&changed["enabled"], &changed["settings"]),
        (&json!(false), &json!({}))
    );
    assert_eq!(stored_password(&api).await.as_deref(), Some("hunter2"));

    for body in [
        json!({"credentials": {"smtp_host": "evil.test", "smtp_port": 587, "smtp_user": "u"}}),
        json!({"credentials": {"smtp_host": "mail.a.test", "smtp_port": 25, "smtp_user": "u"}}),
        json!({"name": "sendgrid"}),
        json!({"name": "sendgrid", "credentials": {}}),
    ] {
        api.send("PATCH", PROVIDER, body).await.refused(400);
    }
    let body = json!({"name": "ses", "credentials":
        {"accessKeyId": "AKIA", "secretAccessKey": "s3cret", "region": "us-east-1"}});
    let changed = api.send("PATCH", PROVIDER, body).await.ok(200);
    assert_eq!(changed["credentials"], json!({"region": "us-east-1"}));
    assert_eq!(stored_password(&api).await, None);
}

#[tokio::test]
async fn a_provider_has_the_credentials_of_its_kind() {
    let api = Api::start().await;
    for (name, credentials, shown) in [
        ("mandrill", json!({"api_key": "k"}), json!({})),
        ("sendgrid", json!({"api_key": "k"}), json!({})),
        (
            "mailgun",
            json!({"api_key": "k", "domain": "mg.a.test", "region": "eu"}),
            json!({"domain": "mg.a.test", "region": "eu"}),
        ),
        ("azure_cs", json!({"connectionString": "k"}), json!({})),
        (
            "ms365",
            json!({"tenantId": "t", "clientId": "c", "clientSecret": "k"}),
            json!({"tenantId": "t", "clientId": "c"}),
        ),
    ] {
        let body = json!({"name": name, "credentials": credentials});
        assert_eq!(
            api.make(PROVIDER, body).await["credentials"],
            shown,
            "{name}"
        );
        api.send("DELETE", PROVIDER, Value::Null).await.ok(204);
    }
    for body in [
        json!({"name": "smtp"}),
        json!({"name": "pigeon", "credentials": {}}),
        json!({"name": "sendgrid", "credentials": {"smtp_host": "a.test"}}),
        json!({"name": "smtp", "credentials": {"smtp_host": "a b", "smtp_port": 25,
            "smtp_user": "", "smtp_pass": ""}}),
        json!({"name": "smtp", "credentials": {"smtp_host": "a.test", "smtp_port": 0,
            "smtp_user": "", "smtp_pass": ""}}),
        json!({"name": "sendgrid", "credentials": {"api_key": "k"},
            "default_from_address": "a@b.test\r\nBcc: c@d.test"}),
    ] {
        api.send("POST", PROVIDER, body).await.refused(400);
    }
    let body = json!({"name": "custom", "credentials": {}});
    api.send("POST", PROVIDER, body).await.refused(409);
}

fn template() -> Value {
    json!({"template": "verify_email", "body": "<p>{{ url }}</p>", "from": "me@a.test",
        "subject": "Confirm", "syntax": "liquid", "enabled": true})
}

#[tokio::test]
async fn j17_a_template_is_made_once_changed_and_replaced() {
    let api = Api::start().await;
    let path = "/email-templates/verify_email";
    let sentence = api.send("GET", path, Value::Null).await.refused(404);
    assert_eq!(sentence, "The template does not exist.");
    api.send("PATCH", path, json!({"enabled": true}))
        .await
        .refused(404);

    let made = api.send("POST", "/email-templates", template()).await;
    assert_eq!(made.ok(200), template());
    let again = api.send("POST", "/email-templates", template()).await;
    assert_eq!(again.refused(409), "Template verify_email already exists.");

    let body = json!({"template": "verify_email", "urlLifetimeInSeconds": 60, "resultUrl": null});
    let changed = api.send("PATCH", path, body).await.ok(200);
    assert_eq!(changed["urlLifetimeInSeconds"], 60);
    assert_eq!(api.read(path).await, changed);
    let store = &api.management.store;
    let stored = store.typed::<EmailTemplate>(&api.tenant, "verify_email");
    let stored = stored.await.unwrap().unwrap();
    assert_eq!(stored.value.lifetime_seconds(), 60);

    let mut other = template();
    other["subject"] = json!("Please confirm");
    assert_eq!(api.send("PUT", path, other.clone()).await.ok(200), other);
    assert_eq!(api.read(path).await, other, "what was not sent is gone");

    let mut new = template();
    new["template"] = json!("welcome_email");
    let path = "/email-templates/welcome_email";
    assert_eq!(api.send("PUT", path, new.clone()).await.ok(200), new);
    assert_eq!(api.read(path).await, new);
}

#[tokio::test]
async fn a_template_keeps_its_name_its_bounds_and_its_scopes() {
    let api = Api::start().await;
    api.send("POST", "/email-templates", template())
        .await
        .ok(200);
    let path = "/email-templates/verify_email";
    for body in [
        json!({"template": "welcome_email"}),
        json!({"syntax": "mustache"}),
        json!({"body": "x".repeat(102_401)}),
        json!({"urlLifetimeInSeconds": -1}),
        json!({"enabled": null}),
        json!({"body": "{% if %}"}),
        json!({"subject": "{{ x | nope }}"}),
    ] {
        api.send("PATCH", path, body).await.refused(400);
    }
    let mut other = template();
    other["template"] = json!("welcome_email");
    api.send("PUT", path, other).await.refused(400);
    let mut broken = template();
    broken["body"] = json!("<p>\n{{ url</p>");
    let sentence = api.send("PUT", path, broken).await.refused(400);
    assert_eq!(
        sentence,
        "Liquid template syntax error: {{ is not closed in line 2 of body"
    );
    let mut unknown = template();
    unknown["template"] = json!("nope");
    api.send("PUT", "/email-templates/nope", unknown.clone())
        .await
        .refused(400);
    api.send("POST", "/email-templates", unknown)
        .await
        .refused(400);
    assert_eq!(api.read(path).await, template());
    let caller = bearer(&["create:email_templates", "read:email_templates"]);
    api.send_as(&caller, "PUT", path, template())
        .await
        .refused(403);
}

#[tokio::test]
async fn two_that_configure_a_provider_or_make_a_template_at_once_make_one() {
    let api = Api::start().await;
    for (path, body, success) in [
        (PROVIDER, smtp(), 201),
        ("/email-templates", template(), 200),
    ] {
        let (one, two) = tokio::join!(
            api.send("POST", path, body.clone()),
            api.send("POST", path, body.clone())
        );
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [success, 409], "{path}");
    }
}
