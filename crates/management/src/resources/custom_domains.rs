//! Custom domains: further hosts under which a tenant is reached.

use grantor_protocol::{document::Document, env::IdForm, model::CustomDomain};
use grantor_storage::Error as StoreError;
use serde_json::{Map, Value, json};

use crate::{
    call::{Authority, Response},
    engine::{Call, Change, members},
    failure::Failure,
    keys::Pending,
    resource::{
        Answer, Field, Identity, Listing, Missing, Rendering, Resource, Rules, Scopes, create,
        delete, field, find, list, run, update,
    },
};

/// `/custom-domains`.
pub(crate) const CUSTOM_DOMAINS: Resource = Resource {
    path: "/custom-domains",
    title: "CustomDomain",
    kind: &CustomDomain::KIND,
    identity: Identity::Made {
        field: "custom_domain_id",
        form: IdForm::Alphanumeric("cd_", 16),
    },
    fields: FIELDS,
    listing: Listing {
        key: "custom_domains",
        checkpoint: true,
        totals: false,
        filters: &[],
    },
    missing: Missing {
        code: "inexistent_custom_domain",
        message: "The custom domain does not exist",
        on_delete: false,
    },
    conflicts: &[("domain", "Custom domain already exists")],
    read_by: &[],
    rules: Rules {
        before_create,
        before_update,
        before_delete,
        render,
        ..Rules::NONE
    },
    operations: &[
        list(&["read:custom_domains"], "List custom domains"),
        create(&["create:custom_domains"], "Create a custom domain"),
        find(&["read:custom_domains"], "Read a custom domain"),
        update(&["update:custom_domains"], "Update a custom domain"),
        delete(&["delete:custom_domains"], "Delete a custom domain"),
        run(
            "GET",
            "/custom-domains/default",
            Scopes::Any(&["read:custom_domains"]),
            200,
            find_default,
            "Read the default domain",
        ),
        run(
            "PATCH",
            "/custom-domains/default",
            Scopes::Any(&["update:custom_domains"]),
            200,
            set_default,
            "Set the default domain",
        )
        .with_body("{domain*: str 1..253}"),
        run(
            "POST",
            "/custom-domains/{id}/test",
            Scopes::Any(&["read:custom_domains"]),
            200,
            test,
            "Test a custom domain",
        )
        .answering(Answer::Shape("{success: bool, message: str}")),
        run(
            "POST",
            "/custom-domains/{id}/verify",
            Scopes::Any(&["create:custom_domains"]),
            200,
            verify,
            "Verify a custom domain",
        ),
    ],
};

const FIELDS: &[Field] = &[
    field("custom_domain_id", "R", "str"),
    field("domain", "CR", "str 3..253 hostname").required(),
    field("primary", "R", "bool"),
    field("is_default", "R", "bool"),
    field("status", "R", "enum(pending_verification, ready, failed)"),
    field(
        "type",
        "CR",
        "enum(auth0_managed_certs, self_managed_certs)",
    )
    .required(),
    field("verification_method", "C", "enum(txt)"),
    field("verification", "R", "{...}"),
    field("tls_policy", "CUR", "enum(recommended)"),
    field(
        "custom_client_ip_header",
        "CUR",
        "enum(true-client-ip, cf-connecting-ip, x-forwarded-for, x-azure-clientip, )?",
    ),
    field("domain_metadata", "CUR", "map(str ..255) ..10")
        .on_update("map(str ..255?) ..20")
        .merged(),
    field("relying_party_identifier", "CUR", "str 1..253 hostname?"),
    field("origin_domain_name", "R", "str"),
    field("certificate", "R", "{...}"),
    field("created_at", "R", "str date-time"),
];

const SELF_MANAGED: &str = "self_managed_certs";

fn before_create<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let call = change.call;
        let domain = change
            .text("domain")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let self_managed = change.text("type") == Some(SELF_MANAGED);
        check(change, &domain)?;
        if !self_managed && !change.has("tls_policy") {
            change.set("tls_policy", "recommended");
        }
        change.document.remove("verification_method");
        let method = if self_managed {
            let record = call.management.env.id(IdForm::UrlSafe(32));
            json!({"name": "TXT", "record": record, "domain": format!("_grantor.{domain}")})
        } else {
            json!({"name": "CNAME", "record": host(call), "domain": domain})
        };
        change.set("domain", domain);
        let others = super::all_documents(call, &CustomDomain::KIND, None).await?;
        change.set("primary", others.is_empty());
        change.set("is_default", false);
        change.set("status", "pending_verification");
        change.set("verification", json!({"methods": [method]}));
        change.set("created_at", call.now.rfc3339());
        Ok(())
    })
}

fn before_update<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let domain = change.text("domain").unwrap_or_default().to_owned();
        if change.text("custom_client_ip_header") == Some("") {
            change.document.remove("custom_client_ip_header");
        }
        check(change, &domain)
    })
}

fn before_delete<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if change.document.get("is_default") == Some(&Value::Bool(true)) {
            return Err(Failure::conflict(
                "Cannot delete the default custom domain. Please set another domain as default \
                 before deleting this one.",
            ));
        }
        if change.text("status") == Some("ready") {
            let (call, domain) = (change.call, change.text("domain").unwrap_or_default());
            // First the host, so that a failure between leaves a domain that can be deleted again.
            match call
                .management
                .store
                .remove_host(call.tenant, domain, call.now)
                .await
            {
                Ok(()) | Err(StoreError::Guard { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    })
}

/// A domain with certificates of its own always says which header it trusts, be it none.
fn render(rendering: &Rendering<'_>, shown: &mut Map<String, Value>) {
    let kind = rendering.document.get("type").and_then(Value::as_str);
    if kind == Some(SELF_MANAGED) {
        shown
            .entry("custom_client_ip_header")
            .or_insert(Value::Null);
    }
}

fn check(change: &Change<'_>, domain: &str) -> Result<(), Failure> {
    let self_managed = change.text("type") == Some(SELF_MANAGED);
    if self_managed && change.call.body.contains_key("tls_policy") {
        return Err(Failure::body(
            "The 'tls_policy' cannot be set on self_managed domains",
        ));
    }
    if !self_managed && change.has("custom_client_ip_header") {
        return Err(Failure::body(
            "The 'custom_client_ip_header' cannot be set on auth0_managed domains",
        ));
    }
    let party = change.text("relying_party_identifier").unwrap_or(domain);
    let is_suffix = domain == party || domain.ends_with(&format!(".{party}"));
    if !is_suffix {
        return Err(Failure::body(
            "The 'relying_party_identifier' must be equal to or a registrable domain suffix of \
             the domain",
        ));
    }
    Ok(())
}

/// Looks whether the domain points here; the operator's word is enough.
fn verify<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let before = members(&call.load().await?);
        if before.get("status").and_then(Value::as_str) == Some("ready") {
            return Err(Failure::body("Custom domain already verified"));
        }
        let verified =
            call.caller.authority == Authority::Operator || is_pointed(call, &before).await;
        let domain = before
            .get("domain")
            .and_then(Value::as_str)
            .unwrap_or_default();
        if verified {
            match call
                .management
                .store
                .add_host(call.tenant, domain, call.now)
                .await
            {
                Ok(()) => {}
                // A host that is there already is this tenant's from an attempt that was cut off, or another's.
                Err(StoreError::Conflict { .. }) => {
                    let hosts = call.management.store.hosts(call.tenant).await?;
                    if !hosts.iter().any(|host| host == domain) {
                        return Err(Failure::conflict("Custom domain already exists"));
                    }
                }
                Err(error) => return Err(error.into()),
            }
        }
        let note = |document: &mut Map<String, Value>| {
            note_verification(call, document, verified);
            Ok(())
        };
        let document = members(&call.change_record(note).await?);
        Ok(call.show(200, &document, false))
    })
}

fn note_verification(call: &Call<'_>, document: &mut Map<String, Value>, verified: bool) {
    if let Some(Value::Object(verification)) = document.get_mut("verification") {
        if verified {
            verification.insert("status".to_owned(), json!("verified"));
            verification.insert("last_verified_at".to_owned(), json!(call.now.rfc3339()));
            verification.remove("error_msg");
        } else {
            verification.insert("status".to_owned(), json!("failed"));
            let message = "The record was not found in the domain name system.";
            verification.insert("error_msg".to_owned(), json!(message));
        }
    }
    if verified {
        document.insert("status".to_owned(), json!("ready"));
        document.insert("origin_domain_name".to_owned(), json!(host(call)));
    }
}

fn test<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let document = members(&call.load().await?);
        let success = is_pointed(call, &document).await;
        let message = if success {
            "The domain points here"
        } else {
            "The record was not found"
        };
        Ok(Response::json(
            200,
            json!({"success": success, "message": message}),
        ))
    })
}

async fn is_pointed(call: &Call<'_>, document: &Map<String, Value>) -> bool {
    let method = document
        .get("verification")
        .and_then(|value| value.pointer("/methods/0"));
    let record = method
        .and_then(|method| method.get("record"))
        .and_then(Value::as_str);
    let name = method
        .and_then(|method| method.get("domain"))
        .and_then(Value::as_str);
    match (name, record) {
        (Some(name), Some(record)) => call.management.domains.points_to(name, record).await,
        _ => false,
    }
}

fn find_default<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let records = all(call).await?;
        let default = records.iter().map(members).find(is_default);
        Ok(match default {
            Some(document) => call.show(200, &document, false),
            None => Response::json(200, json!({"domain": host(call)})),
        })
    })
}

fn set_default<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let wanted = call
            .body
            .get("domain")
            .and_then(Value::as_str)
            .unwrap_or_default();
        let wanted = wanted.to_ascii_lowercase();
        let mut batch = call.management.store.batch();
        let mut chosen = None;
        for record in all(call).await? {
            let mut document = members(&record);
            let is_wanted = document.get("domain").and_then(Value::as_str) == Some(wanted.as_str());
            if is_default(&document) != is_wanted {
                document.insert("is_default".to_owned(), json!(is_wanted));
                let body = Value::Object(document.clone());
                let kind = &CustomDomain::KIND;
                batch.replace(call.tenant, kind, &body, record.revision, call.now);
            }
            if is_wanted {
                chosen = Some(document);
            }
        }
        if chosen.is_none() && wanted != host(call) {
            return Err(call.compiled.resource.missing.failure());
        }
        let response = match chosen {
            Some(document) => call.show(200, &document, false),
            None => Response::json(200, json!({"domain": wanted})),
        };
        match call.commit_recorded(batch, &response).await {
            Err(StoreError::Guard { .. }) => Err(Failure::precondition()),
            other => Ok(other.map(|()| response)?),
        }
    })
}

fn is_default(document: &Map<String, Value>) -> bool {
    document.get("is_default") == Some(&Value::Bool(true))
}

/// Every custom domain of the tenant.
async fn all(call: &Call<'_>) -> Result<Vec<grantor_storage::Record>, Failure> {
    super::all_documents(call, &CustomDomain::KIND, None).await
}

/// The host under which the request came, which is where a custom domain points to.
fn host(call: &Call<'_>) -> String {
    let issuer = call.request.issuer.as_str();
    let host = issuer
        .split("://")
        .nth(1)
        .unwrap_or(issuer)
        .trim_end_matches('/');
    host.split(':').next().unwrap_or(host).to_owned()
}
