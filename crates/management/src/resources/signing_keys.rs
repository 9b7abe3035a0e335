//! The tenant's signing keys.

use grantor_protocol::env::Timestamp;
use serde_json::{Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::{Pending, Revocation, SigningKey},
    resource::{Answer, Field, Resource, Scopes, field, run},
};

/// `/keys/signing`.
pub(crate) const SIGNING_KEYS: Resource = Resource::of_operations(
    "/keys/signing",
    "SigningKey",
    FIELDS,
    &[
        run(
            "GET",
            "/keys/signing",
            Scopes::Any(&["read:signing_keys"]),
            200,
            list,
            "List signing keys",
        )
        .answering(Answer::Array),
        run(
            "GET",
            "/keys/signing/{kid}",
            Scopes::Any(&["read:signing_keys"]),
            200,
            find,
            "Read a signing key",
        ),
        run(
            "POST",
            "/keys/signing/rotate",
            Scopes::All(&["create:signing_keys", "update:signing_keys"]),
            201,
            rotate,
            "Rotate the signing key",
        ),
        run(
            "PUT",
            "/keys/signing/{kid}/revoke",
            Scopes::Any(&["update:signing_keys"]),
            200,
            revoke,
            "Revoke a signing key",
        ),
    ],
);

const FIELDS: &[Field] = &[
    field("kid", "R", "str"),
    field("cert", "R", "str"),
    field("pkcs7", "R", "str"),
    field("current", "R", "bool"),
    field("next", "R", "bool"),
    field("previous", "R", "bool"),
    field("current_since", "R", "str date-time"),
    field("current_until", "R", "str date-time"),
    field("fingerprint", "R", "str"),
    field("thumbprint", "R", "str"),
    field("revoked", "R", "bool"),
    field("revoked_at", "R", "str date-time"),
];

fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let keys = call.management.keys.list(call.tenant).await?;
        Ok(Response::json(200, keys.iter().map(show).collect()))
    })
}

fn find<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let keys = call.management.keys.list(call.tenant).await?;
        let found = keys.iter().find(|key| key.kid == call.id(0));
        found
            .map(|key| Response::json(200, show(key)))
            .ok_or_else(missing)
    })
}

fn rotate<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let key = call.management.keys.rotate(call.tenant).await?;
        Ok(call.recorded(Response::json(201, show(&key))).await)
    })
}

fn revoke<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        match call.management.keys.revoke(call.tenant, call.id(0)).await? {
            Revocation::Revoked(key) => Ok(call.recorded(Response::json(200, brief(&key))).await),
            Revocation::Unknown => Err(missing()),
            Revocation::NotRevocable => Err(Failure::body(
                "Only a key that was rotated away can be revoked. Rotate the signing key first.",
            )),
        }
    })
}

fn missing() -> Failure {
    Failure::new(
        404,
        "inexistent_signing_key",
        "The signing key does not exist.",
    )
}

fn brief(key: &SigningKey) -> Value {
    json!({"cert": key.certificate, "kid": key.kid})
}

fn show(key: &SigningKey) -> Value {
    let instant = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
    let mut shown = json!({
        "kid": key.kid,
        "cert": key.certificate,
        "pkcs7": key.pkcs7,
        "current": key.current,
        "next": key.next,
        "previous": key.previous,
        "current_since": instant(key.current_since),
        "current_until": instant(key.current_until),
        "fingerprint": key.fingerprint,
        "thumbprint": key.thumbprint,
        "revoked": key.revoked_at.is_some(),
        "revoked_at": instant(key.revoked_at),
    });
    if let Value::Object(shown) = &mut shown {
        shown.retain(|_, value| !value.is_null());
    }
    shown
}
