//! Documents: identity, unique keys, links, order, revisions, secrets.

use grantor_protocol::{
    document::Document as _,
    model::{Client, ClientGrant, ResourceServer},
};
use grantor_storage::{Error, Record, Selection, Sql, Store, Window, params};
use serde_json::json;

use crate::world::{THING, Thing, World, at, default, insert, replace, tenant, thing, try_insert};

async fn find(store: &Store, id: &str) -> Option<Record> {
    store.find(&default(), &THING, id).await.unwrap()
}

/// The identifiers, and the total, which is -1 when nothing can be counted.
async fn list(store: &Store, link: Option<(&str, &str)>, window: Window) -> (Vec<String>, i64) {
    let selection = Selection {
        link: link.map(|(name, target)| (name.to_owned(), target.to_owned())),
        window,
        with_total: true,
    };
    let page = store.list(&default(), &THING, &selection).await.unwrap();
    let ids = page.records.into_iter().map(|record| record.id).collect();
    (ids, page.total.unwrap_or(-1))
}

fn all() -> Window {
    Window::Offset {
        start: 0,
        limit: 1000,
    }
}

on_both! {
    async fn a_document_is_found_as_it_was_inserted(world: &World) {
        let store = world.open().await;
        let body = json!({"id": "1", "name": "Ä \" \\ \u{0} 'x", "n": 1.5, "list": [null, true, {"a": {}}],
                          "secret": "s", "keys": [{"private": "p", "kid": "k"}]});
        insert(&store, &json!({"id": "1", "name": "n", "x": body})).await;

        let record = find(&store, "1").await.unwrap();

        assert_eq!(record.body["x"], body);
        assert_eq!((record.revision, record.created_at, record.updated_at), (1, at(0), at(0)));
        assert!(find(&store, "2").await.is_none());
    }

    async fn an_identifier_that_is_taken_is_a_conflict(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;

        let again = try_insert(&store, &thing("1", "b")).await;

        assert!(matches!(again, Err(Error::Conflict { unique: "id" })), "{again:?}");
        assert_eq!(find(&store, "1").await.unwrap().body["name"], "a");
    }

    async fn a_unique_key_that_is_taken_is_a_conflict_that_names_it(world: &World) {
        let store = world.open().await;
        insert(&store, &json!({"id": "1", "name": "a", "left": "l", "right": "r"})).await;

        let same_name = try_insert(&store, &thing("2", "a")).await;
        let same_pair =
            try_insert(&store, &json!({"id": "2", "name": "b", "left": "l", "right": "r"})).await;
        let half_a_pair =
            try_insert(&store, &json!({"id": "2", "name": "b", "left": "l"})).await;

        assert!(matches!(same_name, Err(Error::Conflict { unique: "name" })), "{same_name:?}");
        assert!(matches!(same_pair, Err(Error::Conflict { unique: "pair" })), "{same_pair:?}");
        half_a_pair.unwrap();
    }

    async fn a_refused_batch_leaves_nothing(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;
        let mut batch = store.batch();
        batch.insert(&default(), &THING, &thing("2", "b"), at(0));
        batch.insert(&default(), &THING, &thing("3", "a"), at(0));
        batch.insert(&default(), &THING, &thing("4", "d"), at(0));

        let refused = store.commit(batch).await;

        assert!(matches!(refused, Err(Error::Conflict { unique: "name" })), "{refused:?}");
        assert_eq!(list(&store, None, all()).await, (vec!["1".to_owned()], 1));
        insert(&store, &thing("2", "b")).await;
    }

    async fn a_replacement_needs_the_present_revision(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;
        replace(&store, &thing("1", "b"), 1).await.unwrap();

        let stale = replace(&store, &thing("1", "c"), 1).await;

        assert!(matches!(stale, Err(Error::Guard { label: "revision" })), "{stale:?}");
        let record = find(&store, "1").await.unwrap();
        assert_eq!((record.body["name"].as_str(), record.revision), (Some("b"), 2));
        assert_eq!((record.created_at, record.updated_at), (at(0), at(1)));
    }

    async fn a_replacement_moves_unique_keys_and_links(world: &World) {
        let store = world.open().await;
        insert(&store, &json!({"id": "1", "name": "a", "owner": "x", "tags": ["s", "t", "s"]})).await;
        replace(&store, &json!({"id": "1", "name": "b", "owner": "y", "tags": ["t"]}), 1)
            .await
            .unwrap();

        let by = async |name: &str| store.find_by(&default(), &THING, "name", &[name]).await.unwrap();
        assert!(by("a").await.is_none());
        assert_eq!(by("b").await.unwrap().id, "1");
        assert_eq!(list(&store, Some(("owner", "x")), all()).await.1, 0);
        assert_eq!(list(&store, Some(("owner", "y")), all()).await.1, 1);
        assert_eq!(list(&store, Some(("tags", "s")), all()).await.1, 0);
        assert_eq!(list(&store, Some(("tags", "t")), all()).await.1, 1);
        insert(&store, &thing("2", "a")).await;
    }

    async fn parts_of_a_unique_key_are_kept_apart(world: &World) {
        let store = world.open().await;
        insert(&store, &json!({"id": "1", "name": "a", "left": "x\",\"y", "right": "z"})).await;
        insert(&store, &json!({"id": "2", "name": "b", "left": "x", "right": "y\",\"z"})).await;

        let found = store.find_by(&default(), &THING, "pair", &["x", "y\",\"z"]).await.unwrap();

        assert_eq!(found.unwrap().id, "2");
    }

    async fn a_deleted_document_frees_its_identifier_and_keys(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;
        let mut batch = store.batch();
        batch.delete(&default(), &THING, "1", at(1));
        store.commit(batch).await.unwrap();

        assert!(find(&store, "1").await.is_none());
        assert_eq!(list(&store, Some(("owner", "nobody")), all()).await.1, 0);
        insert(&store, &thing("1", "a")).await;
    }

    async fn documents_are_deleted_with_what_they_are_linked_to(world: &World) {
        let store = world.open().await;
        for (id, owner) in [("1", "x"), ("2", "y"), ("3", "x")] {
            insert(&store, &json!({"id": id, "name": id, "owner": owner, "tags": ["t"]})).await;
        }
        let mut batch = store.batch();
        batch.delete_linked(&default(), &THING, ("owner", "x"), at(1));
        store.commit(batch).await.unwrap();

        assert_eq!(list(&store, None, all()).await, (vec!["2".to_owned()], 1));
        assert_eq!(list(&store, Some(("tags", "t")), all()).await, (vec!["2".to_owned()], 1));
        insert(&store, &thing("4", "1")).await;
    }

    async fn lists_are_in_order_of_creation_and_paged_both_ways(world: &World) {
        let store = world.open().await;
        let mut batch = store.batch();
        // Ids that a language would order differently than bytes.
        let ids = ["b", "A", "a", "_", "B", "é"];
        for (id, second) in ids.iter().zip([1, 1, 1, 2, 0, 0]) {
            batch.insert(&default(), &THING, &thing(id, id), at(second));
        }
        store.commit(batch).await.unwrap();
        let order = ["B", "é", "A", "a", "b", "_"].map(str::to_owned);

        let offset = |start, limit| Window::Offset { start, limit };
        assert_eq!(list(&store, None, all()).await, (order.to_vec(), 6));
        assert_eq!(list(&store, None, offset(2, 3)).await, (order[2..5].to_vec(), 6));
        assert_eq!(list(&store, None, offset(6, 3)).await, (vec![], 6));
        for link in [None, Some(("owner", "nobody"))] {
            let (mut seen, mut cursor) = (Vec::new(), None);
            loop {
                let selection = Selection {
                    link: link.map(|(name, target)| (name.into(), target.into())),
                    window: Window::After { cursor: cursor.take(), limit: 4 },
                    with_total: false,
                };
                let page = store.list(&default(), &THING, &selection).await.unwrap();
                assert_eq!(page.total, None);
                let Some(last) = page.records.last() else { break };
                cursor = Some((last.created_at, last.id.clone()));
                seen.extend(page.records.into_iter().map(|record| record.id));
            }
            assert_eq!(seen, order);
        }
    }

    async fn no_list_is_longer_than_its_limit_allows(world: &World) {
        let store = world.open().await;
        let mut batch = store.batch();
        for number in 0..1005 {
            batch.insert(&default(), &THING, &thing(&number.to_string(), &number.to_string()), at(0));
        }
        store.commit(batch).await.unwrap();

        let (ids, total) = list(&store, None, Window::Offset { start: 0, limit: i64::MAX }).await;

        assert_eq!((ids.len(), total), (1000, 1005));
        let (ids, _) = list(&store, None, Window::Offset { start: -5, limit: -1 }).await;
        assert_eq!(ids.len(), 0);
    }

    async fn a_tenant_does_not_see_the_documents_of_another(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;
        let other = tenant("other");

        assert!(store.find(&other, &THING, "1").await.unwrap().is_none());
        assert!(store.find_by(&other, &THING, "name", &["a"]).await.unwrap().is_none());
        let mut batch = store.batch();
        batch.insert(&other, &THING, &thing("1", "a"), at(0));
        store.commit(batch).await.unwrap();
        let mut batch = store.batch();
        batch.delete(&other, &THING, "1", at(0));
        batch.delete_linked(&other, &THING, ("owner", "nobody"), at(0));
        store.commit(batch).await.unwrap();
        assert!(find(&store, "1").await.is_some());
    }

    async fn secrets_are_sealed_where_they_lie(world: &World) {
        const BODIES: Sql = Sql::new("BODIES", "SELECT body FROM documents WHERE kind = ?1");
        let store = world.open().await;
        let body = json!({"id": "1", "name": "a", "secret": "hunter2", "keys": [{"private": "hunter3"}]});
        insert(&store, &body).await;

        let rows = store.read(BODIES, params!["thing"]).await.unwrap();

        let stored = rows[0].text(0).unwrap();
        assert!(!stored.contains("hunter"), "{stored}");
        assert_eq!(find(&store, "1").await.unwrap().body, body);
    }

    async fn a_sealed_value_moved_to_another_document_is_not_served(world: &World) {
        const MOVE: Sql = Sql::new(
            "MOVE",
            "UPDATE documents SET body = (SELECT body FROM documents WHERE id = ?1) WHERE id = ?2",
        );
        let store = world.open().await;
        for id in ["1", "2"] {
            insert(&store, &json!({"id": id, "name": id, "secret": "hunter2"})).await;
        }
        let mut batch = store.batch();
        batch.expect(MOVE, params!["1", "2"], 1, "moved");
        store.commit(batch).await.unwrap();

        let moved = store.find(&default(), &THING, "2").await;

        assert!(matches!(moved, Err(Error::Inconsistent { .. })), "{moved:?}");
    }

    async fn the_character_zero_is_refused_and_finds_nothing(world: &World) {
        let store = world.open().await;
        let refused = try_insert(&store, &thing("1\0", "a")).await;
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
        assert!(find(&store, "1\0").await.is_none());
        assert!(store.typed::<Thing>(&default(), "1\0").await.unwrap().is_none());
        assert_eq!(list(&store, Some(("owner", "\0")), all()).await, (vec![], -1));
        // Where it is escaped, in documents and in unique keys, it is a character like others.
        insert(&store, &thing("2", "a\0b")).await;
        let found = store.find_by(&default(), &THING, "name", &["a\0b"]).await.unwrap();
        assert_eq!(found.unwrap().body["name"], "a\0b");
    }

    async fn what_is_too_long_to_be_found_by_is_refused(world: &World) {
        let store = world.open().await;
        let long = "x".repeat(3000);
        for body in [
            thing(&long, "a"),
            thing("1", &long),
            json!({"id": "1", "name": "a", "owner": long}),
        ] {
            let refused = try_insert(&store, &body).await;
            assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
        }
        // Long, and hard to compress.
        let letters = (0..1000_u32).filter_map(|n| char::from_u32(33 + n * n % 89));
        let longest: String = letters.filter(|letter| !"\"\\".contains(*letter)).collect();
        insert(&store, &json!({"id": longest, "name": longest, "owner": longest})).await;
        assert!(find(&store, &longest).await.is_some());
    }

    async fn a_document_without_identifier_is_not_storable(world: &World) {
        let store = world.open().await;
        let refused = try_insert(&store, &json!({"name": "a"})).await;
        assert!(matches!(refused, Err(Error::Malformed { .. })), "{refused:?}");
        assert_eq!(list(&store, None, all()).await.1, 0);
    }

    async fn of_concurrent_replacements_exactly_one_succeeds(world: &World) {
        let stores = [world.open().await, world.open().await];
        insert(&stores[0], &thing("1", "a")).await;
        let attempts = (0..16).map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move { replace(&store, &thing("1", &number.to_string()), 1).await })
        });
        let attempts: Vec<_> = attempts.collect();
        let mut won = 0;
        for attempt in attempts {
            match attempt.await.unwrap() {
                Ok(()) => won += 1,
                Err(error) => assert!(matches!(error, Error::Guard { label: "revision" }), "{error}"),
            }
        }
        assert_eq!(won, 1);
    }

    async fn a_deletion_may_need_the_present_revision(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("1", "a")).await;
        replace(&store, &thing("1", "b"), 1).await.unwrap();
        let delete = async |revision| {
            let mut batch = store.batch();
            batch.delete_revision(&default(), &THING, "1", revision, at(2));
            store.commit(batch).await
        };

        let stale = delete(1).await;
        assert!(matches!(stale, Err(Error::Guard { label: "revision" })), "{stale:?}");
        assert_eq!(find(&store, "1").await.unwrap().body["name"], "b");

        delete(2).await.unwrap();
        assert!(find(&store, "1").await.is_none());
        insert(&store, &thing("2", "b")).await;
    }

    async fn a_batch_may_require_a_document_and_leaves_it_as_it_is(world: &World) {
        let store = world.open().await;
        insert(&store, &thing("owner", "o")).await;
        let add = async |id: &str, owner: &str| {
            let mut batch = store.batch();
            batch.require(&default(), &THING, owner);
            batch.insert(&default(), &THING, &json!({"id": id, "name": id, "owner": owner}), at(1));
            store.commit(batch).await
        };

        add("1", "owner").await.unwrap();
        let orphan = add("2", "nobody").await;

        assert!(matches!(orphan, Err(Error::Guard { label: "required" })), "{orphan:?}");
        assert!(find(&store, "2").await.is_none());
        let owner = find(&store, "owner").await.unwrap();
        assert_eq!((owner.revision, owner.updated_at), (1, at(0)));
    }

    async fn what_requires_a_document_never_outlives_it(world: &World) {
        let stores = [world.open().await, world.open().await];
        for round in 0..20 {
            let owner = format!("owner{round}");
            insert(&stores[0], &thing(&owner, &owner)).await;
            let adds = (0..4).map(|number| {
                let (store, owner) = (stores[number % 2].clone(), owner.clone());
                tokio::spawn(async move {
                    let id = format!("{round}-{number}");
                    let mut batch = store.batch();
                    batch.require(&default(), &THING, &owner);
                    let body = json!({"id": id, "name": id, "owner": owner});
                    batch.insert(&default(), &THING, &body, at(1));
                    store.commit(batch).await
                })
            });
            let adds: Vec<_> = adds.collect();
            let mut batch = stores[1].batch();
            batch.delete_revision(&default(), &THING, &owner, 1, at(2));
            batch.delete_linked(&default(), &THING, ("owner", &owner), at(2));
            stores[1].commit(batch).await.unwrap();
            for add in adds {
                let added = add.await.unwrap();
                let refused = matches!(added, Err(Error::Guard { label: "required" }));
                assert!(added.is_ok() || refused, "{added:?}");
            }

            let left = list(&stores[0], Some(("owner", &owner)), all()).await;
            assert_eq!(left, (Vec::new(), 0), "round {round}");
        }
    }

    async fn the_documents_of_the_protocol_can_be_stored(world: &World) {
        let store = world.open().await;
        let client = json!({"client_id": "c", "name": "n", "client_secret": "s", "later": [1]});
        let api = json!({"id": "r", "identifier": "https://api.test", "name": "n"});
        let grant = json!({"id": "g", "client_id": "c", "audience": "https://api.test",
                           "subject_type": "client", "scope": ["a"]});
        let mut batch = store.batch();
        batch.insert(&default(), &Client::KIND, &client, at(0));
        batch.insert(&default(), &ResourceServer::KIND, &api, at(0));
        batch.insert(&default(), &ClientGrant::KIND, &grant, at(0));
        store.commit(batch).await.unwrap();

        let found = store.typed::<Client>(&default(), "c").await.unwrap().unwrap();
        assert_eq!(found.value.client_secret.as_ref().unwrap().expose(), "s");
        assert_eq!(found.value.rest["later"], json!([1]));
        let parts = ["https://api.test"];
        let found = store.typed_by::<ResourceServer>(&default(), "identifier", &parts).await;
        assert_eq!(found.unwrap().unwrap().value.id, "r");
        let parts = ["c", "https://api.test", "client"];
        let found = store.typed_by::<ClientGrant>(&default(), "pair", &parts).await;
        assert_eq!(found.unwrap().unwrap().value.id, "g");
    }
}
