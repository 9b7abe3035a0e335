//! The end of a login that owes nothing: a code, tokens through the browser, or both.

use axum::response::Response;
use grantor_protocol::{
    authorize::{Approval, AuthorizationRequest},
    env::IdForm,
    grants::{
        GrantType,
        authorization_code::{AuthorizationCode, MAX_LIFETIME_SECONDS, PURPOSE},
        basis::Basis,
    },
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
};
use grantor_storage::{Batch, Error as StoreError, LOGIN, SESSION, SINGLE_USE};

use super::{
    answer,
    fault::Fault,
    journal,
    visit::{Pending, Visit},
    world::World,
};
use crate::{
    http::failure::Failure,
    pipeline::user_tokens::{Ground, IdTokenWith, Issuing, family_of, new_family},
};

/// Length of a code: 43 characters of 64, so 258 bits.
const CODE_LENGTH: usize = 43;

/// What goes back to the application.
type Parameters = Vec<(&'static str, String)>;

/// Issues what was asked for, in the commit of `batch`, which begins or uses the session. The login ends with it too, so that
/// neither a second tab nor a logout in the meantime leaves anything behind. `None`: another tab was faster, or the session
/// ended or was renewed meanwhile, or what proved the user was used; then nothing was done.
pub(super) async fn issue(
    visit: &Visit<'_>,
    (request, world): (&AuthorizationRequest, &World),
    approval: &Approval,
    pending: Option<&Pending>,
    mut batch: Batch,
) -> Result<Option<Response>, Fault> {
    let (store, tenant) = (&visit.app.store, &visit.context.site.tenant);
    let told = |failure: Failure| Fault::met(&world.client, request, failure.refusal);
    let response_type = request.response_type;
    let basis = Basis::of(request, approval);
    let ground = if response_type.has_access_token() || request.returns_id_token() {
        // Boxed: most logins end with a code alone.
        let ground = Ground::load(visit.app, visit.context, &basis, Rule::LoginRequired);
        Some(Box::new(Box::pin(ground).await.map_err(told)?))
    } else {
        None
    };
    let decided = ground
        .as_deref()
        .map(|ground| ground.decide(&*world.client, GrantType::IMPLICIT));
    let decided = decided.transpose();
    let issuing = decided.map_err(|refusal| told(refusal.into()))?;
    let code = response_type
        .has_code()
        .then(|| Secret::new(visit.app.env.id(IdForm::UrlSafe(CODE_LENGTH))));
    let family = match &code {
        Some(code) => keep_code(visit, request, approval, code, &mut batch)?,
        None => new_family(visit.app),
    };
    if let Some(issuing) = &issuing
        && response_type.has_access_token()
    {
        issuing.keep(&mut batch, &family);
    }
    batch.join_session(tenant, &approval.session().id, &request.client_id);
    if let Some(pending) = pending {
        batch.end_login(tenant, &pending.handle.digest, pending.login.revision);
    }
    match store.commit(batch).await {
        Ok(()) => {}
        Err(StoreError::Guard {
            label: LOGIN | SESSION | SINGLE_USE,
        }) => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    journal::succeeded(visit, request, world, approval).await;
    let mut parameters = Parameters::new();
    let code = code.as_ref().map(Secret::expose);
    parameters.extend(code.map(|code| ("code", code.to_owned())));
    if let Some(issuing) = &issuing {
        let asked = (request, world);
        Box::pin(add_tokens(
            &mut parameters,
            asked,
            issuing,
            (code, approval),
        ))
        .await?;
    }
    let issuer = &visit.context.site.issuer;
    let response = request
        .return_address
        .respond(parameters, &world.client, issuer);
    answer::authorization(visit, &world.client, response)
        .await
        .map(Some)
}

/// Keeps what `code` stands for; the name of its family.
fn keep_code(
    visit: &Visit<'_>,
    request: &AuthorizationRequest,
    approval: &Approval,
    code: &Secret,
    batch: &mut Batch,
) -> Result<String, Fault> {
    let (site, now) = (&visit.context.site, visit.context.now);
    let stands_for = AuthorizationCode::issue(request, approval, MAX_LIFETIME_SECONDS, now);
    let payload = serde_json::to_string(&stands_for).map_err(|error| {
        tracing::error!(%error, "a code could not be written");
        Refusal::new(Rule::Internal)
    })?;
    let digest = visit.app.store.keyed_digest(code.expose().as_bytes());
    let expires_at = stands_for.expires_at;
    batch.issue(&site.tenant, PURPOSE, &digest, &payload, expires_at);
    Ok(family_of(&digest))
}

/// The tokens that were asked for, and no others (OAuth 2.0 Multiple Response Types §5).
async fn add_tokens(
    parameters: &mut Parameters,
    (request, world): (&AuthorizationRequest, &World),
    issuing: &Issuing<'_>,
    (code, approval): (Option<&str>, &Approval),
) -> Result<(), Fault> {
    let mut access_token = None;
    if request.response_type.has_access_token() {
        let token = issuing.access_token().await?;
        parameters.push(("access_token", token.clone()));
        parameters.push(("expires_in", issuing.expires_in().to_string()));
        parameters.push(("token_type", "Bearer".to_owned()));
        let when = world.client.switches().scope_in_response;
        let scope = issuing.granted().told(&request.scope, when);
        parameters.extend(scope.map(|scope| ("scope", scope)));
        access_token = Some(token);
    }
    if request.returns_id_token() {
        let id_token = issuing
            .id_token(IdTokenWith {
                access_token: access_token.as_deref(),
                code,
                nonce: request.nonce.as_deref(),
                sid: Some(&approval.session().id),
            })
            .await?;
        parameters.extend(id_token.map(|token| ("id_token", token)));
    }
    Ok(())
}
