//! Ending sessions, and telling the applications that hung on them (OIDC Back-Channel Logout 1.0).

use std::sync::Arc;

use grantor_protocol::{
    env::{Env, IdForm},
    logout::{Ended, Initiator, LogoutToken, TOKEN_TYPE, backchannel_urls},
    model::{Client, SigningAlg},
    session::BrowserSession,
};

use super::record::{self, Recorder};
use crate::{
    app::App,
    hosts::Site,
    http::{context::Context, failure::Failure},
    keys::Keys,
    outbound::http::Gateway,
};

/// Ends the session of a browser. Answers with who hung on it.
///
/// # Errors
/// What the store reports.
pub async fn end(
    app: &App,
    context: &Context,
    session: &BrowserSession,
    initiator: Initiator,
) -> Result<Ended, Failure> {
    let tenant = &context.site.tenant;
    let ended = app.store.ending(tenant, session, initiator).await?;
    let mut batch = app.store.batch();
    batch.end_session(tenant, &session.id);
    app.store.commit(batch).await?;
    tell(app, context, ended.clone());
    Ok(ended)
}

/// Sends logout tokens, once the session has ended. Nobody waits for the answers; what becomes of each is in the log.
pub fn tell(app: &App, context: &Context, ended: Ended) {
    let sender = Sender {
        env: app.env.clone(),
        keys: app.keys.clone(),
        recorder: app.recorder.clone(),
        gateway: app.outbound.clone(),
    };
    let (store, context) = (app.store.clone(), context.clone());
    tokio::spawn(async move {
        for client_id in ended.client_ids {
            let found = store
                .typed::<Client>(&context.site.tenant, &client_id)
                .await;
            // A store that does not answer complains where it is asked for something that somebody waits for.
            let Ok(Some(client)) = found else { continue };
            for url in backchannel_urls(&client.value, ended.initiator) {
                let letter = Letter {
                    context: context.clone(),
                    client: Arc::clone(&client.value),
                    session: ended.session.clone(),
                    url: url.to_owned(),
                };
                let sender = sender.clone();
                tokio::spawn(async move { sender.send(letter).await });
            }
        }
    });
}

/// One logout token under way.
struct Letter {
    context: Context,
    client: Arc<Client>,
    session: BrowserSession,
    url: String,
}

#[derive(Clone)]
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
