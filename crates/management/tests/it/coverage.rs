//! Every operation is tried without and with insufficient scopes.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Answer, Api, bearer};

/// The operations as the OpenAPI description tells them: method, path, scopes, whether any of them is enough.
fn operations(description: &Value) -> Vec<(String, String, Vec<String>, bool)> {
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let scopes = &operation["x-required-scopes"];
            let any = scopes.get("any").is_some();
            let names = scopes[if any { "any" } else { "all" }].as_array().unwrap();
            let names = names
                .iter()
                .map(|name| name.as_str().unwrap().to_owned())
                .collect();
            found.push((method.to_uppercase(), path.clone(), names, any));
        }
    }
    found
}

fn concrete(path: &str) -> String {
    path.split('/')
        .map(|segment| {
            if segment.starts_with('{') {
                "x"
            } else {
                segment
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

/// J9-5.
#[tokio::test]
async fn j9_5_no_operation_works_without_its_scopes() {
    let api = Api::start().await;
    let operations = operations(&grantor_management::openapi());
    assert!(35 <= operations.len(), "{}", operations.len());
    let every: BTreeSet<&str> = api
        .management
        .scopes()
        .into_iter()
        .map(|(scope, _)| scope)
        .collect();
    for (method, path, scopes, any) in operations {
        assert!(!scopes.is_empty(), "{method} {path}");
        let others: Vec<_> = every
            .iter()
            .filter(|scope| !scopes.iter().any(|needed| needed == *scope))
            .copied()
            .collect();
        let mut insufficient = vec![Vec::new(), others.clone()];
        if !any {
            // All but one are not enough.
            let all_but_first = scopes.iter().skip(1).map(String::as_str);
            insufficient.push(others.iter().copied().chain(all_but_first).collect());
        }
        for granted in insufficient {
            let caller = bearer(&granted);
            let response = api
                .send_as(&caller, &method, &concrete(&path), json!({}))
                .await;
            let sentence = response.refused(403);
            let expected = format!("Insufficient scope, expected any of: {}", scopes.join(", "));
            assert_eq!(sentence, expected, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn each_scope_that_is_enough_is_enough() {
    let api = Api::start().await;
    for (method, path, scopes, any) in operations(&grantor_management::openapi()) {
        let sets: Vec<Vec<&str>> = if any {
            scopes.iter().map(|scope| vec![scope.as_str()]).collect()
        } else {
            vec![scopes.iter().map(String::as_str).collect()]
        };
        for granted in sets {
            let caller = bearer(&granted);
            let response = api
                .send_as(&caller, &method, &concrete(&path), json!({}))
                .await;
            let own = |scope: &&str| scope.contains(":current_user");
            if path.starts_with("/users/") && granted.iter().any(own) {
                // It is enough for the caller itself.
                let sentence = response.refused(403);
                assert!(sentence.starts_with("User to be acted on"), "{sentence}");
                continue;
            }
            assert_ne!(
                response.status, 403,
                "{method} {path} {granted:?} {:?}",
                response.body
            );
            assert!(response.status < 500, "{method} {path} {:?}", response.body);
        }
    }
}

#[tokio::test]
async fn routes_to_come_ask_for_their_scopes_and_answer_empty_lists() {
    let api = Api::start().await;
    let expected = [
        (
            "/rules?page=0&per_page=100&include_totals=true",
            json!({"total": 0, "start": 0, "limit": 100, "rules": []}),
        ),
        ("/rules-configs", json!([])),
        (
            "/connections?include_totals=true&take=50&strategy=samlp",
            json!({"connections": []}),
        ),
        (
            "/actions/actions?page=0&per_page=100",
            json!({"actions": [], "per_page": 100}),
        ),
        (
            "/roles?per_page=100&page=0&include_totals=true",
            json!({"total": 0, "start": 0, "limit": 100, "roles": []}),
        ),
        ("/users", json!([])),
        ("/guardian/policies", json!([])),
        (
            "/organizations?include_totals=true&take=50",
            json!({"organizations": []}),
        ),
        ("/log-streams", json!([])),
        ("/event-streams?take=50", json!({"eventStreams": []})),
        ("/branding/phone/providers", json!({"providers": []})),
        (
            "/flows/vault/connections?page=0&per_page=50&include_totals=true",
            json!({"total": 0, "start": 0, "limit": 50, "connections": []}),
        ),
    ];
    for (path, body) in expected {
        assert_eq!(api.read(path).await, body, "{path}");
        let sentence = api
            .send_as(&bearer(&[]), "GET", path, Value::Null)
            .await
            .refused(403);
        assert!(
            sentence.starts_with("Insufficient scope, expected any of: read:"),
            "{sentence}"
        );
    }
    for path in ["/rules/x", "/nothing"] {
        assert_eq!(
            api.send("GET", path, Value::Null).await.refused(404),
            "Not Found",
            "{path}"
        );
    }
    api.send("PUT", "/clients", json!({})).await.refused(404);
}

/// What is checked in is what is served, so a change of the API is seen in review.
#[test]
fn the_openapi_description_is_the_one_that_is_checked_in() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/openapi.json");
    let checked_in: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let description = grantor_management::openapi();
    for (path, methods) in description["paths"].as_object().unwrap() {
        assert_eq!(&checked_in["paths"][path], methods, "{path}");
    }
    assert_eq!(
        checked_in, description,
        "run `cargo run -p grantor-management --example openapi > docs/openapi.json`"
    );
}

#[test]
fn the_openapi_description_tells_what_is_implemented() {
    let description = grantor_management::openapi();
    assert_eq!(description["openapi"], "3.1.0");
    let paths = description["paths"].as_object().unwrap();
    assert!(paths.contains_key("/clients/{id}") && !paths.contains_key("/rules"));
    let body = &paths["/resource-servers"]["post"]["requestBody"]["content"]["application/json"];
    let reference = body["schema"]["$ref"].as_str().unwrap();
    let body = description
        .pointer(reference.trim_start_matches('#'))
        .unwrap();
    assert_eq!(body["required"], json!(["identifier"]));
    assert_eq!(body["properties"]["token_lifetime"]["maximum"], 2_592_000);
    assert_eq!(body["additionalProperties"], false);
    let ids: Vec<_> = paths
        .values()
        .flat_map(|methods| methods.as_object().unwrap().values())
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "ids are unique"
    );
}

/// J9-2.
#[tokio::test]
async fn j9_2_a_token_that_reads_users_cannot_make_one() {
    let api = Api::start().await;
    let caller = bearer(&["read:users"]);
    let sentence = api
        .send_as(&caller, "POST", "/users", json!({}))
        .await
        .refused(403);
    assert_eq!(
        sentence,
        "Insufficient scope, expected any of: create:users"
    );
}
