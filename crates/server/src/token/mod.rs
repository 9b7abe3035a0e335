//! The token endpoint, RFC 6749 §3.2: the phases every grant shares.
//!
//! Does not decide whether a grant succeeds: that is `protocol::authorization`. Holds no SQL.

mod authorization_code;
mod client_credentials;

use std::sync::Arc;

use axum::{
    body,
    extract::{Extension, Request, State},
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    authorization::{Granted, may_use_grant},
    client_auth::ClientClaim,
    grants::GrantType,
    model::Client,
    parameters::{MAX_BODY_LENGTH, Parameters, clipped},
    profile::{ScopeInResponse, Switches},
    refusal::Refusal,
    rule::Rule,
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
    pipeline::{authenticate::authenticate, mint::Minted},
};

/// RFC 6749 §5.1, in the vendor's order of members.
#[derive(Debug, Serialize)]
struct Success {
    access_token: String,
    expires_in: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    token_type: &'static str,
}

impl Success {
    /// The answer for what was minted; names the scope as the profile wants it.
    fn new(minted: Minted, granted: &Granted, requested: &[String], switches: Switches) -> Self {
        let named = switches.scope_in_response == ScopeInResponse::Always
            || granted.differs_from(requested);
        let scope = (named && !granted.scope.is_empty()).then(|| granted.scope.join(" "));
        Self {
            access_token: minted.access_token,
            expires_in: minted.expires_in,
            id_token: None,
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
    let (head, body) = request.into_parts();
    let body = body::to_bytes(body, MAX_BODY_LENGTH).await;
    let (allowance, taken) = app.token_rate.take(&context.site.tenant, context.now);
    let mut client_id = None;
    let answer = match (taken, body) {
        (Err(refusal), _) => Err(refusal.into()),
        (Ok(()), Err(_)) => Err(Refusal::new(Rule::BodyTooLarge).into()),
        (Ok(()), Ok(body)) => exchange(&app, &context, &head.headers, &body, &mut client_id).await,
    };
    let mut response = match answer {
        Ok(success) => json(StatusCode::OK, &success),
        Err(failure) => Failure::into_response(failure),
    };
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
    let unsupported =
        || Refusal::new(Rule::UnsupportedGrantType).naming("grant_type", clipped(name));
    let grant_type = GrantType::parse(name).ok_or_else(unsupported)?;
    let claim = ClientClaim::read(text(header::AUTHORIZATION), &parameters)?;
    if cors::origin(headers).is_some() {
        client_id.clone_from(&claim.client_id);
    }
    if grant_type == GrantType::CLIENT_CREDENTIALS {
        return client_credentials::exchange(app, context, &claim, &parameters).await;
    }
    if grant_type == GrantType::AUTHORIZATION_CODE {
        return authorization_code::exchange(app, context, &claim, &parameters).await;
    }
    // A grant of the table that has no file yet: a client that may not use it hears that first.
    let client = authenticate(app, context, &claim).await?;
    let dialect = client.client().switches().error_dialect;
    let refusal =
        may_use_grant(&client, grant_type).map_or_else(|refused| refused, |()| unsupported());
    Err(Failure::from(refusal).in_dialect(dialect))
}
