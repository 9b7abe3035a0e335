//! What applications may do for a user, and taking that back.

use std::sync::Arc;

use axum::response::Response;
use grantor_protocol::{
    consent::{Wording, lines},
    document::Document,
    env::Timestamp,
    model::{Client, ResourceServer, UserGrant},
    parameters::Parameters,
};
use grantor_storage::{Error as StoreError, Selection, Window};

use super::{APPLICATIONS, PATH, overview, visitor::Visitor};
use crate::{
    authorize::{drive::redirect, fault::Fault},
    pages::{Authorized, Group, Moment, Problem},
};

/// Most that are shown: the user comes back to the others when some of these are gone.
const MOST: i64 = 100;

/// What one application may do at one API.
pub(super) struct Granted {
    grant: UserGrant,
    since: Timestamp,
    client: Option<Arc<Client>>,
    api: Option<Arc<ResourceServer>>,
}

/// Everything that the user allowed, the oldest first.
pub(super) async fn of(visitor: &Visitor<'_>) -> Result<Vec<Granted>, Fault> {
    let (store, tenant) = (&visitor.visit.app.store, visitor.tenant());
    let user_id = visitor.user().user_id.as_str().to_owned();
    let selection = Selection {
        link: Some(("user_id".to_owned(), user_id)),
        window: Window::Offset {
            start: 0,
            limit: MOST,
        },
        with_total: false,
    };
    let page = store.list(tenant, &UserGrant::KIND, &selection).await?;
    let mut found = Vec::with_capacity(page.records.len());
    for record in page.records {
        let Some(grant) = store.typed::<UserGrant>(tenant, &record.id).await? else {
            continue;
        };
        let grant = (*grant.value).clone();
        let client = store.typed::<Client>(tenant, &grant.client_id).await?;
        let api = store
            .typed_by::<ResourceServer>(tenant, "identifier", &[&grant.audience])
            .await?;
        found.push(Granted {
            grant,
            since: record.created_at,
            client: client.map(|client| Arc::clone(&client.value)),
            api: api.map(|api| Arc::clone(&api.value)),
        });
    }
    Ok(found)
}

impl Granted {
    /// As it is shown.
    pub(super) fn view(&self, visitor: &Visitor<'_>, wording: Wording) -> Authorized<'_> {
        let client = self.client.as_deref();
        let logo = client.and_then(|client| client.rest.get("logo_uri")?.as_str());
        let api = self.api.as_deref();
        let lines = lines(&self.grant.scope, api, wording);
        Authorized {
            form: visitor.form(APPLICATIONS, &purpose(&self.grant.id)),
            id: &self.grant.id,
            name: client.map_or(&self.grant.client_id, |client| &client.name),
            logo: logo.filter(|logo| !logo.is_empty()),
            group: Group {
                api: api.map(|api| api.name.as_deref().unwrap_or(&api.identifier)),
                lines,
            },
            since: Moment(self.since),
        }
    }
}

fn purpose(grant_id: &str) -> String {
    format!("application\n{grant_id}")
}

/// `POST /account/applications`: takes back what `grant` names, with the tokens that came of it.
pub(super) async fn revoke(visitor: &Visitor<'_>, form: &Parameters) -> Result<Response, Fault> {
    let id = form.text("grant")?.unwrap_or_default();
    if !visitor.showed(&purpose(id), form) {
        return overview::show(visitor, Some(Problem::FormExpired)).await;
    }
    let (store, tenant) = (&visitor.visit.app.store, visitor.tenant());
    let user_id = visitor.user().user_id.as_str();
    let found = store.typed::<UserGrant>(tenant, id).await?;
    let Some(found) = found.filter(|found| found.value.user_id == user_id) else {
        // It was taken back in another tab.
        return Ok(redirect(PATH));
    };
    let (client_id, audience) = (&found.value.client_id, &found.value.audience);
    let mut batch = visitor.batch();
    batch
        .delete(tenant, &UserGrant::KIND, id, visitor.visit.context.now)
        .revoke_tokens_of_grant(tenant, user_id, client_id, audience);
    match visitor.commit(batch).await {
        Ok(true) => {
            let members = [
                ("description", "Access of an application was taken back"),
                ("application", client_id),
                ("audience", audience),
            ];
            visitor.record("sapi", &members).await;
        }
        Ok(false) | Err(StoreError::Guard { .. }) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(redirect(PATH))
}
