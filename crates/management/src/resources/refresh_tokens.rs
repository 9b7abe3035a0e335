//! Refresh tokens: an administrator sees whose they are and where they are used, and revokes them. None is ever shown.

use std::{collections::BTreeMap, sync::Arc};

use grantor_protocol::{
    env::Timestamp,
    grants::refresh_token::RefreshToken,
    logout::Initiator,
    model::{Client, RotationType},
};
use grantor_storage::{Error as StoreError, MAX_LIMIT, REFRESH_TOKEN, Revoked, StoredRefreshToken};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::{Cursor, Selected},
    resource::{Answer, Field, Resource, Scopes, field, run},
    resources::users,
};

/// `/refresh-tokens`.
pub(crate) const REFRESH_TOKENS: Resource = Resource::of_operations(
    "/refresh-tokens",
    "RefreshToken",
    FIELDS,
    &[
        run(
            "GET",
            "/refresh-tokens",
            Scopes::Any(&["read:refresh_tokens"]),
            200,
            list,
            "List the refresh tokens of a user",
        )
        .with_query(&[
            ("user_id", "str 1..255"),
            ("client_id", "str 1..64"),
            ("from", "str"),
            ("take", "int 1..100"),
            ("fields", "str"),
            ("include_fields", "bool"),
        ])
        .answering(Answer::Shape("{refresh_tokens: [{...}], next: str}")),
        run(
            "POST",
            "/refresh-tokens/revoke",
            Scopes::Any(&["delete:refresh_tokens"]),
            202,
            revoke,
            "Revoke refresh tokens",
        )
        .with_body(
            "{ids: [str 1..64] 1..100, user_id: str 1..255, client_id: str 1..64, \
             audience: str 1..600}",
        )
        .answering(Answer::Shape("{}")),
        run(
            "GET",
            "/refresh-tokens/{id}",
            Scopes::Any(&["read:refresh_tokens"]),
            200,
            find,
            "Read a refresh token",
        ),
        run(
            "PATCH",
            "/refresh-tokens/{id}",
            Scopes::Any(&["update:refresh_tokens"]),
            200,
            update,
            "Note something about a refresh token",
        )
        .with_body("{refresh_token_metadata: map(str ..255) ..25?}"),
        run(
            "DELETE",
            "/refresh-tokens/{id}",
            Scopes::Any(&["delete:refresh_tokens"]),
            204,
            delete,
            "Revoke a refresh token",
        ),
        run(
            "GET",
            "/users/{user_id}/refresh-tokens",
            Scopes::Any(&["read:refresh_tokens"]),
            200,
            list_of_user,
            "List the refresh tokens of a user by its path",
        )
        .with_query(&[
            ("from", "str"),
            ("take", "int 1..100"),
            ("include_totals", "bool"),
        ])
        .answering(Answer::Shape("{tokens: [{...}], next: str, total: int}")),
        run(
            "DELETE",
            "/users/{user_id}/refresh-tokens",
            Scopes::Any(&["delete:refresh_tokens"]),
            202,
            revoke_of_user,
            "Revoke the refresh tokens of a user",
        )
        .answering(Answer::Shape("{}")),
        run(
            "POST",
            "/users/{id}/revoke-access",
            Scopes::Any(&["delete:sessions", "delete:refresh_tokens"]),
            202,
            revoke_access,
            "End the sessions of a user and revoke its tokens",
        )
        .with_body("{session_id: str 1..64, preserve_refresh_tokens: bool}")
        .answering(Answer::Shape("{}")),
    ],
);

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    field("user_id", "R", "str"),
    field("created_at", "R", "str date-time"),
    field("idle_expires_at", "R", "str date-time?"),
    field("expires_at", "R", "str date-time?"),
    field("last_exchanged_at", "R", "str date-time"),
    field("device", "R", "{...}"),
    field("client_id", "R", "str"),
    field("session_id", "R", "str?"),
    field("rotating", "R", "bool"),
    field("resource_servers", "R", "[{audience: str, scopes: str}]"),
    field("refresh_token_metadata", "R", "map(str)"),
];

fn missing() -> Failure {
    let message = "The refresh token does not exist.";
    Failure::new(404, "inexistent_refresh_token", message)
}

/// `GET /refresh-tokens`.
fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let Some(user_id) = call.query.checked("user_id", "str 1..255")? else {
            let message = "Query validation error: 'Missing required property: user_id'.";
            return Err(Failure::query(message));
        };
        let client_id = call.query.checked("client_id", "str 1..64")?;
        let body = page(call, "refresh_tokens", (user_id, client_id)).await?;
        Ok(Response::json(200, Value::Object(body)))
    })
}

/// `GET /users/{user_id}/refresh-tokens`.
fn list_of_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let user_id = call.id(0);
        let mut body = page(call, "tokens", (user_id, None)).await?;
        if call.query.flag("include_totals")? {
            let store = &call.management.store;
            let total = store.count_refresh_tokens_of_user(call.tenant, user_id, None, call.now);
            body.insert("total".to_owned(), json!(total.await?));
        }
        Ok(Response::json(200, Value::Object(body)))
    })
}

/// The part of a user's list that the query asks for, under `key`.
async fn page(
    call: &Call<'_>,
    key: &str,
    of: (&str, Option<&str>),
) -> Result<Map<String, Value>, Failure> {
    let take = call.query.number("take", "int 1..100")?.unwrap_or(50);
    let from = call.query.find("from").filter(|from| !from.is_empty());
    let from = from.map(Cursor::read).transpose()?;
    let selected = call.selected()?;
    let store = &call.management.store;
    let after = from
        .as_ref()
        .map(|from| (from.created_at, from.id.as_str()));
    // One more than asked tells whether there is a next part.
    let found = store.refresh_tokens_of_user(call.tenant, of, after, take + 1, call.now);
    let mut found = found.await?;
    let take = usize::try_from(take).unwrap_or(usize::MAX);
    let more = take < found.len();
    found.truncate(take);
    let mut clients = Clients::default();
    let mut shown = Vec::with_capacity(found.len());
    for stored in &found {
        let rotating = clients.rotate(call, &stored.token.client_id).await?;
        shown.push(show(call, stored, rotating, &selected));
    }
    let mut body = Map::new();
    body.insert(key.to_owned(), json!(shown));
    if let Some(last) = found.last().filter(|_| more) {
        let cursor = Cursor {
            created_at: last.token.created_at,
            id: last.token.id.clone(),
        };
        body.insert("next".to_owned(), json!(cursor.write()));
    }
    Ok(body)
}

/// Which clients' tokens rotate, each looked up once.
#[derive(Default)]
pub(super) struct Clients(BTreeMap<String, bool>);

impl Clients {
    /// Whether tokens of the client rotate.
    pub(super) async fn rotate(
        &mut self,
        call: &Call<'_>,
        client_id: &str,
    ) -> Result<bool, Failure> {
        if let Some(known) = self.0.get(client_id) {
            return Ok(*known);
        }
        let store = &call.management.store;
        let client = store.typed::<Client>(call.tenant, client_id).await?;
        let client = client.map(|found| Arc::clone(&found.value));
        let settings = client.map(|client| client.refresh_token.clone().unwrap_or_default());
        let rotate =
            settings.is_some_and(|settings| settings.rotation_type == RotationType::Rotating);
        self.0.insert(client_id.to_owned(), rotate);
        Ok(rotate)
    }
}

fn show(
    call: &Call<'_>,
    stored: &StoredRefreshToken,
    rotating: bool,
    selected: &Selected,
) -> Value {
    let (token, devices) = (&stored.token, &stored.devices);
    let RefreshToken {
        standing, basis, ..
    } = token;
    let audience = call.request.issuer.to_wire(&token.audience);
    let mut shown = json!({
        "id": token.id,
        "user_id": token.user_id,
        "created_at": token.created_at.rfc3339(),
        "idle_expires_at": standing.idle_expires_at.map(Timestamp::rfc3339),
        "expires_at": standing.expires_at.map(Timestamp::rfc3339),
        "last_exchanged_at": standing.last_exchanged_at.rfc3339(),
        "device": {
            "initial_ip": devices.initial.ip,
            "initial_user_agent": devices.initial.user_agent,
            "last_ip": devices.last.ip,
            "last_user_agent": devices.last.user_agent,
        },
        "client_id": token.client_id,
        "session_id": token.session_id,
        "rotating": rotating,
        "resource_servers": [{"audience": audience, "scopes": basis.scope.join(" ")}],
    });
    if let Value::Object(shown) = &mut shown {
        if !stored.metadata.is_empty() {
            let metadata = json!(stored.metadata);
            shown.insert("refresh_token_metadata".to_owned(), metadata);
        }
        shown.retain(|name, _| selected.wants(name));
    }
    shown
}

/// The living one that the path names.
async fn load(call: &Call<'_>) -> Result<StoredRefreshToken, Failure> {
    let store = &call.management.store;
    let found = store.find_refresh_token(call.tenant, call.id(0)).await?;
    let lives = |stored: &StoredRefreshToken| {
        let dies_at = stored.token.standing.dies_at();
        dies_at.is_none_or(|dies_at| call.now < dies_at)
    };
    found.filter(lives).ok_or_else(missing)
}

/// `GET /refresh-tokens/{id}`.
fn find<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let stored = load(call).await?;
        let rotating = Clients::default()
            .rotate(call, &stored.token.client_id)
            .await?;
        Ok(Response::json(
            200,
            show(call, &stored, rotating, &Selected::All),
        ))
    })
}

/// `PATCH /refresh-tokens/{id}`.
fn update<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let mut stored = load(call).await?;
        let sent = call.body.get("refresh_token_metadata");
        let mut batch = call.management.store.batch();
        if let Some(sent) = sent {
            stored.metadata = sent.as_object().cloned().unwrap_or_default();
            let id = &stored.token.id;
            batch.set_refresh_token_metadata(call.tenant, id, &stored.metadata);
        }
        let rotating = Clients::default()
            .rotate(call, &stored.token.client_id)
            .await?;
        let response = Response::json(200, show(call, &stored, rotating, &Selected::All));
        match call.commit_recorded(batch, &response).await {
            Ok(()) => Ok(response),
            Err(StoreError::Guard {
                label: REFRESH_TOKEN,
            }) => Err(missing()),
            Err(error) => Err(error.into()),
        }
    })
}

/// `DELETE /refresh-tokens/{id}`.
fn delete<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move { revoked(call, Response::nothing(), &[Revoked::Id(call.id(0))]).await })
}

/// `POST /refresh-tokens/revoke`.
fn revoke<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let text = |name: &str| call.body.get(name).and_then(Value::as_str);
        let audience = text("audience").map(|audience| call.request.issuer.to_stored(audience));
        let ids = call.body.get("ids").and_then(Value::as_array);
        let which: Vec<Revoked<'_>> = match (ids, text("user_id"), text("client_id"), &audience) {
            (Some(ids), None, None, None) => {
                let ids = ids.iter().filter_map(Value::as_str);
                ids.map(Revoked::Id).collect()
            }
            // An API alone would mean one of every application.
            (None, Some(user_id), client_id, audience)
                if client_id.is_some() || audience.is_none() =>
            {
                vec![Revoked::OfUser {
                    user_id,
                    client_id,
                    audience: audience.as_deref(),
                }]
            }
            _ => return Err(Failure::body("Invalid combination of parameters.")),
        };
        revoked(call, Response::json(202, json!({})), &which).await
    })
}

/// `DELETE /users/{user_id}/refresh-tokens`.
fn revoke_of_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let all = Revoked::OfUser {
            user_id: call.id(0),
            client_id: None,
            audience: None,
        };
        revoked(call, Response::json(202, json!({})), &[all]).await
    })
}

async fn revoked(
    call: &Call<'_>,
    response: Response,
    which: &[Revoked<'_>],
) -> Result<Response, Failure> {
    let mut batch = call.management.store.batch();
    for which in which {
        batch.revoke_refresh_tokens(call.tenant, *which);
    }
    call.commit_recorded(batch, &response).await?;
    Ok(response)
}

/// `POST /users/{id}/revoke-access`.
fn revoke_access<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let any = ["delete:sessions", "delete:refresh_tokens"];
        let user_id = users::load(call, &any).await?.user.user_id;
        let (tenant, user_id) = (call.tenant, user_id.as_str());
        let preserves = call.body.get("preserve_refresh_tokens") == Some(&json!(true));
        let store = &call.management.store;
        let mut batch = store.batch();
        let ended = if let Some(id) = call.body.get("session_id").and_then(Value::as_str) {
            let found = store.find_session(tenant, id).await?;
            let found = found.filter(|found| found.session.user_id == user_id);
            match found {
                Some(found) => {
                    batch.end_session(tenant, id);
                    if !preserves {
                        batch.revoke_refresh_tokens(tenant, Revoked::OfSession(id));
                    }
                    let revoked = Initiator::SessionRevoked;
                    vec![store.ending(tenant, &found.session, revoked).await?]
                }
                None => Vec::new(),
            }
        } else {
            batch.end_sessions_of_user(tenant, user_id);
            if !preserves {
                batch.revoke_tokens_of_user(tenant, user_id);
            }
            let revoked = Initiator::SessionRevoked;
            store.ending_of_user(tenant, user_id, revoked).await?
        };
        let response = Response::json(202, json!({})).ending(ended);
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}

/// Every living one that speaks for a user.
pub(super) async fn all_of_user(
    call: &Call<'_>,
    user_id: &str,
) -> Result<Vec<StoredRefreshToken>, Failure> {
    let store = &call.management.store;
    let mut all: Vec<StoredRefreshToken> = Vec::new();
    loop {
        let last = all.last().map(|last| &last.token);
        let after = last.map(|last| (last.created_at, last.id.as_str()));
        let of = (user_id, None);
        let part = store.refresh_tokens_of_user(call.tenant, of, after, MAX_LIMIT, call.now);
        let part = part.await?;
        if part.is_empty() {
            return Ok(all);
        }
        all.extend(part);
    }
}
