//! Changing the master key.

use std::sync::{Arc, PoisonError};

use crate::{
    batch::Expectation,
    error::{Error, Result},
    instance::{INSTANCE_KEY, INSTANCE_PLACE, Rows, VERIFIER},
    master_key, params,
    seal::{MasterKey, Place, Sealer},
    statements,
    store::Store,
    value::{Row, Value, is_last_page},
};

/// The guard that fails when a secret was written while everything was sealed anew.
const GUARD: &str = "reseal";

/// How often it is tried when others write meanwhile.
const ATTEMPTS: u32 = 20;

/// Documents that are read at once.
const PAGE: i64 = 200;

impl Store {
    /// Seals everything anew under `key`, in one commit; answers with the number of documents.
    ///
    /// If the key is kept in a file, the new one is first written beside it (`.new`), then everything is committed,
    /// then the file takes the old one's place; a store that is opened after a crash in between finds the right one of the
    /// two. Other processes that hold the old key cannot write secrets any more and have to be started again.
    pub async fn reseal(&self, key: &MasterKey) -> Result<u64> {
        let _alone = self.inner.resealing.lock().await;
        let path = self.inner.key_path.as_deref();
        if let Some(path) = path {
            let next = master_key::next_path(path);
            // A next key that the database is sealed with already must not be lost.
            let rows = Rows::load(&self.inner.database).await?;
            let (verifier, _) = rows.find(VERIFIER)?.ok_or(Error::MasterKeyMismatch)?;
            if verifier != self.sealer().verifier() {
                return Err(Error::MasterKeyMismatch);
            }
            // What is left there now comes from an attempt that did not reach its commit.
            std::fs::remove_file(&next).ok();
            master_key::write(&next, key)?;
        }
        let mut attempt = 1;
        let count = loop {
            match self.try_reseal(key).await {
                Err(Error::Guard { label: GUARD }) if attempt < ATTEMPTS => attempt += 1,
                other => break other?,
            }
        };
        if let Some(path) = path {
            master_key::promote(path)?;
        }
        Ok(count)
    }

    async fn try_reseal(&self, key: &MasterKey) -> Result<u64> {
        let random = &*self.inner.random;
        let (present, next) = (self.sealer(), Sealer::create(key, random)?);
        // The counter moves with every secret that is written; it is read before the documents.
        let rows = Rows::load(&self.inner.database).await?;
        let (verifier, counter) = rows.find(VERIFIER)?.ok_or(Error::MasterKeyMismatch)?;
        if verifier != present.verifier() {
            return Err(Error::MasterKeyMismatch);
        }
        let (sealed, sealed_counter) = rows.find(INSTANCE_KEY)?.ok_or(Error::MasterKeyMismatch)?;
        let secret = present
            .open(INSTANCE_PLACE, "", sealed)
            .ok_or(Error::MasterKeyMismatch)?;
        let resealed = next.seal(random, INSTANCE_PLACE, "", &secret)?;

        let mut batch = self.batch();
        let guard = Expectation::Rows {
            rows: 1,
            label: GUARD,
        };
        let values = params![VERIFIER, next.verifier(), verifier, counter];
        batch.step(statements::INSTANCE_REPLACE, values, guard);
        let values = params![INSTANCE_KEY, resealed, sealed, sealed_counter];
        batch.step(statements::INSTANCE_REPLACE, values, guard);
        let mut after = [Value::from(""), Value::from(""), Value::from("")];
        let mut count = 0;
        loop {
            let mut values = after.to_vec();
            values.push(Value::Integer(PAGE));
            let rows = self.read_long(statements::DOCUMENT_SEALED, values).await?;
            for row in &rows {
                let (tenant, kind, id) = (row.text(0)?, row.text(1)?, row.text(2)?);
                let body = self.reseal_row(&present, &next, row)?;
                let values = params![tenant, kind, id, body, row.integer(4)?];
                batch.step(statements::DOCUMENT_RESEAL, values, guard);
                after = [Value::from(tenant), Value::from(kind), Value::from(id)];
                count += 1;
            }
            if is_last_page(&rows, PAGE) {
                break;
            }
        }
        self.commit(batch).await?;
        let mut current = self
            .inner
            .sealer
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = Arc::new(next);
        Ok(count)
    }

    fn reseal_row(&self, present: &Sealer, next: &Sealer, row: &Row) -> Result<String> {
        let place = Place {
            tenant: row.text(0)?,
            kind: row.text(1)?,
            id: row.text(2)?,
        };
        let mut body =
            serde_json::from_str(row.text(3)?).map_err(|source| Error::Inconsistent {
                table: "documents",
                column: "body".to_owned(),
                id: format!("{} {}", place.kind, place.id),
                source: Box::from(source),
            })?;
        present.reseal(next, &*self.inner.random, place, &mut body)?;
        Ok(body.to_string())
    }
}
