//! APIs and their grants.

use grantor_protocol::{
    document::Document,
    model::{ClientGrant, ResourceServer},
};
use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer, text};

/// T20-1.
#[tokio::test]
async fn t20_1_an_api_id_is_24_hexadecimal_digits_and_a_grant_id_begins_with_cgr() {
    let api = Api::start().await;
    let made = api.make_api("https://orders.test", &["read:orders"]).await;
    let client = api.make_client("svc").await;
    let grant = api
        .make(
            "/client-grants",
            json!({"client_id": text(&client, "/client_id"), "audience": "https://orders.test",
                "scope": ["read:orders"]}),
        )
        .await;

    let id = text(&made, "/id");
    assert!(
        id.len() == 24 && id.bytes().all(|byte| byte.is_ascii_hexdigit()),
        "{id}"
    );
    assert!(text(&grant, "/id").starts_with("cgr_"));
    assert_eq!(text(&grant, "/id").len(), 20);
}

/// T20-2.
#[tokio::test]
async fn t20_2_an_hs256_api_without_a_secret_gets_one_that_is_returned() {
    let api = Api::start().await;
    let body = json!({"identifier": "urn:hs", "signing_alg": "HS256"});
    let made = api.make("/resource-servers", body).await;
    let secret = text(&made, "/signing_secret").to_owned();
    assert!(16 <= secret.len());

    let read = api
        .read(&format!("/resource-servers/{}", text(&made, "/id")))
        .await;
    assert_eq!(text(&read, "/signing_secret"), secret);
    let other = api.make_api("urn:rs", &[]).await;
    assert!(other.get("signing_secret").is_none());
    let short = json!({"identifier": "urn:short", "signing_alg": "HS256", "signing_secret": "x"});
    api.send("POST", "/resource-servers", short)
        .await
        .refused(400);
}

/// T20-3.
#[tokio::test]
async fn t20_3_an_update_with_one_scope_leaves_exactly_one() {
    let api = Api::start().await;
    let made = api.make_api("https://orders.test", &["a", "b", "c"]).await;
    let path = format!("/resource-servers/{}", text(&made, "/id"));
    let updated = api
        .send("PATCH", &path, json!({"scopes": [{"value": "b"}]}))
        .await
        .ok(200);
    assert_eq!(updated["scopes"], json!([{"value": "b"}]));
    assert_eq!(api.read(&path).await["scopes"], json!([{"value": "b"}]));
}

/// T20, "removing a scope from an API removes it from grants".
#[tokio::test]
async fn t20_3_a_scope_that_an_api_loses_is_taken_from_its_grants() {
    let api = Api::start().await;
    let made = api.make_api("https://orders.test", &["a", "b"]).await;
    let client = api.make_client("svc").await;
    let body = json!({"client_id": text(&client, "/client_id"), "audience": "https://orders.test",
        "scope": ["a", "b"]});
    let grant = api.make("/client-grants", body).await;

    let path = format!("/resource-servers/{}", text(&made, "/id"));
    api.send("PATCH", &path, json!({"scopes": [{"value": "b"}]}))
        .await
        .ok(200);

    let grant = api
        .read(&format!("/client-grants/{}", text(&grant, "/id")))
        .await;
    assert_eq!(grant["scope"], json!(["b"]));
}

/// T20-4.
#[tokio::test]
async fn t20_4_a_token_without_the_scope_is_told_which_one_is_needed() {
    let api = Api::start().await;
    let caller = bearer(&["read:clients"]);
    let response = api
        .send_as(&caller, "GET", "/resource-servers", Value::Null)
        .await;
    let body = response.body.clone().unwrap();
    assert_eq!(
        response.refused(403),
        "Insufficient scope, expected any of: read:resource_servers"
    );
    assert_eq!(body["errorCode"], "insufficient_scope");
}

/// T20-5.
#[tokio::test]
async fn t20_5_an_api_is_found_by_its_identifier_encoded_once_or_twice() {
    let api = Api::start().await;
    let made = api.make_api("https://api.test/v1/", &[]).await;
    let by_id = api
        .read(&format!("/resource-servers/{}", text(&made, "/id")))
        .await;
    for encoded in [
        "https%3A%2F%2Fapi.test%2Fv1%2F",
        "https:%2F%2Fapi.test%2Fv1%2F",
        "https:%252F%252Fapi.test%252Fv1%252F",
    ] {
        assert_eq!(
            api.read(&format!("/resource-servers/{encoded}")).await,
            by_id,
            "{encoded}"
        );
    }
    // One whose identifier holds an escape is found as well.
    let odd = api.make_api("urn:a%20b", &[]).await;
    assert_eq!(
        api.read("/resource-servers/urn%3Aa%2520b").await["id"],
        odd["id"]
    );
}

/// T20-6.
#[tokio::test]
async fn t20_6_a_second_grant_for_the_same_pair_is_a_conflict() {
    let api = Api::start().await;
    api.make_api("https://orders.test", &["a"]).await;
    let client = api.make_client("svc").await;
    let client_id = text(&client, "/client_id");
    let body = json!({"client_id": client_id, "audience": "https://orders.test", "scope": ["a"]});
    api.make("/client-grants", body.clone()).await;

    api.send("POST", "/client-grants", body.clone())
        .await
        .refused(409);
    let mut other = body;
    other["scope"] = json!([]);
    api.send("POST", "/client-grants", other.clone())
        .await
        .refused(409);
    other["subject_type"] = json!("user");
    api.make("/client-grants", other).await;

    let listed = api
        .read(&format!(
            "/client-grants?client_id={client_id}&subject_type=client"
        ))
        .await;
    assert_eq!(listed.as_array().unwrap().len(), 1);
}

/// T20-8, S-7.
#[tokio::test]
async fn t20_8_a_reserved_scope_name_is_refused() {
    let api = Api::start().await;
    for reserved in ["openid", "offline_access", "email", "profile", "identities"] {
        let body = json!({"identifier": "urn:x", "scopes": [{"value": reserved}]});
        let sentence = api
            .send("POST", "/resource-servers", body)
            .await
            .refused(400);
        assert!(sentence.contains(reserved), "{sentence}");
    }
    let made = api.make_api("urn:x", &["read:x"]).await;
    let path = format!("/resource-servers/{}", text(&made, "/id"));
    let body = json!({"scopes": [{"value": "openid"}]});
    api.send("PATCH", &path, body).await.refused(400);
    let body = json!({"scopes": [{"value": "two words"}]});
    api.send("PATCH", &path, body).await.refused(400);
}

/// T2-4.
#[tokio::test]
async fn t2_4_identifiers_are_unique_and_never_normalised() {
    let api = Api::start().await;
    let first = api.make_api("https://a.test", &[]).await;
    let second = api.make_api("https://a.test/", &[]).await;
    assert_ne!(first["id"], second["id"]);
    let body = json!({"identifier": "https://a.test"});
    let sentence = api
        .send("POST", "/resource-servers", body)
        .await
        .refused(409);
    assert_eq!(
        sentence,
        "A resource server with the same identifier already exists."
    );
}

/// T2-2.
#[tokio::test]
async fn the_servers_own_apis_are_made_on_demand_and_stay_what_they_are() {
    let api = Api::start().await;
    for (identifier, name) in [
        ("https://login.test/me/", "Auth0 My Account API"),
        ("https://login.test/my-org/", "Auth0 My Organization API"),
    ] {
        let body = json!({"identifier": identifier, "name": "mine", "token_lifetime": 5,
            "scopes": [{"value": "read:x"}], "signing_alg": "HS256"});
        let made = api.make("/resource-servers", body).await;
        assert_eq!(text(&made, "/name"), name);
        assert_eq!(text(&made, "/identifier"), identifier);
        assert_eq!(text(&made, "/signing_alg"), "RS256");
        assert_eq!(
            (&made["token_lifetime"], &made["is_system"]),
            (&json!(600), &json!(true))
        );
        assert!(!made["scopes"].to_string().contains("read:x"));

        let path = format!("/resource-servers/{}", text(&made, "/id"));
        let rename = api.send("PATCH", &path, json!({"name": "n"})).await;
        assert_eq!(
            rename.refused(400),
            "System resource servers cannot be patched."
        );
        let delete = api.send("DELETE", &path, Value::Null).await;
        assert_eq!(
            delete.refused(400),
            "System resource servers cannot be deleted."
        );
    }
    for identifier in ["https://login.test/api/v2/", "https://login.test/userinfo"] {
        let body = json!({"identifier": identifier, "name": "n"});
        let reserved = api.send("POST", "/resource-servers", body).await;
        assert_eq!(
            reserved.refused(400),
            "The selected identifier is reserved."
        );
    }
}

#[tokio::test]
async fn t2_2_j8_2_deleting_an_api_deletes_its_client_grants() {
    let api = Api::start().await;
    let made = api.make_api("https://orders.test", &["a"]).await;
    let client = api.make_client("svc").await;
    let body = json!({"client_id": text(&client, "/client_id"), "audience": "https://orders.test",
        "scope": ["a"]});
    let grant = api.make("/client-grants", body.clone()).await;

    let path = format!("/resource-servers/{}", text(&made, "/id"));
    api.send("DELETE", &path, Value::Null).await.ok(204);

    let store = &api.management.store;
    let grant_id = text(&grant, "/id");
    assert!(
        store
            .find(&api.tenant, &ClientGrant::KIND, grant_id)
            .await
            .unwrap()
            .is_none()
    );
    let api_id = text(&made, "/id");
    assert!(
        store
            .find(&api.tenant, &ResourceServer::KIND, api_id)
            .await
            .unwrap()
            .is_none()
    );
    api.send("GET", &path, Value::Null).await.refused(404);
    // Deleting what is gone is no failure.
    api.send("DELETE", &path, Value::Null).await.ok(204);
    api.send("POST", "/client-grants", body).await.refused(404);
}

/// T19-5.
#[tokio::test]
async fn t19_5_a_name_with_an_angle_bracket_is_refused_with_its_field() {
    let api = Api::start().await;
    let body = json!({"identifier": "urn:x", "name": "a<b"});
    assert_eq!(
        api.send("POST", "/resource-servers", body)
            .await
            .refused(400),
        "Payload validation error: 'String does not match pattern ^[^<>]+$: a<b' on property name."
    );
}

/// T19-6.
#[tokio::test]
async fn t19_6_a_lifetime_of_none_or_more_than_30_days_is_refused() {
    let api = Api::start().await;
    for (lifetime, told) in [
        (0, "less than minimum 1"),
        (2_592_001, "greater than maximum 2592000"),
    ] {
        let body = json!({"identifier": "urn:x", "token_lifetime": lifetime});
        let sentence = api
            .send("POST", "/resource-servers", body)
            .await
            .refused(400);
        assert!(
            sentence.contains(told) && sentence.contains("token_lifetime"),
            "{sentence}"
        );
    }
    let body = json!({"identifier": "urn:x", "token_lifetime": 2_592_000});
    api.make("/resource-servers", body).await;
}

/// T19-7.
#[tokio::test]
async fn t19_7_identifier_and_algorithm_cannot_be_changed() {
    let api = Api::start().await;
    let made = api.make_api("urn:x", &[]).await;
    let path = format!("/resource-servers/{}", text(&made, "/id"));
    let body = json!({"identifier": "urn:y"});
    assert_eq!(
        api.send("PATCH", &path, body).await.refused(400),
        "Payload validation error: 'Additional properties not allowed: identifier'."
    );
    api.send("PATCH", &path, json!({"signing_alg": "HS256"}))
        .await
        .refused(400);
    // Clients send the present value back.
    api.send("PATCH", &path, json!({"signing_alg": "RS256"}))
        .await
        .ok(200);
}

/// T19-8.
#[tokio::test]
async fn t19_8_a_fresh_tenant_has_the_management_api_which_cannot_be_deleted() {
    let api = Api::start().await;
    let found = api
        .read("/resource-servers/https%3A%2F%2Flogin.test%2Fapi%2Fv2%2F")
        .await;
    assert_eq!(text(&found, "/identifier"), "https://login.test/api/v2/");
    assert_eq!(found["is_system"], true);
    assert!(
        found["scopes"]
            .as_array()
            .unwrap()
            .iter()
            .any(|scope| scope["value"] == "read:users")
    );

    let path = format!("/resource-servers/{}", text(&found, "/id"));
    let sentence = api.send("DELETE", &path, Value::Null).await.refused(400);
    assert_eq!(sentence, "System resource servers cannot be deleted.");
    let sentence = api
        .send("PATCH", &path, json!({"name": "x"}))
        .await
        .refused(400);
    assert_eq!(sentence, "System resource servers cannot be patched.");
    let updated = api
        .send("PATCH", &path, json!({"token_lifetime": 3600}))
        .await
        .ok(200);
    assert_eq!(updated["token_lifetime"], 3600);
    let body = json!({"identifier": "https://login.test/api/v2/"});
    let sentence = api
        .send("POST", "/resource-servers", body)
        .await
        .refused(400);
    assert_eq!(sentence, "The selected identifier is reserved.");
}

/// J8-4.
#[tokio::test]
async fn j8_4_a_signing_secret_belongs_to_hs256_alone() {
    let api = Api::start().await;
    let body = json!({"identifier": "urn:x", "signing_secret": "0123456789abcdef"});
    api.send("POST", "/resource-servers", body)
        .await
        .refused(400);
}

#[tokio::test]
async fn what_is_unset_is_absent_and_null_clears() {
    let api = Api::start().await;
    let body = json!({"identifier": "urn:x", "proof_of_possession": {"mechanism": "dpop",
        "required": true, "required_for": "all_clients"}});
    let made = api.make("/resource-servers", body).await;
    let expected = json!({
        "id": made["id"], "identifier": "urn:x", "signing_alg": "RS256",
        "allow_offline_access": false, "token_lifetime": 86400, "token_lifetime_for_web": 7200,
        "skip_consent_for_verifiable_first_party_clients": false,
        "proof_of_possession": made["proof_of_possession"],
        "subject_type_authorization": {"client": {"policy": "require_client_grant"},
            "user": {"policy": "allow_all"}},
    });
    assert_eq!(made, expected);

    let path = format!("/resource-servers/{}", text(&made, "/id"));
    // An object is replaced whole.
    let body = json!({"proof_of_possession": {"mechanism": "mtls", "required": false}});
    let updated = api.send("PATCH", &path, body).await.ok(200);
    assert_eq!(
        updated["proof_of_possession"],
        json!({"mechanism": "mtls", "required": false})
    );
    let updated = api
        .send("PATCH", &path, json!({"proof_of_possession": null}))
        .await
        .ok(200);
    assert!(updated.get("proof_of_possession").is_none());
    // The half of a policy that is not sent stays.
    let body = json!({"subject_type_authorization": {"user": {"policy": "deny_all"}}});
    let updated = api.send("PATCH", &path, body).await.ok(200);
    assert_eq!(
        updated["subject_type_authorization"],
        json!({"client": {"policy": "require_client_grant"}, "user": {"policy": "deny_all"}})
    );
}

/// J8-1.
#[tokio::test]
async fn j8_1_the_list_shows_custom_and_system_apis() {
    let api = Api::start().await;
    api.make_api("https://orders.orchard.test", &[]).await;
    let listed = api
        .read("/resource-servers?page=0&per_page=50&include_totals=true")
        .await;
    assert_eq!(listed["total"], 2);
    assert_eq!(listed["resource_servers"][0]["is_system"], true);
    let custom = &listed["resource_servers"][1];
    assert_eq!(text(custom, "/identifier"), "https://orders.orchard.test");
    assert!(custom.get("is_system").is_none());
}
