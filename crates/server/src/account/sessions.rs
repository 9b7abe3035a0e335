//! Where a user is logged in, and ending that.

use axum::response::Response;
use grantor_protocol::{
    logout::{Ended, Initiator},
    parameters::Parameters,
};
use grantor_storage::StoredSession;

use super::{PATH, SESSIONS, overview, user_agent, visitor::Visitor};
use crate::{
    authorize::{drive::redirect, fault::Fault},
    pages::{Device, Moment, Problem},
    pipeline::end_session,
};

/// Most that are shown: the user comes back to the others when some of these have ended.
const MOST: i64 = 100;

/// What the form for all other sessions acts on.
pub(super) const OTHERS: &str = "others";

/// The sessions of the user that last, the visitor's own first, then the one that was used last.
pub(super) async fn of(visitor: &Visitor<'_>) -> Result<Vec<StoredSession>, Fault> {
    let (store, now) = (&visitor.visit.app.store, visitor.visit.context.now);
    let user_id = visitor.user().user_id.as_str();
    let mut found = store
        .sessions_of_user(visitor.tenant(), user_id, None, MOST)
        .await?;
    found.retain(|stored| stored.session.lasts(visitor.limits, now));
    found.sort_by_key(|stored| {
        let other = stored.session.id != visitor.session.id;
        (other, std::cmp::Reverse(stored.session.last_used_at))
    });
    Ok(found)
}

/// A session as it is shown.
pub(super) fn view(visitor: &Visitor<'_>, stored: &StoredSession) -> Device {
    let session = &stored.session;
    let (browser, system) = user_agent::read(&stored.device.user_agent);
    let other = session.id != visitor.session.id;
    Device {
        form: other.then(|| visitor.form(SESSIONS, &purpose(&session.id))),
        id: session.id.clone(),
        browser,
        system,
        address: stored.device.ip.clone(),
        began: Moment(session.authenticated_at),
        last_used: Moment(session.last_used_at),
    }
}

/// What the form for one session acts on, or the one for [`OTHERS`].
pub(super) fn purpose(session: &str) -> String {
    format!("session\n{session}")
}

/// `POST /account/sessions`: ends the one that `session` names, or all but the visitor's own.
pub(super) async fn end(visitor: &Visitor<'_>, form: &Parameters) -> Result<Response, Fault> {
    let named = form.text("session")?.unwrap_or_default();
    if !visitor.showed(&purpose(named), form) {
        return overview::show(visitor, Some(Problem::FormExpired)).await;
    }
    let (store, tenant) = (&visitor.visit.app.store, visitor.tenant());
    let user_id = visitor.user().user_id.as_str();
    let mut batch = visitor.batch();
    let told = if named == OTHERS {
        batch.end_other_sessions(tenant, user_id, &visitor.session.id);
        others(visitor, Initiator::SessionRevoked).await?
    } else {
        let found = store.find_session(tenant, named).await?;
        let found = found.filter(|found| found.session.user_id == user_id);
        let Some(StoredSession { session, .. }) = found else {
            // It ended by itself, or in another tab.
            return Ok(redirect(PATH));
        };
        batch.end_session(tenant, named);
        let revoked = Initiator::SessionRevoked;
        vec![store.ending(tenant, &session, revoked).await?]
    };
    if visitor.commit(batch).await? {
        for ended in told {
            tell(visitor, ended).await;
        }
    }
    Ok(redirect(PATH))
}

/// What is to be told when all sessions end but the visitor's own.
pub(super) async fn others(
    visitor: &Visitor<'_>,
    initiator: Initiator,
) -> Result<Vec<Ended>, Fault> {
    let (store, user_id) = (&visitor.visit.app.store, visitor.user().user_id.as_str());
    let ending = store.ending_of_user(visitor.tenant(), user_id, initiator);
    let mut told = ending.await?;
    told.retain(|ended| ended.session.id != visitor.session.id);
    Ok(told)
}

/// Tells applications and the log that a session has ended.
pub(super) async fn tell(visitor: &Visitor<'_>, ended: Ended) {
    let (id, initiator) = (ended.session.id.clone(), ended.initiator);
    end_session::tell(visitor.visit.app, visitor.visit.context, ended);
    let members = [
        ("session_id", id.as_str()),
        ("description", initiator.as_str()),
    ];
    visitor.record("slo", &members).await;
}
