//! Who has a role: seen from the role, and from the user.

use grantor_protocol::{model::Role, users::UserId};
use grantor_storage::{
    Error as StoreError,
    permissions::{Member, TOO_MANY, USER},
};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::{Cursor, Paging},
    resource::{Answer, Field, Resource, Scopes, field, run},
    resources::{offset_list, roles, users},
};

/// `/users/{id}/roles`.
pub(crate) const USER_ROLES: Resource = Resource::of_operations(
    "/users/{id}/roles",
    "UserRole",
    FIELDS,
    &[
        run(
            "GET",
            "/users/{id}/roles",
            Scopes::All(&["read:users", "read:roles", "read:role_members"]),
            200,
            list_of_user,
            "List the roles of a user",
        )
        .with_query(&[
            ("page", "int 0..1000000"),
            ("per_page", "int 0..100"),
            ("include_totals", "bool"),
        ])
        .answering(Answer::Shape(
            "any of([{...}]; {start: int, limit: int, total: int, \
             roles*: [{id: str, name: str, description: str}]})",
        )),
        run(
            "POST",
            "/users/{id}/roles",
            Scopes::Any(&["update:users", "create:role_members"]),
            204,
            give_user,
            "Give a user roles",
        )
        .with_body(ROLES_BODY),
        run(
            "DELETE",
            "/users/{id}/roles",
            Scopes::Any(&["update:users", "delete:role_members"]),
            204,
            take_from_user,
            "Take roles from a user",
        )
        .with_body(ROLES_BODY),
    ],
);

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    field("name", "R", "str"),
    field("description", "R", "str"),
];

/// The query of `GET /roles/{id}/users`.
pub(super) const QUERY: &[(&str, &str)] = &[
    ("page", "int 0..1000000"),
    ("per_page", "int 0..100"),
    ("include_totals", "bool"),
    ("from", "str"),
    ("take", "int 1..100"),
];

/// What `GET /roles/{id}/users` answers.
pub(super) const ANSWER: &str = "any of([{...}]; {start: int, limit: int, total: int, next: str, \
     users*: [{user_id: str, email: str, picture: str, name: str}]})";

/// The body of `POST /roles/{id}/users`.
pub(super) const BODY: &str = "{users*: [str 1..255] 1..1000}";

const ROLES_BODY: &str = "{roles*: [str 1..64] 1..1000}";

/// How far paging by number reaches; further on goes `take`.
const MAX_PAGED: i64 = 1_000;

/// `GET /roles/{id}/users`.
pub(super) fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let paging = Paging::read(&call.query, true)?;
        let role = call.load().await?;
        let store = &call.management.store;
        match paging {
            Paging::Offset {
                page,
                per_page,
                totals,
            } => {
                let start = page * per_page;
                if MAX_PAGED < start + per_page {
                    let message = "You can only page through the first 1000 records.";
                    return Err(Failure::query(message));
                }
                let part = (start, per_page);
                let found = store.users_of_role(call.tenant, &role.id, None, part);
                let shown = found.await?.iter().map(show).collect();
                let total = store.count_users_of_role(call.tenant, &role.id).await?;
                let paging = (page, per_page, totals);
                Ok(offset_list("users", paging, shown, total))
            }
            Paging::Checkpoint { from, take } => {
                let from = from.as_deref().map(Cursor::read).transpose()?;
                let after = from
                    .as_ref()
                    .map(|from| (from.created_at, from.id.as_str()));
                // One more than asked tells whether there is a next part.
                let part = (0, take + 1);
                let found = store.users_of_role(call.tenant, &role.id, after, part);
                let mut found = found.await?;
                let take = usize::try_from(take).unwrap_or(usize::MAX);
                let more = take < found.len();
                found.truncate(take);
                let shown: Vec<Value> = found.iter().map(show).collect();
                let mut body = Map::new();
                body.insert("users".to_owned(), json!(shown));
                if let Some(last) = found.last().filter(|_| more) {
                    let cursor = Cursor {
                        created_at: last.since,
                        id: last.user.user.user_id.as_str().to_owned(),
                    };
                    body.insert("next".to_owned(), json!(cursor.write()));
                }
                Ok(Response::json(200, Value::Object(body)))
            }
        }
    })
}

fn show(member: &Member) -> Value {
    let mut fields = member.user.user.fields();
    let shown = ["user_id", "email", "picture", "name"];
    fields.retain(|name, _| shown.contains(&name.as_str()));
    Value::Object(fields)
}

/// `POST /roles/{id}/users`.
pub(super) fn add<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let role = call.load().await?;
        let user_ids = texts(call, "users");
        let unknown = || Failure::bare(404, "One or more of the users do not exist.");
        if user_ids.iter().any(|id| UserId::parse(id).is_none()) {
            return Err(unknown());
        }
        let response = Response::json(200, json!({}));
        let mut batch = call.management.store.batch();
        batch.give_roles(call.tenant, &[role.id], &user_ids, call.now);
        match call.commit_recorded(batch, &response).await {
            Ok(()) => Ok(response),
            Err(StoreError::Guard { label: USER }) => Err(unknown()),
            Err(error) => Err(refusal(error)),
        }
    })
}

/// `GET /users/{id}/roles`.
fn list_of_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let (page, per_page, totals) = Paging::offset(&call.query)?;
        let user = users::load(call, &["read:users"]).await?.user;
        let store = &call.management.store;
        let mut found = Vec::new();
        for id in store
            .roles_of_user(call.tenant, user.user_id.as_str())
            .await?
        {
            found.extend(store.typed::<Role>(call.tenant, &id).await?);
        }
        // There are few, so they come in an order that people like.
        found.sort_by(|one, other| one.value.name.cmp(&other.value.name));
        let number = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
        let part = found.iter().skip(number(page * per_page));
        let shown = part.take(number(per_page)).map(|role| {
            let role = &role.value;
            let description = role.rest.get("description").and_then(Value::as_str);
            json!({"id": role.id, "name": role.name,
                "description": description.unwrap_or_default()})
        });
        let total = i64::try_from(found.len()).unwrap_or(i64::MAX);
        let paging = (page, per_page, totals);
        Ok(offset_list("roles", paging, shown.collect(), total))
    })
}

/// `POST /users/{id}/roles`.
fn give_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let any = ["update:users", "create:role_members"];
        let user_id = users::load(call, &any).await?.user.user_id;
        let response = Response::nothing();
        let mut batch = call.management.store.batch();
        let user_ids = [user_id.as_str().to_owned()];
        batch.give_roles(call.tenant, &texts(call, "roles"), &user_ids, call.now);
        match call.commit_recorded(batch, &response).await {
            Ok(()) => Ok(response),
            Err(StoreError::Guard { label: USER }) => Err(users::missing()),
            Err(error) => Err(refusal(error)),
        }
    })
}

/// `DELETE /users/{id}/roles`.
fn take_from_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let any = ["update:users", "delete:role_members"];
        let user_id = users::load(call, &any).await?.user.user_id;
        let response = Response::nothing();
        let mut batch = call.management.store.batch();
        for role_id in texts(call, "roles") {
            batch.take_role(call.tenant, &role_id, user_id.as_str());
        }
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}

/// The texts of a list in the body.
fn texts(call: &Call<'_>, name: &str) -> Vec<String> {
    let entries = call.body.get(name).and_then(Value::as_array);
    let texts = entries.into_iter().flatten().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

/// Why roles were not given.
fn refusal(error: StoreError) -> Failure {
    match error {
        StoreError::Guard { label: TOO_MANY } => {
            let message = "You reached the limit of entities of this type for this user";
            Failure::bare(403, message)
        }
        StoreError::Guard { .. } => Failure::bare(404, roles::MISSING),
        error => error.into(),
    }
}
