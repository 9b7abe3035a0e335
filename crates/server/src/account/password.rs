//! Changing the password, by whoever knows the present one.

use std::sync::Arc;

use axum::response::Response;
use grantor_protocol::{
    logout::Initiator,
    parameters::Parameters,
    secret::Secret,
    users::{Connection, MAX_PASSWORD_LENGTH, PasswordPolicy, UserId},
};
use grantor_storage::{
    Error as StoreError,
    users::{IdentityKey, USER_REVISION},
};

use super::{PASSWORD, PATH, own_client, sessions, visitor::Visitor};
use crate::{
    authorize::{drive::redirect, fault::Fault, journal, sign_up::busy, visit::session_digest},
    http::cookies::{self, Cookie},
    outbound::mail::MailKind,
    pages::{AccountPassword, ChangedPassword, Field, Problem, rules_of},
    pipeline::{new_password, password},
    tickets::notify,
};

/// What a user logs in with who has a password.
pub(super) struct Login {
    pub(super) connection: Arc<Connection>,
    pub(super) key: IdentityKey,
}

/// The identity of the user that has a password: the primary one, or else the first.
pub(super) async fn login(visitor: &Visitor<'_>) -> Result<Option<Login>, Fault> {
    let (store, tenant) = (&visitor.visit.app.store, visitor.tenant());
    let identities = visitor.user().identities.iter();
    for identity in identities.filter(|identity| identity.provider == UserId::DATABASE) {
        let key = IdentityKey::from(identity);
        let names = [identity.connection.as_str()];
        let connection = store.typed_by::<Connection>(tenant, "name", &names).await?;
        let connection = connection.filter(|connection| connection.value.is_database());
        if let Some(connection) = connection
            && store.find_password(tenant, &key).await?.is_some()
        {
            let connection = Arc::clone(&connection.value);
            return Ok(Some(Login { connection, key }));
        }
    }
    Ok(None)
}

/// The same, if users of the connection may change their passwords themselves.
pub(super) async fn changeable(visitor: &Visitor<'_>) -> Result<Option<Login>, Fault> {
    let may = |login: &Login| {
        login
            .connection
            .options
            .disable_self_service_change_password
            != Some(true)
    };
    Ok(login(visitor).await?.filter(may))
}

/// Whether the user knows the password of `login`. A wrong one is recorded like that of a login, and tries are few.
pub(super) async fn prove(
    visitor: &Visitor<'_>,
    login: &Login,
    given: &Secret,
) -> Result<Option<Problem>, Fault> {
    let (app, context) = (visitor.visit.app, visitor.visit.context);
    let user_id = visitor.user().user_id.as_str().to_owned();
    let key = (visitor.tenant().clone(), user_id.clone());
    if app.proof_rate.take(&key, context.now).1.is_err() {
        return Ok(Some(Problem::TooManyAttempts));
    }
    if given.expose().len() <= MAX_PASSWORD_LENGTH {
        match password::check_identity(app, context, &login.key, given).await {
            Ok(true) => return Ok(None),
            Ok(false) => {}
            Err(failure) => return busy(failure.refusal).map(Some),
        }
    }
    let (connection, name) = (login.connection.name.as_str(), visitor.name());
    let at = (connection, name.as_str());
    journal::wrong_password(visitor.visit, own_client::CLIENT_ID, at, Some(user_id)).await;
    Ok(Some(Problem::WrongPassword))
}

/// `GET /account/password`.
pub(super) async fn ask(
    visitor: &Visitor<'_>,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let Some(login) = changeable(visitor).await? else {
        return Ok(redirect(PATH));
    };
    let policy = PasswordPolicy::new(&login.connection.options.password);
    let page = AccountPassword {
        form: visitor.form(PASSWORD, PASSWORD),
        identifier: visitor.name(),
        rules: rules_of(&policy),
        back: PATH.to_owned(),
        problem,
    };
    visitor.page(&page).await
}

/// `POST /account/password`.
pub(super) async fn change(visitor: &Visitor<'_>, form: &Parameters) -> Result<Response, Fault> {
    let Some(login) = changeable(visitor).await? else {
        return Ok(redirect(PATH));
    };
    let text = |field: Field| form.text(field.name()).map(Option::unwrap_or_default);
    let present = Secret::new(text(Field::CurrentPassword)?.to_owned());
    let chosen = Secret::new(text(Field::Password)?.to_owned());
    let problem = if !visitor.showed(PASSWORD, form) {
        Some(Problem::FormExpired)
    } else if present.expose().is_empty() {
        Some(Problem::Missing(Field::CurrentPassword))
    } else if chosen.expose().is_empty() {
        Some(Problem::Missing(Field::Password))
    } else if chosen.expose() != text(Field::PasswordAgain)? {
        Some(Problem::PasswordsDiffer)
    } else {
        prove(visitor, &login, &present).await?
    };
    match problem {
        Some(problem) => ask(visitor, Some(problem)).await,
        None => set(visitor, &login, &chosen).await,
    }
}

/// Sets the password. The other sessions end with it, and the own one goes on under a new cookie: whoever else knew the old
/// password, or the old cookie, may be why there is a new one.
async fn set(visitor: &Visitor<'_>, login: &Login, chosen: &Secret) -> Result<Response, Fault> {
    let (visit, tenant) = (visitor.visit, visitor.tenant());
    let (app, context, now) = (visit.app, visit.context, visit.context.now);
    let Login { connection, key } = login;
    let at = ("connection", connection.name.as_str());
    let fit = new_password::hash(app, context, connection, (visitor.user(), key), chosen).await;
    let hash = match fit {
        Ok(hash) => hash,
        Err(unfit) => {
            let (problem, reason) = unfit.told()?;
            if let Some(reason) = reason {
                visitor.record("fcp", &[at, ("description", reason)]).await;
            }
            return ask(visitor, Some(problem)).await;
        }
    };
    let mut user = visitor.user().clone();
    user.last_password_reset = Some(now);
    user.updated_at = now;
    let user_id = user.user_id.as_str();
    let history = PasswordPolicy::new(&connection.options.password).history();
    let told = sessions::others(visitor, Initiator::PasswordChanged).await?;
    let cookie = visit.secret();
    let mut batch = visitor.batch();
    batch
        .replace_user(tenant, &user, visitor.stored.revision)
        .set_password(tenant, key, &hash, history.unwrap_or_default(), now)
        .end_other_sessions(tenant, user_id, &visitor.session.id)
        .revoke_tokens_of_user(tenant, user_id)
        .put_session(
            tenant,
            &session_digest(app, &cookie),
            &visitor.session,
            &visit.device(),
        );
    notify(visit, MailKind::PasswordReset, &user, &mut batch).await?;
    match visitor.commit(batch).await {
        Ok(true) => {}
        Ok(false) => return Ok(redirect(PATH)),
        Err(StoreError::Guard {
            label: USER_REVISION,
        }) => return ask(visitor, Some(Problem::FormExpired)).await,
        Err(error) => return Err(error.into()),
    }
    for ended in told {
        sessions::tell(visitor, ended).await;
    }
    visitor.record("scp", &[at]).await;
    let page = ChangedPassword {
        back: Some(PATH.to_owned()),
    };
    let mut response = visitor.page(&page).await?;
    let expires_at = visitor.session.cookie_expires_at(visitor.limits);
    let (headers, site) = (response.headers_mut(), &context.site);
    cookies::set(headers, site, Cookie::Session, &cookie, (expires_at, now));
    Ok(response)
}
