//! Logging out: where the browser may go, whether it is asked first, and which applications hear of it.
//!
//! OpenID Connect RP-Initiated Logout 1.0, Back-Channel Logout 1.0, Front-Channel Logout 1.0, and the compatible API's
//! `/v2/logout`.

use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    env::Timestamp,
    model::{Client, TenantSettings},
    redirect_uri::{RedirectUri, Registered},
    refusal::Refusal,
    rule::Rule,
    session::BrowserSession,
    tenant::Issuer,
};

/// How long a logout token is good, in seconds: it is sent at once.
pub const TOKEN_LIFETIME_SECONDS: i64 = 120;

/// The `typ` of a logout token (OIDC Back-Channel Logout 1.0 §2.4).
pub const TOKEN_TYPE: &str = "logout+jwt";

/// Why a session ended, as applications choose what they hear of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Initiator {
    /// An application sent the browser.
    RpLogout,
    /// Another user took over the browser's session.
    IdpLogout,
    /// The user has a new password.
    PasswordChanged,
    /// An administrator or the user ended it.
    SessionRevoked,
    /// The user was deleted.
    AccountDeleted,
    /// The user was blocked.
    AccountDeactivated,
}

impl Initiator {
    /// Its name on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::RpLogout => "rp-logout",
            Self::IdpLogout => "idp-logout",
            Self::PasswordChanged => "password-changed",
            Self::SessionRevoked => "session-revoked",
            Self::AccountDeleted => "account-deleted",
            Self::AccountDeactivated => "account-deactivated",
        }
    }

    /// Whether `client` wants to hear of it; unless it says otherwise, of logouts alone.
    fn is_wanted_by(self, client: &Client) -> bool {
        let chosen = member(client, "backchannel_logout_initiators");
        let mode = chosen.and_then(|chosen| chosen.get("mode")?.as_str());
        let selected = chosen.and_then(|chosen| chosen.get("selected_initiators")?.as_array());
        match (mode, selected) {
            (Some("all"), _) => true,
            (_, Some(names)) => names.iter().any(|name| name == self.as_str()),
            _ => matches!(self, Self::RpLogout | Self::IdpLogout),
        }
    }
}

fn member<'a>(client: &'a Client, name: &str) -> Option<&'a Value> {
    client.rest.get("oidc_logout")?.get(name)
}

/// A session that has ended, and who hung on it. Looked up before it ends: afterwards nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The session.
    pub session: BrowserSession,
    /// The clients that got something through it.
    pub client_ids: Vec<String>,
    /// Why it ended.
    pub initiator: Initiator,
}

/// Where `client` wants logout tokens for `initiator`.
pub fn backchannel_urls(client: &Client, initiator: Initiator) -> Vec<&str> {
    let urls = member(client, "backchannel_logout_urls").and_then(Value::as_array);
    let texts = urls.into_iter().flatten().filter_map(Value::as_str);
    if initiator.is_wanted_by(client) {
        texts.filter(|url| !url.is_empty()).collect()
    } else {
        Vec::new()
    }
}

/// What `client` has loaded in a frame when `session` ends (OIDC Front-Channel Logout 1.0 §3).
pub fn frontchannel_url(
    client: &Client,
    session: &BrowserSession,
    issuer: &Issuer,
) -> Option<String> {
    let url = client
        .rest
        .get("grantor_frontchannel_logout_uri")?
        .as_str()?;
    let needs = client
        .rest
        .get("grantor_frontchannel_logout_session_required");
    // Registered by an administrator, and held against the form of URLs that every parser reads alike.
    let url = RedirectUri::try_from(url.to_owned()).ok()?;
    let named = needs.and_then(Value::as_bool).unwrap_or(false);
    Some(if named {
        url.with_query(&[
            ("iss", issuer.as_str().to_owned()),
            ("sid", session.id.clone()),
        ])
    } else {
        url.as_str().to_owned()
    })
}

/// The claims of a logout token (OIDC Back-Channel Logout 1.0 §2.4).
#[derive(Debug, Serialize)]
pub struct LogoutToken<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'a str,
    iat: i64,
    exp: i64,
    jti: String,
    sid: &'a str,
    trace_id: &'a str,
    events: Value,
}

impl<'a> LogoutToken<'a> {
    /// The token that tells `client_id` that `session` is over.
    pub fn new(
        (issuer, client_id): (&'a Issuer, &'a str),
        session: &'a BrowserSession,
        (jti, trace_id): (String, &'a str),
        now: Timestamp,
    ) -> Self {
        Self {
            iss: issuer.as_str(),
            sub: &session.user_id,
            aud: client_id,
            iat: now.seconds(),
            exp: now.seconds() + TOKEN_LIFETIME_SECONDS,
            jti,
            sid: &session.id,
            trace_id,
            events: json!({"http://schemas.openid.net/event/backchannel-logout": {}}),
        }
    }
}

/// What identifies the session that is to end.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints<'a> {
    /// `sub` of the verified `id_token_hint`.
    pub subject: Option<&'a str>,
    /// `sid` of the verified `id_token_hint`, or `logout_hint`.
    pub session_id: Option<&'a str>,
}

/// Whether the user is asked before `session` ends. A page of another site could send the browser here; only an application
/// that the user logged in to can name the session.
pub fn needs_confirmation(
    session: Option<&BrowserSession>,
    hints: Hints<'_>,
    settings: &TenantSettings,
) -> bool {
    let Some(session) = session else {
        return false;
    };
    let asks = settings.rest.get("sessions");
    let asks = asks.and_then(|sessions| sessions.get("oidc_logout_prompt_enabled")?.as_bool());
    if asks == Some(false) {
        return false;
    }
    let named = match (hints.session_id, hints.subject) {
        (Some(session_id), subject) => {
            session_id == session.id && subject.is_none_or(|subject| subject == session.user_id)
        }
        (None, Some(subject)) => subject == session.user_id,
        (None, None) => false,
    };
    !named
}

/// The list that a return URL has to be on: that of the application, or of the tenant where none is named.
fn list<'a>(client: Option<&'a Client>, settings: &'a TenantSettings) -> Registered<'a> {
    let urls = match client {
        Some(client) => client.allowed_logout_urls.as_deref(),
        None => settings.allowed_logout_urls.as_deref(),
    };
    Registered::new(urls.unwrap_or_default())
}

/// Where `/v2/logout` leads; `None`: nowhere. An application that is named without a URL gets its first one.
///
/// # Errors
/// [`Rule::ReturnToNotRegistered`].
pub fn return_to(
    client: Option<&Client>,
    settings: &TenantSettings,
    sent: Option<&str>,
) -> Result<Option<RedirectUri>, Refusal> {
    let list = list(client, settings);
    match sent {
        Some(sent) => list
            .return_to(sent)
            .map(Some)
            .map_err(|mismatch| mismatch.refusal(Rule::ReturnToNotRegistered, sent)),
        None => Ok(client.and_then(|_| list.first())),
    }
}

/// Where `/oidc/logout` leads; `None`: nowhere.
///
/// # Errors
/// [`Rule::PostLogoutRedirectUriNotRegistered`].
pub fn post_logout(
    client: Option<&Client>,
    settings: &TenantSettings,
    sent: Option<&str>,
) -> Result<Option<RedirectUri>, Refusal> {
    let matched = sent.map(|sent| {
        list(client, settings)
            .post_logout(sent)
            .map_err(|mismatch| mismatch.refusal(Rule::PostLogoutRedirectUriNotRegistered, sent))
    });
    matched.transpose()
}

#[cfg(test)]
mod tests;
