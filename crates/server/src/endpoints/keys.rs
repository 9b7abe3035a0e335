//! The key set (RFC 7517 §5) and the current certificate.

use std::sync::Arc;

use axum::{
    extract::{Extension, State},
    response::{IntoResponse, Response},
};
use grantor_jose::certificate::Certificate;
use grantor_protocol::{refusal::Refusal, rule::Rule};
use http::{HeaderName, StatusCode, header};

use crate::{
    app::App,
    http::{
        context::Context,
        failure::{Failure, json},
    },
};

/// How long discovery and key set may be cached. `protocol::keys::PUBLICATION_LEAD_SECONDS` counts on it.
pub(super) const CACHEABLE: (HeaderName, &str) = (
    header::CACHE_CONTROL,
    "public, max-age=15, stale-while-revalidate=15, stale-if-error=86400",
);

/// `GET /.well-known/jwks.json`.
pub(super) async fn key_set(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
) -> Result<Response, Failure> {
    let set = app.keys.key_set(&context.site.tenant).await?;
    let headers = [CACHEABLE, (header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")];
    Ok((headers, json(StatusCode::OK, &set)).into_response())
}

/// `GET /pem`: the certificate of the current RSA key.
pub(super) async fn pem(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
) -> Result<Response, Failure> {
    let pem = certificate(&app, &context).await?;
    Ok(download(
        "application/x-pem-file",
        "certificate.pem",
        pem.into_bytes(),
    ))
}

/// `GET /cer`: the same in DER.
pub(super) async fn cer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
) -> Result<Response, Failure> {
    let pem = certificate(&app, &context).await?;
    Ok(download(
        "application/pkix-cert",
        "certificate.cer",
        Certificate::from_pem(&pem)?.der().to_vec(),
    ))
}

async fn certificate(app: &App, context: &Context) -> Result<String, Failure> {
    let ring = app.keys.published(&context.site.tenant).await?;
    Ok(ring
        .certificate()
        .map(str::to_owned)
        .ok_or_else(|| Refusal::new(Rule::PathUnknown))?)
}

fn download(content_type: &'static str, name: &str, bytes: Vec<u8>) -> Response {
    let disposition = format!("attachment; filename={name}");
    (
        [
            (header::CONTENT_TYPE, content_type.to_owned()),
            (header::CONTENT_DISPOSITION, disposition),
        ],
        bytes,
    )
        .into_response()
}
