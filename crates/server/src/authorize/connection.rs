//! Which connection the users of an application log in with.

use std::sync::Arc;

use grantor_protocol::{
    authorize::AuthorizationRequest, document::Document, model::Client, refusal::Refusal,
    rule::Rule, users::connection::Connection,
};
use grantor_storage::{Selection, Window};
use serde_json::Value;

use super::{fault::Fault, visit::Visit, world::World};
use crate::account::own_client;

/// Most connections of an application among which one is chosen.
const MOST: i64 = 50;

/// The database connection for `request`: the one that the request names, else the tenant's default
/// directory, else the oldest.
///
/// # Errors
/// [`Rule::ConnectionUnknown`], [`Rule::NoConnection`].
pub(crate) async fn choose(
    visit: &Visit<'_>,
    world: &World,
    request: &AuthorizationRequest,
) -> Result<Arc<Connection>, Fault> {
    let client = &world.client;
    let met = |refusal: Refusal| Fault::met(client, request, refusal);
    if let Some(name) = &request.connection {
        let named = serving(visit, client, name).await?;
        return named.ok_or_else(|| {
            met(Refusal::new(Rule::ConnectionUnknown)
                .with("connection", name)
                .with("client_id", &client.client_id))
        });
    }
    if let Some(name) = world.settings.default_directory()
        && let Some(connection) = serving(visit, client, name).await?
    {
        return Ok(connection);
    }
    let links: &[_] = if own_client::is_named(&client.client_id) {
        &[("strategy", Connection::DATABASE)]
    } else {
        &[
            ("enabled_client", client.client_id.as_str()),
            ("domain_connection", "true"),
        ]
    };
    for &(link, target) in links {
        let selection = Selection {
            link: Some((link.to_owned(), target.to_owned())),
            window: Window::Offset {
                start: 0,
                limit: MOST,
            },
            with_total: false,
        };
        let (store, tenant) = (&visit.app.store, &visit.context.site.tenant);
        let page = store.list(tenant, &Connection::KIND, &selection).await?;
        for record in page.records {
            let name = record.body.get("name").and_then(Value::as_str);
            if let Some(connection) = serving(visit, client, name.unwrap_or_default()).await? {
                return Ok(connection);
            }
        }
    }
    Err(met(
        Refusal::new(Rule::NoConnection).with("client_id", &client.client_id)
    ))
}

/// The database connection of this name, if users of `client` may log in with it.
pub(crate) async fn serving(
    visit: &Visit<'_>,
    client: &Client,
    name: &str,
) -> Result<Option<Arc<Connection>>, Fault> {
    let (store, tenant) = (&visit.app.store, &visit.context.site.tenant);
    let found = store
        .typed_by::<Connection>(tenant, "name", &[name])
        .await?;
    Ok(found
        .map(|found| Arc::clone(&found.value))
        .filter(|connection| connection.is_database() && admits(connection, client)))
}

/// The account page is for every user of the tenant, wherever its users are from.
fn admits(connection: &Connection, client: &Client) -> bool {
    own_client::is_named(&client.client_id) || connection.serves(&client.client_id)
}
