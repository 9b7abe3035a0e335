//! Linking accounts, and taking them apart.

use grantor_protocol::{
    document::Document,
    model::{DeviceCredential, UserGrant},
    users::{self as people, LinkRefusal, UserId},
};
use grantor_storage::{
    Error as StoreError,
    users::{IdentityKey, StoredUser},
};
use serde_json::Value;

use crate::{
    call::{Authority, Response},
    engine::Call,
    failure::Failure,
    keys::Pending,
    resources::users::{load, show_identities},
    schema::Problem,
};

/// The body of `POST /users/{id}/identities`.
pub(super) const BODY: &str = "{provider: str 1..100, user_id: str 1..255, connection_id: str 1..100, link_with: str 1..10000}";

/// What both operations answer.
pub(super) const ANSWER: &str =
    "[{connection: str, user_id: str, provider: str, isSocial: bool, ...}]";

/// `POST /users/{id}/identities`.
pub(super) fn link<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let primary = load(call, &["update:users"]).await?;
        let other = match call.body.get("link_with").and_then(Value::as_str) {
            Some(token) => Some(proven(call, token).await?),
            None => named(call)?,
        };
        let secondary = match &other {
            Some(other) => find(call, other).await?,
            None => None,
        };
        let (Some(other), Some(secondary)) = (other, secondary) else {
            return Err(Failure::body(
                "Linking to an inexistent identity is not allowed",
            ));
        };
        if secondary.user.user_id != other {
            return Err(if secondary.user.user_id == primary.user.user_id {
                Failure::conflict("Specified identity already exists")
            } else {
                Failure::body("Unable to link with the secondary account")
            });
        }
        let linked = people::link(&primary.user, &secondary.user, call.now);
        let linked = linked.map_err(refused)?;
        let mut batch = call.management.store.batch();
        batch.link_users(
            call.tenant,
            (&linked, primary.revision),
            (&other, secondary.revision),
        );
        // The secondary user is no more; what was given to it ends.
        batch.end_sessions_of_user(call.tenant, other.as_str());
        batch.revoke_tokens_of_user(call.tenant, other.as_str());
        let grants = ("user_id", other.as_str());
        batch.delete_linked(call.tenant, &UserGrant::KIND, grants, call.now);
        batch.delete_linked(call.tenant, &DeviceCredential::KIND, grants, call.now);
        let response = Response::json(201, show_identities(call, &linked.identities));
        commit(call, batch, &response).await?;
        Ok(response)
    })
}

/// The account that the body names. Whoever may act on itself alone has to prove with `link_with` that it is its own.
fn named(call: &Call<'_>) -> Result<Option<UserId>, Failure> {
    let text = |name: &str| call.body.get(name).and_then(Value::as_str);
    let (Some(provider), Some(bare)) = (text("provider"), text("user_id")) else {
        let mut wanted = ["provider", "user_id"].into_iter();
        let missing = wanted.find(|name| text(name).is_none());
        let problem = format!("Missing required property: {}", missing.unwrap_or_default());
        return Err(Failure::payload(&Problem::new(problem)));
    };
    if !call.caller.has_any(&["update:users"]) {
        return Err(Failure::scope(&["update:users"]));
    }
    Ok(UserId::of(provider, bare))
}

/// The account that an ID token proves: one that this issuer gave to the same client as the caller's token.
async fn proven(call: &Call<'_>, token: &str) -> Result<UserId, Failure> {
    let keys = &call.management.keys;
    let read = keys.id_token(call.tenant, call.request.issuer, token);
    let read = read.await?.filter(|read| call.now < read.expires_at);
    let read = read.ok_or_else(|| Failure::body("Invalid token (link_with)"))?;
    let same = call.caller.client_id.as_ref() == Some(&read.audience);
    if !same && call.caller.authority == Authority::Token {
        return Err(Failure::body(
            "JWT (link_with) must have an aud claim that matches that of the calling token's azp",
        ));
    }
    UserId::parse(&read.subject)
        .ok_or_else(|| Failure::body("JWT (link_with) contains an invalid sub claim"))
}

/// `DELETE /users/{id}/identities/{provider}/{user_id}`.
pub(super) fn unlink<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let stored = load(call, &["update:users"]).await?;
        let parted = people::unlink(&stored.user, call.id(1), call.id(2), call.now);
        let (left, own) = parted.map_err(refused)?;
        let mut batch = call.management.store.batch();
        batch.unlink_user(call.tenant, (&left, stored.revision), &own);
        let response = Response::json(200, show_identities(call, &left.identities));
        commit(call, batch, &response).await?;
        Ok(response)
    })
}

async fn find(call: &Call<'_>, id: &UserId) -> Result<Option<StoredUser>, Failure> {
    let store = &call.management.store;
    let key = IdentityKey::from(id);
    Ok(store.find_user_by_identity(call.tenant, &key).await?)
}

async fn commit(
    call: &Call<'_>,
    batch: grantor_storage::Batch,
    response: &Response,
) -> Result<(), Failure> {
    match call.commit_recorded(batch, response).await {
        Err(StoreError::Guard { .. }) => Err(Failure::busy()),
        other => Ok(other?),
    }
}

fn refused(refusal: LinkRefusal) -> Failure {
    Failure::body(refusal.message())
}
