//! The search language on real users.

use grantor_protocol::{
    search::{parse, predicate::Order, users},
    users::{User, link},
};
use grantor_storage::{
    Store, Window,
    users::{StoredUser, UserSelection},
};
use serde_json::json;

use crate::{
    users::{DB, id, insert, user},
    world::{World, at, default, tenant},
};

fn selection(search: &str) -> UserSelection {
    UserSelection {
        predicate: users::resolve(&parse(search).unwrap()).unwrap(),
        order: Order::default(),
        window: Window::Offset {
            start: 0,
            limit: 100,
        },
        with_total: true,
    }
}

/// Which users a search finds, by the last part of their identifier.
async fn found(store: &Store, search: &str) -> String {
    let page = store
        .search_users(&default(), &selection(search))
        .await
        .unwrap();
    let names = names(&page.users);
    assert_eq!(
        page.total,
        Some(i64::try_from(page.users.len()).unwrap()),
        "{search}"
    );
    names
}

fn names(users: &[StoredUser]) -> String {
    let names: Vec<_> = users
        .iter()
        .map(|found| found.user.user_id.bare())
        .collect();
    names.join(" ")
}

fn with(mut user: User, change: impl FnOnce(&mut User)) -> User {
    change(&mut user);
    user
}

/// Ada, Bo and Cy; Dee is linked to Cy.
async fn people(store: &Store) {
    let ada = with(user("auth0|ada", "ada@x.test"), |ada| {
        ada.name = Some("Ada Lovelace".to_owned());
        ada.username = Some("countess".to_owned());
        ada.given_name = Some("Ada".to_owned());
        ada.email_verified = Some(true);
        ada.app_metadata = json!({"plan": "Gold", "seats": 5, "vip": true, "since": "2025-06-15",
                                  "tags": ["math", "poetry"], "address": {"city": "London"}})
        .as_object()
        .cloned();
        ada.user_metadata = json!({"theme": "dark", "size": 12}).as_object().cloned();
    });
    let bo = with(user("auth0|bo", "bo_100%@y.test"), |bo| {
        bo.name = Some("Bo Åström".to_owned());
        bo.phone_number = Some("+15551234".to_owned());
        bo.blocked = Some(true);
        bo.created_at = at(10);
        bo.app_metadata = json!({"plan": "silver", "seats": 50, "since": "2024-01-01"})
            .as_object()
            .cloned();
    });
    let cy = with(user("auth0|cy", "cy@x.test"), |cy| {
        "Partners".clone_into(&mut cy.identities[0].connection);
        cy.created_at = at(20);
        cy.rest.insert("locale".to_owned(), json!("sv"));
    });
    let dee = user("auth0|dee", "dee@z.test");
    for person in [&ada, &bo, &cy, &dee] {
        insert(store, person).await;
    }
    let mut batch = store.batch();
    batch.link_users(
        &default(),
        (&link(&cy, &dee, at(30)).unwrap(), 1),
        (&dee.user_id, 1),
    );
    for (login, ip) in [(at(100), "192.0.2.1"), (at(86_500), "192.0.2.2")] {
        batch.note_login(&default(), &id("auth0|ada"), ip, login);
    }
    store.commit(batch).await.unwrap();
}

/// Searches, and whom of [`people`] they find.
const SEARCHES: &[(&str, &str)] = &[
    ("", "ada bo cy"),
    ("*", "ada bo cy"),
    ("email:ADA@x.test", "ada"),
    ("email:*@x.test", "ada cy"),
    ("email:ad*", "ada"),
    ("email:a?a@*", "ada"),
    ("email:bo_100%@y.test", "bo"),
    ("email:bo_1*", "bo"),
    ("email:bo_1_*", ""),
    ("email:bo%*", ""),
    ("email.domain:x.test", "ada cy"),
    ("name:\"ada lovelace\"", "ada"),
    ("name:*LOVE*", "ada"),
    ("name:\"bo åström\"", "bo"),
    ("name:*STRÖM", "bo"),
    ("name:love*", ""),
    ("username:Countess", "ada"),
    ("_exists_:username", "ada"),
    ("-_exists_:username", "bo cy"),
    ("phone_number:\"+15551234\"", "bo"),
    ("given_name:ada", "ada"),
    ("user_id:auth0|ada", "ada"),
    ("user_id:auth0|*", "ada bo cy"),
    ("email_verified:true", "ada"),
    ("email_verified:false", "bo cy"),
    ("blocked:true", "bo"),
    ("NOT blocked:true", "ada cy"),
    ("blocked:false", "ada cy"),
    ("_exists_:blocked", "bo"),
    ("logins_count:2", "ada"),
    ("logins_count:[1 TO *]", "ada"),
    ("logins_count:<2", "bo cy"),
    ("last_ip:192.0.2.2", "ada"),
    ("_exists_:last_login", "ada"),
    ("NOT last_login:*", "bo cy"),
    ("last_login:[2023-11-15 TO 2023-11-15]", "ada"),
    ("last_login:2023-11-14", ""),
    ("created_at:>2023-11-14T22:13:25Z", "bo cy"),
    ("identities.connection:Customers", "ada bo cy"),
    ("identities.connection:Partners", "cy"),
    ("identities.connection:customers", ""),
    ("identities.provider:auth0", "ada bo cy"),
    ("identities.user_id:dee", "cy"),
    ("identities.isSocial:false", "ada bo cy"),
    ("identities.profileData.email:dee@z.test", "cy"),
    ("app_metadata.plan:Gold", "ada"),
    ("app_metadata.plan:gold", ""),
    ("app_metadata.plan:Go*", "ada"),
    ("app_metadata.plan:*ilve*", "bo"),
    ("app_metadata.plan:(Gold OR silver)", "ada bo"),
    ("app_metadata.seats:5", "ada"),
    ("app_metadata.seats:5.0", "ada"),
    ("app_metadata.seats:[5 TO 50}", "ada"),
    ("app_metadata.seats:>5", "bo"),
    ("app_metadata.vip:true", "ada"),
    ("app_metadata.tags:poetry", "ada"),
    ("app_metadata.address.city:London", "ada"),
    ("app_metadata.since:[2025-01-01 TO 2025-12-31]", "ada"),
    ("app_metadata.since:[* TO 2024-12-31]", "bo"),
    ("_exists_:app_metadata", "ada bo"),
    ("_exists_:app_metadata.address", "ada"),
    ("_exists_:app_metadata.addr", ""),
    ("user_metadata.theme:dark", "ada"),
    ("user_metadata.size:12", "ada"),
    ("NOT user_metadata.theme:dark", "bo cy"),
    ("locale:sv", "cy"),
    ("nothing.like.this:1", ""),
    ("countess", "ada"),
    ("*lovelace*", "ada"),
    ("dark", ""),
    ("email:*@x.test AND NOT name:ada*", "cy"),
    ("blocked:true OR identities.connection:Partners", "bo cy"),
    (
        "(blocked:true OR username:countess) AND email:*@y.test",
        "bo",
    ),
    ("name:\"'; DROP TABLE users; --\"", ""),
    ("name:\"a\0b\"", ""),
    ("name:\"\"", ""),
    ("username:\"\"", ""),
];

on_both! {
    async fn j3_8_a_search_by_address_finds_the_user_immediately(world: &World) {
        let store = world.open().await;
        insert(&store, &user("auth0|ada", "ada@x.test")).await;
        assert_eq!(found(&store, "email:\"ada@x.test\"").await, "ada");
        let mut batch = store.batch();
        batch.delete_user(&default(), &id("auth0|ada"), at(0));
        store.commit(batch).await.unwrap();
        assert_eq!(found(&store, "email:\"ada@x.test\"").await, "");
    }

    async fn each_form_of_a_search_finds_whom_it_describes(world: &World) {
        let store = world.open().await;
        people(&store).await;
        for (search, expected) in SEARCHES {
            assert_eq!(found(&store, search).await, *expected, "{search}");
        }
    }

    async fn a_search_sees_no_other_tenant(world: &World) {
        let store = world.open().await;
        people(&store).await;
        for search in ["", "app_metadata.plan:Gold", "identities.connection:Customers"] {
            let page = store.search_users(&tenant("other"), &selection(search)).await.unwrap();
            assert_eq!((page.users.len(), page.total), (0, Some(0)), "{search}");
        }
    }

    async fn a_change_of_the_profile_changes_what_is_found(world: &World) {
        let store = world.open().await;
        people(&store).await;
        let stored = store.find_user(&default(), &id("auth0|ada")).await.unwrap().unwrap();
        let changed = User {
            app_metadata: json!({"plan": "none"}).as_object().cloned(),
            ..stored.user
        };
        let mut batch = store.batch();
        batch.replace_user(&default(), &changed, stored.revision);
        store.commit(batch).await.unwrap();
        assert_eq!(found(&store, "app_metadata.plan:Gold").await, "");
        assert_eq!(found(&store, "app_metadata.plan:none").await, "ada");
        assert_eq!(found(&store, "_exists_:app_metadata.tags").await, "");
    }

    async fn lists_have_the_order_and_the_part_that_is_asked_for(world: &World) {
        let store = world.open().await;
        people(&store).await;
        for (sort, expected) in [
            ("created_at:1", "ada bo cy"),
            ("created_at:-1", "cy bo ada"),
            ("email:1", "ada bo cy"),
            ("name:-1", "cy bo ada"),
            ("last_login:-1", "ada cy bo"),
            ("logins_count:1", "bo cy ada"),
            ("username:1", "bo cy ada"),
            ("user_id:-1", "cy bo ada"),
        ] {
            let order = users::order(sort).unwrap();
            let page = store.search_users(&default(), &UserSelection { order, ..selection("") }).await.unwrap();
            assert_eq!(names(&page.users), expected, "{sort}");
        }
        let window = Window::Offset { start: 1, limit: 1 };
        let page = store.search_users(&default(), &UserSelection { window, ..selection("") }).await.unwrap();
        assert_eq!((names(&page.users).as_str(), page.total), ("bo", Some(3)));
    }

    async fn every_user_is_reached_once_by_going_on_after_the_last(world: &World) {
        let store = world.open().await;
        for number in 0..25 {
            insert(&store, &user(&format!("auth0|{number:02}"), &format!("u{number}@x.test"))).await;
        }
        let mut seen = Vec::new();
        let mut cursor = None;
        loop {
            let window = Window::After { cursor: cursor.clone(), limit: 10 };
            let search = format!("identities.connection:{DB}");
            let wanted = UserSelection { window, with_total: false, ..selection(&search) };
            let page = store.search_users(&default(), &wanted).await.unwrap();
            let Some(last) = page.users.last() else {
                break;
            };
            cursor = Some((last.user.created_at, last.user.user_id.to_string()));
            seen.extend(page.users.iter().map(|found| found.user.user_id.bare().to_owned()));
        }
        let expected: Vec<_> = (0..25).map(|number| format!("{number:02}")).collect();
        assert_eq!(seen, expected);
    }

    async fn the_longest_search_is_answered(world: &World) {
        let store = world.open().await;
        people(&store).await;
        let terms: Vec<_> = (0..128).map(|number| format!("a{number}:{number}")).collect();
        assert_eq!(found(&store, &terms.join(" OR ")).await, "");
        let negated: Vec<_> = terms.iter().map(|term| format!("-{term}")).collect();
        assert_eq!(found(&store, &negated.join(" ")).await, "ada bo cy");
        let anything = "x ".repeat(128);
        assert_eq!(found(&store, &anything).await, "");
        let nested = format!("{}email:ada*{}", "NOT (".repeat(16), ")".repeat(16));
        assert_eq!(found(&store, &nested).await, "ada");
    }
}
