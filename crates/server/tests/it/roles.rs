//! Roles and permissions decide what is in a user's tokens.

use axum::body::Body;
use grantor_protocol::model::{Client, ResourceServer, TenantSettings};
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    ADA, Browser, PASSWORD, Page, TestServer, authorize, code_of, decoded, log_in, on_both_engines,
    redeem, refused, shop,
};

on_both_engines!(
    j16_1_j16_3_two_roles_are_united_in_the_permissions_of_the_token,
    j16_2_t31_4_a_scope_that_is_not_held_is_missing_and_the_scope_is_told,
    j16_4_a_role_taken_away_is_in_no_later_token_on_any_node,
    j16_5_without_rbac_a_user_gets_any_scope_of_the_api,
    t23a_1_t23a_2_t23a_3_t23a_4_an_employee_and_a_manager_use_one_application,
    a_user_is_asked_to_consent_to_what_it_may_give_alone,
    t31_2_t31_6_an_api_closed_to_users_is_so_as_the_default_too_and_the_log_says_why,
    t31_5_an_api_may_be_open_to_some_applications,
);

const API: &str = "65a1f0c2d3e4b5a697887766";
const ORDERS: &str = "https://orders.orchard.test";

/// A shop whose API enforces and tells permissions and asks nobody for consent.
async fn guarded(server: TestServer) -> TestServer {
    let server = shop(server).await;
    let members = json!({
        "enforce_policies": true, "token_dialect": "access_token_authz",
        "skip_consent_for_verifiable_first_party_clients": true,
    });
    server.change::<ResourceServer>(API, &members).await;
    server
}

async fn make_role(server: &TestServer, name: &str, permissions: &[&str]) -> String {
    let role = server.manage("POST", "/roles", json!({"name": name})).await;
    let id = role["id"].as_str().unwrap().to_owned();
    let entries = permissions
        .iter()
        .map(|name| json!({"resource_server_identifier": ORDERS, "permission_name": name}));
    let body = json!({"permissions": entries.collect::<Vec<_>>()});
    let path = format!("/roles/{id}/permissions");
    server.manage("POST", &path, body).await;
    id
}

async fn give(server: &TestServer, user_id: &str, roles: &[&String]) {
    let path = format!("/users/{user_id}/roles");
    server.manage("POST", &path, json!({"roles": roles})).await;
}

async fn take(server: &TestServer, user_id: &str, role: &str) {
    let path = format!("/users/{user_id}/roles");
    server
        .manage("DELETE", &path, json!({"roles": [role]}))
        .await;
}

fn asks(scope: &str) -> String {
    let scope = scope.replace(' ', "%20");
    authorize("web", &format!("audience={ORDERS}&scope={scope}"))
}

/// Tokens with `scope` at the orders API, for whoever is logged in.
async fn tokens(server: &TestServer, browser: &mut Browser<'_>, scope: &str) -> Value {
    let page = browser.go(&asks(scope)).await;
    redeem(server, "web", &code_of(&page)).await
}

fn claims(tokens: &Value) -> Value {
    decoded(tokens["access_token"].as_str().unwrap()).1
}

async fn logged_in(server: &TestServer) -> Browser<'_> {
    let mut browser = Browser::new(server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    browser
}

async fn j16_1_j16_3_two_roles_are_united_in_the_permissions_of_the_token(server: TestServer) {
    let server = guarded(server).await;
    let reader = make_role(&server, "Reader", &["read:orders"]).await;
    let clerk = make_role(&server, "Clerk", &["write:orders", "read:orders"]).await;
    give(&server, ADA, &[&reader, &clerk]).await;
    let mut browser = logged_in(&server).await;
    let both = json!(["read:orders", "write:orders"]);
    for (dialect, told) in [
        ("access_token_authz", true),
        ("rfc9068_profile_authz", true),
        ("access_token", false),
        ("rfc9068_profile", false),
    ] {
        let members = json!({"token_dialect": dialect});
        server.change::<ResourceServer>(API, &members).await;
        // Asked for or not.
        for scope in ["openid", "openid read:orders"] {
            let claims = claims(&tokens(&server, &mut browser, scope).await);
            let expected = told.then_some(&both);
            assert_eq!(claims.get("permissions"), expected, "{dialect}");
            assert_eq!(claims["scope"], scope);
        }
    }
    // What the user has directly is in it too.
    let direct = json!({"permissions": [{"resource_server_identifier": ORDERS,
        "permission_name": "cancel:orders"}]});
    let path = format!("/users/{ADA}/permissions");
    server.manage("POST", &path, direct).await;
    let members = json!({"token_dialect": "access_token_authz"});
    server.change::<ResourceServer>(API, &members).await;
    let claims = claims(&tokens(&server, &mut browser, "openid").await);
    let all = json!(["cancel:orders", "read:orders", "write:orders"]);
    assert_eq!(claims["permissions"], all);
}

async fn j16_2_t31_4_a_scope_that_is_not_held_is_missing_and_the_scope_is_told(server: TestServer) {
    let server = guarded(server).await;
    let reader = make_role(&server, "Reader", &["read:orders"]).await;
    let mut browser = logged_in(&server).await;
    let none = tokens(&server, &mut browser, "openid read:orders").await;
    assert_eq!(none["scope"], "openid");
    assert_eq!(claims(&none)["permissions"], json!([]));
    give(&server, ADA, &[&reader]).await;
    let some = tokens(&server, &mut browser, "read:orders write:orders").await;
    assert_eq!(some["scope"], "read:orders");
    assert_eq!(claims(&some)["scope"], "read:orders");
}

async fn j16_4_a_role_taken_away_is_in_no_later_token_on_any_node(server: TestServer) {
    let server = guarded(server).await;
    let lasting = json!({"grant_types": ["authorization_code", "refresh_token"]});
    server.change::<Client>("web", &lasting).await;
    let offline = json!({"allow_offline_access": true});
    server.change::<ResourceServer>(API, &offline).await;
    let other = server.another_node().await;
    let reader = make_role(&server, "Reader", &["read:orders"]).await;
    give(&server, ADA, &[&reader]).await;
    let mut browser = logged_in(&server).await;
    let scope = "openid read:orders offline_access";
    let before = tokens(&server, &mut browser, scope).await;
    assert_eq!(before.get("scope"), None);
    let with_it = code_of(&browser.go(&asks("openid read:orders")).await);
    let refreshed = async |node: &TestServer| {
        let answer = node
            .token(&json!({"grant_type": "refresh_token", "client_id": "web",
                "client_secret": "s3cret", "refresh_token": before["refresh_token"]}))
            .await;
        answer.access_token();
        answer.json()
    };
    let first = refreshed(&server).await;
    assert_eq!(first["scope"], scope);
    assert_eq!(claims(&first)["permissions"], json!(["read:orders"]));

    take(&server, ADA, &reader).await;

    // A code that was made while the user had it is worth what the user may do when it is redeemed.
    let late = redeem(&other, "web", &with_it).await;
    assert_eq!(late["scope"], "openid");
    assert_eq!(claims(&late)["permissions"], json!([]));
    for node in [&other, &server] {
        let late = refreshed(node).await;
        assert_eq!(late["scope"], "openid offline_access");
        assert_eq!(claims(&late)["permissions"], json!([]));
    }
    let after = tokens(&server, &mut browser, "openid read:orders").await;
    assert_eq!(after["scope"], "openid");
    give(&other, ADA, &[&reader]).await;
    let again = tokens(&server, &mut browser, "openid read:orders").await;
    assert_eq!(again.get("scope"), None);
    assert_eq!(refreshed(&server).await["scope"], scope);
}

async fn j16_5_without_rbac_a_user_gets_any_scope_of_the_api(server: TestServer) {
    let server = guarded(server).await;
    let open = json!({"enforce_policies": false});
    server.change::<ResourceServer>(API, &open).await;
    let mut browser = logged_in(&server).await;
    let wanted = "read:orders cancel:orders";
    let all = tokens(&server, &mut browser, wanted).await;
    assert_eq!(claims(&all)["scope"], wanted);
    let closed = json!({"enforce_policies": true});
    server.change::<ResourceServer>(API, &closed).await;
    let none = tokens(&server, &mut browser, wanted).await;
    assert_eq!(claims(&none).get("scope"), None);
}

/// As the scenario has it: tokens in the fragment, whose `scope` is there only if something is missing.
async fn t23a_1_t23a_2_t23a_3_t23a_4_an_employee_and_a_manager_use_one_application(
    server: TestServer,
) {
    let server = guarded(server).await;
    let browsers = json!({"grant_types": ["authorization_code", "implicit"], "app_type": "spa"});
    server.change::<Client>("web", &browsers).await;
    let employee = ["read:orders", "write:orders"];
    let employee = make_role(&server, "Employee", &employee).await;
    let manager = make_role(&server, "Manager", &["cancel:orders"]).await;
    let scope = "openid profile read:orders cancel:orders";
    let front = asks(scope).replace("response_type=code", "response_type=token%20id_token");
    let front = format!("{front}&nonce=n-1");
    for (name, roles, got) in [
        ("eva", vec![&employee], "openid profile read:orders"),
        ("max", vec![&employee, &manager], scope),
    ] {
        let user = json!({"connection": "Username-Password-Authentication", "password": PASSWORD,
            "email": format!("{name}@orchard.test"), "name": name, "email_verified": true});
        let user = server.manage("POST", "/users", user).await;
        let user_id = user["user_id"].as_str().unwrap();
        give(&server, user_id, &roles).await;
        let mut browser = Browser::new(&server);
        let page: Page = browser.go(&front).await;
        let email = format!("{name}@orchard.test");
        let fields = [("username", email.as_str()), ("password", PASSWORD)];
        let first = fragment(&browser.submit(&page, &fields).await);
        let renewed = fragment(&browser.go(&format!("{front}&prompt=none")).await);
        let silent = browser.go(&format!("{}&prompt=none", asks(scope))).await;
        let by_code = redeem(&server, "web", &code_of(&silent)).await;
        for tokens in [&first, &renewed, &by_code] {
            let told = tokens.get("scope").and_then(Value::as_str);
            assert_eq!(told, (got != scope).then_some(got), "{name}");
            assert_eq!(claims(tokens)["scope"], got);
        }
        let token = renewed["access_token"].as_str().unwrap();
        let request = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
        let profile = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(profile.json()["name"], name);
    }
}

/// What is in the fragment of the callback.
#[track_caller]
fn fragment(page: &Page) -> Value {
    let (_, encoded) = page
        .url
        .split_once('#')
        .unwrap_or_else(|| panic!("{}", page.url));
    let pairs = form_urlencoded::parse(encoded.as_bytes());
    let pairs = pairs.map(|(name, value)| (name.into_owned(), Value::from(value)));
    Value::Object(pairs.collect())
}

async fn a_user_is_asked_to_consent_to_what_it_may_give_alone(server: TestServer) {
    let server = guarded(server).await;
    let scopes = json!([{"value": "read:orders", "description": "See what was ordered"},
        {"value": "cancel:orders", "description": "Call everything off"}]);
    let members = json!({"scopes": scopes});
    server.change::<ResourceServer>(API, &members).await;
    let settings = json!({"id": "settings", "flags": {"use_scope_descriptions_for_consent": true}});
    server.put::<TenantSettings>(&settings).await;
    let reader = make_role(&server, "Reader", &["read:orders"]).await;
    give(&server, ADA, &[&reader]).await;
    let mut browser = Browser::new(&server);
    let asked = format!("audience={ORDERS}&scope=read:orders%20cancel:orders");
    let page = browser.go(&authorize("tpc", &asked)).await;
    let consent = log_in(&mut browser, &page).await;
    assert_eq!(consent.path(), "/u/consent");
    assert!(consent.html().contains("See what was ordered"));
    assert!(!consent.html().contains("Call everything off"));
}

async fn t31_2_t31_6_an_api_closed_to_users_is_so_as_the_default_too_and_the_log_says_why(
    server: TestServer,
) {
    let server = guarded(server).await;
    let machines_alone = json!({"subject_type_authorization": {
        "user": {"policy": "deny_all"}, "client": {"policy": "require_client_grant"}}});
    server.change::<ResourceServer>(API, &machines_alone).await;
    let mut browser = logged_in(&server).await;
    let named = browser.go(&asks("openid read:orders")).await;
    let sentence = refused(&named, "access_denied");
    let entry = server.logged_with("f", &sentence).await;
    assert_eq!(entry["details"]["rule"], "UserPolicyDenies", "{entry}");

    let settings = json!({"id": "settings", "default_audience": ORDERS});
    server.put::<TenantSettings>(&settings).await;
    let unnamed = browser.go(&authorize("web", "scope=openid")).await;
    assert_eq!(refused(&unnamed, "access_denied"), sentence);
    let machine = server.ask(&json!({"audience": ORDERS})).await;
    machine.access_token();
}

async fn t31_5_an_api_may_be_open_to_some_applications(server: TestServer) {
    let server = guarded(server).await;
    let chosen = json!({"enforce_policies": false, "subject_type_authorization": {
        "user": {"policy": "require_client_grant"}}});
    server.change::<ResourceServer>(API, &chosen).await;
    let machines = json!({"grant_types": ["authorization_code", "client_credentials"]});
    server.change::<Client>("web", &machines).await;
    let mut browser = logged_in(&server).await;
    let scope = "openid read:orders write:orders";
    refused(&browser.go(&asks(scope)).await, "access_denied");
    let grant = json!({"client_id": "web", "audience": ORDERS, "scope": ["read:orders"],
        "subject_type": "user"});
    server.manage("POST", "/client-grants", grant).await;
    let some = tokens(&server, &mut browser, scope).await;
    assert_eq!(some["scope"], "openid read:orders");
    let open = json!({"subject_type_authorization": {"user": {"policy": "allow_all"}}});
    server.change::<ResourceServer>(API, &open).await;
    let all = tokens(&server, &mut browser, scope).await;
    assert_eq!(all.get("scope"), None);
}
