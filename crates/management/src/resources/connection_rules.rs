//! The rules of connections that no table can say.

use grantor_protocol::{document::Document, users::Connection};
use grantor_storage::Record;
use serde_json::{Map, Value, json};

use crate::{
    engine::Change,
    failure::Failure,
    keys::Pending,
    resource::Rendering,
    resources::{all_documents, connection_deletion, connection_options},
};

/// What stands for a value that its writer alone knows.
const MASK: &str = "********";

/// Strategies of companies' directories, which have a button of their own on the login page or not.
const ENTERPRISE: [&str; 14] = [
    "ad",
    "adfs",
    "auth0-adldap",
    "auth0-oidc",
    "custom",
    "google-apps",
    "ip",
    "office365",
    "oidc",
    "okta",
    "pingfederate",
    "samlp",
    "sharepoint",
    "waad",
];

pub(super) fn before_create<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let (name, strategy) = (text(change, "name"), text(change, "strategy"));
        if connection_deletion::is_pending(change.call, &name).await? {
            let message = "A connection with the same name is being deleted, try again later";
            return Err(Failure::conflict(message));
        }
        let mut options = options(change);
        connection_options::check(&strategy, &options)?;
        connection_options::complete_new(&strategy, &mut options);
        change.set("options", options);
        for (member, usual) in [
            ("enabled_clients", json!([])),
            ("realms", json!([name])),
            ("authentication", json!({"active": true})),
            ("connected_accounts", json!({"active": false})),
        ] {
            if !change.has(member) {
                change.set(member, usual);
            }
        }
        if ENTERPRISE.contains(&strategy.as_str()) && !change.has("show_as_button") {
            change.set("show_as_button", false);
        }
        if matches!(strategy.as_str(), "oidc" | "okta" | "waad") && !change.has("display_name") {
            change.set("display_name", name);
        }
        check(change).await
    })
}

pub(super) fn before_update<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if change.call.body.contains_key("options") {
            let strategy = text(change, "strategy");
            let mut options = options(change);
            connection_options::check(&strategy, &options)?;
            keep_masked(change, &mut options);
            connection_options::complete_changed(&strategy, &mut options);
            change.set("options", options);
        }
        if !change.has("enabled_clients") {
            change.set("enabled_clients", json!([]));
        }
        check(change).await
    })
}

/// Values of `options.configuration` are not shown to anybody.
pub(super) fn render(_: &Rendering<'_>, shown: &mut Map<String, Value>) {
    let configuration = shown
        .get_mut("options")
        .and_then(|options| options.get_mut("configuration"))
        .and_then(Value::as_object_mut);
    for value in configuration.into_iter().flat_map(Map::values_mut) {
        *value = json!(MASK);
    }
}

/// Whoever changes the settings reads them first, and sends back the mask where a value is to stay.
fn keep_masked(change: &Change<'_>, options: &mut Map<String, Value>) {
    let before = change
        .before
        .and_then(|record| record.body.pointer("/options/configuration"));
    let sent = options
        .get_mut("configuration")
        .and_then(Value::as_object_mut);
    for (name, value) in sent.into_iter().flatten() {
        if value == MASK
            && let Some(kept) = before.and_then(|before| before.get(name))
        {
            *value = kept.clone();
        }
    }
}

fn options(change: &Change<'_>) -> Map<String, Value> {
    match change.document.get("options") {
        Some(Value::Object(options)) => options.clone(),
        _ => Map::new(),
    }
}

fn text(change: &Change<'_>, name: &str) -> String {
    change.text(name).unwrap_or_default().to_owned()
}

/// What the table cannot say of the whole connection.
async fn check(change: &Change<'_>) -> Result<(), Failure> {
    if change.has("cross_app_access_requesting_app")
        && !matches!(change.text("strategy"), Some("oidc" | "okta"))
    {
        let message = "Cross App Access Requesting App is not supported for this connection.";
        return Err(Failure::new(400, "operation_not_supported", message));
    }
    let document = Value::Object(change.document.clone());
    // Whoever logs in reads the connection in this form.
    let connection: Connection = serde_json::from_value(document).map_err(|problem| {
        Failure::body(format!(
            "Payload validation error: '{problem}' on property options."
        ))
    })?;
    for realm in &connection.realms {
        let link = Some(("realm", realm.as_str()));
        let others = all_documents(change.call, &Connection::KIND, link).await?;
        let other = |other: &Record| {
            // A name that is taken is another refusal.
            other.id != connection.id && other.body.get("name") != Some(&json!(connection.name))
        };
        if others.iter().any(other) {
            let message =
                "There is already another connection with some realms from \"realms\" parameter";
            return Err(Failure::conflict(message));
        }
    }
    Ok(())
}
