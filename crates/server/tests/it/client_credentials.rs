//! The client-credentials grant end to end: what is granted, what the token says, what is refused, what is logged.

use grantor_jose::Algorithm;
use grantor_protocol::model::{Client, ClientGrant, ResourceServer, TenantSettings};
use serde_json::json;

use crate::support::{ISSUER, TestServer, decoded, grant, on_both_engines, service};

on_both_engines!(
    t18_1_t21_1_an_authorised_service_gets_a_token_with_the_grants_scope,
    t2_3_the_subject_of_a_machine_token_ends_in_clients,
    t18_2_without_a_grant_there_is_no_token_and_with_the_grant_gone_the_next_is_refused,
    t18_4_openid_and_offline_access_yield_neither_id_token_nor_refresh_token,
    t18_5_a_third_party_application_needs_a_grant_of_its_own,
    t21_2_the_refusal_names_the_audience,
    t21_3_a_requested_scope_narrows_the_token,
    t21_4_expires_in_is_the_lifetime_of_the_api,
    t21_5_success_and_failure_are_logged_with_the_client_and_the_reason,
    t21_7_a_rotated_secret_ends_the_old_one_at_once,
    t3_2_a_grant_type_that_is_switched_off_is_refused_at_once,
    t3_3_a_public_client_cannot_use_client_credentials,
    t4_1_a_default_audience_stands_in_for_a_missing_one,
    t2_2_a_deleted_api_is_unknown_to_the_next_request,
    t2_4_a_trailing_slash_makes_another_audience,
    t28_2_the_secrets_of_an_application_and_an_api_are_not_interchangeable,
    t33_2_a_logical_api_gives_each_service_its_own_resources,
);

async fn t18_1_t21_1_an_authorised_service_gets_a_token_with_the_grants_scope(server: TestServer) {
    let server = server.with_orders().await;

    let answer = server.ask(&json!({})).await;

    let token = answer.access_token();
    let body = answer.json();
    assert_eq!(body["scope"], "read:orders write:orders");
    assert_eq!(
        (body["token_type"].as_str(), body["expires_in"].as_i64()),
        (Some("Bearer"), Some(86_400))
    );
    let members: Vec<&str> = body
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(
        members,
        ["access_token", "expires_in", "scope", "token_type"]
    );
    let (header, mut claims) = server.verified(&token, Algorithm::RS256).await;
    assert_eq!(
        (header["alg"].as_str(), header["typ"].as_str()),
        (Some("RS256"), Some("JWT"))
    );
    let jti = claims.as_object_mut().unwrap().remove("jti").unwrap();
    assert_eq!(jti.as_str().unwrap().len(), 22);
    let now = server.app.env.now().seconds();
    assert_eq!(
        claims,
        json!({"iss": ISSUER, "sub": "svc@clients", "aud": "https://orders.orchard.test", "iat": now,
            "exp": now + 86_400, "scope": "read:orders write:orders", "gty": "client-credentials", "azp": "svc"})
    );
}

async fn t2_3_the_subject_of_a_machine_token_ends_in_clients(server: TestServer) {
    let server = server.with_orders().await;
    let (_, claims) = decoded(&server.ask(&json!({})).await.access_token());
    assert!(claims["sub"].as_str().unwrap().ends_with("@clients"));
}

async fn t18_2_without_a_grant_there_is_no_token_and_with_the_grant_gone_the_next_is_refused(
    server: TestServer,
) {
    let server = server.with_orders().await;
    assert_eq!(server.ask(&json!({})).await.status, 200);

    server.delete::<ClientGrant>("cgr_1").await;

    assert_eq!(server.ask(&json!({})).await.status, 403);
}

async fn t18_4_openid_and_offline_access_yield_neither_id_token_nor_refresh_token(
    server: TestServer,
) {
    let server = server.with_orders().await;

    let answer = server
        .ask(&json!({"scope": "openid offline_access read:orders"}))
        .await;

    let body = answer.json();
    assert_eq!(body["scope"], "read:orders");
    assert_eq!(
        (body.get("id_token"), body.get("refresh_token")),
        (None, None)
    );
    let (_, claims) = decoded(&answer.access_token());
    assert_eq!(claims["aud"], "https://orders.orchard.test");
}

async fn t18_5_a_third_party_application_needs_a_grant_of_its_own(server: TestServer) {
    let server = server.with_orders().await;
    server
        .put::<Client>(&service("third", &json!({"is_first_party": false})))
        .await;
    assert_eq!(server.ask(&json!({"client_id": "third"})).await.status, 403);

    server
        .put::<ClientGrant>(&grant("cgr_3", "third", &["read:orders"]))
        .await;

    assert_eq!(
        server.ask(&json!({"client_id": "third"})).await.json()["scope"],
        "read:orders"
    );
}

async fn t21_2_the_refusal_names_the_audience(server: TestServer) {
    let server = server.with_orders().await;
    server.put::<Client>(&service("other", &json!({}))).await;
    server.ask(&json!({"client_id": "other"})).await.refused(
        403,
        "access_denied",
        "Client is not authorized to access \"https://orders.orchard.test\". You might probably want to create a \
         \"client-grant\" associated to this API. See: \
         https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants",
    );
    let unknown = server.ask(&json!({"audience": "https://nope.test"})).await;
    unknown.refused(403, "access_denied", "Service not found: https://nope.test");
    let none = server.ask(&json!({"audience": null})).await;
    none.refused(
        403,
        "access_denied",
        "Non-global clients are not allowed access to APIv1",
    );
}

async fn t21_3_a_requested_scope_narrows_the_token(server: TestServer) {
    let server = server.with_orders().await;
    for scope in [
        json!("read:orders"),
        json!(["read:orders"]),
        json!("read:orders unknown:scope"),
    ] {
        let (_, claims) = decoded(&server.ask(&json!({"scope": scope})).await.access_token());
        assert_eq!(claims["scope"], "read:orders");
    }
    // RFC 6749 §5.1: the scope is named when it is not what was asked for.
    assert_eq!(
        server
            .ask(&json!({"scope": "read:orders"}))
            .await
            .json()
            .get("scope"),
        None
    );
    let beyond = server
        .ask(&json!({"scope": "read:orders cancel:orders"}))
        .await;
    beyond.refused(
        403,
        "access_denied",
        "Client has not been granted scopes: cancel:orders",
    );
}

async fn t21_4_expires_in_is_the_lifetime_of_the_api(server: TestServer) {
    let server = server.with_orders().await;
    server
        .change::<ResourceServer>("65a1f0c2d3e4b5a697887766", &json!({"token_lifetime": 300}))
        .await;

    let answer = server.ask(&json!({})).await;

    assert_eq!(answer.json()["expires_in"], 300);
    let (_, claims) = decoded(&answer.access_token());
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        300
    );
}

async fn t21_5_success_and_failure_are_logged_with_the_client_and_the_reason(server: TestServer) {
    let server = server.with_orders().await;
    server.ask(&json!({})).await.access_token();
    let entry = server.logged("seccft").await;
    assert_eq!(
        (entry["client_id"].as_str(), entry["scope"].as_str()),
        (Some("svc"), Some("read:orders write:orders"))
    );
    assert_eq!(entry["ip"], "192.0.2.1");

    let refused = server.ask(&json!({"client_secret": "wrong-s3cret"})).await;

    let entry = server.logged("feccft").await;
    assert_eq!(entry["client_id"], "svc");
    assert_eq!(entry["details"]["rule"], "ClientSecretWrong");
    assert_eq!(
        entry["details"]["request_id"],
        refused.header("x-auth0-requestid")
    );
    assert!(
        !entry.to_string().contains("wrong-s3cret"),
        "no secret in the log"
    );
}

async fn t21_7_a_rotated_secret_ends_the_old_one_at_once(server: TestServer) {
    let server = server.with_orders().await;
    server.ask(&json!({})).await.access_token();

    server
        .change::<Client>("svc", &json!({"client_secret": "n3w"}))
        .await;

    server
        .ask(&json!({}))
        .await
        .refused(401, "access_denied", "Unauthorized");
    server
        .ask(&json!({"client_secret": "n3w"}))
        .await
        .access_token();
}

async fn t3_2_a_grant_type_that_is_switched_off_is_refused_at_once(server: TestServer) {
    let server = server.with_orders().await;
    server.ask(&json!({})).await.access_token();

    server
        .change::<Client>("svc", &json!({"grant_types": ["authorization_code"]}))
        .await;

    let refused = server.ask(&json!({})).await;
    refused.refused(
        403,
        "unauthorized_client",
        "Grant type 'client_credentials' not allowed for the client.",
    );
    let password = server.ask(&json!({"grant_type": "password"})).await;
    password.refused(
        403,
        "unauthorized_client",
        "Grant type 'password' not allowed for the client.",
    );
}

async fn t3_3_a_public_client_cannot_use_client_credentials(server: TestServer) {
    let server = server.with_orders().await;
    server
        .change::<Client>("svc", &json!({"token_endpoint_auth_method": "none"}))
        .await;
    let refused = server.ask(&json!({})).await;
    refused.refused(
        403,
        "unauthorized_client",
        "Grant type 'client_credentials' not allowed for the client.",
    );
}

async fn t4_1_a_default_audience_stands_in_for_a_missing_one(server: TestServer) {
    let server = server.with_orders().await;
    let settings = json!({"id": "settings", "default_audience": "https://orders.orchard.test"});
    server.put::<TenantSettings>(&settings).await;
    let (_, claims) = decoded(&server.ask(&json!({"audience": null})).await.access_token());
    assert_eq!(claims["aud"], "https://orders.orchard.test");
    // An explicit audience wins, even one that is not to be had.
    let explicit = server.ask(&json!({"audience": "https://nope.test"})).await;
    explicit.refused(403, "access_denied", "Service not found: https://nope.test");
    server
        .change::<TenantSettings>("settings", &json!({"default_audience": ""}))
        .await;
    assert_eq!(server.ask(&json!({"audience": null})).await.status, 403);
}

async fn t2_2_a_deleted_api_is_unknown_to_the_next_request(server: TestServer) {
    let server = server.with_orders().await;
    server.ask(&json!({})).await.access_token();
    server
        .delete::<ResourceServer>("65a1f0c2d3e4b5a697887766")
        .await;
    let refused = server.ask(&json!({})).await;
    refused.refused(
        403,
        "access_denied",
        "Service not found: https://orders.orchard.test",
    );
}

async fn t2_4_a_trailing_slash_makes_another_audience(server: TestServer) {
    let server = server.with_orders().await;
    let with_slash = "https://orders.orchard.test/";
    assert_eq!(
        server.ask(&json!({"audience": with_slash})).await.status,
        403
    );

    server
        .put::<ResourceServer>(&json!({"id": "65a1f0c2d3e4b5a697887767", "identifier": with_slash}))
        .await;
    let mut second = grant("cgr_2", "svc", &[]);
    second["audience"] = with_slash.into();
    server.put::<ClientGrant>(&second).await;

    let (_, claims) = decoded(
        &server
            .ask(&json!({"audience": with_slash}))
            .await
            .access_token(),
    );
    assert_eq!(claims["aud"], with_slash);
    assert_eq!(
        decoded(&server.ask(&json!({})).await.access_token()).1["aud"],
        "https://orders.orchard.test"
    );
}

async fn t28_2_the_secrets_of_an_application_and_an_api_are_not_interchangeable(
    server: TestServer,
) {
    let server = server.with_orders().await;
    let secret = "an API's own signing secret";
    let members = json!({"signing_alg": "HS256", "signing_secret": secret});
    server
        .change::<ResourceServer>("65a1f0c2d3e4b5a697887766", &members)
        .await;

    let token = server.ask(&json!({})).await.access_token();

    let jws = grantor_jose::Jws::parse(&token).unwrap();
    let verifies = |secret: &str| {
        let key = grantor_jose::VerificationKey::from_secret(secret.as_bytes());
        jws.verify(&key, &[Algorithm::HS256]).is_ok()
    };
    assert!(verifies(secret));
    assert!(
        !verifies("s3cret"),
        "the client's secret does not verify the API's token"
    );
    server.ask(&json!({"client_secret": secret})).await.refused(
        401,
        "access_denied",
        "Unauthorized",
    );
    let set = String::from_utf8(server.get("/.well-known/jwks.json").await.body).unwrap();
    assert!(!set.contains("\"oct\"") && !set.contains(secret));
}

async fn t33_2_a_logical_api_gives_each_service_its_own_resources(server: TestServer) {
    server
        .put::<ResourceServer>(&json!({
            "id": "65a1f0c2d3e4b5a697887700", "identifier": "logistics",
            "scopes": [{"value": "read:stock"}, {"value": "read:routes"}],
        }))
        .await;
    server.put::<Client>(&service("svc", &json!({}))).await;
    let stock = json!({"id": "cgr_9", "client_id": "svc", "audience": "logistics", "scope": ["read:stock"], "subject_type": "client"});
    server.put::<ClientGrant>(&stock).await;

    let answer = server.ask(&json!({"audience": "logistics"})).await;

    // The stock service lets it in by its scope, the routes service does not.
    let (_, claims) = server
        .verified(&answer.access_token(), Algorithm::RS256)
        .await;
    let scopes: Vec<&str> = claims["scope"].as_str().unwrap().split(' ').collect();
    assert_eq!(scopes, ["read:stock"]);
    assert_eq!(
        server
            .ask(&json!({"audience": "logistics", "scope": "read:routes"}))
            .await
            .status,
        403
    );
}
