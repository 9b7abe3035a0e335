//! Userinfo, OIDC Core §5.3: what an access token opens of its user.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Extension, State, rejection::BytesRejection},
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    id_token::{Person, userinfo},
    model::Client,
    opaque_token::OpaqueToken,
    parameters::Parameters,
    refusal::Refusal,
    rule::Rule,
    users::UserId,
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde_json::Map;

use crate::{
    app::App,
    http::{
        context::Context,
        cors,
        failure::{Failure, json},
    },
    pipeline::own_token,
};

/// Why nothing is told (RFC 6750 §3.1). The text is all that the asker hears.
#[derive(Clone, Copy, Debug)]
enum Challenge {
    /// No token was sent.
    NoToken,
    /// The token is unknown, over, revoked, not for userinfo, or its user is gone or blocked.
    InvalidToken,
    /// The token has no `openid`.
    InsufficientScope,
}

impl IntoResponse for Challenge {
    fn into_response(self) -> Response {
        let (status, text, challenge) = match self {
            Self::NoToken => (
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "Bearer realm=\"Users\"",
            ),
            Self::InvalidToken => (
                StatusCode::UNAUTHORIZED,
                "Unauthorized",
                "Bearer realm=\"Users\", error=\"invalid_token\", \
                 error_description=\"The token has expired\"",
            ),
            Self::InsufficientScope => (
                StatusCode::FORBIDDEN,
                "Forbidden",
                "Bearer realm=\"Users\", error=\"insufficient_scope\", scope=\"openid\"",
            ),
        };
        let challenge = (
            header::WWW_AUTHENTICATE,
            HeaderValue::from_static(challenge),
        );
        (status, [challenge], text).into_response()
    }
}

/// `GET` and `POST /userinfo`.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let answer = tell(&app, &context, &headers, body).await;
    let mut response = answer.unwrap_or_else(Failure::into_response);
    cors::allow_everybody(response.headers_mut());
    response
}

async fn tell(
    app: &App,
    context: &Context,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Failure> {
    let body = body.map_err(|_| Refusal::new(Rule::BodyTooLarge))?;
    let Some(token) = token_of(headers, &body)? else {
        return Ok(Challenge::NoToken.into_response());
    };
    let Some(granted) = granted(app, context, &token).await? else {
        return Ok(Challenge::InvalidToken.into_response());
    };
    let tenant = &context.site.tenant;
    let user = match UserId::parse(&granted.user_id) {
        Some(user_id) => app.store.find_user(tenant, &user_id).await?,
        None => None,
    };
    let user = user.filter(|stored| !stored.user.is_blocked());
    let client = app
        .store
        .typed::<Client>(tenant, &granted.client_id)
        .await?;
    let (Some(user), Some(client)) = (user, client) else {
        return Ok(Challenge::InvalidToken.into_response());
    };
    let person = Person {
        user_id: &granted.user_id,
        fields: &user.user.fields(),
        custom: &Map::new(),
    };
    let updated_at = client.value.switches().updated_at;
    let claims = userinfo(&person, &granted.scope, &granted.requested, updated_at);
    Ok(claims.map_or_else(
        || Challenge::InsufficientScope.into_response(),
        |claims| {
            let no_store = (header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            ([no_store], json(StatusCode::OK, &claims)).into_response()
        },
    ))
}

/// The token in the header, or in a posted form (RFC 6750 §2.1, §2.2). Not in the query, where logs would keep it.
fn token_of(headers: &HeaderMap, body: &[u8]) -> Result<Option<String>, Failure> {
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &HeaderValue| value.to_str().ok())
    };
    if let Some(value) = text(header::AUTHORIZATION) {
        return Ok(own_token::bearer(value).map(str::to_owned));
    }
    if body.is_empty() {
        return Ok(None);
    }
    let parameters = Parameters::parse(text(header::CONTENT_TYPE), body)?;
    Ok(parameters.text("access_token")?.map(str::to_owned))
}

/// What an access token stands for; `None` if userinfo does not take it.
async fn granted(
    app: &App,
    context: &Context,
    token: &str,
) -> Result<Option<OpaqueToken>, Failure> {
    if !token.contains('.') {
        let digest = app.store.keyed_digest(token.as_bytes());
        let (tenant, now) = (&context.site.tenant, context.now);
        return Ok(app.store.find_access_token(tenant, &digest, now).await?);
    }
    let checked = own_token::check(app, context, token, "userinfo")
        .await?
        .ok();
    Ok(checked.map(|token| OpaqueToken {
        client_id: token.client_id().to_owned(),
        user_id: token.subject().to_owned(),
        scope: token.scopes().iter().cloned().collect(),
        requested: Vec::new(),
    }))
}
