//! Logging in by a code or a link, for applications with pages of their own: `/passwordless/*` of the compatible API.

mod link;
mod start;
mod verify;

use std::sync::Arc;

use axum::{
    Router,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use grantor_protocol::model::Client;
use http::{HeaderMap, HeaderValue, header};

use crate::{
    app::App,
    http::{cors, failure::Failure},
};

/// Where a link leads, below the issuer.
const LINK: &str = "passwordless/verify_redirect";

/// The routes.
pub(super) fn routes() -> Router<Arc<App>> {
    Router::new()
        .route(
            "/passwordless/start",
            post(start::start).options(cors::preflight),
        )
        .route(
            "/passwordless/verify",
            post(verify::verify).options(cors::preflight),
        )
        .route("/passwordless/verify_redirect", get(link::follow))
}

/// Completes an answer: these endpoints name the encoding, and scripts of the client's origins may read it.
fn completed(
    answer: Result<Response, Failure>,
    headers: &HeaderMap,
    client: Option<&Client>,
) -> Response {
    let mut response = answer.unwrap_or_else(Failure::into_response);
    let json = HeaderValue::from_static("application/json; charset=utf-8");
    let own = response.headers_mut();
    own.insert(header::CONTENT_TYPE, json);
    own.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let (Some(origin), Some(client)) = (cors::origin(headers), client) {
        cors::allow(own, client, origin);
    }
    response
}
