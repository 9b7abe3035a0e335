//! Links that verify an address or change a password, for an administrator to hand on.

use grantor_protocol::{
    document::Document,
    model::Client,
    users::{
        Connection, Identity, Ticket, TicketKind, User, UserId,
        identifier::{self, Identifier, IdentifierKind},
    },
};
use serde_json::{Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    keys::Pending,
    resource::{Answer, Field, Resource, Scopes, field, run},
    resources::user_profile,
    schema::Problem,
};

/// `/tickets`.
pub(crate) const TICKETS: Resource = Resource::of_operations(
    "/tickets",
    "Ticket",
    FIELDS,
    &[
        run(
            "POST",
            "/tickets/email-verification",
            Scopes::Any(CREATE),
            201,
            email_verification,
            "Make a link that verifies an e-mail address",
        )
        .with_body(EMAIL_VERIFICATION)
        .answering(Answer::One),
        run(
            "POST",
            "/tickets/password-change",
            Scopes::Any(CREATE),
            201,
            password_change,
            "Make a link that changes a password",
        )
        .with_body(PASSWORD_CHANGE)
        .answering(Answer::One),
    ],
);

const CREATE: &[&str] = &["create:user_tickets"];

const FIELDS: &[Field] = &[field("ticket", "R", "str url secret")];

const EMAIL_VERIFICATION: &str = "{user_id*: str 1..255, result_url: str ..2000 url, \
    client_id: str 1..100, organization_id: str 1..100, ttl_sec: int 0..31536000, \
    includeEmailInRedirect: bool, \
    identity: {user_id*: str 1..255, provider*: str 1..100, connection_id: str 1..100}}";

const PASSWORD_CHANGE: &str = "{user_id: str 1..255, connection_id: str 1..100, email: str email, \
    result_url: str ..2000 url, client_id: str 1..100, organization_id: str 1..100, \
    ttl_sec: int 0..31536000, mark_email_as_verified: bool, includeEmailInRedirect: bool, \
    identity: {user_id*: str 1..255, provider*: str 1..100, connection_id: str 1..100}}";

fn email_verification<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let user = named_user(call).await?;
        let identity = named_identity(call, &user)?;
        issue(call, TicketKind::EmailVerification, &user, identity).await
    })
}

fn password_change<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let (user, at) = match text(call, "user_id") {
            Some(_) => (named_user(call).await?, None),
            None => user_at_connection(call).await?,
        };
        let identity = match &at {
            Some(connection) => user.identity_at(connection),
            None => None,
        };
        let identity = match identity {
            Some(identity) => identity,
            None => named_identity(call, &user)?,
        };
        let (management, tenant) = (call.management, call.tenant);
        let connection = user_profile::connection(management, tenant, &identity.connection);
        if !connection.await?.is_some_and(|found| found.is_database()) {
            let message = "The user's main connection does not support this operation";
            return Err(Failure::body(message));
        }
        issue(call, TicketKind::PasswordChange, &user, identity).await
    })
}

async fn issue(
    call: &Call<'_>,
    kind: TicketKind,
    user: &User,
    identity: &Identity,
) -> Result<Response, Failure> {
    let email = user.email_of(identity).map(str::to_owned);
    if email.is_none() && kind == TicketKind::EmailVerification {
        return Err(Failure::body("The user does not have an email address"));
    }
    check_client(call).await?;
    let flag = |name: &str| call.body.get(name) == Some(&json!(true));
    let ticket = Ticket {
        user_id: user.user_id.as_str().to_owned(),
        provider: identity.provider.clone(),
        identity: identity.user_id.clone(),
        connection: identity.connection.clone(),
        email,
        result_url: text(call, "result_url").map(str::to_owned),
        client_id: text(call, "client_id").map(str::to_owned),
        include_email_in_redirect: flag("includeEmailInRedirect"),
        mark_email_as_verified: flag("mark_email_as_verified"),
    };
    let sent = call.body.get("ttl_sec").and_then(Value::as_i64);
    let lifetime = sent.filter(|seconds| 0 < *seconds);
    let lifetime = lifetime.unwrap_or(TicketKind::LIFETIME_SECONDS);
    let management = call.management;
    let issuer = management.issuer(call.tenant).await?;
    let mut batch = management.store.batch();
    let link = management.issue_ticket(
        &mut batch,
        (call.tenant, &issuer),
        (kind, &ticket),
        call.now.plus_seconds(lifetime),
    );
    let response = Response::json(201, json!({"ticket": link}));
    call.commit_recorded(batch, &response).await?;
    Ok(response)
}

async fn named_user(call: &Call<'_>) -> Result<User, Failure> {
    let missing = || Failure::new(404, "inexistent_user", "User not found");
    let id = text(call, "user_id").and_then(UserId::parse);
    let store = &call.management.store;
    let found = match id {
        Some(id) => store.find_user(call.tenant, &id).await?,
        None => None,
    };
    found.map(|stored| stored.user).ok_or_else(missing)
}

/// The user that the request names by its address at a connection, and the connection's name.
async fn user_at_connection(call: &Call<'_>) -> Result<(User, Option<String>), Failure> {
    let (Some(id), Some(email)) = (text(call, "connection_id"), text(call, "email")) else {
        let problem = Problem::new("Missing required property: user_id".to_owned());
        return Err(Failure::payload(&problem));
    };
    let store = &call.management.store;
    let connection = store.find(call.tenant, &Connection::KIND, id).await?;
    let name = connection.and_then(|found| {
        let name = found.body.get("name")?;
        name.as_str().map(str::to_owned)
    });
    let name =
        name.ok_or_else(|| Failure::body(format!("The connection with id {id} does not exist")))?;
    let email = Identifier {
        kind: IdentifierKind::Email,
        value: identifier::email(email).unwrap_or_default(),
    };
    let found = store
        .find_user_by_identifier(call.tenant, &name, &email)
        .await?;
    let missing = || Failure::new(404, "inexistent_user", "User not found");
    let found = found.ok_or_else(missing)?;
    Ok((found.found.user, Some(name)))
}

/// The identity of the user that the body names as `identity`, else the primary one.
pub(super) fn named_identity<'u>(call: &Call<'_>, user: &'u User) -> Result<&'u Identity, Failure> {
    let named = call.body.get("identity");
    let member = |name: &str| {
        named
            .and_then(|named| named.get(name))
            .and_then(Value::as_str)
    };
    let found = match (member("provider"), member("user_id")) {
        (Some(provider), Some(id)) => user
            .identities
            .iter()
            .find(|one| one.provider == provider && one.user_id == id),
        _ => user.primary_identity(),
    };
    found.ok_or_else(|| Failure::body("The user exists, but does not contain the given identity"))
}

async fn check_client(call: &Call<'_>) -> Result<(), Failure> {
    if text(call, "organization_id").is_some() {
        return Err(Failure::body("The organization does not exist"));
    }
    let Some(client_id) = text(call, "client_id") else {
        return Ok(());
    };
    if text(call, "result_url").is_some() {
        let message = "Cannot set both result_url and client_id";
        return Err(Failure::body(message));
    }
    let store = &call.management.store;
    let found = store.typed::<Client>(call.tenant, client_id).await?;
    match found {
        Some(_) => Ok(()),
        None => Err(Failure::body("The client does not exist")),
    }
}

fn text<'a>(call: &'a Call<'_>, name: &str) -> Option<&'a str> {
    call.body.get(name).and_then(Value::as_str)
}
