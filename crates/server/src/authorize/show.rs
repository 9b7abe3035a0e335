//! The pages of a login, from what is owed to what is shown.

use axum::response::Response;
use grantor_protocol::{
    authorize::{Event, Page, Screen, Step, next_step},
    consent::{Question, Wording, lines},
    model::ResourceServer,
    users::{
        Connection, PasswordPolicy, User,
        identifier::{IdentifierKind, candidates},
    },
};

use super::{
    answer::{self, Reader},
    connection, consent, drive,
    fault::Fault,
    login::record,
    paths::{self, path_of},
    visit::{Pending, Visit},
    world::World,
};
use crate::pages::{self, Form, Problem, SignUpField, rules_of};

/// What the form of a login page shows. That of a consent page is the question, that of a confirmation the user.
pub(crate) const LOGIN_FORM: &str = "login";

/// `GET` of the page at `path`: shows it if it is owed, else sends the browser to the one that is.
pub(super) async fn owed(
    visit: &Visit<'_>,
    pending: Pending,
    path: &str,
) -> Result<Response, Fault> {
    let world = drive::load_world(visit, &pending).await?;
    let login = &pending.login;
    let step = next_step(
        &login.request,
        &world.facts(&login.progress),
        visit.context.now,
    );
    let page = match step {
        Step::Show(page) => page,
        step => return drive::conclude(visit, &login.request, &world, step, Some(&pending)).await,
    };
    if path == path_of(&page) {
        return show(visit, &pending, &world, (&page, ""), None).await;
    }
    // From login to sign-up and back, and back to the first half of the login page: links, so that they work without
    // scripts. They change what is asked and nothing else.
    let chosen = match (&page, path) {
        (Page::Login | Page::Identifier | Page::Password { .. }, paths::SIGN_UP) => {
            Event::ChoseScreen(Screen::SignUp)
        }
        (Page::SignUp, paths::LOGIN | paths::IDENTIFIER) => Event::ChoseScreen(Screen::Login),
        (Page::Password { .. } | Page::Code { .. }, paths::IDENTIFIER) => {
            Event::EnteredIdentifier(None)
        }
        _ => return drive::go_on(visit, &pending, &world).await,
    };
    record(visit, pending, world, chosen).await
}

/// Shows a page again, with what was entered and what was wrong with it.
pub(super) async fn again(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    (page, name): (&Page, &str),
    problem: Problem,
) -> Result<Response, Fault> {
    show(visit, pending, world, (page, name), Some(problem)).await
}

async fn show(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    (page, name): (&Page, &str),
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let request = &pending.login.request;
    let at = |path: &str| format!("{path}?state={}", pending.handle.state);
    let identifier = || match name {
        "" => request.login_hint.clone().unwrap_or_default(),
        name => name.to_owned(),
    };
    match page {
        Page::Consent(question) => ask_consent(visit, pending, world, question).await,
        Page::Confirm { user_id } => {
            let view = pages::Confirm {
                form: form(visit, pending, paths::CONFIRM, user_id),
                user: name_of(world.user.as_ref()),
                goes_on_to: goes_on_to(pending),
            };
            respond(visit, pending, world, &view).await
        }
        Page::SignUp => {
            let connection = connection::database(world, request)?;
            let fields = hinted(&connection, &identifier());
            sign_up(visit, pending, world, (&connection, fields), problem).await
        }
        Page::Login => {
            let connection = connection::database(world, request)?;
            let view = pages::Login {
                form: form(visit, pending, paths::LOGIN, LOGIN_FORM),
                identifiers: connection.options.identifiers(),
                identifier: identifier(),
                sign_up: open_to_all(&connection).then(|| at(paths::SIGN_UP)),
                reset: resets(&connection).then(|| at(paths::RESET_REQUEST)),
                choices: Vec::new(),
                problem,
            };
            respond(visit, pending, world, &view).await
        }
        Page::Identifier => {
            let connection = connection::choose(world, request)?;
            let database = connection.is_database();
            let view = pages::Identifier {
                form: form(visit, pending, paths::IDENTIFIER, LOGIN_FORM),
                identifiers: connection.identifiers(),
                identifier: identifier(),
                sign_up: (database && open_to_all(&connection)).then(|| at(paths::SIGN_UP)),
                choices: Vec::new(),
                problem,
            };
            respond(visit, pending, world, &view).await
        }
        Page::Password { identifier } => {
            let connection = connection::database(world, request)?;
            let view = pages::Password {
                form: form(visit, pending, paths::PASSWORD, LOGIN_FORM),
                identifier: identifier.clone(),
                edit: at(paths::IDENTIFIER),
                reset: resets(&connection).then(|| at(paths::RESET_REQUEST)),
                problem,
            };
            respond(visit, pending, world, &view).await
        }
        Page::Code { identifier } => ask_code(visit, pending, world, (identifier, problem)).await,
    }
}

/// The fields of the sign-up page, with what is known of the user in the one that it fits.
fn hinted(connection: &Connection, identifier: &str) -> Vec<SignUpField> {
    let hints = candidates(identifier);
    SignUpField::of(&connection.options, |kind| {
        // An address could be a username as well; it is likelier the address.
        let hint = hints.first().filter(|hint| hint.kind == kind);
        hint.map(|hint| hint.value.clone()).unwrap_or_default()
    })
}

/// The page that asks for the code which was sent to `identifier`.
async fn ask_code(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    (identifier, problem): (&str, Option<Problem>),
) -> Result<Response, Fault> {
    let connection = connection::choose(world, &pending.login.request)?;
    let view = pages::Code {
        form: form(visit, pending, paths::CODE, LOGIN_FORM),
        kind: connection.proves().unwrap_or(IdentifierKind::Email),
        identifier: identifier.to_owned(),
        edit: format!("{}?state={}", paths::IDENTIFIER, pending.handle.state),
        problem,
    };
    respond(visit, pending, world, &view).await
}

/// The sign-up page with what is in its fields.
pub(super) async fn sign_up(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    (connection, fields): (&Connection, Vec<SignUpField>),
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let policy = PasswordPolicy::new(&connection.options.password);
    let problem = if open_to_all(connection) {
        problem
    } else {
        Some(Problem::SignUpRefused)
    };
    let view = pages::SignUp {
        form: form(visit, pending, paths::SIGN_UP, LOGIN_FORM),
        fields,
        rules: rules_of(&policy),
        login: Some(format!("{}?state={}", paths::LOGIN, pending.handle.state)),
        problem,
    };
    respond(visit, pending, world, &view).await
}

async fn ask_consent(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    question: &Question,
) -> Result<Response, Fault> {
    let wording = if world.settings.flag("use_scope_descriptions_for_consent") {
        Wording::Described
    } else {
        Wording::Grouped
    };
    let api = world.resource_server.as_deref();
    let (of_api, own): (Vec<String>, Vec<String>) = question
        .items
        .iter()
        .cloned()
        .partition(|item| api.is_some_and(|api| has(api, item)));
    let api_name = api.and_then(|api| api.name.as_deref());
    let groups = [
        (None, lines(&own, api, wording)),
        (api_name, lines(&of_api, api, wording)),
    ];
    let view = pages::Consent {
        form: form(
            visit,
            pending,
            paths::CONSENT,
            &consent::fingerprint(question),
        ),
        user: name_of(world.user.as_ref()),
        groups: groups
            .into_iter()
            .filter(|(_, lines)| !lines.is_empty())
            .map(|(api, lines)| pages::Group { api, lines })
            .collect(),
        goes_on_to: goes_on_to(pending),
    };
    respond(visit, pending, world, &view).await
}

fn has(api: &ResourceServer, scope: &str) -> bool {
    let own = api.scopes.iter().flatten();
    own.into_iter().any(|own| own.value == scope)
}

/// What the user is called by, on pages that it sees itself.
pub(crate) fn name_of(user: Option<&User>) -> String {
    let name = user.and_then(|user| {
        user.email
            .as_ref()
            .or(user.username.as_ref())
            .or(user.phone_number.as_ref())
            .or(user.name.as_ref())
    });
    name.cloned().unwrap_or_default()
}

/// Where the browser goes on to, if that is no place on the web or none that belongs to somebody in particular.
fn goes_on_to(pending: &Pending) -> Option<String> {
    let uri = &pending.login.request.return_address.redirect_uri;
    let shown = uri.origin().or_else(|| {
        let scheme = uri.as_str().split_once(':')?.0;
        Some(format!("{scheme}:"))
    });
    shown.filter(|_| !uri.is_verifiable())
}

fn open_to_all(connection: &Connection) -> bool {
    connection.options.disable_signup != Some(true)
}

fn resets(connection: &Connection) -> bool {
    connection.options.disable_self_service_change_password != Some(true)
}

/// A form of this login, which shows `purpose`.
pub(super) fn form(visit: &Visit<'_>, pending: &Pending, path: &str, purpose: &str) -> Form {
    let address = &pending.login.request.return_address;
    Form {
        action: path.to_owned(),
        state: pending.handle.state.clone(),
        csrf: pending.handle.form_token(visit.app, purpose),
        leads_to: vec![address.redirect_uri.as_str().to_owned()],
    }
}

async fn respond(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    page: &(dyn pages::Page + Sync),
) -> Result<Response, Fault> {
    let reader = Reader {
        client: Some(&world.client),
        ui_locales: &pending.login.request.ui_locales,
    };
    answer::page(visit, reader, page).await
}
