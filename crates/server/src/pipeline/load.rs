//! Loading the facts that the decision needs, from the caches.

use std::sync::Arc;

use grantor_protocol::{
    client_auth::MAX_CLIENT_ID_LENGTH,
    document::Document,
    model::{Client, ClientGrant, ResourceServer, SubjectType, TenantSettings},
    tenant::OWN_PREFIX,
    users::Connection,
};
use grantor_storage::{Error, Selection, Store, Window};

use crate::hosts::Site;

/// The client that a request names before anything is proven. The tenant's "all applications" entry takes part in no flow.
///
/// # Errors
/// What the store reports.
pub async fn client(
    store: &Store,
    site: &Site,
    client_id: &str,
) -> Result<Option<Arc<Client>>, Error> {
    if MAX_CLIENT_ID_LENGTH < client_id.len() {
        return Ok(None);
    }
    let found = store.typed::<Client>(&site.tenant, client_id).await?;
    let known = found.filter(|client| !client.value.global);
    Ok(known.map(|client| Arc::clone(&client.value)))
}

/// The tenant's settings; a tenant that has none has the defaults.
///
/// # Errors
/// What the store reports.
pub async fn settings(store: &Store, site: &Site) -> Result<Arc<TenantSettings>, Error> {
    let settings = store
        .typed::<TenantSettings>(&site.tenant, TenantSettings::ID)
        .await?;
    Ok(settings.map_or_else(Arc::default, |settings| Arc::clone(&settings.value)))
}

/// The audience of a request that names none: the tenant's default, if it has one.
///
/// # Errors
/// What the store reports.
pub async fn default_audience(store: &Store, site: &Site) -> Result<Option<String>, Error> {
    let audience = settings(store, site).await?.default_audience.clone();
    Ok(audience
        .filter(|audience| !audience.is_empty())
        .map(|audience| site.issuer.to_wire(&audience)))
}

/// The API that the client asked for, under the identifier it sent.
///
/// # Errors
/// What the store reports.
pub async fn resource_server(
    store: &Store,
    site: &Site,
    audience: &str,
) -> Result<Option<Arc<ResourceServer>>, Error> {
    // How own APIs are stored is no name that a client could ask for.
    if audience.starts_with(OWN_PREFIX) {
        return Ok(None);
    }
    let stored = site.issuer.to_stored(audience);
    let found = store
        .typed_by::<ResourceServer>(&site.tenant, "identifier", &[&stored])
        .await?;
    Ok(found.map(|found| Arc::clone(&found.value)))
}

/// What joins `client_id` and the API for `subject`.
///
/// # Errors
/// What the store reports.
pub async fn client_grant(
    store: &Store,
    site: &Site,
    client_id: &str,
    resource_server: &ResourceServer,
    subject: SubjectType,
) -> Result<Option<Arc<ClientGrant>>, Error> {
    let key = [
        client_id,
        resource_server.identifier.as_str(),
        subject.as_str(),
    ];
    let found = store
        .typed_by::<ClientGrant>(&site.tenant, "pair", &key)
        .await?;
    Ok(found.map(|found| Arc::clone(&found.value)))
}

/// The connection called `realm`, or with that name among its realms.
///
/// # Errors
/// What the store reports.
pub async fn realm(
    store: &Store,
    site: &Site,
    realm: &str,
) -> Result<Option<Arc<Connection>>, Error> {
    let tenant = &site.tenant;
    if let Some(named) = store
        .typed_by::<Connection>(tenant, "name", &[realm])
        .await?
    {
        return Ok(Some(Arc::clone(&named.value)));
    }
    let first = Selection {
        link: Some(("realm".to_owned(), realm.to_owned())),
        window: Window::Offset { start: 0, limit: 1 },
        with_total: false,
    };
    let page = store.list(tenant, &Connection::KIND, &first).await?;
    let Some(record) = page.records.first() else {
        return Ok(None);
    };
    let found = store.typed::<Connection>(tenant, &record.id).await?;
    Ok(found.map(|found| Arc::clone(&found.value)))
}

/// What a user may do at an API, by roles and directly; nothing is looked up for one that neither enforces nor tells it.
///
/// # Errors
/// What the store reports.
pub async fn permissions(
    store: &Store,
    site: &Site,
    user_id: &str,
    resource_server: Option<&ResourceServer>,
) -> Result<Vec<String>, Error> {
    match resource_server.filter(|api| api.weighs_permissions()) {
        Some(api) => store.permissions_at(&site.tenant, user_id, &api.id).await,
        None => Ok(Vec::new()),
    }
}
