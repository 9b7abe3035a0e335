//! The tenants' logs.

use grantor_protocol::{event::Event, tenant::TenantId};
use grantor_storage::{Error, EventFilter, Store};
use serde_json::json;

use crate::world::{THING, World, at, default, tenant, thing};

fn event(
    code: &'static str,
    seconds: i64,
    client: Option<&str>,
    user: Option<&str>,
) -> (TenantId, Event) {
    let members = json!({"description": code, "details": {"n": seconds}});
    let event = Event {
        code,
        at: at(seconds),
        client_id: client.map(str::to_owned),
        user_id: user.map(str::to_owned),
        members: members.as_object().unwrap().clone(),
    };
    (default(), event)
}

/// Five entries; answers with their identifiers.
async fn five(store: &Store) -> Vec<String> {
    let events = [
        event("s", 0, Some("c1"), Some("u1")),
        event("f", 1, Some("c1"), None),
        event("s", 2, Some("c2"), Some("u1")),
        event("s", 3, None, Some("u2")),
        event("f", 4, Some("c1"), Some("u2")),
    ];
    store.append_events(&events).await.unwrap()
}

async fn list(store: &Store, filter: EventFilter) -> (Vec<i64>, Option<i64>) {
    let page = store.list_events(&default(), &filter).await.unwrap();
    let numbers = page
        .events
        .iter()
        .map(|event| event.members["details"]["n"].as_i64().unwrap());
    (numbers.collect(), page.total)
}

fn all() -> EventFilter {
    EventFilter {
        limit: 100,
        ..EventFilter::default()
    }
}

on_both! {
    async fn an_entry_is_found_as_it_was_appended(world: &World) {
        let store = world.open().await;
        let ids = five(&store).await;
        let found = store.find_event(&default(), &ids[1]).await.unwrap().unwrap();
        assert_eq!((found.code.as_str(), found.at), ("f", at(1)));
        assert_eq!((found.client_id.as_deref(), found.user_id), (Some("c1"), None));
        assert_eq!(found.members["description"], "f");
        assert!(store.find_event(&tenant("other"), &ids[1]).await.unwrap().is_none());
    }

    async fn an_entry_in_a_batch_is_there_exactly_if_the_batch_is(world: &World) {
        let store = world.open().await;
        let (tenant, entry) = event("sapi", 1, Some("c1"), None);
        let write = async |name: &str| {
            let mut batch = store.batch();
            let id = store.record_event(&mut batch, &tenant, &entry);
            batch.insert(&default(), &THING, &thing(name, "a"), at(1));
            (id, store.commit(batch).await)
        };

        let (kept, done) = write("1").await;
        done.unwrap();
        let (lost, refused) = write("2").await;

        assert!(matches!(refused, Err(Error::Conflict { unique: "name" })), "{refused:?}");
        assert_eq!(store.find_event(&default(), &kept).await.unwrap().unwrap().code, "sapi");
        assert!(store.find_event(&default(), &lost).await.unwrap().is_none());
    }

    async fn entries_are_listed_newest_first_unless_asked_otherwise(world: &World) {
        let store = world.open().await;
        five(&store).await;
        assert_eq!(list(&store, all()).await.0, [4, 3, 2, 1, 0]);
        assert_eq!(list(&store, EventFilter { ascending: true, ..all() }).await.0, [0, 1, 2, 3, 4]);
        let page = EventFilter { offset: 1, limit: 2, with_total: true, ..all() };
        assert_eq!(list(&store, page).await, (vec![3, 2], Some(5)));
    }

    async fn entries_are_found_by_type_client_and_user(world: &World) {
        let store = world.open().await;
        five(&store).await;
        let of = |code: &str, client: &str, user: &str| {
            let wanted = |text: &str| (!text.is_empty()).then(|| text.to_owned());
            EventFilter {
                code: wanted(code),
                client_id: wanted(client),
                user_id: wanted(user),
                with_total: true,
                ..all()
            }
        };
        for ascending in [false, true] {
            for (filter, expected) in [
                (of("f", "", ""), vec![4, 1]),
                (of("", "c1", ""), vec![4, 1, 0]),
                (of("", "", "u1"), vec![2, 0]),
                (of("s", "c1", ""), vec![0]),
                (of("", "c1", "u2"), vec![4]),
                (of("s", "c1", "u2"), vec![]),
            ] {
                let mut expected = expected;
                if ascending {
                    expected.reverse();
                }
                let total = i64::try_from(expected.len()).unwrap();
                let filter = EventFilter { ascending, ..filter };
                assert_eq!(list(&store, filter.clone()).await, (expected, Some(total)), "{filter:?}");
            }
        }
    }

    async fn a_reader_continues_after_the_last_entry_it_saw(world: &World) {
        let store = world.open().await;
        let ids = five(&store).await;
        let from = |ascending| EventFilter { from_id: Some(ids[2].clone()), ascending, ..all() };
        assert_eq!(list(&store, from(true)).await.0, [3, 4]);
        assert_eq!(list(&store, from(false)).await.0, [1, 0]);
    }

    async fn an_odd_identifier_from_outside_loses_no_entry(world: &World) {
        let store = world.open().await;
        let odd = format!("{}\0{}", "a".repeat(254), "é".repeat(4000));
        let mut entry = event("f", 0, Some(&odd), Some("u\0"));
        entry.1.members.insert("client".to_owned(), json!(odd));
        let ids = store.append_events(&[entry, event("s", 1, None, None)]).await.unwrap();
        let found = store.find_event(&default(), &ids[0]).await.unwrap().unwrap();
        assert_eq!(found.client_id, Some("a".repeat(254)));
        assert_eq!(found.user_id.as_deref(), Some("u"));
        assert_eq!(found.members["client"], json!(odd));
        assert!(store.find_event(&default(), &ids[1]).await.unwrap().is_some());
    }

    async fn two_nodes_do_not_draw_the_same_identifier(world: &World) {
        let stores = [world.open().await, world.open().await];
        let mut ids = std::collections::BTreeSet::new();
        for store in &stores {
            for _ in 0..3 {
                ids.extend(five(store).await);
            }
        }
        assert_eq!(ids.len(), 30);
    }
}
