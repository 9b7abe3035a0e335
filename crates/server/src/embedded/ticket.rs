//! Login tickets: each is kept under a digest of itself, of the browser that it was made in, and of where it is good for.

use axum::response::Response;
use grantor_protocol::{
    authorize::AuthorizationRequest,
    embedded_login::{self, LoginTicket, PURPOSE},
    env::Timestamp,
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
};
use grantor_storage::{Batch, Error as StoreError};

use crate::{
    authorize::{drive, fault::Fault, log_in::log_in_with_ticket, visit::Visit, world::World},
    http::failure::Failure,
};

/// Longest ticket that is looked at; ours have 32 characters.
const MAX_LENGTH: usize = 64;

/// Where a ticket is good for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Place<'a> {
    /// The authorization endpoint.
    AuthorizationEndpoint,
    /// The pending login that this state names.
    Login(&'a str),
}

/// Under what `ticket` is kept.
fn digest(visit: &Visit<'_>, place: Place<'_>, ticket: &str, browser: &Secret) -> [u8; 32] {
    let place = match place {
        Place::AuthorizationEndpoint => "authorize",
        Place::Login(state) => state,
    };
    let text = format!("login ticket\n{place}\n{ticket}\n{}", browser.expose());
    visit.app.store.keyed_digest(text.as_bytes())
}

/// Puts a ticket for the browser that has the secret `browser` into `batch`.
///
/// # Errors
/// [`Rule::Internal`] if it cannot be written.
pub(super) fn issue(
    visit: &Visit<'_>,
    batch: &mut Batch,
    place: Place<'_>,
    ticket: &LoginTicket,
    browser: &Secret,
) -> Result<Secret, Failure> {
    let text = visit.secret();
    let payload = serde_json::to_string(ticket).map_err(|error| {
        tracing::error!(%error, "a login ticket could not be written");
        Refusal::new(Rule::Internal)
    })?;
    let digest = digest(visit, place, text.expose(), browser);
    let tenant = &visit.context.site.tenant;
    batch.issue(tenant, PURPOSE, &digest, &payload, ticket.expires_at);
    Ok(text)
}

/// What was found under a ticket.
pub(super) struct Found {
    /// What it stands for, and when it was used.
    pub(super) ticket: Option<(LoginTicket, Option<Timestamp>)>,
    digest: [u8; 32],
}

impl Found {
    /// A batch that uses the ticket: of all that do, one stands.
    pub(super) fn claim(&self, visit: &Visit<'_>) -> Batch {
        let mut batch = visit.app.store.batch();
        let (tenant, now) = (&visit.context.site.tenant, visit.context.now);
        batch.claim(tenant, PURPOSE, &self.digest, now);
        batch
    }
}

/// Looks for a ticket that was made in this browser.
pub(super) async fn find(
    visit: &Visit<'_>,
    place: Place<'_>,
    text: &str,
) -> Result<Option<Found>, StoreError> {
    let Some(browser) = visit.browser().filter(|_| text.len() <= MAX_LENGTH) else {
        return Ok(None);
    };
    let digest = digest(visit, place, text, &browser);
    let (store, tenant) = (&visit.app.store, &visit.context.site.tenant);
    let item = store.find_single_use(tenant, PURPOSE, &digest).await?;
    let ticket = match item {
        None => None,
        Some(item) => Some((parse(&item.payload)?, item.consumed_at)),
    };
    Ok(Some(Found { ticket, digest }))
}

fn parse(payload: &str) -> Result<LoginTicket, StoreError> {
    serde_json::from_str(payload).map_err(|source| StoreError::Inconsistent {
        table: "single_use",
        column: "payload".to_owned(),
        id: PURPOSE.to_owned(),
        source: source.into(),
    })
}

/// Begins the login of an authorization request that came with a ticket, and goes as far with it as the ticket leads. What
/// uses the ticket is the commit that begins the session.
///
/// # Errors
/// [`Rule::LoginTicketUnknown`], which goes to the callback.
pub(crate) async fn redeem(
    visit: &Visit<'_>,
    (request, world): (AuthorizationRequest, World),
    ticket: &str,
    realm: Option<&str>,
) -> Result<Response, Fault> {
    let found = find(visit, Place::AuthorizationEndpoint, ticket).await?;
    let (client_id, now) = (&request.client_id, visit.context.now);
    let known = found.as_ref().and_then(|found| found.ticket.clone());
    let proven = embedded_login::redeem(known, client_id, realm, now);
    let met = |refusal| Fault::met(&world.client, &request, refusal);
    let authentication = proven.map_err(met)?;
    let (Some(found), Some(browser)) = (found, visit.browser()) else {
        return Err(met(Refusal::new(Rule::LoginTicketUnknown)));
    };
    let pending = drive::keep(visit, &request, browser).await?;
    let batch = found.claim(visit);
    log_in_with_ticket(visit, pending, world, authentication, batch).await
}
