//! `/co/authenticate`: a script of an application sends a password, and gets a ticket for the authorization endpoint.
//!
//! Only pages of the application's web origins may, and only if an administrator switched it on for the application.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    embedded_login::{LoginTicket, Proof, Request},
    grants::password::{directory, usable},
    model::Client,
    parameters::{Parameters, clipped},
    passwordless::Address,
    redirect_uri::Registered,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    session::{Authentication, AuthenticationMethod},
    users::Connection,
};
use grantor_storage::{Batch, Error as StoreError, SINGLE_USE, users::USER_REVISION};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use super::ticket::{self, Place};
use crate::{
    app::App,
    authorize::visit::Visit,
    http::{
        context::Context,
        cors,
        failure::{Failure, json},
    },
    pipeline::{
        load, one_time_code,
        password::{self, Checked},
        record,
    },
};

/// What the script gets. The verifier and its name are for browsers that keep the cookie back; this server wants the
/// cookie, and never asks for them.
#[derive(Debug, Serialize)]
struct Issued {
    login_ticket: String,
    co_verifier: String,
    co_id: String,
}

/// `POST /co/authenticate`.
pub(super) async fn authenticate(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let browser = visit.browser().unwrap_or_else(|| visit.secret());
    let mut allowed = None;
    let mut login = Login::default();
    let outcome = attempt(&visit, &body, &browser, &mut allowed, &mut login).await;
    login.record(&visit, outcome.as_ref().err()).await;
    let mut response = match outcome {
        Ok(issued) => {
            let mut response = json(StatusCode::OK, &issued);
            visit.keep_browser(&mut response, &browser);
            response
        }
        Err(failure) => refused(failure),
    };
    if let Some(origin) = allowed {
        cors::allow_with_credentials(response.headers_mut(), origin);
    }
    response
}

/// An origin is refused by a text. Nothing here asks the browser for credentials of its own, which it would show a
/// dialogue for.
fn refused(failure: Failure) -> Response {
    if failure.refusal.rule == Rule::OriginNotAllowed {
        return (StatusCode::FORBIDDEN, failure.refusal.description()).into_response();
    }
    let mut response = failure.into_response();
    response.headers_mut().remove(header::WWW_AUTHENTICATE);
    response
}

/// What is known of an attempt, for the log.
#[derive(Debug, Default)]
struct Login {
    client_id: Option<String>,
    user_id: Option<String>,
    username: Option<String>,
    connection: Option<String>,
}

impl Login {
    async fn record(self, visit: &Visit<'_>, failure: Option<&Failure>) {
        let code = if failure.is_some() { "fcoa" } else { "scoa" };
        let mut event = record::event(visit.context, code, self.client_id.as_deref());
        event.user_id = self.user_id;
        let agent = visit.user_agent().map(clipped);
        for (member, value) in [
            ("user_name", self.username),
            ("connection", self.connection),
            ("user_agent", agent),
        ] {
            let value = value.map(|value| (member.to_owned(), value.into()));
            event.members.extend(value);
        }
        if let Some(failure) = failure {
            record::explain(&mut event, visit.context, &failure.refusal);
        }
        let tenant = &visit.context.site.tenant;
        visit.app.recorder.record(tenant, event).await;
    }
}

/// The attempt. `allowed` is the origin that may read the answer, once that is known.
async fn attempt<'a>(
    visit: &Visit<'a>,
    body: &[u8],
    browser: &Secret,
    allowed: &mut Option<&'a HeaderValue>,
    login: &mut Login,
) -> Result<Issued, Failure> {
    let (tenant, now) = (&visit.context.site.tenant, visit.context.now);
    visit.app.sign_in_rate.take(tenant, now).1?;
    let kind = visit.headers.get(header::CONTENT_TYPE);
    let kind = kind.map(|kind| kind.to_str().unwrap_or_default());
    let parameters = Parameters::parse(kind, body)?;
    let client_id = parameters.text("client_id")?.unwrap_or_default();
    login.client_id = Some(clipped(client_id));
    let client = load::client(&visit.app.store, &visit.context.site, client_id).await?;
    *allowed = Some(web_origin(visit, client.as_deref())?);
    let off = || Refusal::new(Rule::EmbeddedLoginOff).with("client_id", clipped(client_id));
    let client = client
        .filter(|client| client.cross_origin_authentication)
        .ok_or_else(off)?;
    let request = Request::read(&parameters)?;
    login.username = Some(clipped(&request.username));
    let (proof, mut batch) = match &request.proof {
        Proof::Password(secret) => {
            let realm = request.realm.as_deref();
            let connection = connection(visit, &client, realm).await?;
            by_password(visit, &connection, (&request.username, secret), login).await?
        }
        Proof::Code(code) => by_code(visit, &client, &request, code, login).await?,
    };
    let stands_for = LoginTicket::issue(&client.client_id, request.realm.as_deref(), proof, now);
    let place = Place::AuthorizationEndpoint;
    let ticket = ticket::issue(visit, &mut batch, place, &stands_for, browser)?;
    match visit.app.store.commit(batch).await {
        Ok(()) => {}
        Err(StoreError::Guard {
            label: SINGLE_USE | USER_REVISION,
        }) => return Err(Refusal::new(Rule::EmbeddedCodeWrong).into()),
        Err(error) => return Err(error.into()),
    }
    Ok(Issued {
        login_ticket: ticket.expose().to_owned(),
        co_verifier: visit.secret().expose().to_owned(),
        co_id: visit.secret().expose().to_owned(),
    })
}

/// Who proved who it is by a password.
async fn by_password(
    visit: &Visit<'_>,
    connection: &Connection,
    (name, secret): (&str, &Secret),
    login: &mut Login,
) -> Result<(Authentication, Batch), Failure> {
    login.connection = Some(connection.name.clone());
    let (app, context) = (visit.app, visit.context);
    let right = match password::check(app, context, connection, name, secret).await? {
        Checked::Right(right) => right,
        Checked::Wrong { user_id } => {
            login.user_id = user_id;
            return Err(Refusal::new(Rule::EmbeddedPasswordWrong).into());
        }
    };
    let user_id = right.user.user.user_id.as_str().to_owned();
    login.user_id = Some(user_id.clone());
    if right.user.user.is_blocked() {
        return Err(Refusal::new(Rule::EmbeddedUserBlocked).into());
    }
    let methods = vec![AuthenticationMethod::Password];
    Ok((
        Authentication::proven(user_id, methods, context.now),
        right.rehash,
    ))
}

/// Who proved an address by a code. Whether the user is blocked is asked at the authorization endpoint.
async fn by_code(
    visit: &Visit<'_>,
    client: &Client,
    request: &Request,
    code: &Secret,
    login: &mut Login,
) -> Result<(Authentication, Batch), Failure> {
    let (app, context) = (visit.app, visit.context);
    let realm = request.realm.as_deref().unwrap_or_default();
    let named = [realm];
    let (store, tenant) = (&app.store, &context.site.tenant);
    let found = store.typed_by::<Connection>(tenant, "name", &named).await?;
    let found = found.map(|found| Arc::clone(&found.value));
    let found = found.filter(|connection| connection.serves(&client.client_id));
    let proving = found.and_then(|found| Some((found.proves()?, found)));
    let unknown = || {
        Refusal::new(Rule::RealmUnknown)
            .naming("realm", clipped(realm))
            .with("client_id", &client.client_id)
    };
    let (kind, connection) = proving.ok_or_else(unknown)?;
    login.connection = Some(connection.name.clone());
    let wrong = |because: &str| Refusal::new(Rule::EmbeddedCodeWrong).with("because", because);
    let address = Address::read(kind, &request.username);
    let address = address.ok_or_else(|| wrong("the username is no address"))?;
    let at = one_time_code::Place {
        connection: &connection,
        address: &address,
    };
    let proven = async {
        let right = one_time_code::check(app, context, at, code.expose()).await?;
        one_time_code::prove(app, context, at, &right).await
    };
    let proven = proven.await.map_err(|failure| match failure.refusal.rule {
        Rule::EmailCodeWrong | Rule::PhoneCodeWrong => {
            Failure::from(wrong(&failure.refusal.to_string()))
        }
        _ => failure,
    })?;
    login.user_id = Some(proven.authentication.user_id().to_owned());
    Ok((proven.authentication, proven.batch))
}

/// The origin of the page that sent the request, if it is one of the client's web origins. Those of callbacks do not
/// count: a page that may get codes need not be one that may send passwords.
fn web_origin<'a>(visit: &Visit<'a>, client: Option<&Client>) -> Result<&'a HeaderValue, Refusal> {
    let origin = cors::origin(visit.headers);
    let text = origin.and_then(|origin| origin.to_str().ok());
    let entries = client.and_then(|client| client.web_origins.as_deref());
    let entries = Registered::new(entries.unwrap_or_default());
    match (origin, text) {
        (Some(origin), Some(text)) if entries.allows_origin(text) => Ok(origin),
        _ => {
            let named = text.map_or_else(|| "(none)".to_owned(), clipped);
            Err(Refusal::new(Rule::OriginNotAllowed).naming("origin", named))
        }
    }
}

/// The connection whose passwords count.
async fn connection(
    visit: &Visit<'_>,
    client: &Client,
    realm: Option<&str>,
) -> Result<Arc<Connection>, Failure> {
    let (store, site) = (&visit.app.store, &visit.context.site);
    let settings = load::settings(store, site).await?;
    let name = directory(realm, &settings)?;
    let found = load::realm(store, site, name).await?;
    let unknown = |because| {
        Refusal::new(Rule::RealmUnknown)
            .naming("realm", clipped(name))
            .with("client_id", &client.client_id)
            .with("because", because)
    };
    Ok(usable(found, client).map_err(unknown)?)
}
