//! Proving who somebody is by a password: the one place that checks them, for every grant and page.

use grantor_protocol::{
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    users::{connection::Connection, identifier::candidates},
};
use grantor_storage::{
    Batch,
    users::{FoundByIdentifier, IdentityKey, StoredUser},
};

use crate::{
    app::App,
    http::{context::Context, failure::Failure},
    passwords::Verdict,
};

/// Longest name and password that are looked at, in bytes; longer than those of any user.
pub const MAX_LENGTH: usize = 4096;

/// What a check found.
#[derive(Debug)]
pub enum Checked {
    /// The password is the user's.
    Right(Box<Right>),
    /// It is not, or nobody is called so.
    Wrong {
        /// Who is called so.
        user_id: Option<String>,
    },
}

/// A user who proved who it is.
#[derive(Debug)]
pub struct Right {
    /// The user.
    pub user: StoredUser,
    /// A better hash of the same password, written with whatever the login writes.
    pub rehash: Batch,
}

/// Checks the password of whom `name` names at `connection`. It takes as long if nobody is called so.
///
/// # Errors
/// [`Rule::RateLimited`] if too many passwords wait already, and what the store reports.
pub async fn check(
    app: &App,
    context: &Context,
    connection: &Connection,
    name: &str,
    password: &Secret,
) -> Result<Checked, Failure> {
    if MAX_LENGTH < name.len() || MAX_LENGTH < password.expose().len() {
        return Ok(Checked::Wrong { user_id: None });
    }
    let tenant = &context.site.tenant;
    let found = find(app, context, connection, name).await?;
    let hash = found
        .as_ref()
        .and_then(|found| found.password_hash.as_deref());
    let verdict = app
        .passwords
        .check(tenant, password, hash)
        .await
        .map_err(|busy| Refusal::new(Rule::RateLimited).with("because", busy))?;
    let (Verdict::Match { renewed }, Some(found)) = (&verdict, &found) else {
        let user_id = found.map(|found| found.found.user.user_id.as_str().to_owned());
        return Ok(Checked::Wrong { user_id });
    };
    let mut rehash = app.store.batch();
    if let (Some(new), Some(old)) = (renewed, hash) {
        rehash.rehash_password(tenant, &found.identity, old, new);
    }
    Ok(Checked::Right(Box::new(Right {
        user: found.found.clone(),
        rehash,
    })))
}

/// Checks the password of an identity whose user is known already.
///
/// # Errors
/// [`Rule::RateLimited`] if too many passwords wait already, and what the store reports.
pub async fn check_identity(
    app: &App,
    context: &Context,
    key: &IdentityKey,
    password: &Secret,
) -> Result<bool, Failure> {
    let tenant = &context.site.tenant;
    let stored = app.store.find_password(tenant, key).await?;
    let hash = stored.as_ref().map(|stored| stored.hash.as_str());
    let verdict = app
        .passwords
        .check(tenant, password, hash)
        .await
        .map_err(|busy| Refusal::new(Rule::RateLimited).with("because", busy))?;
    Ok(matches!(verdict, Verdict::Match { .. }))
}

/// Whom `name` names at `connection`, by any identifier that its users have.
///
/// # Errors
/// What the store reports.
pub async fn find(
    app: &App,
    context: &Context,
    connection: &Connection,
    name: &str,
) -> Result<Option<FoundByIdentifier>, Failure> {
    let kinds = connection.options.identifiers();
    for identifier in candidates(name) {
        if !kinds.contains(&identifier.kind) {
            continue;
        }
        let tenant = &context.site.tenant;
        let store = &app.store;
        let found = store.find_user_by_identifier(tenant, &connection.name, &identifier);
        if let Some(found) = found.await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}
