//! What the Management API asks of password hashing. Implemented by the server.

use grantor_protocol::{secret::Secret, tenant::TenantId};
use serde_json::Value;

use crate::keys::Pending;

/// Too many passwords wait to be hashed; the caller may try again in a few seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many passwords are waiting to be hashed")]
pub struct TooBusy;

/// Hashes passwords, and compares them with hashes. Work waits in a bounded queue in which tenants take turns.
pub trait PasswordOperations: Send + Sync {
    /// Hashes a new password.
    fn hash<'a>(
        &'a self,
        tenant: &'a TenantId,
        password: &'a Secret,
    ) -> Pending<'a, Result<String, TooBusy>>;

    /// Whether a password is that of any of these hashes.
    fn was_used<'a>(
        &'a self,
        tenant: &'a TenantId,
        password: &'a Secret,
        hashes: &'a [String],
    ) -> Pending<'a, Result<bool, TooBusy>>;

    /// What is to be kept for a hash that comes from elsewhere: a `password_hash` (a text) or a `custom_password_hash`
    /// (an object).
    ///
    /// # Errors
    /// What is wrong with it, as a sentence for the caller.
    fn imported(&self, hash: &Value) -> Result<String, String>;
}
