//! Choosing a new password: the one place that holds what users choose against the policy and the history of their
//! connection.

use grantor_protocol::{
    secret::Secret,
    users::{Connection, MAX_PASSWORD_LENGTH, PasswordPolicy, PasswordRefusal, User},
};
use grantor_storage::{Error as StoreError, users::IdentityKey};

use crate::{
    app::App,
    http::context::Context,
    pages::{Field, Problem},
};

/// Why a password was not taken.
#[derive(Debug)]
pub enum Unfit {
    /// It is longer than any password may be.
    TooLong,
    /// The connection's policy refuses it.
    Refused(PasswordRefusal),
    /// Too many passwords wait already.
    Busy,
    /// The store failed.
    Failed(StoreError),
}

impl From<StoreError> for Unfit {
    fn from(error: StoreError) -> Self {
        Self::Failed(error)
    }
}

impl Unfit {
    /// What the page says, and the log if it is to hear of it.
    ///
    /// # Errors
    /// [`Unfit::Failed`].
    pub fn told(self) -> Result<(Problem, Option<&'static str>), StoreError> {
        match self {
            Self::TooLong => Ok((Problem::Invalid(Field::Password), None)),
            Self::Refused(refusal) => Ok((Problem::from(&refusal), Some(refusal.message()))),
            Self::Busy => Ok((Problem::TooManyAttempts, None)),
            Self::Failed(error) => Err(error),
        }
    }
}

/// The hash of a password that `user` chose for its identity `key` at `connection`.
///
/// # Errors
/// [`Unfit`].
pub async fn hash(
    app: &App,
    context: &Context,
    connection: &Connection,
    (user, key): (&User, &IdentityKey),
    password: &Secret,
) -> Result<String, Unfit> {
    let tenant = &context.site.tenant;
    if MAX_PASSWORD_LENGTH < password.expose().len() {
        return Err(Unfit::TooLong);
    }
    let policy = PasswordPolicy::new(&connection.options.password);
    policy
        .decide(password.expose(), user)
        .map_err(Unfit::Refused)?;
    if let Some(history) = policy.history() {
        let hashes = app.store.password_hashes(tenant, key, history).await?;
        let is_old = app.passwords.was_used(tenant, password, &hashes).await;
        if is_old.map_err(|_| Unfit::Busy)? {
            return Err(Unfit::Refused(PasswordRefusal::Reused));
        }
    }
    let hash = app.passwords.hash(tenant, password).await;
    hash.map_err(|_| Unfit::Busy)
}
