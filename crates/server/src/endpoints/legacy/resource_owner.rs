//! `/oauth/ro`: a name and a password for tokens, without a browser, in the words of before OpenID Connect.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Extension, State, rejection::BytesRejection},
    response::Response,
};
use grantor_protocol::{
    authorization::may_use_grant,
    authorize::Target,
    event::Event,
    grants::{GrantType, basis::Basis},
    legacy::{Feature, Pipeline},
    model::Client,
    parameters::{Parameters, clipped},
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    session::{Authentication, AuthenticationMethod},
    users::Connection,
};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::{Visit, required, scope};
use crate::{
    app::App,
    http::{
        context::Context,
        failure::{Failure, json},
    },
    pipeline::{
        load,
        password::{self, Checked, Right},
        record,
        user_tokens::{Ground, IdTokenWith, new_family},
    },
};

/// What is answered, in the order and with the case of old.
#[derive(Debug, Serialize)]
struct Success {
    #[serde(skip_serializing_if = "Option::is_none")]
    id_token: Option<String>,
    access_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<Secret>,
    token_type: &'static str,
}

/// `POST /oauth/ro`.
pub(super) async fn answer(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let visit = Visit {
        app: &app,
        context: &context,
        headers: &headers,
    };
    let mut client = None;
    let outcome = exchange(&visit, body, &mut client).await;
    let outcome = outcome.map(|success| json(StatusCode::OK, &success));
    visit.finish(outcome, client.as_deref())
}

async fn exchange(
    visit: &Visit<'_>,
    body: Result<Bytes, BytesRejection>,
    found: &mut Option<Arc<Client>>,
) -> Result<Success, Failure> {
    let parameters = visit.read(body)?;
    let client_id = parameters.text("client_id")?;
    found.clone_from(&visit.client(client_id).await?);
    visit.admit(Feature::ResourceOwner, found.as_ref()).await?;
    let client_id = required(&parameters, "client_id")?;
    let Some(client) = found.as_ref() else {
        let unknown = Refusal::new(Rule::LegacyClientInvalid);
        return Err(unknown.with("client_id", clipped(client_id)).into());
    };
    let mut event = record::event(visit.context, "f", Some(&client.client_id));
    let outcome = log_in(visit, client, &parameters, &mut event).await;
    match &outcome {
        Ok(_) => event.code = "s",
        Err(failure) => {
            if failure.refusal.rule == Rule::LegacyPasswordWrong {
                event.code = if event.user_id.is_some() { "fp" } else { "fu" };
            }
            record::explain(&mut event, visit.context, &failure.refusal);
        }
    }
    let tenant = &visit.context.site.tenant;
    visit.app.recorder.record(tenant, event).await;
    outcome
}

async fn log_in(
    visit: &Visit<'_>,
    client: &Client,
    parameters: &Parameters,
    event: &mut Event,
) -> Result<Success, Failure> {
    may_use_grant(client, GrantType::LEGACY_RO)?;
    let grant_type = required(parameters, "grant_type")?;
    if grant_type != "password" {
        let unsupported = Refusal::new(Rule::UnsupportedGrantType);
        return Err(unsupported.naming("grant_type", clipped(grant_type)).into());
    }
    let connection = connection(visit, client, required(parameters, "connection")?).await?;
    let name = required(parameters, "username")?;
    let secret = Secret::new(required(parameters, "password")?.to_owned());
    let scope = scope(parameters)?;
    if scope.iter().any(|scope| scope == "offline_access") {
        required(parameters, "device")?;
    }
    record::note(event, "user_name", &clipped(name));
    record::note(event, "connection", &connection.name);
    let (app, context) = (visit.app, visit.context);
    let right = match password::check(app, context, &connection, name, &secret).await? {
        Checked::Right(right) => *right,
        Checked::Wrong { user_id } => {
            event.user_id = user_id;
            return Err(Refusal::new(Rule::LegacyPasswordWrong).into());
        }
    };
    event.user_id = Some(right.user.user.user_id.as_str().to_owned());
    tokens(visit, client, scope, right).await
}

/// The connection called `name`, if its users log in to the client with passwords.
async fn connection(
    visit: &Visit<'_>,
    client: &Client,
    name: &str,
) -> Result<Arc<Connection>, Failure> {
    let found = load::realm(&visit.app.store, &visit.context.site, name).await?;
    let refuse = |rule| Refusal::new(rule).with("connection", clipped(name));
    let connection = found.ok_or_else(|| refuse(Rule::ConnectionUnknown))?;
    if !connection.serves(&client.client_id) {
        return Err(refuse(Rule::ConnectionDisabled).into());
    }
    if !connection.is_database() {
        return Err(refuse(Rule::StrategyUnsuitable).into());
    }
    Ok(connection)
}

/// The tokens, in one commit with the login that is counted.
async fn tokens(
    visit: &Visit<'_>,
    client: &Client,
    scope: Vec<String>,
    right: Right,
) -> Result<Success, Failure> {
    let (app, context) = (visit.app, visit.context);
    let user_id = &right.user.user.user_id;
    let methods = vec![AuthenticationMethod::Password];
    let authentication = Authentication::proven(user_id.as_str().to_owned(), methods, context.now);
    let basis = Basis {
        pipeline: Pipeline::Legacy,
        ..Basis::proven(client, &authentication, Target::Userinfo, scope)
    };
    let ground = Ground::load(app, context, &basis, Rule::LegacyPasswordWrong).await?;
    let issuing = ground.decide(client, GrantType::LEGACY_RO)?;
    let mut batch = right.rehash;
    issuing.keep(&mut batch, &new_family(app));
    let ip = context.client_ip.to_string();
    batch.note_login(&context.site.tenant, user_id, &ip, context.now);
    app.store.commit(batch).await?;
    let access_token = issuing.access_token().await?;
    let id_token = issuing
        .id_token(IdTokenWith {
            access_token: Some(&access_token),
            ..IdTokenWith::default()
        })
        .await?;
    Ok(Success {
        id_token,
        access_token,
        refresh_token: issuing.refresh_token(),
        token_type: "bearer",
    })
}
