//! `/api/v2/`: bearer authentication, rate limit, and the bridge to `management`.

use std::sync::{Arc, LazyLock};

use axum::{
    body::Bytes,
    extract::{Extension, OriginalUri, State},
    response::{IntoResponse, Response},
};
use grantor_management::Request;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use crate::{app::App, http::context::Context, management};

/// Any method below `/api/v2/`.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    OriginalUri(uri): OriginalUri,
    method: Method,
    headers: HeaderMap,
    body: Result<Bytes, axum::extract::rejection::BytesRejection>,
) -> Response {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let (allowance, taken) = app.management_rate.take(&context.site.tenant, context.now);
    let ip = context.client_ip.to_string();
    let answer = match (taken, body) {
        (Err(_), _) => management::rate_limited(),
        (Ok(()), Err(_)) => management::too_large(),
        (Ok(()), Ok(body)) => {
            let request = Request {
                method: method.as_str(),
                path: uri.path().strip_prefix("/api/v2").unwrap_or_default(),
                query: uri.query(),
                content_type: text(header::CONTENT_TYPE),
                body: &body,
                if_match: text(header::IF_MATCH),
                issuer: &context.site.issuer,
                ip: Some(&ip),
                user_agent: text(header::USER_AGENT),
            };
            management::answer(&app, &context, text(header::AUTHORIZATION), request).await
        }
    };
    let mut response = into_response(answer);
    allowance.write_to(response.headers_mut());
    response
}

/// `/api/v2/openapi.json`: what the Management API can do. It is the same everywhere, hence open to everyone.
pub(super) async fn openapi() -> Response {
    static DOCUMENT: LazyLock<Bytes> =
        LazyLock::new(|| Bytes::from(grantor_management::openapi().to_string()));
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    ([(header::CONTENT_TYPE, content_type)], DOCUMENT.clone()).into_response()
}

fn into_response(answer: grantor_management::Response) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let bytes = answer.body.map(|body| body.to_string()).unwrap_or_default();
    let content_type = HeaderValue::from_static("application/json; charset=utf-8");
    let mut response = (status, [(header::CONTENT_TYPE, content_type)], bytes).into_response();
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
