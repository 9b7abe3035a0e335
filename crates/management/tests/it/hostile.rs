//! Whatever is sent: a refusal in the envelope or a document that the rules can read, never a failure of ours.

use grantor_protocol::model::{Client, ClientGrant, CustomDomain, ResourceServer, TenantSettings};
use serde_json::{Map, Value, json};

use crate::support::{Answer, Api, text};

/// Values that a careless or hostile client sends where something else belongs.
fn values() -> Vec<Value> {
    let long = "x".repeat(5_000);
    vec![
        Value::Null,
        json!(true),
        json!(0),
        json!(1),
        json!(-1),
        json!(1.5),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(""),
        json!("x"),
        json!("https://a.test/"),
        json!("\u{202e}\u{0001}"),
        json!(long),
        json!([]),
        json!([null]),
        json!(["x"]),
        json!([{}]),
        json!({}),
        json!({"x": {"x": []}}),
        json!({"credentials": [{"id": "x"}]}),
    ]
}

/// The names of the members that a request body may have.
fn properties(description: &Value, path: &str, method: &str) -> Vec<String> {
    let body = &description["paths"][path][method]["requestBody"];
    let schema = &body["content"]["application/json"]["schema"];
    let reference = schema["$ref"].as_str().unwrap();
    let schema = description.pointer(&reference[1..]).unwrap();
    schema["properties"]
        .as_object()
        .unwrap()
        .keys()
        .cloned()
        .collect()
}

/// Sends `base` with each property set to each value; answers with the ids of what was made.
async fn create_each(
    api: &Api,
    path: &str,
    id: &str,
    base: impl Fn(usize) -> Value,
) -> Vec<String> {
    let description = grantor_management::openapi();
    let mut made = Vec::new();
    let mut count = 0;
    for name in properties(&description, path, "post") {
        for value in values() {
            count += 1;
            let mut body = base(count);
            body[&name] = value;
            let response = api.send("POST", path, body.clone()).await;
            if response.status == 201 {
                made.push(text(&response.ok(201), &format!("/{id}")).to_owned());
            } else {
                assert!(response.status < 500, "{body} {:?}", response.body);
                let status = response.status;
                response.refused(status);
            }
        }
    }
    made
}

/// Changes `path` with each property set to each value.
async fn update_each(api: &Api, template: &str, path: &str) {
    let description = grantor_management::openapi();
    for name in properties(&description, template, "patch") {
        for value in values() {
            let body: Map<_, _> = [(name.clone(), value)].into_iter().collect();
            let response = api.send("PATCH", path, Value::Object(body.clone())).await;
            let status = response.status;
            assert!(status < 500, "{body:?} {:?}", response.body);
            if status != 200 {
                response.refused(status);
            }
        }
    }
}

#[tokio::test]
async fn whatever_is_accepted_of_a_client_can_be_read_by_the_rules() {
    let api = Api::start().await;
    let made = create_each(&api, "/clients", "client_id", |_| json!({"name": "a"})).await;
    assert!(50 <= made.len(), "{}", made.len());
    let path = format!("/clients/{}", made[0]);
    update_each(&api, "/clients/{id}", &path).await;
    for id in &made {
        let typed = api.management.store.typed::<Client>(&api.tenant, id).await;
        assert!(typed.unwrap().is_some());
    }
}

#[tokio::test]
async fn whatever_is_accepted_of_an_api_can_be_read_by_the_rules() {
    let api = Api::start().await;
    let base = |number| json!({"identifier": format!("urn:{number}")});
    let made = create_each(&api, "/resource-servers", "id", base).await;
    assert!(20 <= made.len(), "{}", made.len());
    update_each(
        &api,
        "/resource-servers/{id}",
        &format!("/resource-servers/{}", made[0]),
    )
    .await;
    for id in &made {
        let typed = api
            .management
            .store
            .typed::<ResourceServer>(&api.tenant, id)
            .await;
        assert!(typed.unwrap().is_some());
    }
}

#[tokio::test]
async fn whatever_is_accepted_of_a_grant_can_be_read_by_the_rules() {
    let api = Api::start().await;
    let client = api.make_client("svc").await;
    for number in 0..=200 {
        api.make_api(&format!("urn:{number}"), &["a"]).await;
    }
    let base = |number| {
        json!({"client_id": client["client_id"], "audience": format!("urn:{number}"),
            "scope": ["a"]})
    };
    let made = create_each(&api, "/client-grants", "id", base).await;
    assert!(!made.is_empty());
    update_each(
        &api,
        "/client-grants/{id}",
        &format!("/client-grants/{}", made[0]),
    )
    .await;
    for id in &made {
        let typed = api
            .management
            .store
            .typed::<ClientGrant>(&api.tenant, id)
            .await;
        assert!(typed.unwrap().is_some());
    }
}

#[tokio::test]
async fn whatever_is_accepted_of_settings_and_domains_can_be_read_by_the_rules() {
    let api = Api::start().await;
    update_each(&api, "/tenants/settings", "/tenants/settings").await;
    let store = &api.management.store;
    let typed = store
        .typed::<TenantSettings>(&api.tenant, TenantSettings::ID)
        .await;
    assert!(typed.unwrap().is_some());
    let base = |number| json!({"domain": format!("d{number}.test"), "type": "auth0_managed_certs"});
    let made = create_each(&api, "/custom-domains", "custom_domain_id", base).await;
    update_each(
        &api,
        "/custom-domains/{id}",
        &format!("/custom-domains/{}", made[0]),
    )
    .await;
    for id in &made {
        let typed = store.typed::<CustomDomain>(&api.tenant, id).await;
        assert!(typed.unwrap().is_some());
    }
}

#[tokio::test]
async fn no_grant_outlives_the_api_that_is_deleted_while_it_is_made() {
    let api = Api::start().await;
    for round in 0..20 {
        let identifier = format!("urn:{round}");
        let server = api.make_api(&identifier, &["a"]).await;
        let client = api.make_client("svc").await;
        let body = json!({"client_id": client["client_id"], "audience": identifier,
            "scope": ["a"]});
        let path = format!("/resource-servers/{}", text(&server, "/id"));
        let (grant, deleted) = tokio::join!(
            api.send("POST", "/client-grants", body),
            api.send("DELETE", &path, Value::Null)
        );
        assert!(matches!(grant.status, 201 | 404), "{:?}", grant.body);
        deleted.ok(204);
        assert_eq!(
            api.read(&format!("/client-grants?audience={identifier}"))
                .await,
            json!([])
        );
    }
}
