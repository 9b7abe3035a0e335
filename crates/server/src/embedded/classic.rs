//! `/usernamepassword/login` and `/login/callback`: how a page of the tenant's own that this server serves logs somebody
//! in. Belongs to a pending login, as the form of our own page does, and takes the same proof that we showed it.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    embedded_login::LoginTicket,
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    session::{Authentication, AuthenticationMethod},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::json;

use super::ticket::{self, Place};
use crate::{
    app::App,
    authorize::{
        answer, connection, drive,
        fault::Fault,
        journal, log_in,
        show::LOGIN_FORM,
        visit::{Pending, Visit},
        world::World,
    },
    http::{context::Context, cors, failure::json as answer_json},
    pipeline::password::{self, Checked},
};

/// Where the form goes.
pub(super) const CALLBACK: &str = "/login/callback";

/// The form that the page sends on; it must be the first element.
#[derive(Template)]
#[template(path = "embedded/form.html")]
struct Form<'a> {
    action: &'a str,
    ticket: &'a str,
    state: &'a str,
}

/// Why there is no form, as the compatible API says it.
struct Problem {
    status: StatusCode,
    code: &'static str,
    description: String,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, description: &str) -> Self {
        Self {
            status,
            code,
            description: description.to_owned(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let body = json!({"name": "Error", "code": self.code, "description": self.description,
            "statusCode": self.status.as_u16()});
        answer_json(self.status, &body)
    }
}

impl<T: Into<Fault>> From<T> for Problem {
    fn from(fault: T) -> Self {
        let refusal = fault.into().error.refusal;
        let dialect = grantor_protocol::profile::ErrorDialect::Vendor;
        let status = StatusCode::from_u16(refusal.status(dialect));
        Self {
            status: status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code: refusal.code(dialect).as_str(),
            description: refusal.description(),
        }
    }
}

/// `POST /usernamepassword/login`.
pub(super) async fn log_in(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    match attempt(&visit, &body).await {
        Ok(html) => {
            let html_type = HeaderValue::from_static("text/html; charset=utf-8");
            let no_store = HeaderValue::from_static("no-store");
            let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
            let headers = [
                (header::CONTENT_TYPE, html_type),
                (header::CACHE_CONTROL, no_store),
                (header::CONTENT_SECURITY_POLICY, nothing),
            ];
            (headers, html).into_response()
        }
        Err(problem) => problem.into_response(),
    }
}

async fn attempt(visit: &Visit<'_>, body: &[u8]) -> Result<String, Problem> {
    let (app, context) = (visit.app, visit.context);
    app.sign_in_rate.take(&context.site.tenant, context.now).1?;
    own_origin(visit)?;
    let kind = visit.headers.get(header::CONTENT_TYPE);
    let kind = kind.map(|kind| kind.to_str().unwrap_or_default());
    let sent = Parameters::parse(kind, body)?;
    let (pending, world) = pending(visit, &sent).await?;
    let request = &pending.login.request;
    let client = &world.client;
    let connection = match sent.text("connection")? {
        Some(name) => connection::serving(visit, client, name)
            .await?
            .filter(|connection| connection.is_database())
            .ok_or_else(|| Refusal::new(Rule::ConnectionUnknown))?,
        None => connection::database(&world, request)?,
    };
    let name = sent.required("username")?;
    let secret = Secret::new(sent.required("password")?.to_owned());
    let mut right = match password::check(app, context, &connection, name, &secret).await? {
        Checked::Right(right) => right,
        Checked::Wrong { user_id } => {
            let at = (connection.name.as_str(), name);
            journal::wrong_password(visit, &client.client_id, at, user_id).await;
            return Err(Problem::new(
                StatusCode::UNAUTHORIZED,
                "invalid_user_password",
                "Wrong email or password.",
            ));
        }
    };
    let user = &right.user.user;
    if user.is_blocked() {
        return Err(Refusal::new(Rule::UserBlocked).into());
    }
    let methods = vec![AuthenticationMethod::Password];
    let proof = Authentication::proven(user.user_id.as_str().to_owned(), methods, context.now);
    let stands_for = LoginTicket::issue(&client.client_id, None, proof, context.now);
    let place = Place::Login(&pending.handle.state);
    let browser = visit.browser().ok_or_else(lost)?;
    let ticket = ticket::issue(visit, &mut right.rehash, place, &stands_for, &browser)?;
    app.store.commit(right.rehash).await?;
    let form = Form {
        action: CALLBACK,
        ticket: ticket.expose(),
        state: &pending.handle.state,
    };
    form.render().map_err(|error| {
        tracing::error!(%error, "a form could not be written");
        Refusal::new(Rule::Internal).into()
    })
}

/// Only a page that this server served sends this, whatever applications are registered.
fn own_origin(visit: &Visit<'_>) -> Result<(), Refusal> {
    let origin = cors::origin(visit.headers).and_then(|origin| origin.to_str().ok());
    let own = visit.context.site.issuer.as_str().trim_end_matches('/');
    if origin == Some(own) {
        return Ok(());
    }
    let named = origin.unwrap_or("(none)");
    let named = grantor_protocol::parameters::clipped(named);
    Err(Refusal::new(Rule::OriginNotAllowed).naming("origin", named))
}

/// The pending login that `state` names in this browser, if `_csrf` is what its page carries.
async fn pending(visit: &Visit<'_>, sent: &Parameters) -> Result<(Pending, World), Problem> {
    let pending = Pending::find(visit, sent.text("state")?).await;
    let Ok(pending) = pending else {
        return Err(lost());
    };
    let token = sent.text("_csrf")?.unwrap_or_default();
    if !pending.handle.made(visit.app, LOGIN_FORM, token) {
        return Err(lost());
    }
    let world = drive::load_world(visit, &pending).await?;
    let named = sent.text("client_id")?;
    if named.is_some_and(|named| named != world.client.client_id) {
        return Err(lost());
    }
    Ok((pending, world))
}

fn lost() -> Problem {
    Problem::new(
        StatusCode::UNAUTHORIZED,
        "session_missing",
        "The login that this page belongs to is over, or was begun in another browser.",
    )
}

/// `POST /login/callback`: the login goes on with the ticket in the form.
pub(super) async fn callback(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        app.sign_in_rate.take(&context.site.tenant, context.now).1?;
        let form = Parameters::parse_form(&body)?;
        let state = form.text("wctx")?;
        let pending = Pending::find(&visit, state).await?;
        let world = drive::load_world(&visit, &pending).await?;
        let place = Place::Login(&pending.handle.state);
        let text = form.text("wresult")?.unwrap_or_default();
        let client_id = &world.client.client_id;
        let proven = ticket::prove(&visit, (place, text), client_id, None).await;
        let (proof, batch) = proven.map_err(|failure| match failure.refusal.rule {
            Rule::LoginTicketUnknown => {
                Fault::from(Refusal::new(Rule::LoginNotFound).with("because", failure.refusal))
            }
            _ => Fault::from(failure),
        })?;
        log_in::log_in(&visit, (pending, world), (log_in::Way::Page, proof), batch).await
    };
    answer::outcome(&visit, outcome.await).await
}
