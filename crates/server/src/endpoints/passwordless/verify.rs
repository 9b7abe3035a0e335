//! `POST /passwordless/verify`: whether a code is right, for an application that then sends the browser on with it.

use std::sync::Arc;

use axum::{Extension, body::Bytes, extract::State, response::Response};
use grantor_protocol::{
    model::Client,
    parameters::Parameters,
    passwordless::{Address, wrong_code},
    refusal::Refusal,
    rule::Rule,
    users::{Connection, identifier::IdentifierKind},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::json;

use super::completed;
use crate::{
    app::App,
    http::{
        context::Context,
        failure::{Failure, json as answer},
    },
    pipeline::one_time_code::{self, Place},
};

/// `POST /passwordless/verify`.
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut client = None;
    let outcome = check(&app, &context, &headers, &body, &mut client).await;
    completed(outcome, &headers, client.as_deref())
}

async fn check(
    app: &App,
    context: &Context,
    headers: &HeaderMap,
    body: &[u8],
    client: &mut Option<Arc<Client>>,
) -> Result<Response, Failure> {
    let tenant = &context.site.tenant;
    app.sign_in_rate.take(tenant, context.now).1?;
    let kind = headers.get(header::CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok());
    let parameters = Parameters::parse(kind, body)?;
    if let Some(client_id) = parameters.text("client_id")? {
        let found = app.store.typed::<Client>(tenant, client_id).await?;
        *client = found.map(|found| Arc::clone(&found.value));
    }
    let code = parameters.required("verification_code")?;
    let (connection, address) = place(app, context, &parameters).await?;
    let at = Place {
        connection: &connection,
        address: &address,
    };
    one_time_code::check(app, context, at, code).await?;
    Ok(answer(StatusCode::OK, &json!({})))
}

/// The connection and the address that a request names.
pub(super) async fn place(
    app: &App,
    context: &Context,
    parameters: &Parameters,
) -> Result<(Arc<Connection>, Address), Failure> {
    let name = parameters.required("connection")?;
    let tenant = &context.site.tenant;
    let named = [name];
    let found = app.store.typed_by::<Connection>(tenant, "name", &named);
    let found = found.await?.map(|found| Arc::clone(&found.value));
    let proving = found.and_then(|found| Some((found.proves()?, found)));
    let unknown = || Refusal::new(Rule::ConnectionUnknown).with("connection", name);
    let (kind, connection) = proving.ok_or_else(unknown)?;
    let text = match kind {
        IdentifierKind::PhoneNumber => parameters.required("phone_number")?,
        _ => parameters.required("email")?,
    };
    let malformed = || wrong_code(kind, "the address is none");
    let address = Address::read(kind, text).ok_or_else(malformed)?;
    Ok((connection, address))
}
