//! From a request to the next step of its login, and from the last step to the answer. What comes next is decided by
//! `protocol::authorize::next_step` alone.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use grantor_protocol::{
    authorize::{
        self, AuthorizationError, AuthorizationRequest, Page, PlainChallenges, Progress, Reading,
        Step, next_step,
    },
    model::Client,
    parameters::Parameters,
    secret::Secret,
};
use grantor_storage::{Error as StoreError, LOGIN, StoredLogin};
use http::{HeaderValue, StatusCode, header};

use super::{
    connection,
    fault::Fault,
    issue, journal,
    paths::{RESUME, path_of},
    visit::{Handle, Pending, Visit},
    world::{self, World},
};
use crate::{account::own_client, embedded, pipeline::load};

/// A redirect within the browser. 302, as the compatible API answers: what follows is a GET in every browser (WHATWG
/// Fetch), after a POST too.
pub(crate) fn redirect(location: &str) -> Response {
    match HeaderValue::from_str(location) {
        Ok(location) => (StatusCode::FOUND, [(header::LOCATION, location)]).into_response(),
        // Locations are ours, or were held against a form of printable characters.
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The address of a page of the login that `state` names.
fn address(path: &str, state: &str) -> String {
    format!("{path}?state={state}")
}

/// Begins the login that `parameters` ask for; if nothing is owed, it ends at once.
pub(super) async fn begin(visit: &Visit<'_>, parameters: &Parameters) -> Result<Response, Fault> {
    let client = world::client(visit, authorize::client_id(parameters)?).await?;
    let (request, world) = read(visit, client, parameters).await?;
    if request.pipeline.is_conformant() && parameters.text("device")?.is_some() {
        journal::overlooked(visit, &request.client_id, "device").await;
    }
    match parameters.text("login_ticket")? {
        Some(ticket) => {
            let realm = parameters.text("realm")?;
            embedded::redeem(visit, (request, world), ticket, realm).await
        }
        None => enter(visit, &request, &world).await,
    }
}

/// What `parameters` ask for on behalf of `client`, and the facts.
pub(crate) async fn read(
    visit: &Visit<'_>,
    client: Arc<Client>,
    parameters: &Parameters,
) -> Result<(AuthorizationRequest, World), Fault> {
    let (store, site) = (&visit.app.store, &visit.context.site);
    let settings = load::settings(store, site).await?;
    let reading = Reading {
        client: &client,
        settings: &settings,
        issuer: &site.issuer,
        organization_name: None,
        domain_metadata: &[],
        plain_challenges: if settings.flag("grantor_allow_plain_pkce") {
            PlainChallenges::Accepted
        } else {
            PlainChallenges::Refused
        },
    };
    let request = authorize::read(parameters, &reading, visit.context.now)
        .map_err(|error| Fault::of(&client, error))?;
    let world = World::load(visit, Arc::clone(&client), &request).await;
    let world = world.map_err(|fault| fault.kept_silent(&client, &request))?;
    Ok((request, world))
}

/// What is owed before anything was done in a login.
pub(crate) fn first_step(visit: &Visit<'_>, request: &AuthorizationRequest, world: &World) -> Step {
    let progress = Progress::default();
    next_step(request, &world.facts(&progress), visit.context.now)
}

/// Begins the login that was asked for by `request`.
pub(crate) async fn enter(
    visit: &Visit<'_>,
    request: &AuthorizationRequest,
    world: &World,
) -> Result<Response, Fault> {
    match first_step(visit, request, world) {
        Step::Show(page) => {
            if request.connection.is_some() {
                // A wrong name is told before anybody types a password.
                connection::choose(world, request)?;
            }
            postpone(visit, request, path_of(&page)).await
        }
        step => conclude(visit, request, world, step, None)
            .await
            .map_err(|fault| fault.kept_silent(&world.client, request)),
    }
}

/// Keeps the request as a pending login, and sends the browser to the page at `path`.
async fn postpone(
    visit: &Visit<'_>,
    request: &AuthorizationRequest,
    path: &str,
) -> Result<Response, Fault> {
    let browser = visit.browser().unwrap_or_else(|| visit.secret());
    let pending = keep(visit, request, browser.clone()).await?;
    let mut response = redirect(&address(path, &pending.handle.state));
    visit.keep_browser(&mut response, &browser);
    Ok(response)
}

/// Keeps the request as a pending login of the browser that has the secret `browser`.
pub(crate) async fn keep(
    visit: &Visit<'_>,
    request: &AuthorizationRequest,
    browser: Secret,
) -> Result<Pending, Fault> {
    let state = visit.secret().expose().to_owned();
    let handle = Handle::new(visit.app, state, browser);
    let mut batch = visit.app.store.batch();
    batch.begin_login(&visit.context.site.tenant, &handle.digest, request);
    visit.app.store.commit(batch).await?;
    let login = StoredLogin::begun(request.clone());
    Ok(Pending { handle, login })
}

/// Goes to what is owed now: a page, or the end of the login.
pub(super) async fn go_on(
    visit: &Visit<'_>,
    pending: &Pending,
    world: &World,
) -> Result<Response, Fault> {
    let login = &pending.login;
    let facts = world.facts(&login.progress);
    match next_step(&login.request, &facts, visit.context.now) {
        Step::Show(page) => Ok(to_page(pending, &page)),
        step => conclude(visit, &login.request, world, step, Some(pending)).await,
    }
}

/// Goes to a page of a login.
pub(super) fn to_page(pending: &Pending, page: &Page) -> Response {
    redirect(&address(path_of(page), &pending.handle.state))
}

/// Looks again at what is owed, in a new request.
pub(super) fn look_again(pending: &Pending) -> Response {
    redirect(&address(RESUME, &pending.handle.state))
}

/// Ends a login: with what was asked for, or with why there is nothing.
pub(super) async fn conclude(
    visit: &Visit<'_>,
    request: &AuthorizationRequest,
    world: &World,
    step: Step,
    pending: Option<&Pending>,
) -> Result<Response, Fault> {
    let refusal = match step {
        Step::Issue(approval) => {
            let mut batch = visit.app.store.batch();
            let session = approval.session().clone().used(visit.context.now);
            batch.use_session(&visit.context.site.tenant, &session);
            let issued = issue::issue(visit, (request, world), &approval, pending, batch).await?;
            return match (issued, pending) {
                (Some(response), _) => Ok(response),
                // A new request sees what is so now.
                (None, Some(pending)) => Ok(look_again(pending)),
                (None, None) => postpone(visit, request, RESUME).await,
            };
        }
        Step::Show(page) => {
            return match pending {
                Some(pending) => Ok(to_page(pending, &page)),
                None => postpone(visit, request, path_of(&page)).await,
            };
        }
        Step::Over(refusal) => return Err(AuthorizationError::on_page(refusal).into()),
        Step::Fail(refusal) => refusal,
    };
    end(visit, pending).await?;
    let user_id = world
        .session
        .as_ref()
        .map(|session| session.user_id.clone());
    Err(Fault::met(&world.client, request, refusal).about(user_id))
}

/// Ends a pending login that came to nothing. If another tab was faster, that is no matter.
async fn end(visit: &Visit<'_>, pending: Option<&Pending>) -> Result<(), Fault> {
    let Some(pending) = pending else {
        return Ok(());
    };
    let mut batch = visit.app.store.batch();
    let tenant = &visit.context.site.tenant;
    batch.end_login(tenant, &pending.handle.digest, pending.login.revision);
    match visit.app.store.commit(batch).await {
        Ok(()) | Err(StoreError::Guard { label: LOGIN }) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The client of a pending login and the facts.
pub(crate) async fn load_world(visit: &Visit<'_>, pending: &Pending) -> Result<World, Fault> {
    let request = &pending.login.request;
    let client = if own_client::is_named(&request.client_id) {
        own_client::client(visit).await?
    } else {
        world::client(visit, &request.client_id).await?
    };
    World::load(visit, client, request).await
}
