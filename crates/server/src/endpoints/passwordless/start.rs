//! `POST /passwordless/start`: somebody is sent a code or a link.

use std::sync::Arc;

use axum::{Extension, body::Bytes, extract::State, response::Response};
use grantor_protocol::{
    authorization::may_use_grant,
    client_auth::ClientClaim,
    grants::GrantType,
    model::Client,
    parameters::Parameters,
    passwordless::{Sent, Start},
    refusal::Refusal,
    rule::Rule,
    users::{Connection, identifier::IdentifierKind},
};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value, json};

use super::completed;
use crate::{
    app::App,
    authorize::{answer::locales, visit::Visit},
    http::{
        context::Context,
        failure::{Failure, json as answer},
    },
    pages::{Language, language::negotiate},
    pipeline::{
        authenticate::authenticate,
        load,
        one_time_code::{self, Place, Wanted},
    },
    tickets,
};

/// What was found out on the way to the answer, for whoever completes it.
#[derive(Default)]
struct Met {
    client: Option<Arc<Client>>,
}

/// `POST /passwordless/start`.
pub(super) async fn start(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let tenant = &context.site.tenant;
    let from = (tenant.clone(), context.client_ip);
    let (allowance, taken) = app.start_rate.take(&from, context.now);
    let visit = Visit::new(&app, &context, &headers);
    let mut met = Met::default();
    let outcome = match taken {
        Ok(()) => begin(&visit, &body, &mut met).await,
        Err(refusal) => Err(refusal.into()),
    };
    let mut response = completed(outcome, &headers, met.client.as_deref());
    allowance.write_to(response.headers_mut());
    response
}

async fn begin(visit: &Visit<'_>, body: &[u8], met: &mut Met) -> Result<Response, Failure> {
    let (app, context) = (visit.app, visit.context);
    let text = |name: header::HeaderName| {
        let value = visit.headers.get(name);
        value.map(|value| value.to_str().unwrap_or_default())
    };
    let kind = text(header::CONTENT_TYPE);
    let parameters = Parameters::parse(kind, body)?;
    let start = Start::read(&parameters, auth_params(kind, body, &parameters)?.as_ref())?;
    let (store, tenant) = (&app.store, &context.site.tenant);
    let client = store.typed::<Client>(tenant, &start.client_id).await?;
    met.client = client.map(|client| Arc::clone(&client.value));
    let claim = ClientClaim::read(text(header::AUTHORIZATION), &parameters)?;
    let client = client_of(visit, &claim, met.client.clone()).await?;
    let named = [start.connection.as_str()];
    let found = store.typed_by::<Connection>(tenant, "name", &named).await?;
    let connection = found.map(|found| Arc::clone(&found.value));
    let kind = start.kind(connection.as_deref())?;
    let address = start.address(kind)?;
    let sent = start.sent(kind);
    if sent == Sent::Code {
        may_use_grant(&*client, GrantType::PASSWORDLESS_OTP)?;
    }
    let unknown = || Refusal::new(Rule::StartConnectionUnknown);
    let connection = connection.ok_or_else(unknown)?;
    let at = Place {
        connection: &connection,
        address: &address,
    };
    let browser = visit.browser().unwrap_or_else(|| visit.secret());
    let wanted = Wanted {
        at,
        client: &client,
        language: language(visit).await?,
        browser: (sent == Sent::Link).then_some(&browser),
    };
    let issuer = tickets::issuer(app, context).await?;
    let link = |code: &str| {
        format!(
            "{}?{}",
            issuer.url(super::LINK),
            start.link_query(&address, code)
        )
    };
    let link: Option<&(dyn Fn(&str) -> String + Sync)> = match sent {
        Sent::Link => Some(&link),
        Sent::Code => None,
    };
    one_time_code::send(app, context, &wanted, link).await?;
    let mut response = answer(
        StatusCode::OK,
        &shown(&at.name(app, context), kind, &address.value),
    );
    if sent == Sent::Link {
        // The link works where it was asked for.
        visit.keep_browser(&mut response, &browser);
    }
    Ok(response)
}

/// The member `authParams`, which is an object and so no parameter.
fn auth_params(
    kind: Option<&str>,
    body: &[u8],
    parameters: &Parameters,
) -> Result<Option<Value>, Refusal> {
    let is_json = kind.is_some_and(|kind| kind.trim_start().starts_with("application/json"));
    if !is_json {
        let text = parameters.text("authParams")?;
        return Ok(text.map(Value::from));
    }
    // The parser of parameters has read it already.
    let members: Map<String, Value> = serde_json::from_slice(body)
        .map_err(|error| Refusal::new(Rule::MalformedJson).with("because", error))?;
    Ok(members.get("authParams").cloned())
}

/// The client, which has to show its secret if it has one; unless the tenant lets everybody ask in its name.
async fn client_of(
    visit: &Visit<'_>,
    claim: &ClientClaim,
    known: Option<Arc<Client>>,
) -> Result<Arc<Client>, Failure> {
    let settings = load::settings(&visit.app.store, &visit.context.site).await?;
    let flag = "enforce_client_authentication_on_passwordless_start";
    let lenient = settings.flags.get(flag) == Some(&Value::Bool(false));
    if lenient
        && claim.is_bare()
        && let Some(client) = known.filter(|client| !client.global)
    {
        return Ok(client);
    }
    match authenticate(visit.app, visit.context, claim).await {
        Ok(client) => Ok(client.into_client()),
        Err(failure) => Err(match failure.refusal.rule {
            rule @ (Rule::ClientUnknown
            | Rule::ClientCredentialMissing
            | Rule::ClientMethodNotAllowed
            | Rule::ClientSecretWrong
            | Rule::AssertionInvalid
            | Rule::AssertionReplayed) => Refusal::new(Rule::StartUnauthenticated)
                .with("because", format!("{rule:?}"))
                .into(),
            _ => failure,
        }),
    }
}

/// The language of the message: what the application says in a header of its own, else what the browser does.
async fn language(visit: &Visit<'_>) -> Result<Language, Failure> {
    let settings = load::settings(&visit.app.store, &visit.context.site).await?;
    let text = |name: &str| {
        visit
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let accepted = text("x-request-language").or_else(|| text("accept-language"));
    Ok(negotiate(None, accepted, &locales(&settings)))
}

/// The answer, the same whether or not somebody has the address. That a number is called verified and an address is not
/// is what the compatible API was recorded to say; neither says anything here.
fn shown(id: &str, kind: IdentifierKind, address: &str) -> Value {
    match kind {
        IdentifierKind::PhoneNumber => {
            json!({"_id": id, "phone_number": address, "phone_verified": true})
        }
        _ => json!({"_id": id, "email": address, "email_verified": false}),
    }
}
