//! What a connection demands of its users, for whoever makes or changes one.

use grantor_protocol::{
    document::Document,
    model::Client,
    secret::Secret,
    tenant::TenantId,
    users::{
        Connection, User,
        connection::Asked,
        identifier::{Identifier, IdentifierKind},
        metadata,
        password::{PasswordPolicy, PasswordRefusal},
    },
};
use grantor_storage::{Batch, users::IdentityKey};
use serde_json::{Map, Value};

use crate::{Management, engine::Call, failure::Failure, mails::Verification, schema::Problem};

/// The connection called `name`.
pub(crate) async fn connection(
    management: &Management,
    tenant: &TenantId,
    name: &str,
) -> Result<Option<Connection>, Failure> {
    let store = &management.store;
    let kind = &Connection::KIND;
    let Some(record) = store.find_by(tenant, kind, "name", &[name]).await? else {
        return Ok(None);
    };
    serde_json::from_value(record.body)
        .map(Some)
        .map_err(|problem| {
            tracing::error!(%problem, name, "a connection cannot be read");
            Failure::internal()
        })
}

/// The normal form of an identifier, as the connection wants it.
pub(crate) fn normal(
    connection: &Connection,
    kind: IdentifierKind,
    value: &str,
) -> Result<String, Failure> {
    connection.options.normal(kind, value).ok_or_else(|| {
        let name = kind.as_str();
        let problem = format!("Object didn't pass validation for format {name}: {value}");
        Failure::payload(&Problem::new(problem).inside(name))
    })
}

/// Whether users of the connection may have an identifier of this kind.
pub(crate) fn check_kind(connection: &Connection, kind: IdentifierKind) -> Result<(), Failure> {
    let known = match connection.strategy.as_str() {
        "email" => kind == IdentifierKind::Email,
        "sms" => kind != IdentifierKind::Username,
        _ => {
            let asked = connection.options.asked(kind) != Asked::Inactive;
            asked
                || connection.options.identifiers().contains(&kind)
                || is_profile(connection, kind)
        }
    };
    if known {
        return Ok(());
    }
    Err(Failure::body(match kind {
        IdentifierKind::Username => {
            "Cannot set username for connection without requires_username".to_owned()
        }
        other => format!(
            "Cannot set {0} for connection without a {0} attribute",
            other.as_str()
        ),
    }))
}

/// An address is part of every profile unless the attributes say otherwise.
fn is_profile(connection: &Connection, kind: IdentifierKind) -> bool {
    let attributes = connection.options.attributes.as_ref();
    kind == IdentifierKind::Email && attributes.is_none_or(|all| all.email.is_some())
}

/// Whether the user has what the connection demands.
pub(crate) fn check_required(connection: &Connection, user: &User) -> Result<(), Failure> {
    let demanded = |kind: &IdentifierKind| match connection.strategy.as_str() {
        "email" => *kind == IdentifierKind::Email,
        "sms" => *kind == IdentifierKind::PhoneNumber,
        _ => connection.options.asked(*kind) == Asked::Required,
    };
    for kind in KINDS.iter().filter(|kind| demanded(kind)) {
        if user.identifier(*kind).is_none() {
            let problem = format!("Missing required property: {}", kind.as_str());
            return Err(Failure::payload(&Problem::new(problem)));
        }
    }
    Ok(())
}

/// The kinds of identifiers.
pub(crate) const KINDS: [IdentifierKind; 3] = [
    IdentifierKind::Email,
    IdentifierKind::Username,
    IdentifierKind::PhoneNumber,
];

/// What the user occupies at the connection.
pub(crate) fn identifiers(connection: &Connection, user: &User) -> Vec<Identifier> {
    user.identifiers(&connection.options.unique())
}

/// Whether `app_metadata` has only names that it may have.
pub(crate) fn check_metadata(app_metadata: &Map<String, Value>) -> Result<(), Failure> {
    match metadata::reserved(app_metadata) {
        Some(name) => {
            let problem = Problem::new(format!("Additional properties not allowed: {name}"));
            Err(Failure::payload(&problem.inside("app_metadata")))
        }
        None => Ok(()),
    }
}

/// The hash of a new password that the connection accepts, and how many earlier ones are kept.
pub(crate) async fn hash(
    management: &Management,
    tenant: &TenantId,
    connection: &Connection,
    (password, user, key): (&Secret, &User, &IdentityKey),
) -> Result<(String, usize), Failure> {
    let policy = PasswordPolicy::new(&connection.options.password);
    let decided = policy.decide(password.expose(), user);
    decided.map_err(|refusal| Failure::body(refusal.management_message()))?;
    let kept = policy.history();
    let passwords = &management.passwords;
    if let Some(history) = kept {
        let store = &management.store;
        let earlier = store.password_hashes(tenant, key, history).await?;
        if passwords.was_used(tenant, password, &earlier).await? {
            let refusal = PasswordRefusal::Reused;
            return Err(Failure::body(refusal.management_message()));
        }
    }
    let hash = passwords.hash(tenant, password).await?;
    Ok((hash, kept.unwrap_or(0)))
}

/// Adds the mail that asks a user to verify its address to `batch`, unless there is nothing to verify.
pub(crate) async fn ask_to_verify(
    call: &Call<'_>,
    user: &User,
    batch: &mut Batch,
) -> Result<(), Failure> {
    let (Some(identity), Some(email)) = (user.primary_identity(), &user.email) else {
        return Ok(());
    };
    if user.email_verified == Some(true) {
        return Ok(());
    }
    let named = call.body.get("client_id").and_then(Value::as_str);
    let client = match named {
        Some(id) => {
            call.management
                .store
                .typed::<Client>(call.tenant, id)
                .await?
        }
        None => None,
    };
    let verification = Verification {
        tenant: call.tenant,
        user,
        identity,
        email,
        client: client.as_ref().map(|client| &*client.value),
        now: call.now,
    };
    let queued = call.management.queue_verification(batch, verification);
    Ok(queued.await?)
}

/// The refusal for a connection that does not exist.
pub(crate) fn no_connection() -> Failure {
    let message = "The connection does not exist.";
    Failure::new(400, "inexistent_connection", message)
}

/// Demands that the connection is still there when the user of it is written: whoever deletes it then sees the user.
pub(crate) fn require_connection(batch: &mut Batch, tenant: &TenantId, connection: &Connection) {
    batch.require(tenant, &Connection::KIND, &connection.id);
}

/// The refusal for a key that another user has, or a connection that went meanwhile.
pub(crate) fn taken(error: grantor_storage::Error) -> Failure {
    match error {
        grantor_storage::Error::Guard { label: "required" } => no_connection(),
        grantor_storage::Error::Conflict { .. } => {
            Failure::new(409, "auth0_idp_error", "The user already exists.")
        }
        other => other.into(),
    }
}
