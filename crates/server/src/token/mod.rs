//! The token endpoint, RFC 6749 §3.2: the phases every grant shares.
//!
//! Does not decide whether a grant succeeds: that is `protocol::authorization`. Holds no SQL.

mod authorization_code;
mod client_credentials;
mod password;
mod passwordless;
mod refresh_token;

use std::sync::Arc;

use axum::{
    body,
    extract::{Extension, Request, State},
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    authorization::{Granted, may_use_grant},
    client_auth::{AuthenticatedClient, ClientClaim},
    event::Event,
    forwarded_for,
    grants::GrantType,
    model::Client,
    parameters::{MAX_BODY_LENGTH, Parameters, clipped},
    profile::Switches,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::{
    app::App,
    http::{
        context::Context,
        cors,
        failure::{Failure, json},
    },
    pipeline::{
        authenticate::authenticate,
        mint::Minted,
        record,
        user_tokens::{IdTokenWith, Issuing},
    },
};

/// RFC 6749 §5.1, in the vendor's order of members.
#[derive(Debug, Serialize)]
struct Success {
    access_token: String,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    token_type: &'static str,
}

impl Success {
    /// The answer for what was minted; names the scope as the profile wants it.
    fn new(minted: Minted, granted: &Granted, requested: &[String], switches: Switches) -> Self {
        let scope = granted.told(requested, switches.scope_in_response);
        Self {
            access_token: minted.access_token,
            expires_in: minted.expires_in,
            id_token: None,
            refresh_token: None,
            scope,
            token_type: "Bearer",
        }
    }
}

/// `POST /oauth/token`. The body is read even where nothing comes of it: a connection with an unread rest is closed, and
/// the client's next request on it lost.
pub async fn token(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    request: Request,
) -> Response {
    answer(&app, &context, request, async |headers, body, client_id| {
        let success = exchange(&app, &context, headers, body, client_id).await?;
        Ok(json(StatusCode::OK, &success))
    })
    .await
}

/// What the endpoints share that clients prove themselves at: one bucket of requests, one limit of bodies, headers that
/// keep the answer out of caches, and scripts of the client's origins that may read it. `work` notes the client that the
/// request names.
pub(crate) async fn answer(
    app: &App,
    context: &Context,
    request: Request,
    work: impl AsyncFnOnce(&HeaderMap, &[u8], &mut Option<String>) -> Result<Response, Failure>,
) -> Response {
    let (head, body) = request.into_parts();
    let body = body::to_bytes(body, MAX_BODY_LENGTH).await;
    let (allowance, taken) = app.token_rate.take(&context.site.tenant, context.now);
    let mut client_id = None;
    let answer = match (taken, body) {
        (Err(refusal), _) => Err(refusal.into()),
        (Ok(()), Err(_)) => Err(Refusal::new(Rule::BodyTooLarge).into()),
        (Ok(()), Ok(body)) => work(&head.headers, &body, &mut client_id).await,
    };
    let mut response = answer.unwrap_or_else(Failure::into_response);
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::PRAGMA, HeaderValue::from_static("no-cache"));
    headers.insert(
        "x-robots-tag",
        HeaderValue::from_static("noindex, nofollow, nosnippet, noarchive"),
    );
    allowance.write_to(headers);
    if let (Some(origin), Some(client_id)) = (cors::origin(&head.headers), &client_id) {
        let tenant = &context.site.tenant;
        // A store that does not answer has been told of already.
        if let Ok(Some(client)) = app.store.typed::<Client>(tenant, client_id).await {
            cors::allow(headers, &client.value, origin);
        }
    }
    response
}

/// What every grant is given: a client that has proved itself.
#[derive(Clone, Copy)]
struct Exchange<'a> {
    app: &'a App,
    context: &'a Context,
    client: &'a AuthenticatedClient,
}

impl Exchange<'_> {
    /// The answer with a user's tokens, once what is kept of them is committed. `requested` is what the client asked for;
    /// `nonce` and `sid` go into the ID token.
    async fn succeed(
        &self,
        issuing: &Issuing<'_>,
        requested: &[String],
        (nonce, sid): (Option<&str>, Option<&str>),
    ) -> Result<Success, Failure> {
        let access_token = issuing.access_token().await?;
        let id_token = issuing
            .id_token(IdTokenWith {
                access_token: Some(&access_token),
                code: None,
                nonce,
                sid,
            })
            .await?;
        let minted = Minted {
            access_token,
            expires_in: issuing.expires_in(),
        };
        let switches = self.client.client().switches();
        let success = Success::new(minted, issuing.granted(), requested, switches);
        Ok(Success {
            id_token,
            refresh_token: issuing.refresh_token(),
            ..success
        })
    }
}

/// The grants that are served, each with its entries in the log: when it succeeds, and when not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Grant {
    AuthorizationCode,
    ClientCredentials,
    /// By name and password, in either form.
    Password(GrantType),
    Passwordless,
    RefreshToken,
    /// Known, and not served: a client that may not use it hears that first.
    Other(GrantType),
}

impl Grant {
    fn of(grant_type: GrantType) -> Self {
        match grant_type {
            GrantType::AUTHORIZATION_CODE => Self::AuthorizationCode,
            GrantType::CLIENT_CREDENTIALS => Self::ClientCredentials,
            GrantType::PASSWORD | GrantType::PASSWORD_REALM => Self::Password(grant_type),
            GrantType::PASSWORDLESS_OTP => Self::Passwordless,
            GrantType::REFRESH_TOKEN => Self::RefreshToken,
            other => Self::Other(other),
        }
    }

    const fn log_codes(self) -> (&'static str, &'static str) {
        match self {
            Self::AuthorizationCode => ("seacft", "feacft"),
            Self::Password(_) => ("sepft", "fepft"),
            Self::Passwordless => ("sepotpft", "fepotpft"),
            Self::RefreshToken => ("sertft", "fertft"),
            Self::ClientCredentials | Self::Other(_) => ("seccft", "feccft"),
        }
    }

    /// Whether it is what users gave to the client itself, so that it may say for whom it asks.
    const fn forwards_users(self) -> bool {
        matches!(self, Self::Password(_) | Self::Passwordless)
    }

    /// Exchanges what `parameters` hold for tokens; adds to `event` what the log should know.
    async fn exchange(
        self,
        exchange: Exchange<'_>,
        parameters: &Parameters,
        event: &mut Event,
    ) -> Result<Success, Failure> {
        match self {
            Self::AuthorizationCode => {
                authorization_code::exchange(exchange, parameters, event).await
            }
            Self::ClientCredentials => {
                client_credentials::exchange(exchange, parameters, event).await
            }
            Self::Password(grant_type) => {
                password::exchange(exchange, grant_type, parameters, event).await
            }
            Self::Passwordless => passwordless::exchange(exchange, parameters, event).await,
            Self::RefreshToken => refresh_token::exchange(exchange, parameters, event).await,
            Self::Other(grant_type) => {
                may_use_grant(exchange.client, grant_type)?;
                Err(unsupported(grant_type.as_str()).into())
            }
        }
    }
}

/// What becomes of a request by somebody who did not prove to be the client.
async fn unproven(
    app: &App,
    context: &Context,
    grant: Grant,
    claim: &ClientClaim,
    parameters: &Parameters,
    failure: Failure,
) -> Failure {
    let (Grant::AuthorizationCode, Some(client_id)) = (grant, &claim.client_id) else {
        return failure;
    };
    match authorization_code::burn(app, context, client_id, parameters).await {
        Ok(()) => failure,
        Err(error) => error.into(),
    }
}

/// The request as one of the end user's, if the client is believed who that is. The log gets both addresses.
fn forwarded(
    context: &Context,
    client: &AuthenticatedClient,
    headers: &HeaderMap,
    event: &mut Event,
) -> Context {
    let lines = headers.get_all(forwarded_for::HEADER).iter();
    let address = forwarded_for::end_user(client, lines.map(HeaderValue::as_bytes));
    let address = address.unwrap_or(context.client_ip);
    record::note(event, "ip", &address.to_string());
    record::note(event, "client_ip", &context.client_ip.to_string());
    Context {
        client_ip: address,
        ..context.clone()
    }
}

fn unsupported(grant_type: &str) -> Refusal {
    Refusal::new(Rule::UnsupportedGrantType).naming("grant_type", clipped(grant_type))
}

/// Authenticates the client, lets the grant's own file work, and records the outcome.
async fn exchange(
    app: &App,
    context: &Context,
    headers: &HeaderMap,
    body: &[u8],
    client_id: &mut Option<String>,
) -> Result<Success, Failure> {
    let text = |name: header::HeaderName| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let parameters = Parameters::parse(text(header::CONTENT_TYPE), body)?;
    let name = parameters.required("grant_type")?;
    let grant = Grant::of(GrantType::parse(name).ok_or_else(|| unsupported(name))?);
    let claim = ClientClaim::read(text(header::AUTHORIZATION), &parameters)?;
    if cors::origin(headers).is_some() {
        client_id.clone_from(&claim.client_id);
    }
    let (succeeded, failed) = grant.log_codes();
    let mut event = record::event(context, failed, claim.client_id.as_deref());
    let outcome = match authenticate(app, context, &claim).await {
        Ok(client) => {
            let dialect = client.client().switches().error_dialect;
            let forwarded = grant
                .forwards_users()
                .then(|| forwarded(context, &client, headers, &mut event));
            let exchange = Exchange {
                app,
                context: forwarded.as_ref().unwrap_or(context),
                client: &client,
            };
            let outcome = grant.exchange(exchange, &parameters, &mut event).await;
            outcome.map_err(|failure| failure.in_dialect(dialect))
        }
        Err(failure) => Err(unproven(app, context, grant, &claim, &parameters, failure).await),
    };
    match &outcome {
        Ok(success) => {
            event.code = succeeded;
            if let Some(scope) = &success.scope {
                record::note(&mut event, "scope", scope);
            }
        }
        Err(failure) => record::explain(&mut event, context, &failure.refusal),
    }
    app.recorder.record(&context.site.tenant, event).await;
    outcome
}
