//! The client-credentials exchange, RFC 6749 §4.4: a machine asks for itself.

use grantor_protocol::{
    authorization::{Facts, Subject},
    event::Event,
    grants::{GrantType, client_credentials::Request},
    parameters::Parameters,
};

use super::{Exchange, Success};
use crate::{
    http::failure::Failure,
    pipeline::{
        load,
        mint::{self, Mint},
        record,
    },
};

/// Exchanges the client's credential for an access token.
pub(super) async fn exchange(
    exchange: Exchange<'_>,
    parameters: &Parameters,
    event: &mut Event,
) -> Result<Success, Failure> {
    let Exchange {
        app,
        context,
        client,
    } = exchange;
    let mut request = Request::read(parameters)?;
    if request.audience.is_none() {
        request.audience = load::default_audience(&app.store, &context.site).await?;
    }
    if let Some(audience) = &request.audience {
        record::note(event, "audience", audience);
    }
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
    record::note(event, "scope", &approved.granted().scope.join(" "));
    let mint = Mint {
        keys: &app.keys,
        env: &app.env,
        site: &context.site,
        now: context.now,
    };
    let subject = format!("{client_id}@clients");
    let minted = mint.access_token(&approved, &subject).await?;
    Ok(Success::new(
        minted,
        approved.granted(),
        &request.scope,
        client.client().switches(),
    ))
}
