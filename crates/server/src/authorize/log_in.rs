//! What follows when somebody proved who it is: the browser gets a session, and the login goes on.

use axum::response::Response;
use grantor_protocol::{
    authorize::{Event, Page, Progress, Step, advance, next_step},
    env::IdForm,
    logout::Initiator,
    session::{Authentication, BrowserSession, Limits, LoggedIn, persistence},
    users::UserId,
};
use grantor_storage::{Batch, Error as StoreError, LOGIN, SESSION, SINGLE_USE};

use super::{
    drive,
    fault::Fault,
    issue,
    visit::{Pending, Visit, session_digest},
    world::World,
};
use crate::{
    http::cookies::{self, Cookie},
    pipeline::end_session,
};

/// Length of the `sid` that clients see.
const SID_LENGTH: usize = 32;

/// By which way a proof came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// The user gave it on a page of this login.
    Page,
    /// The request brought it, as a login ticket.
    Ticket,
}

impl Way {
    fn event(self, authentication: Authentication, session_id: String) -> Event {
        match self {
            Self::Page => Event::LoggedIn {
                authentication,
                session_id,
            },
            Self::Ticket => Event::BroughtTicket {
                authentication,
                session_id,
            },
        }
    }
}

/// Logs the user of `authentication` in, with everything that `batch` does. A login that comes to nothing all the same
/// makes no session.
pub(crate) async fn log_in(
    visit: &Visit<'_>,
    (pending, world): (Pending, World),
    (way, authentication): (Way, Authentication),
    batch: Batch,
) -> Result<Response, Fault> {
    // Boxed: it is long, and the end of handlers that are long themselves.
    Box::pin(enter(visit, (pending, world), (way, authentication), batch)).await
}

async fn enter(
    visit: &Visit<'_>,
    (pending, mut world): (Pending, World),
    (way, authentication): (Way, Authentication),
    mut batch: Batch,
) -> Result<Response, Fault> {
    let (tenant, now) = (&visit.context.site.tenant, visit.context.now);
    let request = pending.login.request.clone();
    let logged_in = begin(visit, &world, &authentication);
    let session = logged_in.session;
    let event = way.event(authentication, session.id.clone());
    let facts = world.facts(&pending.login.progress);
    let Ok(progress) = advance(&request, &facts, event, now) else {
        return Ok(drive::look_again(&pending));
    };
    world.enter(visit, &request, session.clone()).await?;
    let step = next_step(&request, &world.facts(&progress), now);
    if let Step::Fail(_) | Step::Over(_) = step {
        return drive::conclude(visit, &request, &world, step, Some(&pending)).await;
    }
    let cookie = visit.secret();
    let digest = session_digest(visit.app, &cookie);
    batch.put_session(tenant, &digest, &session, &visit.device());
    let mut replaced = None;
    if let Some(session) = &logged_in.replaced {
        let store = &visit.app.store;
        let ended = store.ending(tenant, session, Initiator::IdpLogout);
        replaced = Some(ended.await?);
        batch.end_session(tenant, &session.id);
    }
    if let Some(user_id) = UserId::parse(&session.user_id) {
        let ip = visit.context.client_ip.to_string();
        batch.note_login(tenant, &user_id, &ip, now);
    }
    let entered = match step {
        // Nothing more is owed: session and what was asked for are one commit.
        Step::Issue(approval) => {
            let asked = (&request, &world);
            issue::issue(visit, asked, &approval, Some(&pending), batch).await?
        }
        Step::Show(page) => owe(visit, &pending, &progress, &page, batch).await?,
        Step::Fail(_) | Step::Over(_) => None,
    };
    let Some(mut response) = entered else {
        return Ok(drive::look_again(&pending));
    };
    if let Some(ended) = replaced {
        end_session::tell(visit.app, visit.context, ended);
    }
    let expires_at = session.cookie_expires_at(world.limits());
    let headers = response.headers_mut();
    let site = &visit.context.site;
    cookies::set(headers, site, Cookie::Session, &cookie, (expires_at, now));
    Ok(response)
}

/// Commits a login that still owes `page`, and goes there. `None`: another tab was faster, or what proved the user was
/// used.
async fn owe(
    visit: &Visit<'_>,
    pending: &Pending,
    progress: &Progress,
    page: &Page,
    mut batch: Batch,
) -> Result<Option<Response>, Fault> {
    let (tenant, digest) = (&visit.context.site.tenant, &pending.handle.digest);
    batch.advance_login(tenant, digest, pending.login.revision, progress);
    match visit.app.store.commit(batch).await {
        Ok(()) => Ok(Some(drive::to_page(pending, page))),
        Err(StoreError::Guard {
            label: LOGIN | SESSION | SINGLE_USE,
        }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The session from now on. One that the same user has in this browser is renewed, if it still lasts.
fn begin(visit: &Visit<'_>, world: &World, authentication: &Authentication) -> LoggedIn {
    let persistence = persistence(&world.settings);
    let session = world.session.as_ref();
    let lasting = session.filter(|session| session.lasts(world.limits(), visit.context.now));
    BrowserSession::log_in(
        lasting,
        authentication,
        visit.app.env.id(IdForm::UrlSafe(SID_LENGTH)),
        persistence,
        Limits::of(&world.settings, persistence),
    )
}
