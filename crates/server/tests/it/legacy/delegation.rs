//! `/delegation`.

use grantor_protocol::model::Client;
use serde_json::{Value, json};

use super::{conformant, flags, log_in_by_password, old_shop, post, signed_with_the_secret};
use crate::support::{ADA, Answer, TestServer, on_both_engines, shop};

on_both_engines!(
    t6_10_1_a_conformant_source_or_target_is_refused,
    t6_10_2_a_delegates_to_b_if_b_lists_a_alone,
    t6_10_3_the_eleventh_call_within_a_minute_is_refused_with_the_headers,
);

async fn id_token(server: &TestServer) -> String {
    let answer = log_in_by_password(server, &json!({})).await.json();
    answer["id_token"].as_str().unwrap().to_owned()
}

async fn delegate(server: &TestServer, members: &Value) -> Answer {
    let mut body = json!({
        "client_id": "till", "grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer",
        "target": "scales", "scope": "openid email", "api_type": "app",
    });
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    post(server, "/delegation", &body).await
}

async fn list(server: &TestServer, target: &str, source: &str) {
    server
        .change::<Client>(target, &json!({"allowed_clients": [source]}))
        .await;
}

async fn t6_10_2_a_delegates_to_b_if_b_lists_a_alone(server: TestServer) {
    let server = old_shop(server).await;
    let token = id_token(&server).await;
    let ask = json!({"id_token": token});
    // Rule::DelegationNotAllowed.
    delegate(&server, &ask).await.refused(
        403,
        "unauthorized_client",
        "The target does not allow delegation from this client: scales",
    );
    list(&server, "scales", "till").await;
    let answer = delegate(&server, &ask).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    let body = answer.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(36_000))
    );
    let claims = signed_with_the_secret(body["id_token"].as_str().unwrap());
    assert_eq!(
        (&claims["aud"], &claims["sub"], &claims["email"]),
        (&json!("scales"), &json!(ADA), &json!("ada@orchard.test"))
    );
    // The other way round nobody is listed; to itself an application always may.
    let back = json!({"client_id": "scales", "target": "till", "id_token": body["id_token"]});
    assert_eq!(delegate(&server, &back).await.status, 403);
    let own = json!({"target": "till", "id_token": token});
    assert_eq!(delegate(&server, &own).await.status, 200);
    let noted = "/delegation was used: use an access token of an API, or POST /oauth/token with the refresh_token grant";
    let noted = server.logged_with("depnote", noted).await;
    assert_eq!(noted["details"]["feature"], "delegation");
}

async fn t6_10_1_a_conformant_source_or_target_is_refused(server: TestServer) {
    let server = old_shop(server).await;
    list(&server, "scales", "till").await;
    let ask = json!({"id_token": id_token(&server).await});
    assert_eq!(delegate(&server, &ask).await.status, 200);
    for client_id in ["scales", "till"] {
        conformant(&server, client_id).await;
        // Rule::ConformantClient.
        delegate(&server, &ask).await.refused(
            400,
            "invalid_request",
            "OIDC conformant clients cannot use /delegation: use an access token of an API, or POST /oauth/token \
             with the refresh_token grant",
        );
        server
            .change::<Client>(client_id, &json!({"oidc_conformant": false}))
            .await;
    }
}

async fn t6_10_3_the_eleventh_call_within_a_minute_is_refused_with_the_headers(server: TestServer) {
    let server = old_shop(server).await;
    list(&server, "scales", "till").await;
    let ask = json!({"id_token": id_token(&server).await});
    for left in (0..10).rev() {
        let answer = delegate(&server, &ask).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("x-ratelimit-limit"), "10");
        assert_eq!(answer.header("x-ratelimit-remaining"), left.to_string());
    }
    let refused = delegate(&server, &ask).await;
    refused.refused(429, "too_many_requests", "Rate limit exceeded.");
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    assert!(refused.header("x-ratelimit-reset").parse::<i64>().is_ok());
    server.clock.advance(60);
    assert_eq!(delegate(&server, &ask).await.status, 200);
}

#[tokio::test]
async fn t6_10_4_it_is_off_in_a_new_tenant() {
    let server = shop(TestServer::on_sqlite().await).await;
    let refused = delegate(&server, &json!({})).await;
    refused.refused(
        404,
        "endpoint_disabled",
        "This endpoint is retired. /delegation: use an access token of an API, or POST /oauth/token with the \
         refresh_token grant",
    );
    // The whole pipeline without the flag of its own is no more.
    let server = old_shop(TestServer::on_sqlite().await).await;
    flags(&server, &json!({"grantor_legacy_pipeline": true})).await;
    assert_eq!(delegate(&server, &json!({})).await.status, 404);
}

#[tokio::test]
async fn what_proves_nothing_is_delegated_to_nobody() {
    let server = old_shop(TestServer::on_sqlite().await).await;
    list(&server, "scales", "till").await;
    let token = id_token(&server).await;
    // Rule::IdTokenInvalid, Rule::LegacyParameterMissing, Rule::DelegationTargetUnsuitable, Rule::LegacyClientInvalid.
    for (members, status, text) in [
        (json!({"id_token": "x"}), 401, "invalid id_token"),
        (
            json!({"id_token": format!("{token}x")}),
            401,
            "invalid id_token",
        ),
        (json!({"id_token": null}), 400, "missing id_token parameter"),
        (
            json!({"id_token": token, "target": "nobody"}),
            400,
            "Unsupported target of a delegation: nobody",
        ),
        (
            json!({"id_token": token, "api_type": "aws"}),
            400,
            "Unsupported target of a delegation: aws",
        ),
        (
            json!({"id_token": token, "client_id": "nobody"}),
            403,
            "invalid client",
        ),
    ] {
        let answer = delegate(&server, &members).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.json()["error_description"], text);
    }
    // Somebody else's token, and one that is over.
    list(&server, "till", "scales").await;
    let foreign = json!({"client_id": "scales", "target": "till", "id_token": token});
    assert_eq!(delegate(&server, &foreign).await.status, 401);
    server.clock.advance(36_001);
    assert_eq!(
        delegate(&server, &json!({"id_token": token})).await.status,
        401
    );
}
