//! Seed, settings, signing keys, blacklist, custom domains, user grants.

use grantor_management::Caller;
use grantor_protocol::{
    document::Document,
    model::{TenantSettings, UserGrant},
};
use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer, text};

#[tokio::test]
async fn a_fresh_tenant_has_what_tools_expect_and_seeding_again_changes_nothing() {
    let api = Api::empty().await;
    let first = api.management.seed(&api.tenant).await.unwrap();
    let again = api.management.seed(&api.tenant).await.unwrap();
    assert!(first.fresh && !again.fresh);
    let (first, again) = (
        first.management_client.unwrap(),
        again.management_client.unwrap(),
    );
    assert_eq!(first.client_id, again.client_id);
    assert!(first.client_secret.matches(&again.client_secret));

    let global = api
        .read("/clients?is_global=true&include_totals=true")
        .await;
    assert_eq!(global["total"], 1);
    assert_eq!(text(&global, "/clients/0/name"), "All Applications");
    let path = format!("/clients/{}", text(&global, "/clients/0/client_id"));
    let sentence = api.send("DELETE", &path, Value::Null).await.refused(400);
    assert_eq!(sentence, "Global client cannot be deleted.");
    let names = api.read("/clients?is_global=false&fields=name").await;
    assert_eq!(
        names,
        json!([{"name": "Default App"}, {"name": "Management"}])
    );
    let grants = api
        .read(&format!("/client-grants?client_id={}", first.client_id))
        .await;
    assert_eq!(grants[0]["allow_all_scopes"], true);
    assert_eq!(text(&grants, "/0/audience"), "https://login.test/api/v2/");

    // What an administrator deletes is not made again.
    let path = format!("/clients/{}", first.client_id);
    api.send("DELETE", &path, Value::Null).await.ok(204);
    assert!(
        api.management
            .seed(&api.tenant)
            .await
            .unwrap()
            .management_client
            .is_none()
    );
}

#[tokio::test]
async fn two_that_seed_at_once_make_one_tenant() {
    let api = Api::empty().await;
    let (one, two) = tokio::join!(
        api.management.seed(&api.tenant),
        api.management.seed(&api.tenant)
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert!(one.fresh != two.fresh);
    assert_eq!(
        one.management_client.unwrap().client_id,
        two.management_client.unwrap().client_id
    );
    assert_eq!(api.read("/clients").await.as_array().unwrap().len(), 3);
}

/// T4-3.
#[tokio::test]
async fn t4_3_a_default_audience_that_is_no_api_is_refused() {
    let api = Api::start().await;
    let body = json!({"default_audience": "https://orders.test"});
    api.send("PATCH", "/tenants/settings", body.clone())
        .await
        .refused(400);
    api.make_api("https://orders.test", &[]).await;
    let updated = api.send("PATCH", "/tenants/settings", body).await.ok(200);
    assert_eq!(updated["default_audience"], "https://orders.test");
    let body = json!({"default_audience": ""});
    let updated = api.send("PATCH", "/tenants/settings", body).await.ok(200);
    assert_eq!(updated["default_audience"], "");
}

#[tokio::test]
async fn settings_merge_flags_replace_objects_and_clear_with_null() {
    let api = Api::start().await;
    let body = json!({"friendly_name": "Orchard", "flags": {"enable_sso": false},
        "error_page": {"url": "https://a.test"}, "session_lifetime_in_minutes": 181,
        "idle_session_lifetime": 24, "allowed_logout_urls": ["https://a.test"]});
    let updated = api.send("PATCH", "/tenants/settings", body).await.ok(200);
    assert_eq!(updated["flags"]["enable_sso"], false);
    assert_eq!(updated["flags"]["universal_login"], true);
    assert_eq!(
        updated["error_page"],
        json!({"url": "https://a.test", "show_log_link": false})
    );
    assert!((updated["session_lifetime"].as_f64().unwrap() - 3.016_666_666_666_666_6).abs() < 1e-9);
    assert!(updated.get("session_lifetime_in_minutes").is_none());
    assert!(updated.get("sandbox_versions_available").is_none());

    let updated = api
        .send("PATCH", "/tenants/settings", json!({"error_page": null}))
        .await
        .ok(200);
    assert!(updated.get("error_page").is_none());
    let read = api.read("/tenants/settings").await;
    assert!(read["sandbox_versions_available"].is_array());
    assert_eq!(read["friendly_name"], "Orchard");
    assert_eq!(
        api.read("/tenants/settings?fields=friendly_name").await,
        json!({"friendly_name": "Orchard"})
    );
    api.send("PATCH", "/tenants/settings", json!({"session_lifetime": 0}))
        .await
        .refused(400);
    api.send(
        "PATCH",
        "/tenants/settings",
        json!({"flags": {"nope": true}}),
    )
    .await
    .refused(400);
    let stored = api
        .management
        .store
        .typed::<TenantSettings>(&api.tenant, TenantSettings::ID)
        .await;
    assert!(stored.unwrap().unwrap().value.flag("universal_login"));
}

/// J10-4.
#[tokio::test]
async fn j10_4_rotating_needs_both_scopes() {
    let api = Api::start().await;
    for scope in ["create:signing_keys", "update:signing_keys"] {
        let caller = bearer(&[scope]);
        api.send_as(&caller, "POST", "/keys/signing/rotate", Value::Null)
            .await
            .refused(403);
    }
    let caller = bearer(&["create:signing_keys", "update:signing_keys"]);
    let made = api
        .send_as(&caller, "POST", "/keys/signing/rotate", Value::Null)
        .await
        .ok(201);
    assert_eq!(text(&made, "/kid"), "key2");
    assert!(made["cert"].is_string() && made["current"].is_boolean());
    let logs = api
        .read("/logs?q=description:\"rotate the signing key\"")
        .await;
    assert_eq!(logs.as_array().unwrap().len(), 1);
}

/// J10-6.
#[tokio::test]
async fn j10_6_signing_keys_are_shown_without_their_private_parts() {
    let api = Api::start().await;
    let keys = api.read("/keys/signing").await;
    assert_eq!(keys.as_array().unwrap().len(), 2);
    let current = api.read("/keys/signing/key1").await;
    let mut names: Vec<_> = current
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "cert",
            "current",
            "current_since",
            "fingerprint",
            "kid",
            "next",
            "previous",
            "revoked",
            "thumbprint"
        ]
    );
    api.send("GET", "/keys/signing/none", Value::Null)
        .await
        .refused(404);

    api.send("PUT", "/keys/signing/key1/revoke", Value::Null)
        .await
        .refused(400);
    api.send("POST", "/keys/signing/rotate", Value::Null)
        .await
        .ok(201);
    let revoked = api
        .send("PUT", "/keys/signing/key1/revoke", Value::Null)
        .await
        .ok(200);
    assert_eq!(text(&revoked, "/kid"), "key1");
    assert_eq!(api.read("/keys/signing/key1").await["revoked"], true);
}

/// T32-2, T32-3.
#[tokio::test]
async fn t32_3_blacklisting_twice_lists_once() {
    let api = Api::start().await;
    let body = json!({"aud": "https://orders.test", "jti": "one"});
    for _ in 0..2 {
        api.send("POST", "/blacklists/tokens", body.clone())
            .await
            .ok(204);
    }
    let listed = api
        .read("/blacklists/tokens?aud=https%3A%2F%2Forders.test")
        .await;
    assert_eq!(listed, json!([body]));
    assert_eq!(api.read("/blacklists/tokens?aud=other").await, json!([]));
    // Without an audience it is the caller's own client.
    let caller = bearer(&["blacklist:tokens"]);
    api.send_as(&caller, "POST", "/blacklists/tokens", json!({"jti": "two"}))
        .await
        .ok(204);
    assert_eq!(
        api.read("/blacklists/tokens?aud=svc").await,
        json!([{"aud": "svc", "jti": "two"}])
    );
    // No access token lives longer than 30 days.
    api.clock.advance_seconds(2_592_001);
    assert_eq!(api.read("/blacklists/tokens?aud=svc").await, json!([]));
}

#[tokio::test]
async fn a_verified_custom_domain_is_a_host_of_the_tenant() {
    let api = Api::start().await;
    let body = json!({"domain": "ready.shop.test", "type": "auth0_managed_certs",
        "domain_metadata": {"a": "1"}});
    let made = api.make("/custom-domains", body.clone()).await;
    assert_eq!(made["status"], "pending_verification");
    assert_eq!(made["tls_policy"], "recommended");
    assert_eq!(text(&made, "/verification/methods/0/record"), "login.test");
    api.send("POST", "/custom-domains", body).await.refused(409);
    let store = &api.management.store;
    assert!(
        store
            .find_tenant_by_host("ready.shop.test")
            .await
            .unwrap()
            .is_none()
    );

    let path = format!("/custom-domains/{}", text(&made, "/custom_domain_id"));
    let caller = bearer(&["create:custom_domains"]);
    let verified = api
        .send_as(&caller, "POST", &format!("{path}/verify"), json!({}))
        .await
        .ok(200);
    assert_eq!(verified["status"], "ready");
    let host = store.find_tenant_by_host("ready.shop.test").await.unwrap();
    assert_eq!(*host.unwrap(), api.tenant);
    api.send_as(&caller, "POST", &format!("{path}/verify"), json!({}))
        .await
        .refused(400);

    let body = json!({"domain_metadata": {"b": "2", "a": null}});
    let updated = api.send("PATCH", &path, body).await.ok(200);
    assert_eq!(updated["domain_metadata"], json!({"b": "2"}));
    api.send("DELETE", &path, Value::Null).await.ok(204);
    assert!(
        store
            .find_tenant_by_host("ready.shop.test")
            .await
            .unwrap()
            .is_none()
    );
    api.send("DELETE", &path, Value::Null).await.ok(204);
}

#[tokio::test]
async fn an_unverified_domain_waits_for_its_record_or_the_operators_word() {
    let api = Api::start().await;
    let body = json!({"domain": "shop.test", "type": "self_managed_certs"});
    let made = api.make("/custom-domains", body).await;
    assert_eq!(made["custom_client_ip_header"], Value::Null);
    let path = format!("/custom-domains/{}", text(&made, "/custom_domain_id"));
    let verify = format!("{path}/verify");
    let caller = bearer(&["create:custom_domains"]);
    let tried = api
        .send_as(&caller, "POST", &verify, json!({}))
        .await
        .ok(200);
    assert_eq!(text(&tried, "/verification/status"), "failed");
    assert_eq!(tried["status"], "pending_verification");
    let tested = api
        .send("POST", &format!("{path}/test"), json!({}))
        .await
        .ok(200);
    assert_eq!(tested["success"], false);
    let verified = api
        .send_as(&Caller::operator(), "POST", &verify, json!({}))
        .await
        .ok(200);
    assert_eq!(verified["status"], "ready");
    let body = json!({"tls_policy": "recommended"});
    api.send("PATCH", &path, body).await.refused(400);
}

#[tokio::test]
async fn the_default_domain_is_the_own_one_until_another_is_chosen() {
    let api = Api::start().await;
    assert_eq!(
        api.read("/custom-domains/default").await,
        json!({"domain": "login.test"})
    );
    let body = json!({"domain": "ready.a.test", "type": "auth0_managed_certs"});
    let made = api.make("/custom-domains", body).await;
    let default = "/custom-domains/default";
    let chosen = api
        .send("PATCH", default, json!({"domain": "ready.a.test"}))
        .await
        .ok(200);
    assert_eq!(chosen["is_default"], true);
    assert_eq!(
        api.read(default).await["custom_domain_id"],
        made["custom_domain_id"]
    );
    let path = format!("/custom-domains/{}", text(&made, "/custom_domain_id"));
    api.send("DELETE", &path, Value::Null).await.refused(409);
    api.send("PATCH", default, json!({"domain": "none.test"}))
        .await
        .refused(404);
    let own = api
        .send("PATCH", default, json!({"domain": "login.test"}))
        .await
        .ok(200);
    assert_eq!(own, json!({"domain": "login.test"}));
    api.send("DELETE", &path, Value::Null).await.ok(204);
}

#[tokio::test]
async fn user_grants_are_listed_and_deleted_one_by_one_or_by_user() {
    let api = Api::start().await;
    let store = &api.management.store;
    for number in 0..4 {
        let grant = json!({"id": format!("{number:024x}"), "clientID": format!("client{number}"),
            "user_id": format!("auth0|{}", number / 2), "audience": "urn:x", "scope": ["openid"]});
        let mut batch = store.batch();
        batch.insert(
            &api.tenant,
            &UserGrant::KIND,
            &grant,
            api.management.env.now(),
        );
        store.commit(batch).await.unwrap();
    }
    let page = api
        .read("/grants?user_id=auth0%7C1&include_totals=true")
        .await;
    assert_eq!(page["total"], 2);
    assert_eq!(text(&page, "/grants/0/clientID"), "client2");
    assert_eq!(
        api.read("/grants?client_id=client3&user_id=auth0%7C1")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    api.send("DELETE", "/grants/000000000000000000000003", Value::Null)
        .await
        .ok(204);
    api.send("DELETE", "/grants", Value::Null)
        .await
        .refused(400);
    api.send("DELETE", "/grants?user_id=auth0%7C0", Value::Null)
        .await
        .ok(204);
    let left = api.read("/grants").await;
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(text(&left, "/0/id"), "000000000000000000000002");
}
