//! Logins in an application's own form, as older libraries of the compatible API do them: a script sends the password, and
//! gets a ticket that the login goes on with.
//!
//! Makes no session and no code itself: a ticket is one more way to prove who somebody is, and the login goes through the
//! dispatcher like every other one.

mod classic;
mod cross_origin;
mod ticket;

use std::sync::Arc;

use axum::{
    Router,
    response::Response,
    routing::{get, post},
};
use http::{HeaderMap, StatusCode};
use serde_json::json;

pub(crate) use self::ticket::redeem;
use crate::{
    app::App,
    http::{cors, failure::json as answer},
};

/// The routes of logins without our pages.
pub(crate) fn routes() -> Router<Arc<App>> {
    let challenge = || post(no_challenge).options(cors::preflight);
    Router::new()
        .route(
            "/co/authenticate",
            post(cross_origin::authenticate).options(cors::preflight_with_credentials),
        )
        .route("/usernamepassword/login", post(classic::log_in))
        .route(classic::CALLBACK, post(classic::callback))
        .route("/usernamepassword/challenge", challenge())
        .route("/dbconnections/signup/challenge", challenge())
        .route("/dbconnections/change_password/challenge", challenge())
        .route("/passwordless/challenge", challenge())
        .route(
            "/user/ssodata",
            get(no_session).options(cors::preflight_with_credentials),
        )
}

/// Whether a captcha must be solved: never.
async fn no_challenge() -> Response {
    let mut response = answer(StatusCode::OK, &json!({"required": false}));
    cors::allow_everybody(response.headers_mut());
    response
}

/// `GET /user/ssodata`. Who is logged in is asked at the authorization endpoint, with `prompt=none`; here nobody ever is.
async fn no_session(headers: HeaderMap) -> Response {
    let mut response = answer(StatusCode::OK, &json!({"sso": false}));
    if let Some(origin) = cors::origin(&headers) {
        cors::allow_with_credentials(response.headers_mut(), origin);
    }
    response
}
