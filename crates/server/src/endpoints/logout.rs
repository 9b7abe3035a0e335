//! Logging out: `/v2/logout` of the compatible API and the end-session endpoint of OIDC RP-Initiated Logout 1.0.

use std::sync::Arc;

use axum::{
    Extension,
    body::Bytes,
    extract::{OriginalUri, State},
    response::Response,
};
use grantor_protocol::{
    logout::{self, Hints, Initiator},
    model::{Client, TenantSettings},
    parameters::Parameters,
    redirect_uri::RedirectUri,
    refusal::Refusal,
    rule::Rule,
    session::BrowserSession,
};
use http::{HeaderMap, Method};

use crate::{
    app::App,
    authorize::{
        answer::{self, Reader},
        drive::redirect,
        fault::Fault,
        visit::{self, Visit},
        world::client,
    },
    http::{
        context::Context,
        cookies::{self, Cookie},
    },
    pages::{Form, FrontchannelLogout, LoggedOut, LogoutConfirm},
    pipeline::{end_session, id_token_hint, load, record},
};

/// Where the confirmation page is posted to.
pub(super) const CONFIRMED: &str = "/oidc/logout/confirm";

/// Where it ends if there is nowhere to go.
pub(super) const LOGGED_OUT: &str = "/u/logged-out";

/// `GET /v2/logout`.
pub(super) async fn v2(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        let query = visit::query(&uri)?;
        let named = query.text("client_id")?;
        let sent = query.text("returnTo")?;
        // The session ends whatever becomes of the rest: who asked to log out must not be left logged in.
        let frames = end(&visit, named).await?;
        let settings = load::settings(&app.store, &context.site).await?;
        let client = match named {
            Some(client_id) => Some(client(&visit, client_id).await?),
            None => None,
        };
        let asked = Asked {
            url: logout::return_to(client.as_deref(), &settings, sent),
            client,
            settings,
            sent: None,
            state: None,
            subject: None,
            session_id: None,
            ui_locales: Vec::new(),
        };
        leave(&visit, &asked, frames).await
    };
    forgetting(&visit, answer::outcome(&visit, outcome.await).await)
}

/// `GET` and `POST /oidc/logout`.
pub(super) async fn oidc(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        let parameters = visit::asked(&method, &uri, &body)?;
        let asked = Asked::read(&visit, &parameters).await?;
        let session = session(&visit).await?;
        if logout::needs_confirmation(session.as_ref(), asked.hints(), &asked.settings) {
            return confirm(&visit, &asked).await;
        }
        finish(&visit, &asked).await
    };
    answer::outcome(&visit, outcome.await).await
}

/// `POST` of the confirmation page. What was asked for is in its address, and is looked at again.
pub(super) async fn confirmed(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        let form = Parameters::parse_form(&body)?;
        let query = uri.query().unwrap_or_default();
        if !visit.showed(query, &form) {
            let refusal = Refusal::new(Rule::LoginNotFound).with("because", "the form is not ours");
            return Err(Fault::from(refusal));
        }
        let asked = Asked::read(&visit, &Parameters::parse_form(query.as_bytes())?).await?;
        if form.text("action")? == Some("accept") {
            return finish(&visit, &asked).await;
        }
        leave(&visit, &asked, Vec::new()).await
    };
    answer::outcome(&visit, outcome.await).await
}

/// A request to log out.
struct Asked {
    client: Option<Arc<Client>>,
    settings: Arc<TenantSettings>,
    url: Result<Option<RedirectUri>, Refusal>,
    sent: Option<String>,
    state: Option<String>,
    subject: Option<String>,
    session_id: Option<String>,
    ui_locales: Vec<String>,
}

impl Asked {
    async fn read(visit: &Visit<'_>, parameters: &Parameters) -> Result<Self, Fault> {
        let hint = match parameters.text("id_token_hint")? {
            Some(hint) => id_token_hint::read(visit.app, visit.context, hint).await?,
            None => None,
        };
        let named = parameters.text("client_id")?;
        let hinted = hint.as_ref().map(|hint| hint.client_id.as_str());
        if let (Some(named), Some(hinted)) = (named, hinted)
            && named != hinted
        {
            // OIDC RP-Initiated Logout §2.
            let refusal = Refusal::new(Rule::ParameterMalformed).naming("parameter", "client_id");
            return Err(refusal
                .with("because", "the hint is of another client")
                .into());
        }
        let client = match named.or(hinted) {
            Some(client_id) => Some(client(visit, client_id).await?),
            None => None,
        };
        let settings = load::settings(&visit.app.store, &visit.context.site).await?;
        let sent = parameters.text("post_logout_redirect_uri")?;
        Ok(Self {
            url: logout::post_logout(client.as_deref(), &settings, sent),
            client,
            settings,
            sent: sent.map(str::to_owned),
            state: parameters.text("state")?.map(str::to_owned),
            session_id: hint
                .as_ref()
                .and_then(|hint| hint.session_id.clone())
                .or(parameters.text("logout_hint")?.map(str::to_owned)),
            subject: hint.map(|hint| hint.subject),
            ui_locales: parameters
                .words("ui_locales")?
                .into_iter()
                .map(str::to_owned)
                .collect(),
        })
    }

    fn reader(&self) -> Reader<'_> {
        Reader {
            client: self.client.as_deref(),
            ui_locales: &self.ui_locales,
        }
    }

    /// The same as a query, without what names the session.
    fn query(&self) -> String {
        let client_id = self.client.as_ref().map(|client| &client.client_id);
        let parameters = [
            ("client_id", client_id),
            ("post_logout_redirect_uri", self.sent.as_ref()),
            ("state", self.state.as_ref()),
        ];
        let sent = parameters
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        form_urlencoded::Serializer::new(String::new())
            .extend_pairs(sent)
            .finish()
    }

    /// Where the browser goes, with the application's `state`.
    fn location(&self) -> Option<String> {
        let url = self.url.as_ref().ok()?.as_ref()?;
        let state = self.state.clone().map(|state| ("state", state));
        Some(url.with_query(&state.into_iter().collect::<Vec<_>>()))
    }

    fn hints(&self) -> Hints<'_> {
        Hints {
            subject: self.subject.as_deref(),
            session_id: self.session_id.as_deref(),
        }
    }
}

/// Asks the user.
async fn confirm(visit: &Visit<'_>, asked: &Asked) -> Result<Response, Fault> {
    let query = asked.query();
    let (csrf, browser) = visit.form_token(&query);
    let page = LogoutConfirm {
        form: Form {
            action: format!("{CONFIRMED}?{query}"),
            csrf,
            leads_to: asked.location().into_iter().collect(),
            ..Form::default()
        },
        user: None,
    };
    let mut response = answer::page(visit, asked.reader(), &page).await?;
    visit.keep_browser(&mut response, &browser);
    Ok(response)
}

/// Ends the session and goes where the application wants to.
async fn finish(visit: &Visit<'_>, asked: &Asked) -> Result<Response, Fault> {
    let client_id = asked
        .client
        .as_ref()
        .map(|client| client.client_id.as_str());
    let frames = end(visit, client_id).await?;
    let outcome = leave(visit, asked, frames).await;
    Ok(forgetting(visit, answer::outcome(visit, outcome).await))
}

async fn session(visit: &Visit<'_>) -> Result<Option<BrowserSession>, Fault> {
    let Some(digest) = visit.session_digest() else {
        return Ok(None);
    };
    let tenant = &visit.context.site.tenant;
    let found = visit.app.store.find_session_by_digest(tenant, &digest);
    Ok(found.await?.map(|stored| stored.session))
}

/// Ends the browser's session, if it has one. Answers with what applications want loaded in frames.
async fn end(visit: &Visit<'_>, client_id: Option<&str>) -> Result<Vec<String>, Fault> {
    let Some(session) = session(visit).await? else {
        return Ok(Vec::new());
    };
    let (app, context) = (visit.app, visit.context);
    let ended = end_session::end(app, context, &session, Initiator::RpLogout).await?;
    let mut event = record::event(context, "slo", client_id);
    event.user_id = Some(session.user_id.clone());
    let sid = session.id.as_str().into();
    event.members.insert("session_id".to_owned(), sid);
    app.recorder.record(&context.site.tenant, event).await;
    let mut frames = Vec::new();
    for client_id in &ended.client_ids {
        let client = app.store.typed::<Client>(&context.site.tenant, client_id);
        if let Some(client) = client.await? {
            let url = logout::frontchannel_url(&client.value, &session, &context.site.issuer);
            frames.extend(url);
        }
    }
    Ok(frames)
}

/// Sends the browser on, by way of the applications' frames if there are any.
async fn leave(visit: &Visit<'_>, asked: &Asked, frames: Vec<String>) -> Result<Response, Fault> {
    if let Err(refusal) = &asked.url {
        return Err(refusal.clone().into());
    }
    let reader = asked.reader();
    match (asked.location(), frames.is_empty()) {
        (Some(location), true) => Ok(redirect(&location)),
        (None, true) => answer::page(visit, reader, &LoggedOut::default()).await,
        (location, false) => {
            let goes_on_to = location.unwrap_or_else(|| LOGGED_OUT.to_owned());
            let page = FrontchannelLogout { frames, goes_on_to };
            answer::page(visit, reader, &page).await
        }
    }
}

/// `GET` of the page that says it is done.
pub(super) async fn logged_out(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
) -> Response {
    let visit = Visit::new(&app, &context, &headers);
    let page = answer::page(&visit, Reader::default(), &LoggedOut::default()).await;
    answer::outcome(&visit, page).await
}

/// The browser forgets its session, whatever the answer is.
fn forgetting(visit: &Visit<'_>, mut response: Response) -> Response {
    cookies::clear(response.headers_mut(), &visit.context.site, Cookie::Session);
    response
}
