//! One request of a browser at the pages of a login, and the pending login that it belongs to.

use axum::response::Response;
use grantor_jose::digest::base64url;
use grantor_protocol::{
    authorize::AuthorizationError, env::IdForm, parameters::Parameters, refusal::Refusal,
    rule::Rule, secret::Secret,
};
use grantor_storage::{Device, StoredLogin};
use http::{HeaderMap, Method, Uri, header};

use super::fault::Fault;
use crate::{
    app::App,
    http::{
        context::Context,
        cookies::{self, Cookie},
    },
};

/// Length of what names a pending login, a browser or a session: 32 characters of 64, so 192 bits.
const SECRET_LENGTH: usize = 32;

/// Longest `state` of a page that is looked at.
const MAX_STATE_LENGTH: usize = 64;

/// One request of a browser.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) context: &'a Context,
    pub(crate) headers: &'a HeaderMap,
}

impl<'a> Visit<'a> {
    pub(crate) const fn new(app: &'a App, context: &'a Context, headers: &'a HeaderMap) -> Self {
        Self {
            app,
            context,
            headers,
        }
    }

    /// A new unguessable text.
    pub(crate) fn secret(&self) -> Secret {
        Secret::new(self.app.env.id(IdForm::UrlSafe(SECRET_LENGTH)))
    }

    /// What tells this browser from others, if it has been here before.
    pub(crate) fn browser(&self) -> Option<Secret> {
        cookies::find(self.headers, &self.context.site, Cookie::Browser)
    }

    /// What a form carries of a page outside of any login, and the browser it is for: one that was not here before is given
    /// its cookie with the page.
    pub(crate) fn form_token(&self, purpose: &str) -> (String, Secret) {
        let browser = self.browser().unwrap_or_else(|| self.secret());
        (self.form_token_for(purpose, &browser), browser)
    }

    /// The same for one of several forms of a page, in the browser that has the secret `browser`.
    pub(crate) fn form_token_for(&self, purpose: &str, browser: &Secret) -> String {
        form_token(self.app, purpose, "", browser)
    }

    /// Whether such a form was shown to this browser, for `purpose`.
    pub(crate) fn showed(&self, purpose: &str, form: &Parameters) -> bool {
        let token = self
            .browser()
            .map(|browser| form_token(self.app, purpose, "", &browser));
        token.is_some_and(|token| carries(form, token))
    }

    /// Gives a browser its cookie that has none.
    pub(crate) fn keep_browser(&self, response: &mut Response, browser: &Secret) {
        if self.browser().is_none() {
            let (site, now) = (&self.context.site, self.context.now);
            let headers = response.headers_mut();
            cookies::set(headers, site, Cookie::Browser, browser, (None, now));
        }
    }

    /// What the browser says it is.
    pub(crate) fn user_agent(&self) -> Option<&str> {
        self.headers.get(header::USER_AGENT)?.to_str().ok()
    }

    /// Where the browser is.
    pub(crate) fn device(&self) -> Device {
        Device {
            ip: self.context.client_ip.to_string(),
            user_agent: self.user_agent().unwrap_or_default().to_owned(),
        }
    }

    /// Under what the browser's session is kept, if it has one.
    pub(crate) fn session_digest(&self) -> Option<[u8; 32]> {
        let secret = cookies::find(self.headers, &self.context.site, Cookie::Session)?;
        Some(session_digest(self.app, &secret))
    }
}

/// Under what the session that a cookie leads to is kept.
pub(crate) fn session_digest(app: &App, secret: &Secret) -> [u8; 32] {
    app.store.keyed_digest(secret.expose().as_bytes())
}

/// What stands in the query of an address.
pub(crate) fn query(uri: &Uri) -> Result<Parameters, Refusal> {
    Parameters::parse_form(uri.query().unwrap_or_default().as_bytes())
}

/// What a browser asks for, in the query or, by `POST`, in a form.
pub(crate) fn asked(method: &Method, uri: &Uri, body: &[u8]) -> Result<Parameters, Refusal> {
    if method == Method::POST {
        Parameters::parse_form(body)
    } else {
        query(uri)
    }
}

/// What the form of one page carries, so that only this browser can answer it, and only what was shown. `purpose` says what
/// was.
fn form_token(app: &App, purpose: &str, state: &str, browser: &Secret) -> String {
    let text = format!("form\n{purpose}\n{state}\n{}", browser.expose());
    base64url(&app.store.keyed_digest(text.as_bytes()))
}

/// What leads to a pending login: a part that is in its pages' addresses and one that only the browser has in which it
/// was begun. Neither does anything without the other.
pub(crate) struct Handle {
    /// The `state` of the pages; has nothing to do with the client's.
    pub(crate) state: String,
    /// Under what the login is kept.
    pub(crate) digest: [u8; 32],
    browser: Secret,
}

impl Handle {
    /// The handle of `state` in the browser that has the secret `browser`.
    pub(crate) fn new(app: &App, state: String, browser: Secret) -> Self {
        let text = format!("login\n{state}\n{}", browser.expose());
        Self {
            digest: app.store.keyed_digest(text.as_bytes()),
            state,
            browser,
        }
    }

    /// What a form carries that shows `purpose`.
    pub(crate) fn form_token(&self, app: &App, purpose: &str) -> String {
        form_token(app, purpose, &self.state, &self.browser)
    }

    /// Whether `token` is what the form of a page of this login carries that shows `purpose`.
    pub(crate) fn made(&self, app: &App, purpose: &str, token: &str) -> bool {
        let own = Secret::new(self.form_token(app, purpose));
        own.matches(&Secret::new(token.to_owned()))
    }

    /// Whether a form was shown by a page of this login to this browser, for `purpose`.
    pub(crate) fn showed(&self, app: &App, purpose: &str, form: &Parameters) -> bool {
        carries(form, self.form_token(app, purpose))
    }
}

fn carries(form: &Parameters, token: String) -> bool {
    let sent = form.text("csrf").ok().flatten().unwrap_or_default();
    Secret::new(token).matches(&Secret::new(sent.to_owned()))
}

/// A pending login.
pub(crate) struct Pending {
    pub(crate) handle: Handle,
    pub(crate) login: StoredLogin,
}

impl Pending {
    /// The pending login that `state` names in this browser.
    ///
    /// # Errors
    /// [`Rule::LoginNotFound`], on a page: its client is not known.
    pub(crate) async fn find(visit: &Visit<'_>, state: Option<&str>) -> Result<Self, Fault> {
        let nothing = |because| {
            let refusal = Refusal::new(Rule::LoginNotFound).with("because", because);
            Fault::from(AuthorizationError::on_page(refusal))
        };
        let state = state
            .filter(|state| state.len() <= MAX_STATE_LENGTH)
            .ok_or_else(|| nothing("the address has no state"))?;
        let browser = visit
            .browser()
            .ok_or_else(|| nothing("the browser sent no cookie"))?;
        let handle = Handle::new(visit.app, state.to_owned(), browser);
        let (tenant, now) = (&visit.context.site.tenant, visit.context.now);
        let found = visit.app.store.find_login(tenant, &handle.digest, now);
        let login = found
            .await?
            .ok_or_else(|| nothing("it is over, or was begun in another browser"))?;
        Ok(Self { handle, login })
    }
}
