//! Applications, their secrets and keys.

use grantor_protocol::{
    document::Document,
    model::{Client, ClientGrant, UserGrant},
};
use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer, text};

/// T2-1.
#[tokio::test]
async fn clients_are_found_by_what_their_grants_allow() {
    let api = Api::start().await;
    api.make_api("urn:x", &[]).await;
    let mut ids = Vec::new();
    for (name, any) in [("a", true), ("b", false)] {
        let client = api.make_client(name).await;
        let grant = json!({"client_id": client["client_id"], "audience": "urn:x", "scope": [],
            "organization_usage": "allow", "allow_any_organization": any});
        api.make("/client-grants", grant).await;
        ids.push(client["client_id"].clone());
    }

    let any = api
        .read("/clients?q=client_grant.allow_any_organization:true&fields=client_id")
        .await;
    let page = api
        .read("/clients?take=5&q=client_grant.allow_any_organization:true&fields=client_id")
        .await;
    let none = api
        .read("/clients?q=client_grant.organization_id:org_1&include_totals=true")
        .await;

    assert_eq!(any, json!([{"client_id": ids[0]}]));
    assert_eq!(page, json!({"clients": [{"client_id": ids[0]}]}));
    assert_eq!((&none["clients"], &none["total"]), (&json!([]), &json!(0)));
    for query in [
        "q=name:a",
        "q=client_grant.allow_any_organization:true&is_first_party=true",
    ] {
        let path = format!("/clients?{query}");
        api.send("GET", &path, Value::Null).await.refused(400);
    }
}

#[tokio::test]
async fn t2_1_deleting_a_client_deletes_its_client_grants_and_user_grants() {
    let api = Api::start().await;
    api.make_api("https://orders.test", &["a"]).await;
    let (gone, kept) = (api.make_client("gone").await, api.make_client("kept").await);
    let store = &api.management.store;
    let mut grants = Vec::new();
    for (index, client) in [&gone, &kept].into_iter().enumerate() {
        let body = json!({"client_id": client["client_id"], "audience": "https://orders.test",
            "scope": ["a"]});
        grants.push(api.make("/client-grants", body).await);
        let consent = json!({"id": format!("{index:024}"), "clientID": client["client_id"],
            "user_id": "auth0|1", "audience": "https://orders.test", "scope": ["a"]});
        let mut batch = store.batch();
        batch.insert(
            &api.tenant,
            &UserGrant::KIND,
            &consent,
            api.management.env.now(),
        );
        store.commit(batch).await.unwrap();
    }

    let path = format!("/clients/{}", text(&gone, "/client_id"));
    api.send("DELETE", &path, Value::Null).await.ok(204);

    let find_grant =
        |index: usize| store.find(&api.tenant, &ClientGrant::KIND, text(&grants[index], "/id"));
    assert!(find_grant(0).await.unwrap().is_none());
    assert!(find_grant(1).await.unwrap().is_some());
    let consents = api.read("/grants").await;
    assert_eq!(consents.as_array().unwrap().len(), 1);
    assert_eq!(consents[0]["clientID"], kept["client_id"]);
    api.send("GET", &path, Value::Null).await.refused(404);
    api.send("DELETE", &path, Value::Null).await.ok(204);
}

/// J7-1.
#[tokio::test]
async fn j7_1_defaults_follow_the_type() {
    let api = Api::start().await;
    let public = json!(["authorization_code", "implicit", "refresh_token"]);
    let confidential = json!([
        "authorization_code",
        "implicit",
        "refresh_token",
        "client_credentials"
    ]);
    let expected = [
        (json!({}), &confidential, 2_592_000),
        (json!({"app_type": "regular_web"}), &confidential, 2_592_000),
        (json!({"app_type": "spa"}), &public, 2_592_000),
        (json!({"app_type": "native"}), &public, 2_592_000),
        (
            json!({"app_type": "non_interactive",
                "token_endpoint_auth_method": "client_secret_post"}),
            &confidential,
            31_557_600,
        ),
    ];
    for (mut body, grant_types, lifetime) in expected {
        body["name"] = json!("app");
        let made = api.make("/clients", body.clone()).await;
        assert_eq!(&made["grant_types"], grant_types, "{body}");
        assert_eq!(made["refresh_token"]["token_lifetime"], lifetime, "{body}");
        assert_eq!(made["is_first_party"], true);
        assert_eq!(
            made["jwt_configuration"],
            json!({"lifetime_in_seconds": 36000, "secret_encoded": false})
        );
        for unset in ["callbacks", "addons", "client_metadata", "description"] {
            assert!(made.get(unset).is_none(), "{unset}");
        }
    }
}

/// J7-2.
#[tokio::test]
async fn j7_2_every_field_persists() {
    let api = Api::start().await;
    let body = json!({
        "name": "Shop", "description": "A shop", "logo_uri": "https://shop.test/logo.png",
        "callbacks": ["https://shop.test/cb", "https://*.shop.test/cb"],
        "allowed_logout_urls": ["https://shop.test"], "web_origins": ["https://shop.test"],
        "allowed_origins": ["https://shop.test"], "client_aliases": ["shop"],
        "allowed_clients": ["x"], "grant_types": ["authorization_code"],
        "token_endpoint_auth_method": "client_secret_basic", "app_type": "regular_web",
        "oidc_conformant": true, "sso": true, "cross_origin_authentication": true,
        "initiate_login_uri": "https://shop.test/login", "client_metadata": {"plan": "gold"},
        "addons": {"samlp": {"audience": "urn:x"}}, "mobile": {"ios": {"team_id": "T"}},
        "organization_usage": "allow", "require_proof_of_possession": true,
        "par_request_expiry": 60, "oidc_logout": {"backchannel_logout_urls": ["https://shop.test/l"]},
        "session_transfer": {"can_create_session_transfer_token": true},
        "token_quota": {"client_credentials": {"per_day": 5}}, "compliance_level": "none",
        "jwt_configuration": {"alg": "RS256", "lifetime_in_seconds": 60, "secret_encoded": false},
    });
    let made = api.make("/clients", body.clone()).await;
    let read = api
        .read(&format!("/clients/{}", text(&made, "/client_id")))
        .await;
    for (name, sent) in body.as_object().unwrap() {
        if name == "session_transfer" {
            // Its defaults come with it.
            assert_eq!(read[name]["enforce_device_binding"], "ip");
            assert_eq!(read[name]["can_create_session_transfer_token"], true);
        } else {
            assert_eq!(&read[name], sent, "{name}");
        }
    }
    // What is stored is what the rules read.
    let id = text(&made, "/client_id");
    let typed = api
        .management
        .store
        .typed::<Client>(&api.tenant, id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(typed.value.name, "Shop");
    assert_eq!(typed.value.jwt_configuration.lifetime_in_seconds, Some(60));
}

/// J7-3.
#[tokio::test]
async fn j7_3_rotation_replaces_the_secret() {
    let api = Api::start().await;
    let made = api.make_client("svc").await;
    let secret = text(&made, "/client_secret").to_owned();
    assert_eq!(secret.len(), 64);
    let path = format!("/clients/{}", text(&made, "/client_id"));
    let rotated = api
        .send("POST", &format!("{path}/rotate-secret"), json!({}))
        .await
        .ok(200);
    assert_ne!(text(&rotated, "/client_secret"), secret);
    assert_eq!(
        api.read(&path).await["client_secret"],
        rotated["client_secret"]
    );

    let caller = bearer(&["update:clients"]);
    let response = api
        .send_as(
            &caller,
            "POST",
            &format!("{path}/rotate-secret"),
            Value::Null,
        )
        .await;
    assert_eq!(
        response.refused(403),
        "Insufficient scope, expected any of: update:client_keys"
    );
}

/// J7-5.
#[tokio::test]
async fn j7_5_the_101st_callback_is_refused() {
    let api = Api::start().await;
    let callbacks = |count: usize| -> Vec<_> {
        (0..count)
            .map(|number| format!("https://shop.test/{number}"))
            .collect()
    };
    api.make(
        "/clients",
        json!({"name": "a", "callbacks": callbacks(100)}),
    )
    .await;
    let body = json!({"name": "a", "callbacks": callbacks(101)});
    assert_eq!(
        api.send("POST", "/clients", body).await.refused(400),
        "Payload validation error: 'Array is too long (101), maximum 100' on property callbacks."
    );
}

#[tokio::test]
async fn secrets_are_shown_with_the_scopes_for_keys_alone() {
    let api = Api::start().await;
    let body = json!({"name": "keys", "encryption_key": {"pub": "p"}});
    let made = api.make("/clients", body).await;
    let path = format!("/clients/{}", text(&made, "/client_id"));
    let secrets = ["client_secret", "signing_keys", "encryption_key"];

    let plain = bearer(&["read:clients"]);
    for target in [path.as_str(), "/clients"] {
        let body = api
            .send_as(&plain, "GET", target, Value::Null)
            .await
            .ok(200);
        for secret in secrets {
            assert!(
                !body.to_string().contains(&format!("\"{secret}\"")),
                "{secret} in {target}"
            );
        }
    }
    let keys = bearer(&["read:client_keys"]);
    let body = api.send_as(&keys, "GET", &path, Value::Null).await.ok(200);
    assert!(secrets.iter().all(|secret| body.get(secret).is_some()));
    // The private key of the certificate is told once.
    assert!(text(&made, "/signing_keys/0/key").contains("private"));
    assert!(body.pointer("/signing_keys/0/key").is_none());

    let maker = bearer(&["create:clients"]);
    let made = api
        .send_as(&maker, "POST", "/clients", json!({"name": "b"}))
        .await
        .ok(201);
    assert!(made.get("client_secret").is_none());
    let named = format!("{path}?fields=name,client_secret");
    let sentence = api
        .send_as(&plain, "GET", &named, Value::Null)
        .await
        .refused(403);
    assert!(
        sentence.starts_with("Some fields cannot be read"),
        "{sentence}"
    );
}

#[tokio::test]
async fn a_summary_scope_shows_the_summary_alone() {
    let api = Api::start().await;
    let made = api.make_client("svc").await;
    let caller = bearer(&["read:client_summary"]);
    let path = format!("/clients/{}", text(&made, "/client_id"));
    let body = api
        .send_as(&caller, "GET", &path, Value::Null)
        .await
        .ok(200);
    let mut names: Vec<_> = body.as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["app_type", "client_id", "name"]);
}

#[tokio::test]
async fn a_secret_is_written_with_the_scope_for_keys_alone() {
    let api = Api::start().await;
    let made = api.make_client("svc").await;
    let path = format!("/clients/{}", text(&made, "/client_id"));
    let body = json!({"client_secret": "a-new-secret-for-the-client"});
    let plain = bearer(&["update:clients"]);
    let sentence = api
        .send_as(&plain, "PATCH", &path, body.clone())
        .await
        .refused(403);
    assert_eq!(
        sentence,
        "Insufficient scope, expected any of: update:client_keys"
    );
    let keys = bearer(&["update:client_keys"]);
    api.send_as(&keys, "PATCH", &path, body.clone())
        .await
        .ok(200);
    assert_eq!(
        api.read(&path).await["client_secret"],
        body["client_secret"]
    );
}

#[tokio::test]
async fn updates_merge_where_the_table_says_so() {
    let api = Api::start().await;
    let body = json!({"name": "a", "client_metadata": {"a": "1", "b": "2"},
        "mobile": {"ios": {"team_id": "T"}},
        "jwt_configuration": {"alg": "RS256", "lifetime_in_seconds": 60}});
    let made = api.make("/clients", body).await;
    let path = format!("/clients/{}", text(&made, "/client_id"));
    let body = json!({
        "client_metadata": {"b": null, "c": "3"},
        "mobile": {"android": {"app_package_name": "p"}},
        "jwt_configuration": {"alg": "PS256"},
        "refresh_token": {"leeway": 5},
    });
    let updated = api.send("PATCH", &path, body).await.ok(200);
    assert_eq!(updated["client_metadata"], json!({"a": "1", "c": "3"}));
    assert_eq!(
        updated["mobile"],
        json!({"ios": {"team_id": "T"}, "android": {"app_package_name": "p"}})
    );
    assert_eq!(
        updated["jwt_configuration"],
        json!({"alg": "PS256", "lifetime_in_seconds": 60, "secret_encoded": false})
    );
    assert_eq!(updated["refresh_token"]["leeway"], 5);
    assert_eq!(updated["refresh_token"]["token_lifetime"], 2_592_000);

    let body = json!({"client_metadata": {"a": null, "c": null}, "callbacks": ["https://a.test"]});
    let updated = api.send("PATCH", &path, body).await.ok(200);
    assert_eq!(updated["client_metadata"], json!({}));
    // Clearing what was never set leaves no trace either.
    let bare = api.make("/clients", json!({"name": "bare"})).await;
    let bare = format!("/clients/{}", text(&bare, "/client_id"));
    let body = json!({"client_metadata": {"a": null, "b": "2"}});
    let updated = api.send("PATCH", &bare, body).await.ok(200);
    assert_eq!(updated["client_metadata"], json!({"b": "2"}));
    let updated = api
        .send("PATCH", &path, json!({"callbacks": []}))
        .await
        .ok(200);
    assert_eq!(updated["callbacks"], json!([]));
    let many: serde_json::Map<_, _> = (0..11).map(|n| (n.to_string(), json!("v"))).collect();
    api.send("PATCH", &path, json!({"client_metadata": many}))
        .await
        .refused(400);
}

#[tokio::test]
async fn a_client_of_an_api_is_linked_once_and_unlinked_when_it_goes() {
    let api = Api::start().await;
    let server = api.make_api("urn:x", &[]).await;
    let body = json!({"name": "x", "app_type": "resource_server",
        "resource_server_identifier": "urn:x"});
    let client = api.make("/clients", body.clone()).await;
    assert_eq!(client["grant_types"], json!([]));
    let path = format!("/resource-servers/{}", text(&server, "/id"));
    assert_eq!(api.read(&path).await["client_id"], client["client_id"]);

    api.send("POST", "/clients", body.clone())
        .await
        .refused(409);
    let mut missing = body;
    missing["resource_server_identifier"] = json!("urn:none");
    api.send("POST", "/clients", missing).await.refused(404);

    let client_path = format!("/clients/{}", text(&client, "/client_id"));
    api.send("DELETE", &client_path, Value::Null).await.ok(204);
    assert!(api.read(&path).await.get("client_id").is_none());
}

#[tokio::test]
async fn lists_are_narrowed_by_their_filters() {
    let api = Api::start().await;
    for (name, app_type, first_party) in [
        ("a", "spa", true),
        ("b", "spa", false),
        ("c", "native", true),
    ] {
        let body = json!({"name": name, "app_type": app_type, "is_first_party": first_party});
        api.make("/clients", body).await;
    }
    let names = async |query: &str| -> Vec<String> {
        let listed = api.read(&format!("/clients?is_global=false&{query}")).await;
        let listed = listed.as_array().unwrap().clone();
        listed
            .iter()
            .map(|client| text(client, "/name").to_owned())
            .collect()
    };
    assert_eq!(names("app_type=spa").await, ["a", "b"]);
    assert_eq!(
        names("app_type=spa,native&is_first_party=true").await,
        ["a", "c"]
    );
    assert_eq!(names("is_first_party=false").await, ["b"]);

    let page = api
        .read("/clients?app_type=spa,native&per_page=1&page=1&include_totals=true")
        .await;
    assert_eq!(page["total"], 3);
    assert_eq!(text(&page, "/clients/0/name"), "b");
    let first = api.read("/clients?app_type=spa,native&take=2").await;
    let rest = api
        .read(&format!(
            "/clients?app_type=spa,native&take=2&from={}",
            text(&first, "/next")
        ))
        .await;
    assert_eq!(text(&rest, "/clients/0/name"), "c");
    assert!(rest.get("next").is_none());
}

#[tokio::test]
async fn an_alias_names_one_client() {
    let api = Api::start().await;
    let body = json!({"name": "a", "client_aliases": ["shop"]});
    let made = api.make("/clients", body.clone()).await;
    let sentence = api
        .send("POST", "/clients", body.clone())
        .await
        .refused(409);
    assert_eq!(sentence, "Another client exists with the same alias.");
    let path = format!("/clients/{}", text(&made, "/client_id"));
    api.send("PATCH", &path, body).await.ok(200);
}

#[tokio::test]
async fn t27_5_the_forwarded_address_of_a_client_without_a_credential_cannot_be_trusted() {
    let api = Api::start().await;
    let trusted = json!({"is_token_endpoint_ip_header_trusted": true});
    let both = json!({"name": "a", "token_endpoint_auth_method": "none",
        "is_token_endpoint_ip_header_trusted": true});
    let sentence = api.send("POST", "/clients", both).await.refused(400);
    assert!(
        sentence.starts_with("is_token_endpoint_ip_header_trusted cannot be set"),
        "{sentence}"
    );
    let made = api.make_client("pos").await;
    let path = format!("/clients/{}", text(&made, "/client_id"));
    let updated = api.send("PATCH", &path, trusted).await.ok(200);
    assert_eq!(updated["is_token_endpoint_ip_header_trusted"], true);
    let public = json!({"token_endpoint_auth_method": "none"});
    api.send("PATCH", &path, public).await.refused(400);
    let both =
        json!({"token_endpoint_auth_method": "none", "is_token_endpoint_ip_header_trusted": false});
    api.send("PATCH", &path, both).await.ok(200);
}
