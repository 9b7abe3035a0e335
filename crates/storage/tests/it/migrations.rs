//! The schema and the statements on it.

use grantor_storage::{Error, Options, STATEMENTS, Sql, Store, params};

use crate::world::{THING, World, default, insert, thing};

const SET_VERSION: Sql = Sql::new("SET_VERSION", "UPDATE schema_version SET version = ?1");

async fn set_version(store: &Store, version: i64) {
    let mut batch = store.batch();
    batch.expect(SET_VERSION, params![version], 1, "set");
    store.commit(batch).await.unwrap();
}

on_both! {
    async fn every_statement_is_understood(world: &World) {
        let store = world.open().await;
        assert!(STATEMENTS.concat().len() > 40);
        for sql in STATEMENTS.concat() {
            store.prepare(sql).await.unwrap_or_else(|error| panic!("{}: {error:?}", sql.name()));
        }
    }

    async fn a_statement_that_is_wrong_is_not_understood(world: &World) {
        let store = world.open().await;
        let wrong = Sql::new("WRONG", "SELECT nothing FROM nowhere");
        let refused = store.prepare(wrong).await;
        assert!(matches!(refused, Err(Error::Rejected { statement: "WRONG", .. })), "{refused:?}");
    }

    async fn the_schema_leads_forth_and_back(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;
        drop(store);
        assert_eq!(Store::migrate(&world.engine, 0).await.unwrap(), Store::SCHEMA_VERSION);
        assert_eq!(Store::migrate(&world.engine, Store::SCHEMA_VERSION).await.unwrap(), 0);
        let store = world.open().await;
        assert!(store.find(&default(), &THING, "1").await.unwrap().is_none());
        insert(&store, &thing("1", "a")).await;
    }

    async fn a_schema_that_is_too_new_is_refused_in_clear_words(world: &World) {
        let store = world.open().await;
        set_version(&store, Store::SCHEMA_VERSION + 2).await;
        drop(store);
        let refused = world.try_open().await.unwrap_err();
        assert!(matches!(refused, Error::Schema { .. }), "{refused:?}");
        assert!(refused.to_string().contains("start a newer program"), "{refused}");
    }

    async fn a_program_one_step_behind_runs_beside_a_newer_one(world: &World) {
        let store = world.open().await;
        set_version(&store, Store::SCHEMA_VERSION + 1).await;
        drop(store);
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;
    }

    async fn a_schema_behind_is_left_alone_when_told_so(world: &World) {
        let options = Options { migrate: false, ..world.options() };
        let refused = Store::open(options.clone()).await.unwrap_err();
        assert!(refused.to_string().contains("migrate it first"), "{refused}");
        drop(world.open().await);
        Store::open(options).await.unwrap();
    }

    async fn nodes_that_start_together_migrate_once(world: &World) {
        let starts: Vec<_> = (0..4)
            .map(|_| {
                let options = Options {
                    master_key: grantor_storage::MasterKeySource::Value(
                        grantor_protocol::secret::Secret::new("ab".repeat(32)),
                    ),
                    ..world.options()
                };
                tokio::spawn(Store::open(options))
            })
            .collect();
        let mut stores = Vec::new();
        for start in starts {
            stores.push(start.await.unwrap().unwrap());
        }
        let digest = stores[0].keyed_digest(b"x");
        assert!(stores.iter().all(|store| store.keyed_digest(b"x") == digest));
        insert(&stores[0], &thing("1", "a")).await;
    }
}
