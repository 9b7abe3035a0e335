//! What every test stands on: an empty place on one of the engines.

use std::{
    hash::{BuildHasher, RandomState},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use grantor_protocol::{
    document::{Document, Kind, Link, UniqueKey},
    env::{Random, Timestamp},
    tenant::TenantId,
};
use grantor_storage::{Engine, Error, MasterKeySource, Options, Store};
use grantor_testkit::Postgres;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

/// Makes two tests of one requirement, one per engine.
macro_rules! on_both {
    ($($(#[$meta:meta])* async fn $name:ident($world:ident: &World) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$meta])*
            async fn requirement($world: &World) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                requirement(&World::sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                requirement(&World::postgres()).await;
            }
        }
    )*};
}

/// Randomness that no test depends on.
pub(crate) struct Chance;

impl Random for Chance {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let drawn = RandomState::new().hash_one(0).to_le_bytes();
            chunk.copy_from_slice(&drawn[..chunk.len()]);
        }
    }
}

/// An empty place on one of the engines.
pub(crate) struct World {
    pub(crate) engine: Engine,
    pub(crate) directory: TempDir,
}

impl World {
    pub(crate) fn sqlite() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let engine = Engine::Sqlite {
            directory: directory.path().join("data"),
        };
        Self { engine, directory }
    }

    pub(crate) fn postgres() -> Self {
        Self::on(Postgres::shared())
    }

    pub(crate) fn on(cluster: &Postgres) -> Self {
        let engine = Engine::Postgres {
            url: cluster.fresh_database(),
        };
        Self {
            engine,
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn key_path(&self) -> PathBuf {
        self.directory.path().join("master.key")
    }

    pub(crate) fn options(&self) -> Options {
        Options {
            engine: self.engine.clone(),
            master_key: MasterKeySource::Generated(self.key_path()),
            random: Arc::new(Chance),
            now: at(0),
            migrate: true,
        }
    }

    pub(crate) async fn try_open(&self) -> Result<Store, Error> {
        Store::open(self.options()).await
    }

    /// A store on this place. Two of them are two nodes, or a server and the command line.
    pub(crate) async fn open(&self) -> Store {
        let store = self.try_open().await.unwrap();
        until("changes are heard", async || store.hears_changes()).await;
        store
    }
}

/// Waits until `condition` holds, at most ten seconds.
pub(crate) async fn until(what: &str, mut condition: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !condition().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
    assert!(waited.is_ok(), "not in time: {what}");
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_700_000_000 + seconds)
}

pub(crate) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

pub(crate) fn default() -> TenantId {
    TenantId::default_tenant()
}

/// A document with everything a document can have.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Thing {
    pub(crate) id: String,
    pub(crate) name: String,
    #[serde(flatten)]
    pub(crate) rest: Map<String, Value>,
}

impl Document for Thing {
    const KIND: Kind = THING;
}

/// The same document, where that there is none is usual.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(transparent)]
pub(crate) struct RareThing(pub(crate) Thing);

impl Document for RareThing {
    const KIND: Kind = THING;
    const OFTEN_ABSENT: bool = true;
}

pub(crate) const THING: Kind = Kind {
    name: "thing",
    id: "/id",
    unique: &[
        UniqueKey {
            name: "name",
            paths: &["/name"],
        },
        UniqueKey {
            name: "pair",
            paths: &["/left", "/right"],
        },
    ],
    links: &[
        Link {
            name: "owner",
            path: "/owner",
        },
        Link {
            name: "tags",
            path: "/tags",
        },
    ],
    secrets: &["/secret", "/keys/*/private"],
};

/// A thing with an id, a name and an owner.
pub(crate) fn thing(id: &str, name: &str) -> Value {
    json!({"id": id, "name": name, "owner": "nobody"})
}

pub(crate) async fn insert(store: &Store, body: &Value) {
    try_insert(store, body).await.unwrap();
}

pub(crate) async fn try_insert(store: &Store, body: &Value) -> Result<(), Error> {
    let mut batch = store.batch();
    batch.insert(&default(), &THING, body, at(0));
    store.commit(batch).await
}

pub(crate) async fn replace(store: &Store, body: &Value, revision: i64) -> Result<(), Error> {
    let mut batch = store.batch();
    batch.replace(&default(), &THING, body, revision, at(1));
    store.commit(batch).await
}
