//! Refresh tokens, as an administrator sees and revokes them.

use grantor_protocol::{
    authorize::{ClaimsRequest, Target},
    grants::{
        basis::Basis,
        refresh_token::{RefreshToken, Standing},
    },
    id_token::AuthTime,
    session::AuthenticationMethod,
};
use grantor_storage::Device;
use serde_json::{Value, json};

use crate::{
    accounts::{begin_session, sessions},
    support::{Answer, Api, text},
    users::{make, path},
};

const ORDERS: &str = "https://orders.test";

/// Issues a refresh token to `client_id` for `user`, in a session; answers with its id.
pub(crate) async fn issue(api: &Api, user: &Value, client_id: &str, session: &str) -> String {
    let (store, now) = (&api.management.store, api.management.env.now());
    let user_id = text(user, "/user_id").to_owned();
    let basis = Basis {
        client_id: client_id.to_owned(),
        user_id: user_id.clone(),
        session_id: Some(session.to_owned()),
        authenticated_at: now,
        auth_time: AuthTime::NotAskedFor,
        methods: vec![AuthenticationMethod::Password],
        target: Target::Api(ORDERS.to_owned()),
        requested_scope: vec!["read:orders".to_owned(), "offline_access".to_owned()],
        scope: vec!["read:orders".to_owned(), "offline_access".to_owned()],
        claims: ClaimsRequest::default(),
        pipeline: grantor_protocol::legacy::Pipeline::Conformant,
    };
    let token = RefreshToken {
        id: store.new_refresh_token_id(),
        family: format!("family of {now:?}"),
        user_id,
        client_id: client_id.to_owned(),
        audience: ORDERS.to_owned(),
        session_id: Some(session.to_owned()),
        created_at: now,
        standing: Standing::begin(None, now),
        basis,
    };
    let device = Device {
        ip: "192.0.2.7".to_owned(),
        user_agent: "a telephone".to_owned(),
    };
    let mut batch = store.batch();
    batch.issue_refresh_token(&api.tenant, &token, &device);
    store.commit(batch).await.unwrap();
    token.id
}

/// The ids of the living tokens of `user`.
pub(crate) async fn alive(api: &Api, user: &Value) -> Vec<String> {
    let found = api.read(&format!("{}/refresh-tokens", path(user))).await;
    let tokens = found["tokens"].as_array().unwrap().iter();
    tokens.map(|token| text(token, "/id").to_owned()).collect()
}

pub(crate) async fn rotating_client(api: &Api, rotation: &str) -> String {
    let body = json!({"name": rotation, "app_type": "native", "oidc_conformant": true,
        "grant_types": ["authorization_code", "refresh_token"],
        "refresh_token": {"rotation_type": rotation, "expiration_type": "expiring",
            "leeway": 0, "token_lifetime": 1000, "idle_token_lifetime": 100}});
    let made = api.make("/clients", body).await;
    text(&made, "/client_id").to_owned()
}

#[tokio::test]
async fn an_administrator_sees_refresh_tokens_without_the_tokens() {
    let api = Api::start().await;
    let user = make(&api, json!({})).await;
    let (rotating, still) = (
        rotating_client(&api, "rotating").await,
        rotating_client(&api, "non-rotating").await,
    );
    let mut ids = Vec::new();
    for client in [&rotating, &still, &still] {
        ids.push(issue(&api, &user, client, "s1").await);
    }
    let token = api.read(&format!("/refresh-tokens/{}", ids[0])).await;
    assert_eq!(token["user_id"], user["user_id"]);
    assert_eq!(token["client_id"], rotating.as_str());
    assert_eq!(
        (&token["rotating"], &token["session_id"]),
        (&json!(true), &json!("s1"))
    );
    assert_eq!(
        (&token["expires_at"], &token["idle_expires_at"]),
        (&json!(null), &json!(null))
    );
    assert_eq!(token["device"]["last_ip"], "192.0.2.7");
    assert_eq!(token["device"]["initial_user_agent"], "a telephone");
    let apis = json!([{"audience": ORDERS, "scopes": "read:orders offline_access"}]);
    assert_eq!(token["resource_servers"], apis);
    assert_eq!(token.get("refresh_token_metadata"), None);

    let user_id = text(&user, "/user_id").replace('|', "%7C");
    let query = format!("/refresh-tokens?user_id={user_id}");
    let page = api.read(&format!("{query}&take=2")).await;
    assert_eq!(page["refresh_tokens"].as_array().unwrap().len(), 2);
    let rest = format!("{query}&take=2&from={}", text(&page, "/next"));
    let rest = api.read(&rest).await;
    assert_eq!(text(&rest, "/refresh_tokens/0/id"), ids[2]);
    assert_eq!(rest.get("next"), None);
    let of_client = api
        .read(&format!("{query}&client_id={still}&fields=id,rotating"))
        .await;
    let expected = json!([{"id": ids[1], "rotating": false}, {"id": ids[2], "rotating": false}]);
    assert_eq!(of_client["refresh_tokens"], expected);
    let of_user = format!("{}/refresh-tokens?include_totals=true", path(&user));
    assert_eq!(api.read(&of_user).await["total"], 3);
    api.send("GET", "/refresh-tokens", Value::Null)
        .await
        .refused(400);
    api.send("GET", "/refresh-tokens/gone", Value::Null)
        .await
        .refused(404);
}

#[tokio::test]
async fn an_administrator_notes_something_about_a_refresh_token() {
    let api = Api::start().await;
    let user = make(&api, json!({})).await;
    let id = issue(&api, &user, "app", "s1").await;
    let path = format!("/refresh-tokens/{id}");
    let note = json!({"refresh_token_metadata": {"ticket": "17"}});
    let changed = api.send("PATCH", &path, note.clone()).await.ok(200);
    assert_eq!(
        changed["refresh_token_metadata"],
        note["refresh_token_metadata"]
    );
    assert_eq!(api.read(&path).await, changed);
    let cleared = json!({"refresh_token_metadata": null});
    api.send("PATCH", &path, cleared).await.ok(200);
    assert_eq!(api.read(&path).await.get("refresh_token_metadata"), None);
    for bad in [json!({"a": 1}), json!({"a": "x".repeat(256)})] {
        let bad = json!({"refresh_token_metadata": bad});
        api.send("PATCH", &path, bad).await.refused(400);
    }
    api.send("PATCH", "/refresh-tokens/gone", note)
        .await
        .refused(404);
}

#[tokio::test]
async fn refresh_tokens_are_revoked_one_by_one_and_together() {
    let api = Api::start().await;
    let (ada, bob) = (
        make(&api, json!({})).await,
        make(&api, json!({"email": "bob@x.test"})).await,
    );
    let first = issue(&api, &ada, "app", "s1").await;
    for client in ["app", "app", "web"] {
        issue(&api, &ada, client, "s1").await;
    }
    issue(&api, &bob, "app", "s2").await;
    let one = format!("/refresh-tokens/{first}");
    for _ in 0..2 {
        api.send("DELETE", &one, Value::Null).await.ok(204);
    }
    api.send("GET", &one, Value::Null).await.refused(404);
    assert_eq!(alive(&api, &ada).await.len(), 3);

    let ada_id = text(&ada, "/user_id");
    let revoke = async |body: Value| api.send("POST", "/refresh-tokens/revoke", body).await;
    for unclear in [
        json!({}),
        json!({"client_id": "app"}),
        json!({"client_id": "app", "audience": ORDERS}),
        json!({"user_id": ada_id, "audience": ORDERS}),
        json!({"ids": ["a"], "user_id": ada_id}),
    ] {
        let refused = revoke(unclear).await.refused(400);
        assert_eq!(refused, "Invalid combination of parameters.");
    }
    let ids = json!({"ids": [alive(&api, &ada).await[0], "gone"]});
    assert_eq!(revoke(ids).await.ok(202), json!({}));
    assert_eq!(alive(&api, &ada).await.len(), 2);
    let elsewhere = json!({"user_id": ada_id, "client_id": "app", "audience": "https://no.test"});
    revoke(elsewhere).await.ok(202);
    assert_eq!(alive(&api, &ada).await.len(), 2);
    let at_the_api = json!({"user_id": ada_id, "client_id": "app", "audience": ORDERS});
    revoke(at_the_api).await.ok(202);
    assert_eq!(alive(&api, &ada).await.len(), 1);
    let of_client = json!({"user_id": ada_id, "client_id": "web"});
    revoke(of_client).await.ok(202);
    assert_eq!(alive(&api, &ada).await, [""; 0]);
    let all = format!("{}/refresh-tokens", path(&bob));
    assert_eq!(
        api.send("DELETE", &all, Value::Null).await.ok(202),
        json!({})
    );
    assert_eq!(alive(&api, &bob).await, [""; 0]);
}

#[tokio::test]
async fn a_revoked_session_takes_along_what_was_issued_in_it() {
    let api = Api::start().await;
    let user = make(&api, json!({})).await;
    for session in ["s1", "s2"] {
        begin_session(&api, &user, session).await;
        issue(&api, &user, "app", session).await;
    }
    // Whoever just ends a session leaves refresh tokens alone.
    api.send("DELETE", "/sessions/s2", Value::Null)
        .await
        .ok(202);
    assert_eq!(alive(&api, &user).await.len(), 2);
    let ended = api.send("POST", "/sessions/s1/revoke", Value::Null).await;
    assert_eq!(ended.ended[0].session.id, "s1");
    assert_eq!(ended.ok(202), json!({}));
    assert_eq!(alive(&api, &user).await.len(), 1);
    assert_eq!(sessions(&api, &user).await, 0);
}

#[tokio::test]
async fn access_of_a_user_is_revoked_as_a_whole_or_by_session() {
    let api = Api::start().await;
    let user = make(&api, json!({})).await;
    let revoke = format!("{}/revoke-access", path(&user));
    for session in ["s1", "s2", "s3"] {
        begin_session(&api, &user, session).await;
        issue(&api, &user, "app", session).await;
    }
    let one = json!({"session_id": "s1"});
    let ended = api.send("POST", &revoke, one).await;
    assert_eq!(ended.ended.len(), 1);
    assert_eq!(ended.ok(202), json!({}));
    assert_eq!(
        (sessions(&api, &user).await, alive(&api, &user).await.len()),
        (2, 2)
    );
    let one = json!({"session_id": "s2", "preserve_refresh_tokens": true});
    api.send("POST", &revoke, one).await.ok(202);
    assert_eq!(
        (sessions(&api, &user).await, alive(&api, &user).await.len()),
        (1, 2)
    );
    // A session of somebody else is not this user's to end.
    let bob = make(&api, json!({"email": "bob@x.test"})).await;
    begin_session(&api, &bob, "of-bob").await;
    api.send("POST", &revoke, json!({"session_id": "of-bob"}))
        .await
        .ok(202);
    assert_eq!(sessions(&api, &bob).await, 1);
    let kept = json!({"preserve_refresh_tokens": true});
    api.send("POST", &revoke, kept).await.ok(202);
    assert_eq!(
        (sessions(&api, &user).await, alive(&api, &user).await.len()),
        (0, 2)
    );
    begin_session(&api, &user, "s4").await;
    api.send("POST", &revoke, json!({})).await.ok(202);
    assert_eq!(
        (sessions(&api, &user).await, alive(&api, &user).await.len()),
        (0, 0)
    );
    let nobody = api.send("POST", "/users/auth0%7Cnobody/revoke-access", json!({}));
    nobody.await.refused(404);
}
