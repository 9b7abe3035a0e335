//! Client authentication: finds the client, verifies its assertion, and consumes the assertion's `jti`.

use std::sync::Arc;

use grantor_jose::{
    Algorithm, VerificationKey,
    client_assertion::{self, Assertion, Expected},
};
use grantor_protocol::{
    client_auth::{self, AuthenticatedClient, ClientClaim, Credential},
    model::{Client, ClientCredential},
    refusal::Refusal,
    rule::Rule,
};

use crate::{
    app::App,
    http::{context::Context, failure::Failure},
};

/// Authenticates the client that `claim` names.
///
/// # Errors
/// A [`Failure`] in the client's dialect, once the client is known.
pub async fn authenticate(
    app: &App,
    context: &Context,
    claim: &ClientClaim,
) -> Result<AuthenticatedClient, Failure> {
    let parsed = match &claim.credential {
        Credential::Assertion(text) => Some(parse(text)?),
        _ => None,
    };
    let client_id = match (&claim.client_id, &parsed) {
        (Some(client_id), _) => client_id.as_str(),
        (None, Some(assertion)) => assertion.client_id(),
        (None, None) => {
            return Err(Refusal::new(Rule::MissingParameter)
                .naming("parameter", "client_id")
                .into());
        }
    };
    let client = find(app, context, client_id).await?;
    let dialect = client.switches().error_dialect;
    let mut consumed = None;
    let authenticated = client_auth::authenticate(client, &claim.credential, |client, _| {
        let assertion = parsed.as_ref().ok_or("no assertion was sent")?;
        consumed = Some(verify(context, client, assertion)?);
        Ok(())
    })
    .map_err(|refusal| Failure::from(refusal).in_dialect(dialect))?;
    if let Some(claims) = consumed {
        claim_jti(app, context, client_id, &claims)
            .await
            .map_err(|failure| failure.in_dialect(dialect))?;
    }
    Ok(authenticated)
}

async fn find(app: &App, context: &Context, client_id: &str) -> Result<Arc<Client>, Failure> {
    let unknown = || {
        Refusal::new(Rule::ClientUnknown).with(
            "client_id",
            grantor_protocol::parameters::clipped(client_id),
        )
    };
    if client_id.len() > client_auth::MAX_CLIENT_ID_LENGTH {
        return Err(unknown().into());
    }
    let found = app
        .store
        .typed::<Client>(&context.site.tenant, client_id)
        .await?;
    Ok(found
        .map(|found| Arc::clone(&found.value))
        .ok_or_else(unknown)?)
}

fn parse(text: &str) -> Result<Assertion<'_>, Refusal> {
    client_assertion::parse(text)
        .map_err(|error| Refusal::new(Rule::AssertionInvalid).with("because", error))
}

/// Tries every key that is registered for the client: assertions need not name one.
fn verify(
    context: &Context,
    client: &Client,
    assertion: &Assertion<'_>,
) -> Result<grantor_jose::client_assertion::Claims, String> {
    let issuer = context.site.issuer.as_str();
    let endpoint = context.site.issuer.url("oauth/token");
    let audiences = if client.switches().token_endpoint_as_assertion_audience {
        vec![issuer, endpoint.as_str()]
    } else {
        vec![issuer]
    };
    let now_seconds = context.now.seconds();
    let keys: Vec<_> = client
        .assertion_credentials()
        .filter_map(|credential| key(credential, now_seconds))
        .collect();
    let expected = Expected {
        client_id: &client.client_id,
        audiences: &audiences,
        now_seconds,
    };
    let candidates = keys.iter().map(|(key, algorithm)| (key, *algorithm));
    assertion
        .verify(candidates, &expected)
        .map_err(|error| error.to_string())
}

fn key(
    credential: &ClientCredential,
    now_seconds: i64,
) -> Option<(VerificationKey, Option<Algorithm>)> {
    let expired = credential.expires_at.as_deref().is_some_and(|text| {
        text.parse::<jiff::Timestamp>()
            .is_ok_and(|expires_at| expires_at.as_second() <= now_seconds)
    });
    let pem = credential.pem.as_deref().filter(|_| !expired)?;
    let key = VerificationKey::from_pem(pem).ok()?;
    Some((key, credential.alg.as_deref().and_then(Algorithm::parse)))
}

/// RFC 7523 §3: an assertion is used once.
async fn claim_jti(
    app: &App,
    context: &Context,
    client_id: &str,
    claims: &grantor_jose::client_assertion::Claims,
) -> Result<(), Failure> {
    let digest = app
        .store
        .keyed_digest(format!("{client_id}\n{}", claims.jti).as_bytes());
    let expires_at = grantor_protocol::env::Timestamp::from_seconds(claims.replayable_until());
    let tenant = &context.site.tenant;
    if app
        .store
        .claim_first(tenant, "client_assertion", &digest, expires_at, context.now)
        .await?
    {
        return Ok(());
    }
    Err(Refusal::new(Rule::AssertionReplayed)
        .with("client_id", client_id)
        .into())
}
