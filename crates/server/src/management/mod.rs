//! What the Management API gets from the server: bearer authentication, key operations, and the first objects.

mod bearer;
mod domains;
mod key_operations;
mod mail_operations;
mod password_operations;
mod seed;

use std::sync::Arc;

use grantor_management::{Management, Request, Response};
use grantor_protocol::{env::Env, tenant::Issuer};
use grantor_storage::Store;
use serde_json::json;

use crate::{
    app::App, http::context::Context, keys::Keys, outbound::mail::Mail, passwords::Passwords,
    pipeline::end_session,
};

pub use self::seed::{management_client_id, seed_tenant};

/// The Management API over `store`; `default_issuer` is that of tenants without a host of their own.
pub fn compose(
    (store, env): (&Store, &Env),
    keys: &Keys,
    passwords: &Passwords,
    default_issuer: Issuer,
) -> Management {
    let mail = Mail::new(store.clone(), env.clone());
    Management {
        store: store.clone(),
        env: env.clone(),
        keys: Arc::new(key_operations::ServerKeys::new(keys.clone())),
        passwords: Arc::new(password_operations::ServerPasswords::new(passwords.clone())),
        mails: Arc::new(mail_operations::ServerMails::new(mail, store.clone())),
        default_issuer,
        domains: Arc::new(domains::SystemResolver),
    }
}

/// Answers `request`, if the bearer token in `authorization` is good.
pub async fn answer(
    app: &App,
    context: &Context,
    authorization: Option<&str>,
    request: Request<'_>,
) -> Response {
    match bearer::authenticate(app, context, authorization).await {
        Ok(caller) => {
            let tenant = &context.site.tenant;
            let mut response = app.management.answer(tenant, &caller, request).await;
            for ended in std::mem::take(&mut response.ended) {
                end_session::tell(app, context, ended);
            }
            response
        }
        Err(refused) => refused,
    }
}

/// 429 in the Management API's envelope.
pub fn rate_limited() -> Response {
    refusal(
        429,
        "Too Many Requests",
        "Global limit has been reached",
        Some("too_many_requests"),
    )
}

/// 413 in the Management API's envelope.
pub fn too_large() -> Response {
    refusal(413, "Payload Too Large", "Request body too large", None)
}

/// The Management API's error envelope, for what is refused before it is asked.
fn refusal(status: u16, error: &str, message: &str, code: Option<&str>) -> Response {
    let mut body = json!({"statusCode": status, "error": error, "message": message});
    if let (Some(members), Some(code)) = (body.as_object_mut(), code) {
        members.insert("errorCode".to_owned(), code.into());
    }
    Response {
        status,
        body: Some(body),
        headers: Vec::new(),
        ended: Vec::new(),
    }
}
