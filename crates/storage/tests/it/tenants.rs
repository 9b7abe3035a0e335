//! Tenants and their hosts.

use grantor_protocol::event::Event;
use grantor_storage::{Error, EventFilter, SINGLE_USE};
use serde_json::Map;

use crate::world::{THING, World, at, default, tenant, thing, until};

fn hosts(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

on_both! {
    async fn the_default_tenant_exists_from_the_start(world: &World) {
        let store = world.open().await;
        let tenants = store.list_tenants().await.unwrap();
        assert_eq!(tenants.len(), 1);
        assert_eq!(tenants[0].id, default());
        drop(store);
        assert_eq!(world.open().await.list_tenants().await.unwrap(), tenants);
    }

    async fn a_tenant_is_found_by_its_hosts_whatever_their_case(world: &World) {
        let store = world.open().await;
        let one = tenant("one");
        store.create_tenant(&one, &hosts(&["A.test", "b.test:8443"]), at(0)).await.unwrap();
        for host in ["a.test", "A.TEST", "b.test:8443"] {
            for _ in 0..2 {
                assert_eq!(*store.find_tenant_by_host(host).await.unwrap().unwrap(), one);
            }
        }
        assert!(store.find_tenant_by_host("b.test").await.unwrap().is_none());
        assert_eq!(store.hosts(&one).await.unwrap(), ["a.test", "b.test:8443"]);
    }

    async fn a_host_belongs_to_one_tenant(world: &World) {
        let store = world.open().await;
        store.create_tenant(&tenant("one"), &hosts(&["a.test"]), at(0)).await.unwrap();
        let taken = store.create_tenant(&tenant("two"), &hosts(&["a.test"]), at(0)).await;
        assert!(matches!(taken, Err(Error::Conflict { unique: "host" })), "{taken:?}");
        assert!(store.find_tenant(&tenant("two")).await.unwrap().is_none());
        let again = store.create_tenant(&tenant("one"), &[], at(0)).await;
        assert!(matches!(again, Err(Error::Conflict { unique: "tenant" })), "{again:?}");
    }

    async fn a_host_that_moves_is_found_at_its_new_tenant_by_every_node(world: &World) {
        let (store, other) = (world.open().await, world.open().await);
        let (one, two) = (tenant("one"), tenant("two"));
        store.create_tenant(&one, &hosts(&["a.test"]), at(0)).await.unwrap();
        store.create_tenant(&two, &[], at(0)).await.unwrap();
        assert_eq!(*other.find_tenant_by_host("a.test").await.unwrap().unwrap(), one);
        assert_eq!(*store.find_tenant_by_host("a.test").await.unwrap().unwrap(), one);

        store.remove_host(&one, "a.test", at(1)).await.unwrap();
        assert!(store.find_tenant_by_host("a.test").await.unwrap().is_none());
        store.add_host(&two, "a.test", at(1)).await.unwrap();

        assert_eq!(*store.find_tenant_by_host("a.test").await.unwrap().unwrap(), two);
        until("the other node hears of it", async || {
            other.find_tenant_by_host("a.test").await.unwrap().is_some_and(|found| *found == two)
        })
        .await;
        let gone = store.remove_host(&one, "a.test", at(2)).await;
        assert!(matches!(gone, Err(Error::Guard { label: "host" })), "{gone:?}");
    }

    async fn a_removed_tenant_leaves_nothing(world: &World) {
        let store = world.open().await;
        let one = tenant("one");
        store.create_tenant(&one, &hosts(&["a.test"]), at(0)).await.unwrap();
        for tenant in [&one, &default()] {
            let mut batch = store.batch();
            for number in 0..1500 {
                let name = number.to_string();
                batch.insert(tenant, &THING, &thing(&name, &name), at(0));
            }
            batch.issue(tenant, "code", b"a", "", at(60));
            store.commit(batch).await.unwrap();
        }
        let event = Event {
            code: "s",
            at: at(0),
            client_id: None,
            user_id: None,
            members: Map::new(),
        };
        store.append_events(&[(one.clone(), event)]).await.unwrap();
        store.find_tenant_by_host("a.test").await.unwrap().unwrap();

        store.remove_tenant(&one, at(1)).await.unwrap();

        assert!(store.find_tenant(&one).await.unwrap().is_none());
        assert!(store.find_tenant_by_host("a.test").await.unwrap().is_none());
        assert!(store.find(&one, &THING, "7").await.unwrap().is_none());
        let filter = EventFilter { limit: 1, with_total: true, ..EventFilter::default() };
        assert_eq!(store.list_events(&one, &filter).await.unwrap().total, Some(0));
        let mut batch = store.batch();
        batch.claim(&one, "code", b"a", at(1));
        let claimed = store.commit(batch).await;
        assert!(matches!(claimed, Err(Error::Guard { label: SINGLE_USE })), "{claimed:?}");
        assert!(store.find(&default(), &THING, "1499").await.unwrap().is_some());
        store.create_tenant(&one, &hosts(&["a.test"]), at(2)).await.unwrap();
        let mut batch = store.batch();
        batch.insert(&one, &THING, &thing("7", "7"), at(2));
        store.commit(batch).await.unwrap();
    }

    async fn many_tenants_are_listed_completely(world: &World) {
        let store = world.open().await;
        let names: Vec<_> = (0..2100).map(|number| format!("t-{number:05}")).collect();
        for chunk in names.chunks(64) {
            let created = chunk.iter().map(|name| {
                let (store, name) = (store.clone(), name.clone());
                tokio::spawn(async move { store.create_tenant(&tenant(&name), &[], at(0)).await })
            });
            for created in created.collect::<Vec<_>>() {
                created.await.unwrap().unwrap();
            }
        }
        let listed = store.list_tenants().await.unwrap();
        let listed: Vec<_> = listed.iter().map(|tenant| tenant.id.as_str()).collect();
        assert_eq!(listed[0], "default");
        assert_eq!(listed[1..], names);
    }
}
