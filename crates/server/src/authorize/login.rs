//! The login page: identifier and password, together or one after the other.

use axum::response::Response;
use grantor_protocol::{
    authorize::{Event, Page, advance},
    parameters::Parameters,
    secret::Secret,
    session::{Authentication, AuthenticationMethod},
};
use grantor_storage::{Error as StoreError, LOGIN};

use super::{
    connection, drive,
    fault::Fault,
    journal,
    log_in::{Way, log_in},
    one_time_code, show,
    sign_up::busy,
    visit::{Pending, Visit},
    world::World,
};
use crate::{
    pages::{Field, Problem},
    pipeline::password::{self, Checked},
};

/// `POST /u/login` and `POST /u/login/password`.
pub(super) async fn with_password(
    visit: &Visit<'_>,
    pending: Pending,
    world: World,
    form: &Parameters,
) -> Result<Response, Fault> {
    let entered = form.text("username")?.map(str::to_owned);
    // Where the identifier was asked for first, it is the one of that page, whatever the form says.
    let progress = &pending.login.progress;
    let name = progress.identifier().map(str::to_owned).or(entered);
    let name = name.unwrap_or_default();
    let password = Secret::new(form.text("password")?.unwrap_or_default().to_owned());
    let again = |name: String, problem| {
        let page = match progress.identifier() {
            Some(_) => Page::Password {
                identifier: name.clone(),
            },
            None => Page::Login,
        };
        (page, name, problem)
    };
    let request = &pending.login.request;
    let connection = connection::database(&world, request)?;
    let problem = if name.trim().is_empty() {
        Some(Problem::Missing(Field::Identifier))
    } else if password.expose().is_empty() {
        Some(Problem::Missing(Field::Password))
    } else {
        None
    };
    if let Some(problem) = problem {
        let (page, name, problem) = again(name, problem);
        return show::again(visit, &pending, &world, (&page, &name), problem).await;
    }
    let checked = password::check(visit.app, visit.context, &connection, &name, &password).await;
    let right = match checked {
        Ok(Checked::Right(right)) => right,
        Err(failure) => {
            let (page, name, problem) = again(name, busy(failure.refusal)?);
            return show::again(visit, &pending, &world, (&page, &name), problem).await;
        }
        Ok(Checked::Wrong { user_id }) => {
            let client_id = &request.client_id;
            journal::wrong_password(visit, client_id, (&connection.name, &name), user_id).await;
            let (page, name, problem) = again(name, Problem::WrongCredentials);
            return show::again(visit, &pending, &world, (&page, &name), problem).await;
        }
    };
    let user_id = right.user.user.user_id.as_str().to_owned();
    let methods = vec![AuthenticationMethod::Password];
    let authentication = Authentication::proven(user_id, methods, visit.context.now);
    log_in(
        visit,
        (pending, world),
        (Way::Page, authentication),
        right.rehash,
    )
    .await
}

/// `POST /u/login/identifier`. The next page asks for the password, whoever is meant.
pub(super) async fn with_identifier(
    visit: &Visit<'_>,
    pending: Pending,
    world: World,
    form: &Parameters,
) -> Result<Response, Fault> {
    let name = form.text("username")?.unwrap_or_default().trim();
    let connection = connection::choose(&world, &pending.login.request)?;
    if connection.proves().is_some() {
        return one_time_code::ask(visit, pending, world, &connection, name).await;
    }
    if name.is_empty() || password::MAX_LENGTH < name.len() {
        let problem = Problem::Missing(Field::Identifier);
        return show::again(visit, &pending, &world, (&Page::Identifier, ""), problem).await;
    }
    let event = Event::EnteredIdentifier(Some(name.to_owned()));
    record(visit, pending, world, event).await
}

/// Records what was done, and goes on. Where the page does not belong to what is owed now, that is shown instead.
pub(super) async fn record(
    visit: &Visit<'_>,
    mut pending: Pending,
    world: World,
    event: Event,
) -> Result<Response, Fault> {
    let login = &pending.login;
    let facts = world.facts(&login.progress);
    let Ok(progress) = advance(&login.request, &facts, event, visit.context.now) else {
        return Ok(drive::look_again(&pending));
    };
    let mut batch = visit.app.store.batch();
    let tenant = &visit.context.site.tenant;
    batch.advance_login(tenant, &pending.handle.digest, login.revision, &progress);
    match visit.app.store.commit(batch).await {
        Ok(()) => {}
        Err(StoreError::Guard { label: LOGIN }) => return Ok(drive::look_again(&pending)),
        Err(error) => return Err(error.into()),
    }
    pending.login.progress = progress;
    pending.login.revision += 1;
    drive::go_on(visit, &pending, &world).await
}
