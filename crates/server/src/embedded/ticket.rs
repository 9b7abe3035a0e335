//! Login tickets: each is kept under a digest of itself, of the browser that it was made in, and of where it is good for.

use axum::response::Response;
use grantor_protocol::{
    authorize::AuthorizationRequest,
    embedded_login::{self, Found, LoginTicket, PURPOSE},
    refusal::Refusal,
    rule::Rule,
    secret::Secret,
    session::Authentication,
    users::UserId,
};
use grantor_storage::{Batch, Error as StoreError};

use crate::{
    authorize::{
        drive,
        fault::Fault,
        log_in::{Way, log_in},
        visit::Visit,
        world::World,
    },
    http::failure::Failure,
};

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

/// Who brings a ticket that was made in this browser, and a batch that uses it: of all that do, one stands.
///
/// # Errors
/// [`Rule::LoginTicketUnknown`], and what the store reports.
pub(super) async fn prove(
    visit: &Visit<'_>,
    (place, text): (Place<'_>, &str),
    client_id: &str,
    realm: Option<&str>,
) -> Result<(Authentication, Batch), Failure> {
    let (store, tenant) = (&visit.app.store, &visit.context.site.tenant);
    let now = visit.context.now;
    let browser = visit.browser().unwrap_or_else(|| visit.secret());
    let digest = digest(visit, place, text, &browser);
    let found = match store.find_single_use(tenant, PURPOSE, &digest).await? {
        None => None,
        Some(item) => {
            let ticket = parse(&item.payload)?;
            let user = match UserId::parse(ticket.authentication.user_id()) {
                Some(user_id) => store.find_user(tenant, &user_id).await?,
                None => None,
            };
            Some(Found {
                ticket,
                used_at: item.consumed_at,
                new_password_at: user.and_then(|found| found.user.last_password_reset),
            })
        }
    };
    let authentication = embedded_login::redeem(found, client_id, realm, now)?;
    let mut batch = store.batch();
    batch.claim(tenant, PURPOSE, &digest, now);
    Ok((authentication, batch))
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
    let at = (Place::AuthorizationEndpoint, ticket);
    let proven = prove(visit, at, &request.client_id, realm).await;
    let met = |failure: Failure| Fault::met(&world.client, &request, failure.refusal);
    let (authentication, batch) = proven.map_err(met)?;
    // It was made in a browser that has its cookie.
    let browser = visit.browser().unwrap_or_else(|| visit.secret());
    let pending = drive::keep(visit, &request, browser).await?;
    log_in(
        visit,
        (pending, world),
        (Way::Ticket, authentication),
        batch,
    )
    .await
}
