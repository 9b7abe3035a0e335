//! Managing people through the router, on both engines.

use axum::body::Body;
use grantor_management::Caller;
use grantor_protocol::tenant::{Issuer, TenantId};
use http::Request;
use serde_json::{Value, json};

use crate::support::{TestServer, on_both_engines};

on_both_engines!(
    j3_8_users_are_made_found_changed_linked_and_deleted,
    connections_take_their_users_with_them,
    users_are_imported_and_exported_into_a_file,
    j3_5_a_new_user_is_asked_by_mail_to_verify_its_address,
);

async fn seeded(server: TestServer) -> TestServer {
    let tenant = TenantId::default_tenant();
    server.app.management.seed(&tenant).await.unwrap();
    server
}

async fn make_user(server: &TestServer, connection: &str, email: &str) -> Value {
    let body = json!({"connection": connection, "email": email, "password": "Passw0rd!-x",
        "verify_email": false});
    server.manage("POST", "/users", body).await
}

async fn work(server: &TestServer) {
    while server.app.management.work().await.unwrap() {}
}

fn path(user: &Value) -> String {
    format!(
        "/users/{}",
        user["user_id"].as_str().unwrap().replace('|', "%7C")
    )
}

const DB: &str = "Username-Password-Authentication";

async fn j3_8_users_are_made_found_changed_linked_and_deleted(server: TestServer) {
    let server = seeded(server).await;
    let ada = make_user(&server, DB, "Ada@x.test").await;
    let bob = make_user(&server, DB, "bob@x.test").await;
    let body = json!({"app_metadata": {"level": 7}, "given_name": "Ada"});
    server.manage("PATCH", &path(&ada), body).await;
    let query =
        "/users?q=app_metadata.level:[5%20TO%20*]%20AND%20given_name:ada&include_totals=true";
    let found = server.manage("GET", query, Value::Null).await;
    assert_eq!(
        (&found["total"], &found["users"][0]["email"]),
        (&json!(1), &json!("ada@x.test"))
    );
    let bare = bob["user_id"].as_str().unwrap();
    let body = json!({"provider": "auth0", "user_id": bare});
    let identities = format!("{}/identities", path(&ada));
    let linked = server.manage("POST", &identities, body).await;
    assert_eq!(linked.as_array().unwrap().len(), 2);
    let unlink = format!("{identities}/auth0/{}", &bare[6..]);
    server.manage("DELETE", &unlink, Value::Null).await;
    let again = server.manage("GET", &path(&bob), Value::Null).await;
    assert_eq!(again["email"], "bob@x.test");
    server.manage("DELETE", &path(&ada), Value::Null).await;
    let found = server
        .manage("GET", "/users-by-email?email=ada@x.test", Value::Null)
        .await;
    assert_eq!(found, json!([]));
}

async fn connections_take_their_users_with_them(server: TestServer) {
    let server = seeded(server).await;
    let body = json!({"name": "Customers", "strategy": "auth0"});
    let made = server.manage("POST", "/connections", body.clone()).await;
    for number in 0..3 {
        make_user(&server, "Customers", &format!("u{number}@x.test")).await;
    }
    make_user(&server, DB, "stays@x.test").await;
    let one = format!("/connections/{}", made["id"].as_str().unwrap());
    server.manage("DELETE", &one, Value::Null).await;
    work(&server).await;
    let left = server.manage("GET", "/users", Value::Null).await;
    assert_eq!(left.as_array().unwrap().len(), 1);
    server.manage("POST", "/connections", body).await;
}

async fn users_are_imported_and_exported_into_a_file(server: TestServer) {
    let server = seeded(server).await;
    let found = server
        .manage("GET", &format!("/connections?name={DB}"), Value::Null)
        .await;
    let rows: Vec<_> = (0..250)
        .map(|n| json!({"email": format!("u{n}@x.test")}))
        .collect();
    let parts = [
        ("users", json!(rows).to_string()),
        ("connection_id", found[0]["id"].as_str().unwrap().to_owned()),
    ];
    let mut body = String::new();
    for (name, content) in &parts {
        let head = "--b\r\nContent-Disposition: form-data; name=\"";
        for piece in [head, name, "\"\r\n\r\n", content, "\r\n"] {
            body.push_str(piece);
        }
    }
    body.push_str("--b--\r\n");
    let tenant = TenantId::default_tenant();
    let issuer = Issuer::new("https", "login.orchard.test");
    let request = grantor_management::Request {
        content_type: Some("multipart/form-data; boundary=b"),
        body: body.as_bytes(),
        ..grantor_management::Request::new("POST", "/jobs/users-imports", &issuer)
    };
    let caller = Caller::operator();
    let answer = server
        .app
        .management
        .answer(&tenant, &caller, request)
        .await;
    let job = answer.body.unwrap();
    work(&server).await;
    let one = format!("/jobs/{}", job["id"].as_str().unwrap());
    let done = server.manage("GET", &one, Value::Null).await;
    assert_eq!(
        (&done["status"], &done["summary"]["inserted"]),
        (&json!("completed"), &json!(250))
    );

    let job = server
        .manage("POST", "/jobs/users-exports", json!({}))
        .await;
    work(&server).await;
    let one = format!("/jobs/{}", job["id"].as_str().unwrap());
    let done = server.manage("GET", &one, Value::Null).await;
    let location = done["location"].as_str().unwrap();
    let file = fetch(&server, location).await;
    assert_eq!(file.status, 200);
    assert_eq!(file.headers["content-type"], "application/gzip");
    assert!(
        file.headers["content-disposition"]
            .to_str()
            .unwrap()
            .ends_with(".json.gz\"")
    );
    // Two pieces, each a gzip member.
    let magic = [0x1f, 0x8b];
    let members = file.body.windows(2).filter(|bytes| *bytes == magic).count();
    assert!(2 <= members && file.body.starts_with(&magic), "{members}");
    let forged = location.replace("signature=", "signature=0");
    assert_eq!(fetch(&server, &forged).await.status, 404);
}

async fn fetch(server: &TestServer, location: &str) -> crate::support::Answer {
    let path = location.split_once("/exports/").unwrap().1;
    let request = Request::get(format!("/exports/{path}")).header("host", "login.orchard.test");
    server.send(request.body(Body::empty()).unwrap()).await
}

async fn j3_5_a_new_user_is_asked_by_mail_to_verify_its_address(server: TestServer) {
    let server = seeded(server).await;
    let body = json!({"connection": DB, "email": "ada@x.test", "password": "Passw0rd!-x"});
    let made = server.manage("POST", "/users", body).await;
    assert_eq!(made["email_verified"], false);
    let (store, tenant) = (&server.app.store, TenantId::default_tenant());
    let now = server.app.env.now();
    let mails = store
        .claim_mails(&tenant, 10, now, now.plus_seconds(60))
        .await
        .unwrap();
    let letter: Value = serde_json::from_slice(&mails[0].content).unwrap();
    assert_eq!((mails.len(), &letter["to"]), (1, &json!("ada@x.test")));
    let html = letter["html"].as_str().unwrap();
    assert!(html.contains("/u/email-verification?ticket="), "{html}");
}
