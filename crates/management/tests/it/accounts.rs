//! Accounts: their sessions, linking them, and what is left of them.

use grantor_protocol::{
    document::Document,
    env::Timestamp,
    model::UserGrant,
    session::{AuthenticationMethod, BrowserSession, Limits, Persistence},
};
use grantor_storage::Device;
use serde_json::{Value, json};

use crate::{
    support::{Answer, Api, bearer, text},
    users::{ParseId as _, change, make, password_hash, path},
};

pub(crate) async fn begin_session(api: &Api, user: &Value, id: &str) {
    let now = api.management.env.now();
    let session = BrowserSession {
        id: id.to_owned(),
        user_id: text(user, "/user_id").to_owned(),
        authenticated_at: now,
        methods: vec![AuthenticationMethod::Password],
        last_used_at: now,
        persistence: Persistence::Persistent,
        limits: Limits {
            absolute_seconds: 7 * 86_400,
            idle_seconds: 3 * 86_400,
        },
    };
    let device = Device {
        ip: "192.0.2.1".to_owned(),
        user_agent: "a browser".to_owned(),
    };
    let mut batch = api.management.store.batch();
    batch.put_session(&api.tenant, id.as_bytes(), &session, &device);
    batch.join_session(&api.tenant, id, "app");
    api.management.store.commit(batch).await.unwrap();
}

pub(crate) async fn sessions(api: &Api, user: &Value) -> usize {
    let found = api.read(&format!("{}/sessions", path(user))).await;
    found["sessions"].as_array().unwrap().len()
}

/// J3-4, its part about sessions; J3-2, its part about the API.
#[tokio::test]
async fn j3_4_blocking_and_a_new_password_end_the_sessions() {
    let api = Api::start().await;
    let made = make(&api, json!({})).await;
    begin_session(&api, &made, "one").await;
    change(&api, &made, json!({"given_name": "Ada"})).await;
    assert_eq!(sessions(&api, &made).await, 1);
    let changed = change(&api, &made, json!({"password": "An0ther-one"})).await;
    assert_eq!(sessions(&api, &made).await, 0);
    assert_eq!(changed["last_password_reset"], changed["updated_at"]);
    begin_session(&api, &made, "two").await;
    let blocked = change(&api, &made, json!({"blocked": true})).await;
    assert_eq!(blocked["blocked"], true);
    assert_eq!(sessions(&api, &made).await, 0);
}

/// J14: what an administrator sees of sessions, and how they end.
#[tokio::test]
async fn j14_an_administrator_sees_and_ends_sessions() {
    let api = Api::start().await;
    let made = make(&api, json!({})).await;
    for id in ["s1", "s2", "s3"] {
        begin_session(&api, &made, id).await;
    }
    let session = api.read("/sessions/s1").await;
    assert_eq!(session["user_id"], made["user_id"]);
    assert_eq!(session["clients"], json!([{"client_id": "app"}]));
    assert_eq!(session["device"]["initial_ip"], "192.0.2.1");
    assert_eq!(text(&session, "/authentication/methods/0/name"), "pwd");
    let of_user = format!("{}/sessions", path(&made));
    let page = api.read(&format!("{of_user}?take=2")).await;
    assert_eq!(page["sessions"].as_array().unwrap().len(), 2);
    let rest = format!("{of_user}?take=2&from={}", text(&page, "/next"));
    let rest = api.read(&rest).await;
    assert_eq!(text(&rest, "/sessions/0/id"), "s3");
    assert_eq!(rest.get("next"), None);

    for (method, path) in [("DELETE", "/sessions/s1"), ("POST", "/sessions/s2/revoke")] {
        let ended = api.send(method, path, Value::Null).await.ok(202);
        assert_eq!(ended, json!({}));
    }
    assert_eq!(sessions(&api, &made).await, 1);
    api.send("GET", "/sessions/s1", Value::Null)
        .await
        .refused(404);
    api.send("DELETE", &of_user, Value::Null).await.ok(202);
    assert_eq!(sessions(&api, &made).await, 0);
}

/// J14-5, as an administrator sees it.
#[tokio::test]
async fn j14_5_a_session_that_idled_too_long_is_not_shown() {
    let api = Api::start().await;
    let made = make(&api, json!({})).await;
    begin_session(&api, &made, "s1").await;
    let settings = json!({"idle_session_lifetime": 1});
    api.send("PATCH", "/tenants/settings", settings)
        .await
        .ok(200);
    api.clock.advance_seconds(59 * 60);
    assert_eq!(sessions(&api, &made).await, 1);
    api.clock.advance_seconds(2 * 60);
    assert_eq!(sessions(&api, &made).await, 0);
    api.send("GET", "/sessions/s1", Value::Null)
        .await
        .refused(404);
}

/// J1-5, its part about the API, and what is left of a user: nothing.
#[tokio::test]
async fn j1_5_a_deleted_user_leaves_no_consent_and_no_session() {
    let api = Api::start().await;
    let made = make(&api, json!({"user_id": "ada"})).await;
    begin_session(&api, &made, "s1").await;
    let grant = json!({"id": "0123456789abcdef01234567", "clientID": "app",
        "user_id": "auth0|ada", "audience": "https://api.test", "scope": ["read:x"]});
    let mut batch = api.management.store.batch();
    batch.insert(
        &api.tenant,
        &UserGrant::KIND,
        &grant,
        Timestamp::from_seconds(0),
    );
    api.management.store.commit(batch).await.unwrap();
    assert_eq!(api.read("/grants").await.as_array().unwrap().len(), 1);

    api.send("DELETE", &path(&made), Value::Null).await.ok(204);

    assert_eq!(api.read("/grants").await, json!([]));
    api.send("GET", &path(&made), Value::Null)
        .await
        .refused(404);
    api.send("GET", "/sessions/s1", Value::Null)
        .await
        .refused(404);
    assert_eq!(password_hash(&api, &made).await, None);
    api.send("DELETE", &path(&made), Value::Null).await.ok(204);
    make(&api, json!({"user_id": "ada"})).await;
}

#[tokio::test]
async fn accounts_are_linked_and_taken_apart() {
    let api = Api::start().await;
    let one = make(
        &api,
        json!({"user_id": "one", "user_metadata": {"kept": 1}}),
    )
    .await;
    let two = make(&api, json!({"user_id": "two", "email": "two@x.test"})).await;
    begin_session(&api, &two, "s2").await;
    let identities = format!("{}/identities", path(&one));
    let body = json!({"provider": "auth0", "user_id": "auth0|two"});
    let linked = api.send("POST", &identities, body.clone()).await.ok(201);
    assert_eq!(linked.as_array().unwrap().len(), 2);
    assert_eq!(text(&linked, "/1/profileData/email"), "two@x.test");
    api.send("GET", &path(&two), Value::Null).await.refused(404);
    api.send("GET", "/sessions/s2", Value::Null)
        .await
        .refused(404);
    let whole = api.read(&path(&one)).await;
    assert_eq!(whole["user_metadata"], json!({"kept": 1}));
    for (body, status, sentence) in [
        (body, 409, "Specified identity already exists"),
        (
            json!({"provider": "auth0", "user_id": "one"}),
            400,
            "Main identity and the new one are the same",
        ),
        (
            json!({"provider": "auth0", "user_id": "nobody"}),
            400,
            "Linking to an inexistent identity is not allowed",
        ),
        (
            json!({"provider": "auth0"}),
            400,
            "Payload validation error: 'Missing required property: user_id'.",
        ),
    ] {
        let refused = api.send("POST", &identities, body).await.refused(status);
        assert_eq!(refused, sentence);
    }
    let unlink = |bare: &str| format!("{identities}/auth0/{bare}");
    let sentence = api
        .send("DELETE", &unlink("one"), Value::Null)
        .await
        .refused(400);
    assert_eq!(sentence, "Main identity cannot be removed");
    let left = api
        .send("DELETE", &unlink("two"), Value::Null)
        .await
        .ok(200);
    assert_eq!(left.as_array().unwrap().len(), 1);
    let own = api.read(&path(&two)).await;
    assert_eq!(
        (&own["email"], own.get("profileData")),
        (&json!("two@x.test"), None)
    );
}

/// What a page does that lets people link their own accounts: two tokens prove both.
#[tokio::test]
async fn a_user_links_an_account_that_it_proves_to_be_its_own() {
    let api = Api::start().await;
    let one = make(&api, json!({"user_id": "one"})).await;
    make(&api, json!({"user_id": "two", "email": "two@x.test"})).await;
    let identities = format!("{}/identities", path(&one));
    let mut caller = bearer(&["update:current_user_identities"]);
    "auth0|one".clone_into(&mut caller.subject);
    let later = api.management.env.now().plus_seconds(60).seconds();
    let token = |iss: &str, aud: &str, exp: i64| json!({"link_with": format!("{iss} auth0|two {aud} {exp}")});
    let own = "https://login.test/";
    for (body, status, sentence) in [
        (
            token("https://evil.test/", "svc", later),
            400,
            "Invalid token (link_with)",
        ),
        (
            token(own, "svc", later - 120),
            400,
            "Invalid token (link_with)",
        ),
        (
            token(own, "other", later),
            400,
            "JWT (link_with) must have an aud claim that matches that of the calling token's azp",
        ),
        (
            json!({"provider": "auth0", "user_id": "two"}),
            403,
            "Insufficient scope, expected any of: update:users",
        ),
    ] {
        let refused = api.send_as(&caller, "POST", &identities, body).await;
        assert_eq!(refused.refused(status), sentence);
    }
    let body = token(own, "svc", later);
    let linked = api
        .send_as(&caller, "POST", &identities, body)
        .await
        .ok(201);
    assert_eq!(linked.as_array().unwrap().len(), 2);
    "auth0|stranger".clone_into(&mut caller.subject);
    let body = token(own, "svc", later);
    api.send_as(&caller, "POST", &identities, body)
        .await
        .refused(403);
}

#[tokio::test]
async fn tokens_of_other_providers_are_shown_to_those_who_may_see_them() {
    let api = Api::start().await;
    let made = make(&api, json!({"user_id": "one"})).await;
    let id = "auth0|one".parse_id();
    let stored = api.management.store.find_user(&api.tenant, &id).await;
    let stored = stored.unwrap().unwrap();
    let mut user = stored.user;
    user.identities[0]
        .rest
        .insert("access_token".to_owned(), json!("of the provider"));
    let mut batch = api.management.store.batch();
    batch.replace_user(&api.tenant, &user, stored.revision);
    api.management.store.commit(batch).await.unwrap();
    for (scope, shown) in [("read:users", false), ("read:user_idp_tokens", true)] {
        let caller = bearer(&[scope]);
        let response = api.send_as(&caller, "GET", &path(&made), Value::Null).await;
        let token = response.ok(200)["identities"][0]
            .get("access_token")
            .is_some();
        assert_eq!(token, shown, "{scope}");
    }
}

#[tokio::test]
async fn an_administrator_notes_something_about_a_session() {
    let api = Api::start().await;
    let made = make(&api, json!({})).await;
    begin_session(&api, &made, "s1").await;
    let note = json!({"session_metadata": {"ticket": "17"}});
    let changed = api
        .send("PATCH", "/sessions/s1", note.clone())
        .await
        .ok(200);
    assert_eq!(changed["session_metadata"], note["session_metadata"]);
    // A login that renews the session keeps the note.
    begin_session(&api, &made, "s1").await;
    let read = api.read("/sessions/s1").await;
    assert_eq!(read["session_metadata"], note["session_metadata"]);
    let cleared = json!({"session_metadata": null});
    api.send("PATCH", "/sessions/s1", cleared).await.ok(200);
    assert_eq!(api.read("/sessions/s1").await.get("session_metadata"), None);
    let long = json!({"session_metadata": {"a": "x".repeat(256)}});
    api.send("PATCH", "/sessions/s1", long).await.refused(400);
    api.send("PATCH", "/sessions/s9", note).await.refused(404);
}
