//! When each client last used what is retired: written with the entries of the log that tell it, so that nobody has to look
//! through the log.

use std::collections::BTreeMap;

use grantor_protocol::{
    env::Timestamp,
    event::Event,
    legacy::{Feature, noted},
    tenant::TenantId,
};

use crate::{
    batch::Batch, error::Result, params, read::MAX_LIMIT,
    statements::deprecated_uses as statements, store::Store,
};

/// What a client used that is retired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeprecatedUse {
    /// The name of the feature.
    pub feature: String,
    /// When it was last used.
    pub last_used_at: Timestamp,
    /// How often it was used.
    pub uses: i64,
}

impl Batch {
    /// Writes what the notices among `events` tell. One row per client and feature, in their order, so that two nodes that
    /// write the same rows do not wait for each other.
    pub(crate) fn note_deprecated_uses(&mut self, events: &[(TenantId, Event)]) {
        let mut uses: BTreeMap<(&str, &str, &str), (Timestamp, i64)> = BTreeMap::new();
        for (tenant, event) in events {
            let Some((client_id, feature)) = noted(event) else {
                continue;
            };
            let key = (tenant.as_str(), client_id, Feature::name(feature));
            let row = uses.entry(key).or_insert((event.at, 0));
            *row = (row.0.max(event.at), row.1 + 1);
        }
        for ((tenant, client_id, feature), (at, count)) in uses {
            let values = params![tenant, client_id, feature, at, count];
            self.run(statements::DEPRECATED_USE_PUT, values);
        }
    }

    /// Forgets what a client used.
    pub fn forget_deprecated_uses(&mut self, tenant: &TenantId, client_id: &str) -> &mut Self {
        let values = params![tenant, client_id];
        self.run(statements::DEPRECATED_USE_DELETE, values)
    }
}

impl Store {
    /// What a client used that is retired, the latest first.
    ///
    /// # Errors
    /// `Unavailable`, `Inconsistent`.
    pub async fn deprecated_uses(
        &self,
        tenant: &TenantId,
        client_id: &str,
    ) -> Result<Vec<DeprecatedUse>> {
        let values = params![tenant, client_id, MAX_LIMIT];
        let rows = self.read(statements::DEPRECATED_USE_LIST, values).await?;
        let uses = rows.iter().map(|row| {
            Ok(DeprecatedUse {
                feature: row.text(1)?.to_owned(),
                last_used_at: Timestamp::from_millis(row.integer(2)?),
                uses: row.integer(3)?,
            })
        });
        uses.collect()
    }
}
