//! Discovery, OpenID Connect Discovery 1.0 §4 and RFC 8414 §3: one document at both paths.

use axum::{
    Extension,
    response::{IntoResponse, Response},
};
use grantor_protocol::discovery;
use http::{StatusCode, header};

use super::keys::CACHEABLE;
use crate::http::{context::Context, failure::json};

/// `GET /.well-known/openid-configuration`.
pub(super) async fn document(Extension(context): Extension<Context>) -> Response {
    let document = json(StatusCode::OK, &discovery::document(&context.site.issuer));
    (
        [CACHEABLE, (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")],
        document,
    )
        .into_response()
}
