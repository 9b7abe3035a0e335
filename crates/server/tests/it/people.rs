//! Managing people through the router, on both engines.

use axum::body::Body;
use grantor_management::Caller;
use grantor_protocol::{
    model::ResourceServer,
    tenant::{Issuer, TenantId},
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    ADA, Browser, TestServer, authorize, code_of, decoded, log_in, on_both_engines, redeem, shop,
};

on_both_engines!(
    j3_8_users_are_made_found_changed_linked_and_deleted,
    connections_take_their_users_with_them,
    users_are_imported_and_exported_into_a_file,
    j3_5_a_new_user_is_asked_by_mail_to_verify_its_address,
    j3_7_metadata_are_in_no_token,
    j9_3_a_users_own_token_changes_its_own_metadata_alone,
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

/// Tokens of Ada, who logs in for `audience` with `scope`.
async fn tokens_of_ada(server: &TestServer, audience: &str, scope: &str) -> Value {
    let mut browser = Browser::new(server);
    let query = format!("audience={audience}&scope={}", scope.replace(' ', "%20"));
    let page = browser.go(&authorize("web", &query)).await;
    let end = log_in(&mut browser, &page).await;
    redeem(server, "web", &code_of(&end)).await
}

async fn j3_7_metadata_are_in_no_token(server: TestServer) {
    let server = shop(server).await;
    let skips = json!({"skip_consent_for_verifiable_first_party_clients": true});
    server
        .change::<ResourceServer>("65a1f0c2d3e4b5a697887766", &skips)
        .await;
    let metadata = json!({"user_metadata": {"colour": "ultramarine"},
        "app_metadata": {"plan": "ultramarine"}});
    let path = format!("/users/{}", ADA.replace('|', "%7C"));
    server.manage("PATCH", &path, metadata).await;
    let scope = "openid profile email user_metadata app_metadata read:orders";
    let tokens = tokens_of_ada(&server, "https://orders.orchard.test", scope).await;
    for name in ["id_token", "access_token"] {
        let (_, claims) = decoded(tokens[name].as_str().unwrap());
        assert!(claims["sub"] == ADA && !claims.to_string().contains("ultramarine"));
    }
    let token = tokens["access_token"].as_str().unwrap();
    let request = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    let profile = answer.json().to_string();
    assert!(profile.contains("ada@orchard.test") && !profile.contains("ultramarine"));
}

async fn j9_3_a_users_own_token_changes_its_own_metadata_alone(server: TestServer) {
    let server = shop(server).await;
    let scopes = ["update:current_user_metadata", "read:current_user"];
    let entries = scopes.map(|value| json!({"value": value}));
    server
        .put::<ResourceServer>(
            &json!({"id": "65a1f0c2d3e4b5a697887701", "name": "Management",
            "identifier": "urn:grantor:own:api/v2/", "is_system": true, "scopes": entries,
            "skip_consent_for_verifiable_first_party_clients": true}),
        )
        .await;
    let audience = "https://login.orchard.test/api/v2/";
    let tokens = tokens_of_ada(&server, audience, &scopes.join(" ")).await;
    let token = tokens["access_token"].as_str().unwrap().to_owned();
    let other = make_user(
        &server,
        "Username-Password-Authentication",
        "eva@orchard.test",
    )
    .await;
    let other = other["user_id"].as_str().unwrap().to_owned();
    let patch = async |user_id: &str, body: Value| {
        let request = Request::patch(format!("/api/v2/users/{}", user_id.replace('|', "%7C")))
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json");
        let body = Body::from(body.to_string());
        server.send(request.body(body).unwrap()).await
    };
    let colour = json!({"user_metadata": {"colour": "red"}});

    let own = patch(ADA, colour.clone()).await;

    assert_eq!(
        (own.status.as_u16(), &own.json()["user_metadata"]["colour"]),
        (200, &json!("red"))
    );
    assert_eq!(patch(&other, colour).await.status, 403);
    for more in [
        json!({"app_metadata": {"plan": "gold"}}),
        json!({"blocked": false}),
    ] {
        assert_eq!(patch(ADA, more).await.status, 403);
    }
}
