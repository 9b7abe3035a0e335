//! Which connection the users of an application log in with.

use std::sync::Arc;

use grantor_protocol::{
    authorize::AuthorizationRequest,
    document::Document,
    model::{Client, TenantSettings},
    refusal::Refusal,
    rule::Rule,
    users::connection::Connection,
};
use grantor_storage::{Selection, Window};
use serde_json::Value;

use super::{fault::Fault, visit::Visit, world::World};
use crate::account::own_client;

/// Most connections of an application among which one is chosen.
const MOST: i64 = 50;

/// The connection for `request`, as it was found with the other facts.
///
/// # Errors
/// [`Rule::ConnectionUnknown`], [`Rule::NoConnection`].
pub(crate) fn choose(
    world: &World,
    request: &AuthorizationRequest,
) -> Result<Arc<Connection>, Fault> {
    let met = |refusal: &Refusal| Fault::met(&world.client, request, refusal.clone());
    world.connection.clone().map_err(|refusal| met(&refusal))
}

/// The same where users have to have passwords.
///
/// # Errors
/// [`Rule::ConnectionUnknown`], [`Rule::NoConnection`].
pub(crate) fn database(
    world: &World,
    request: &AuthorizationRequest,
) -> Result<Arc<Connection>, Fault> {
    let connection = choose(world, request)?;
    if connection.is_database() {
        return Ok(connection);
    }
    let refusal = Refusal::new(Rule::NoConnection).with("because", "its users have no passwords");
    Err(Fault::met(&world.client, request, refusal))
}

/// The connection that the users of `client` log in with: the one that the request names, else the tenant's default
/// directory, else the oldest whose users have passwords, else the oldest whose users prove an address.
pub(super) async fn find(
    visit: &Visit<'_>,
    client: &Client,
    settings: &TenantSettings,
    request: &AuthorizationRequest,
) -> Result<Result<Arc<Connection>, Refusal>, Fault> {
    if let Some(name) = &request.connection {
        let named = serving(visit, client, name).await?;
        return Ok(named.ok_or_else(|| {
            Refusal::new(Rule::ConnectionUnknown)
                .with("connection", name)
                .with("client_id", &client.client_id)
        }));
    }
    if let Some(name) = settings.default_directory()
        && let Some(connection) = serving(visit, client, name).await?
    {
        return Ok(Ok(connection));
    }
    let links: &[_] = if own_client::is_named(&client.client_id) {
        &[
            ("strategy", Connection::DATABASE),
            ("strategy", Connection::EMAIL),
            ("strategy", Connection::SMS),
        ]
    } else {
        &[
            ("enabled_client", client.client_id.as_str()),
            ("domain_connection", "true"),
        ]
    };
    let mut proving = None;
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
            match serving(visit, client, name.unwrap_or_default()).await? {
                Some(connection) if connection.is_database() => return Ok(Ok(connection)),
                found => proving = proving.or(found),
            }
        }
    }
    Ok(
        proving
            .ok_or_else(|| Refusal::new(Rule::NoConnection).with("client_id", &client.client_id)),
    )
}

/// The connection of this name, if users of `client` may log in with it and it is one of this server's own.
pub(crate) async fn serving(
    visit: &Visit<'_>,
    client: &Client,
    name: &str,
) -> Result<Option<Arc<Connection>>, Fault> {
    let (store, tenant) = (&visit.app.store, &visit.context.site.tenant);
    let found = store
        .typed_by::<Connection>(tenant, "name", &[name])
        .await?;
    let own = |connection: &Connection| connection.is_database() || connection.proves().is_some();
    Ok(found
        .map(|found| Arc::clone(&found.value))
        .filter(|connection| own(connection) && admits(connection, client)))
}

/// The account page is for every user of the tenant, wherever its users are from.
fn admits(connection: &Connection, client: &Client) -> bool {
    own_client::is_named(&client.client_id) || connection.serves(&client.client_id)
}
