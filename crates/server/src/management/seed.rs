//! What a tenant has before anyone sets it up, and the credentials of the application that may manage everything.

use std::path::Path;

use grantor_management::Management;
use grantor_protocol::tenant::TenantId;
use serde_json::json;

use crate::files;

/// Makes what every tenant has, if it is not there yet. Returns whether it was made now; then the credentials of the
/// management client are in a file of the data directory that only its owner can read.
///
/// # Errors
/// A text that says what stands in the way.
pub async fn seed_tenant(
    management: &Management,
    data_dir: &Path,
    tenant: &TenantId,
) -> Result<bool, String> {
    let seeded = management
        .seed(tenant)
        .await
        .map_err(|error| error.to_string())?;
    let Some(client) = seeded.management_client.filter(|_| seeded.fresh) else {
        return Ok(false);
    };
    let name = if *tenant == TenantId::default_tenant() {
        "management-client.json".to_owned()
    } else {
        format!("management-client-{tenant}.json")
    };
    let path = data_dir.join(name);
    let text = format!(
        "{:#}\n",
        json!({"client_id": client.client_id, "client_secret": client.client_secret.expose()})
    );
    files::write_owner_only(&path, text.as_bytes())
        .map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(true)
}

/// The identifier of the tenant's management client.
///
/// # Errors
/// A text for the operator, if it was deleted.
pub async fn management_client_id(
    management: &Management,
    tenant: &TenantId,
) -> Result<String, String> {
    let seeded = management
        .seed(tenant)
        .await
        .map_err(|error| error.to_string())?;
    let found = seeded.management_client.map(|client| client.client_id);
    found.ok_or_else(|| {
        "the tenant's management application was deleted; name another with --client-id".to_owned()
    })
}
