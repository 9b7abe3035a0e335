//! Making tickets, for the Management API and for whoever else sends a link.

use grantor_protocol::{
    env::{IdForm, Timestamp},
    tenant::{Issuer, TenantId},
    users::{Ticket, TicketKind},
};
use grantor_storage::{Batch, Error as StoreError};

use crate::Management;

/// How long a ticket is, in characters: 190 bits.
const LENGTH: usize = 32;

impl Management {
    /// The issuer under which mails of a tenant lead to it: its first host, never a host that a request named. Tenants
    /// without a host of their own have the one that the server is configured for.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn issuer(&self, tenant: &TenantId) -> Result<Issuer, StoreError> {
        let host = self.store.hosts(tenant).await?.into_iter().next();
        Ok(host.map_or_else(
            || self.default_issuer.clone(),
            |host| Issuer::new("https", &host),
        ))
    }

    /// Adds a ticket to `batch`, good until `expires_at`. Answers with the link that uses it up.
    pub fn issue_ticket(
        &self,
        batch: &mut Batch,
        (tenant, issuer): (&TenantId, &Issuer),
        (kind, ticket): (TicketKind, &Ticket),
        expires_at: Timestamp,
    ) -> String {
        let secret = self.env.id(IdForm::Alphanumeric("", LENGTH));
        let digest = self.store.keyed_digest(secret.as_bytes());
        // Texts and flags: there is always JSON for them.
        let payload = serde_json::to_string(ticket).unwrap_or_default();
        batch.issue(tenant, kind.purpose(), &digest, &payload, expires_at);
        format!("{}?ticket={secret}#", issuer.url(kind.path()))
    }
}
