//! The account page: where people see what their account is used for, take it back, and leave.
//!
//! Whoever comes here is asked what the dispatcher of logins asks for; there is no other way in. A form counts for the
//! browser, the session and the thing that it was shown for, and for nothing else.

mod address;
mod applications;
mod deletion;
mod devices;
mod overview;
pub(crate) mod own_client;
mod password;
mod sessions;
mod user_agent;
mod visitor;

use std::sync::Arc;

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{OriginalUri, State},
    response::Response,
    routing::{get, post},
};
use grantor_protocol::parameters::Parameters;
use http::HeaderMap;

use self::visitor::{Arrival, Visitor};
use crate::{
    app::App,
    authorize::{
        answer,
        drive::redirect,
        fault::Fault,
        visit::{self, Visit},
    },
    http::context::Context,
    pages::Problem,
};

/// The page.
pub(crate) const PATH: &str = "/account";
const APPLICATIONS: &str = "/account/applications";
const DEVICES: &str = "/account/devices";
const SESSIONS: &str = "/account/sessions";
const ADDRESS: &str = "/account/address";
const PASSWORD: &str = "/account/password";
const DELETE: &str = "/account/delete";
const LOGOUT: &str = "/account/logout";

/// The pages of an account.
pub(crate) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(PATH, get(show))
        .route(PASSWORD, get(show).post(submit))
        .route(DELETE, get(show).post(submit))
        .route(APPLICATIONS, post(submit))
        .route(DEVICES, post(submit))
        .route(SESSIONS, post(submit))
        .route(ADDRESS, post(submit))
        .route(LOGOUT, post(submit))
}

/// `GET` of a page.
async fn show(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        take(&visit)?;
        let query = visit::query(&uri)?;
        if query.text("code")?.is_some() {
            // The end of a login. Nobody needs its code, which should not stay in the address.
            return Ok(redirect(PATH));
        }
        let visitor = match Visitor::find(&visit, query.text("connection")?).await? {
            Arrival::Known(visitor) => visitor,
            Arrival::SentOn(response) => return Ok(response),
        };
        if !visitor.commit(visitor.batch()).await? {
            return Ok(redirect(PATH));
        }
        match uri.path() {
            PASSWORD => password::ask(&visitor, None).await,
            DELETE => deletion::ask(&visitor, None).await,
            _ => overview::show(&visitor, None).await,
        }
    };
    answer::outcome(&visit, outcome.await).await
}

/// `POST` of a form.
async fn submit(
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
        let visitor = match Visitor::find(&visit, None).await? {
            Arrival::Known(visitor) => visitor,
            Arrival::SentOn(response) => return Ok(response),
        };
        match uri.path() {
            APPLICATIONS => applications::revoke(&visitor, &form).await,
            DEVICES => devices::unlink(&visitor, &form).await,
            SESSIONS => sessions::end(&visitor, &form).await,
            ADDRESS => address::verify(&visitor, &form).await,
            PASSWORD => password::change(&visitor, &form).await,
            DELETE => deletion::delete(&visitor, &form).await,
            _ => log_out(&visitor, &form).await,
        }
    };
    answer::outcome(&visit, outcome.await).await
}

/// `POST /account/logout`.
async fn log_out(visitor: &Visitor<'_>, form: &Parameters) -> Result<Response, Fault> {
    if visitor.showed(LOGOUT, form) {
        return Ok(redirect("/v2/logout"));
    }
    overview::show(visitor, Some(Problem::FormExpired)).await
}

/// Takes one request from the tenant's bucket.
fn take(visit: &Visit<'_>) -> Result<(), Fault> {
    let (tenant, now) = (&visit.context.site.tenant, visit.context.now);
    Ok(visit.app.sign_in_rate.take(tenant, now).1?)
}
