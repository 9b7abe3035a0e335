//! The master key: where it comes from, what happens with the wrong one, how it is changed.

use std::{fs, os::unix::fs::PermissionsExt};

use grantor_protocol::secret::Secret;
use grantor_storage::{Error, MasterKey, MasterKeySource, Options, Store, master_key};
use serde_json::json;

use crate::world::{THING, World, at, default, insert, replace, try_insert};

fn key(byte: u8) -> MasterKey {
    MasterKey::new([byte; 32])
}

fn hex(byte: u8) -> Secret {
    Secret::new(format!("{byte:02x}").repeat(32))
}

fn with_secret(id: &str, secret: &str) -> serde_json::Value {
    json!({"id": id, "name": id, "secret": secret, "keys": [{"private": "p"}]})
}

async fn secret(store: &Store, id: &str) -> String {
    let record = store.find(&default(), &THING, id).await.unwrap().unwrap();
    record.body["secret"].as_str().unwrap().to_owned()
}

on_both! {
    async fn a_new_instance_makes_a_key_that_only_its_owner_can_read(world: &World) {
        drop(world.open().await);
        let mode = fs::metadata(world.key_path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let text = fs::read_to_string(world.key_path()).unwrap();
        assert!(master_key::parse(&text).is_ok());
    }

    async fn a_key_file_that_others_can_read_is_refused(world: &World) {
        drop(world.open().await);
        fs::set_permissions(world.key_path(), PermissionsExt::from_mode(0o640)).unwrap();
        let refused = world.try_open().await.unwrap_err();
        assert!(refused.to_string().contains("others can read it"), "{refused}");
    }

    async fn a_wrong_key_is_refused_and_changes_nothing(world: &World) {
        let given = |byte| Options { master_key: MasterKeySource::Value(hex(byte)), ..world.options() };
        let store = Store::open(given(1)).await.unwrap();
        insert(&store, &with_secret("1", "s")).await;
        drop(store);

        let refused = Store::open(given(2)).await.unwrap_err();

        assert!(matches!(refused, Error::MasterKeyMismatch), "{refused:?}");
        assert!(refused.to_string().contains("key that was used before"), "{refused}");
        let store = Store::open(given(1)).await.unwrap();
        assert_eq!(secret(&store, "1").await, "s");
    }

    async fn a_lost_key_file_is_not_made_anew_for_a_database_that_exists(world: &World) {
        drop(world.open().await);
        fs::remove_file(world.key_path()).unwrap();
        let refused = world.try_open().await.unwrap_err();
        assert!(refused.to_string().contains("put the key that it was made with there"), "{refused}");
        assert!(!world.key_path().exists());
    }

    async fn a_key_file_that_is_demanded_must_exist(world: &World) {
        let source = MasterKeySource::File(world.key_path());
        let refused = Store::open(Options { master_key: source, ..world.options() }).await;
        let refused = refused.unwrap_err();
        assert!(refused.to_string().contains("does not exist"), "{refused}");
        assert!(!world.key_path().exists());
    }

    async fn a_changed_key_opens_everything_and_the_old_one_nothing(world: &World) {
        let store = world.open().await;
        for number in 0..450 {
            insert(&store, &with_secret(&number.to_string(), &format!("s{number}"))).await;
        }
        let digest = store.keyed_digest(b"token");
        let old = fs::read_to_string(world.key_path()).unwrap();

        assert_eq!(store.reseal(&key(9)).await.unwrap(), 450);

        assert_eq!(secret(&store, "7").await, "s7");
        insert(&store, &with_secret("later", "l")).await;
        drop(store);
        let store = world.open().await;
        assert_eq!(secret(&store, "449").await, "s449");
        assert_eq!(secret(&store, "later").await, "l");
        assert_eq!(store.keyed_digest(b"token"), digest);
        drop(store);
        fs::write(world.key_path(), old).unwrap();
        let refused = world.try_open().await.unwrap_err();
        assert!(matches!(refused, Error::MasterKeyMismatch), "{refused:?}");
    }

    async fn a_crash_after_the_commit_of_a_new_key_is_mended_at_the_next_start(world: &World) {
        let store = world.open().await;
        insert(&store, &with_secret("1", "s")).await;
        let old = fs::read_to_string(world.key_path()).unwrap();
        store.reseal(&key(9)).await.unwrap();
        drop(store);
        // As if the program had ended before it put the new key in place.
        let next = world.directory.path().join("master.key.new");
        fs::rename(world.key_path(), &next).unwrap();
        fs::write(world.key_path(), old).unwrap();
        fs::set_permissions(world.key_path(), PermissionsExt::from_mode(0o600)).unwrap();

        let store = world.open().await;

        assert_eq!(secret(&store, "1").await, "s");
        assert!(!next.exists());
    }

    async fn a_crash_before_the_commit_of_a_new_key_leaves_the_old_one_valid(world: &World) {
        let store = world.open().await;
        insert(&store, &with_secret("1", "s")).await;
        drop(store);
        let next = world.directory.path().join("master.key.new");
        fs::write(&next, "09".repeat(32)).unwrap();
        fs::set_permissions(&next, PermissionsExt::from_mode(0o600)).unwrap();

        let store = world.open().await;

        assert_eq!(secret(&store, "1").await, "s");
        store.reseal(&key(9)).await.unwrap();
        assert_eq!(secret(&store, "1").await, "s");
    }

    async fn a_process_with_the_old_key_cannot_write_what_the_new_one_does_not_open(world: &World) {
        let (store, stale) = (world.open().await, world.open().await);
        insert(&store, &with_secret("1", "s")).await;
        store.reseal(&key(9)).await.unwrap();

        let refused = try_insert(&stale, &with_secret("2", "s")).await;

        assert!(matches!(refused, Err(Error::MasterKeyMismatch)), "{refused:?}");
        try_insert(&stale, &json!({"id": "2", "name": "no secret"})).await.unwrap();
        // As if the other process had not put the key in place yet.
        let next = world.directory.path().join("master.key.new");
        fs::copy(world.key_path(), &next).unwrap();
        let refused = stale.reseal(&key(8)).await;
        assert!(matches!(refused, Err(Error::MasterKeyMismatch)), "{refused:?}");
        assert_eq!(fs::read(&next).unwrap(), fs::read(world.key_path()).unwrap());
    }

    async fn secrets_written_while_the_key_changes_are_not_lost(world: &World) {
        let store = world.open().await;
        insert(&store, &with_secret("1", "0")).await;
        let writer = store.clone();
        let inserts = tokio::spawn(async move {
            let mut kept = Vec::new();
            for number in 0..150 {
                let id = format!("w{number}");
                // A batch that was sealed under the old key is refused; the caller builds it again.
                while let Err(error) = try_insert(&writer, &with_secret(&id, &id)).await {
                    assert!(matches!(error, Error::MasterKeyMismatch), "{error}");
                }
                kept.push(id);
            }
            kept
        });
        for byte in [9, 10, 11] {
            // Against a writer that never rests it may have to be tried again.
            while let Err(error) = store.reseal(&key(byte)).await {
                assert!(matches!(error, Error::Guard { .. }), "{error}");
            }
        }
        let kept = inserts.await.unwrap();
        for id in &kept {
            assert_eq!(&secret(&store, id).await, id);
        }
        replace(&store, &with_secret("1", "1"), 1).await.unwrap();
        drop(store);
        let store = world.open().await;
        assert_eq!(secret(&store, "w149").await, "w149");
        assert_eq!(store.find(&default(), &THING, "1").await.unwrap().unwrap().updated_at, at(1));
    }
}
