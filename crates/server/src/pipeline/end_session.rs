//! Ending sessions, and telling the applications that hung on them (OIDC Back-Channel Logout 1.0).

use std::sync::Arc;

use grantor_protocol::{
    env::{Env, IdForm},
    logout::{Initiator, LogoutToken, TOKEN_TYPE, backchannel_urls},
    model::{Client, SigningAlg},
    session::BrowserSession,
    tenant::TenantId,
};
use grantor_storage::Store;

use super::record::{self, Recorder};
use crate::{
    app::App,
    hosts::Site,
    http::{context::Context, failure::Failure},
    keys::Keys,
    outbound::http::Gateway,
};

/// Who is to hear that a session has ended. Looked up before it ends: afterwards nobody knows.
#[derive(Debug)]
pub struct Audience {
    session: BrowserSession,
    clients: Vec<Arc<Client>>,
}

impl Audience {
    /// The applications that got something through `session`.
    ///
    /// # Errors
    /// What the store reports.
    pub async fn of(
        store: &Store,
        tenant: &TenantId,
        session: &BrowserSession,
    ) -> Result<Self, grantor_storage::Error> {
        let mut clients = Vec::new();
        for client_id in store.session_clients(tenant, &session.id).await? {
            if let Some(client) = store.typed::<Client>(tenant, &client_id).await? {
                clients.push(Arc::clone(&client.value));
            }
        }
        Ok(Self {
            session: session.clone(),
            clients,
        })
    }

    /// The session.
    pub const fn session(&self) -> &BrowserSession {
        &self.session
    }

    /// The applications.
    pub fn clients(&self) -> &[Arc<Client>] {
        &self.clients
    }
}

/// Most sessions of one user whose applications are told; the others end all the same.
const MOST_SESSIONS: i64 = 100;

/// Who is to hear that every session of a user has ended.
///
/// # Errors
/// What the store reports.
pub async fn audiences_of_user(
    store: &Store,
    tenant: &TenantId,
    user_id: &str,
) -> Result<Vec<Audience>, grantor_storage::Error> {
    let mut audiences = Vec::new();
    for stored in store
        .sessions_of_user(tenant, user_id, None, MOST_SESSIONS)
        .await?
    {
        audiences.push(Audience::of(store, tenant, &stored.session).await?);
    }
    Ok(audiences)
}

/// Ends the session of a browser.
///
/// # Errors
/// What the store reports.
pub async fn end(
    app: &App,
    context: &Context,
    session: &BrowserSession,
    initiator: Initiator,
) -> Result<Audience, Failure> {
    let tenant = &context.site.tenant;
    let audience = Audience::of(&app.store, tenant, session).await?;
    let mut batch = app.store.batch();
    batch.end_session(tenant, &session.id);
    app.store.commit(batch).await?;
    tell(app, context, &audience, initiator);
    Ok(audience)
}

/// Sends logout tokens, once the session has ended. Nobody waits for the answers; what becomes of each is in the log.
pub fn tell(app: &App, context: &Context, audience: &Audience, initiator: Initiator) {
    for client in &audience.clients {
        for url in backchannel_urls(client, initiator) {
            let letter = Letter {
                context: context.clone(),
                client: Arc::clone(client),
                session: audience.session.clone(),
                url: url.to_owned(),
            };
            let sender = Sender {
                env: app.env.clone(),
                keys: app.keys.clone(),
                recorder: app.recorder.clone(),
                gateway: app.outbound.clone(),
            };
            tokio::spawn(async move { sender.send(letter).await });
        }
    }
}

/// One logout token under way.
struct Letter {
    context: Context,
    client: Arc<Client>,
    session: BrowserSession,
    url: String,
}

struct Sender {
    env: Env,
    keys: Keys,
    recorder: Recorder,
    gateway: Gateway,
}

impl Sender {
    async fn send(&self, letter: Letter) {
        let outcome = match self.token(&letter).await {
            Ok(token) => self.post(&letter.url, &token).await,
            Err(problem) => Err(problem),
        };
        let code = match outcome {
            Ok(_) => "oidc_backchannel_logout_succeeded",
            Err(_) => "oidc_backchannel_logout_failed",
        };
        let mut event = record::event(&letter.context, code, Some(&letter.client.client_id));
        event.at = self.env.now();
        event.user_id = Some(letter.session.user_id.clone());
        let description = outcome.unwrap_or_else(|problem| problem);
        for (name, value) in [
            ("description", &description),
            ("session_id", &letter.session.id),
        ] {
            let value = value.as_str().into();
            event.members.insert(name.to_owned(), value);
        }
        let details = serde_json::json!({"url": letter.url});
        event.members.insert("details".to_owned(), details);
        let tenant = &letter.context.site.tenant;
        self.recorder.record(tenant, event).await;
    }

    async fn token(&self, letter: &Letter) -> Result<String, String> {
        let Site { tenant, issuer } = &*letter.context.site;
        let now = self.env.now();
        let jti = self.env.id(IdForm::UrlSafe(32));
        let names = (issuer, letter.client.client_id.as_str());
        let claims = LogoutToken::new(
            names,
            &letter.session,
            (jti, &letter.context.request_id),
            now,
        );
        let claims = serde_json::to_vec(&claims).map_err(|error| error.to_string())?;
        let signed = self
            .keys
            .sign(tenant, SigningAlg::RS256, TOKEN_TYPE, &claims, now);
        signed.await.map_err(|error| error.to_string())
    }

    /// 200 and 204 are what applications answer that did it (§2.8).
    async fn post(&self, url: &str, token: &str) -> Result<String, String> {
        match self
            .gateway
            .post_form(url, &[("logout_token", token)])
            .await
        {
            Ok(status @ (200 | 204)) => Ok(format!("answered {status}")),
            Ok(status) => Err(format!("answered {status}")),
            Err(error) => Err(error.to_string()),
        }
    }
}
