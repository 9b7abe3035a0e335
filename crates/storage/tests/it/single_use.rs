//! What may be used once is used once.

use grantor_storage::{Error, SINGLE_USE, Store};

use crate::world::{THING, World, at, default, insert, tenant, thing};

const CODE: &str = "code";

async fn issue(store: &Store, digest: &[u8]) {
    let mut batch = store.batch();
    batch.issue(&default(), CODE, digest, "{\"a\":1}", at(60));
    store.commit(batch).await.unwrap();
}

async fn claim(store: &Store, digest: &[u8], seconds: i64) -> Result<(), Error> {
    let mut batch = store.batch();
    batch.claim(&default(), CODE, digest, at(seconds));
    store.commit(batch).await
}

fn is_refused(result: &Result<(), Error>) -> bool {
    matches!(result, Err(Error::Guard { label: SINGLE_USE }))
}

on_both! {
    async fn of_many_concurrent_claims_on_two_nodes_exactly_one_succeeds(world: &World) {
        let stores = [world.open().await, world.open().await];
        for round in 0..20_u8 {
            issue(&stores[0], &[round]).await;
            let claims: Vec<_> = (0..16)
                .map(|number| {
                    let store = stores[number % 2].clone();
                    tokio::spawn(async move { claim(&store, &[round], 1).await })
                })
                .collect();
            let mut won = 0;
            for attempt in claims {
                let result = attempt.await.unwrap();
                assert!(result.is_ok() || is_refused(&result), "{result:?}");
                won += u32::from(result.is_ok());
            }
            assert_eq!(won, 1);
        }
    }

    async fn an_item_that_expired_or_never_existed_cannot_be_claimed(world: &World) {
        let store = world.open().await;
        issue(&store, b"a").await;
        assert!(is_refused(&claim(&store, b"a", 60).await));
        assert!(is_refused(&claim(&store, b"b", 1).await));
        claim(&store, b"a", 59).await.unwrap();
    }

    async fn an_item_of_another_purpose_or_tenant_cannot_be_claimed(world: &World) {
        let store = world.open().await;
        issue(&store, b"a").await;
        for (tenant, purpose) in [(default(), "ticket"), (tenant("other"), CODE)] {
            let mut batch = store.batch();
            batch.claim(&tenant, purpose, b"a", at(1));
            assert!(is_refused(&store.commit(batch).await));
        }
    }

    async fn a_refused_claim_takes_the_rest_of_its_batch_with_it(world: &World) {
        let store = world.open().await;
        let mut batch = store.batch();
        batch.insert(&default(), &THING, &thing("1", "a"), at(0));
        batch.claim(&default(), CODE, b"none", at(0));
        assert!(is_refused(&store.commit(batch).await));
        assert!(store.find(&default(), &THING, "1").await.unwrap().is_none());
        insert(&store, &thing("1", "a")).await;
    }

    async fn a_claim_can_be_read_back(world: &World) {
        let store = world.open().await;
        issue(&store, b"a").await;
        let read = async || store.find_single_use(&default(), CODE, b"a").await.unwrap().unwrap();
        assert_eq!((read().await.payload.as_str(), read().await.consumed_at), ("{\"a\":1}", None));
        claim(&store, b"a", 5).await.unwrap();
        assert_eq!(read().await.consumed_at, Some(at(5)));
        assert_eq!(store.find_single_use(&default(), CODE, b"b").await.unwrap(), None);
    }

    async fn a_digest_is_issued_once(world: &World) {
        let store = world.open().await;
        issue(&store, b"a").await;
        let mut batch = store.batch();
        batch.issue(&default(), CODE, b"a", "", at(60));
        let again = store.commit(batch).await;
        assert!(matches!(again, Err(Error::Conflict { unique: "digest" })), "{again:?}");
    }

    async fn an_identifier_is_accepted_from_its_first_presenter_alone(world: &World) {
        let stores = [world.open().await, world.open().await];
        for round in 0..10_u8 {
            let attempts: Vec<_> = (0..8)
                .map(|number| {
                    let store = stores[number % 2].clone();
                    tokio::spawn(async move {
                        store.claim_first(&default(), "jti", &[round], at(60), at(0)).await
                    })
                })
                .collect();
            let mut won = 0;
            for attempt in attempts {
                won += u32::from(attempt.await.unwrap().unwrap());
            }
            assert_eq!(won, 1);
        }
    }

    async fn an_identifier_that_has_expired_is_accepted_from_nobody(world: &World) {
        let store = world.open().await;
        assert!(!store.claim_first(&default(), "jti", b"a", at(0), at(0)).await.unwrap());
    }

    async fn keyed_digests_are_the_same_on_every_node_and_after_a_restart(world: &World) {
        let (one, two) = (world.open().await, world.open().await);
        let digest = one.keyed_digest(b"token");
        assert_eq!(two.keyed_digest(b"token"), digest);
        assert_ne!(one.keyed_digest(b"tokem"), digest);
        drop((one, two));
        assert_eq!(world.open().await.keyed_digest(b"token"), digest);
    }
}
