//! The routes: every path the server answers is in [`router`].

mod dbconnections;
mod discovery;
mod exports;
mod health;
mod keys;
mod legacy;
mod logout;
mod mailbox;
mod management;
mod passwordless;
mod revoke;
mod userinfo;

use std::sync::Arc;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    response::{IntoResponse, Response},
    routing::{any, get, post},
};
use grantor_protocol::{parameters::MAX_BODY_LENGTH, refusal::Refusal, rule::Rule};

use crate::{
    account,
    app::App,
    authorize, embedded,
    http::{context::with_context, cors, failure::Failure},
    pages, tickets, token,
};

/// Everything the server answers.
pub fn router(app: &Arc<App>) -> Router {
    let tenant = Router::new()
        .route("/oauth/token", post(token::token).options(cors::preflight))
        .route(
            "/oauth/revoke",
            post(revoke::answer).options(cors::preflight),
        )
        .route(
            "/.well-known/openid-configuration",
            get(discovery::document),
        )
        .route(
            "/.well-known/oauth-authorization-server",
            get(discovery::document),
        )
        .route("/.well-known/jwks.json", get(keys::key_set))
        .route(
            "/userinfo",
            get(userinfo::answer)
                .post(userinfo::answer)
                .options(cors::preflight),
        )
        .merge(authorize::routes())
        .merge(embedded::routes())
        .merge(tickets::routes())
        .merge(passwordless::routes())
        .merge(mailbox::routes(app))
        .merge(account::routes())
        .merge(legacy::routes())
        .route("/v2/logout", get(logout::v2))
        .route("/oidc/logout", get(logout::oidc).post(logout::oidc))
        .route(logout::CONFIRMED, post(logout::confirmed))
        .route(logout::LOGGED_OUT, get(logout::logged_out))
        .route("/exports/{id}", get(exports::answer))
        .route(
            "/dbconnections/signup",
            post(dbconnections::signup).options(cors::preflight),
        )
        .route(
            "/dbconnections/change_password",
            post(dbconnections::change_password).options(cors::preflight),
        )
        .route("/pem", get(keys::pem))
        .route("/cer", get(keys::cer))
        .layer(DefaultBodyLimit::max(MAX_BODY_LENGTH))
        .route("/api/v2/openapi.json", get(management::openapi))
        .route("/api/v2/{*path}", any(management::answer))
        .fallback(|| async { Failure::from(Refusal::new(Rule::PathUnknown)) })
        .method_not_allowed_fallback(|| async {
            Failure::from(Refusal::new(Rule::MethodNotAllowed))
        })
        .layer(middleware::from_fn_with_state(
            Arc::clone(app),
            with_context,
        ));
    // Probes come from the machine's own keeper and name no tenant; the files of the pages are the same for all.
    Router::new()
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .route(
            pages::assets::ROUTE,
            get(async |path| pages::assets::serve(&path)),
        )
        .merge(tenant)
        .with_state(Arc::clone(app))
}

/// What the metrics listener answers.
pub fn metrics_router(app: &Arc<App>) -> Router {
    let app = Arc::clone(app);
    Router::new().route("/metrics", get(move || async move { metrics(&app) }))
}

fn metrics(app: &App) -> Response {
    let openmetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        [(http::header::CONTENT_TYPE, openmetrics)],
        app.metrics.render(),
    )
        .into_response()
}
