//! Deleting connections and the users of connections.

use grantor_protocol::{
    document::Document,
    env::IdForm,
    users::{Connection, identifier},
};
use serde_json::{Map, Value, json};

use crate::{
    call::Response,
    engine::Call,
    failure::Failure,
    jobs::{self, JobKind},
    keys::Pending,
};

/// `DELETE /connections/{id}`. The connection is gone at once; its users go in a job, so that many of them make no
/// request wait. Until then nobody can take its name.
pub(super) fn delete<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let Some(record) = call.find_record().await? else {
            return Ok(Response::nothing());
        };
        call.check_match(record.revision)?;
        let (tenant, now) = (call.tenant, call.now);
        let name = record.body.get("name").cloned().unwrap_or_default();
        let mut batch = call.management.store.batch();
        let kind = &Connection::KIND;
        batch.delete_revision(tenant, kind, &record.id, record.revision, now);
        let id = call.management.env.id(IdForm::Alphanumeric("job_", 16));
        let body = jobs::body(&Map::new(), &name);
        batch.open_job(tenant, &id, JobKind::ConnectionDeletion.name(), &body, now);
        let response = Response::json(202, json!({"deleted_at": now.rfc3339()}));
        match call.commit_recorded(batch, &response).await {
            Err(grantor_storage::Error::Guard { .. }) => Err(Failure::busy()),
            other => Ok(other.map(|()| response)?),
        }
    })
}

/// Whether users of a connection of that name are still being deleted.
pub(super) async fn is_pending(call: &Call<'_>, name: &str) -> Result<bool, Failure> {
    let kind = JobKind::ConnectionDeletion.name();
    let open = call.management.store.open_jobs(call.tenant, kind).await?;
    Ok(open
        .iter()
        .any(|job| jobs::work::<String>(&job.body).as_deref() == Some(name)))
}

/// `DELETE /connections/{id}/users?email=…`.
pub(super) fn delete_user<'a>(call: &'a Call<'a>) -> Pending<'a, Result<Response, Failure>> {
    Box::pin(async move {
        let Some(email) = call.query.find("email").filter(|email| !email.is_empty()) else {
            let message = "Query validation error: 'Missing required property: email'.";
            return Err(Failure::query(message));
        };
        let record = call.load().await?;
        let text = |name: &str| record.body.get(name).and_then(Value::as_str);
        if text("strategy") != Some("auth0") {
            return Err(Failure::body("Connection must be a database connection"));
        }
        let name = text("name").unwrap_or_default();
        let email = identifier::email(email).unwrap_or_default();
        let store = &call.management.store;
        let found = store.find_users_by_email(call.tenant, &email).await?;
        let mut batch = store.batch();
        for stored in &found {
            let primary = stored.user.primary_identity();
            if primary.is_some_and(|identity| identity.connection == name) {
                batch.delete_user(call.tenant, &stored.user.user_id, call.now);
            }
        }
        let response = Response::nothing();
        call.commit_recorded(batch, &response).await?;
        Ok(response)
    })
}
