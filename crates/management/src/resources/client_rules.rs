//! The rules of applications that no table can say.

use grantor_protocol::{
    document::Document,
    env::IdForm,
    legacy::Feature,
    model::{Client, ClientGrant, DeviceCredential, ResourceServer, TenantSettings},
};
use grantor_storage::Revoked;
use serde_json::{Map, Value, json};

use crate::{
    engine::Change,
    failure::Failure,
    keys::Pending,
    resource::Rendering,
    resources::{client_credentials, client_defaults, connection_clients, grants},
};

/// `app_type` may be a list separated by commas.
pub(super) fn has_app_type(document: &Map<String, Value>, values: &[String]) -> bool {
    let app_type = document.get("app_type").and_then(Value::as_str);
    let wanted = values.iter().flat_map(|value| value.split(','));
    app_type.is_some_and(|app_type| wanted.into_iter().any(|value| value.trim() == app_type))
}

pub(super) fn before_create<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        rename_logout(change);
        client_defaults::complete(change);
        check(change)?;
        check_legacy_grants(change).await?;
        check_aliases(change).await?;
        client_credentials::adopt_sent(change)?;
        if !change.has("client_secret") {
            let secret = change.call.management.env.id(IdForm::UrlSafe(64));
            change.set("client_secret", secret);
        }
        let host = change.call.request.issuer.as_str();
        let host = host
            .split("://")
            .nth(1)
            .unwrap_or(host)
            .trim_end_matches('/')
            .to_owned();
        let subject = format!("/CN={host}");
        let keys = &change.call.management.keys;
        if let Some(made) = keys.client_certificate(&subject).await? {
            let mut key = json!({"cert": made.cert, "key": made.key, "subject": subject});
            if let (Value::Object(key), Some(pkcs7)) = (&mut key, made.pkcs7) {
                key.insert("pkcs7".to_owned(), json!(pkcs7));
            }
            change.set("signing_keys", json!([key]));
        }
        if wants_connections(change).await? {
            let client_id = change.text("client_id").unwrap_or_default().to_owned();
            connection_clients::enable_everywhere(change, &client_id).await?;
        }
        link_api(change).await
    })
}

pub(super) fn before_update<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        rename_logout(change);
        client_defaults::complete_refresh_token(change);
        check(change)?;
        check_legacy_grants(change).await?;
        check_aliases(change).await?;
        client_credentials::check_named(change)
    })
}

pub(super) fn before_delete<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if change.document.get("global") == Some(&Value::Bool(true)) {
            return Err(Failure::body("Global client cannot be deleted."));
        }
        let client_id = change.text("client_id").unwrap_or_default().to_owned();
        let (tenant, now) = (change.call.tenant, change.call.now);
        let link = ("client_id", client_id.as_str());
        change
            .batch
            .delete_linked(tenant, &ClientGrant::KIND, link, now)
            .delete_linked(tenant, &DeviceCredential::KIND, link, now);
        grants::delete_linked(change, ("client_id", &client_id));
        let tokens = Revoked::OfClient {
            client_id: &client_id,
            audience: None,
        };
        change.batch.revoke_refresh_tokens(tenant, tokens);
        change.batch.forget_deprecated_uses(tenant, &client_id);
        connection_clients::disable_everywhere(change, &client_id).await?;
        unlink_api(change).await
    })
}

/// Whether new clients may use every database; only if the tenant says so.
async fn wants_connections(change: &Change<'_>) -> Result<bool, Failure> {
    let store = &change.call.management.store;
    let (kind, id) = (&TenantSettings::KIND, TenantSettings::ID);
    let settings = store.find(change.call.tenant, kind, id).await?;
    let flag = settings.as_ref().and_then(|settings| {
        let flags = settings.body.get("flags")?;
        flags.get("enable_client_connections")
    });
    Ok(flag == Some(&Value::Bool(true)))
}

/// The older name of `oidc_logout` is accepted and read back under the newer one.
fn rename_logout(change: &mut Change<'_>) {
    if let Some(logout) = change.document.remove("oidc_backchannel_logout") {
        change.set("oidc_logout", logout);
    }
    if let Some(value) = change.call.body.get("cross_origin_auth")
        && !change.call.body.contains_key("cross_origin_authentication")
    {
        change.set("cross_origin_authentication", value.clone());
    }
    change.document.remove("cross_origin_auth");
}

/// What the table cannot say.
fn check(change: &Change<'_>) -> Result<(), Failure> {
    let sent = |name: &str| {
        change
            .call
            .body
            .get(name)
            .is_some_and(|value| !value.is_null())
    };
    if sent("token_endpoint_auth_method") && sent("client_authentication_methods") {
        return Err(Failure::body(
            "Cannot set both token_endpoint_auth_method and client_authentication_methods.",
        ));
    }
    // An address that somebody without a secret sends is anybody's.
    let public = change.text("token_endpoint_auth_method") == Some("none");
    let trusted = change.document.get("is_token_endpoint_ip_header_trusted");
    if public && trusted == Some(&Value::Bool(true)) {
        return Err(Failure::body(
            "is_token_endpoint_ip_header_trusted cannot be set for clients whose \
             token_endpoint_auth_method is none.",
        ));
    }
    let first_party = change.document.get("is_first_party") != Some(&Value::Bool(false));
    if !first_party
        && (change.has("organization_usage") || change.has("organization_require_behavior"))
        && (sent("organization_usage") || sent("organization_require_behavior"))
    {
        return Err(Failure {
            status: 403,
            code: None,
            message: "Organizations are only available to first party clients on user-based \
                      flows. Properties organization_usage and organization_require_behavior \
                      must be unset for third party clients."
                .to_owned(),
        });
    }
    let metadata = change
        .document
        .get("client_metadata")
        .and_then(Value::as_object);
    if let Some(metadata) = metadata {
        if 10 < metadata.len() {
            let count = metadata.len();
            return Err(Failure::body(format!(
                "Payload validation error: 'Too many properties defined ({count}), maximum 10' \
                 on property client_metadata."
            )));
        }
        if metadata.keys().any(|name| 255 < name.chars().count()) {
            return Err(Failure::body(
                "client_metadata keys cannot be longer than 255 characters.",
            ));
        }
    }
    Ok(())
}

/// Grant types of the legacy pipeline come with an application that moves here from elsewhere, while the tenant has what
/// they stand for switched on. Once taken away they do not come back.
async fn check_legacy_grants(change: &Change<'_>) -> Result<(), Failure> {
    let (store, tenant) = (&change.call.management.store, change.call.tenant);
    let wanted = change.document.get("grant_types").and_then(Value::as_array);
    for grant_type in wanted.into_iter().flatten() {
        let name = grant_type.as_str().unwrap_or_default();
        let Some(feature) = Feature::of_grant_type(name) else {
            continue;
        };
        let allowed = if let Some(record) = change.before {
            let before = record.body.get("grant_types").and_then(Value::as_array);
            before.is_some_and(|before| before.contains(grant_type))
        } else {
            let settings = store.typed::<TenantSettings>(tenant, TenantSettings::ID);
            let settings = settings.await?;
            settings.is_some_and(|settings| feature.is_on(&settings.value))
        };
        if !allowed {
            let successor = feature.successor();
            return Err(Failure::body(format!(
                "The grant type {name} is retired and cannot be added: {successor}."
            )));
        }
    }
    Ok(())
}

/// An alias names one client.
async fn check_aliases(change: &Change<'_>) -> Result<(), Failure> {
    let own = change.text("client_id");
    let aliases = change
        .call
        .body
        .get("client_aliases")
        .and_then(Value::as_array);
    for alias in aliases.into_iter().flatten().filter_map(Value::as_str) {
        let link = Some(("alias", alias));
        let others = super::all_documents(change.call, &Client::KIND, link).await?;
        if others.iter().any(|other| Some(other.id.as_str()) != own) {
            return Err(Failure::conflict(
                "Another client exists with the same alias.",
            ));
        }
    }
    Ok(())
}

/// A client that stands for an API: the API must exist, and shows the client's id from then on.
async fn link_api(change: &mut Change<'_>) -> Result<(), Failure> {
    let is_api = change.text("app_type") == Some("resource_server");
    let Some(identifier) = change.text("resource_server_identifier").map(str::to_owned) else {
        return if is_api {
            Err(Failure::body(
                "Payload validation error: 'Missing required property: \
                 resource_server_identifier'.",
            ))
        } else {
            Ok(())
        };
    };
    if !is_api {
        return Err(Failure::body(
            "resource_server_identifier can only be set with app_type resource_server.",
        ));
    }
    let client_id = change
        .document
        .get("client_id")
        .cloned()
        .unwrap_or_default();
    let missing = || {
        Failure::new(
            404,
            "inexistent_resource_server",
            "The resource server does not exist",
        )
    };
    if set_client_of_api(change, &identifier, client_id).await? {
        Ok(())
    } else {
        Err(missing())
    }
}

async fn unlink_api(change: &mut Change<'_>) -> Result<(), Failure> {
    if let Some(identifier) = change.text("resource_server_identifier").map(str::to_owned) {
        set_client_of_api(change, &identifier, Value::Null).await?;
    }
    Ok(())
}

async fn set_client_of_api(
    change: &mut Change<'_>,
    identifier: &str,
    client_id: Value,
) -> Result<bool, Failure> {
    let (call, kind) = (change.call, &ResourceServer::KIND);
    let store = &call.management.store;
    let Some(api) = store
        .find_by(call.tenant, kind, "identifier", &[identifier])
        .await?
    else {
        return Ok(false);
    };
    let mut body = api.body;
    if let Value::Object(members) = &mut body {
        members.remove("client_id");
        if !client_id.is_null() {
            members.insert("client_id".to_owned(), client_id);
        }
    }
    change
        .batch
        .replace(call.tenant, kind, &body, api.revision, call.now);
    Ok(true)
}

pub(super) fn render(rendering: &Rendering<'_>, shown: &mut Map<String, Value>) {
    let call = rendering.call;
    if shown.contains_key("global") {
        shown.insert("tenant".to_owned(), json!(call.tenant.as_str()));
    }
    if let Some(value) = shown.get("cross_origin_authentication").cloned() {
        shown.insert("cross_origin_auth".to_owned(), value);
        shown.insert("callback_url_template".to_owned(), json!(false));
    }
    if rendering.created {
        shown.insert("encrypted".to_owned(), json!(true));
    } else if let Some(Value::Array(keys)) = shown.get_mut("signing_keys") {
        // The private key is told once, to whoever made the client.
        for key in keys.iter_mut().filter_map(Value::as_object_mut) {
            key.remove("key");
            key.insert("subject".to_owned(), json!("deprecated"));
        }
    }
    client_credentials::render(rendering, shown);
}
