//! The password operations that the Management API asks for.

use grantor_management::{PasswordOperations, Pending, TooBusy};
use grantor_protocol::{secret::Secret, tenant::TenantId};
use serde_json::Value;

use crate::passwords::{Busy, Passwords, StoredHash};

/// Password operations over the server's threads.
#[derive(Clone, Debug)]
pub(super) struct ServerPasswords {
    passwords: Passwords,
}

impl ServerPasswords {
    pub(super) const fn new(passwords: Passwords) -> Self {
        Self { passwords }
    }
}

impl PasswordOperations for ServerPasswords {
    fn hash<'a>(
        &'a self,
        tenant: &'a TenantId,
        password: &'a Secret,
    ) -> Pending<'a, Result<String, TooBusy>> {
        Box::pin(async move {
            let hash = self.passwords.hash(tenant, password).await;
            hash.map_err(|Busy| TooBusy)
        })
    }

    fn was_used<'a>(
        &'a self,
        tenant: &'a TenantId,
        password: &'a Secret,
        hashes: &'a [String],
    ) -> Pending<'a, Result<bool, TooBusy>> {
        Box::pin(async move {
            let used = self.passwords.was_used(tenant, password, hashes).await;
            used.map_err(|Busy| TooBusy)
        })
    }

    fn imported(&self, hash: &Value) -> Result<String, String> {
        let (read, kept) = match hash {
            Value::String(text) => (StoredHash::parse(text), text.clone()),
            other => (StoredHash::custom(other), other.to_string()),
        };
        read.map(|_| kept).map_err(|problem| problem.to_string())
    }
}
