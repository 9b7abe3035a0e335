//! What may be used once: codes, tickets, nonces, assertion identifiers. One statement consumes it.

use grantor_protocol::{env::Timestamp, tenant::TenantId};

use crate::{
    batch::{Batch, Expectation},
    error::{Error, Result},
    params, statements,
    store::Store,
};

/// The guard that fails when an item was used before, has expired or never existed.
pub const SINGLE_USE: &str = "single_use";

/// An item as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SingleUse {
    /// What was stored with it.
    pub payload: String,
    /// Until when it can be used.
    pub expires_at: Timestamp,
    /// When it was used.
    pub consumed_at: Option<Timestamp>,
}

impl Batch {
    /// Stores an item; `Conflict { unique: "digest" }` if there is one with that digest.
    pub fn issue(
        &mut self,
        tenant: &TenantId,
        purpose: &'static str,
        digest: &[u8],
        payload: &str,
        expires_at: Timestamp,
    ) -> &mut Self {
        let values = params![tenant, purpose, digest, payload, expires_at];
        let expectation = Expectation::Unique("digest");
        self.step(statements::SINGLE_USE_INSERT, values, expectation)
    }

    /// Uses an item. The batch of exactly one caller ever succeeds; all others fail with the guard [`SINGLE_USE`].
    pub fn claim(
        &mut self,
        tenant: &TenantId,
        purpose: &'static str,
        digest: &[u8],
        now: Timestamp,
    ) -> &mut Self {
        let values = params![tenant, purpose, digest, now];
        self.expect(statements::SINGLE_USE_CLAIM, values, 1, SINGLE_USE)
    }
}

impl Store {
    /// Whether this is the first time that `digest` is presented and it has not expired.
    pub async fn claim_first(
        &self,
        tenant: &TenantId,
        purpose: &'static str,
        digest: &[u8],
        expires_at: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let mut batch = self.batch();
        let values = params![tenant, purpose, digest, "", expires_at];
        batch.run(statements::SINGLE_USE_INSERT, values);
        batch.claim(tenant, purpose, digest, now);
        match self.commit(batch).await {
            Ok(()) => Ok(true),
            Err(Error::Guard { label: SINGLE_USE }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// An item, used or not. Reading it is no claim.
    pub async fn find_single_use(
        &self,
        tenant: &TenantId,
        purpose: &'static str,
        digest: &[u8],
    ) -> Result<Option<SingleUse>> {
        let values = params![tenant, purpose, digest];
        let rows = self.read(statements::SINGLE_USE_FIND, values).await?;
        let item = rows.first().map(|row| {
            Ok(SingleUse {
                payload: row.text(0)?.to_owned(),
                expires_at: Timestamp::from_millis(row.integer(1)?),
                consumed_at: row.optional_integer(2)?.map(Timestamp::from_millis),
            })
        });
        item.transpose()
    }
}
