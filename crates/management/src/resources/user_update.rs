//! Changing users.

use grantor_protocol::{
    logout::{Ended, Initiator},
    secret::Secret,
    users::{
        Connection, Identity, User,
        identifier::IdentifierKind,
        metadata::{self, WhenEmpty},
    },
};
use grantor_storage::{
    Batch, Error as StoreError,
    users::{IdentityKey, StoredUser, USER_REVISION},
};
use serde_json::{Map, Value};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    query::Selected,
    resources::{user_profile as profile, users},
};

/// The body of `PATCH /users/{id}`.
pub(super) const BODY: &str = "{email: str email?, phone_number: str /^\\+[0-9]{1,15}$/?, \
    user_metadata: {...}, blocked: bool, email_verified: bool, phone_verified: bool, \
    app_metadata: {...}, given_name: str 1..150?, family_name: str 1..150?, name: str 1..300?, \
    nickname: str 1..300?, picture: str 1..2000 uri?, connection: str 1.., \
    password: str 1..1024 secret?, verify_email: bool, verify_phone_number: bool, \
    username: str 1..128?, client_id: str 1..}";

/// How often a write is tried again when another one came between.
const ATTEMPTS: usize = 20;

/// Members that only whoever may update everything may send.
const METADATA: [&str; 2] = ["user_metadata", "app_metadata"];

/// Members of the profile that any user has.
const ROOT: [&str; 5] = ["family_name", "given_name", "name", "nickname", "picture"];

/// What cannot be changed in one request.
const EXCLUSIVE: [(&str, &str); 5] = [
    ("password", "email"),
    ("password", "email_verified"),
    ("username", "email"),
    ("username", "email_verified"),
    ("username", "password"),
];

/// `PATCH /users/{id}`.
pub(super) fn update<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        check_scopes(call)?;
        for (one, other) in EXCLUSIVE {
            if sent(call, one) && sent(call, other) {
                let message = format!("Cannot update {one} and {other} simultaneously");
                return Err(Failure::body(message));
            }
        }
        for _ in 0..ATTEMPTS {
            let any = &["update:users", "update:users_app_metadata"];
            let stored = users::load(call, any).await?;
            let (user, batch, ended) = change(call, &stored).await?;
            let shown = users::show(call, &user, &Selected::All);
            let response = Response::json(200, Value::Object(shown)).ending(ended);
            match call.commit_recorded(batch, &response).await {
                Ok(()) => return Ok(response),
                Err(StoreError::Guard {
                    label: USER_REVISION,
                }) => {}
                Err(error) => return Err(profile::taken(error)),
            }
        }
        Err(Failure::busy())
    })
}

/// Whoever may change metadata only sends nothing else.
fn check_scopes(call: &Call<'_>) -> Result<(), Failure> {
    if call.caller.has_any(&["update:users"]) {
        return Ok(());
    }
    let allowed: &[&str] = if call.caller.has_any(&["update:users_app_metadata"]) {
        &METADATA
    } else {
        &["user_metadata"]
    };
    if call
        .body
        .keys()
        .all(|name| allowed.contains(&name.as_str()))
    {
        return Ok(());
    }
    Err(Failure::scope(&["update:users"]))
}

/// The user as it is to be, what makes it so, and the sessions that end with it.
async fn change(
    call: &Call<'_>,
    stored: &StoredUser,
) -> Result<(User, Batch, Vec<Ended>), Failure> {
    let (management, tenant) = (call.management, call.tenant);
    let mut user = stored.user.clone();
    let mut batch = management.store.batch();
    let identity = named_identity(call, &user)?.clone();
    let connection = profile::connection(management, tenant, &identity.connection).await?;
    change_root(call, connection.as_ref(), &mut user)?;
    change_metadata(call, &mut user)?;
    if let Some(blocked) = call.body.get("blocked").and_then(Value::as_bool) {
        user.blocked = Some(blocked);
    }
    let blocks = user.is_blocked() && !stored.user.is_blocked();
    let mut ends_sessions = blocks.then_some(Initiator::AccountDeactivated);
    let touches_account = ["email", "email_verified", "username", "phone_number"]
        .iter()
        .chain(&["phone_verified", "password"])
        .any(|name| call.body.contains_key(*name));
    if touches_account {
        let connection = connection.ok_or_else(|| Failure::body("Connection does not exist"))?;
        change_account(call, &connection, &identity, &mut user)?;
        if let Some(password) = call.body.get("password").and_then(Value::as_str) {
            set_password(
                call,
                &connection,
                (password, &mut user, &identity),
                &mut batch,
            )
            .await?;
            ends_sessions = Some(Initiator::PasswordChanged);
        }
        let is_primary = user.primary_identity() == Some(&identity);
        if is_primary {
            let identifiers = profile::identifiers(&connection, &user);
            batch.set_identifiers(tenant, &identity, &identifiers);
        }
    }
    user.updated_at = call.now;
    batch.replace_user(tenant, &user, stored.revision);
    if call.body.get("verify_email") == Some(&Value::Bool(true)) {
        profile::ask_to_verify(call, &user, &mut batch).await?;
    }
    let mut ended = Vec::new();
    if let Some(initiator) = ends_sessions {
        let user_id = user.user_id.as_str();
        let store = &management.store;
        ended = store.ending_of_user(tenant, user_id, initiator).await?;
        batch.end_sessions_of_user(tenant, user_id);
        if blocks {
            batch.end_tokens_of_user(tenant, user_id, call.now);
        } else {
            batch.revoke_tokens_of_user(tenant, user_id);
        }
    }
    Ok((user, batch, ended))
}

/// The identity that the request means.
fn named_identity<'u>(call: &Call<'_>, user: &'u User) -> Result<&'u Identity, Failure> {
    let found = match call.body.get("connection").and_then(Value::as_str) {
        Some(name) => user.identity_at(name),
        None => user.primary_identity(),
    };
    found.ok_or_else(|| Failure::body("Connection does not exist"))
}

/// Names and picture of users from elsewhere come with each login, unless the connection says otherwise.
fn change_root(
    call: &Call<'_>,
    connection: Option<&Connection>,
    user: &mut User,
) -> Result<(), Failure> {
    if !ROOT.iter().any(|name| call.body.contains_key(*name)) {
        return Ok(());
    }
    let own = |connection: &Connection| {
        let rest = &connection.options.rest;
        let kept = rest.get("set_user_root_attributes").and_then(Value::as_str);
        matches!(connection.strategy.as_str(), "auth0" | "email" | "sms")
            || matches!(kept, Some("on_first_login" | "never_on_login"))
    };
    if !connection.is_none_or(own) {
        return Err(Failure::body(
            "The following user attributes cannot be updated: family_name, given_name, name, \
             nickname, picture. The connection must either be a database connection (using the \
             Auth0 store), a passwordless connection (email or sms) or has disabled 'Sync user \
             profile attributes at each login'",
        ));
    }
    for (name, member) in [
        ("given_name", &mut user.given_name),
        ("family_name", &mut user.family_name),
        ("name", &mut user.name),
        ("nickname", &mut user.nickname),
        ("picture", &mut user.picture),
    ] {
        if let Some(value) = call.body.get(name) {
            *member = value.as_str().map(str::to_owned);
        }
    }
    Ok(())
}

fn change_metadata(call: &Call<'_>, user: &mut User) -> Result<(), Failure> {
    let object = |name: &str| call.body.get(name).and_then(Value::as_object);
    if let Some(change) = object("user_metadata") {
        user.user_metadata = metadata::merge(user.user_metadata.take(), change, WhenEmpty::Object);
    }
    if let Some(change) = object("app_metadata") {
        profile::check_metadata(change)?;
        user.app_metadata = metadata::merge(user.app_metadata.take(), change, WhenEmpty::Absent);
    }
    Ok(())
}

/// Changes what the user is named by. An address that changes is not verified unless the request says so.
fn change_account(
    call: &Call<'_>,
    connection: &Connection,
    identity: &Identity,
    user: &mut User,
) -> Result<(), Failure> {
    let named: Vec<IdentifierKind> = profile::KINDS
        .into_iter()
        .filter(|kind| call.body.contains_key(kind.as_str()))
        .collect();
    let verifies = ["email_verified", "phone_verified"]
        .iter()
        .any(|name| call.body.contains_key(*name));
    if named.is_empty() && !verifies {
        return Ok(());
    }
    if user.primary_identity() != Some(identity) {
        return Err(Failure::body(
            "Connection is not supported for this operation",
        ));
    }
    if !connection.is_database() && named.contains(&IdentifierKind::Email) {
        return Err(Failure::body("Cannot update email for non-database user"));
    }
    for kind in named {
        let value = match call.body.get(kind.as_str()).and_then(Value::as_str) {
            Some(value) => {
                profile::check_kind(connection, kind)?;
                Some(profile::normal(connection, kind, value)?)
            }
            None => None,
        };
        match kind {
            IdentifierKind::Email if user.email != value => {
                user.email_verified = value.as_ref().map(|_| false);
                user.email = value;
            }
            IdentifierKind::PhoneNumber if user.phone_number != value => {
                user.phone_verified = value.as_ref().map(|_| false);
                user.phone_number = value;
            }
            IdentifierKind::Username => user.username = value,
            IdentifierKind::Email | IdentifierKind::PhoneNumber => {}
        }
    }
    let flag = |name: &str| call.body.get(name).and_then(Value::as_bool);
    if let Some(verified) = flag("email_verified").filter(|_| user.email.is_some()) {
        user.email_verified = Some(verified);
    }
    if let Some(verified) = flag("phone_verified").filter(|_| user.phone_number.is_some()) {
        user.phone_verified = Some(verified);
    }
    profile::check_required(connection, user)
}

async fn set_password(
    call: &Call<'_>,
    connection: &Connection,
    (password, user, identity): (&str, &mut User, &Identity),
    batch: &mut Batch,
) -> Result<(), Failure> {
    if !connection.is_database() {
        return Err(Failure::body(
            "Connection is not supported for this operation",
        ));
    }
    let password = Secret::new(password.to_owned());
    let key = IdentityKey::from(identity);
    let (management, tenant) = (call.management, call.tenant);
    let subject = (&password, &*user, &key);
    let (hash, history) = profile::hash(management, tenant, connection, subject).await?;
    batch.set_password(tenant, &key, &hash, history, call.now);
    user.last_password_reset = Some(call.now);
    Ok(())
}

fn sent(call: &Call<'_>, name: &str) -> bool {
    let body: &Map<String, Value> = &call.body;
    body.get(name).is_some_and(|value| !value.is_null())
}
