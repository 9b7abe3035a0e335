//! Signing up: the one place that makes users of people who ask for it, for the page and for the API.

use grantor_protocol::{
    document::Document,
    env::IdForm,
    model::Client,
    parameters::clipped,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    users::{Connection, PasswordPolicy, SignUp, SignUpRefusal, TicketKind, User, UserId},
};
use grantor_storage::{Error as StoreError, users::IdentityKey};

use crate::{
    app::App,
    http::{context::Context, failure::Failure},
    pages::Language,
    pipeline::record,
    tickets::{self, Recipient},
};

/// Why nobody signed up.
#[derive(Debug)]
pub enum Problem {
    /// What was given is not good.
    Refused(SignUpRefusal),
    /// Somebody else has this identifier: `email`, `username` or `phone_number`.
    Taken(String),
    /// Nothing that the user could mend.
    Failed(Failure),
}

impl<E: Into<Failure>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

/// Signs somebody up at `connection`, with a mail that verifies the address. Whether the identifiers are
/// free shows only when the password has been hashed, so that the time does not tell either.
///
/// # Errors
/// [`Problem`].
pub async fn sign_up(
    app: &App,
    context: &Context,
    connection: &Connection,
    (given, password): (&SignUp, &Secret),
    (client, language): (Option<&Client>, Language),
) -> Result<User, Problem> {
    let (tenant, now) = (&context.site.tenant, context.now);
    let bare = app.env.id(IdForm::Hex(24));
    let user_id =
        UserId::of(UserId::DATABASE, &bare).ok_or_else(|| Refusal::new(Rule::Internal))?;
    let user = given
        .user(connection, password.expose(), user_id, now)
        .map_err(Problem::Refused)?;
    let hash = app
        .passwords
        .hash(tenant, password)
        .await
        .map_err(|busy| Refusal::new(Rule::RateLimited).with("because", busy))?;
    let history = PasswordPolicy::new(&connection.options.password).history();
    let mut batch = app.store.batch();
    let identifiers = user.identifiers(&connection.options.unique());
    // Whoever deletes the connection meanwhile sees the user, or the user is not made.
    batch.require(tenant, &Connection::KIND, &connection.id);
    batch.insert_user(tenant, &user, &identifiers);
    let key = IdentityKey::from(&user.user_id);
    batch.set_password(tenant, &key, &hash, history.unwrap_or_default(), now);
    if let Some(identity) = user.primary_identity() {
        let recipient = Recipient {
            user: &user,
            identity,
            client,
            language,
            exists: true,
        };
        let kind = TicketKind::EmailVerification;
        tickets::send(app, context, kind, &recipient, &mut batch).await?;
    }
    match app.store.commit(batch).await {
        Ok(()) => Ok(user),
        Err(StoreError::Guard { label: "required" }) => {
            Err(Problem::Refused(SignUpRefusal::Disabled))
        }
        Err(StoreError::Conflict { unique }) => Err(Problem::Taken(unique.to_owned())),
        Err(error) => Err(error.into()),
    }
}

/// Puts what became of a sign-up into the tenant's log. `at` is the client, the connection and what the user is called.
pub async fn journal(
    app: &App,
    context: &Context,
    (client_id, connection, name): (Option<&str>, &str, &str),
    outcome: &Result<User, Problem>,
) {
    let code = if outcome.is_ok() { "ss" } else { "fs" };
    let mut event = record::event(context, code, client_id);
    let description = match outcome {
        Ok(user) => {
            event.user_id = Some(user.user_id.as_str().to_owned());
            None
        }
        Err(Problem::Refused(refusal)) => Some(refusal.to_string()),
        Err(Problem::Taken(kind)) => Some(format!("the {kind} is taken")),
        Err(Problem::Failed(failure)) => Some(failure.refusal.to_string()),
    };
    let members = [
        ("connection", Some(connection.to_owned())),
        ("user_name", Some(clipped(name))),
        ("description", description),
    ];
    for (member, value) in members {
        let value = value.map(|value| (member.to_owned(), value.into()));
        event.members.extend(value);
    }
    app.recorder.record(&context.site.tenant, event).await;
}
