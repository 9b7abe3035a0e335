//! Who may do what where.

use grantor_protocol::{
    document::Document,
    model::{ResourceServer, Role},
    users::link,
};
use grantor_storage::{
    Batch, Error, Store,
    permissions::{Held, MAX_ROLES_OF_USER, Permission, TOO_MANY, USER},
};
use serde_json::json;

use crate::{
    users::{id, insert, user},
    world::{World, at, default, tenant},
};

fn permission(api: &str, name: &str) -> Permission {
    Permission {
        resource_server_id: api.to_owned(),
        name: name.to_owned(),
    }
}

async fn commit(store: &Store, fill: impl FnOnce(&mut Batch)) -> Result<(), Error> {
    let mut batch = store.batch();
    fill(&mut batch);
    store.commit(batch).await
}

async fn role(store: &Store, id: &str, permissions: &[Permission]) {
    let body = json!({"id": id, "name": format!("name of {id}")});
    let made = commit(store, |batch| {
        batch.insert(&default(), &Role::KIND, &body, at(0));
        batch.give_role_permissions(&default(), id, permissions);
    });
    made.await.unwrap();
}

async fn give(store: &Store, role_ids: &[&str], user_ids: &[&str]) -> Result<(), Error> {
    let owned = |ids: &[&str]| -> Vec<String> { ids.iter().map(ToString::to_string).collect() };
    let (role_ids, user_ids) = (owned(role_ids), owned(user_ids));
    commit(store, |batch| {
        batch.give_roles(&default(), &role_ids, &user_ids, at(1));
    })
    .await
}

async fn held(store: &Store, user_id: &str, api: &str) -> Vec<String> {
    let held = store.permissions_at(&default(), user_id, api).await;
    held.unwrap()
}

fn is_guard(outcome: &Result<(), Error>, expected: &str) -> bool {
    matches!(outcome, Err(Error::Guard { label }) if *label == expected)
}

const ADA: &str = "auth0|ada";

on_both! {
    async fn a_user_holds_what_its_roles_give_and_what_it_has_directly(world: &World) {
        let store = world.open().await;
        insert(&store, &user(ADA, "ada@example.com")).await;
        role(&store, "r1", &[permission("a", "read"), permission("a", "write")]).await;
        role(&store, "r2", &[permission("a", "write"), permission("b", "sell")]).await;
        give(&store, &["r2", "r1", "r1"], &[ADA]).await.unwrap();
        let direct = [permission("a", "approve"), permission("a", "read")];
        commit(&store, |batch| {
            batch.give_user_permissions(&default(), ADA, &direct);
        }).await.unwrap();

        assert_eq!(held(&store, ADA, "a").await, ["approve", "read", "write"]);
        assert_eq!(held(&store, ADA, "b").await, ["sell"]);
        assert_eq!(held(&store, ADA, "c").await, [""; 0]);
        assert_eq!(held(&store, "auth0|bob", "a").await, [""; 0]);
        let foreign = store.permissions_at(&tenant("other"), ADA, "a").await.unwrap();
        assert_eq!(foreign, [""; 0]);

        let (found, total) = store.permissions_of_user(&default(), ADA, (1, 2)).await.unwrap();
        assert_eq!(total, 4);
        let roles = |ids: &[&str]| ids.iter().map(|id| Some((*id).to_owned())).collect::<Vec<_>>();
        let mut of_read = vec![None];
        of_read.extend(roles(&["r1"]));
        assert_eq!(found, [
            Held { permission: permission("a", "read"), sources: of_read },
            Held { permission: permission("a", "write"), sources: roles(&["r1", "r2"]) },
        ]);
        assert_eq!(store.roles_of_user(&default(), ADA).await.unwrap(), ["r1", "r2"]);
        let (of_role, total) = store.permissions_of_role(&default(), "r2", (0, 1)).await.unwrap();
        assert_eq!((of_role, total), (vec![permission("a", "write")], 2));

        commit(&store, |batch| {
            batch.take_role(&default(), "r1", ADA);
            batch.take_user_permissions(&default(), ADA, &direct);
        }).await.unwrap();
        assert_eq!(held(&store, ADA, "a").await, ["write"]);
    }

    async fn what_is_deleted_takes_along_what_hangs_on_it(world: &World) {
        let store = world.open().await;
        insert(&store, &user(ADA, "ada@example.com")).await;
        insert(&store, &user("auth0|bob", "bob@example.com")).await;
        let both = [permission("a", "read"), permission("a", "write"), permission("b", "sell")];
        role(&store, "r1", &both).await;
        give(&store, &["r1"], &[ADA, "auth0|bob"]).await.unwrap();
        commit(&store, |batch| {
            batch.give_user_permissions(&default(), ADA, &both);
        }).await.unwrap();

        commit(&store, |batch| {
            batch.take_permission_from_all(&default(), &permission("a", "write"));
        }).await.unwrap();
        assert_eq!(held(&store, ADA, "a").await, ["read"]);
        commit(&store, |batch| {
            batch.take_permissions_of_api(&default(), "a");
        }).await.unwrap();
        assert_eq!(held(&store, ADA, "a").await, [""; 0]);
        assert_eq!(held(&store, "auth0|bob", "b").await, ["sell"]);
        commit(&store, |batch| {
            batch.delete_user(&default(), &id("auth0|bob"), at(2));
        }).await.unwrap();
        assert_eq!(held(&store, "auth0|bob", "b").await, [""; 0]);
        let left = store.users_of_role(&default(), "r1", None, (0, 10)).await.unwrap();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].user.user.user_id.as_str(), ADA);
        commit(&store, |batch| {
            batch.delete(&default(), &Role::KIND, "r1", at(2)).take_role_from_all(&default(), "r1");
        }).await.unwrap();
        let (left, total) = store.permissions_of_user(&default(), ADA, (0, 10)).await.unwrap();
        assert_eq!((left[0].sources.as_slice(), total), ([None].as_slice(), 1));
        assert_eq!(store.count_users_of_role(&default(), "r1").await.unwrap(), 0);
    }

    async fn a_linked_account_brings_no_role_along(world: &World) {
        let store = world.open().await;
        insert(&store, &user(ADA, "ada@example.com")).await;
        insert(&store, &user("auth0|bob", "bob@example.com")).await;
        role(&store, "r1", &[permission("a", "read")]).await;
        give(&store, &["r1"], &["auth0|bob"]).await.unwrap();
        let stored = |id_text| {
            let store = store.clone();
            async move { store.find_user(&default(), &id(id_text)).await.unwrap().unwrap() }
        };
        let (ada, bob) = (stored(ADA).await, stored("auth0|bob").await);
        let linked = link(&ada.user, &bob.user, at(2)).unwrap();
        commit(&store, |batch| {
            let other = (&bob.user.user_id, bob.revision);
            batch.link_users(&default(), (&linked, ada.revision), other);
        }).await.unwrap();
        assert_eq!(held(&store, ADA, "a").await, [""; 0]);
        assert_eq!(held(&store, "auth0|bob", "a").await, [""; 0]);
    }

    async fn who_or_what_does_not_exist_gets_and_gives_nothing(world: &World) {
        let store = world.open().await;
        insert(&store, &user(ADA, "ada@example.com")).await;
        role(&store, "r1", &[]).await;
        assert!(is_guard(&give(&store, &["r1"], &["auth0|nobody"]).await, USER));
        assert!(is_guard(&give(&store, &["r1", "gone"], &[ADA]).await, "required"));
        assert_eq!(store.roles_of_user(&default(), ADA).await.unwrap(), [""; 0]);
        let api = json!({"id": "a", "name": "A", "identifier": "https://a.test"});
        commit(&store, |batch| {
            batch.insert(&default(), &ResourceServer::KIND, &api, at(0));
        }).await.unwrap();
        let stale = commit(&store, |batch| {
            batch.require_revision(&default(), &ResourceServer::KIND, "a", 2);
        }).await;
        assert!(is_guard(&stale, "required"));
        commit(&store, |batch| {
            batch.require_revision(&default(), &ResourceServer::KIND, "a", 1);
        }).await.unwrap();
    }

    async fn a_user_has_so_many_roles_and_no_more(world: &World) {
        let store = world.open().await;
        insert(&store, &user(ADA, "ada@example.com")).await;
        let ids: Vec<String> = (0..=MAX_ROLES_OF_USER).map(|n| format!("r{n}")).collect();
        for id in &ids {
            role(&store, id, &[]).await;
        }
        let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
        assert!(is_guard(&give(&store, &ids, &[ADA]).await, TOO_MANY));
        give(&store, &ids[1..], &[ADA]).await.unwrap();
        give(&store, &ids[1..], &[ADA]).await.unwrap();
        assert!(is_guard(&give(&store, &ids[..1], &[ADA]).await, TOO_MANY));
    }

    /// Whoever gives a role while it is deleted sees that it is gone, or its gift goes with it.
    async fn no_gift_outlives_its_role_or_its_user(world: &World) {
        let nodes = [world.open().await, world.open().await];
        for round in 0..20 {
            let (user_id, role_id) = (format!("auth0|u{round}"), format!("r{round}"));
            insert(&nodes[0], &user(&user_id, &format!("u{round}@example.com"))).await;
            role(&nodes[0], &role_id, &[permission("a", "read")]).await;
            let kind = &Role::KIND;
            let delete_role = commit(&nodes[1], |batch| {
                batch.delete(&default(), kind, &role_id, at(2)).take_role_from_all(&default(), &role_id);
            });
            let delete_user = commit(&nodes[1], |batch| {
                batch.delete_user(&default(), &id(&user_id), at(2));
            });
            let gift = async { give(&nodes[0], &[&role_id], &[&user_id]).await };
            if round % 2 == 0 {
                let (_, deleted) = tokio::join!(gift, delete_role);
                deleted.unwrap();
            } else {
                let (_, deleted) = tokio::join!(gift, delete_user);
                deleted.unwrap();
            }
            assert_eq!(nodes[0].roles_of_user(&default(), &user_id).await.unwrap(), [""; 0]);
        }
    }

    async fn members_are_listed_in_the_order_in_which_they_came(world: &World) {
        let store = world.open().await;
        role(&store, "r1", &[]).await;
        for (number, name) in ["zoe", "ada", "mia"].iter().enumerate() {
            let user_id = format!("auth0|{name}");
            insert(&store, &user(&user_id, &format!("{name}@example.com"))).await;
            commit(&store, |batch| {
                let since = at(i64::try_from(number).unwrap());
                batch.give_roles(&default(), &["r1".to_owned()], &[user_id], since);
            }).await.unwrap();
        }
        let names = async |after, part| {
            let found = store.users_of_role(&default(), "r1", after, part).await.unwrap();
            found.iter().map(|member| member.user.user.user_id.bare().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(names(None, (0, 10)).await, ["zoe", "ada", "mia"]);
        assert_eq!(names(None, (1, 1)).await, ["ada"]);
        assert_eq!(names(Some((at(1), ADA)), (0, 10)).await, ["mia"]);
        assert_eq!(store.count_users_of_role(&default(), "r1").await.unwrap(), 3);
    }
}
