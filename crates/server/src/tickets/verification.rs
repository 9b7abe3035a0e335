//! The link that proves that somebody reads the mails of an address.

use std::sync::Arc;

use axum::{
    Extension,
    extract::{OriginalUri, State},
    response::{IntoResponse, Response},
};
use grantor_protocol::users::{Ticket, TicketKind, TicketResult, User, UserId};
use grantor_storage::{
    Error as StoreError, SINGLE_USE,
    users::{StoredUser, USER_REVISION},
};
use http::{HeaderMap, Method, StatusCode};

use super::{Found, find, notify};
use crate::{
    app::App,
    authorize::{
        answer::{self, Reader},
        drive::redirect,
        fault::Fault,
        visit::{self, Visit},
    },
    http::context::Context,
    outbound::mail::MailKind,
    pages::{EmailVerified, Verification},
    pipeline::record,
};

/// How often a user may be written by somebody else in between.
const TRIES: usize = 3;

/// `GET /u/email-verification`.
pub(super) async fn follow(
    State(app): State<Arc<App>>,
    Extension(context): Extension<Context>,
    method: Method,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
) -> Response {
    if method == Method::HEAD {
        // Mail programs look whether a link is alive; that is not what it is for.
        return StatusCode::OK.into_response();
    }
    let visit = Visit::new(&app, &context, &headers);
    let outcome = async {
        let query = visit::query(&uri)?;
        let found = find(&visit, TicketKind::EmailVerification, &query).await?;
        let outcome = verify(&visit, found.as_ref()).await?;
        show(&visit, outcome, found.map(|found| found.ticket)).await
    };
    answer::outcome(&visit, outcome.await).await
}

async fn show(
    visit: &Visit<'_>,
    outcome: Verification,
    ticket: Option<Ticket>,
) -> Result<Response, Fault> {
    let (success, code, message) = match outcome {
        Verification::Done => (
            true,
            "success",
            "Your email was verified. You can continue using the application.",
        ),
        Verification::Already => (false, "already_verified", "This URL can be used only once"),
        Verification::Expired => (false, "access_expired", "Access expired."),
    };
    let result = TicketResult {
        success,
        code,
        message,
    };
    if let Some(url) = ticket.and_then(|ticket| ticket.redirect(result)) {
        return Ok(redirect(&url));
    }
    let page = EmailVerified {
        outcome,
        back: None,
    };
    answer::page(visit, Reader::default(), &page).await
}

/// Uses the ticket up and marks the address, in one commit.
async fn verify(visit: &Visit<'_>, found: Option<&Found>) -> Result<Verification, Fault> {
    let Some(Found {
        ticket,
        digest,
        used,
    }) = found
    else {
        return Ok(Verification::Expired);
    };
    let (store, context) = (&visit.app.store, visit.context);
    let tenant = &context.site.tenant;
    for _ in 0..TRIES {
        let Some(stored) = user_of(visit, ticket).await? else {
            return Ok(Verification::Expired);
        };
        if stored.user.email_verified == Some(true) {
            return Ok(Verification::Already);
        }
        if *used {
            return Ok(Verification::Expired);
        }
        let mut user: User = stored.user;
        user.email_verified = Some(true);
        user.updated_at = context.now;
        let mut batch = store.batch();
        batch
            .claim(
                tenant,
                TicketKind::EmailVerification.purpose(),
                digest,
                context.now,
            )
            .replace_user(tenant, &user, stored.revision);
        notify(visit, MailKind::WelcomeEmail, &user, &mut batch).await?;
        match store.commit(batch).await {
            Ok(()) => {
                let mut event = record::event(context, "sv", ticket.client_id.as_deref());
                event.user_id = Some(user.user_id.as_str().to_owned());
                visit.app.recorder.record(tenant, event).await;
                return Ok(Verification::Done);
            }
            // The same link in two tabs, or somebody else wrote the user: look again.
            Err(StoreError::Guard {
                label: SINGLE_USE | USER_REVISION,
            }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(Verification::Expired)
}

/// The user of a ticket, if it still has the address that the ticket was made for.
pub(super) async fn user_of(
    visit: &Visit<'_>,
    ticket: &Ticket,
) -> Result<Option<StoredUser>, Fault> {
    let Some(user_id) = UserId::parse(&ticket.user_id) else {
        return Ok(None);
    };
    let tenant = &visit.context.site.tenant;
    let found = visit.app.store.find_user(tenant, &user_id).await?;
    Ok(found.filter(|found| found.user.email == ticket.email))
}
