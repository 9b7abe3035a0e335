//! The authorization endpoint and the pages of a login, RFC 6749 §4.1.1.
//!
//! What comes next is decided in `protocol::authorize`; here the facts are loaded, what was done is stored, and the browser
//! is sent on. Pages never lead to each other: each records what was done and looks again at what is owed.

pub(crate) mod answer;
pub(crate) mod connection;
mod consent;
pub(crate) mod drive;
mod error_page;
pub(crate) mod fault;
mod issue;
pub(crate) mod journal;
pub(crate) mod log_in;
mod login;
mod one_time_code;
pub(crate) mod paths;
pub(crate) mod show;
pub(crate) mod sign_up;
pub(crate) mod visit;
pub(crate) mod world;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{OriginalUri, State},
    response::Response,
    routing::get,
};
use grantor_protocol::{parameters::Parameters, refusal::Refusal, rule::Rule};
use http::{HeaderMap, Method};

use self::{
    fault::Fault,
    visit::{Pending, Visit},
};
use crate::{app::App, http::context::Context};

/// The routes of logins.
pub(crate) fn routes() -> Router<Arc<App>> {
    let page = || get(show_page).post(submit_page);
    Router::new()
        .route("/authorize", get(authorize).post(authorize))
        .route(paths::RESUME, get(show_page))
        .route(paths::LOGIN, page())
        .route(paths::IDENTIFIER, page())
        .route(paths::PASSWORD, page())
        .route(paths::CODE, page())
        .route(paths::SIGN_UP, page())
        .route(paths::CONSENT, page())
        .route(paths::CONFIRM, page())
}

/// `GET` and `POST /authorize`.
async fn authorize(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        take(&visit)?;
        let parameters = visit::asked(&method, &uri, &body)?;
        let begun = drive::begin(&visit, &parameters).await;
        begun.map_err(|fault| fault.in_manner_of(&parameters))
    };
    answer::outcome(&visit, outcome.await).await
}

/// `GET` of a page: shows it, or sends the browser to the one that is owed.
async fn show_page(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        let query = visit::query(&uri)?;
        let pending = Pending::find(&visit, query.text("state")?).await?;
        show::owed(&visit, pending, uri.path()).await
    };
    answer::outcome(&visit, outcome.await).await
}

/// `POST` of a page. A form that this server did not show to this browser in this login does nothing.
async fn submit_page(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        take(&visit)?;
        let form = Parameters::parse_form(&body)?;
        let pending = Pending::find(&visit, form.text("state")?).await?;
        let world = drive::load_world(&visit, &pending).await?;
        match uri.path() {
            paths::CONSENT => return consent::answer(&visit, pending, world, &form).await,
            paths::CONFIRM => return consent::confirm(&visit, pending, world, &form).await,
            _ => {}
        }
        if !pending.handle.showed(&app, show::LOGIN_FORM, &form) {
            let refusal = Refusal::new(Rule::LoginNotFound).with("because", "the form is not ours");
            return Err(Fault::from(refusal));
        }
        match uri.path() {
            paths::LOGIN | paths::PASSWORD => {
                login::with_password(&visit, pending, world, &form).await
            }
            paths::IDENTIFIER => login::with_identifier(&visit, pending, world, &form).await,
            paths::CODE => one_time_code::submit(&visit, pending, world, &form).await,
            _ => sign_up::submit(&visit, pending, world, &form).await,
        }
    };
    // Boxed: it holds the request, the facts and the form.
    answer::outcome(&visit, Box::pin(outcome).await).await
}

/// Takes one request from the tenant's bucket.
fn take(visit: &Visit<'_>) -> Result<(), Fault> {
    let (_, taken) = visit
        .app
        .sign_in_rate
        .take(&visit.context.site.tenant, visit.context.now);
    Ok(taken?)
}
