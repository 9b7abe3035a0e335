//! The e-mail provider.

use grantor_protocol::{document::Document, model::EmailProvider};
use serde_json::{Map, Value};

use crate::{
    engine::Change,
    failure::Failure,
    keys::Pending,
    resource::{
        Field, Identity, Listing, Missing, Rendering, Resource, Rules, create, delete, field, find,
        update,
    },
    schema::parse,
};

/// `/emails/provider`.
pub(crate) const EMAIL_PROVIDER: Resource = Resource {
    path: "/emails/provider",
    title: "EmailProvider",
    kind: &EmailProvider::KIND,
    identity: Identity::One(EmailProvider::ID),
    fields: FIELDS,
    listing: Listing::NONE,
    missing: Missing {
        code: "inexistent_email_provider",
        message: "There is not a configured email provider",
        on_delete: false,
    },
    conflicts: &[],
    read_by: &[],
    rules: Rules {
        before_create,
        before_update,
        render,
        ..Rules::NONE
    },
    operations: &[
        find(&["read:email_provider"], "Read the e-mail provider"),
        create(&["create:email_provider"], "Configure the e-mail provider"),
        update(&["update:email_provider"], "Update the e-mail provider"),
        delete(&["delete:email_provider"], "Remove the e-mail provider"),
    ],
};

const CREDENTIALS: &str = "{smtp_host: str, smtp_port: int, smtp_user: str, \
    smtp_pass: str secret, api_key: str secret, domain: str, region: str?, \
    accessKeyId: str secret, secretAccessKey: str secret, connection_string: str secret, \
    connectionString: str secret, \
    tenantId: str, clientId: str, clientSecret: str secret}";

const SETTINGS: &str = "{message: {view_content_link: bool, \
    configuration_set_name: str 1..64}?, headers: {X-MC-ViewContentLink: str ..64, \
    X-SES-Configuration-Set: str ..64}?}?";

const FIELDS: &[Field] = &[
    field(
        "name",
        "CUR",
        "enum(mailgun, mandrill, sendgrid, resend, ses, sparkpost, smtp, azure_cs, ms365, custom)",
    )
    .required(),
    field("enabled", "CUR", "bool").or("true"),
    field("default_from_address", "CUR", "str ..320 email"),
    field("credentials", "CUR", CREDENTIALS).required(),
    field("settings", "CUR", SETTINGS),
];

/// Members of the credentials that are never shown.
const SECRETS: [&str; 7] = [
    "smtp_pass",
    "api_key",
    "accessKeyId",
    "secretAccessKey",
    "connection_string",
    "connectionString",
    "clientSecret",
];

/// Members of the credentials that say where the secret ones go.
const DESTINATION: [&str; 5] = ["smtp_host", "smtp_port", "domain", "region", "tenantId"];

/// What the credentials of the provider `name` are.
fn notation(name: &str) -> &'static str {
    match name {
        "smtp" => {
            "{smtp_host*: str 1..253 /^[A-Za-z0-9.:_-]+$/, smtp_port*: int 1..65535, \
             smtp_user*: str ..320, smtp_pass*: str ..1024 secret}"
        }
        "ses" => {
            "{accessKeyId*: str 1..128 secret, secretAccessKey*: str 1..1024 secret, \
             region*: str 1..64}"
        }
        "mailgun" => {
            "{api_key*: str 1..1024 secret, domain*: str 4..253 hostname, region: enum(eu)?}"
        }
        "sparkpost" => "{api_key*: str 1..1024 secret, region: enum(eu)?}",
        "azure_cs" => {
            "any of({connection_string*: str 1..2048 secret}; \
             {connectionString*: str 1..2048 secret})"
        }
        "ms365" => {
            "{tenantId*: str 1..128, clientId*: str 1..128, clientSecret*: str 1..1024 secret}"
        }
        "custom" => "{}",
        _ => "{api_key*: str 1..1024 secret}",
    }
}

fn before_create<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let present = change.call.find_record().await?;
        let name = present.as_ref().and_then(|record| record.body.get("name"));
        if let Some(name) = name.and_then(Value::as_str) {
            let message = format!("An email provider is already configured: {name}");
            return Err(Failure::new(409, "email_provider_conflict", message));
        }
        check_credentials(change)
    })
}

fn before_update<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if change.call.body.contains_key("credentials") {
            keep_secrets(change);
        }
        check_credentials(change)
    })
}

/// Secrets that are not sent again stay, as long as they go where they went before: nobody who may not read them can
/// have them sent elsewhere.
fn keep_secrets(change: &mut Change<'_>) {
    let Some(record) = change.before else {
        return;
    };
    let same_name = change.text("name") == change.text_before("name");
    let (Some(before), Some(Value::Object(now))) = (
        record.body.get("credentials"),
        change.document.get_mut("credentials"),
    ) else {
        return;
    };
    let goes_elsewhere = DESTINATION
        .iter()
        .any(|member| before.get(member) != now.get(*member));
    if !same_name || goes_elsewhere {
        return;
    }
    for secret in SECRETS {
        if let (None, Some(value)) = (now.get(secret), before.get(secret)) {
            now.insert(secret.to_owned(), value.clone());
        }
    }
}

fn check_credentials(change: &Change<'_>) -> Result<(), Failure> {
    let name = change.text("name").unwrap_or_default();
    if name == "custom" {
        let code = "custom_email_provider_deployed_action_not_found";
        return Err(Failure::new(409, code, "No deployed action was found"));
    }
    let credentials = change.document.get("credentials");
    parse(notation(name))
        .check(credentials.unwrap_or(&Value::Null))
        .map_err(|problem| Failure::payload(&problem.inside("credentials")))
}

fn render(_: &Rendering<'_>, shown: &mut Map<String, Value>) {
    if let Some(Value::Object(credentials)) = shown.get_mut("credentials") {
        credentials.retain(|name, _| !SECRETS.contains(&name.as_str()));
    }
}
