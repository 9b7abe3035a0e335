//! APIs (resource servers).

use grantor_protocol::{
    document::Document,
    env::IdForm,
    model::{Client, ClientGrant, ResourceServer},
    tenant::OWN_PREFIX,
};
use grantor_storage::permissions::Permission;
use serde_json::{Map, Value, json};

use crate::{
    engine::Change,
    failure::Failure,
    keys::Pending,
    resource::{
        Field, Filter, Identity, Listing, Missing, Pass, Rendering, Resource, Rules, create,
        delete, field, find, list, update,
    },
    resources::system_api,
};

/// `/resource-servers`.
pub(crate) const RESOURCE_SERVERS: Resource = Resource {
    path: "/resource-servers",
    title: "ResourceServer",
    kind: &ResourceServer::KIND,
    identity: Identity::Made {
        field: "id",
        form: IdForm::Hex(24),
    },
    fields: FIELDS,
    listing: Listing {
        key: "resource_servers",
        checkpoint: false,
        totals: true,
        filters: &[Filter {
            name: "identifiers",
            schema: "str 1..",
            link: Some("identifier"),
            pass: Pass::Audience("identifier"),
        }],
    },
    missing: Missing {
        code: "inexistent_resource_server",
        message: "The resource server does not exist",
        on_delete: false,
    },
    conflicts: &[(
        "identifier",
        "A resource server with the same identifier already exists.",
    )],
    read_by: &[],
    rules: Rules {
        before_create,
        before_update,
        before_delete,
        render,
        ..Rules::NONE
    },
    operations: &[
        list(&["read:resource_servers"], "List APIs"),
        create(&["create:resource_servers"], "Create an API"),
        find(&["read:resource_servers"], "Read an API"),
        update(&["update:resource_servers"], "Update an API"),
        delete(&["delete:resource_servers"], "Delete an API"),
    ],
};

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    field("name", "CUR", "str ..200 /^[^<>]+$/"),
    field("identifier", "CR", "str 1..600 audience").required(),
    field(
        "scopes",
        "CUR",
        "[{value*: str 1..280, description: str ..500}] ..1000 unique(value)",
    ),
    field(
        "signing_alg",
        "CUR",
        "enum(HS256, RS256, RS512, PS256, ES256, EdDSA)",
    )
    .or("\"RS256\""),
    field("signing_secret", "CUR", "str 16.. secret"),
    field("allow_offline_access", "CUR", "bool").or("false"),
    field("allow_online_access", "CUR", "bool"),
    field("allow_online_access_with_ephemeral_sessions", "CUR", "bool"),
    field("token_lifetime", "CUR", "int 1..2592000").or("86400"),
    field("token_lifetime_for_web", "CUR", "int 1..2592000"),
    field(
        "token_dialect",
        "CUR",
        "enum(access_token, access_token_authz, rfc9068_profile, rfc9068_profile_authz)",
    ),
    field(
        "skip_consent_for_verifiable_first_party_clients",
        "CUR",
        "bool",
    )
    .or("false"),
    field("enforce_policies", "CUR", "bool"),
    field(
        "token_encryption",
        "CUR",
        "{format*: enum(compact-nested-jwe), encryption_key*: {name: str 1..128, \
         alg*: enum(RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512), kid: str 1..128, pem*: str 1..4096}}?",
    ),
    field(
        "consent_policy",
        "CUR",
        "enum(transactional-authorization-with-mfa)?",
    ),
    field("authorization_details", "CUR", "[any]?"),
    field(
        "proof_of_possession",
        "CUR",
        "{mechanism*: enum(mtls, dpop), required*: bool, \
         required_for: enum(public_clients, all_clients)}?",
    ),
    field(
        "subject_type_authorization",
        "CUR",
        "{client: {policy: enum(deny_all, require_client_grant)}, \
         user: {policy: enum(allow_all, deny_all, require_client_grant)}}",
    )
    .merged()
    .or(r#"{"client":{"policy":"require_client_grant"},"user":{"policy":"allow_all"}}"#),
    field("authorization_policy", "CUR", "{policy_id*: str 1..1024}?"),
    field("is_system", "R", "bool"),
    field("client_id", "R", "str"),
    field("verificationLocation", "CUR", "str url"),
];

/// Names that an API may not define: they are claims and protocol scopes.
const RESERVED_SCOPES: [&str; 14] = [
    "address",
    "created_at",
    "email",
    "email_verified",
    "family_name",
    "given_name",
    "identities",
    "name",
    "nickname",
    "offline_access",
    "openid",
    "phone",
    "picture",
    "profile",
];

/// What may be changed of the server's own APIs.
const SYSTEM_FIELDS: [&str; 2] = [
    "token_lifetime",
    "skip_consent_for_verifiable_first_party_clients",
];

/// Life of a token for a browser flow where the request does not say, in seconds.
const WEB_LIFETIME: i64 = 7_200;

fn before_create<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let identifier = change.text("identifier").unwrap_or_default().to_owned();
        let userinfo = change.call.request.issuer.url("userinfo");
        if let Some(system) = system_api::find(&identifier) {
            system.complete(&mut change.document);
            return Ok(());
        }
        if identifier.starts_with(OWN_PREFIX) || identifier == userinfo {
            return Err(Failure::body("The selected identifier is reserved."));
        }
        complete_authorization(change);
        if !change.has("token_lifetime_for_web") {
            let lifetime = change
                .document
                .get("token_lifetime")
                .and_then(Value::as_i64);
            change.set(
                "token_lifetime_for_web",
                lifetime.unwrap_or(WEB_LIFETIME).min(WEB_LIFETIME),
            );
        }
        check(change)?;
        settle_secret(change);
        // A client that was made for this API before counts as its client.
        let call = change.call;
        let store = &call.management.store;
        let unique = "resource_server_identifier";
        let linked = store
            .find_by(call.tenant, &Client::KIND, unique, &[&identifier])
            .await?;
        if let Some(client) = linked {
            change.set("client_id", client.id);
        }
        Ok(())
    })
}

fn before_update<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if is_system(change) {
            let sent = &change.call.body;
            if sent
                .keys()
                .any(|name| !SYSTEM_FIELDS.contains(&name.as_str()))
            {
                return Err(Failure::body("System resource servers cannot be patched."));
            }
        }
        // Tokens of two algorithms for one audience would let an attacker choose; clients send the present value back.
        let algorithm = change.text("signing_alg");
        if algorithm != change.text_before("signing_alg") {
            return Err(Failure::body("The signing algorithm cannot be changed."));
        }
        let lifetime = change
            .document
            .get("token_lifetime")
            .and_then(Value::as_i64);
        if let (Some(lifetime), false) = (
            lifetime,
            change.call.body.contains_key("token_lifetime_for_web"),
        ) {
            let web = change
                .document
                .get("token_lifetime_for_web")
                .and_then(Value::as_i64);
            change.set(
                "token_lifetime_for_web",
                web.unwrap_or(WEB_LIFETIME).min(lifetime),
            );
        }
        check(change)?;
        settle_secret(change);
        if change.call.body.contains_key("scopes") {
            withdraw_scopes(change).await?;
        }
        Ok(())
    })
}

fn before_delete<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if is_system(change) {
            return Err(Failure::body("System resource servers cannot be deleted."));
        }
        let identifier = change.text("identifier").unwrap_or_default().to_owned();
        let (tenant, now) = (change.call.tenant, change.call.now);
        let link = ("audience", identifier.as_str());
        change
            .batch
            .delete_linked(tenant, &ClientGrant::KIND, link, now);
        super::grants::delete_linked(change, ("audience", &identifier));
        let id = change.text("id").unwrap_or_default().to_owned();
        change.batch.take_permissions_of_api(tenant, &id);
        Ok(())
    })
}

fn is_system(change: &Change<'_>) -> bool {
    change.document.get("is_system") == Some(&Value::Bool(true))
}

/// A policy that was sent alone keeps the default of the other.
fn complete_authorization(change: &mut Change<'_>) {
    let defaults =
        json!({"client": {"policy": "require_client_grant"}, "user": {"policy": "allow_all"}});
    let (Some(Value::Object(sent)), Value::Object(mut complete)) = (
        change.document.get("subject_type_authorization").cloned(),
        defaults,
    ) else {
        return;
    };
    complete.extend(sent);
    change.set("subject_type_authorization", complete);
}

fn check(change: &Change<'_>) -> Result<(), Failure> {
    for value in scope_values(&change.document) {
        if RESERVED_SCOPES.contains(&value) {
            return Err(Failure::body(format!("The scope {value} is reserved.")));
        }
        // RFC 6749 §3.3: a scope is a list separated by spaces, so a name with one would be two.
        let printable = |byte: u8| (0x21..=0x7e).contains(&byte) && byte != b'"' && byte != b'\\';
        if !value.bytes().all(printable) {
            return Err(Failure::body(format!(
                "The scope {value:?} is not a scope token."
            )));
        }
    }
    let lifetime = |name| {
        change
            .document
            .get(name)
            .and_then(Value::as_i64)
            .unwrap_or(0)
    };
    if lifetime("token_lifetime") < lifetime("token_lifetime_for_web") {
        return Err(Failure::body(
            "token_lifetime_for_web cannot be greater than token_lifetime.",
        ));
    }
    let symmetric = change.text("signing_alg") == Some("HS256");
    if !symmetric
        && change
            .call
            .body
            .get("signing_secret")
            .is_some_and(|sent| !sent.is_null())
    {
        return Err(Failure::body(
            "signing_secret can only be set with the algorithm HS256.",
        ));
    }
    encryption_key(change)
}

/// An encryption key must be one that tokens can be encrypted with.
fn encryption_key(change: &Change<'_>) -> Result<(), Failure> {
    let pem = change.call.body.get("token_encryption");
    let pem = pem
        .and_then(|value| value.pointer("/encryption_key/pem"))
        .and_then(Value::as_str);
    let Some(pem) = pem else {
        return Ok(());
    };
    match change.call.management.keys.describe_public_key(pem) {
        Ok(_) => Ok(()),
        Err(problem) => Err(Failure::body(problem)),
    }
}

/// An HS256 API has a secret, others have none.
fn settle_secret(change: &mut Change<'_>) {
    if change.text("signing_alg") != Some("HS256") {
        change.document.remove("signing_secret");
    } else if !change.has("signing_secret") {
        let secret = change.call.management.env.id(IdForm::UrlSafe(64));
        change.set("signing_secret", secret);
    }
}

/// A scope that the API no longer has is taken from its grants, from roles and from users in the same batch, so that no
/// later token carries it and a scope of the same name made later is not granted unseen.
async fn withdraw_scopes(change: &mut Change<'_>) -> Result<(), Failure> {
    let kept: Vec<String> = scope_values(&change.document).map(str::to_owned).collect();
    let before = change.before.and_then(|record| record.body.as_object());
    let removed: Vec<String> = before
        .map(|before| scope_values(before).filter(|value| !kept.iter().any(|kept| kept == value)))
        .into_iter()
        .flatten()
        .map(str::to_owned)
        .collect();
    if removed.is_empty() {
        return Ok(());
    }
    let (call, kind) = (change.call, &ClientGrant::KIND);
    if let Some(record) = change.before {
        // The API first: so whoever gives one of these permissions meanwhile is seen, or sees this.
        let (api, batch) = (&ResourceServer::KIND, &mut change.batch);
        batch.require_revision(call.tenant, api, &record.id, record.revision);
        for name in removed.iter().cloned() {
            let resource_server_id = record.id.clone();
            let gone = Permission {
                resource_server_id,
                name,
            };
            batch.take_permission_from_all(call.tenant, &gone);
        }
    }
    let identifier = change.text("identifier").unwrap_or_default().to_owned();
    for grant in super::all_documents(call, kind, Some(("audience", &identifier))).await? {
        let mut body = grant.body;
        let Some(Value::Array(scope)) = body.get_mut("scope") else {
            continue;
        };
        let count = scope.len();
        scope.retain(|value| !removed.iter().any(|removed| value == removed));
        if scope.len() < count {
            change
                .batch
                .replace(call.tenant, kind, &body, grant.revision, call.now);
        }
    }
    Ok(())
}

fn scope_values(document: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let scopes = document
        .get("scopes")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    scopes.filter_map(|scope| scope.get("value").and_then(Value::as_str))
}

fn render(rendering: &Rendering<'_>, shown: &mut Map<String, Value>) {
    let Some(Value::Object(encryption)) = shown.get_mut("token_encryption") else {
        return;
    };
    let Some(Value::Object(key)) = encryption.get_mut("encryption_key") else {
        return;
    };
    let pem = key.remove("pem");
    let described = pem
        .as_ref()
        .and_then(Value::as_str)
        .and_then(|pem| rendering.call.management.keys.describe_public_key(pem).ok());
    if let Some(described) = described {
        let thumbprint = described.certificate.map(|facts| facts.thumbprint_sha256);
        let thumbprint = thumbprint.unwrap_or(described.thumbprint);
        key.insert("thumbprint_sha256".to_owned(), json!(thumbprint));
    }
}
