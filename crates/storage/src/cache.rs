//! What was read before, for as long as nobody has changed it.
//!
//! An entry is served only while the stamp of its document is the one it was loaded under, so a load that began before
//! a change can never be served after that was acknowledged; before, either version may be. Stamps live in a table of
//! fixed size: documents that share one forget together, which costs a read and is never wrong. While the watcher cannot
//! hear of the changes of others nothing is served at all.

use std::{
    any::Any,
    hash::{BuildHasher, BuildHasherDefault, Hash, Hasher, RandomState},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use moka::sync::Cache;
use tokio::sync::broadcast;

use crate::batch::Change;

/// Bytes of documents that are kept, as stored; their structs take about twice that.
const CAPACITY_BYTES: u64 = 24 << 20;

/// What one entry takes beside its document.
const ENTRY_BYTES: u32 = 256;

/// How many stamps there are.
const STAMPS: usize = 8192;

/// How many changes a slow subscriber may lag behind before it is told that it missed some.
const FEED: usize = 4096;

/// The caches of one store.
pub(crate) struct Caches {
    entries: Cache<u128, Entry, BuildHasherDefault<Drawn>>,
    stamps: Box<[AtomicU64]>,
    bumps: AtomicU64,
    epoch: AtomicU64,
    fresh: AtomicBool,
    secrets: (RandomState, RandomState),
    feed: broadcast::Sender<Change>,
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    slot: usize,
    stamp: u64,
    epoch: u64,
    weight: u32,
}

/// Where the caches stood when a load began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    bumps: u64,
    epoch: u64,
}

/// The keys are drawn from a keyed hash already.
#[derive(Default)]
struct Drawn(u64);

impl Hasher for Drawn {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, key: u128) {
        self.0 = (key >> 64) as u64;
    }
}

impl Caches {
    /// Empty caches that do not serve yet.
    pub(crate) fn new() -> Self {
        let entries = Cache::builder()
            .max_capacity(CAPACITY_BYTES)
            .weigher(|_, entry: &Entry| entry.weight)
            .build_with_hasher(BuildHasherDefault::default());
        Self {
            entries,
            stamps: (0..STAMPS).map(|_| AtomicU64::new(0)).collect(),
            bumps: AtomicU64::new(0),
            epoch: AtomicU64::new(0),
            fresh: AtomicBool::new(false),
            secrets: (RandomState::new(), RandomState::new()),
            feed: broadcast::Sender::new(FEED),
        }
    }

    /// The key of what is looked up: 128 bits under two secret hashes, so nobody can make two lookups meet.
    pub(crate) fn key(&self, lookup: &impl Hash) -> u128 {
        let high = self.secrets.0.hash_one(lookup);
        let low = self.secrets.1.hash_one(lookup);
        u128::from(high) << 64 | u128::from(low)
    }

    /// What is kept under `key`, if it still holds.
    pub(crate) fn find<T: Any + Send + Sync>(&self, key: u128) -> Option<Arc<T>> {
        if !self.fresh.load(Ordering::SeqCst) {
            return None;
        }
        let entry = self.entries.get(&key)?;
        let holds = entry.epoch == self.epoch.load(Ordering::SeqCst)
            && entry.stamp == self.stamp(entry.slot);
        if holds {
            entry.value.downcast().ok()
        } else {
            None
        }
    }

    /// To be called before the read whose result shall be kept.
    pub(crate) fn begin(&self) -> Load {
        Load {
            bumps: self.bumps.load(Ordering::SeqCst),
            epoch: self.epoch.load(Ordering::SeqCst),
        }
    }

    /// Keeps what was read since `load`, unless anything changed meanwhile.
    pub(crate) fn keep<T: Any + Send + Sync>(
        &self,
        load: Load,
        key: u128,
        (tenant, kind, id): (&str, &str, &str),
        (value, bytes): (&Arc<T>, usize),
    ) {
        let slot = self.slot(tenant, kind, id);
        let stamp = self.stamp(slot);
        // A change counts first and stamps afterwards: if the stamp is the new one, the count is too.
        if self.bumps.load(Ordering::SeqCst) != load.bumps || !self.fresh.load(Ordering::SeqCst) {
            return;
        }
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        let value: Arc<dyn Any + Send + Sync> = value.clone();
        let entry = Entry {
            value,
            slot,
            stamp,
            epoch: load.epoch,
            weight: bytes.saturating_add(ENTRY_BYTES),
        };
        self.entries.insert(key, entry);
    }

    /// Forgets what changed and tells the subscribers.
    pub(crate) fn changed<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) {
        for change in changes {
            self.bumps.fetch_add(1, Ordering::SeqCst);
            let slot = self.slot(change.tenant.as_str(), &change.kind, &change.id);
            if let Some(stamp) = self.stamps.get(slot) {
                stamp.fetch_add(1, Ordering::SeqCst);
            }
            if change.kind == crate::tenants::TENANT {
                // Its documents went without being told one by one.
                self.forget_all();
            }
            // Nobody listening is no failure.
            self.feed.send(change.clone()).ok();
        }
    }

    /// Forgets everything.
    pub(crate) fn forget_all(&self) {
        self.bumps.fetch_add(1, Ordering::SeqCst);
        self.epoch.fetch_add(1, Ordering::SeqCst);
        self.entries.invalidate_all();
    }

    /// Forgets everything and serves again.
    pub(crate) fn resume(&self) {
        self.forget_all();
        self.fresh.store(true, Ordering::SeqCst);
    }

    /// Serves nothing until [`Self::resume`]: changes of others cannot be heard.
    pub(crate) fn suspend(&self) {
        if self.fresh.swap(false, Ordering::SeqCst) {
            self.forget_all();
        }
    }

    /// Whether changes of others are heard.
    pub(crate) fn is_fresh(&self) -> bool {
        self.fresh.load(Ordering::SeqCst)
    }

    /// The changes from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Change> {
        self.feed.subscribe()
    }

    fn slot(&self, tenant: &str, kind: &str, id: &str) -> usize {
        let hash = self.secrets.0.hash_one((tenant, kind, id));
        usize::try_from(hash % STAMPS as u64).unwrap_or_default()
    }

    fn stamp(&self, slot: usize) -> u64 {
        self.stamps
            .get(slot)
            .map_or(0, |stamp| stamp.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use grantor_protocol::tenant::TenantId;

    use super::*;

    const ID: (&str, &str, &str) = ("default", "client", "a");

    fn change() -> Change {
        Change {
            tenant: TenantId::default_tenant(),
            kind: "client".to_owned(),
            id: "a".to_owned(),
        }
    }

    fn fresh() -> Caches {
        let caches = Caches::new();
        caches.resume();
        caches
    }

    #[test]
    fn what_was_kept_is_found_until_it_changes() {
        let caches = fresh();
        let key = caches.key(&"a");
        caches.keep(caches.begin(), key, ID, (&Arc::new(1_i32), 1));
        assert_eq!(caches.find::<i32>(key).as_deref(), Some(&1));
        caches.changed(&[change()]);
        assert_eq!(caches.find::<i32>(key), None);
    }

    #[test]
    fn a_load_that_began_before_a_change_is_not_kept() {
        let caches = fresh();
        let (key, load) = (caches.key(&"a"), caches.begin());
        caches.changed(&[change()]);
        caches.keep(load, key, ID, (&Arc::new(1_i32), 1));
        assert_eq!(caches.find::<i32>(key), None);
    }

    #[test]
    fn nothing_is_served_while_others_cannot_be_heard() {
        let caches = fresh();
        let key = caches.key(&"a");
        caches.keep(caches.begin(), key, ID, (&Arc::new(1_i32), 1));
        caches.suspend();
        assert_eq!(caches.find::<i32>(key), None);
        caches.keep(caches.begin(), key, ID, (&Arc::new(1_i32), 1));
        caches.resume();
        assert_eq!(caches.find::<i32>(key), None);
    }
}
