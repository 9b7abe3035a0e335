//! What the login pages say: texts of the tenant's own, and partials.

use grantor_protocol::{
    document::Document,
    model::{CustomText, PromptPartials},
};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    resource::{
        Answer, Field, Identity, Listing, Missing, Operation, Resource, Rules, Run, Scopes, field,
        run,
    },
    schema::is_locale,
};

/// At most 50 screens of 500 texts; the body's limit bounds them together.
const SCREENS: &str = "map(map(str ..10000) ..500) ..50";

const FIELDS: &[Field] = &[field("screens", "", SCREENS)];

/// `/prompts/{prompt}/custom-text/{language}`.
pub(crate) const CUSTOM_TEXT: Resource = Resource {
    path: "/prompts/{prompt}/custom-text/{language}",
    title: "CustomText",
    kind: &CustomText::KIND,
    identity: Identity::Named { field: "id" },
    fields: FIELDS,
    listing: Listing::NONE,
    missing: Missing::NOT_FOUND,
    conflicts: &[],
    read_by: &[],
    rules: Rules::NONE,
    operations: &[
        read(
            "/prompts/{prompt}/custom-text/{language}",
            find_text,
            "Read the custom texts of a prompt",
        ),
        write(
            "/prompts/{prompt}/custom-text/{language}",
            put_text,
            "Set the custom texts of a prompt",
        ),
    ],
};

/// `/prompts/{prompt}/partials`.
pub(crate) const PARTIALS: Resource = Resource {
    path: "/prompts/{prompt}/partials",
    title: "PromptPartials",
    kind: &PromptPartials::KIND,
    identity: Identity::Named { field: "id" },
    fields: FIELDS,
    listing: Listing::NONE,
    missing: Missing::NOT_FOUND,
    conflicts: &[],
    read_by: &[],
    rules: Rules::NONE,
    operations: &[
        read(
            "/prompts/{prompt}/partials",
            find_partials,
            "Read the partials of a prompt",
        ),
        write(
            "/prompts/{prompt}/partials",
            put_partials,
            "Set the partials of a prompt",
        ),
    ],
};

const fn read(path: &'static str, function: Run, summary: &'static str) -> Operation {
    let scopes = Scopes::Any(&["read:prompts"]);
    run("GET", path, scopes, 200, function, summary).answering(Answer::Shape(SCREENS))
}

const fn write(path: &'static str, function: Run, summary: &'static str) -> Operation {
    let scopes = Scopes::Any(&["update:prompts"]);
    let operation = run("PUT", path, scopes, 200, function, summary);
    operation
        .with_body(SCREENS)
        .answering(Answer::Shape(SCREENS))
}

/// The prompts that have texts.
const PROMPTS: [&str; 37] = [
    "login",
    "login-id",
    "login-password",
    "login-passwordless",
    "login-email-verification",
    "signup",
    "signup-id",
    "signup-password",
    "phone-identifier-enrollment",
    "phone-identifier-challenge",
    "email-identifier-challenge",
    "reset-password",
    "custom-form",
    "consent",
    "customized-consent",
    "logout",
    "mfa-push",
    "mfa-otp",
    "mfa-voice",
    "mfa-phone",
    "mfa-webauthn",
    "mfa-sms",
    "mfa-email",
    "mfa-recovery-code",
    "mfa",
    "status",
    "device-flow",
    "email-verification",
    "email-otp-challenge",
    "organizations",
    "invitation",
    "common",
    "passkeys",
    "captcha",
    "brute-force-protection",
    "async-approval-flow",
    "confirmation",
];

/// The prompts that have partials, and their screens.
const SCREENS_WITH_PARTIALS: [(&str, &[&str]); 9] = [
    ("login", &["login"]),
    ("login-id", &["login-id"]),
    ("login-password", &["login-password"]),
    (
        "login-passwordless",
        &[
            "login-passwordless-sms-otp",
            "login-passwordless-email-code",
        ],
    ),
    ("signup", &["signup"]),
    ("signup-id", &["signup-id"]),
    ("signup-password", &["signup-password"]),
    ("customized-consent", &["customized-consent"]),
    (
        "passkeys",
        &["passkey-enrollment", "passkey-enrollment-local"],
    ),
];

fn invalid(value: &str, property: &str, description: &str) -> Failure {
    let message = format!(
        "Path validation error: 'Invalid value \"{value}\"' on property {property} ({description})."
    );
    Failure::new(400, "bad_request", message)
}

/// The identifier of the texts that the path names.
fn text_id(call: &Call<'_>) -> Result<String, Failure> {
    let (prompt, language) = (call.id(0), call.id(1));
    if !PROMPTS.contains(&prompt) {
        return Err(invalid(prompt, "prompt", "Name of the prompt"));
    }
    if !is_locale(language) {
        return Err(invalid(language, "language", "Language to update"));
    }
    Ok(CustomText::id(prompt, language))
}

/// The screens of the prompt that the path names.
fn screens_of(call: &Call<'_>) -> Result<&'static [&'static str], Failure> {
    let found = SCREENS_WITH_PARTIALS
        .iter()
        .find(|(prompt, _)| *prompt == call.id(0));
    found
        .map(|(_, screens)| *screens)
        .ok_or_else(|| invalid(call.id(0), "prompt", "Name of the prompt"))
}

fn find_text<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move { find_screens(call, &text_id(call)?).await })
}

fn put_text<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move { put_screens(call, &text_id(call)?).await })
}

fn find_partials<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        screens_of(call)?;
        find_screens(call, call.id(0)).await
    })
}

fn put_partials<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let screens = screens_of(call)?;
        let unknown = call
            .body
            .keys()
            .find(|name| !screens.contains(&name.as_str()));
        if let Some(unknown) = unknown {
            let prompt = call.id(0);
            let message = format!("Invalid screen '{unknown}' in prompt '{prompt}'");
            return Err(Failure::body(message));
        }
        put_screens(call, call.id(0)).await
    })
}

/// The screens of the document `id`; none of it stands for none of them.
async fn find_screens(call: &Call<'_>, id: &str) -> Result<Response, Failure> {
    let (store, kind) = (&call.management.store, call.compiled.resource.kind);
    let record = store.find(call.tenant, kind, id).await?;
    let screens = record.and_then(|record| record.body.get("screens").cloned());
    Ok(Response::json(200, screens.unwrap_or_else(|| json!({}))))
}

/// Makes what was sent the screens of the document `id`; a screen that says nothing is left out.
async fn put_screens(call: &Call<'_>, id: &str) -> Result<Response, Failure> {
    let mut screens = call.body.clone();
    screens.retain(|_, texts| texts.as_object().is_some_and(|texts| !texts.is_empty()));
    let screens = Value::Object(screens);
    let document = Map::from_iter([("screens".to_owned(), screens.clone())]);
    call.put(id, &document, |_| Response::json(200, screens.clone()))
        .await
}
