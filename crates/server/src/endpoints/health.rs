//! Liveness and readiness.

use std::sync::Arc;

use axum::{extract::State, response::Response};
use grantor_protocol::tenant::TenantId;
use http::StatusCode;
use serde_json::json;

use crate::{app::App, http::failure::json as respond};

/// `GET /health/live`: the process answers.
pub(super) async fn live() -> Response {
    respond(StatusCode::OK, &json!({"status": "ok"}))
}

/// `GET /health/ready`: the store answers too.
pub(super) async fn ready(State(app): State<Arc<App>>) -> Response {
    match app.store.find_tenant(&TenantId::default_tenant()).await {
        Ok(_) => respond(StatusCode::OK, &json!({"status": "ok"})),
        Err(error) => {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "not ready: the store does not answer"
            );
            respond(
                StatusCode::SERVICE_UNAVAILABLE,
                &json!({"status": "unavailable"}),
            )
        }
    }
}
