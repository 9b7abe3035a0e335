//! Fetching a file of exported users: with a link that is good for a minute, because browsers and tools that fetch it send
//! no token.

use grantor_protocol::{env::Timestamp, secret::Secret, tenant::TenantId};
use grantor_storage::Error as StoreError;
use serde_json::{Value, json};

use crate::{
    Management,
    jobs::{self, JobKind, export},
};

/// How long a link is good, in seconds.
const LINK_SECONDS: i64 = 60;

/// The path of the files, below the issuer.
const PATH: &str = "exports";

impl Management {
    /// A link to the file of a finished export.
    pub(crate) async fn export_link(
        &self,
        tenant: &TenantId,
        id: &str,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let expires = now.plus_seconds(LINK_SECONDS).seconds();
        let signature = self.signature(tenant, id, expires);
        let issuer = self.issuer(tenant).await?;
        let signature = signature.expose();
        Ok(issuer.url(&format!(
            "{PATH}/{id}?expires={expires}&signature={signature}"
        )))
    }

    /// The name of the file that a link leads to; `None` if it does not lead anywhere any more.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn exported_file(
        &self,
        tenant: &TenantId,
        id: &str,
        (expires, signature): (i64, &Secret),
        now: Timestamp,
    ) -> Result<Option<String>, StoreError> {
        let good = self.signature(tenant, id, expires).matches(signature);
        if !good || expires <= now.seconds() {
            return Ok(None);
        }
        let found = self.store.find_job(tenant, id).await?;
        let done = found.filter(|job| {
            let status = jobs::shown(&job.body).get("status").cloned();
            JobKind::of(job) == Some(JobKind::UsersExport) && status == Some(json!("completed"))
        });
        Ok(done.map(|job| {
            let shown = jobs::shown(&job.body);
            let extension = shown.get("format").and_then(Value::as_str);
            format!("{id}.{}.gz", extension.unwrap_or("json"))
        }))
    }

    /// The piece of a file after piece number `after`; the first one comes after -1.
    ///
    /// # Errors
    /// When the store fails.
    pub async fn exported_piece(
        &self,
        tenant: &TenantId,
        id: &str,
        after: i64,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let parts = self.store.job_parts(tenant, id, export::OUTPUT, (after, 1));
        Ok(parts.await?.into_iter().next().map(|part| part.content))
    }

    fn signature(&self, tenant: &TenantId, id: &str, expires: i64) -> Secret {
        use std::fmt::Write as _;
        let signed = format!("{PATH}\n{tenant}\n{id}\n{expires}");
        let mut text = String::new();
        for byte in self.store.keyed_digest(signed.as_bytes()) {
            // Writing to a text does not fail.
            let _ = write!(text, "{byte:02x}");
        }
        Secret::new(text)
    }
}
