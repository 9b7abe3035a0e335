//! Mails are there exactly if what they tell of is, and are held by one sender at a time.

use grantor_protocol::env::Timestamp;
use grantor_storage::{Error, MAIL, Retention, Store};

use crate::world::{World, at, default, insert, tenant, thing};

async fn queue(store: &Store, id: &str, now: Timestamp) {
    let mut batch = store.batch();
    batch.queue_mail(
        &store
            .seal_mail(&default(), id, b"Your code is 123456", now)
            .unwrap(),
    );
    store.commit(batch).await.unwrap();
}

on_both! {
    async fn j17_a_queued_mail_is_held_by_one_sender_until_its_time_is_over(world: &World) {
        let store = world.open().await;
        queue(&store, "m1", at(10)).await;
        assert_eq!(store.tenants_with_due_mails("", at(9), 10).await.unwrap(), []);
        assert_eq!(store.tenants_with_due_mails("", at(10), 10).await.unwrap(), [default()]);
        assert_eq!(store.tenants_with_due_mails("default", at(10), 10).await.unwrap(), []);

        let claimed = store.claim_mails(&default(), 5, at(10), at(70)).await.unwrap();
        assert_eq!((claimed[0].id.as_str(), claimed[0].attempts, claimed[0].created_at), ("m1", 1, at(10)));
        assert_eq!(&**claimed[0].content, b"Your code is 123456");
        assert_eq!(store.claim_mails(&default(), 5, at(69), at(99)).await.unwrap(), []);

        // The sender is gone; another one takes over, and the first one cannot remove what it does not hold any more.
        let taken = store.claim_mails(&default(), 5, at(70), at(130)).await.unwrap();
        assert_eq!(taken[0].attempts, 2);
        let mut batch = store.batch();
        batch.remove_mail(&default(), ("m1", claimed[0].revision));
        assert!(matches!(store.commit(batch).await, Err(Error::Guard { label: MAIL })));
        let mut batch = store.batch();
        batch.delay_mail(&default(), ("m1", taken[0].revision), at(500));
        store.commit(batch).await.unwrap();
        assert_eq!(store.claim_mails(&default(), 5, at(499), at(600)).await.unwrap(), []);
        let again = store.claim_mails(&default(), 5, at(500), at(600)).await.unwrap();
        let mut batch = store.batch();
        batch.remove_mail(&default(), ("m1", again[0].revision));
        store.commit(batch).await.unwrap();
        assert_eq!(store.claim_mails(&default(), 5, at(9_999), at(10_000)).await.unwrap(), []);
    }

    async fn j17_senders_that_claim_at_once_never_hold_the_same_mail(world: &World) {
        let (one, two) = (world.open().await, world.open().await);
        for number in 0..20 {
            queue(&one, &format!("m{number:02}"), at(0)).await;
        }
        let tenant = default();
        let (first, second) = tokio::join!(
            one.claim_mails(&tenant, 20, at(1), at(60)),
            two.claim_mails(&tenant, 20, at(1), at(60))
        );
        let mut held: Vec<_> = first.unwrap().into_iter().chain(second.unwrap()).map(|mail| mail.id).collect();
        held.sort();
        let all: Vec<_> = (0..20).map(|number| format!("m{number:02}")).collect();
        assert_eq!(held, all);
    }

    async fn j17_a_batch_that_fails_queues_nothing(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;
        let mut batch = store.batch();
        batch.queue_mail(&store.seal_mail(&default(), "m1", b"x", at(0)).unwrap());
        batch.remove_mail(&default(), ("another", 1));
        assert!(store.commit(batch).await.is_err());
        assert_eq!(store.claim_mails(&default(), 5, at(1), at(60)).await.unwrap(), []);
    }

    async fn j17_the_mailbox_keeps_the_newest_of_its_tenant_for_a_week(world: &World) {
        let store = world.open().await;
        for number in 0..4_i64 {
            let id = format!("m{number}");
            queue(&store, &id, at(number)).await;
            let mail = store.claim_mails(&default(), 1, at(number), at(60)).await.unwrap().remove(0);
            let mut batch = store.batch();
            batch.capture_mail(&default(), (&id, mail.revision), 3, at(number));
            store.commit(batch).await.unwrap();
        }
        let kept = store.captured_mails(&default(), 10).await.unwrap();
        let ids: Vec<_> = kept.iter().map(|mail| mail.id.as_str()).collect();
        assert_eq!(ids, ["m3", "m2", "m1"]);
        assert_eq!(store.find_captured_mail(&default(), "m0").await.unwrap(), None);
        assert_eq!(store.find_captured_mail(&default(), "m1").await.unwrap(), Some(kept[2].clone()));
        assert_eq!(store.find_captured_mail(&tenant("other"), "m1").await.unwrap(), None);
        assert_eq!(store.claim_mails(&default(), 5, at(999), at(9_999)).await.unwrap(), []);

        let retention = Retention { event_days: 30 };
        assert_eq!(store.sweep(at(7 * 86_400), &retention).await.unwrap().mails, 0);
        assert_eq!(store.sweep(at(8 * 86_400), &retention).await.unwrap().mails, 3);
    }

    async fn j17_a_new_master_key_leaves_waiting_mails_readable(world: &World) {
        let store = world.open().await;
        queue(&store, "m1", at(0)).await;
        store.reseal(&grantor_storage::MasterKey::new([9; 32])).await.unwrap();
        let claimed = store.claim_mails(&default(), 1, at(1), at(60)).await.unwrap();
        assert_eq!(&**claimed[0].content, b"Your code is 123456");
    }
}
