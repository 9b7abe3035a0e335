//! What nothing brings back.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Extension, State, rejection::BytesRejection},
    response::Response,
};
use grantor_protocol::{legacy::Feature, parameters::Parameters};
use http::HeaderMap;

use super::Visit;
use crate::{
    app::App,
    http::{context::Context, failure::Failure},
};

type Body = Result<Bytes, BytesRejection>;

/// `POST /oauth/access_token`.
pub(super) async fn social_access_token(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    refuse(&app, &context, &headers, body, Feature::SocialAccessToken).await
}

/// `POST /users/{id}/impersonate`.
pub(super) async fn impersonation(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    refuse(&app, &context, &headers, body, Feature::Impersonation).await
}

/// `POST /login/unlink`.
pub(super) async fn unlink(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    refuse(&app, &context, &headers, body, Feature::Unlink).await
}

async fn refuse(
    app: &App,
    context: &Context,
    headers: &HeaderMap,
    body: Body,
    feature: Feature,
) -> Response {
    let visit = Visit {
        app,
        context,
        headers,
    };
    let asked = async || -> Result<_, Failure> {
        let parameters = visit.read(body)?;
        visit.client(client_id(&parameters)).await
    };
    match asked().await {
        Err(failure) => visit.finish(Err(failure), None),
        Ok(client) => {
            let refused = visit.admit(feature, client.as_ref()).await;
            let outcome = refused.map(|()| Response::default());
            visit.finish(outcome, client.as_deref())
        }
    }
}

/// Impersonation and unlinking name the client their own ways, or not at all.
fn client_id(parameters: &Parameters) -> Option<&str> {
    let names = ["client_id", "impersonator_id", "clientID"];
    let mut found = names
        .into_iter()
        .filter_map(|name| parameters.text(name).ok().flatten());
    found.next()
}
