//! What nothing brings back.

use grantor_protocol::model::Client;
use serde_json::json;

use super::{conformant, flags, log_in_by_password, old_shop, post};
use crate::support::{TestServer, on_both_engines};

on_both_engines!(
    t6_12_4_each_retired_endpoint_names_its_successor,
    t5_4_t6_12_1_one_change_switches_all
);

/// The endpoints, and what their refusal names.
const RETIRED: &[(&str, &str)] = &[
    ("/oauth/ro", "POST /oauth/token"),
    (
        "/delegation",
        "POST /oauth/token with the refresh_token grant",
    ),
    ("/oauth/access_token", "GET /authorize"),
    ("/users/auth0%7Cada/impersonate", "there is no successor"),
    (
        "/login/unlink",
        "DELETE /api/v2/users/{id}/identities/{provider}/{user_id}",
    ),
];

async fn t6_12_4_each_retired_endpoint_names_its_successor(server: TestServer) {
    let server = old_shop(server).await;
    let all_on = json!({"grantor_legacy_pipeline": true, "allow_legacy_ro_grant_types": true,
        "allow_legacy_delegation_grant_types": true, "allow_other_legacy_grant_types": true,
        "disable_impersonation": false});
    for flag in [all_on, json!({})] {
        flags(&server, &flag).await;
        for &(path, successor) in RETIRED {
            let answer = post(&server, path, &json!({"client_id": "web"})).await;
            let text = answer.json()["error_description"]
                .as_str()
                .unwrap()
                .to_owned();
            assert!(answer.status.is_client_error(), "{path}");
            assert_eq!(answer.header("content-type"), "application/json");
            assert!(text.contains(successor), "{text}");
        }
    }
    // For applications that are not conformant some come back; the others do not.
    for path in [
        "/oauth/access_token",
        "/users/auth0%7Cada/impersonate",
        "/login/unlink",
    ] {
        let answer = post(&server, path, &json!({"client_id": "till"})).await;
        assert_eq!(
            (answer.status.as_u16(), answer.json()["error"].as_str()),
            (404, Some("endpoint_disabled"))
        );
    }
    for body in ["", "{", "[1]"] {
        let request = http::Request::post("/delegation").header("content-type", "application/json");
        let answer = server
            .send(request.body(axum::body::Body::from(body)).unwrap())
            .await;
        assert!(answer.status.is_client_error() && answer.json()["error"].is_string());
    }
}

async fn t5_4_t6_12_1_one_change_switches_all(server: TestServer) {
    let server = old_shop(server).await;
    let token = log_in_by_password(&server, &json!({})).await.json();
    let token = &token["id_token"];
    let delegation = json!({"client_id": "till", "id_token": token,
        "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer"});
    let statuses = async || {
        [
            log_in_by_password(&server, &json!({}))
                .await
                .status
                .as_u16(),
            post(&server, "/delegation", &delegation)
                .await
                .status
                .as_u16(),
            post(&server, "/tokeninfo", &json!({"id_token": token}))
                .await
                .status
                .as_u16(),
        ]
    };
    assert_eq!(statuses().await, [200; 3]);
    conformant(&server, "till").await;
    assert_eq!(statuses().await, [400; 3]);
    server
        .change::<Client>("till", &json!({"oidc_conformant": false}))
        .await;
    assert_eq!(statuses().await, [200; 3]);
}
