//! Revocation, RFC 7009: a client gives a refresh token back.
//!
//! The client hears the same whether there was such a token, whether it was its own, and whether it was one at all. Access
//! tokens are not revoked by themselves; the opaque ones of a refresh token go with it.

use std::sync::Arc;

use axum::{
    extract::{Extension, Request, State},
    response::{IntoResponse, Response},
};
use grantor_protocol::{
    client_auth::{AuthenticatedClient, ClientClaim},
    document::Document,
    model::UserGrant,
    parameters::Parameters,
    secret::Secret,
};
use grantor_storage::{Revoked, StoredRefreshToken};
use http::{HeaderMap, HeaderValue, header};

use crate::{
    app::App,
    http::{context::Context, cors, failure::Failure},
    pipeline::{authenticate::authenticate, load, record},
    token,
};

/// The tenant's flag for taking back the user's consent with the token.
const WITH_GRANT: &str = "revoke_refresh_token_grant";

/// `POST /oauth/revoke`.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    request: Request,
) -> Response {
    token::answer(&app, &context, request, async |headers, body, client_id| {
        revoke(&app, &context, headers, body, client_id).await?;
        let kind = HeaderValue::from_static("application/json");
        Ok([(header::CONTENT_TYPE, kind)].into_response())
    })
    .await
}

async fn revoke(
    app: &App,
    context: &Context,
    headers: &HeaderMap,
    body: &[u8],
    client_id: &mut Option<String>,
) -> Result<(), Failure> {
    let text = |name: header::HeaderName| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let parameters = Parameters::parse(text(header::CONTENT_TYPE), body)?;
    let claim = ClientClaim::read(text(header::AUTHORIZATION), &parameters)?;
    if cors::origin(headers).is_some() {
        client_id.clone_from(&claim.client_id);
    }
    let presented = Secret::new(parameters.required("token")?.to_owned());
    let client = authenticate(app, context, &claim).await?;
    if let Some(stored) = find(app, context, &client, &presented).await? {
        end(app, context, &stored).await?;
        let token = &stored.token;
        let mut event = record::event(context, "srrt", Some(&token.client_id));
        event.user_id = Some(token.user_id.clone());
        app.recorder.record(&context.site.tenant, event).await;
    }
    Ok(())
}

/// The family of the token, if it is one of the client's.
async fn find(
    app: &App,
    context: &Context,
    client: &AuthenticatedClient,
    presented: &Secret,
) -> Result<Option<StoredRefreshToken>, Failure> {
    let (store, tenant) = (&app.store, &context.site.tenant);
    let Some(presented) = store.read_refresh_token(tenant, presented) else {
        return Ok(None);
    };
    let found = store.find_refresh_token(tenant, &presented.id).await?;
    Ok(found.filter(|stored| stored.token.client_id == client.client().client_id))
}

async fn end(app: &App, context: &Context, stored: &StoredRefreshToken) -> Result<(), Failure> {
    let (store, tenant, token) = (&app.store, &context.site.tenant, &stored.token);
    let mut batch = store.batch();
    if load::settings(store, &context.site).await?.flag(WITH_GRANT) {
        let (user_id, client_id) = (&token.user_id, &token.client_id);
        let key = [user_id, client_id, &token.audience].map(String::as_str);
        let grant = store.typed_by::<UserGrant>(tenant, "consent", &key).await?;
        if let Some(grant) = grant {
            let (kind, id) = (&UserGrant::KIND, &grant.value.id);
            batch.delete(tenant, kind, id, context.now);
        }
        batch.revoke_tokens_of_grant(tenant, user_id, client_id, &token.audience);
    } else {
        batch.revoke_refresh_tokens(tenant, Revoked::Id(&token.id));
    }
    Ok(store.commit(batch).await?)
}
