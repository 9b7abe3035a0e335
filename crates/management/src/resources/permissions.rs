//! Permissions of roles and of users: scopes of APIs, by the API's identifier.

use std::{collections::BTreeMap, sync::Arc};

use grantor_protocol::{
    document::Document,
    model::{ResourceServer, Role},
};
use grantor_storage::{
    Batch, Error as StoreError,
    permissions::{Held, Permission, TOO_MANY, USER},
};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::Paging,
    resource::{Answer, Field, Resource, Scopes, field, run},
    resources::{offset_list, users},
};

/// `/users/{id}/permissions`.
pub(crate) const USER_PERMISSIONS: Resource = Resource::of_operations(
    "/users/{id}/permissions",
    "UserPermission",
    FIELDS,
    &[
        run(
            "GET",
            "/users/{id}/permissions",
            Scopes::Any(&["read:users"]),
            200,
            list_of_user,
            "List the permissions of a user",
        )
        .with_query(QUERY)
        .answering(Answer::Shape(OF_USER)),
        run(
            "POST",
            "/users/{id}/permissions",
            Scopes::Any(&["update:users"]),
            201,
            give_user,
            "Give a user permissions",
        )
        .with_body(BODY)
        .answering(Answer::Shape("{}")),
        run(
            "DELETE",
            "/users/{id}/permissions",
            Scopes::Any(&["update:users"]),
            204,
            take_from_user,
            "Take permissions from a user",
        )
        .with_body(BODY),
    ],
);

const FIELDS: &[Field] = &[
    field("permission_name", "R", "str"),
    field("description", "R", "str"),
    field("resource_server_name", "R", "str"),
    field("resource_server_identifier", "R", "str"),
    field(
        "sources",
        "R",
        "[{source_id: str, source_name: str, source_type: enum(DIRECT, ROLE)}]",
    ),
];

/// The query of the lists.
pub(super) const QUERY: &[(&str, &str)] = &[
    ("page", "int 0..1000000"),
    ("per_page", "int 0..100"),
    ("include_totals", "bool"),
];

/// Permissions that are given or taken.
pub(super) const BODY: &str = "{permissions*: [{resource_server_identifier*: str 1..600, \
     permission_name*: str 1..280}] 1..1000}";

/// What a list of a role's permissions is.
pub(super) const OF_ROLE: &str = "any of([{...}]; {start: int, limit: int, total: int, \
     permissions*: [{permission_name: str, description: str, resource_server_name: str, \
     resource_server_identifier: str}]})";

const OF_USER: &str = "any of([{...}]; {start: int, limit: int, total: int, \
     permissions*: [{permission_name: str, description: str, resource_server_name: str, \
     resource_server_identifier: str, sources: [{...}]}]})";

/// How often a write is tried again when an API or a role was changed meanwhile.
const ATTEMPTS: usize = 20;

/// `GET /roles/{id}/permissions`.
pub(super) fn list_of_role<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let paging = Paging::offset(&call.query)?;
        let role = call.load().await?;
        let store = &call.management.store;
        let part = (paging.0 * paging.1, paging.1);
        let found = store.permissions_of_role(call.tenant, &role.id, part);
        let (found, total) = found.await?;
        let mut apis = Apis::default();
        let mut shown = Vec::with_capacity(found.len());
        for permission in &found {
            let row = apis.show(call, permission).await?;
            shown.push(Value::Object(row));
        }
        Ok(offset_list("permissions", paging, shown, total))
    })
}

/// `GET /users/{id}/permissions`.
fn list_of_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let paging = Paging::offset(&call.query)?;
        let user = users::load(call, &["read:users"]).await?.user;
        let store = &call.management.store;
        let part = (paging.0 * paging.1, paging.1);
        let found = store.permissions_of_user(call.tenant, user.user_id.as_str(), part);
        let (found, total) = found.await?;
        let mut apis = Apis::default();
        let mut shown = Vec::with_capacity(found.len());
        for Held {
            permission,
            sources,
        } in &found
        {
            let mut row = apis.show(call, permission).await?;
            let mut told = Vec::with_capacity(sources.len());
            for source in sources {
                told.push(show_source(call, source.as_deref()).await?);
            }
            row.insert("sources".to_owned(), Value::Array(told));
            shown.push(Value::Object(row));
        }
        Ok(offset_list("permissions", paging, shown, total))
    })
}

async fn show_source(call: &Call<'_>, role_id: Option<&str>) -> Result<Value, Failure> {
    let Some(role_id) = role_id else {
        return Ok(json!({"source_id": "", "source_name": "", "source_type": "DIRECT"}));
    };
    let store = &call.management.store;
    let role = store.typed::<Role>(call.tenant, role_id).await?;
    let name = role.map_or_else(String::new, |role| role.value.name.clone());
    Ok(json!({"source_id": role_id, "source_name": name, "source_type": "ROLE"}))
}

/// The APIs whose permissions are shown, each looked up once.
#[derive(Default)]
struct Apis(BTreeMap<String, Option<Arc<ResourceServer>>>);

impl Apis {
    async fn show(
        &mut self,
        call: &Call<'_>,
        permission: &Permission,
    ) -> Result<Map<String, Value>, Failure> {
        let id = &permission.resource_server_id;
        if !self.0.contains_key(id) {
            let found = call.management.store.typed(call.tenant, id).await?;
            let api = found.map(|found| Arc::clone(&found.value));
            self.0.insert(id.clone(), api);
        }
        let api = self.0.get(id).and_then(Option::as_deref);
        let scope = api.and_then(|api| {
            let mut scopes = api.scopes.iter().flatten();
            scopes.find(|scope| scope.value == permission.name)
        });
        let description = scope.and_then(|scope| scope.description.as_deref());
        let identifier = api.map(|api| call.request.issuer.to_wire(&api.identifier));
        let name = api.and_then(|api| api.name.clone());
        let mut row = Map::new();
        for (member, value) in [
            ("permission_name", permission.name.clone()),
            ("description", description.unwrap_or_default().to_owned()),
            ("resource_server_name", name.unwrap_or_default()),
            ("resource_server_identifier", identifier.unwrap_or_default()),
        ] {
            row.insert(member.to_owned(), Value::from(value));
        }
        Ok(row)
    }
}

/// `POST /roles/{id}/permissions`.
pub(super) fn give_role<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let response = Response::json(201, json!({}));
        for _ in 0..ATTEMPTS {
            let role = call.load().await?;
            let named = Named::existing(call).await?;
            let mut batch = call.management.store.batch();
            named.require(call, &mut batch);
            batch.require(call.tenant, &Role::KIND, &role.id);
            batch.give_role_permissions(call.tenant, &role.id, &named.permissions);
            match call.commit_recorded(batch, &response).await {
                Ok(()) => return Ok(response),
                Err(StoreError::Guard { label: TOO_MANY }) => {
                    let message = "No more permissions can be assigned to this role";
                    return Err(Failure::bare(400, message));
                }
                // The role or an API was changed meanwhile.
                Err(StoreError::Guard { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::busy())
    })
}

/// `DELETE /roles/{id}/permissions`.
pub(super) fn take_from_role<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let role = call.load().await?;
        let named = Named::read(call).await?;
        let response = Response::nothing();
        let mut batch = call.management.store.batch();
        batch.take_role_permissions(call.tenant, &role.id, &named.permissions);
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}

/// `POST /users/{id}/permissions`.
fn give_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let response = Response::json(201, json!({}));
        for _ in 0..ATTEMPTS {
            let user = users::load(call, &["update:users"]).await?.user;
            let user_id = user.user_id.as_str();
            let named = Named::existing(call).await?;
            let mut batch = call.management.store.batch();
            named.require(call, &mut batch);
            batch.require_user(call.tenant, user_id);
            batch.give_user_permissions(call.tenant, user_id, &named.permissions);
            match call.commit_recorded(batch, &response).await {
                Ok(()) => return Ok(response),
                Err(StoreError::Guard { label: TOO_MANY }) => {
                    let message = "No more permissions can be assigned to this user";
                    return Err(Failure::bare(400, message));
                }
                Err(StoreError::Guard { label: USER }) => return Err(users::missing()),
                // An API was changed meanwhile.
                Err(StoreError::Guard { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(Failure::busy())
    })
}

/// `DELETE /users/{id}/permissions`.
fn take_from_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let user = users::load(call, &["update:users"]).await?.user;
        let named = Named::read(call).await?;
        let response = Response::nothing();
        let mut batch = call.management.store.batch();
        batch.take_user_permissions(call.tenant, user.user_id.as_str(), &named.permissions);
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}

/// The permissions that a body names, and the APIs they are of as they were read.
struct Named {
    permissions: Vec<Permission>,
    /// Ids and revisions.
    apis: BTreeMap<String, i64>,
    /// What does not exist.
    unknown: Option<Failure>,
}

impl Named {
    /// Reads the body; what does not exist is left out, because nobody has it.
    async fn read(call: &Call<'_>) -> Result<Self, Failure> {
        let mut named = Self {
            permissions: Vec::new(),
            apis: BTreeMap::new(),
            unknown: None,
        };
        let mut wanted: BTreeMap<String, Vec<&str>> = BTreeMap::new();
        let entries = call.body.get("permissions").and_then(Value::as_array);
        for entry in entries.into_iter().flatten() {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
            let stored = call
                .request
                .issuer
                .to_stored(text("resource_server_identifier"));
            let of_api = wanted.entry(stored).or_default();
            of_api.push(text("permission_name"));
        }
        let store = &call.management.store;
        for (identifier, of_api) in wanted {
            // Not from the cache: what is given must exist now.
            let (kind, key) = (&ResourceServer::KIND, [identifier.as_str()]);
            let found = store.find_by(call.tenant, kind, "identifier", &key);
            let Some(record) = found.await? else {
                let message = "The resource server does not exist.";
                named.unknown = Some(Failure::bare(404, message));
                continue;
            };
            let scopes = record.body.get("scopes").and_then(Value::as_array);
            let scopes = scopes.into_iter().flatten();
            let values: Vec<&str> = scopes
                .filter_map(|scope| scope.get("value")?.as_str())
                .collect();
            for name in of_api {
                if values.contains(&name) {
                    named.permissions.push(Permission {
                        resource_server_id: record.id.clone(),
                        name: name.to_owned(),
                    });
                } else {
                    let message = format!("The permission {name} does not exist.");
                    named.unknown.get_or_insert(Failure::bare(400, message));
                }
            }
            named.apis.insert(record.id, record.revision);
        }
        Ok(named)
    }

    /// The same where everything must exist.
    async fn existing(call: &Call<'_>) -> Result<Self, Failure> {
        let mut named = Self::read(call).await?;
        match named.unknown.take() {
            Some(unknown) => Err(unknown),
            None => Ok(named),
        }
    }

    /// Has the batch fail if one of the APIs is changed before it is committed.
    fn require(&self, call: &Call<'_>, batch: &mut Batch) {
        for (id, revision) in &self.apis {
            batch.require_revision(call.tenant, &ResourceServer::KIND, id, *revision);
        }
    }
}
