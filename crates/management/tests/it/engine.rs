//! What every resource has from the engine: bodies, paging, conditions, the log.

use grantor_management::{Caller, Request};
use grantor_protocol::tenant::{Issuer, TenantId};
use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer, text};

#[tokio::test]
async fn a_list_has_three_shapes() {
    let api = Api::start().await;
    for number in 0..5 {
        api.make_api(&format!("urn:{number}"), &[]).await;
    }
    let bare = api.read("/resource-servers").await;
    assert_eq!(bare.as_array().unwrap().len(), 6);
    let totals = api
        .read("/resource-servers?page=1&per_page=4&include_totals=true")
        .await;
    assert_eq!(
        (&totals["start"], &totals["limit"], &totals["total"]),
        (&json!(4), &json!(4), &json!(6))
    );
    assert_eq!(totals["resource_servers"].as_array().unwrap().len(), 2);

    // Client grants know checkpoints: each entry exactly once, also while new ones arrive.
    let mut ids = Vec::new();
    for number in 0..5 {
        let client = api.make_client(&format!("c{number}")).await;
        let body = json!({"client_id": client["client_id"], "audience": "urn:0", "scope": []});
        ids.push(text(&api.make("/client-grants", body).await, "/id").to_owned());
    }
    let mut seen: Vec<String> = Vec::new();
    let mut from = String::new();
    loop {
        let page = api
            .read(&format!("/client-grants?audience=urn:0&take=2{from}"))
            .await;
        assert!(page.get("total").is_none() && page.get("start").is_none());
        let entries = page["client_grants"].as_array().unwrap();
        seen.extend(entries.iter().map(|entry| text(entry, "/id").to_owned()));
        match page.get("next") {
            Some(next) => from = format!("&from={}", next.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(seen, ids);
    let sentence = api
        .send("GET", "/client-grants?from=nonsense", Value::Null)
        .await
        .refused(400);
    assert_eq!(sentence, "Invalid pagination cursor");
}

#[tokio::test]
async fn an_offset_paged_list_links_to_its_parts() {
    let api = Api::start().await;
    for number in 0..4 {
        api.make_api(&format!("urn:{number}"), &[]).await;
    }
    let response = api
        .send("GET", "/resource-servers?page=1&per_page=2", Value::Null)
        .await;
    let (_, link) = response
        .headers
        .iter()
        .find(|(name, _)| *name == "Link")
        .unwrap();
    for (page, relation) in [(0, "first"), (0, "prev"), (2, "next"), (2, "last")] {
        let part = format!(
            "<https://login.test/api/v2/resource-servers?per_page=2&page={page}>; rel=\"{relation}\""
        );
        assert!(link.contains(&part), "{part} in {link}");
    }
}

#[tokio::test]
async fn fields_are_chosen_by_name_and_unknown_ones_are_refused() {
    let api = Api::start().await;
    api.make_api("urn:x", &[]).await;
    let chosen = api
        .read("/resource-servers?identifiers=urn:x&fields=id,identifier")
        .await;
    assert_eq!(chosen[0].as_object().unwrap().len(), 2);
    let path = "/resource-servers?identifiers=urn:x&fields=id,name&include_fields=false";
    let rest = api.read(path).await;
    assert!(rest[0].get("id").is_none() && rest[0].get("signing_alg").is_some());
    let response = api
        .send("GET", "/resource-servers?fields=nope", Value::Null)
        .await;
    assert_eq!(
        response.body.as_ref().unwrap()["errorCode"],
        "invalid_query_string"
    );
    let sentence = response.refused(400);
    assert!(
        sentence.contains("Must be a comma separated list"),
        "{sentence}"
    );
}

#[tokio::test]
async fn several_identifiers_list_several_apis() {
    let api = Api::start().await;
    for identifier in ["urn:a", "urn:b", "urn:c"] {
        api.make_api(identifier, &[]).await;
    }
    let found = api
        .read("/resource-servers?identifiers=urn:a&identifiers=urn:c")
        .await;
    let found: Vec<_> = found
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| text(entry, "/identifier"))
        .collect();
    assert_eq!(found, ["urn:a", "urn:c"]);
}

#[tokio::test]
async fn a_write_under_a_stale_condition_is_refused() {
    let api = Api::start().await;
    let made = api.make_api("urn:x", &[]).await;
    let path = format!("/resource-servers/{}", text(&made, "/id"));
    let caller = Caller::operator();
    let write = async |if_match: &str, name: &str| {
        let body = json!({"name": name}).to_string();
        let request = Request {
            body: body.as_bytes(),
            if_match: Some(if_match),
            ..Request::new("PATCH", &path, &api.issuer)
        };
        api.management.answer(&api.tenant, &caller, request).await
    };
    let tag = |response: &grantor_management::Response| {
        response
            .headers
            .iter()
            .find(|(name, _)| *name == "ETag")
            .unwrap()
            .1
            .clone()
    };
    let read = api.send("GET", &path, Value::Null).await;
    let first = tag(&read);
    let written = write(&first, "one").await;
    let second = tag(&written);
    written.ok(200);
    assert_ne!(first, second);
    assert_eq!(write(&first, "two").await.status, 412);
    write(&second, "three").await.ok(200);
    write("*", "four").await.ok(200);
}

#[tokio::test]
async fn concurrent_updates_of_different_members_all_stand() {
    let api = std::sync::Arc::new(Api::start().await);
    let made = api.make_client("busy").await;
    let path = format!("/clients/{}", text(&made, "/client_id"));
    let mut writes = tokio::task::JoinSet::new();
    for number in 0..10 {
        let (api, path) = (api.clone(), path.clone());
        writes.spawn(async move {
            let body = json!({"client_metadata": {number.to_string(): "written"}});
            api.send("PATCH", &path, body).await.ok(200);
        });
    }
    while let Some(write) = writes.join_next().await {
        write.unwrap();
    }
    let read = api.read(&path).await;
    assert_eq!(read["client_metadata"].as_object().unwrap().len(), 10);
}

#[tokio::test]
async fn a_form_is_as_good_as_json() {
    let api = Api::start().await;
    let caller = Caller::operator();
    let request = Request {
        content_type: Some("application/x-www-form-urlencoded"),
        body: b"name=Form&identifier=urn%3Aform&token_lifetime=600&allow_offline_access=true",
        ..Request::new("POST", "/resource-servers", &api.issuer)
    };
    let made = api
        .management
        .answer(&api.tenant, &caller, request)
        .await
        .ok(201);
    assert_eq!(made["token_lifetime"], 600);
    assert_eq!(made["allow_offline_access"], true);
}

#[tokio::test]
async fn what_is_no_body_is_refused_in_the_envelope() {
    let api = Api::start().await;
    let caller = Caller::operator();
    for (body, told) in [
        ("{", "Invalid request payload JSON format"),
        (
            r#"{"identifier":"a","identifier":"b"}"#,
            "duplicate property identifier",
        ),
        (r#"{"identifier":"a\u0000"}"#, "NUL"),
        ("[]", "Expected type object but found type array"),
        ("", "Missing required property: identifier"),
        (
            r#"{"identifier":"a","nope":1}"#,
            "Additional properties not allowed: nope",
        ),
    ] {
        let request = Request {
            body: body.as_bytes(),
            ..Request::new("POST", "/resource-servers", &api.issuer)
        };
        let response = api.management.answer(&api.tenant, &caller, request).await;
        assert_eq!(response.body.as_ref().unwrap()["errorCode"], "invalid_body");
        let sentence = response.refused(400);
        assert!(sentence.contains(told), "{sentence}");
    }
    for path in [
        "/clients/%00",
        "/clients/a%2500b",
        "/clients//",
        "/clients/a/b/c/d",
    ] {
        let status = api.send("GET", path, Value::Null).await.status;
        assert!(status == 400 || status == 404, "{path} {status}");
    }
}

/// Own APIs are stored without the host and shown under the host that was asked.
#[tokio::test]
async fn identifiers_of_own_apis_follow_the_host() {
    let api = Api::start().await;
    let other = Issuer::new("https", "other.test");
    let request = Request::new("GET", "/resource-servers", &other);
    let caller = Caller::operator();
    let listed = api
        .management
        .answer(&api.tenant, &caller, request)
        .await
        .ok(200);
    assert_eq!(text(&listed, "/0/identifier"), "https://other.test/api/v2/");
    let grants = api
        .read("/client-grants?audience=https%3A%2F%2Flogin.test%2Fapi%2Fv2%2F")
        .await;
    assert_eq!(text(&grants, "/0/audience"), "https://login.test/api/v2/");
    let settings = api
        .send(
            "PATCH",
            "/tenants/settings",
            json!({"default_audience": "https://login.test/api/v2/"}),
        )
        .await
        .ok(200);
    assert_eq!(
        text(&settings, "/default_audience"),
        "https://login.test/api/v2/"
    );
    let request = Request::new("GET", "/tenants/settings", &other);
    let settings = api
        .management
        .answer(&api.tenant, &caller, request)
        .await
        .ok(200);
    assert_eq!(
        text(&settings, "/default_audience"),
        "https://other.test/api/v2/"
    );
}

/// J13-2: a write leaves one event with the old and the new value and without secrets.
#[tokio::test]
async fn j13_2_a_write_is_recorded_once_without_its_secrets() {
    let api = Api::start().await;
    let caller = bearer(&[
        "create:clients",
        "create:client_keys",
        "update:clients",
        "update:client_keys",
    ]);
    let body = json!({"name": "secretive", "client_secret": "the-secret-that-was-sent",
        "addons": {"firebase": {"secret": "the-secret-of-firebase"}}});
    let made = api.send_as(&caller, "POST", "/clients", body).await.ok(201);
    let path = format!("/clients/{}", text(&made, "/client_id"));
    api.send_as(&caller, "PATCH", &path, json!({"name": "renamed"}))
        .await
        .ok(200);
    api.send_as(&caller, "PATCH", &path, json!({"nope": 1}))
        .await
        .refused(400);

    let logs = api.read("/logs?q=type:sapi").await;
    let logs = logs.as_array().unwrap();
    assert_eq!(logs.len(), 2, "refusals are no success");
    assert_eq!(text(&logs[0], "/description"), "Update a client");
    assert_eq!(text(&logs[0], "/client_id"), "svc");
    assert_eq!(text(&logs[0], "/details/before/name"), "secretive");
    assert_eq!(text(&logs[0], "/details/after/name"), "renamed");
    assert_eq!(
        text(&logs[0], "/details/request/path"),
        format!("/api/v2{path}")
    );
    assert_eq!(text(&logs[1], "/details/request/method"), "post");
    let all = json!(logs).to_string();
    for secret in [
        "the-secret-that-was-sent",
        "the-secret-of-firebase",
        "private key of the client",
    ] {
        assert!(!all.contains(secret), "{secret}");
    }
}

/// A refused write is an entry of its own type that says why; a refused read is none.
#[tokio::test]
async fn a_refused_write_is_recorded_with_its_reason() {
    let api = Api::start().await;
    let refusals = [
        ("POST", "/resource-servers", json!({"name": "n"}), 400),
        ("POST", "/resource-servers", json!({"identifier": 7}), 400),
        ("PATCH", "/resource-servers/none", json!({"name": "n"}), 404),
        ("DELETE", "/clients/none", Value::Null, 403),
        ("GET", "/resource-servers/none", Value::Null, 404),
        ("GET", "/clients", Value::Null, 403),
    ];
    let caller = bearer(&[
        "create:resource_servers",
        "update:resource_servers",
        "read:resource_servers",
    ]);
    let mut sentences = Vec::new();
    for (method, path, body, status) in refusals {
        let answer = api.send_as(&caller, method, path, body).await;
        sentences.push(answer.refused(status));
    }

    let logs = api.read("/logs?q=type:fapi&sort=date:1").await;

    let logs = logs.as_array().unwrap();
    assert_eq!(logs.len(), 4);
    for (entry, sentence) in logs.iter().zip(&sentences) {
        assert_eq!(text(entry, "/description"), sentence);
        assert_eq!(text(entry, "/client_id"), "svc");
        assert_eq!(text(entry, "/details/response/body/message"), sentence);
    }
    assert_eq!(logs[3]["details"]["response"]["statusCode"], 403);
    assert_eq!(api.read("/logs?q=type:sapi").await, json!([]));
}

/// A conflict leaves the object as it was and no entry that says it changed.
#[tokio::test]
async fn what_is_not_written_is_not_recorded_as_written() {
    let api = Api::start().await;
    api.make_api("urn:x", &[]).await;
    let again = json!({"name": "Another", "identifier": "urn:x"});
    api.send("POST", "/resource-servers", again)
        .await
        .refused(409);

    for kind in ["sapi", "fapi"] {
        let entries = api.read(&format!("/logs?q=type:{kind}")).await;
        assert_eq!(entries.as_array().unwrap().len(), 1, "{kind}");
    }
}

#[tokio::test]
async fn a_deletion_under_a_stale_condition_is_refused() {
    let api = Api::start().await;
    let made = api.make_api("urn:x", &[]).await;
    let path = format!("/resource-servers/{}", text(&made, "/id"));
    api.send("PATCH", &path, json!({"name": "newer"}))
        .await
        .ok(200);
    let delete = async |if_match: &str| {
        let request = Request {
            if_match: Some(if_match),
            ..Request::new("DELETE", &path, &api.issuer)
        };
        let caller = Caller::operator();
        api.management.answer(&api.tenant, &caller, request).await
    };

    delete("\"1\"").await.refused(412);
    assert_eq!(text(&api.read(&path).await, "/name"), "newer");

    assert_eq!(delete("\"2\"").await.status, 204);
    api.send("GET", &path, Value::Null).await.refused(404);
}

/// Grants that are made while their API is deleted are refused or go with it.
#[tokio::test]
async fn t2_2_grants_made_while_their_api_is_deleted_do_not_outlive_it() {
    let api = Api::start().await;
    let client = api.make_client("c").await;
    for round in 0..10 {
        let identifier = format!("urn:{round}");
        let made = api.make_api(&identifier, &[]).await;
        let path = format!("/resource-servers/{}", text(&made, "/id"));
        let grant = json!({"client_id": client["client_id"], "audience": identifier, "scope": []});
        let (granted, deleted) = tokio::join!(
            api.send("POST", "/client-grants", grant),
            api.send("DELETE", &path, Value::Null)
        );
        assert_eq!(deleted.status, 204);
        assert!([201, 404].contains(&granted.status), "{:?}", granted.body);
        let path = format!("/client-grants?audience={identifier}");
        assert_eq!(api.read(&path).await, json!([]), "round {round}");
    }
}

#[tokio::test]
async fn a_tenant_does_not_see_another() {
    let api = Api::start().await;
    let made = api.make_api("urn:x", &[]).await;
    let other = TenantId::parse("other").unwrap();
    let now = api.management.env.now();
    api.management
        .store
        .create_tenant(&other, &[], now)
        .await
        .unwrap();
    api.management.seed(&other).await.unwrap();
    let caller = Caller::operator();
    let path = format!("/resource-servers/{}", text(&made, "/id"));
    let request = Request::new("GET", &path, &api.issuer);
    assert_eq!(
        api.management.answer(&other, &caller, request).await.status,
        404
    );
    let request = Request::new("GET", "/resource-servers", &api.issuer);
    let listed = api
        .management
        .answer(&other, &caller, request)
        .await
        .ok(200);
    assert_eq!(listed.as_array().unwrap().len(), 1);
}
