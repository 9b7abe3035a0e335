//! Jobs: imports of users, and mails that verify an address.

use grantor_protocol::users::UserId;
use grantor_storage::users::IdentityKey;
use serde_json::{Value, json};

use crate::support::{Answer, Api, text};

pub(crate) const DB: &str = "Username-Password-Authentication";

pub(crate) async fn database(api: &Api) -> String {
    let found = api.read(&format!("/connections?name={DB}")).await;
    text(&found, "/0/id").to_owned()
}

pub(crate) async fn import(api: &Api, users: &Value, more: &[(&str, &str)]) -> Value {
    let (id, users) = (database(api).await, users.to_string());
    let mut parts = vec![("users", users.as_str()), ("connection_id", id.as_str())];
    parts.extend(more);
    api.upload("/jobs/users-imports", &parts).await.ok(202)
}

pub(crate) async fn job(api: &Api, made: &Value) -> Value {
    api.read(&format!("/jobs/{}", text(made, "/id"))).await
}

async fn errors(api: &Api, made: &Value) -> Value {
    let path = format!("/jobs/{}/errors", text(made, "/id"));
    api.send("GET", &path, Value::Null)
        .await
        .body
        .unwrap_or_default()
}

async fn hash(api: &Api, id: &str) -> Option<String> {
    let key = IdentityKey::from(&UserId::parse(id).unwrap());
    let found = api.management.store.find_password(&api.tenant, &key);
    found.await.unwrap().map(|found| found.hash)
}

#[tokio::test]
async fn users_are_imported_with_the_hashes_of_another_system() {
    let api = Api::start().await;
    let users = json!([
        {"email": "One@x.test", "email_verified": true, "user_id": "one",
            "password_hash": "$2b$10$abcdefghijklmnopqrstuv", "app_metadata": {"plan": "gold"},
            "user_metadata": {"color": "red"}, "given_name": "Ada", "blocked": true},
        {"email": "two@x.test", "user_id": "auth0|two",
            "custom_password_hash": {"algorithm": "md5", "hash": {"value": "x"}}},
        {"email": "three@x.test"},
    ]);
    let made = import(&api, &users, &[("external_id", "batch-7")]).await;
    assert_eq!(
        (&made["type"], &made["status"], &made["external_id"]),
        (&json!("users_import"), &json!("pending"), &json!("batch-7"))
    );
    assert_eq!(made["connection"], DB);
    assert_eq!(job(&api, &made).await["percentage_done"], 0);

    api.work().await;

    let done = job(&api, &made).await;
    assert_eq!(done["status"], "completed");
    assert_eq!(
        done["summary"],
        json!({"failed": 0, "updated": 0, "inserted": 3, "total": 3})
    );
    assert_eq!(errors(&api, &made).await, Value::Null);
    let one = api.read("/users/auth0%7Cone").await;
    for (member, expected) in [
        ("email", json!("one@x.test")),
        ("email_verified", json!(true)),
        ("app_metadata", json!({"plan": "gold"})),
        ("given_name", json!("Ada")),
        ("blocked", json!(true)),
        ("name", json!("one@x.test")),
    ] {
        assert_eq!(one[member], expected, "{member}");
    }
    assert!(
        hash(&api, "auth0|one")
            .await
            .unwrap()
            .starts_with("$2b$10$")
    );
    assert!(hash(&api, "auth0|two").await.unwrap().contains("md5"));
    // Nobody is asked to verify what came from elsewhere.
    assert!(api.mails().await.is_empty());
}

#[tokio::test]
async fn rows_that_fail_are_told_one_by_one_and_their_hashes_are_not() {
    let api = Api::start().await;
    let body = json!({"connection": DB, "email": "old@x.test", "password": "Passw0rd!-x"});
    api.make("/users", body).await;
    let users = json!([
        {"email": "good@x.test"},
        {"email": "bad"},
        {"name": "nobody"},
        {"email": "old@x.test", "password_hash": "$2b$secret"},
        {"email": "a@x.test", "password_hash": "plain"},
        {"email": "b@x.test", "password": "not allowed"},
        {"email": "c@x.test", "mfa_factors": [{"totp": {"secret": "ABC"}}]},
        {"email": "good@x.test"},
        "text",
    ]);
    let made = import(&api, &users, &[]).await;
    api.work().await;
    assert_eq!(
        job(&api, &made).await["summary"],
        json!({"failed": 8, "updated": 0, "inserted": 1, "total": 9})
    );
    let told = errors(&api, &made).await;
    let codes: Vec<_> = told
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (text(row, "/errors/0/code"), row["errors"][0].get("path")))
        .collect();
    let path = |path| Some(Value::from(path));
    let expected = [
        ("INVALID_FORMAT", path("email")),
        ("MISSING_REQUIRED_PROPERTY", None),
        ("DUPLICATED_USER", None),
        ("INVALID_FORMAT", path("password_hash")),
        ("INVALID_FORMAT", None),
        ("INVALID_FORMAT", path("mfa_factors")),
        ("DUPLICATED_USER", None),
        ("INVALID_FORMAT", None),
    ];
    for (found, expected) in codes.iter().zip(&expected) {
        assert_eq!((found.0, found.1), (expected.0, expected.1.as_ref()));
    }
    assert_eq!(codes.len(), expected.len());
    assert_eq!(
        told[2]["errors"][0]["message"],
        "The user already exist and upsert parameter is false"
    );
    let all = told.to_string();
    assert!(
        !all.contains("secret\"") && !all.contains("plain") && !all.contains("ABC"),
        "{all}"
    );
}

#[tokio::test]
async fn an_upsert_changes_what_is_there_but_no_password_that_was_used() {
    let api = Api::start().await;
    let body = json!({"connection": DB, "email": "ada@x.test", "password": "Passw0rd!-x",
        "user_id": "ada", "app_metadata": {"a": 1}, "blocked": false});
    api.make("/users", body).await;
    let row = json!([{"email": "ADA@x.test", "app_metadata": {"b": 2}, "given_name": "Ada",
        "email_verified": true, "blocked": true, "password_hash": "$new"}]);
    let made = import(&api, &row, &[("upsert", "true")]).await;
    api.work().await;
    assert_eq!(job(&api, &made).await["summary"]["updated"], 1);
    let ada = api.read("/users/auth0%7Cada").await;
    assert_eq!(ada["app_metadata"], json!({"a": 1, "b": 2}));
    assert_eq!(
        (&ada["given_name"], &ada["blocked"]),
        (&json!("Ada"), &json!(false))
    );
    assert_eq!(hash(&api, "auth0|ada").await.as_deref(), Some("$new"));

    let mut batch = api.management.store.batch();
    let id = UserId::parse("auth0|ada").unwrap();
    let now = api.management.env.now();
    batch.note_login(&api.tenant, &id, "192.0.2.1", now);
    api.management.store.commit(batch).await.unwrap();
    let row = json!([{"email": "ada@x.test", "password_hash": "$newer"}]);
    let made = import(&api, &row, &[("upsert", "true")]).await;
    api.work().await;
    assert_eq!(job(&api, &made).await["summary"]["failed"], 1);
    assert_eq!(hash(&api, "auth0|ada").await.as_deref(), Some("$new"));
}

#[tokio::test]
async fn what_cannot_be_imported_is_refused_or_fails_in_words() {
    let api = Api::start().await;
    let id = database(&api).await;
    let google = json!({"name": "google", "strategy": "google-oauth2"});
    let google = api.make("/connections", google).await;
    let large = format!("[\"{}\"]", "x".repeat(512_000));
    for (parts, status, sentence) in [
        (
            vec![("connection_id", id.as_str())],
            400,
            "Must provide 'users' file as multipart part",
        ),
        (
            vec![("users", " "), ("connection_id", &id)],
            400,
            "Users file must not be empty",
        ),
        (
            vec![("users", "[]")],
            400,
            "Must provide 'connection_id' as multipart part",
        ),
        (
            vec![("users", "[]"), ("connection_id", "con_x")],
            400,
            "The connection does not exist",
        ),
        (
            vec![("users", "[]"), ("connection_id", text(&google, "/id"))],
            400,
            "Connection must be a database connection",
        ),
        (
            vec![("users", &large), ("connection_id", &id)],
            413,
            "Payload content length greater than maximum allowed: 512000",
        ),
    ] {
        let refused = api.upload("/jobs/users-imports", &parts).await;
        assert_eq!(refused.refused(status), sentence);
    }
    let json = api.send("POST", "/jobs/users-imports", json!({})).await;
    assert_eq!(json.refused(400), "Invalid multipart payload format");

    let parts = [("users", "{not json"), ("connection_id", id.as_str())];
    let made = api.upload("/jobs/users-imports", &parts).await.ok(202);
    api.work().await;
    let failed = job(&api, &made).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        errors(&api, &made).await,
        json!({"status_details": "The users file is not a JSON array of users."})
    );
}

#[tokio::test]
async fn a_tenant_has_two_imports_at_once() {
    let api = Api::start().await;
    for _ in 0..2 {
        import(&api, &json!([]), &[]).await;
    }
    let id = database(&api).await;
    let parts = [("users", "[]"), ("connection_id", id.as_str())];
    api.upload("/jobs/users-imports", &parts).await.refused(429);
    api.work().await;
    import(&api, &json!([]), &[]).await;
}

#[tokio::test]
async fn an_import_that_was_interrupted_goes_on_where_it_stopped() {
    let api = Api::start().await;
    let rows: Vec<_> = (0..4)
        .map(|n| json!({"email": format!("u{n}@x.test")}))
        .collect();
    let made = import(&api, &json!(rows), &[]).await;
    let id = text(&made, "/id");
    // A worker that did two rows, and is no more.
    let store = &api.management.store;
    let now = api.management.env.now();
    let (_, held) = store
        .claim_job(now, now.plus_seconds(60))
        .await
        .unwrap()
        .unwrap();
    let mut body = held.body.clone();
    body["work"]["position"] = json!(2);
    body["work"]["inserted"] = json!(2);
    body["work"]["total"] = json!(4);
    body["shown"]["status"] = json!("processing");
    let mut batch = store.batch();
    batch.advance_job(
        &api.tenant,
        (id, held.revision),
        &body,
        now.plus_seconds(60),
    );
    store.commit(batch).await.unwrap();
    let seen = job(&api, &made).await;
    assert_eq!(
        (&seen["status"], &seen["percentage_done"]),
        (&json!("processing"), &json!(50))
    );
    assert!(seen["time_left_seconds"].is_i64());
    assert!(!api.management.work().await.unwrap());

    api.clock.advance_seconds(61);
    api.work().await;

    assert_eq!(
        job(&api, &made).await["summary"],
        json!({"failed": 0, "updated": 0, "inserted": 4, "total": 4})
    );
    assert_eq!(api.read("/users").await.as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_job_that_never_comes_further_fails_in_the_end() {
    let api = Api::start().await;
    let made = import(&api, &json!([{"email": "a@x.test"}]), &[]).await;
    let store = &api.management.store;
    let now = api.management.env.now();
    let (_, held) = store.claim_job(now, now).await.unwrap().unwrap();
    let mut body = held.body.clone();
    body["attempts"] = json!(3);
    let mut batch = store.batch();
    batch.advance_job(&api.tenant, (&held.id, held.revision), &body, now);
    store.commit(batch).await.unwrap();
    api.work().await;
    let failed = job(&api, &made).await;
    assert_eq!(failed["status"], "failed");
    assert_eq!(
        failed["status_details"],
        "The job was interrupted too often."
    );
}

/// J3-5, its part about the API.
#[tokio::test]
async fn j3_5_whoever_has_an_unverified_address_is_asked_by_mail() {
    let api = Api::start().await;
    let body = |email: &str, more: Value| {
        let mut body = json!({"connection": DB, "email": email, "password": "Passw0rd!-x"});
        let more = more.as_object().unwrap().clone();
        body.as_object_mut().unwrap().extend(more);
        body
    };
    let made = api.make("/users", body("asked@x.test", json!({}))).await;
    api.make(
        "/users",
        body("verified@x.test", json!({"email_verified": true})),
    )
    .await;
    api.make(
        "/users",
        body("quiet@x.test", json!({"verify_email": false})),
    )
    .await;
    let mails = api.mails().await;
    assert_eq!(mails.len(), 1, "{mails:?}");
    let head = "asked@x.test https://login.test/u/email-verification?ticket=";
    assert!(mails[0].starts_with(head), "{mails:?}");

    let path = format!("/users/{}", text(&made, "/user_id").replace('|', "%7C"));
    let body = json!({"email": "new@x.test", "verify_email": true});
    api.send("PATCH", &path, body).await.ok(200);
    let mails = api.mails().await;
    assert!(
        mails.len() == 1 && mails[0].starts_with("new@x.test "),
        "{mails:?}"
    );

    let body = json!({"user_id": made["user_id"]});
    let job_made = api.make("/jobs/verification-email", body).await;
    assert_eq!(job_made["type"], "verification_email");
    assert!(api.mails().await.is_empty());
    api.work().await;
    assert_eq!(job(&api, &job_made).await["status"], "completed");
    let mails = api.mails().await;
    assert!(
        mails.len() == 1 && mails[0].starts_with("new@x.test "),
        "{mails:?}"
    );

    let body = json!({"user_id": "auth0|nobody"});
    let missing = api.send("POST", "/jobs/verification-email", body).await;
    assert_eq!(missing.refused(404), "The user does not exist.");
}

#[tokio::test]
async fn a_job_is_the_tenants_own_and_is_forgotten_after_a_day() {
    let api = Api::start().await;
    let made = import(&api, &json!([]), &[]).await;
    api.work().await;
    let path = format!("/jobs/{}", text(&made, "/id"));
    api.read(&path).await;
    let retention = grantor_storage::Retention { event_days: 30 };
    let now = api.management.env.now();
    let store = &api.management.store;
    store
        .sweep(now.plus_seconds(86_000), &retention)
        .await
        .unwrap();
    api.read(&path).await;
    store
        .sweep(now.plus_seconds(87_000), &retention)
        .await
        .unwrap();
    let gone = api.send("GET", &path, Value::Null).await.refused(404);
    assert_eq!(gone, "The job does not exist");
}

#[tokio::test]
async fn the_deletion_of_a_connection_is_no_job_that_anybody_reads() {
    let api = Api::start().await;
    let path = format!("/connections/{}", database(&api).await);
    api.send("DELETE", &path, Value::Null).await.ok(202);
    let open = api
        .management
        .store
        .open_jobs(&api.tenant, "connection_deletion");
    let open = open.await.unwrap();
    let path = format!("/jobs/{}", open[0].id);
    api.send("GET", &path, Value::Null).await.refused(404);
    let path = format!("{path}/errors");
    api.send("GET", &path, Value::Null).await.refused(404);
}
