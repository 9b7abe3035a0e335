//! Codes that are sent to an address: the newest counts, once, for three tries.

use grantor_storage::{Error, NewCode, SINGLE_USE, Store};

use crate::world::{World, at, default, tenant};

const LOGIN: &str = "login_code";

const ADA: &[u8] = b"ada";

async fn send(store: &Store, item: &[u8], code: &[u8]) {
    let mut batch = store.batch();
    let new = NewCode {
        subject: ADA,
        item,
        code,
        payload: "{}",
        expires_at: at(180),
    };
    batch.send_code(&default(), LOGIN, &new, at(0));
    store.commit(batch).await.unwrap();
}

/// A guess as the server makes it: a try, and then the claim.
async fn guess(store: &Store, item: &[u8], code: &[u8]) -> bool {
    if !store
        .try_code(&default(), ADA, (item, code), 3)
        .await
        .unwrap()
    {
        return false;
    }
    let mut batch = store.batch();
    batch.claim(&default(), LOGIN, item, at(1));
    match store.commit(batch).await {
        Ok(()) => true,
        Err(Error::Guard { label: SINGLE_USE }) => false,
        Err(error) => panic!("{error}"),
    }
}

on_both! {
    async fn t6_11_4_a_code_is_used_once(world: &World) {
        let store = world.open().await;
        send(&store, b"one", b"123456").await;
        assert!(guess(&store, b"one", b"123456").await);
        assert!(!guess(&store, b"one", b"123456").await);
    }

    async fn t6_11_4_the_newest_code_counts(world: &World) {
        let store = world.open().await;
        send(&store, b"one", b"123456").await;
        send(&store, b"two", b"654321").await;
        assert!(!guess(&store, b"one", b"123456").await);
        assert!(!guess(&store, b"two", b"123456").await);
        assert!(guess(&store, b"two", b"654321").await);
    }

    async fn t6_11_4_an_expired_code_is_not_found_and_swept(world: &World) {
        let store = world.open().await;
        send(&store, b"one", b"123456").await;
        let found = async |seconds| store.find_code(&default(), ADA, at(seconds)).await.unwrap();
        assert_eq!(found(179).await.unwrap().item, b"one");
        assert_eq!(found(180).await, None);
        let other = store.find_code(&tenant("other"), ADA, at(1)).await.unwrap();
        assert_eq!(other, None);
        let retention = grantor_storage::Retention { event_days: 1 };
        let swept = store.sweep(at(1000), &retention).await.unwrap();
        assert_eq!((swept.one_time_codes, swept.single_use), (1, 1));
    }

    async fn t6_11_4_three_wrong_tries_and_the_right_code_is_worth_nothing(world: &World) {
        let store = world.open().await;
        send(&store, b"one", b"123456").await;
        // A right try that uses nothing up costs nothing.
        for _ in 0..5 {
            assert!(store.try_code(&default(), ADA, (b"one", b"123456"), 3).await.unwrap());
        }
        for wrong in [b"000001", b"000002", b"000003"] {
            assert!(!guess(&store, b"one", wrong).await);
        }
        assert!(!guess(&store, b"one", b"123456").await);
        // A new code has its own tries.
        send(&store, b"two", b"123456").await;
        assert!(guess(&store, b"two", b"123456").await);
    }

    async fn t6_11_4_guesses_at_once_on_two_nodes_are_no_more_than_three(world: &World) {
        let stores = [world.open().await, world.open().await];
        for round in 0..5_u8 {
            let item = [round];
            send(&stores[0], &item, b"right").await;
            let guesses: Vec<_> = (0..60_usize)
                .map(|number| {
                    let store = stores[number % 2].clone();
                    tokio::spawn(async move { guess(&store, &item, b"wrong").await })
                })
                .collect();
            for guess in guesses {
                assert!(!guess.await.unwrap());
            }
            assert!(!guess(&stores[1], &item, b"right").await);
        }
    }

    async fn t6_11_4_of_right_answers_at_once_on_two_nodes_one_wins(world: &World) {
        let stores = [world.open().await, world.open().await];
        for round in 0..10_u8 {
            let item = [round];
            send(&stores[0], &item, b"right").await;
            let answers: Vec<_> = (0..3_usize)
                .map(|number| {
                    let store = stores[number % 2].clone();
                    tokio::spawn(async move { guess(&store, &item, b"right").await })
                })
                .collect();
            let mut won = 0;
            for answer in answers {
                won += u32::from(answer.await.unwrap());
            }
            assert_eq!(won, 1);
        }
    }
}
