//! "I forgot my password": who it is, and a mail on its way, whether there is such a user or not.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{OriginalUri, State},
    response::Response,
};
use grantor_protocol::{
    event::Event,
    model::Client,
    parameters::{Parameters, clipped},
    refusal::Refusal,
    rule::Rule,
    users::{Connection, Identity, TicketKind, User, UserId},
};
use http::HeaderMap;

use super::{Recipient, send};
use crate::{
    app::App,
    authorize::{
        answer::{self, Reader},
        connection, drive,
        fault::Fault,
        paths,
        visit::{self, Pending, Visit},
        world::World,
    },
    http::{context::Context, failure::Failure},
    pages::{CheckYourMail, Field, Form, Language, Problem, ResetRequest},
    pipeline::{password, record},
};

/// Where it is asked for, in a pending login.
pub(crate) const PATH: &str = paths::RESET_REQUEST;

/// Longest identifier that is looked at, in bytes.
const MAX_LENGTH: usize = 512;

/// What the form shows.
const FORM: &str = "reset";

/// `GET /u/reset-password/request`.
pub(super) async fn show(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        let query = visit::query(&uri)?;
        let pending = Pending::find(&visit, query.text("state")?).await?;
        let world = drive::load_world(&visit, &pending).await?;
        let name = pending.login.progress.identifier().map(str::to_owned);
        let name = name.or(pending.login.request.login_hint.clone());
        ask(&visit, &pending, &world, name.unwrap_or_default(), None).await
    };
    answer::outcome(&visit, outcome.await).await
}

/// `POST /u/reset-password/request`.
pub(super) async fn submit(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        app.sign_in_rate.take(&context.site.tenant, context.now).1?;
        let form = Parameters::parse_form(&body)?;
        let pending = Pending::find(&visit, form.text("state")?).await?;
        if !pending.handle.showed(&app, FORM, &form) {
            let refusal = Refusal::new(Rule::LoginNotFound).with("because", "the form is not ours");
            return Err(Fault::from(refusal));
        }
        let world = drive::load_world(&visit, &pending).await?;
        let name = form.text("username")?.unwrap_or_default().trim().to_owned();
        if name.is_empty() || MAX_LENGTH < name.len() {
            let problem = Some(Problem::Missing(Field::Identifier));
            return ask(&visit, &pending, &world, String::new(), problem).await;
        }
        let connection = connection::database(&world, &pending.login.request)?;
        let language = answer::language(&visit, &world.settings, &pending.login.request.ui_locales);
        let whom = Whom {
            connection: &connection,
            name: &name,
            client: Some(&world.client),
            language,
        };
        match request(&app, &context, &whom).await {
            Ok(()) => told(&visit, &pending, &world, name).await,
            Err(failure) if failure.refusal.rule == Rule::RateLimited => {
                let problem = Some(Problem::TooManyAttempts);
                ask(&visit, &pending, &world, name, problem).await
            }
            Err(failure) => Err(failure.into()),
        }
    };
    answer::outcome(&visit, outcome.await).await
}

fn form(visit: &Visit<'_>, pending: &Pending) -> Form {
    Form {
        action: PATH.to_owned(),
        state: pending.handle.state.clone(),
        csrf: pending.handle.form_token(visit.app, FORM),
        leads_to: Vec::new(),
    }
}

fn login(pending: &Pending) -> String {
    format!("{}?state={}", paths::RESUME, pending.handle.state)
}

fn reader<'a>(pending: &'a Pending, world: &'a World) -> Reader<'a> {
    Reader {
        client: Some(&world.client),
        ui_locales: &pending.login.request.ui_locales,
    }
}

async fn ask(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    identifier: String,
    problem: Option<Problem>,
) -> Result<Response, Fault> {
    let connection = connection::database(world, &pending.login.request)?;
    let page = ResetRequest {
        form: form(visit, pending),
        identifiers: connection.options.identifiers(),
        identifier,
        login: Some(login(pending)),
        problem,
    };
    answer::page(visit, reader(pending, world), &page).await
}

async fn told(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
    identifier: String,
) -> Result<Response, Fault> {
    let page = CheckYourMail {
        form: form(visit, pending),
        identifier,
        login: Some(login(pending)),
    };
    answer::page(visit, reader(pending, world), &page).await
}

/// Who wants a new password.
pub(crate) struct Whom<'a> {
    pub(crate) connection: &'a Connection,
    pub(crate) name: &'a str,
    pub(crate) client: Option<&'a Client>,
    pub(crate) language: Language,
}

/// Sends the mail, if there is such a user. Whether there is cannot be told from the answer; nor from the time, for who is
/// not there has a mail written and a ticket kept as well, which lead nowhere.
pub(crate) async fn request(app: &App, context: &Context, whom: &Whom<'_>) -> Result<(), Failure> {
    let key = format!("{}\n{}", context.client_ip, whom.name.to_lowercase());
    app.mail_rate
        .take(&(context.site.tenant.clone(), key), context.now)
        .1?;
    let options = &whom.connection.options;
    let found = password::find(app, context, whom.connection, whom.name).await?;
    let found = found.filter(|_| options.disable_self_service_change_password != Some(true));
    let nobody = nobody(whom, context);
    let user = found.as_ref().map(|found| &found.found.user);
    let user = user.or(nobody.as_ref());
    let mut batch = app.store.batch();
    if let Some(user) = user
        && let Some(identity) = user.identity_at(&whom.connection.name)
    {
        let recipient = Recipient {
            user,
            identity,
            client: whom.client,
            language: whom.language,
            exists: found.is_some(),
        };
        let kind = TicketKind::PasswordChange;
        send(app, context, kind, &recipient, &mut batch).await?;
    }
    app.store.commit(batch).await?;
    let event = entry(context, whom, found.map(|found| found.found.user.user_id));
    app.recorder.record(&context.site.tenant, event).await;
    Ok(())
}

/// Who is written to where nobody is: the mail is never sent.
fn nobody(whom: &Whom<'_>, context: &Context) -> Option<User> {
    let user_id = UserId::of(UserId::DATABASE, "nobody")?;
    let identity = Identity::database(&whom.connection.name, &user_id);
    let mut user = User::new(user_id, identity, context.now);
    user.email = Some("nobody@invalid.example".to_owned());
    user.fill_in_defaults();
    Some(user)
}

fn entry(context: &Context, whom: &Whom<'_>, user_id: Option<UserId>) -> Event {
    let code = if user_id.is_some() { "scpr" } else { "fcpr" };
    let client_id = whom.client.map(|client| client.client_id.as_str());
    let mut event = record::event(context, code, client_id);
    let description = match &user_id {
        Some(_) => None,
        None => Some("there is no such user".to_owned()),
    };
    event.user_id = user_id.map(|user_id| user_id.as_str().to_owned());
    for (name, value) in [
        ("connection", Some(whom.connection.name.clone())),
        ("user_name", Some(clipped(whom.name))),
        ("description", description),
    ] {
        event
            .members
            .extend(value.map(|value| (name.to_owned(), value.into())));
    }
    event
}
