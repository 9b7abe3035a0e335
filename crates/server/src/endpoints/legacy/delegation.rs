//! `/delegation`: an ID token of one application for one of another.

use std::sync::Arc;

use axum::{
    body::Bytes,
    extract::{Extension, State, rejection::BytesRejection},
    response::Response,
};
use grantor_protocol::{
    authorization::may_use_grant,
    authorize::Target,
    grants::{GrantType, basis::Basis},
    id_token::DEFAULT_LIFETIME_SECONDS,
    legacy::{Feature, Pipeline},
    model::Client,
    parameters::{Parameters, clipped},
    refusal::Refusal,
    rule::Rule,
    session::Authentication,
    users::User,
};
use http::{HeaderMap, StatusCode};
use serde::Serialize;

use super::{Visit, id_token, required, scope};
use crate::{
    app::App,
    http::{
        context::Context,
        failure::{Failure, json},
        rate_limit::Allowance,
    },
    pipeline::user_tokens::{Ground, IdTokenWith},
};

/// The only value of `grant_type`.
const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// The only `api_type`; the others were add-ons of the compatible API.
const APPLICATION: &str = "app";

/// What is answered.
#[derive(Debug, Serialize)]
struct Success {
    token_type: &'static str,
    expires_in: i64,
    id_token: String,
}

/// `POST /delegation`.
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
    let (mut source, mut allowance) = (None, None);
    let outcome = delegate(&visit, body, &mut source, &mut allowance).await;
    let outcome = outcome.map(|success| json(StatusCode::OK, &success));
    let mut response = visit.finish(outcome, source.as_deref());
    if let Some(allowance) = allowance {
        allowance.write_to(response.headers_mut());
    }
    response
}

async fn delegate(
    visit: &Visit<'_>,
    body: Result<Bytes, BytesRejection>,
    found: &mut Option<Arc<Client>>,
    allowance: &mut Option<Allowance>,
) -> Result<Success, Failure> {
    let parameters = visit.read(body)?;
    found.clone_from(&visit.client(parameters.text("client_id")?).await?);
    visit.admit(Feature::Delegation, found.as_ref()).await?;
    let client_id = required(&parameters, "client_id")?;
    let Some(source) = found.as_ref() else {
        let unknown = Refusal::new(Rule::LegacyClientInvalid);
        return Err(unknown.with("client_id", clipped(client_id)).into());
    };
    let grant_type = required(&parameters, "grant_type")?;
    if grant_type != JWT_BEARER {
        let unsupported = Refusal::new(Rule::UnsupportedGrantType);
        return Err(unsupported.naming("grant_type", clipped(grant_type)).into());
    }
    may_use_grant(&**source, GrantType::LEGACY_DELEGATION_ID_TOKEN)?;
    let target = target(visit, source, &parameters).await?;
    let scope = scope(&parameters)?;
    let proof = id_token::prove(visit, required(&parameters, "id_token")?).await?;
    if proof.client.client_id != source.client_id {
        let foreign = Refusal::new(Rule::IdTokenInvalid);
        return Err(foreign.with("because", "it is another client's").into());
    }
    take(visit, &proof.user, allowance)?;
    issue(visit, &target, proof.user, scope).await
}

/// The application that the token is for: the caller itself, or one that lists the caller.
async fn target(
    visit: &Visit<'_>,
    source: &Arc<Client>,
    parameters: &Parameters,
) -> Result<Arc<Client>, Failure> {
    let unsuitable = |target: &str| {
        Refusal::new(Rule::DelegationTargetUnsuitable).naming("target", clipped(target))
    };
    let api_type = parameters.text("api_type")?.unwrap_or(APPLICATION);
    if api_type != APPLICATION {
        return Err(unsuitable(api_type).into());
    }
    let Some(target_id) = parameters.text("target")? else {
        return Ok(Arc::clone(source));
    };
    let target = visit.client(Some(target_id)).await?;
    let target = target.ok_or_else(|| unsuitable(target_id))?;
    visit.admit(Feature::Delegation, Some(&target)).await?;
    let listed = target.allowed_clients.iter().flatten();
    let allows = target.client_id == source.client_id
        || listed.into_iter().any(|client| *client == source.client_id);
    if !allows {
        return Err(Refusal::new(Rule::DelegationNotAllowed)
            .naming("target", &target.client_id)
            .with("client_id", &source.client_id)
            .into());
    }
    Ok(target)
}

/// Takes one call from the bucket of the user at this address.
fn take(visit: &Visit<'_>, user: &User, allowance: &mut Option<Allowance>) -> Result<(), Refusal> {
    let context = visit.context;
    let whose = format!("{} {}", user.user_id.as_str(), context.client_ip);
    let key = (context.site.tenant.clone(), whose);
    let (left, taken) = visit.app.delegation_rate.take(&key, context.now);
    *allowance = Some(left);
    taken
}

/// The ID token for `target`, which is signed as it wants its ID tokens signed.
async fn issue(
    visit: &Visit<'_>,
    target: &Client,
    user: User,
    mut scope: Vec<String>,
) -> Result<Success, Failure> {
    let (app, context) = (visit.app, visit.context);
    if !scope.iter().any(|scope| scope == "openid") {
        scope.insert(0, "openid".to_owned());
    }
    let user_id = user.user_id.as_str().to_owned();
    let authentication = Authentication::proven(user_id, Vec::new(), context.now);
    let basis = Basis {
        pipeline: Pipeline::Legacy,
        ..Basis::proven(target, &authentication, Target::Userinfo, scope)
    };
    let ground = Ground::load(app, context, &basis, Rule::IdTokenInvalid).await?;
    let issuing = ground.decide(target, GrantType::LEGACY_DELEGATION_ID_TOKEN)?;
    let id_token = issuing.id_token(IdTokenWith::default()).await?;
    let lifetime = target.jwt_configuration.lifetime_in_seconds;
    Ok(Success {
        token_type: "Bearer",
        expires_in: lifetime.unwrap_or(DEFAULT_LIFETIME_SECONDS),
        id_token: id_token.ok_or_else(|| Refusal::new(Rule::IdTokenInvalid))?,
    })
}
