//! People, their identities and their passwords.

use grantor_protocol::users::{
    Identity, User, UserId,
    identifier::{Identifier, IdentifierKind},
    link, unlink,
};
use grantor_storage::{
    Error, Store,
    users::{IDENTITY_OWNER, IdentityKey, StoredUser, USER_REVISION},
};
use serde_json::json;

use crate::world::{World, at, default, tenant};

pub(crate) const DB: &str = "Customers";

pub(crate) fn id(text: &str) -> UserId {
    UserId::parse(text).unwrap()
}

pub(crate) fn user(id_text: &str, email: &str) -> User {
    let id = id(id_text);
    let mut user = User::new(id.clone(), Identity::database(DB, &id), at(0));
    user.email = Some(email.to_owned());
    user.fill_in_defaults();
    user
}

fn all(user: &User) -> Vec<Identifier> {
    use IdentifierKind::{Email, PhoneNumber, Username};
    user.identifiers(&[Email, Username, PhoneNumber])
}

pub(crate) async fn try_insert(store: &Store, user: &User) -> Result<(), Error> {
    let mut batch = store.batch();
    batch.insert_user(&default(), user, &all(user));
    store.commit(batch).await
}

pub(crate) async fn insert(store: &Store, user: &User) {
    try_insert(store, user).await.unwrap();
}

async fn find(store: &Store, id_text: &str) -> Option<StoredUser> {
    store.find_user(&default(), &id(id_text)).await.unwrap()
}

async fn replace(store: &Store, user: &User, revision: i64) -> Result<(), Error> {
    let mut batch = store.batch();
    batch.replace_user(&default(), user, revision);
    store.commit(batch).await
}

async fn named(store: &Store, kind: IdentifierKind, value: &str) -> Option<String> {
    let identifier = Identifier {
        kind,
        value: value.to_owned(),
    };
    let found = store
        .find_user_by_identifier(&default(), DB, &identifier)
        .await
        .unwrap();
    found.map(|found| found.found.user.user_id.to_string())
}

fn conflict(result: Result<(), Error>) -> &'static str {
    match result {
        Err(Error::Conflict { unique }) => unique,
        other => panic!("{other:?}"),
    }
}

fn key(bare: &str) -> IdentityKey {
    IdentityKey {
        provider: "auth0".to_owned(),
        identity: bare.to_owned(),
    }
}

async fn set_password(store: &Store, bare: &str, hash: &str, history: usize) {
    let mut batch = store.batch();
    batch.set_password(&default(), &key(bare), hash, history, at(5));
    store.commit(batch).await.unwrap();
}

async fn hashes(store: &Store, bare: &str, history: usize) -> Vec<String> {
    store
        .password_hashes(&default(), &key(bare), history)
        .await
        .unwrap()
}

on_both! {
    async fn a_user_is_found_as_it_was_inserted(world: &World) {
        let store = world.open().await;
        let mut ada = user("auth0|1", "ada@x.test");
        ada.username = Some("ada".to_owned());
        ada.phone_number = Some("+15551234".to_owned());
        ada.name = Some("Ada \0 Lovelace".to_owned());
        ada.blocked = Some(false);
        ada.user_metadata = json!({"a": {"b": [1, "\0"]}}).as_object().cloned();
        ada.last_password_reset = Some(at(1));
        ada.rest.insert("claim".to_owned(), json!({"deep": true}));
        insert(&store, &ada).await;

        let found = find(&store, "auth0|1").await.unwrap();

        assert_eq!(found, StoredUser { user: ada, revision: 1 });
        assert!(find(&store, "auth0|2").await.is_none());
        assert!(store.find_user(&tenant("other"), &id("auth0|1")).await.unwrap().is_none());
        let by_email = store.find_users_by_email(&default(), "ada@x.test").await.unwrap();
        assert_eq!(by_email, std::slice::from_ref(&found));
        let by_identity = store.find_user_by_identity(&default(), &key("1")).await.unwrap();
        assert_eq!(by_identity, Some(found));
        assert!(store.find_users_by_email(&default(), "").await.unwrap().is_empty());
    }

    async fn a_user_is_found_by_each_of_its_identifiers(world: &World) {
        use IdentifierKind::{Email, PhoneNumber, Username};
        let store = world.open().await;
        let mut ada = user("auth0|1", "ada@x.test");
        ada.username = Some("ada".to_owned());
        ada.phone_number = Some("+15551234".to_owned());
        insert(&store, &ada).await;
        for (kind, value) in [(Email, "ada@x.test"), (Username, "ada"), (PhoneNumber, "+15551234")] {
            assert_eq!(named(&store, kind, value).await.as_deref(), Some("auth0|1"));
        }
        assert_eq!(named(&store, Username, "ada@x.test").await, None);
        assert_eq!(named(&store, Email, "ada@x.test\0").await, None);
    }

    async fn an_identifier_belongs_to_one_user_of_a_connection(world: &World) {
        let store = world.open().await;
        let mut ada = user("auth0|1", "ada@x.test");
        ada.username = Some("ada".to_owned());
        insert(&store, &ada).await;
        assert_eq!(conflict(try_insert(&store, &ada).await), "user_id");
        let mut other = user("auth0|2", "ada@x.test");
        assert_eq!(conflict(try_insert(&store, &other).await), "email");
        other.email = None;
        other.username = Some("ada".to_owned());
        assert_eq!(conflict(try_insert(&store, &other).await), "username");
        assert!(find(&store, "auth0|2").await.is_none());
        // At another connection it is another account, and an address that is not unique is not occupied.
        let mut elsewhere = user("auth0|3", "ada@x.test");
        "Partners".clone_into(&mut elsewhere.identities[0].connection);
        insert(&store, &elsewhere).await;
        let mut batch = store.batch();
        batch.insert_user(&default(), &user("auth0|4", "ada@x.test"), &[]);
        store.commit(batch).await.unwrap();
        assert_eq!(store.find_users_by_email(&default(), "ada@x.test").await.unwrap().len(), 3);
    }

    async fn of_many_who_sign_up_with_one_address_one_succeeds(world: &World) {
        let stores = [world.open().await, world.open().await];
        let attempts: Vec<_> = (0..16)
            .map(|number| {
                let store = stores[number % 2].clone();
                tokio::spawn(async move {
                    try_insert(&store, &user(&format!("auth0|{number}"), "ada@x.test")).await
                })
            })
            .collect();
        let mut won = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(()) => won += 1,
                refused => assert_eq!(conflict(refused), "email"),
            }
        }
        assert_eq!(won, 1);
        assert_eq!(stores[0].find_users_by_email(&default(), "ada@x.test").await.unwrap().len(), 1);
    }

    async fn a_user_is_replaced_at_its_revision_only(world: &World) {
        let store = world.open().await;
        insert(&store, &user("auth0|1", "ada@x.test")).await;
        let mut ada = find(&store, "auth0|1").await.unwrap().user;
        ada.blocked = Some(true);
        ada.updated_at = at(9);
        replace(&store, &ada, 1).await.unwrap();
        assert_eq!(find(&store, "auth0|1").await, Some(StoredUser { user: ada.clone(), revision: 2 }));
        let again = replace(&store, &ada, 1).await;
        assert!(matches!(again, Err(Error::Guard { label: USER_REVISION })), "{again:?}");
    }

    async fn an_address_is_changed_together_with_what_it_occupies(world: &World) {
        let store = world.open().await;
        insert(&store, &user("auth0|1", "ada@x.test")).await;
        insert(&store, &user("auth0|2", "bo@x.test")).await;
        let change = async |email: &str, revision| {
            let mut ada = find(&store, "auth0|1").await.unwrap().user;
            ada.email = Some(email.to_owned());
            let mut batch = store.batch();
            batch.replace_user(&default(), &ada, revision);
            batch.set_identifiers(&default(), &ada.identities[0], &all(&ada));
            store.commit(batch).await
        };
        assert_eq!(conflict(change("bo@x.test", 1).await), "email");
        assert_eq!(named(&store, IdentifierKind::Email, "ada@x.test").await.as_deref(), Some("auth0|1"));
        change("countess@x.test", 1).await.unwrap();
        assert_eq!(named(&store, IdentifierKind::Email, "ada@x.test").await, None);
        assert_eq!(named(&store, IdentifierKind::Email, "countess@x.test").await.as_deref(), Some("auth0|1"));
        insert(&store, &user("auth0|3", "ada@x.test")).await;
    }

    async fn logging_in_is_noted_without_a_new_revision(world: &World) {
        let store = world.open().await;
        insert(&store, &user("auth0|1", "ada@x.test")).await;
        for seconds in [7, 8] {
            let mut batch = store.batch();
            batch.note_login(&default(), &id("auth0|1"), "192.0.2.7", at(seconds));
            store.commit(batch).await.unwrap();
        }
        let found = find(&store, "auth0|1").await.unwrap();
        assert_eq!((found.revision, found.user.logins_count), (1, Some(2)));
        assert_eq!((found.user.last_login, found.user.updated_at), (Some(at(8)), at(8)));
        assert_eq!(found.user.last_ip.as_deref(), Some("192.0.2.7"));
        replace(&store, &User { last_login: None, logins_count: None, ..found.user }, 1).await.unwrap();
        assert_eq!(find(&store, "auth0|1").await.unwrap().user.logins_count, Some(2));
    }

    async fn a_deleted_user_leaves_nothing_behind(world: &World) {
        let store = world.open().await;
        for round in 0..2 {
            insert(&store, &user("auth0|1", "ada@x.test")).await;
            set_password(&store, "1", "old", 3).await;
            set_password(&store, "1", "new", 3).await;
            assert_eq!(hashes(&store, "1", 3).await.len(), 2, "{round}");
            let mut batch = store.batch();
            batch.delete_user(&default(), &id("auth0|1"), at(0));
            store.commit(batch).await.unwrap();
            assert!(find(&store, "auth0|1").await.is_none());
            assert_eq!(named(&store, IdentifierKind::Email, "ada@x.test").await, None);
            assert!(hashes(&store, "1", 3).await.is_empty());
        }
        let mut batch = store.batch();
        batch.delete_user(&default(), &id("auth0|1"), at(0));
        store.commit(batch).await.unwrap();
    }

    async fn linked_accounts_are_one_user_with_both_logins(world: &World) {
        let store = world.open().await;
        insert(&store, &user("auth0|1", "one@x.test")).await;
        insert(&store, &user("auth0|2", "two@x.test")).await;
        set_password(&store, "2", "hash", 0).await;
        let (one, two) = (find(&store, "auth0|1").await.unwrap(), find(&store, "auth0|2").await.unwrap());
        let linked = link(&one.user, &two.user, at(9)).unwrap();
        let mut batch = store.batch();
        batch.link_users(&default(), (&linked, 1), (&two.user.user_id, 1));
        store.commit(batch).await.unwrap();

        assert!(find(&store, "auth0|2").await.is_none());
        let identifier = Identifier { kind: IdentifierKind::Email, value: "two@x.test".to_owned() };
        let found = store.find_user_by_identifier(&default(), DB, &identifier).await.unwrap().unwrap();
        assert_eq!(found.found, StoredUser { user: linked.clone(), revision: 2 });
        assert_eq!((found.identity, found.password_hash.as_deref()), (key("2"), Some("hash")));

        let (left, own) = unlink(&linked, "auth0", "2", at(10)).unwrap();
        let mut batch = store.batch();
        batch.unlink_user(&default(), (&left, 2), &own);
        store.commit(batch).await.unwrap();
        assert_eq!(find(&store, "auth0|1").await.unwrap().user, left);
        assert_eq!(find(&store, "auth0|2").await.unwrap().user, own);
        assert_eq!(named(&store, IdentifierKind::Email, "two@x.test").await.as_deref(), Some("auth0|2"));
        let mut batch = store.batch();
        batch.delete_user(&default(), &id("auth0|1"), at(0));
        store.commit(batch).await.unwrap();
        assert_eq!(hashes(&store, "2", 0).await, ["hash"]);
    }

    async fn linking_and_unlinking_race_with_no_other_write(world: &World) {
        let store = world.open().await;
        insert(&store, &user("auth0|1", "one@x.test")).await;
        insert(&store, &user("auth0|2", "two@x.test")).await;
        let (one, two) = (find(&store, "auth0|1").await.unwrap().user, find(&store, "auth0|2").await.unwrap().user);
        let linked = link(&one, &two, at(9)).unwrap();
        let attempt = async |revision, other_revision| {
            let mut batch = store.batch();
            batch.link_users(&default(), (&linked, revision), (&two.user_id, other_revision));
            store.commit(batch).await
        };
        for (revision, other) in [(2, 1), (1, 2)] {
            let refused = attempt(revision, other).await;
            assert!(matches!(refused, Err(Error::Guard { label: USER_REVISION })), "{refused:?}");
        }
        assert!(find(&store, "auth0|2").await.is_some());
        // What is not linked cannot be taken apart.
        let (left, own) = unlink(&linked, "auth0", "2", at(9)).unwrap();
        let mut batch = store.batch();
        batch.delete_identity(&default(), &key("2"));
        store.commit(batch).await.unwrap();
        let mut batch = store.batch();
        batch.unlink_user(&default(), (&left, 1), &User { user_id: id("auth0|3"), ..own });
        let refused = store.commit(batch).await;
        assert!(matches!(refused, Err(Error::Guard { label: IDENTITY_OWNER })), "{refused:?}");
    }

    async fn earlier_passwords_are_kept_as_long_as_the_history_says(world: &World) {
        let store = world.open().await;
        for number in 1..=5 {
            set_password(&store, "1", &format!("h{number}"), 2).await;
        }
        assert_eq!(hashes(&store, "1", 10).await, ["h5", "h4", "h3"]);
        assert_eq!(hashes(&store, "1", 1).await, ["h5", "h4"]);
        let present = store.find_password(&default(), &key("1")).await.unwrap().unwrap();
        assert_eq!((present.hash.as_str(), present.set_at), ("h5", at(5)));
        set_password(&store, "1", "h6", 0).await;
        assert_eq!(hashes(&store, "1", 10).await, ["h6"]);
        assert!(store.find_password(&tenant("other"), &key("1")).await.unwrap().is_none());
    }

    async fn a_hash_is_renewed_only_if_the_password_is_still_the_same(world: &World) {
        let store = world.open().await;
        set_password(&store, "1", "imported", 2).await;
        let rehash = async |old: &str, new: &str| {
            let mut batch = store.batch();
            batch.rehash_password(&default(), &key("1"), old, new);
            store.commit(batch).await.unwrap();
        };
        rehash("imported", "own").await;
        assert_eq!(hashes(&store, "1", 10).await, ["own"]);
        set_password(&store, "1", "changed", 2).await;
        rehash("own", "late").await;
        assert_eq!(hashes(&store, "1", 10).await, ["changed", "own"]);
    }

    async fn the_users_of_a_connection_go_with_it(world: &World) {
        let store = world.open().await;
        for number in 0..5 {
            insert(&store, &user(&format!("auth0|{number}"), &format!("u{number}@x.test"))).await;
        }
        let mut partner = user("auth0|p", "p@x.test");
        "Partners".clone_into(&mut partner.identities[0].connection);
        insert(&store, &partner).await;
        let linked = link(&partner, &find(&store, "auth0|4").await.unwrap().user, at(1)).unwrap();
        let mut batch = store.batch();
        batch.link_users(&default(), (&linked, 1), (&id("auth0|4"), 1));
        store.commit(batch).await.unwrap();

        let gone = store.delete_users_of_connection(&default(), DB, at(2)).await.unwrap();

        assert_eq!(gone, 5);
        for number in 0..5 {
            assert!(find(&store, &format!("auth0|{number}")).await.is_none());
            let email = format!("u{number}@x.test");
            assert_eq!(named(&store, IdentifierKind::Email, &email).await, None);
        }
        let left = find(&store, "auth0|p").await.unwrap().user;
        assert_eq!((left.identities.len(), left.updated_at), (1, at(2)));
    }

    async fn the_users_of_a_tenant_go_with_it(world: &World) {
        let store = world.open().await;
        let other = tenant("other");
        store.create_tenant(&other, &[], at(0)).await.unwrap();
        let ada = user("auth0|1", "ada@x.test");
        insert(&store, &ada).await;
        let add = async || {
            let mut batch = store.batch();
            batch.insert_user(&other, &ada, &all(&ada));
            batch.set_password(&other, &key("1"), "a", 2, at(0));
            batch.set_password(&other, &key("1"), "b", 2, at(0));
            store.commit(batch).await
        };
        add().await.unwrap();
        store.remove_tenant(&other, at(1)).await.unwrap();
        assert!(store.find_user(&other, &id("auth0|1")).await.unwrap().is_none());
        assert!(store.password_hashes(&other, &key("1"), 5).await.unwrap().is_empty());
        add().await.unwrap();
        assert!(find(&store, "auth0|1").await.is_some());
    }

    async fn a_user_with_more_than_can_be_indexed_is_kept_whole(world: &World) {
        let store = world.open().await;
        let mut ada = user("auth0|1", "ada@x.test");
        ada.name = Some("n".repeat(10_000));
        let many: serde_json::Map<_, _> =
            (0..2000).map(|number| (format!("k{number}"), json!("é".repeat(500)))).collect();
        ada.app_metadata = Some(many);
        insert(&store, &ada).await;
        assert_eq!(find(&store, "auth0|1").await.unwrap().user, ada);
        let mut long = user("auth0|2", "bo@x.test");
        long.username = Some("x".repeat(2000));
        let refused = try_insert(&store, &long).await;
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
    }
}
