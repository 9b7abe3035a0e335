//! Device credentials: refresh tokens as devices of users, and public keys that applications register.

use grantor_protocol::{
    document::Document,
    env::IdForm,
    model::{Client, DeviceCredential},
};
use grantor_storage::{
    Error as StoreError, Record, Revoked, Selection, StoredRefreshToken, Window, permissions::USER,
};
use serde_json::{Map, Value, json};

use crate::{
    call::{Authority, Response},
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::Paging,
    resource::{Answer, Field, Resource, Scopes, field, run},
    resources::{
        all_documents, offset_list,
        refresh_tokens::{Clients, all_of_user},
    },
};

/// `/device-credentials`.
pub(crate) const DEVICE_CREDENTIALS: Resource = Resource::of_operations(
    "/device-credentials",
    "DeviceCredential",
    FIELDS,
    &[
        run(
            "GET",
            "/device-credentials",
            Scopes::Any(&["read:device_credentials"]),
            200,
            list,
            "List device credentials",
        )
        .with_query(&[
            ("user_id", "str 1..255"),
            ("client_id", "str 1..64"),
            ("type", TYPES),
            ("page", "int 0..1000000"),
            ("per_page", "int 0..100"),
            ("include_totals", "bool"),
            ("fields", "str"),
            ("include_fields", "bool"),
        ])
        .answering(Answer::Shape(
            "any of([{...}]; {start: int, limit: int, total: int, device_credentials*: [{...}]})",
        )),
        run(
            "POST",
            "/device-credentials",
            Scopes::Any(&["create:current_user_device_credentials"]),
            201,
            create,
            "Register the public key of a device",
        )
        .with_body(
            "{device_name*: str 1..255, type*: enum(public_key), value*: str 1..8192, \
             device_id*: str 1..36 /^[-A-Fa-f0-9]+$/, client_id: str 1..64}",
        )
        .answering(Answer::Shape("{id: str}")),
        run(
            "DELETE",
            "/device-credentials/{id}",
            Scopes::Any(&[
                "delete:device_credentials",
                "delete:current_user_device_credentials",
            ]),
            204,
            delete,
            "Delete a device credential; a refresh token is revoked",
        ),
    ],
);

const TYPES: &str = "enum(public_key, refresh_token, rotating_refresh_token)";

const FIELDS: &[Field] = &[
    field("id", "R", "str"),
    field("device_name", "R", "str"),
    field("device_id", "R", "str"),
    field("type", "R", TYPES),
    field("user_id", "R", "str"),
    field("client_id", "R", "str"),
];

/// How identifiers begin; for a refresh token its own follows.
const PREFIX: &str = "dcr_";

/// Characters after it where the credential is a public key.
const KEY_ID: usize = 16;

/// Which credentials are asked for.
struct Wanted<'a> {
    user_id: Option<&'a str>,
    client_id: Option<&'a str>,
    keys: bool,
    tokens: bool,
    /// Whether the tokens rotate, if that matters.
    rotating: Option<bool>,
}

/// `GET /device-credentials`. Refresh tokens come first, then keys.
fn list<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let paging = Paging::offset(&call.query)?;
        let selected = call.selected()?;
        let kind = call.query.checked("type", TYPES)?;
        let wanted = Wanted {
            user_id: call.query.checked("user_id", "str 1..255")?,
            client_id: call.query.checked("client_id", "str 1..64")?,
            keys: matches!(kind, None | Some("public_key")),
            tokens: kind != Some("public_key"),
            rotating: kind.map(|kind| kind == "rotating_refresh_token"),
        };
        let (start, limit) = (paging.0 * paging.1, paging.1);
        let mut rows = Vec::new();
        let mut clients = Clients::default();
        let (tokens, of_tokens) = tokens(call, &wanted, &mut clients, (start, limit)).await?;
        for stored in &tokens {
            let rotating = clients.rotate(call, &stored.token.client_id).await?;
            rows.push(show_token(stored, rotating));
        }
        let left = limit - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let (keys, of_keys) = keys(call, &wanted, ((start - of_tokens).max(0), left)).await?;
        rows.extend(keys.iter().map(show_key));
        for row in &mut rows {
            row.retain(|name, _| selected.wants(name));
        }
        let rows = rows.into_iter().map(Value::Object).collect();
        let total = of_tokens + of_keys;
        Ok(offset_list("device_credentials", paging, rows, total))
    })
}

/// The refresh tokens among what is wanted, from `start` at most `limit`, and how many there are.
async fn tokens(
    call: &Call<'_>,
    wanted: &Wanted<'_>,
    clients: &mut Clients,
    (start, limit): (i64, i64),
) -> Result<(Vec<StoredRefreshToken>, i64), Failure> {
    if !wanted.tokens {
        return Ok((Vec::new(), 0));
    }
    let Some(user_id) = wanted.user_id else {
        match (wanted.client_id, wanted.rotating) {
            (None, Some(_)) => {
                let message = "The parameter type needs user_id or client_id for refresh tokens.";
                return Err(Failure::query(message));
            }
            // All tokens of a client are of one kind.
            (Some(client_id), Some(rotating))
                if clients.rotate(call, client_id).await? != rotating =>
            {
                return Ok((Vec::new(), 0));
            }
            _ => {}
        }
        let store = &call.management.store;
        let part = (start, limit);
        let found = store.refresh_tokens(call.tenant, wanted.client_id, part, call.now);
        return Ok(found.await?);
    };
    let mut found = Vec::new();
    for stored in all_of_user(call, user_id).await? {
        let client_id = stored.token.client_id.as_str();
        let of_client = wanted.client_id.is_none_or(|wanted| wanted == client_id);
        let rotating = clients.rotate(call, client_id).await?;
        if of_client && wanted.rotating.is_none_or(|wanted| wanted == rotating) {
            found.push(stored);
        }
    }
    Ok(cut(found, (start, limit)))
}

/// The public keys among what is wanted, from `start` at most `limit`, and how many there are.
async fn keys(
    call: &Call<'_>,
    wanted: &Wanted<'_>,
    (start, limit): (i64, i64),
) -> Result<(Vec<Record>, i64), Failure> {
    if !wanted.keys {
        return Ok((Vec::new(), 0));
    }
    let kind = &DeviceCredential::KIND;
    if let (Some(user_id), Some(client_id)) = (wanted.user_id, wanted.client_id) {
        // A user has few.
        let mut found = all_documents(call, kind, Some(("user_id", user_id))).await?;
        found.retain(|record| record.body.get("client_id") == Some(&json!(client_id)));
        return Ok(cut(found, (start, limit)));
    }
    let link = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    let of_user = wanted.user_id.map(|user_id| link("user_id", user_id));
    let of_client = wanted
        .client_id
        .map(|client_id| link("client_id", client_id));
    let selection = Selection {
        link: of_user.or(of_client),
        window: Window::Offset { start, limit },
        with_total: true,
    };
    let store = &call.management.store;
    let page = store.list(call.tenant, kind, &selection).await?;
    Ok((page.records, page.total.unwrap_or(0)))
}

/// The part of `all` from `start` at most `limit`, and how many there are.
fn cut<T>(all: Vec<T>, (start, limit): (i64, i64)) -> (Vec<T>, i64) {
    let total = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let number = |number: i64| usize::try_from(number).unwrap_or(0);
    let part = all.into_iter().skip(number(start)).take(number(limit));
    (part.collect(), total)
}

fn show_token(stored: &StoredRefreshToken, rotating: bool) -> Map<String, Value> {
    let token = &stored.token;
    let kind = if rotating {
        "rotating_refresh_token"
    } else {
        "refresh_token"
    };
    row(&[
        ("id", &format!("{PREFIX}{}", token.id)),
        ("device_name", &stored.devices.initial.user_agent),
        ("device_id", &token.id),
        ("type", kind),
        ("user_id", &token.user_id),
        ("client_id", &token.client_id),
    ])
}

fn show_key(record: &Record) -> Map<String, Value> {
    let text = |name: &str| record.body.get(name).and_then(Value::as_str);
    let text = |name: &str| text(name).unwrap_or_default();
    row(&[
        ("id", &record.id),
        ("device_name", text("device_name")),
        ("device_id", text("device_id")),
        ("type", "public_key"),
        ("user_id", text("user_id")),
        ("client_id", text("client_id")),
    ])
}

fn row(members: &[(&str, &str)]) -> Map<String, Value> {
    let members = members.iter();
    members
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect()
}

/// `POST /device-credentials`: for the user whose token it is.
fn create<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let forbidden = |what: &str| Failure::bare(403, what);
        let other_user = || forbidden("Cannot create device credentials for that user");
        let other_client = || forbidden("Cannot create device credentials for that client");
        let caller = call.caller;
        if caller.authority != Authority::Token || caller.subject.ends_with("@clients") {
            return Err(other_user());
        }
        let named = call.body.get("client_id").and_then(Value::as_str);
        let client_id = match (caller.client_id.as_deref(), named) {
            (None, None) => return Err(forbidden("Must provide client_id parameter")),
            (Some(own), Some(named)) if own != named => return Err(other_client()),
            (Some(client_id), _) | (None, Some(client_id)) => client_id,
        };
        let id = call.management.env.id(IdForm::Alphanumeric(PREFIX, KEY_ID));
        let mut document = call.body.clone();
        document.insert("id".to_owned(), json!(id));
        document.insert("user_id".to_owned(), json!(caller.subject));
        document.insert("client_id".to_owned(), json!(client_id));
        let response = Response::json(201, json!({ "id": id }));
        let (tenant, kind) = (call.tenant, &DeviceCredential::KIND);
        let mut batch = call.management.store.batch();
        batch.require(tenant, &Client::KIND, client_id);
        batch.require_user(tenant, &caller.subject);
        batch.insert(tenant, kind, &Value::Object(document), call.now);
        match call.commit_recorded(batch, &response).await {
            Ok(()) => Ok(response),
            Err(StoreError::Conflict { unique: "device" }) => Err(Failure::conflict(
                "A public key already exists for the device.",
            )),
            Err(StoreError::Guard { label: USER }) => Err(other_user()),
            Err(StoreError::Guard { .. }) => Err(other_client()),
            Err(error) => Err(error.into()),
        }
    })
}

/// `DELETE /device-credentials/{id}`.
fn delete<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let response = Response::nothing();
        let (store, tenant) = (&call.management.store, call.tenant);
        let named = call.id(0);
        let token_id = named
            .strip_prefix(PREFIX)
            .filter(|rest| rest.len() != KEY_ID);
        let kind = &DeviceCredential::KIND;
        let owner = if let Some(id) = token_id {
            let found = store.find_refresh_token(tenant, id).await?;
            found.map(|found| found.token.user_id)
        } else {
            let found = store.find(tenant, kind, named).await?;
            found.and_then(|found| Some(found.body.get("user_id")?.as_str()?.to_owned()))
        };
        let Some(owner) = owner else {
            return Ok(response);
        };
        let any = call.caller.has_any(&["delete:device_credentials"]);
        if !any && owner != call.caller.subject {
            let message = "User to be acted on does not match subject in bearer token.";
            return Err(Failure::bare(403, message));
        }
        let mut batch = store.batch();
        match token_id {
            Some(id) => batch.revoke_refresh_tokens(tenant, Revoked::Id(id)),
            None => batch.delete(tenant, kind, named, call.now),
        };
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}
