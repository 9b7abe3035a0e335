//! Users: the table of their fields and operations.

use grantor_protocol::{
    logout::Initiator,
    users::{Identity, User, UserId},
};
use grantor_storage::{Batch, users::StoredUser};
use serde_json::{Map, Value};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::Selected,
    resource::{Answer, Field, Resource, Scopes, field, run},
    resources::{logs, sessions, user_create, user_identities, user_search, user_update},
};

/// `/users`.
pub(crate) const USERS: Resource = Resource::of_operations(
    "/users",
    "User",
    FIELDS,
    &[
        run(
            "GET",
            "/users",
            Scopes::Any(&["read:users", "read:user_idp_tokens"]),
            200,
            user_search::list,
            "Search users",
        )
        .with_query(user_search::QUERY)
        .answering(Answer::Shape(user_search::ANSWER)),
        run(
            "GET",
            "/users-by-email",
            Scopes::Any(&["read:users"]),
            200,
            user_search::by_email,
            "Find users by their e-mail address",
        )
        .with_query(&[
            ("email", "str 1.."),
            ("fields", "str"),
            ("include_fields", "bool"),
        ])
        .answering(Answer::Array),
        run(
            "POST",
            "/users",
            Scopes::Any(&["create:users"]),
            201,
            user_create::create,
            "Create a user",
        )
        .with_body(user_create::BODY),
        run(
            "GET",
            "/users/{id}",
            Scopes::Any(&["read:users", "read:current_user", "read:user_idp_tokens"]),
            200,
            find,
            "Read a user",
        )
        .with_query(&[("fields", "str"), ("include_fields", "bool")]),
        run(
            "PATCH",
            "/users/{id}",
            Scopes::Any(&[
                "update:users",
                "update:users_app_metadata",
                "update:current_user_metadata",
            ]),
            200,
            user_update::update,
            "Update a user",
        )
        .with_body(user_update::BODY),
        run(
            "DELETE",
            "/users/{id}",
            Scopes::Any(&["delete:users", "delete:current_user"]),
            204,
            delete,
            "Delete a user",
        ),
        run(
            "POST",
            "/users/{id}/identities",
            Scopes::Any(LINK),
            201,
            user_identities::link,
            "Link another account to a user",
        )
        .with_body(user_identities::BODY)
        .answering(Answer::Shape(user_identities::ANSWER)),
        run(
            "DELETE",
            "/users/{id}/identities/{provider}/{user_id}",
            Scopes::Any(LINK),
            200,
            user_identities::unlink,
            "Take an account from a user",
        )
        .answering(Answer::Shape(user_identities::ANSWER)),
        run(
            "GET",
            "/users/{id}/logs",
            Scopes::Any(&["read:logs", "read:logs_users"]),
            200,
            logs::list_of_user,
            "List the log entries of a user",
        )
        .with_query(&[
            ("page", "int 0..1000000"),
            ("per_page", "int 0..100"),
            ("include_totals", "bool"),
            ("sort", "str"),
        ])
        .answering(Answer::Shape(logs::ANSWER)),
        run(
            "GET",
            "/users/{user_id}/sessions",
            Scopes::Any(&["read:sessions"]),
            200,
            sessions::list_of_user,
            "List the sessions of a user",
        )
        .with_query(&[
            ("from", "str"),
            ("take", "int 1..100"),
            ("include_totals", "bool"),
        ])
        .answering(Answer::Shape("{sessions: [{...}], next: str, total: int}")),
        run(
            "DELETE",
            "/users/{user_id}/sessions",
            Scopes::Any(&["delete:sessions"]),
            202,
            sessions::end_of_user,
            "End the sessions of a user",
        )
        .answering(Answer::Shape("{}")),
    ],
);

const LINK: &[&str] = &["update:users", "update:current_user_identities"];

const FIELDS: &[Field] = &[
    field("user_id", "R", "str"),
    field("email", "R", "str"),
    field("email_verified", "R", "bool"),
    field("username", "R", "str"),
    field("phone_number", "R", "str"),
    field("phone_verified", "R", "bool"),
    field("name", "R", "str"),
    field("nickname", "R", "str"),
    field("given_name", "R", "str"),
    field("family_name", "R", "str"),
    field("picture", "R", "str"),
    field("blocked", "R", "bool"),
    field("user_metadata", "R", "{...}"),
    field("app_metadata", "R", "{...}"),
    field(
        "identities",
        "R",
        "[{connection: str, user_id: str, provider: str, isSocial: bool, ...}]",
    ),
    field("created_at", "R", "str date-time"),
    field("updated_at", "R", "str date-time"),
    field("last_password_reset", "R", "str date-time"),
    field("last_ip", "R", "str"),
    field("last_login", "R", "str date-time"),
    field("logins_count", "R", "int"),
];

/// Members of an identity that are tokens of its provider.
const TOKENS: [&str; 4] = [
    "access_token",
    "access_token_secret",
    "refresh_token",
    "access_token_expires_in",
];

/// The refusal for a user that does not exist.
pub(super) fn missing() -> Failure {
    Failure::new(404, "inexistent_user", "The user does not exist.")
}

/// The user that the path names.
///
/// # Errors
/// 404; 403 if the caller may act on itself alone and this is somebody else.
pub(super) async fn load(call: &Call<'_>, any: &[&str]) -> Result<StoredUser, Failure> {
    let id = user_id(call, any)?.ok_or_else(missing)?;
    let found = call.management.store.find_user(call.tenant, &id).await?;
    found.ok_or_else(missing)
}

/// The identifier of the user that the path names; `any` are the scopes that allow to act on every user.
pub(super) fn user_id(call: &Call<'_>, any: &[&str]) -> Result<Option<UserId>, Failure> {
    let id = call.id(0);
    if !call.caller.has_any(any) && call.caller.subject != id {
        let message = "User to be acted on does not match subject in bearer token.";
        return Err(Failure {
            status: 403,
            code: None,
            message: message.to_owned(),
        });
    }
    Ok(UserId::parse(id))
}

/// What the caller may see of a user, with the fields it asked for.
pub(super) fn show(call: &Call<'_>, user: &User, selected: &Selected) -> Map<String, Value> {
    let mut shown = user.fields();
    shown.insert(
        "identities".to_owned(),
        show_identities(call, &user.identities),
    );
    match selected {
        Selected::Only(names) => {
            let names = names.iter().map(String::as_str);
            let names: Vec<_> = names.filter_map(|name| name.split('.').next()).collect();
            shown.retain(|name, _| names.contains(&name.as_str()));
        }
        Selected::All | Selected::Without(_) => shown.retain(|name, _| selected.wants(name)),
    }
    shown
}

/// Identities, without the tokens of their providers unless the caller may see them.
pub(super) fn show_identities(call: &Call<'_>, identities: &[Identity]) -> Value {
    let tokens = call.caller.has_any(&["read:user_idp_tokens"]);
    let shown = identities.iter().map(|identity| {
        let mut shown = serde_json::to_value(identity).unwrap_or_default();
        if let (false, Value::Object(shown)) = (tokens, &mut shown) {
            shown.retain(|name, _| !TOKENS.contains(&name.as_str()));
        }
        shown
    });
    shown.collect()
}

/// The fields that the query asks for. Profiles have attributes of their own, so no name is unknown.
pub(super) fn selected(call: &Call<'_>) -> Result<Selected, Failure> {
    let names = call.query.find("fields").unwrap_or_default();
    let known: Vec<&str> = names.split(',').map(str::trim).collect();
    Selected::read(&call.query, &known)
}

fn find<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let selected = selected(call)?;
        let stored = load(call, &["read:users", "read:user_idp_tokens"]).await?;
        let shown = show(call, &stored.user, &selected);
        Ok(Response::json(200, Value::Object(shown)))
    })
}

fn delete<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let response = Response::nothing();
        let Some(id) = user_id(call, &["delete:users"])? else {
            return Ok(response);
        };
        let store = &call.management.store;
        if store.find_user(call.tenant, &id).await?.is_none() {
            return Ok(response);
        }
        let ended = store.ending_of_user(call.tenant, id.as_str(), Initiator::AccountDeleted);
        let response = response.ending(ended.await?);
        let mut batch: Batch = store.batch();
        batch.delete_user(call.tenant, &id, call.now);
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}
