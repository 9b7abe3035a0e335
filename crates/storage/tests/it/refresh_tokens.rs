//! Families of refresh tokens.

use grantor_protocol::{
    authorize::Target,
    grants::{
        basis::Basis,
        refresh_token::{RefreshToken, Standing},
    },
    id_token::AuthTime,
    opaque_token::OpaqueToken,
    secret::Secret,
    session::AuthenticationMethod,
};
use grantor_storage::{Device, Error, REFRESH_TOKEN, Revoked, Store, StoredRefreshToken};
use serde_json::json;

use crate::world::{World, at, default, tenant};

const ADA: &str = "auth0|ada";
const ORDERS: &str = "https://orders.test";

fn device(user_agent: &str) -> Device {
    Device {
        ip: "192.0.2.1".to_owned(),
        user_agent: user_agent.to_owned(),
    }
}

fn token(store: &Store, client_id: &str, user_id: &str, seconds: i64) -> RefreshToken {
    let id = store.new_refresh_token_id();
    RefreshToken {
        family: format!("family of {id}"),
        id,
        user_id: user_id.to_owned(),
        client_id: client_id.to_owned(),
        audience: ORDERS.to_owned(),
        session_id: Some("sid".to_owned()),
        created_at: at(seconds),
        standing: Standing::begin(None, at(seconds)),
        basis: Basis {
            client_id: client_id.to_owned(),
            user_id: user_id.to_owned(),
            session_id: Some("sid".to_owned()),
            authenticated_at: at(seconds),
            auth_time: AuthTime::AskedFor,
            methods: vec![AuthenticationMethod::Password],
            target: Target::Api(ORDERS.to_owned()),
            requested_scope: vec!["offline_access".to_owned()],
            scope: vec!["offline_access".to_owned()],
            claims: serde_json::from_value(json!({})).unwrap(),
            pipeline: grantor_protocol::legacy::Pipeline::Conformant,
        },
    }
}

/// Keeps a family with an opaque access token, whose digest is the family's name.
async fn keep(store: &Store, token: &RefreshToken) {
    let access_token = OpaqueToken {
        client_id: token.client_id.clone(),
        user_id: token.user_id.clone(),
        scope: Vec::new(),
        requested: Vec::new(),
    };
    let mut batch = store.batch();
    batch.issue_refresh_token(&default(), token, &device("Phone"));
    let digest = token.id.as_bytes();
    batch.keep_access_token(&default(), digest, &token.family, &access_token, at(9000));
    store.commit(batch).await.unwrap();
}

async fn issue(store: &Store, client_id: &str, user_id: &str, seconds: i64) -> RefreshToken {
    let token = token(store, client_id, user_id, seconds);
    keep(store, &token).await;
    token
}

async fn find(store: &Store, id: &str) -> Option<StoredRefreshToken> {
    store.find_refresh_token(&default(), id).await.unwrap()
}

/// Which of the families are there; an access token goes with its family.
async fn left(store: &Store, tokens: &[RefreshToken]) -> Vec<bool> {
    let mut left = Vec::new();
    for token in tokens {
        let found = find(store, &token.id).await.is_some();
        let digest = token.id.as_bytes();
        let access = store
            .find_access_token(&default(), digest, at(0))
            .await
            .unwrap();
        assert_eq!(access.is_some(), found, "{}", token.client_id);
        left.push(found);
    }
    left
}

async fn revoke(store: &Store, which: Revoked<'_>) {
    let mut batch = store.batch();
    batch.revoke_refresh_tokens(&default(), which);
    store.commit(batch).await.unwrap();
}

fn rotated(standing: &Standing, seconds: i64) -> Standing {
    Standing {
        generation: standing.generation + 1,
        rotated_at: Some(at(seconds)),
        last_exchanged_at: at(seconds),
        expires_at: Some(at(seconds + 100)),
        idle_expires_at: Some(at(seconds + 10)),
    }
}

async fn rotate(store: &Store, stored: &StoredRefreshToken, seconds: i64) -> Result<(), Error> {
    let after = rotated(&stored.token.standing, seconds);
    let mut batch = store.batch();
    batch.use_refresh_token(&default(), stored, &after, &device("Phone 2"));
    store.commit(batch).await
}

fn lost(result: &Result<(), Error>) -> bool {
    matches!(
        result,
        Err(Error::Guard {
            label: REFRESH_TOKEN
        })
    )
}

on_both! {
    async fn a_token_authenticates_itself_for_its_tenant_on_every_node(world: &World) {
        let (store, other) = (world.open().await, world.open().await);
        let id = store.new_refresh_token_id();
        let text = store.refresh_token(&default(), &id, 7);
        assert!(text.matches(&other.refresh_token(&default(), &id, 7)));
        let read = other.read_refresh_token(&default(), &text).unwrap();
        assert_eq!((read.id.as_str(), read.generation), (id.as_str(), 7));
        assert_eq!(store.read_refresh_token(&tenant("other"), &text), None);
        for place in 0..text.expose().len() {
            let mut letters: Vec<_> = text.expose().chars().collect();
            letters[place] = if letters[place] == 'A' { 'B' } else { 'A' };
            let altered = Secret::new(letters.into_iter().collect());
            assert_eq!(store.read_refresh_token(&default(), &altered), None, "{place}");
        }
        for shorter in 0..text.expose().len() {
            let cut = Secret::new(text.expose()[..shorter].to_owned());
            assert_eq!(store.read_refresh_token(&default(), &cut), None);
        }
    }

    async fn a_family_is_found_as_it_was_kept_and_as_it_was_last_used(world: &World) {
        let store = world.open().await;
        let token = issue(&store, "web", ADA, 5).await;
        let kept = find(&store, &token.id).await.unwrap();
        assert_eq!((&kept.token, &kept.devices.initial), (&token, &device("Phone")));
        assert!(store.find_refresh_token(&tenant("other"), &token.id).await.unwrap().is_none());
        rotate(&store, &kept, 50).await.unwrap();
        let used = find(&store, &token.id).await.unwrap();
        assert_eq!(used.token.standing, rotated(&token.standing, 50));
        assert_eq!((&used.devices.initial, &used.devices.last), (&device("Phone"), &device("Phone 2")));
        let mut batch = store.batch();
        let note = json!({"where": "office"});
        batch.set_refresh_token_metadata(&default(), &token.id, note.as_object().unwrap());
        store.commit(batch).await.unwrap();
        assert_eq!(find(&store, &token.id).await.unwrap().metadata["where"], "office");
    }

    async fn of_two_nodes_that_rotate_a_family_one_wins(world: &World) {
        let nodes = [world.open().await, world.open().await];
        let token = issue(&nodes[0], "web", ADA, 0).await;
        for seconds in 1..20 {
            let stored = find(&nodes[0], &token.id).await.unwrap();
            let (one, other) = tokio::join!(
                rotate(&nodes[0], &stored, seconds),
                rotate(&nodes[1], &stored, seconds),
            );
            assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
            assert!(lost(if one.is_ok() { &other } else { &one }));
        }
        assert_eq!(find(&nodes[1], &token.id).await.unwrap().token.standing.generation, 19);
    }

    async fn what_is_revoked_goes_with_its_access_tokens_and_nothing_else(world: &World) {
        let store = world.open().await;
        let mut tokens = Vec::new();
        for (client_id, user_id) in [("web", ADA), ("web", ADA), ("web", ADA), ("phone", ADA), ("web", "auth0|bob"), ("phone", "auth0|bob")] {
            tokens.push(issue(&store, client_id, user_id, 0).await);
        }
        let mut elsewhere = token(&store, "web", ADA, 0);
        "https://stock.test".clone_into(&mut elsewhere.audience);
        elsewhere.session_id = None;
        keep(&store, &elsewhere).await;
        tokens.push(elsewhere);
        revoke(&store, Revoked::Id(&tokens[0].id)).await;
        assert_eq!(left(&store, &tokens).await, [false, true, true, true, true, true, true]);
        revoke(&store, Revoked::Family(&tokens[1].family)).await;
        assert_eq!(left(&store, &tokens).await, [false, false, true, true, true, true, true]);
        revoke(&store, Revoked::OfUser { user_id: ADA, client_id: Some("web"), audience: Some(ORDERS) }).await;
        assert_eq!(left(&store, &tokens).await, [false, false, false, true, true, true, true]);
        revoke(&store, Revoked::OfClient { client_id: "phone", audience: Some("https://stock.test") }).await;
        assert_eq!(left(&store, &tokens).await, [false, false, false, true, true, true, true]);
        revoke(&store, Revoked::OfClient { client_id: "phone", audience: None }).await;
        assert_eq!(left(&store, &tokens).await, [false, false, false, false, true, false, true]);
        revoke(&store, Revoked::OfSession("sid")).await;
        assert_eq!(left(&store, &tokens).await, [false, false, false, false, false, false, true]);
        revoke(&store, Revoked::OfUser { user_id: ADA, client_id: None, audience: None }).await;
        assert_eq!(left(&store, &tokens).await, [false; 7]);
    }

    async fn a_use_that_races_with_a_revocation_leaves_nothing(world: &World) {
        let nodes = [world.open().await, world.open().await];
        for number in 0..30 {
            let token = issue(&nodes[0], "web", ADA, number).await;
            let stored = find(&nodes[0], &token.id).await.unwrap();
            let mut used = nodes[1].batch();
            used.use_refresh_token(&default(), &stored, &rotated(&token.standing, 1), &device("x"));
            let access_token = OpaqueToken {
                client_id: "web".to_owned(),
                user_id: ADA.to_owned(),
                scope: Vec::new(),
                requested: Vec::new(),
            };
            used.keep_access_token(&default(), b"new", &token.family, &access_token, at(9000));
            let revoking = async {
                for _ in 0..number % 5 {
                    tokio::task::yield_now().await;
                }
                revoke(&nodes[0], Revoked::Id(&token.id)).await;
            };
            let (outcome, ()) = tokio::join!(nodes[1].commit(used), revoking);
            assert!(outcome.is_ok() || lost(&outcome), "{outcome:?}");
            assert!(find(&nodes[1], &token.id).await.is_none());
            let new = nodes[0].find_access_token(&default(), b"new", at(1)).await.unwrap();
            assert!(new.is_none());
        }
    }

    async fn families_of_a_user_who_is_gone_end_and_are_known_for_a_while(world: &World) {
        let store = world.open().await;
        let token = issue(&store, "web", ADA, 0).await;
        let stored = find(&store, &token.id).await.unwrap();
        let mut batch = store.batch();
        batch.end_tokens_of_user(&default(), ADA, at(10));
        store.commit(batch).await.unwrap();
        assert_eq!(left(&store, std::slice::from_ref(&token)).await, [false]);
        assert!(lost(&rotate(&store, &stored, 11).await));
        let ended = store.find_ended_refresh_token(&default(), &token.id).await.unwrap();
        assert_eq!(ended.unwrap().token, token);
        let listed = store.refresh_tokens_of_user(&default(), (ADA, None), None, 10, at(1)).await.unwrap();
        assert!(listed.is_empty());
        let retention = grantor_storage::Retention { event_days: 1 };
        let days = |days: i64| at(days * 86_400 + 400);
        assert_eq!(store.sweep(days(29), &retention).await.unwrap().refresh_tokens, 0);
        assert_eq!(store.sweep(days(31), &retention).await.unwrap().refresh_tokens, 1);
    }

    async fn those_of_a_user_are_listed_page_by_page_and_counted(world: &World) {
        let store = world.open().await;
        for seconds in 0..5 {
            issue(&store, "web", ADA, seconds / 2).await;
        }
        issue(&store, "phone", ADA, 9).await;
        issue(&store, "web", "auth0|bob", 0).await;
        let (mut after, mut seen) = (None, Vec::new());
        loop {
            let from = after.as_ref().map(|(at, id): &(_, String)| (*at, id.as_str()));
            let page = store.refresh_tokens_of_user(&default(), (ADA, None), from, 2, at(0)).await.unwrap();
            let Some(last) = page.last() else { break };
            after = Some((last.token.created_at, last.token.id.clone()));
            seen.extend(page.into_iter().map(|stored| stored.token));
        }
        assert_eq!(seen.len(), 6);
        assert!(seen.windows(2).all(|pair| (pair[0].created_at, &pair[0].id) < (pair[1].created_at, &pair[1].id)));
        assert_eq!(seen[5].client_id, "phone");
        let count = async |client_id| store.count_refresh_tokens_of_user(&default(), ADA, client_id, at(0)).await.unwrap();
        assert_eq!((count(None).await, count(Some("web")).await), (6, 5));
    }

    async fn j12_6_beyond_200_families_at_a_client_the_oldest_goes(world: &World) {
        let store = world.open().await;
        let other = issue(&store, "phone", ADA, 0).await;
        let mut tokens = Vec::new();
        for seconds in 0..202 {
            tokens.push(issue(&store, "web", ADA, seconds).await);
        }
        let expected: Vec<_> = (0..202).map(|number| 2 <= number).collect();
        assert_eq!(left(&store, &tokens).await, expected);
        assert_eq!(left(&store, &[other]).await, [true]);
    }

    async fn a_removed_tenant_has_no_families(world: &World) {
        let store = world.open().await;
        let shop = tenant("shop");
        store.create_tenant(&shop, &[], at(0)).await.unwrap();
        let token = token(&store, "web", ADA, 0);
        let mut batch = store.batch();
        batch.issue_refresh_token(&shop, &token, &device("Phone"));
        store.commit(batch).await.unwrap();
        let kept = issue(&store, "web", ADA, 0).await;
        store.remove_tenant(&shop, at(1)).await.unwrap();
        assert!(store.find_refresh_token(&shop, &token.id).await.unwrap().is_none());
        assert_eq!(left(&store, &[kept]).await, [true]);
    }
}
