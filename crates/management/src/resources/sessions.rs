//! Browser sessions.

use std::sync::Arc;

use grantor_protocol::{
    logout::Initiator,
    model::TenantSettings,
    session::{Limits, Persistence},
};
use grantor_storage::{Batch, Error as StoreError, Revoked, SESSION, StoredSession};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::Cursor,
    resource::{Answer, Field, Resource, Scopes, field, run},
};

/// `/sessions`.
pub(crate) const SESSIONS: Resource = Resource::of_operations(
    "/sessions",
    "Session",
    FIELDS,
    &[
        run(
            "GET",
            "/sessions/{id}",
            Scopes::Any(&["read:sessions"]),
            200,
            find,
            "Read a session",
        ),
        run(
            "PATCH",
            "/sessions/{id}",
            Scopes::Any(&["update:sessions"]),
            200,
            update,
            "Note something about a session",
        )
        .with_body("{session_metadata: map(str ..255) ..25?}"),
        run(
            "DELETE",
            "/sessions/{id}",
            Scopes::Any(&["delete:sessions"]),
            202,
            end,
            "End a session",
        )
        .answering(Answer::Shape("{}")),
        run(
            "POST",
            "/sessions/{id}/revoke",
            Scopes::Any(&["delete:sessions", "delete:refresh_tokens"]),
            202,
            revoke,
            "End a session and revoke what was issued in it",
        )
        .answering(Answer::Shape("{}")),
    ],
);

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    field("user_id", "R", "str"),
    field("created_at", "R", "str date-time"),
    field("updated_at", "R", "str date-time"),
    field("authenticated_at", "R", "str date-time"),
    field("idle_expires_at", "R", "str date-time"),
    field("expires_at", "R", "str date-time"),
    field("last_interacted_at", "R", "str date-time"),
    field("device", "R", "{...}"),
    field("clients", "R", "[{client_id: str}]"),
    field(
        "authentication",
        "R",
        "{methods: [{name: str, timestamp: str}]}",
    ),
    field("cookie", "R", "{mode: enum(persistent, non-persistent)}"),
    field("session_metadata", "R", "map(str)"),
];

fn find<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let settings = settings(call).await?;
        let stored = load(call, &settings).await?;
        let shown = show(call, &settings, &stored).await?;
        Ok(Response::json(200, shown))
    })
}

fn update<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let settings = settings(call).await?;
        let mut stored = load(call, &settings).await?;
        let mut batch = call.management.store.batch();
        if let Some(sent) = call.body.get("session_metadata") {
            stored.metadata = sent.as_object().cloned().unwrap_or_default();
            batch.set_session_metadata(call.tenant, &stored.session.id, &stored.metadata);
        }
        let response = Response::json(200, show(call, &settings, &stored).await?);
        match call.commit_recorded(batch, &response).await {
            Ok(()) => Ok(response),
            Err(StoreError::Guard { label: SESSION }) => Err(missing()),
            Err(error) => Err(error.into()),
        }
    })
}

fn missing() -> Failure {
    Failure::new(404, "inexistent_session", "The session does not exist.")
}

/// The session that the path names, if it lasts.
async fn load(call: &Call<'_>, settings: &TenantSettings) -> Result<StoredSession, Failure> {
    let store = &call.management.store;
    let found = store.find_session(call.tenant, call.id(0)).await?;
    let found = found.filter(|stored| lasts(settings, stored, call));
    found.ok_or_else(missing)
}

fn end<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let store = &call.management.store;
        let found = store.find_session(call.tenant, call.id(0)).await?;
        end_found(call, found, store.batch()).await
    })
}

/// The same, with the refresh tokens that were issued in it.
fn revoke<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let store = &call.management.store;
        let found = store.find_session(call.tenant, call.id(0)).await?;
        let mut batch = store.batch();
        batch.revoke_refresh_tokens(call.tenant, Revoked::OfSession(call.id(0)));
        end_found(call, found, batch).await
    })
}

async fn end_found(
    call: &Call<'_>,
    found: Option<StoredSession>,
    mut batch: Batch,
) -> Result<Response, Failure> {
    let store = &call.management.store;
    let mut ended = Vec::new();
    if let Some(StoredSession { session, .. }) = found {
        let revoked = Initiator::SessionRevoked;
        ended.push(store.ending(call.tenant, &session, revoked).await?);
    }
    batch.end_session(call.tenant, call.id(0));
    let response = Response::json(202, json!({})).ending(ended);
    call.commit_recorded(batch, &response).await?;
    Ok(response)
}

/// `GET /users/{user_id}/sessions`.
pub(super) fn list_of_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let take = call.query.number("take", "int 1..100")?.unwrap_or(50);
        let from = call.query.find("from").map(Cursor::read).transpose()?;
        let settings = settings(call).await?;
        let store = &call.management.store;
        let after = from
            .as_ref()
            .map(|from| (from.created_at, from.id.as_str()));
        let found = store.sessions_of_user(call.tenant, call.id(0), after, take + 1);
        let mut found = found.await?;
        let take = usize::try_from(take).unwrap_or(usize::MAX);
        let more = take < found.len();
        found.truncate(take);
        let next = found.last().filter(|_| more).map(|last| Cursor {
            created_at: last.created_at,
            id: last.session.id.clone(),
        });
        let mut shown = Vec::new();
        for stored in found.iter().filter(|stored| lasts(&settings, stored, call)) {
            shown.push(show(call, &settings, stored).await?);
        }
        let mut body = Map::new();
        if call.query.flag("include_totals")? {
            body.insert("total".to_owned(), json!(shown.len()));
        }
        body.insert("sessions".to_owned(), json!(shown));
        if let Some(next) = next {
            body.insert("next".to_owned(), json!(next.write()));
        }
        Ok(Response::json(200, Value::Object(body)))
    })
}

/// `DELETE /users/{user_id}/sessions`.
pub(super) fn end_of_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let store = &call.management.store;
        let ended = store.ending_of_user(call.tenant, call.id(0), Initiator::SessionRevoked);
        let ended = ended.await?;
        let mut batch = store.batch();
        batch.end_sessions_of_user(call.tenant, call.id(0));
        let response = Response::json(202, json!({})).ending(ended);
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}

async fn settings(call: &Call<'_>) -> Result<Arc<TenantSettings>, Failure> {
    let store = &call.management.store;
    let found = store.typed::<TenantSettings>(call.tenant, TenantSettings::ID);
    let found = found.await?.ok_or_else(Failure::internal)?;
    Ok(found.value.clone())
}

fn lasts(settings: &TenantSettings, stored: &StoredSession, call: &Call<'_>) -> bool {
    let current = Limits::of(settings, stored.session.persistence);
    stored.session.lasts(current, call.now)
}

async fn show(
    call: &Call<'_>,
    settings: &TenantSettings,
    stored: &StoredSession,
) -> Result<Value, Failure> {
    let (session, device) = (&stored.session, &stored.device);
    let store = &call.management.store;
    let clients = store.session_clients(call.tenant, &session.id).await?;
    let clients: Vec<Value> = clients.iter().map(|id| json!({"client_id": id})).collect();
    let current = Limits::of(settings, session.persistence);
    let absolute = session
        .limits
        .absolute_seconds
        .min(current.absolute_seconds);
    let idle = session.limits.idle_seconds.min(current.idle_seconds);
    let at = session.authenticated_at.rfc3339();
    let methods: Vec<Value> = session
        .methods
        .iter()
        .map(|method| json!({"name": method.amr(), "timestamp": at}))
        .collect();
    let mode = match session.persistence {
        Persistence::Persistent => "persistent",
        Persistence::Ephemeral => "non-persistent",
    };
    let mut shown = json!({
        "id": session.id,
        "user_id": session.user_id,
        "created_at": stored.created_at.rfc3339(),
        "updated_at": session.last_used_at.rfc3339(),
        "authenticated_at": at,
        "idle_expires_at": session.last_used_at.plus_seconds(idle).rfc3339(),
        "expires_at": session.authenticated_at.plus_seconds(absolute).rfc3339(),
        "last_interacted_at": session.last_used_at.rfc3339(),
        "device": {
            "initial_ip": device.ip,
            "initial_user_agent": device.user_agent,
            "last_ip": device.ip,
            "last_user_agent": device.user_agent,
        },
        "clients": clients,
        "authentication": {"methods": methods},
        "cookie": {"mode": mode},
    });
    if let (false, Value::Object(shown)) = (stored.metadata.is_empty(), &mut shown) {
        let metadata = json!(stored.metadata);
        shown.insert("session_metadata".to_owned(), metadata);
    }
    Ok(shown)
}
