//! Jobs: exports of users.

use std::io::Read as _;

use grantor_protocol::secret::Secret;
use serde_json::{Value, json};

use crate::{
    jobs::{DB, database, import, job},
    support::{Answer, Api, text},
};

/// The pieces of an exported file, put together and unpacked.
async fn fetch(api: &Api, done: &Value) -> (String, String) {
    let location = text(done, "/location");
    let rest = location
        .strip_prefix("https://login.test/exports/")
        .unwrap();
    let (id, query) = rest.split_once("?expires=").unwrap();
    let (expires, signature) = query.split_once("&signature=").unwrap();
    let proof = (expires.parse().unwrap(), &Secret::new(signature.to_owned()));
    let now = api.management.env.now();
    let management = &api.management;
    let found = management.exported_file(&api.tenant, id, proof, now).await;
    let name = found.unwrap().unwrap();
    let (mut bytes, mut after) = (Vec::new(), -1);
    while let Some(piece) = management
        .exported_piece(&api.tenant, id, after)
        .await
        .unwrap()
    {
        bytes.extend(piece);
        after += 1;
    }
    let mut file = String::new();
    flate2::read::MultiGzDecoder::new(bytes.as_slice())
        .read_to_string(&mut file)
        .unwrap();
    (name, file)
}

#[tokio::test]
async fn users_are_exported_a_line_each() {
    let api = Api::start().await;
    let rows: Vec<_> = (0..450)
        .map(|n| json!({"email": format!("u{n}@x.test"), "app_metadata": {"n": n}}))
        .collect();
    import(&api, &json!(rows), &[]).await;
    api.work().await;
    let body = json!({"connection_id": database(&api).await, "format": "json",
        "fields": [{"name": "email"}, {"name": "app_metadata.n", "export_as": "number"},
            {"name": "identities[0].connection", "export_as": "provider"}]});
    let made = api
        .send("POST", "/jobs/users-exports", body.clone())
        .await
        .ok(200);
    assert_eq!(
        (&made["status"], &made["fields"]),
        (&json!("pending"), &body["fields"])
    );
    api.work().await;
    let done = job(&api, &made).await;
    assert_eq!(done["status"], "completed");
    let (name, file) = fetch(&api, &done).await;
    assert!(name.ends_with(".json.gz"), "{name}");
    let lines: Vec<Value> = file
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 450);
    assert_eq!(
        lines[449],
        json!({"email": "u449@x.test", "number": 449, "provider": DB})
    );
}

#[tokio::test]
async fn an_export_can_be_a_table_with_an_end() {
    let api = Api::start().await;
    let rows = json!([{"email": "a@x.test", "name": "Ada, Countess"}, {"email": "b@x.test"},
        {"email": "c@x.test"}]);
    import(&api, &rows, &[]).await;
    api.work().await;
    let body = json!({"format": "csv", "limit": 2,
        "fields": [{"name": "email"}, {"name": "name", "export_as": "Name"}]});
    let made = api.send("POST", "/jobs/users-exports", body).await.ok(200);
    api.work().await;
    let (name, file) = fetch(&api, &job(&api, &made).await).await;
    assert!(name.ends_with(".csv.gz"), "{name}");
    assert_eq!(
        file,
        "email,Name\r\na@x.test,\"Ada, Countess\"\r\nb@x.test,b@x.test\r\n"
    );
}

#[tokio::test]
async fn a_link_to_a_file_is_good_for_a_minute_and_for_one_file() {
    let api = Api::start().await;
    let made = api
        .send("POST", "/jobs/users-exports", json!({}))
        .await
        .ok(200);
    api.work().await;
    let done = job(&api, &made).await;
    let id = text(&done, "/id");
    let location = text(&done, "/location");
    let query = location.split_once("?expires=").unwrap().1;
    let (expires, signature) = query.split_once("&signature=").unwrap();
    let expires: i64 = expires.parse().unwrap();
    let good = Secret::new(signature.to_owned());
    let now = api.management.env.now();
    for (id, proof, now, found) in [
        (id, (expires, &good), now, true),
        (id, (expires, &good), now.plus_seconds(61), false),
        (id, (expires + 1, &good), now, false),
        ("job_other", (expires, &good), now, false),
        (id, (expires, &Secret::new("x".repeat(64))), now, false),
    ] {
        let file = api
            .management
            .exported_file(&api.tenant, id, proof, now)
            .await;
        assert_eq!(file.unwrap().is_some(), found, "{id}");
    }
}
