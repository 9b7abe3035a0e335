//! What is served from memory is what is stored.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use grantor_storage::{Sql, Store, Versioned, params};
use proptest::{prelude::*, test_runner::TestRunner};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::TryRecvError;

use crate::world::{RareThing, THING, Thing, World, at, default, insert, replace, thing, until};

/// Changes a document behind the store's back, so that a cache cannot hear of it.
const SECRETLY: Sql = Sql::new("SECRETLY", "UPDATE documents SET body = ?1 WHERE id = ?2");

async fn secretly(store: &Store, body: &Value) {
    let mut batch = store.batch();
    let id = body["id"].as_str().unwrap();
    batch.expect(SECRETLY, params![body.to_string(), id], 1, "changed");
    store.commit(batch).await.unwrap();
}

/// Gives a document another identifier behind the store's back.
async fn secretly_rename(store: &Store, id: &str, new: &str) {
    const RENAME: Sql = Sql::new(
        "SECRETLY_RENAME",
        "UPDATE documents SET id = ?1 WHERE id = ?2",
    );
    let mut batch = store.batch();
    batch.expect(RENAME, params![new, id], 1, "changed");
    store.commit(batch).await.unwrap();
}

async fn typed(store: &Store, id: &str) -> Option<Arc<Versioned<Thing>>> {
    store.typed(&default(), id).await.unwrap()
}

/// The document, read as one that is often absent.
async fn rare(store: &Store, id: &str) -> Option<String> {
    let found = store.typed::<RareThing>(&default(), id).await.unwrap();
    found.map(|found| found.value.0.name.clone())
}

async fn by_name(store: &Store, name: &str) -> Option<String> {
    let found = store
        .typed_by::<Thing>(&default(), "name", &[name])
        .await
        .unwrap();
    found.map(|found| found.value.id.clone())
}

async fn name(store: &Store, id: &str) -> Option<String> {
    typed(store, id).await.map(|found| found.value.name.clone())
}

async fn delete(store: &Store, id: &str) {
    let mut batch = store.batch();
    batch.delete(&default(), &THING, id, at(1));
    store.commit(batch).await.unwrap();
}

on_both! {
    async fn what_was_read_before_is_served_without_the_database(world: &World) {
        let store = world.open().await;
        let mut changes = store.subscribe();
        insert(&store, &thing("1", "a")).await;
        // Told by the write itself and once more by the watcher, which does not know whose write it was.
        for _ in 0..2 {
            changes.recv().await.unwrap();
        }
        assert_eq!(name(&store, "1").await.as_deref(), Some("a"));
        assert_eq!(by_name(&store, "a").await.as_deref(), Some("1"));
        secretly(&store, &thing("1", "z")).await;

        let served = typed(&store, "1").await.unwrap();

        assert_eq!((served.value.name.as_str(), served.revision), ("a", 1));
        assert!(Arc::ptr_eq(&served, &typed(&store, "1").await.unwrap()));
        assert_eq!(by_name(&store, "a").await.as_deref(), Some("1"));
    }

    async fn an_own_write_is_seen_at_once(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "0")).await;
        for number in 1..50 {
            let (old, new) = ((number - 1).to_string(), number.to_string());
            assert_eq!(name(&store, "1").await, Some(old.clone()));
            assert_eq!(by_name(&store, &old).await.as_deref(), Some("1"));
            replace(&store, &thing("1", &new), number).await.unwrap();
            assert_eq!(by_name(&store, &old).await, None);
            assert_eq!(by_name(&store, &new).await.as_deref(), Some("1"));
        }
        delete(&store, "1").await;
        assert!(typed(&store, "1").await.is_none());
    }

    async fn a_cascade_is_seen_at_once_and_by_other_nodes(world: &World) {
        let (store, other) = (world.open().await, world.open().await);
        insert(&store, &thing("1", "a")).await;
        assert!(typed(&store, "1").await.is_some());
        assert!(typed(&other, "1").await.is_some());
        let mut batch = store.batch();
        batch.delete_linked(&default(), &THING, ("owner", "nobody"), at(1));
        store.commit(batch).await.unwrap();
        assert!(typed(&store, "1").await.is_none());
        until("the other node hears of it", async || typed(&other, "1").await.is_none()).await;
    }

    async fn absence_is_not_remembered(world: &World) {
        let (store, other) = (world.open().await, world.open().await);
        assert!(typed(&other, "1").await.is_none());
        assert!(by_name(&other, "a").await.is_none());
        insert(&store, &thing("1", "a")).await;
        assert!(typed(&other, "1").await.is_some());
        assert_eq!(by_name(&other, "a").await.as_deref(), Some("1"));
    }

    async fn absence_is_remembered_where_it_is_usual_until_the_first_write(world: &World) {
        let (store, other) = (world.open().await, world.open().await);
        insert(&store, &thing("2", "b")).await;
        let mut changes = other.subscribe();
        until("the other node heard of it", async || !matches!(changes.try_recv(), Err(TryRecvError::Empty))).await;
        secretly_rename(&store, "2", "1").await;
        assert_eq!(rare(&other, "2").await, None);
        secretly_rename(&store, "1", "2").await;
        assert_eq!(rare(&other, "2").await, None, "without the database");
        replace(&store, &thing("2", "c"), 1).await.unwrap();
        assert_eq!(rare(&store, "2").await.as_deref(), Some("c"));
        let seen = until("the other node hears of it", async || rare(&other, "2").await.is_some());
        tokio::time::timeout(std::time::Duration::from_secs(1), seen).await.unwrap();
    }

    /// Design §5: a revoked thing is refused everywhere within a second.
    async fn a_change_is_seen_by_another_node_within_a_second(world: &World) {
        let (store, other) = (world.open().await, world.open().await);
        insert(&store, &thing("1", "0")).await;
        for number in 1..20 {
            let new = number.to_string();
            assert!(name(&other, "1").await.is_some());
            replace(&store, &thing("1", &new), number).await.unwrap();
            let seen = async {
                until("the other node hears of it", async || name(&other, "1").await == Some(new.clone())).await;
            };
            tokio::time::timeout(std::time::Duration::from_secs(1), seen).await.unwrap();
        }
    }

    async fn a_secret_that_was_cached_is_opened(world: &World) {
        let store = world.open().await;
        insert(&store, &json!({"id": "1", "name": "a", "secret": "hunter2"})).await;
        for _ in 0..2 {
            assert_eq!(typed(&store, "1").await.unwrap().value.rest["secret"], "hunter2");
        }
    }

    async fn subscribers_hear_of_own_changes_and_of_others(world: &World) {
        let (store, other) = (world.open().await, world.open().await);
        let (mut own, mut others) = (store.subscribe(), other.subscribe());
        insert(&store, &thing("1", "a")).await;
        let change = own.try_recv().unwrap();
        assert_eq!((change.kind.as_str(), change.id.as_str()), ("thing", "1"));
        until("the other node hears of it", async || match others.try_recv() {
            Ok(heard) => heard == change,
            Err(TryRecvError::Empty) => false,
            Err(error) => panic!("{error}"),
        })
        .await;
    }

    async fn loads_that_race_with_writes_do_not_leave_old_entries(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "0")).await;
        let acknowledged = Arc::new(AtomicI64::new(1));
        let (reader, least) = (store.clone(), acknowledged.clone());
        let reads = tokio::spawn(async move {
            let mut seen = 0;
            while seen < 300 {
                let least = least.load(Ordering::SeqCst);
                seen = typed(&reader, "1").await.unwrap().revision;
                assert!(least <= seen, "{seen} was served after {least} was acknowledged");
                tokio::task::yield_now().await;
            }
        });
        for revision in 1..300 {
            replace(&store, &thing("1", &revision.to_string()), revision).await.unwrap();
            acknowledged.store(revision + 1, Ordering::SeqCst);
            assert_eq!(typed(&store, "1").await.unwrap().revision, revision + 1);
        }
        reads.await.unwrap();
    }
}

#[derive(Clone, Debug)]
enum Operation {
    Insert(u8, u8),
    Rename(u8, u8),
    Delete(u8),
    DeleteLinked,
    Read(u8),
}

fn operation() -> impl Strategy<Value = (bool, Operation)> {
    let operation = prop_oneof![
        3 => (0..4_u8, 0..6_u8).prop_map(|(id, name)| Operation::Insert(id, name)),
        3 => (0..4_u8, 0..6_u8).prop_map(|(id, name)| Operation::Rename(id, name)),
        2 => (0..4_u8).prop_map(Operation::Delete),
        1 => Just(Operation::DeleteLinked),
        4 => (0..6_u8).prop_map(Operation::Read),
    ];
    (any::<bool>(), operation)
}

async fn apply(store: &Store, operation: &Operation) {
    let body = |id: u8, name: u8| thing(&format!("i{id}"), &format!("n{name}"));
    let mut batch = store.batch();
    match operation {
        Operation::Insert(id, name) => {
            batch.insert(&default(), &THING, &body(*id, *name), at(0));
        }
        Operation::Rename(id, name) => {
            let found = store
                .find(&default(), &THING, &format!("i{id}"))
                .await
                .unwrap();
            let revision = found.map_or(0, |found| found.revision);
            batch.replace(&default(), &THING, &body(*id, *name), revision, at(1));
        }
        Operation::Delete(id) => {
            batch.delete(&default(), &THING, &format!("i{id}"), at(1));
        }
        Operation::DeleteLinked => {
            batch.delete_linked(&default(), &THING, ("owner", "nobody"), at(1));
        }
        Operation::Read(number) => {
            name(store, &format!("i{number}")).await;
            by_name(store, &format!("n{number}")).await;
        }
    }
    // Refusals are part of the game; an outage is not.
    if let Err(error) = store.commit(batch).await {
        assert!(!error.is_unavailable(), "{error:?}");
    }
}

/// Everything that can be asked, through the cache or past it.
async fn view(store: &Store, cached: Cached) -> BTreeMap<String, Option<String>> {
    let mut view = BTreeMap::new();
    for number in 0..6 {
        let (id, key) = (format!("i{number}"), format!("n{number}"));
        let (by_id, by_key) = match cached {
            Cached::Yes => (rare(store, &id).await, by_name(store, &key).await),
            Cached::No => {
                let found = store.find(&default(), &THING, &id).await.unwrap();
                let by_id = found.map(|found| found.body["name"].as_str().unwrap().to_owned());
                let found = store
                    .find_by(&default(), &THING, "name", &[&key])
                    .await
                    .unwrap();
                (by_id, found.map(|found| found.id))
            }
        };
        if let Cached::Yes = cached {
            view.insert(format!("{id} once more"), name(store, &id).await);
        } else {
            view.insert(format!("{id} once more"), by_id.clone());
        }
        view.insert(id, by_id);
        view.insert(key, by_key);
    }
    view
}

#[derive(Clone, Copy)]
enum Cached {
    Yes,
    No,
}

fn caches_of_two_nodes_agree_with_the_database(world: &World) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stores = runtime.block_on(async { [world.open().await, world.open().await] });
    let config = ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let operations = proptest::collection::vec(operation(), 1..40);
    let outcome = TestRunner::new(config).run(&operations, |operations| {
        runtime.block_on(async {
            for (second, operation) in &operations {
                let store = &stores[usize::from(*second)];
                apply(store, operation).await;
            }
            for store in &stores {
                assert!(converges(store).await);
            }
        });
        Ok(())
    });
    outcome.unwrap();
}

/// Whether cache and database agree within a second.
async fn converges(store: &Store) -> bool {
    let agreeing = until("cache and database agree", async || {
        view(store, Cached::Yes).await == view(store, Cached::No).await
    });
    tokio::time::timeout(std::time::Duration::from_secs(1), agreeing)
        .await
        .is_ok()
}

#[test]
fn caches_of_two_nodes_agree_with_the_database_on_sqlite() {
    caches_of_two_nodes_agree_with_the_database(&World::sqlite());
}

#[test]
fn caches_of_two_nodes_agree_with_the_database_on_postgres() {
    caches_of_two_nodes_agree_with_the_database(&World::postgres());
}
