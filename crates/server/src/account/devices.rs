//! Where applications stay logged in for a user, each by a refresh token of its own, and ending that.

use std::sync::Arc;

use axum::response::Response;
use grantor_protocol::{model::Client, parameters::Parameters};
use grantor_storage::{Revoked, StoredRefreshToken};

use super::{DEVICES, PATH, overview, user_agent, visitor::Visitor};
use crate::{
    authorize::{drive::redirect, fault::Fault},
    pages::{Device, Linked, Moment, Problem},
};

/// Most that are shown: the user comes back to the others when some of these are gone.
const MOST: i64 = 100;

/// A device and the application that stays logged in on it.
pub(super) struct Kept {
    stored: StoredRefreshToken,
    client: Option<Arc<Client>>,
}

/// Every one of the user's, the oldest first.
pub(super) async fn of(visitor: &Visitor<'_>) -> Result<Vec<Kept>, Fault> {
    let (store, tenant) = (&visitor.visit.app.store, visitor.tenant());
    let (user_id, now) = (visitor.user().user_id.as_str(), visitor.visit.context.now);
    let tokens = store.refresh_tokens_of_user(tenant, (user_id, None), None, MOST, now);
    let mut found = Vec::new();
    for stored in tokens.await? {
        let client_id = &stored.token.client_id;
        let client = store.typed::<Client>(tenant, client_id).await?;
        found.push(Kept {
            client: client.map(|client| Arc::clone(&client.value)),
            stored,
        });
    }
    Ok(found)
}

impl Kept {
    /// As it is shown.
    pub(super) fn view(&self, visitor: &Visitor<'_>) -> Linked<'_> {
        let (token, last) = (&self.stored.token, &self.stored.devices.last);
        let (browser, system) = user_agent::read(&last.user_agent);
        let client = self.client.as_deref();
        Linked {
            name: client.map_or(&token.client_id, |client| &client.name),
            device: Device {
                form: Some(visitor.form(DEVICES, &purpose(&token.id))),
                id: token.id.clone(),
                browser,
                system,
                address: last.ip.clone(),
                began: Moment(token.created_at),
                last_used: Moment(token.standing.last_exchanged_at),
            },
        }
    }
}

fn purpose(id: &str) -> String {
    format!("device\n{id}")
}

/// `POST /account/devices`: revokes the refresh token that `device` names.
pub(super) async fn unlink(visitor: &Visitor<'_>, form: &Parameters) -> Result<Response, Fault> {
    let id = form.text("device")?.unwrap_or_default();
    if !visitor.showed(&purpose(id), form) {
        return overview::show(visitor, Some(Problem::FormExpired)).await;
    }
    let (store, tenant) = (&visitor.visit.app.store, visitor.tenant());
    let user_id = visitor.user().user_id.as_str();
    let found = store.find_refresh_token(tenant, id).await?;
    let Some(found) = found.filter(|found| found.token.user_id == user_id) else {
        // It was revoked meanwhile.
        return Ok(redirect(PATH));
    };
    let mut batch = visitor.batch();
    batch.revoke_refresh_tokens(tenant, Revoked::Id(id));
    if visitor.commit(batch).await? {
        let members = [
            ("description", "A device was unlinked"),
            ("application", found.token.client_id.as_str()),
        ];
        visitor.record("sapi", &members).await;
    }
    Ok(redirect(PATH))
}
