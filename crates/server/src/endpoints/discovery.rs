//! Discovery, OpenID Connect Discovery 1.0 §4 and RFC 8414 §3: one document at both paths.

use std::sync::Arc;

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse, Response},
};
use grantor_protocol::discovery;
use http::{StatusCode, header};

use super::keys::CACHEABLE;
use crate::{
    app::App,
    http::{
        context::Context,
        failure::{Failure, json},
    },
    pipeline::load,
};

/// `GET /.well-known/openid-configuration`.
pub(super) async fn document(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
) -> Result<Response, Failure> {
    let settings = load::settings(&app.store, &context.site).await?;
    let document = discovery::document(&context.site.issuer, &settings);
    let readable = (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    Ok(([CACHEABLE, readable], json(StatusCode::OK, &document)).into_response())
}
