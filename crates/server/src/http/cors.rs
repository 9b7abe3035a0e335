//! Cross-origin requests of applications that run in a browser (WHATWG Fetch, CORS protocol).
//!
//! Endpoints that look at cookies are those of logins in an application's own form alone; nothing else is ever allowed with
//! credentials. A preflight names no client and is answered for everybody; what the answer itself lets a script read depends
//! on the client's registered origins.

use axum::response::{IntoResponse, Response};
use grantor_protocol::{model::Client, redirect_uri::Registered};
use http::{HeaderMap, HeaderValue, StatusCode, header};

/// What a script may send and read.
const METHODS: HeaderValue = HeaderValue::from_static("POST, GET, DELETE");
const REQUEST_HEADERS: HeaderValue =
    HeaderValue::from_static("content-type, auth0-client, authorization, dpop, x-request-language");
const READABLE: HeaderValue = HeaderValue::from_static(
    "DPoP-Nonce, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After, WWW-Authenticate",
);

/// How long a browser may remember a preflight, in seconds.
const MAX_AGE: HeaderValue = HeaderValue::from_static("3600");

/// The origin of a request that a script sent.
pub fn origin(headers: &HeaderMap) -> Option<&HeaderValue> {
    headers.get(header::ORIGIN)
}

/// `OPTIONS`: what may be sent.
pub async fn preflight(headers: HeaderMap) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let Some(origin) = origin(&headers) else {
        return response;
    };
    let own = response.headers_mut();
    own.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    own.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    own.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    own.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    own.insert(header::VARY, HeaderValue::from_static("Origin"));
    response
}

/// `OPTIONS` where cookies count.
pub async fn preflight_with_credentials(headers: HeaderMap) -> Response {
    let mut response = preflight(headers).await;
    let own = response.headers_mut();
    if own.contains_key(header::ACCESS_CONTROL_ALLOW_ORIGIN) {
        own.insert(
            header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
    response
}

/// Lets a script of `origin` read an answer to `client`, if that is one of its origins: an allowed origin, a web origin, or
/// that of a callback.
pub fn allow(answer: &mut HeaderMap, client: &Client, origin: &HeaderValue) {
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
    let Ok(text) = origin.to_str() else {
        return;
    };
    let lists = [
        &client.allowed_origins,
        &client.web_origins,
        &client.callbacks,
    ];
    let mut entries = lists.into_iter().flatten();
    if entries.any(|list| Registered::new(list).allows_origin(text)) {
        answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, READABLE);
    }
}

/// Lets a script of `origin` read an answer to a request that had cookies. Whoever calls this has found the origin among
/// the client's web origins, or answers the same to everybody.
pub fn allow_with_credentials(answer: &mut HeaderMap, origin: &HeaderValue) {
    answer.append(header::VARY, HeaderValue::from_static("Origin"));
    answer.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_CREDENTIALS,
        HeaderValue::from_static("true"),
    );
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, READABLE);
}

/// Lets every script read an answer: who asks proved with a token in a header that it may, or the answer is the same to
/// everybody.
pub fn allow_everybody(answer: &mut HeaderMap) {
    answer.insert(
        header::ACCESS_CONTROL_ALLOW_ORIGIN,
        HeaderValue::from_static("*"),
    );
    answer.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, READABLE);
}
