//! The client-credentials exchange, RFC 6749 §4.4: a machine asks for itself.

use grantor_protocol::{
    authorization::{Facts, Subject},
    client_auth::{AuthenticatedClient, ClientClaim},
    event::Event,
    grants::{GrantType, client_credentials::Request},
    parameters::Parameters,
};

use super::Success;
use crate::{
    app::App,
    http::{context::Context, failure::Failure},
    pipeline::{
        authenticate::authenticate,
        load,
        mint::{self, Mint},
        record,
    },
};

/// Exchanges the client's credential for an access token, and records the outcome.
pub(super) async fn exchange(
    app: &App,
    context: &Context,
    claim: &ClientClaim,
    parameters: &Parameters,
) -> Result<Success, Failure> {
    let mut request = Request::read(parameters)?;
    if request.audience.is_none() {
        request.audience = load::default_audience(&app.store, &context.site).await?;
    }
    let outcome = match authenticate(app, context, claim).await {
        Ok(client) => issue(app, context, &client, &request)
            .await
            .map_err(|failure| failure.in_dialect(client.client().switches().error_dialect)),
        Err(failure) => Err(failure),
    };
    let event = entry(context, claim, &request, &outcome);
    app.recorder.record(&context.site.tenant, event).await;
    outcome
}

async fn issue(
    app: &App,
    context: &Context,
    client: &AuthenticatedClient,
    request: &Request,
) -> Result<Success, Failure> {
    let client_id = &client.client().client_id;
    let resource_server = match &request.audience {
        Some(audience) => load::resource_server(&app.store, &context.site, audience).await?,
        None => None,
    };
    let client_grant = match &resource_server {
        Some(api) => {
            let subject = Subject::Client.grant_subject();
            load::client_grant(&app.store, &context.site, client_id, api, subject).await?
        }
        None => None,
    };
    let approved = mint::decide(&Facts {
        client,
        grant_type: GrantType::CLIENT_CREDENTIALS,
        subject: Subject::Client,
        audience: request.audience.as_deref(),
        resource_server: resource_server.as_deref(),
        client_grant: client_grant.as_deref(),
        requested_scope: &request.scope,
    })?;
    let subject = format!("{client_id}@clients");
    let mint = Mint {
        keys: &app.keys,
        env: &app.env,
        site: &context.site,
        now: context.now,
    };
    let minted = mint
        .access_token(&approved, &subject, Some("client-credentials"))
        .await?;
    Ok(Success::new(
        minted,
        approved.granted(),
        &request.scope,
        client.client().switches(),
    ))
}

fn entry(
    context: &Context,
    claim: &ClientClaim,
    request: &Request,
    outcome: &Result<Success, Failure>,
) -> Event {
    let code = if outcome.is_ok() { "seccft" } else { "feccft" };
    let mut event = record::event(context, code, claim.client_id.as_deref());
    if let Some(audience) = &request.audience {
        event
            .members
            .insert("audience".to_owned(), audience.as_str().into());
    }
    match outcome {
        Ok(success) => {
            let requested = || request.scope.join(" ");
            event.members.insert(
                "scope".to_owned(),
                success.scope.clone().unwrap_or_else(requested).into(),
            );
        }
        Err(failure) => record::explain(&mut event, context, &failure.refusal),
    }
    event
}
