//! Pending logins and browser sessions.

use grantor_protocol::{
    authorize::{AuthorizationRequest, Progress},
    opaque_token::OpaqueToken,
    session::{Authentication, AuthenticationMethod, BrowserSession, Limits, Persistence},
    users::UserId,
};
use grantor_storage::{Device, Error, LOGIN, Retention, SESSION, Store};
use serde_json::json;

use crate::world::{World, at, default, tenant};

fn request() -> AuthorizationRequest {
    let document = json!({
        "received_at": at(0),
        "client_id": "web",
        "response_type": "code",
        "return_address": {"redirect_uri": "https://shop.test/cb", "response_mode": "query", "state": "s"},
        "redirect_uri": "sent",
        "scope": ["openid"],
        "target": "userinfo",
    });
    serde_json::from_value(document).unwrap()
}

fn progress(identifier: &str) -> Progress {
    serde_json::from_value(json!({"identifier": identifier})).unwrap()
}

async fn begin(store: &Store, digest: &[u8]) {
    let mut batch = store.batch();
    batch.begin_login(&default(), digest, &request());
    store.commit(batch).await.unwrap();
}

async fn advance(store: &Store, revision: i64, identifier: &str) -> Result<(), Error> {
    let mut batch = store.batch();
    batch.advance_login(&default(), b"a", revision, &progress(identifier));
    store.commit(batch).await
}

fn session(id: &str, user_id: &str, seconds: i64) -> BrowserSession {
    let methods = vec![AuthenticationMethod::Password];
    let authentication = Authentication::proven(user_id.to_owned(), methods, at(seconds));
    let limits = Limits {
        absolute_seconds: 1000,
        idle_seconds: 100,
    };
    BrowserSession::log_in(
        None,
        &authentication,
        id.to_owned(),
        Persistence::Persistent,
        limits,
    )
    .session
}

fn device() -> Device {
    Device {
        ip: "192.0.2.1".to_owned(),
        user_agent: "Browser".to_owned(),
    }
}

async fn put(store: &Store, digest: &[u8], session: &BrowserSession) -> Result<(), Error> {
    let mut batch = store.batch();
    batch.put_session(&default(), digest, session, &device());
    store.commit(batch).await
}

async fn found(store: &Store, digest: &[u8]) -> Option<BrowserSession> {
    let found = store
        .find_session_by_digest(&default(), digest)
        .await
        .unwrap();
    found.map(|found| found.session)
}

fn is_guarded(result: &Result<(), Error>, guard: &str) -> bool {
    matches!(result, Err(Error::Guard { label }) if *label == guard)
}

on_both! {
    async fn a_pending_login_is_found_as_it_was_asked_until_it_is_over(world: &World) {
        let store = world.open().await;
        begin(&store, b"a").await;
        let login = store.find_login(&default(), b"a", at(3599)).await.unwrap().unwrap();
        assert_eq!((login.request, login.progress), (request(), Progress::default()));
        assert!(store.find_login(&default(), b"a", at(3600)).await.unwrap().is_none());
        assert!(store.find_login(&default(), b"b", at(1)).await.unwrap().is_none());
        assert!(store.find_login(&tenant("other"), b"a", at(1)).await.unwrap().is_none());
    }

    async fn of_two_tabs_on_two_nodes_that_move_a_login_one_wins(world: &World) {
        let stores = [world.open().await, world.open().await];
        begin(&stores[0], b"a").await;
        for revision in 1..20 {
            let (one, other) = tokio::join!(
                advance(&stores[0], revision, "ada"),
                advance(&stores[1], revision, "bob"),
            );
            assert!(one.is_ok() != other.is_ok(), "{one:?} {other:?}");
            let (winner, lost) = if one.is_ok() { ("ada", other) } else { ("bob", one) };
            assert!(is_guarded(&lost, LOGIN), "{lost:?}");
            let login = stores[0].find_login(&default(), b"a", at(1)).await.unwrap().unwrap();
            assert_eq!((login.progress, login.revision), (progress(winner), revision + 1));
        }
    }

    async fn a_login_ends_once(world: &World) {
        let stores = [world.open().await, world.open().await];
        begin(&stores[0], b"a").await;
        let ends = (0..16).map(|number| {
            let store = stores[number % 2].clone();
            tokio::spawn(async move {
                let mut batch = store.batch();
                batch.end_login(&default(), b"a", 1);
                store.commit(batch).await
            })
        });
        let mut won = 0;
        for end in ends.collect::<Vec<_>>() {
            let result = end.await.unwrap();
            assert!(result.is_ok() || is_guarded(&result, LOGIN), "{result:?}");
            won += u32::from(result.is_ok());
        }
        assert_eq!(won, 1);
        assert!(is_guarded(&advance(&stores[0], 1, "ada").await, LOGIN));
    }

    async fn j14_a_session_is_found_by_its_last_cookie_alone(world: &World) {
        let store = world.open().await;
        put(&store, b"first", &session("sid", "auth0|ada", 0)).await.unwrap();
        assert_eq!(found(&store, b"first").await, Some(session("sid", "auth0|ada", 0)));
        put(&store, b"second", &session("sid", "auth0|ada", 50)).await.unwrap();
        assert_eq!(found(&store, b"first").await, None);
        assert_eq!(found(&store, b"second").await, Some(session("sid", "auth0|ada", 50)));
        let kept = store.find_session(&default(), "sid").await.unwrap().unwrap();
        assert_eq!((kept.created_at, kept.device), (at(0), device()));
        assert!(store.find_session(&tenant("other"), "sid").await.unwrap().is_none());
    }

    async fn a_session_never_passes_to_another_user(world: &World) {
        let store = world.open().await;
        put(&store, b"first", &session("sid", "auth0|ada", 0)).await.unwrap();
        let taken = put(&store, b"second", &session("sid", "auth0|bob", 1)).await;
        assert!(is_guarded(&taken, SESSION), "{taken:?}");
        assert_eq!(found(&store, b"first").await, Some(session("sid", "auth0|ada", 0)));
    }

    async fn j14_what_hangs_on_a_session_fails_once_it_has_ended(world: &World) {
        let store = world.open().await;
        let session = session("sid", "auth0|ada", 0);
        put(&store, b"first", &session).await.unwrap();
        let use_it = |at| {
            let used = session.clone().used(at);
            let store = store.clone();
            async move {
                let mut batch = store.batch();
                batch.use_session(&default(), &used).join_session(&default(), "sid", "web");
                batch.join_session(&default(), "sid", "web");
                store.commit(batch).await
            }
        };
        use_it(at(90)).await.unwrap();
        use_it(at(30)).await.unwrap();
        assert_eq!(found(&store, b"first").await.unwrap().last_used_at, at(90));
        assert_eq!(store.session_clients(&default(), "sid").await.unwrap(), ["web"]);
        let mut batch = store.batch();
        batch.end_session(&default(), "sid");
        store.commit(batch).await.unwrap();
        assert!(is_guarded(&use_it(at(91)).await, SESSION));
        assert_eq!(found(&store, b"first").await, None);
        assert!(store.session_clients(&default(), "sid").await.unwrap().is_empty());
    }

    async fn the_sessions_of_a_user_are_listed_in_order_and_end_together(world: &World) {
        let store = world.open().await;
        for (number, user) in [(3, "auth0|ada"), (1, "auth0|ada"), (2, "auth0|bob"), (4, "auth0|ada")] {
            let id = format!("s{number}");
            put(&store, id.as_bytes(), &session(&id, user, number)).await.unwrap();
        }
        let list = async |after: Option<(_, &str)>, limit| {
            let listed = store.sessions_of_user(&default(), "auth0|ada", after, limit).await.unwrap();
            listed.into_iter().map(|stored| stored.session.id).collect::<Vec<_>>()
        };
        assert_eq!(list(None, 2).await, ["s1", "s3"]);
        assert_eq!(list(Some((at(3), "s3")), 2).await, ["s4"]);
        let mut batch = store.batch();
        batch.end_sessions_of_user(&default(), "auth0|ada");
        store.commit(batch).await.unwrap();
        assert!(list(None, 10).await.is_empty());
        assert!(found(&store, b"s2").await.is_some());
    }

    async fn a_sweep_takes_sessions_and_logins_that_have_ended(world: &World) {
        let store = world.open().await;
        begin(&store, b"a").await;
        put(&store, b"old", &session("old", "auth0|ada", 0)).await.unwrap();
        put(&store, b"new", &session("new", "auth0|ada", 10_000)).await.unwrap();
        let mut batch = store.batch();
        batch.join_session(&default(), "old", "web").join_session(&default(), "new", "web");
        store.commit(batch).await.unwrap();
        let swept = store.sweep(at(10_000), &Retention { event_days: 3 }).await.unwrap();
        assert_eq!((swept.logins, swept.sessions), (1, 1));
        assert!(found(&store, b"old").await.is_none() && found(&store, b"new").await.is_some());
        assert!(store.session_clients(&default(), "old").await.unwrap().is_empty());
        assert_eq!(store.session_clients(&default(), "new").await.unwrap(), ["web"]);
    }
}

on_both! {
    async fn an_opaque_token_is_found_until_it_expires_or_its_family_or_user_is_revoked(world: &World) {
        let store = world.open().await;
        let mut batch = store.batch();
        let token = |family: &str, user_id: &str| OpaqueToken {
            client_id: "web".to_owned(),
            user_id: user_id.to_owned(),
            scope: vec![family.to_owned()],
            requested: Vec::new(),
        };
        for (digest, family, user_id) in [(b"a", "f1", "auth0|ada"), (b"b", "f2", "auth0|ada"), (b"c", "f3", "auth0|bob")] {
            batch.keep_access_token(&default(), digest, family, &token(family, user_id), at(60));
        }
        store.commit(batch).await.unwrap();
        let find = async |digest: &[u8], seconds| store.find_access_token(&default(), digest, at(seconds)).await.unwrap().map(|token| token.scope.concat());
        assert_eq!(find(b"a", 59).await.as_deref(), Some("f1"));
        assert_eq!(find(b"a", 60).await, None);
        assert_eq!(store.find_access_token(&tenant("other"), b"a", at(0)).await.unwrap(), None);
        let mut batch = store.batch();
        batch.revoke_family(&default(), "f1");
        store.commit(batch).await.unwrap();
        assert_eq!((find(b"a", 1).await, find(b"b", 1).await.as_deref()), (None, Some("f2")));
        let mut batch = store.batch();
        batch.revoke_tokens_of_user(&default(), "auth0|ada");
        store.commit(batch).await.unwrap();
        assert_eq!((find(b"b", 1).await, find(b"c", 1).await.as_deref()), (None, Some("f3")));
        let swept = store.sweep(at(1000), &Retention { event_days: 3 }).await.unwrap();
        assert_eq!(swept.access_tokens, 1);
    }
}

on_both! {
    async fn what_one_client_was_given_is_revoked_alone(world: &World) {
        let store = world.open().await;
        let token = |client_id: &str, user_id: &str| OpaqueToken {
            client_id: client_id.to_owned(),
            user_id: user_id.to_owned(),
            scope: Vec::new(),
            requested: Vec::new(),
        };
        let mut batch = store.batch();
        for (digest, client_id, user_id) in [(b"a", "web", "auth0|ada"), (b"b", "tpc", "auth0|ada"), (b"c", "web", "auth0|bob"), (b"d", "", "auth0|ada")] {
            batch.keep_access_token(&default(), digest, "f", &token(client_id, user_id), at(60));
        }
        store.commit(batch).await.unwrap();
        let mut batch = store.batch();
        batch.revoke_tokens_of_grant(&default(), "auth0|ada", "web", "https://orders.test");
        store.commit(batch).await.unwrap();
        let mut left = Vec::new();
        for digest in [b"a", b"b", b"c", b"d"] {
            left.push(store.find_access_token(&default(), digest, at(0)).await.unwrap().is_some());
        }
        assert_eq!(left, [false, true, true, false]);
    }
}

on_both! {
    async fn every_session_of_a_user_ends_but_the_one_that_is_kept(world: &World) {
        let store = world.open().await;
        for (digest, sid, user) in [(b"1", "here", "auth0|ada"), (b"2", "there", "auth0|ada"), (b"3", "bobs", "auth0|bob")] {
            put(&store, digest, &session(sid, user, 0)).await.unwrap();
            let mut batch = store.batch();
            batch.join_session(&default(), sid, "web");
            store.commit(batch).await.unwrap();
        }
        let mut batch = store.batch();
        batch.end_other_sessions(&default(), "auth0|ada", "here");
        store.commit(batch).await.unwrap();
        let mut left = Vec::new();
        for sid in ["here", "there", "bobs"] {
            let clients = store.session_clients(&default(), sid).await.unwrap();
            left.push((store.find_session(&default(), sid).await.unwrap().is_some(), clients.len()));
        }
        assert_eq!(left, [(true, 1), (false, 0), (true, 1)]);
    }
}

on_both! {
    async fn a_deleted_user_leaves_no_session_and_no_opaque_token(world: &World) {
        let store = world.open().await;
        let ada = OpaqueToken { client_id: "web".to_owned(), user_id: "auth0|ada".to_owned(), scope: Vec::new(), requested: Vec::new() };
        put(&store, b"first", &session("sid", "auth0|ada", 0)).await.unwrap();
        let mut batch = store.batch();
        batch.join_session(&default(), "sid", "web");
        batch.keep_access_token(&default(), b"a", "f1", &ada, at(60));
        store.commit(batch).await.unwrap();
        let mut batch = store.batch();
        batch.delete_user(&default(), &UserId::parse("auth0|ada").unwrap(), at(0));
        store.commit(batch).await.unwrap();
        assert!(found(&store, b"first").await.is_none());
        assert!(store.session_clients(&default(), "sid").await.unwrap().is_empty());
        assert!(store.find_access_token(&default(), b"a", at(1)).await.unwrap().is_none());
    }
}
