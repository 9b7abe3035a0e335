//! Seed, settings, signing keys, log, blacklist, statistics, custom domains, user grants.

use grantor_management::Caller;
use grantor_protocol::{
    document::Document,
    event::Event,
    model::{TenantSettings, UserGrant},
};
use serde_json::{Map, Value, json};

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

async fn record(api: &Api, code: &'static str, client_id: &str, user_id: Option<&str>) {
    let members: Map<_, _> = [("ip".to_owned(), json!("10.0.0.1"))].into_iter().collect();
    let event = Event {
        code,
        at: api.management.env.now(),
        client_id: Some(client_id.to_owned()),
        user_id: user_id.map(str::to_owned),
        members,
    };
    api.management
        .store
        .append_events(&[(api.tenant.clone(), event)])
        .await
        .unwrap();
}

/// J13-3.
#[tokio::test]
async fn j13_3_following_the_log_returns_each_entry_once_while_new_ones_arrive() {
    let api = Api::start().await;
    for _ in 0..5 {
        record(&api, "seccft", "svc", None).await;
    }
    let mut seen = Vec::new();
    let mut path = "/logs?take=2".to_owned();
    for round in 0..6 {
        let response = api.send("GET", &path, Value::Null).await;
        let next = response
            .headers
            .iter()
            .find(|(name, _)| *name == "Link")
            .cloned();
        let body = response.ok(200);
        let entries = body.as_array().unwrap();
        if entries.is_empty() {
            break;
        }
        seen.extend(
            entries
                .iter()
                .map(|entry| text(entry, "/log_id").to_owned()),
        );
        if round == 0 {
            record(&api, "feccft", "svc", None).await;
        }
        let (_, link) = next.unwrap();
        let target = link.split(['<', '>']).nth(1).unwrap();
        path = target
            .strip_prefix("https://login.test/api/v2")
            .unwrap()
            .to_owned();
    }
    assert_eq!(seen.len(), 6);
    let mut sorted = seen.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!(sorted, seen);
}

#[tokio::test]
async fn the_log_is_searched_paged_and_shown_whole() {
    let api = Api::start().await;
    for number in 0..4 {
        record(
            &api,
            if number == 0 { "feccft" } else { "seccft" },
            "svc",
            None,
        )
        .await;
        record(&api, "s", "web", Some(&format!("auth0|{number}"))).await;
    }
    let count = async |query: &str| {
        let page = api
            .read(&format!("/logs?include_totals=true&{query}"))
            .await;
        assert_eq!(page["length"], page["logs"].as_array().unwrap().len());
        page["total"].as_i64().unwrap()
    };
    assert_eq!(count("q=type:feccft").await, 1);
    assert_eq!(count("q=type:seccft%20AND%20client_id:svc").await, 3);
    assert_eq!(count("q=user_id:auth0*").await, 4);
    assert_eq!(count("q=ip:%2210.0.0.1%22%20AND%20NOT%20type:s").await, 4);
    assert_eq!(
        count("search=date:[2026-01-01%20TO%20*]&per_page=2&page=3").await,
        8
    );
    api.send("GET", "/logs?q=type:(", Value::Null)
        .await
        .refused(400);
    api.send("GET", "/logs?page=11&per_page=100", Value::Null)
        .await
        .refused(400);

    let newest = api.read("/logs?per_page=1").await;
    let entry = api
        .read(&format!("/logs/{}", text(&newest, "/0/log_id")))
        .await;
    assert_eq!(entry, newest[0]);
    assert_eq!(entry["_id"], entry["log_id"]);
    assert_eq!(text(&entry, "/log_id").len(), 56);
    for member in [
        "connection",
        "organization_id",
        "strategy",
        "location_info",
        "details",
    ] {
        assert_eq!(entry[member], Value::Null, "{member}");
    }
    assert_eq!(entry["isMobile"], false);
    let oldest = api.read("/logs?per_page=1&sort=date:1").await;
    assert_eq!(text(&oldest, "/0/type"), "feccft");

    // `read:logs_users` shows one's own entries.
    let mut user = bearer(&["read:logs_users"]);
    user.subject = "auth0|2".to_owned();
    let own = api
        .send_as(&user, "GET", "/logs", Value::Null)
        .await
        .ok(200);
    assert_eq!(own.as_array().unwrap().len(), 1);
    let own = api
        .send_as(&user, "GET", "/logs?q=user_id:%22auth0%7C1%22", Value::Null)
        .await
        .ok(200);
    assert_eq!(own, json!([]));
    let path = format!("/logs/{}", text(&newest, "/0/log_id"));
    api.send_as(&user, "GET", &path, Value::Null)
        .await
        .refused(404);
}

#[tokio::test]
async fn statistics_count_logins_by_day_and_user() {
    let api = Api::start().await;
    record(&api, "s", "web", Some("auth0|1")).await;
    record(&api, "s", "web", Some("auth0|1")).await;
    record(&api, "ss", "web", Some("auth0|2")).await;
    api.clock.advance_seconds(2 * 86_400);
    record(&api, "s", "web", Some("auth0|2")).await;
    assert_eq!(api.read("/stats/active-users").await, json!(2));
    let days = api.read("/stats/daily?from=20260101&to=20260103").await;
    assert_eq!(days.as_array().unwrap().len(), 2);
    assert_eq!(text(&days, "/0/date"), "2026-01-01T00:00:00.000Z");
    assert_eq!(
        (&days[0]["logins"], &days[0]["signups"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        api.read("/stats/daily?from=20260101&to=20260102")
            .await
            .as_array()
            .unwrap()
            .len(),
        1
    );
    let response = api
        .send("GET", "/stats/daily?from=20260103&to=20260101", Value::Null)
        .await;
    assert_eq!(
        response.refused(400),
        "'from' date cannot be greater than 'to' date."
    );
    api.send("GET", "/stats/daily?from=yesterday", Value::Null)
        .await
        .refused(400);
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
