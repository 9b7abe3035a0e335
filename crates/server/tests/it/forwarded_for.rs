//! `auth0-forwarded-for`: an application with a server says for which of its users it asks.

use axum::body::Body;
use grantor_protocol::{model::Client, users::Connection};
use http::Request;
use serde_json::{Value, json};

use crate::{
    password_grant::{SENTENCE, ada, request, tills},
    support::{Answer, TestServer, on_both_engines},
};

on_both_engines!(
    t27_2_t27_3_the_forwarded_address_is_believed_from_trusted_clients_alone,
    t27_3_a_code_that_users_give_to_the_application_is_theirs_too,
);

async fn from(server: &TestServer, body: &Value, forwarded: &[&str]) -> Answer {
    let mut request = Request::post("/oauth/token").header("content-type", "application/json");
    for line in forwarded {
        request = request.header("auth0-forwarded-for", *line);
    }
    server
        .send(request.body(Body::from(body.to_string())).unwrap())
        .await
}

async fn t27_2_t27_3_the_forwarded_address_is_believed_from_trusted_clients_alone(
    server: TestServer,
) {
    let server = tills(server).await;
    let trusted = json!({"is_token_endpoint_ip_header_trusted": true});
    let mut name = 0;
    let mut addresses = async |forwarded: &[&str]| {
        name += 1;
        let username = format!("nobody-{name}@orchard.test");
        let answer = from(&server, &request(&json!({"username": username})), forwarded).await;
        answer.refused(403, "invalid_grant", SENTENCE);
        let filter = |members: &Value| members["user_name"] == username.as_str();
        let event = server.logged_where("fepft", filter).await;
        let of = |member: &str| event[member].as_str().unwrap().to_owned();
        (of("ip"), of("client_ip"))
    };
    let caller = ("192.0.2.1".to_owned(), "192.0.2.1".to_owned());
    assert_eq!(addresses(&["203.0.113.9"]).await, caller);
    server.change::<Client>("pos", &trusted).await;
    let end_user = |ip: &str| (ip.to_owned(), "192.0.2.1".to_owned());
    assert_eq!(addresses(&["203.0.113.9"]).await, end_user("203.0.113.9"));
    assert_eq!(addresses(&["2001:db8::7"]).await, end_user("2001:db8::7"));
    for malformed in [
        &["203.0.113.9, 198.51.100.1"][..],
        &["203.0.113.9", "198.51.100.1"],
        &["somewhere"],
        &[""],
    ] {
        assert_eq!(addresses(malformed).await, caller, "{malformed:?}");
    }
    // Whoever has no credential can say nothing about others, however its document came to say so.
    let public = json!({"token_endpoint_auth_method": "none"});
    server.change::<Client>("pos", &public).await;
    assert_eq!(addresses(&["203.0.113.9"]).await, caller);
    // The user shows where it was.
    let keyed = json!({"token_endpoint_auth_method": "client_secret_post"});
    server.change::<Client>("pos", &keyed).await;
    let answer = from(&server, &request(&json!({})), &["203.0.113.9"]).await;
    answer.access_token();
    assert_eq!(ada(&server).await.last_ip.as_deref(), Some("203.0.113.9"));
}

async fn t27_3_a_code_that_users_give_to_the_application_is_theirs_too(server: TestServer) {
    let server = tills(server).await;
    let codes = "http://auth0.com/oauth/grant-type/passwordless/otp";
    let trusted = json!({"is_token_endpoint_ip_header_trusted": true, "grant_types": [codes]});
    server.change::<Client>("pos", &trusted).await;
    server
        .put::<Connection>(&json!({
            "id": "con_0000000000000002", "name": "email", "strategy": "email", "options": {},
            "enabled_clients": ["pos"],
        }))
        .await;
    let body = request(&json!({"grant_type": codes, "realm": "email", "otp": "123456"}));
    assert_eq!(from(&server, &body, &["203.0.113.9"]).await.status, 403);
    let event = server.logged("fepotpft").await;
    assert_eq!(
        (&event["ip"], &event["client_ip"]),
        (&json!("203.0.113.9"), &json!("192.0.2.1"))
    );
}
