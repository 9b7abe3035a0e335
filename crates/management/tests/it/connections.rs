//! Connections: where users come from, and which clients may use them.

use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer, text};

/// A database connection.
async fn database(api: &Api, name: &str, options: Value) -> Value {
    let body = json!({"name": name, "strategy": "auth0", "options": options});
    api.make("/connections", body).await
}

fn path(connection: &Value) -> String {
    format!("/connections/{}", text(connection, "/id"))
}

#[tokio::test]
async fn a_fresh_tenant_has_a_database_for_its_first_application() {
    let api = Api::start().await;
    let found = api
        .read("/connections?name=Username-Password-Authentication")
        .await;
    let clients = api.read("/clients?is_first_party=true").await;
    let first = clients.as_array().unwrap().iter();
    let first = first
        .filter(|client| client["name"] == "Default App")
        .map(|client| text(client, "/client_id"))
        .next();
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert_eq!(found[0]["strategy"], "auth0");
    assert_eq!(found[0]["options"]["passwordPolicy"], "good");
    assert_eq!(found[0]["enabled_clients"], json!([first.unwrap()]));
}

#[tokio::test]
async fn a_database_is_given_what_its_request_does_not_say() {
    let api = Api::start().await;
    let made = database(
        &api,
        "Customers",
        json!({"attributes": {"email": {"identifier": {"active": true}}}}),
    )
    .await;
    assert!(text(&made, "/id").starts_with("con_") && text(&made, "/id").len() == 20);
    assert_eq!(
        made["options"],
        json!({
            "attributes": {"email": {"identifier": {"active": true}, "verification_method": "link",
                "unique": true}},
            "mfa": {"active": true, "return_enroll_settings": true},
            "passwordPolicy": "good",
            "strategy_version": 2,
            "brute_force_protection": true,
            "authentication_methods": {
                "password": {"enabled": true, "api_behavior": "required", "signup_behavior": "allow"},
                "passkey": {"enabled": false}},
            "passkey_options": {"challenge_ui": "both", "progressive_enrollment_enabled": true,
                "local_enrollment_enabled": true},
        })
    );
    for (member, expected) in [
        ("enabled_clients", json!([])),
        ("realms", json!(["Customers"])),
        ("is_domain_connection", json!(false)),
    ] {
        assert_eq!(made[member], expected, "{member}");
    }
    assert_eq!(api.read(&path(&made)).await, made);
}

#[tokio::test]
async fn options_are_replaced_whole_and_what_is_computed_comes_back() {
    let api = Api::start().await;
    let made = database(&api, "Customers", json!({"passwordPolicy": "low"})).await;
    let body = json!({"options": {"disable_signup": true}, "metadata": {"a": "b"}});
    let changed = api.send("PATCH", &path(&made), body).await.ok(200);
    let options = changed["options"].as_object().unwrap();
    assert_eq!(options["disable_signup"], true);
    assert!(!options.contains_key("passwordPolicy") && !options.contains_key("mfa"));
    assert!(options.contains_key("authentication_methods"));
    let body = json!({"display_name": "Our customers"});
    let renamed = api.send("PATCH", &path(&made), body).await.ok(200);
    assert_eq!(renamed["options"], changed["options"]);
    assert_eq!(renamed["metadata"], json!({"a": "b"}));
    for fixed in [json!({"name": "Other"}), json!({"strategy": "oidc"})] {
        let sentence = api.send("PATCH", &path(&made), fixed).await.refused(400);
        assert!(
            sentence.contains("Additional properties not allowed"),
            "{sentence}"
        );
    }
}

#[tokio::test]
async fn what_contradicts_itself_is_refused_in_the_recorded_words() {
    let api = Api::start().await;
    let username = json!({"username": {"identifier": {"active": true}}});
    for (options, sentence) in [
        (
            json!({"attributes": username, "requires_username": true}),
            "Cannot set both options.attributes and options.requires_username",
        ),
        (
            json!({"attributes": username, "validation": {"username": {"min": 1, "max": 5}}}),
            "Cannot set both options.attributes and options.validation",
        ),
        (
            json!({"attributes": {"username": {"identifier": {"active": false}}}}),
            "attributes must contain one active identifier",
        ),
        (
            json!({"attributes": {"phone_number": {"identifier": {"active": true},
                "profile_required": true, "signup": {"status": "optional"}}}}),
            "attribute phone_number must also be required on signup",
        ),
        (
            json!({"attributes": {"email": {"identifier": {"active": true}, "unique": false}}}),
            "cannot add non-unique email attribute",
        ),
        (
            json!({"enabledDatabaseCustomization": true}),
            "options.enabledDatabaseCustomization is not supported: passwords are kept here.",
        ),
        (
            json!({"passwordPolicy": "strict"}),
            "Payload validation error: 'No enum match for: strict' on property \
             options.passwordPolicy.",
        ),
        (
            json!({"password_history": {"enable": true, "size": 25}}),
            "Payload validation error: 'Value 25 is greater than maximum 24' on property \
             options.password_history.size.",
        ),
    ] {
        let body = json!({"name": "Customers", "strategy": "auth0", "options": options});
        let refused = api.send("POST", "/connections", body).await.refused(400);
        assert_eq!(refused, sentence);
    }
    let body = json!({"name": "Customers", "strategy": "auth0",
        "cross_app_access_requesting_app": {"active": true}});
    let sentence = api.send("POST", "/connections", body).await.refused(400);
    assert_eq!(
        sentence,
        "Cross App Access Requesting App is not supported for this connection."
    );
    for name in ["-x", "a b", "a--b", ""] {
        let body = json!({"name": name, "strategy": "auth0"});
        api.send("POST", "/connections", body).await.refused(400);
    }
}

#[tokio::test]
async fn names_and_realms_are_taken_once() {
    let api = Api::start().await;
    let body = json!({"name": "Customers", "strategy": "auth0"});
    api.make("/connections", body.clone()).await;
    let sentence = api.send("POST", "/connections", body).await.refused(409);
    assert_eq!(sentence, "A connection with the same name already exists");
    let body = json!({"name": "Others", "strategy": "auth0", "realms": ["Customers"]});
    let sentence = api.send("POST", "/connections", body).await.refused(409);
    assert!(sentence.contains("some realms"), "{sentence}");
}

#[tokio::test]
async fn lists_narrow_by_strategy_and_name_and_page_in_both_ways() {
    let api = Api::start().await;
    database(&api, "Customers", json!({})).await;
    let social = json!({"name": "google", "strategy": "google-oauth2",
        "options": {"client_id": "x", "client_secret": "y"}});
    api.make("/connections", social).await;
    let names = |list: &Value| -> Vec<String> {
        let list = list.as_array().unwrap().iter();
        list.map(|one| text(one, "/name").to_owned()).collect()
    };
    let databases = api.read("/connections?strategy=auth0").await;
    assert_eq!(
        names(&databases),
        ["Username-Password-Authentication", "Customers"]
    );
    let both = api
        .read("/connections?strategy=auth0&strategy=google-oauth2")
        .await;
    assert_eq!(both.as_array().unwrap().len(), 3);
    let totals = api
        .read("/connections?include_totals=true&per_page=1&page=1")
        .await;
    assert_eq!(
        (&totals["total"], &totals["start"], &totals["limit"]),
        (&json!(3), &json!(1), &json!(1))
    );
    let first = api.read("/connections?take=2").await;
    let next = text(&first, "/next");
    let second = api.read(&format!("/connections?take=2&from={next}")).await;
    assert_eq!(names(&second["connections"]), ["google"]);
    assert_eq!(second.get("next"), None);
    // One object always tells what it is; a list tells what was asked for.
    let google = &second["connections"][0];
    let shown = api
        .read(&format!("{}?fields=name,strategy", path(google)))
        .await;
    let members: Vec<_> = shown.as_object().unwrap().keys().collect();
    assert!(members.contains(&&"id".to_owned()) && !members.contains(&&"options".to_owned()));
    let listed = api.read("/connections?fields=name&name=google").await;
    assert_eq!(listed, json!([{"name": "google"}]));
    // The secret of the other provider is shown to whoever may read connections.
    assert_eq!(
        api.read(&path(google)).await["options"]["client_secret"],
        "y"
    );
}

#[tokio::test]
async fn j3_1_clients_are_enabled_one_by_one_and_forgotten_when_they_are_deleted() {
    let api = Api::start().await;
    let made = database(&api, "Customers", json!({})).await;
    let (one, two) = (api.make_client("one").await, api.make_client("two").await);
    let (one, two) = (text(&one, "/client_id"), text(&two, "/client_id"));
    let clients = format!("{}/clients", path(&made));
    let body = json!([{"client_id": one, "status": true}, {"client_id": two, "status": true}]);
    api.send("PATCH", &clients, body.clone()).await.ok(204);
    api.send("PATCH", &clients, body).await.ok(204);
    let mut both = [one, two];
    both.sort_unstable();
    assert_eq!(
        api.read(&clients).await,
        json!({"clients": [{"client_id": both[0]}, {"client_id": both[1]}]})
    );
    let first = api.read(&format!("{clients}?take=1")).await;
    let next = text(&first, "/next");
    assert_eq!(
        api.read(&format!("{clients}?take=1&from={next}")).await,
        json!({"clients": [{"client_id": both[1]}]})
    );
    let of_one = api.read(&format!("/clients/{one}/connections")).await;
    assert_eq!(text(&of_one, "/connections/0/name"), "Customers");
    let none = api
        .read(&format!("/clients/{one}/connections?strategy=oidc"))
        .await;
    assert_eq!(none, json!({"connections": []}));

    let body = json!([{"client_id": one, "status": false}]);
    api.send("PATCH", &clients, body).await.ok(204);
    assert_eq!(
        api.read(&clients).await,
        json!({"clients": [{"client_id": two}]})
    );
    api.send("DELETE", &format!("/clients/{two}"), Value::Null)
        .await
        .ok(204);
    assert_eq!(api.read(&clients).await, json!({"clients": []}));
    for (body, status) in [
        (json!([]), 400),
        (json!({"client_id": one}), 400),
        (json!([{"client_id": "nobody", "status": true}]), 404),
    ] {
        api.send("PATCH", &clients, body).await.refused(status);
    }
}

#[tokio::test]
async fn a_new_client_is_enabled_everywhere_only_where_the_tenant_wants_it() {
    let api = Api::start().await;
    let made = database(&api, "Customers", json!({})).await;
    api.make_client("before").await;
    assert_eq!(api.read(&path(&made)).await["enabled_clients"], json!([]));
    let flags = json!({"flags": {"enable_client_connections": true}});
    api.send("PATCH", "/tenants/settings", flags).await.ok(200);
    let client = api.make_client("after").await;
    assert_eq!(
        api.read(&path(&made)).await["enabled_clients"],
        json!([client["client_id"]])
    );
}

#[tokio::test]
async fn a_deleted_connection_is_gone_at_once_and_its_name_is_free_when_its_users_are() {
    let api = Api::start().await;
    let made = database(&api, "Customers", json!({})).await;
    for number in 0..3 {
        api.make(
            "/users",
            json!({"connection": "Customers", "email": format!("u{number}@x.test"),
                "password": "Passw0rd!-x"}),
        )
        .await;
    }
    let deleted = api.send("DELETE", &path(&made), Value::Null).await.ok(202);
    assert!(text(&deleted, "/deleted_at").ends_with('Z'));
    api.send("GET", &path(&made), Value::Null)
        .await
        .refused(404);
    api.send("DELETE", &path(&made), Value::Null).await.ok(204);
    let body = json!({"name": "Customers", "strategy": "auth0"});
    let sentence = api
        .send("POST", "/connections", body.clone())
        .await
        .refused(409);
    assert_eq!(
        sentence,
        "A connection with the same name is being deleted, try again later"
    );
    assert_eq!(api.read("/users").await.as_array().unwrap().len(), 3);

    api.work().await;

    assert_eq!(api.read("/users").await, json!([]));
    api.make("/connections", body).await;
    assert_eq!(api.read("/users").await, json!([]));
}

#[tokio::test]
async fn one_user_of_a_database_is_deleted_by_its_address() {
    let api = Api::start().await;
    let made = database(&api, "Customers", json!({})).await;
    for connection in ["Customers", "Username-Password-Authentication"] {
        let body = json!({"connection": connection, "email": "ada@x.test",
            "password": "Passw0rd!-x"});
        api.make("/users", body).await;
    }
    let users = format!("{}/users", path(&made));
    api.send("DELETE", &users, Value::Null).await.refused(400);
    let one = format!("{users}?email=Ada@X.test");
    api.send("DELETE", &one, Value::Null).await.ok(204);
    let left = api.read("/users-by-email?email=ada@x.test").await;
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(
        text(&left, "/0/identities/0/connection"),
        "Username-Password-Authentication"
    );
    api.send("DELETE", &one, Value::Null).await.ok(204);
}

#[tokio::test]
async fn settings_of_scripts_are_kept_but_shown_to_nobody() {
    let api = Api::start().await;
    let made = database(
        &api,
        "Customers",
        json!({"configuration": {"key": "s3cret"}}),
    )
    .await;
    assert_eq!(made["options"]["configuration"], json!({"key": "********"}));
    let body = json!({"options": {"configuration": {"key": "********", "other": "n3w"}}});
    let changed = api.send("PATCH", &path(&made), body).await.ok(200);
    assert_eq!(
        changed["options"]["configuration"],
        json!({"key": "********", "other": "********"})
    );
    let kept = api.stored_connection(text(&made, "/id")).await;
    assert_eq!(
        kept["options"]["configuration"],
        json!({"key": "s3cret", "other": "n3w"})
    );
    let caller = bearer(&["read:logs"]);
    let log = api
        .send_as(&caller, "GET", "/logs?q=type:sapi", Value::Null)
        .await
        .ok(200);
    assert!(!log.to_string().contains("s3cret") && !log.to_string().contains("n3w"));
}
