//! E-mail templates.

use grantor_protocol::{document::Document, liquid::Template, model::EmailTemplate};
use serde_json::{Map, Value};

use crate::{
    engine::Change,
    failure::Failure,
    keys::Pending,
    resource::{
        Field, Identity, Listing, Missing, Resource, Rules, create, field, find, replace, update,
    },
};

/// `/email-templates`.
pub(crate) const EMAIL_TEMPLATES: Resource = Resource {
    path: "/email-templates",
    title: "EmailTemplate",
    kind: &EmailTemplate::KIND,
    identity: Identity::Named { field: "template" },
    fields: FIELDS,
    listing: Listing::NONE,
    missing: Missing {
        code: "inexistent_email_template",
        message: "The template does not exist.",
        on_delete: true,
    },
    conflicts: &[],
    read_by: &[],
    rules: Rules {
        before_create,
        before_update,
        check,
        ..Rules::NONE
    },
    operations: &[
        create(&["create:email_templates"], "Create an e-mail template").with_status(200),
        find(&["read:email_templates"], "Read an e-mail template"),
        update(&["update:email_templates"], "Update an e-mail template"),
        replace(
            &["update:email_templates"],
            "Create or replace an e-mail template",
        ),
    ],
};

const FIELDS: &[Field] = &[
    field(
        "template",
        "CUR",
        "enum(verify_email, verify_email_by_code, auth_email_by_code, reset_email, \
         reset_email_by_code, welcome_email, blocked_account, stolen_credentials, \
         enrollment_email, mfa_oob_code, user_invitation, change_password, password_reset, \
         async_approval)",
    )
    .required(),
    field("body", "CUR", "str ..102400?").required(),
    field("from", "CUR", "str ..320?").required(),
    field("subject", "CUR", "str ..998?").required(),
    field("syntax", "CUR", "enum(liquid)?").required(),
    field("resultUrl", "CUR", "str ..2048?"),
    field("urlLifetimeInSeconds", "CUR", "int 0..31536000?"),
    field("includeEmailInRedirect", "CUR", "bool"),
    field("enabled", "CUR", "bool").required(),
];

fn before_create<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let call = change.call;
        let name = change.text("template").unwrap_or_default();
        let (store, kind) = (&call.management.store, call.compiled.resource.kind);
        if store.find(call.tenant, kind, name).await?.is_some() {
            return Err(Failure::conflict(format!(
                "Template {name} already exists."
            )));
        }
        Ok(())
    })
}

fn before_update<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if change.text("template") == Some(change.call.id(0)) {
            return Ok(());
        }
        Err(Failure::body("The name of a template cannot be changed."))
    })
}

/// Refuses what could not be filled later.
fn check(document: &Map<String, Value>) -> Result<(), Failure> {
    for name in ["body", "from", "subject", "resultUrl"] {
        let text = document.get(name).and_then(Value::as_str);
        if let Err(problem) = Template::parse(text.unwrap_or_default()) {
            let message = format!("Liquid template syntax error: {problem} of {name}");
            return Err(Failure::body(message));
        }
    }
    Ok(())
}
