//! Client grants: which application may use which API.

use grantor_protocol::{
    document::Document,
    env::IdForm,
    model::{Client, ClientGrant, ResourceServer},
};
use grantor_storage::Record;
use serde_json::{Map, Value};

use crate::{
    engine::{Call, Change},
    failure::Failure,
    keys::Pending,
    resource::{
        Field, Filter, Identity, Listing, Missing, Pass, Resource, Rules, create, delete, field,
        filter, find, list, update,
    },
};

/// `/client-grants`.
pub(crate) const CLIENT_GRANTS: Resource = Resource {
    path: "/client-grants",
    title: "ClientGrant",
    kind: &ClientGrant::KIND,
    identity: Identity::Made {
        field: "id",
        form: IdForm::Alphanumeric("cgr_", 16),
    },
    fields: FIELDS,
    listing: Listing {
        key: "client_grants",
        checkpoint: true,
        totals: true,
        filters: &[
            filter("client_id", "str").linked("client_id"),
            Filter {
                name: "audience",
                schema: "str",
                link: Some("audience"),
                pass: Pass::Audience("audience"),
            },
            filter("allow_any_organization", "enum(true)"),
            filter("subject_type", "enum(client, user)"),
            filter("default_for", "enum(third_party_clients)"),
        ],
    },
    missing: Missing {
        code: "inexistent_client_grant",
        message: "The grant does not exist.",
        on_delete: false,
    },
    conflicts: &[("pair", TAKEN), ("default_for", TAKEN)],
    read_by: &[],
    rules: Rules {
        before_create,
        before_update,
        before_delete,
        ..Rules::NONE
    },
    operations: &[
        list(&["read:client_grants"], "List client grants"),
        create(&["create:client_grants"], "Create a client grant"),
        find(&["read:client_grants"], "Read a client grant"),
        update(&["update:client_grants"], "Update a client grant"),
        delete(&["delete:client_grants"], "Delete a client grant"),
    ],
};

const TAKEN: &str = "A client grant for this client and audience already exists.";

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    field("client_id", "CR", "str 1..64"),
    field("audience", "CR", "str 1..600 audience").required(),
    field("scope", "CUR", "[str 1..280] ..1000 unique").on_update("[str 1..280] ..1000 unique?"),
    field("default_for", "CR", "enum(third_party_clients)"),
    field("organization_usage", "CUR", "enum(deny, allow, require)")
        .on_update("enum(deny, allow, require)?"),
    field("allow_any_organization", "CUR", "bool").on_update("bool?"),
    field("subject_type", "CR", "enum(client, user)").or("\"client\""),
    field("authorization_details_types", "CUR", "[str 1..255]"),
    field("allow_all_scopes", "CUR", "bool").on_update("bool?"),
    field("is_system", "R", "bool"),
];

fn before_create<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        let api = load_api(change).await?;
        // Whoever deletes one of them takes the grants on it along, so no grant is left that hangs on nothing.
        let tenant = change.call.tenant;
        change.batch.require(tenant, &ResourceServer::KIND, &api.id);
        if let Some(client_id) = change.text("client_id").map(str::to_owned) {
            change.batch.require(tenant, &Client::KIND, &client_id);
        }
        match (change.text("client_id"), change.text("default_for")) {
            (None, None) => {
                let message = "Payload validation error: 'Missing required property: client_id'.";
                return Err(Failure::body(message));
            }
            (Some(_), Some(_)) => {
                return Err(Failure::body("Cannot set both client_id and default_for."));
            }
            _ => {}
        }
        check_client(change, &api).await?;
        // DEVIATION: a scope that the API does not have (yet) may be granted, as on the live service; tools create the
        // grant before the scopes. The decision grants what the API has, so such a scope allows nothing.
        if !change.has("scope") && !allows_all(&change.document) {
            let message = "Payload validation error: 'Missing required property: scope'.";
            return Err(Failure::body(message));
        }
        settle(change)
    })
}

fn before_update<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if is_system(change) {
            return Err(Failure::body("System client grants cannot be changed."));
        }
        settle(change)
    })
}

fn before_delete<'a>(change: &'a mut Change<'_>) -> Pending<'a, Result<(), Failure>> {
    Box::pin(async move {
        if is_system(change) {
            return Err(Failure::body("System client grants cannot be deleted."));
        }
        Ok(())
    })
}

/// The clients that have a grant as `q` describes it: `client_grant.organization_id:org_…` or
/// `client_grant.allow_any_organization:true`.
pub(super) fn clients_with<'a>(
    call: &'a Call<'a>,
    q: &'a str,
) -> Pending<'a, Result<Vec<String>, Failure>> {
    Box::pin(async move {
        let wanted = q.trim().split_once(':');
        let wanted = wanted.map(|(field, value)| (field, value.trim_matches('"')));
        let any = match wanted {
            Some(("client_grant.allow_any_organization", "true")) => true,
            // Grants become an organization's when there are organizations: until then none is.
            Some(("client_grant.organization_id", _)) => false,
            _ => {
                return Err(Failure::query(
                    "The parameter q must be client_grant.organization_id:ORGANIZATION or \
                     client_grant.allow_any_organization:true.",
                ));
            }
        };
        if !any {
            return Ok(Vec::new());
        }
        let grants = super::all_documents(call, &ClientGrant::KIND, None).await?;
        let granted = grants
            .iter()
            .filter(|grant| grant.body.get("allow_any_organization") == Some(&Value::Bool(true)));
        Ok(granted
            .filter_map(|grant| Some(grant.body.get("client_id")?.as_str()?.to_owned()))
            .collect())
    })
}

fn is_system(change: &Change<'_>) -> bool {
    change.document.get("is_system") == Some(&Value::Bool(true))
}

async fn load_api(change: &Change<'_>) -> Result<Record, Failure> {
    let (call, audience) = (change.call, change.text("audience").unwrap_or_default());
    let store = &call.management.store;
    let found = store
        .find_by(
            call.tenant,
            &ResourceServer::KIND,
            "identifier",
            &[audience],
        )
        .await?;
    let missing = || {
        Failure::new(
            404,
            "inexistent_resource_server",
            "The resource server does not exist",
        )
    };
    found.ok_or_else(missing)
}

async fn check_client(change: &Change<'_>, api: &Record) -> Result<(), Failure> {
    let third_party = match change.text("client_id") {
        None => true,
        Some(client_id) => {
            let store = &change.call.management.store;
            let client = store
                .find(change.call.tenant, &Client::KIND, client_id)
                .await?;
            let Some(client) = client else {
                return Err(Failure::new(
                    404,
                    "inexistent_client",
                    "The client does not exist",
                ));
            };
            let has = |name: &str, value: Value| client.body.get(name) == Some(&value);
            if has("app_type", "express_configuration".into()) {
                let message = "Client of type express_configuration cannot be used";
                return Err(Failure::new(400, "validation_error", message));
            }
            if has("global", true.into()) {
                return Err(Failure::body("Client is global."));
            }
            has("is_first_party", false.into())
        }
    };
    // Administration of the tenant is for its own people's applications.
    if third_party && api.body.get("is_system") == Some(&Value::Bool(true)) {
        return Err(Failure::body(
            "Client grants for this API cannot be created for third-party clients.",
        ));
    }
    Ok(())
}

/// With every scope granted there is no list; organization settings are for machines.
fn settle(change: &mut Change<'_>) -> Result<(), Failure> {
    if allows_all(&change.document) {
        if change
            .call
            .body
            .get("scope")
            .is_some_and(|scope| !scope.is_null())
        {
            return Err(Failure::body("Cannot set both scope and allow_all_scopes."));
        }
        change.document.remove("scope");
    } else {
        change.document.remove("allow_all_scopes");
        if !change.has("scope") {
            change.set("scope", Value::Array(Vec::new()));
        }
    }
    Ok(())
}

fn allows_all(document: &Map<String, Value>) -> bool {
    document.get("allow_all_scopes") == Some(&Value::Bool(true))
}
