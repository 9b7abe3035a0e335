//! Documents as their structs, from the cache if they were read before.

use std::{any::TypeId, sync::Arc};

use grantor_protocol::{document::Document, env::Timestamp, tenant::TenantId};

use crate::{
    cache::Load,
    error::{Error, Result},
    read::Record,
    store::Store,
};

/// A document's struct and which version of it.
#[derive(Clone, Debug)]
pub struct Versioned<T> {
    /// The document.
    pub value: Arc<T>,
    /// Which of its versions this is.
    pub revision: i64,
    /// Since when it exists.
    pub created_at: Timestamp,
    /// When it was written last.
    pub updated_at: Timestamp,
}

/// Kept in a document's place: there is none.
struct Absent;

impl Store {
    /// The document with an identifier. What was read before is served from memory until somebody changes it; that there
    /// is none is remembered of kinds of which that is usual.
    pub async fn typed<T: Document>(
        &self,
        tenant: &TenantId,
        id: &str,
    ) -> Result<Option<Arc<Versioned<T>>>> {
        let caches = &self.inner.caches;
        let key = caches.key(&(TypeId::of::<T>(), tenant.as_str(), T::KIND.name, id));
        if let Some(found) = caches.find(key) {
            return Ok(Some(found));
        }
        if T::OFTEN_ABSENT && caches.find::<Absent>(key).is_some() {
            return Ok(None);
        }
        let load = caches.begin();
        let record = self.find(tenant, &T::KIND, id).await?;
        if T::OFTEN_ABSENT && record.is_none() {
            let place = (tenant.as_str(), T::KIND.name, id);
            caches.keep(load, key, place, (&Arc::new(Absent), 0));
        }
        self.keep(load, key, tenant, record)
    }

    /// The document with the values of a unique key; served like [`Self::typed`], but that there is none is not
    /// remembered: no change tells of the keys that it brings.
    pub async fn typed_by<T: Document>(
        &self,
        tenant: &TenantId,
        unique: &str,
        parts: &[&str],
    ) -> Result<Option<Arc<Versioned<T>>>> {
        let caches = &self.inner.caches;
        let key = caches.key(&(
            TypeId::of::<T>(),
            tenant.as_str(),
            T::KIND.name,
            unique,
            parts,
        ));
        if let Some(found) = caches.find(key) {
            return Ok(Some(found));
        }
        let load = caches.begin();
        let record = self.find_by(tenant, &T::KIND, unique, parts).await?;
        self.keep(load, key, tenant, record)
    }

    fn keep<T: Document>(
        &self,
        load: Load,
        key: u128,
        tenant: &TenantId,
        record: Option<Record>,
    ) -> Result<Option<Arc<Versioned<T>>>> {
        let Some(record) = record else {
            return Ok(None);
        };
        let kind = T::KIND.name;
        let bytes = weigh(&record.body);
        let value: T =
            serde_json::from_value(record.body).map_err(|source| Error::Inconsistent {
                table: "documents",
                column: "body".to_owned(),
                id: format!("{kind} {}", record.id),
                source: source.into(),
            })?;
        let versioned = Arc::new(Versioned::<T> {
            value: Arc::new(value),
            revision: record.revision,
            created_at: record.created_at,
            updated_at: record.updated_at,
        });
        let place = (tenant.as_str(), kind, record.id.as_str());
        self.inner
            .caches
            .keep(load, key, place, (&versioned, bytes));
        Ok(Some(versioned))
    }
}

/// About how many bytes a document takes in memory.
fn weigh(body: &serde_json::Value) -> usize {
    const NODE: usize = 48;
    match body {
        serde_json::Value::String(text) => NODE + text.len(),
        serde_json::Value::Array(items) => NODE + items.iter().map(weigh).sum::<usize>(),
        serde_json::Value::Object(members) => {
            let members = members.iter();
            NODE + members
                .map(|(name, value)| NODE + name.len() + weigh(value))
                .sum::<usize>()
        }
        _ => NODE,
    }
}
