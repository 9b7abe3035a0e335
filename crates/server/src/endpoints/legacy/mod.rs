//! What is retired: endpoints of before OpenID Connect, for applications that have not moved yet, in tenants that allow it.
//! Everywhere else they refuse, and say what takes their place.
//!
//! Who may use them is decided by `protocol::legacy`; whoever asks is noted in the tenant's log.

mod delegation;
mod id_token;
mod resource_owner;
mod retired;
mod token_info;

use std::sync::Arc;

use axum::{
    Router,
    body::Bytes,
    extract::rejection::BytesRejection,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use grantor_protocol::{
    legacy::{DEPRECATION_NOTICE, Feature, may_use, note},
    model::Client,
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
};
use http::{HeaderMap, HeaderValue, header};

use crate::{
    app::App,
    http::{context::Context, cors, failure::Failure},
    pipeline::{load, record},
};

/// The routes of what is retired.
pub(super) fn routes() -> Router<Arc<App>> {
    let posted = |handler| post(handler).options(cors::preflight);
    Router::new()
        .route(
            "/oauth/ro",
            post(resource_owner::answer).options(cors::preflight),
        )
        .route(
            "/delegation",
            post(delegation::answer).options(cors::preflight),
        )
        .route(
            "/tokeninfo",
            get(token_info::answer)
                .post(token_info::answer)
                .options(cors::preflight),
        )
        .route("/oauth/access_token", posted(retired::social_access_token))
        .route("/users/{id}/impersonate", post(retired::impersonation))
        .route("/login/unlink", post(retired::unlink))
}

/// A request at a retired endpoint.
#[derive(Clone, Copy)]
struct Visit<'a> {
    app: &'a App,
    context: &'a Context,
    headers: &'a HeaderMap,
}

impl Visit<'_> {
    /// Takes one request from the tenant's bucket and reads the body.
    fn read(&self, body: Result<Bytes, BytesRejection>) -> Result<Parameters, Refusal> {
        let (app, context) = (self.app, self.context);
        app.sign_in_rate.take(&context.site.tenant, context.now).1?;
        let body = body.map_err(|_| Refusal::new(Rule::BodyTooLarge))?;
        let kind = self.headers.get(header::CONTENT_TYPE);
        let kind = kind.map(|kind| kind.to_str().unwrap_or_default());
        // Without a body there is nothing of the wrong kind.
        if body.is_empty() && kind.is_none() {
            return Parameters::parse_form(&[]);
        }
        Parameters::parse(kind, &body)
    }

    /// The client called `client_id`, if there is one.
    async fn client(&self, client_id: Option<&str>) -> Result<Option<Arc<Client>>, Failure> {
        let Some(client_id) = client_id else {
            return Ok(None);
        };
        Ok(load::client(&self.app.store, &self.context.site, client_id).await?)
    }

    /// Whether `client` may use `feature`; notes in the log that it wanted to.
    ///
    /// # Errors
    /// What `protocol::legacy` says.
    async fn admit(&self, feature: Feature, client: Option<&Arc<Client>>) -> Result<(), Failure> {
        let (app, context) = (self.app, self.context);
        let settings = load::settings(&app.store, &context.site).await?;
        let admitted = may_use(feature, &settings, client.map(|client| &**client));
        if let Some(client) = client {
            let mut event = record::event(context, DEPRECATION_NOTICE, None);
            note(&mut event, feature, client, admitted.as_ref().copied());
            app.recorder.record(&context.site.tenant, event).await;
        }
        Ok(admitted?)
    }

    /// The answer, readable for scripts of the client's origins.
    fn finish(&self, outcome: Result<Response, Failure>, client: Option<&Client>) -> Response {
        let mut response = outcome.unwrap_or_else(IntoResponse::into_response);
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
        if let (Some(origin), Some(client)) = (cors::origin(self.headers), client) {
            cors::allow(headers, client, origin);
        }
        response
    }
}

/// The text of `name`, which the request must have.
fn required<'a>(parameters: &'a Parameters, name: &'static str) -> Result<&'a str, Refusal> {
    let missing = || Refusal::new(Rule::LegacyParameterMissing).naming("parameter", name);
    parameters.text(name)?.ok_or_else(missing)
}

/// The requested scopes, each once.
fn scope(parameters: &Parameters) -> Result<Vec<String>, Refusal> {
    let not_text = |_| Refusal::new(Rule::LegacyScopeNotText);
    parameters.text("scope").map_err(not_text)?;
    parameters.scope()
}
