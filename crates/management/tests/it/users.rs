//! Users: made, found, changed.

use grantor_storage::users::IdentityKey;
use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer, text};

pub(crate) const DB: &str = "Username-Password-Authentication";
pub(crate) const PASSWORD: &str = "Passw0rd!-x";

pub(crate) async fn make(api: &Api, more: Value) -> Value {
    let mut body = json!({"connection": DB, "email": "ada@x.test", "password": PASSWORD});
    let more = more.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(more);
    api.make("/users", body).await
}

pub(crate) fn path(user: &Value) -> String {
    format!("/users/{}", text(user, "/user_id").replace('|', "%7C"))
}

pub(crate) async fn change(api: &Api, user: &Value, body: Value) -> Value {
    api.send("PATCH", &path(user), body).await.ok(200)
}

/// Gives the first database other options.
async fn options(api: &Api, options: Value) {
    let found = api.read(&format!("/connections?name={DB}")).await;
    let path = format!("/connections/{}", text(&found, "/0/id"));
    api.send("PATCH", &path, json!({"options": options}))
        .await
        .ok(200);
}

pub(crate) async fn password_hash(api: &Api, user: &Value) -> Option<String> {
    let id = text(user, "/user_id").parse_id();
    let key = IdentityKey::from(&id);
    let found = api.management.store.find_password(&api.tenant, &key);
    found.await.unwrap().map(|found| found.hash)
}

pub(crate) trait ParseId {
    fn parse_id(&self) -> grantor_protocol::users::UserId;
}

impl ParseId for str {
    fn parse_id(&self) -> grantor_protocol::users::UserId {
        grantor_protocol::users::UserId::parse(self).unwrap()
    }
}

#[tokio::test]
async fn a_user_is_made_with_what_is_derived_from_its_address() {
    let api = Api::start().await;
    let made = make(&api, json!({"email": "Chuck@Example.com"})).await;
    assert_eq!(made["email"], "chuck@example.com");
    let id = text(&made, "/user_id");
    assert!(id.starts_with("auth0|") && id.len() == 30, "{id}");
    let expected = json!({
        "user_id": id,
        "email": "chuck@example.com",
        "email_verified": false,
        "name": "chuck@example.com",
        "nickname": "chuck",
        "picture": "https://s.gravatar.com/avatar/0b79e7da7bc7877560620cf8f2cc93ae?s=480&r=pg&d=https%3A%2F%2Fcdn.auth0.com%2Favatars%2Fch.png",
        "identities": [{"connection": DB, "user_id": &id[6..], "provider": "auth0",
            "isSocial": false}],
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
    });
    assert_eq!(made, expected);
    assert_eq!(api.read(&path(&made)).await, expected);
    assert_eq!(
        password_hash(&api, &made).await.as_deref(),
        Some("hash of Passw0rd!-x")
    );
}

#[tokio::test]
async fn everything_that_was_sent_is_read_back() {
    let api = Api::start().await;
    let sent = json!({"given_name": "Ada", "family_name": "Lovelace", "name": "Ada Lovelace",
        "nickname": "ada", "picture": "https://x.test/a.png", "blocked": false,
        "email_verified": true, "user_metadata": {"color": "red"}, "app_metadata": {"plan": "gold"}});
    let made = make(&api, sent.clone()).await;
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&made[name], value, "{name}");
    }
    let own = make(&api, json!({"email": "own@x.test", "user_id": "my-own-id"})).await;
    assert_eq!(own["user_id"], "auth0|my-own-id");
    let prefixed = json!({"email": "pre@x.test", "user_id": "auth0|other"});
    assert_eq!(make(&api, prefixed).await["user_id"], "auth0|other");
}

#[tokio::test]
async fn a_taken_address_or_id_is_a_conflict_and_other_connections_are_free() {
    let api = Api::start().await;
    let made = make(&api, json!({"user_id": "one"})).await;
    for body in [
        json!({"connection": DB, "email": "ADA@x.test", "password": PASSWORD}),
        json!({"connection": DB, "email": "b@x.test", "password": PASSWORD, "user_id": "one"}),
    ] {
        let response = api.send("POST", "/users", body).await;
        assert_eq!(
            response.body.as_ref().unwrap()["errorCode"],
            "auth0_idp_error"
        );
        assert_eq!(response.refused(409), "The user already exists.");
    }
    api.make(
        "/connections",
        json!({"name": "Customers", "strategy": "auth0"}),
    )
    .await;
    let other = make(&api, json!({"connection": "Customers"})).await;
    let found = api.read("/users-by-email?email=ADA@x.test").await;
    let mut ids = [text(&made, "/user_id"), text(&other, "/user_id")];
    let mut found_ids = [text(&found, "/0/user_id"), text(&found, "/1/user_id")];
    ids.sort_unstable();
    found_ids.sort_unstable();
    assert_eq!(found_ids, ids);
}

#[tokio::test]
async fn what_a_connection_does_not_have_is_refused_in_words() {
    let api = Api::start().await;
    api.make(
        "/connections",
        json!({"name": "google", "strategy": "google-oauth2"}),
    )
    .await;
    for (body, status, sentence) in [
        (
            json!({"connection": "none", "email": "a@x.test"}),
            400,
            "The connection does not exist.",
        ),
        (
            json!({"connection": "google", "email": "a@x.test"}),
            400,
            "Connection does not support user creation through the API. It must either be a \
             database or passwordless connection",
        ),
        (
            json!({"connection": DB, "email": "a@x.test"}),
            400,
            "Payload validation error: 'Missing required property: password'.",
        ),
        (
            json!({"connection": DB, "password": PASSWORD}),
            400,
            "Payload validation error: 'Missing required property: email'.",
        ),
        (
            json!({"email": "a@x.test", "password": PASSWORD}),
            400,
            "Payload validation error: 'Missing required property: connection'.",
        ),
        (
            json!({"connection": DB, "email": "a@x.test", "password": PASSWORD, "username": "ada"}),
            400,
            "Cannot set username for connection without requires_username",
        ),
        (
            json!({"connection": DB, "email": "ada", "password": PASSWORD}),
            400,
            "Payload validation error: 'Object didn't pass validation for format email: ada' on \
             property email.",
        ),
        (
            json!({"connection": DB, "email": "a@x.test", "password": PASSWORD,
                "app_metadata": {"email": "x"}}),
            400,
            "Payload validation error: 'Additional properties not allowed: email' on property \
             app_metadata.",
        ),
        (
            json!({"connection": DB, "email": "a@x.test", "password": "abc"}),
            400,
            "PasswordStrengthError: Password is too weak",
        ),
    ] {
        let refused = api.send("POST", "/users", body).await.refused(status);
        assert_eq!(refused, sentence);
    }
    assert_eq!(api.read("/users").await, json!([]));
}

/// J3-3 at the API.
#[tokio::test]
async fn j3_3_the_policy_of_the_connection_decides_on_new_passwords() {
    let api = Api::start().await;
    options(
        &api,
        json!({"passwordPolicy": "low", "password_history": {"enable": true, "size": 2},
            "password_no_personal_info": {"enable": true},
            "password_dictionary": {"enable": true, "dictionary": ["hunter2"]}}),
    )
    .await;
    let made = make(&api, json!({"password": "first-1"})).await;
    for (password, sentence) in [
        ("short", "PasswordStrengthError: Password is too weak"),
        ("hunter2", "PasswordDictionaryError: Password is too common"),
        (
            "ada@x.test",
            "PasswordNoUserInfoError: Password contains user information",
        ),
        (
            "first-1",
            "PasswordHistoryError: Password has previously been used",
        ),
    ] {
        let body = json!({"password": password});
        let refused = api.send("PATCH", &path(&made), body).await.refused(400);
        assert_eq!(refused, sentence);
    }
    for password in ["second-2", "third-3", "fourth-4", "first-1"] {
        change(&api, &made, json!({"password": password})).await;
    }
    assert_eq!(
        password_hash(&api, &made).await.as_deref(),
        Some("hash of first-1")
    );
}

#[tokio::test]
async fn metadata_merge_on_the_first_level_and_null_removes() {
    let api = Api::start().await;
    let made = make(
        &api,
        json!({"user_metadata": {"a": 1, "b": {"c": 2}}, "app_metadata": {"x": true}}),
    )
    .await;
    let changed = change(
        &api,
        &made,
        json!({"user_metadata": {"a": null, "b": {"d": 3}}, "given_name": "Ada"}),
    )
    .await;
    assert_eq!(changed["user_metadata"], json!({"b": {"d": 3}}));
    assert_eq!(changed["app_metadata"], json!({"x": true}));
    assert_ne!(changed["updated_at"], made["updated_at"]);
    let emptied = json!({"user_metadata": {}, "app_metadata": {}, "given_name": null});
    let emptied = change(&api, &made, emptied).await;
    assert_eq!(emptied["user_metadata"], json!({}));
    assert_eq!(
        (emptied.get("app_metadata"), emptied.get("given_name")),
        (None, None)
    );
}

#[tokio::test]
async fn an_address_that_changes_is_found_at_once_and_not_verified() {
    let api = Api::start().await;
    let made = make(&api, json!({"email_verified": true})).await;
    let changed = change(&api, &made, json!({"email": "Countess@x.test"})).await;
    assert_eq!(
        (&changed["email"], &changed["email_verified"]),
        (&json!("countess@x.test"), &json!(false))
    );
    let found = api.read("/users-by-email?email=countess@x.test").await;
    assert_eq!(found, json!([changed]));
    // The former address is free again.
    make(&api, json!({})).await;
    let body = json!({"email": "ada@x.test"});
    let sentence = api.send("PATCH", &path(&made), body).await.refused(409);
    assert_eq!(sentence, "The user already exists.");
    let verified = change(&api, &made, json!({"email_verified": true})).await;
    assert_eq!(verified["email_verified"], true);
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let api = Api::start().await;
    let made = make(&api, json!({})).await;
    for (body, sentence) in [
        (
            json!({"password": PASSWORD, "email": "b@x.test"}),
            "Cannot update password and email simultaneously",
        ),
        (
            json!({"password": PASSWORD, "email_verified": true}),
            "Cannot update password and email_verified simultaneously",
        ),
        (
            json!({"username": "b", "email": "b@x.test"}),
            "Cannot update username and email simultaneously",
        ),
        (
            json!({"username": "b", "password": PASSWORD}),
            "Cannot update username and password simultaneously",
        ),
        (
            json!({"username": "b"}),
            "Cannot set username for connection without requires_username",
        ),
        (
            json!({"connection": "none", "password": PASSWORD}),
            "Connection does not exist",
        ),
        (
            json!({"email": null}),
            "Payload validation error: 'Missing required property: email'.",
        ),
    ] {
        let refused = api.send("PATCH", &path(&made), body).await.refused(400);
        assert_eq!(refused, sentence);
    }
    let body = json!({"given_name": "x"});
    let response = api.send("PATCH", "/users/auth0%7Cnobody", body).await;
    assert_eq!(response.refused(404), "The user does not exist.");
}

#[tokio::test]
async fn usernames_follow_the_limits_of_the_connection() {
    let api = Api::start().await;
    let limits =
        json!({"requires_username": true, "validation": {"username": {"min": 3, "max": 5}}});
    options(&api, limits).await;
    let body = json!({"connection": DB, "email": "a@x.test", "password": PASSWORD});
    let sentence = api.send("POST", "/users", body).await.refused(400);
    assert_eq!(
        sentence,
        "Payload validation error: 'Missing required property: username'."
    );
    let made = make(&api, json!({"username": "Ada_L"})).await;
    assert_eq!(made["username"], "ada_l");
    for bad in ["ab", "toolong", "a b c"] {
        let body = json!({"username": bad});
        api.send("PATCH", &path(&made), body).await.refused(400);
    }
    let body =
        json!({"email": "b@x.test", "connection": DB, "password": PASSWORD, "username": "ADA_L"});
    api.send("POST", "/users", body).await.refused(409);
}

/// J3-8.
#[tokio::test]
async fn j3_8_a_search_finds_a_user_at_once() {
    let api = Api::start().await;
    for number in 0..5 {
        let more = json!({"email": format!("user{number}@x.test"),
            "app_metadata": {"level": number}, "blocked": number == 4});
        make(&api, more).await;
    }
    let emails = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|user| text(user, "/email").to_owned()).collect()
    };
    for (query, expected) in [
        ("q=email:user3@x.test", vec![3]),
        ("q=email:%22USER3@x.test%22&search_engine=v3", vec![3]),
        ("q=app_metadata.level:[3 TO *]&sort=email:-1", vec![4, 3]),
        ("q=blocked:true", vec![4]),
        ("sort=created_at:-1&per_page=2&page=1", vec![2, 1]),
        ("q=nickname:user0 OR nickname:user1", vec![0, 1]),
        ("connection=none", vec![]),
        (
            "connection=Username-Password-Authentication&per_page=1",
            vec![0],
        ),
    ] {
        let found = api
            .read(&format!("/users?{}", query.replace(' ', "%20")))
            .await;
        let expected: Vec<_> = expected
            .iter()
            .map(|number| format!("user{number}@x.test"))
            .collect();
        assert_eq!(emails(&found), expected, "{query}");
    }
    let totals = api
        .read("/users?include_totals=true&per_page=2&page=2&fields=email,identities.connection")
        .await;
    assert_eq!(
        (
            &totals["start"],
            &totals["limit"],
            &totals["length"],
            &totals["total"]
        ),
        (&json!(4), &json!(2), &json!(1), &json!(5))
    );
    let members: Vec<_> = totals["users"][0].as_object().unwrap().keys().collect();
    assert_eq!(members.len(), 2, "{members:?}");
    for (query, part) in [
        ("q=email:", "Invalid search"),
        ("search_engine=v1", "not allowed to use search_engine=v1"),
        ("search_engine=v2", "Use search_engine=v3 instead"),
        ("page=10&per_page=100", "first 1000 records"),
        ("sort=user_metadata.x:1", "cannot sort by"),
        ("per_page=101", "greater than maximum 100"),
    ] {
        let path = format!("/users?{query}");
        let sentence = api.send("GET", &path, Value::Null).await.refused(400);
        assert!(sentence.contains(part), "{sentence}");
    }
}

/// J9: whoever may write metadata alone writes nothing else, and whoever acts for itself acts on itself alone.
#[tokio::test]
async fn narrow_scopes_write_what_they_say() {
    let api = Api::start().await;
    let made = make(&api, json!({"user_id": "ada"})).await;
    let other = make(&api, json!({"email": "b@x.test"})).await;
    let mut caller = bearer(&["update:users_app_metadata"]);
    let send = async |caller: &_, user: &Value, body: Value| {
        api.send_as(caller, "PATCH", &path(user), body).await
    };
    let allowed = json!({"app_metadata": {"plan": "gold"}});
    send(&caller, &made, allowed).await.ok(200);
    send(&caller, &made, json!({"blocked": true}))
        .await
        .refused(403);
    caller = bearer(&["update:current_user_metadata", "read:current_user"]);
    "auth0|ada".clone_into(&mut caller.subject);
    let own = json!({"user_metadata": {"color": "red"}});
    send(&caller, &made, own.clone()).await.ok(200);
    for (user, body) in [
        (&other, own),
        (&made, json!({"app_metadata": {"plan": "x"}})),
    ] {
        send(&caller, user, body).await.refused(403);
    }
    let sentence = api
        .send_as(&caller, "GET", &path(&other), Value::Null)
        .await
        .refused(403);
    assert_eq!(
        sentence,
        "User to be acted on does not match subject in bearer token."
    );
    api.send_as(&caller, "GET", &path(&made), Value::Null)
        .await
        .ok(200);
}

#[tokio::test]
async fn no_password_and_no_hash_is_in_the_log() {
    let api = Api::start().await;
    let made = make(&api, json!({"password": "Unf0rgettable-1"})).await;
    change(&api, &made, json!({"password": "Unf0rgettable-2"})).await;
    let weak = json!({"password": "unforgettable"});
    api.send("PATCH", &path(&made), weak).await.refused(400);
    let log = api.read("/logs?per_page=100").await.to_string();
    assert!(log.contains("Create a user") && log.contains("Update a user"));
    assert!(!log.to_lowercase().contains("unf0rgettable"), "{log}");
    assert!(!log.contains("unforgettable"), "{log}");
}
