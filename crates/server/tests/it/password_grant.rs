//! The password grants: a name and a password at the token endpoint.

use grantor_jose::Algorithm;
use grantor_protocol::{
    model::{Client, ResourceServer, TenantSettings},
    rule::Rule,
    secret::Secret,
    tenant::TenantId,
    users::{
        Connection, Identity, User, UserId,
        identifier::{Identifier, IdentifierKind},
    },
};
use grantor_storage::users::IdentityKey;
use serde_json::{Value, json};

use crate::support::{
    ADA, Answer, Browser, ISSUER, PASSWORD, TestServer, authorize, broke, on_both_engines, refused,
    service, shop,
};

on_both_engines!(
    t24_1_t24_5_t25_7_first_party_applications_get_tokens_for_a_password_and_no_cookie,
    t24_2_without_scope_everything_is_given_and_listed,
    without_scope_nothing_is_given_where_the_tenant_says_so,
    t25_1_the_default_directory_is_asked_and_its_absence_is_told_to_the_administrator,
    t25_2_t6_7_3_the_realm_says_whose_password_counts,
    t25_3_a_connection_of_other_applications_is_refused,
    t25_4_t27_3_the_log_has_the_connection_the_name_and_both_addresses,
    t25_5_nobody_and_a_wrong_password_get_the_same_answer,
    t25_6_t6_7_4_who_may_not_use_the_grant_hears_it_before_any_password_is_looked_at,
    t6_4_3_a_password_makes_no_session,
    offline_access_gives_a_refresh_token_that_goes_on_without_the_password,
    a_blocked_user_is_told_so_if_the_password_fits,
    a_login_is_counted_where_a_user_is_shown,
    a_public_client_gets_an_rs256_id_token,
);

const ORDERS: &str = "https://orders.orchard.test";
const REALM: &str = "http://auth0.com/oauth/grant-type/password-realm";
const DIRECTORY: &str = "Username-Password-Authentication";
pub(crate) const SENTENCE: &str = "Wrong email or password.";

pub(crate) async fn tills(server: TestServer) -> TestServer {
    let server = shop(server).await;
    let grants = json!({"grant_types": ["password", REALM]});
    for client_id in ["pos", "kiosk"] {
        server.put::<Client>(&service(client_id, &grants)).await;
    }
    let enabled = json!({"enabled_clients": ["web", "pos"]});
    server
        .change::<Connection>("con_0000000000000001", &enabled)
        .await;
    let settings = json!({"id": "settings", "default_directory": DIRECTORY});
    server.put::<TenantSettings>(&settings).await;
    server
}

pub(crate) fn request(members: &Value) -> Value {
    let mut body = json!({
        "grant_type": "password", "client_id": "pos", "client_secret": "s3cret",
        "username": "Ada@Orchard.test", "password": PASSWORD, "audience": ORDERS, "scope": "openid read:orders",
    });
    let members = members.as_object().unwrap().clone();
    body.as_object_mut().unwrap().extend(members);
    body.as_object_mut()
        .unwrap()
        .retain(|_, value| *value != json!("(absent)"));
    body
}

pub(crate) async fn ask(server: &TestServer, members: &Value) -> Answer {
    server.token(&request(members)).await
}

async fn t24_1_t24_5_t25_7_first_party_applications_get_tokens_for_a_password_and_no_cookie(
    server: TestServer,
) {
    let server = tills(server).await;

    let answer = ask(&server, &json!({})).await;

    let access_token = answer.access_token();
    assert!(!answer.headers.contains_key("set-cookie"));
    let body = answer.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"], body.get("scope")),
        (&json!("Bearer"), &json!(86_400), None)
    );
    let (_, claims) = server.verified(&access_token, Algorithm::RS256).await;
    assert_eq!(
        (&claims["sub"], &claims["azp"]),
        (&json!(ADA), &json!("pos"))
    );
    assert_eq!(
        (&claims["gty"], &claims["scope"]),
        (&json!("password"), &json!("openid read:orders"))
    );
    assert_eq!(claims["aud"], json!([ORDERS, format!("{ISSUER}userinfo")]));
    let id_token = body["id_token"].as_str().unwrap();
    let (_, id) = server.verified(id_token, Algorithm::RS256).await;
    assert_eq!((&id["sub"], &id["aud"]), (&json!(ADA), &json!("pos")));
    assert_eq!((id.get("sid"), id.get("nonce")), (None, None));

    // As a form.
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(
            request(&json!({}))
                .as_object()
                .unwrap()
                .iter()
                .map(|(name, value)| (name, value.as_str().unwrap())),
        )
        .finish();
    let kind = Some("application/x-www-form-urlencoded");
    let answer = server.token_raw(kind, None, form.as_bytes()).await;
    let (_, again) = server
        .verified(&answer.access_token(), Algorithm::RS256)
        .await;
    for member in ["sub", "aud", "scope", "azp", "gty"] {
        assert_eq!(again[member], claims[member]);
    }
    // What libraries send for values that they do not have.
    let nulls = json!({"grant_type": REALM, "realm": null, "organization": null, "audience": null, "scope": ""});
    assert_eq!(ask(&server, &nulls).await.status, 200);
    for name in ["username", "password"] {
        let mut absent = json!({});
        absent[name] = json!("(absent)");
        let sentence = format!("Missing required parameter: {name}");
        ask(&server, &absent)
            .await
            .refused(400, "invalid_request", &sentence);
    }
}

async fn t24_2_without_scope_everything_is_given_and_listed(server: TestServer) {
    let server = tills(server).await;
    let all = "openid profile email address phone read:orders write:orders cancel:orders";
    let without = json!({"scope": "(absent)"});

    let answer = ask(&server, &without).await;

    assert_eq!(answer.json()["scope"], all);
    let (_, claims) = server
        .verified(&answer.access_token(), Algorithm::RS256)
        .await;
    assert_eq!(claims["scope"], all);
    assert_eq!(answer.json().get("refresh_token"), None);
    let nowhere = json!({"scope": "", "audience": null});
    assert_eq!(
        ask(&server, &nowhere).await.json()["scope"],
        "openid profile email address phone"
    );
    // What is named is all that is given.
    let named = ask(&server, &json!({"scope": "openid"})).await.json();
    let (_, claims) = server
        .verified(named["access_token"].as_str().unwrap(), Algorithm::RS256)
        .await;
    assert_eq!(claims["scope"], "openid");
    // Where the API enforces policies, the user holds none.
    let enforce = json!({"enforce_policies": true});
    server
        .change::<ResourceServer>("65a1f0c2d3e4b5a697887766", &enforce)
        .await;
    assert_eq!(
        ask(&server, &without).await.json()["scope"],
        "openid profile email address phone"
    );
    let held = json!({"permissions": [{"resource_server_identifier": ORDERS, "permission_name": "write:orders"}]});
    server
        .manage("POST", &format!("/users/{ADA}/permissions"), held)
        .await;
    assert_eq!(
        ask(&server, &without).await.json()["scope"],
        "openid profile email address phone write:orders"
    );
}

async fn without_scope_nothing_is_given_where_the_tenant_says_so(server: TestServer) {
    let server = tills(server).await;
    let flags = json!({"flags": {"grantor_password_no_default_scope": true}});
    server.change::<TenantSettings>("settings", &flags).await;
    let answer = ask(&server, &json!({"scope": null})).await;
    let (_, claims) = server
        .verified(&answer.access_token(), Algorithm::RS256)
        .await;
    assert_eq!(
        (claims.get("scope"), &claims["aud"]),
        (None, &json!(ORDERS))
    );
    assert_eq!(answer.json().get("id_token"), None);
}

async fn t25_1_the_default_directory_is_asked_and_its_absence_is_told_to_the_administrator(
    server: TestServer,
) {
    let server = tills(server).await;
    // The plain grant knows no realm.
    let answer = ask(&server, &json!({"realm": "Nowhere"})).await;
    answer.access_token();
    let unset = json!({"default_directory": ""});
    server.change::<TenantSettings>("settings", &unset).await;
    let sentence = "Authorization server not configured with default connection.";
    for form in [
        json!({}),
        json!({"grant_type": REALM}),
        json!({"grant_type": REALM, "realm": null}),
    ] {
        ask(&server, &form)
            .await
            .refused(500, "server_error", sentence);
    }
    let event = server.logged_with("fepft", sentence).await;
    let reason = event["details"]["reason"].as_str().unwrap();
    assert!(
        reason.contains("set default_directory in the tenant's settings"),
        "{reason}"
    );
    let strict = json!({"grantor_profile": "oidc"});
    server.change::<Client>("pos", &strict).await;
    ask(&server, &json!({}))
        .await
        .refused(400, "invalid_request", sentence);
}

/// Another directory, with somebody who has Ada's address there and a password of its own.
async fn employees(server: &TestServer) {
    server
        .put::<Connection>(&json!({
            "id": "con_0000000000000002", "name": "Employees", "strategy": "auth0", "options": {},
            "enabled_clients": ["pos"], "realms": ["Staff"],
        }))
        .await;
    let id = UserId::parse("auth0|ada-at-work").unwrap();
    let identity = Identity::database("Employees", &id);
    let (tenant, now) = (TenantId::default_tenant(), server.app.env.now());
    let mut user = User::new(id, identity, now);
    user.email = Some("ada@orchard.test".to_owned());
    let address = Identifier {
        kind: IdentifierKind::Email,
        value: "ada@orchard.test".to_owned(),
    };
    let mut batch = server.app.store.batch();
    batch.insert_user(&tenant, &user, &[address]);
    let password = Secret::new("Plums-and-cherries-8".to_owned());
    let hash = server.app.passwords.hash(&tenant, &password).await.unwrap();
    let key = IdentityKey::from(&user.user_id);
    batch.set_password(&tenant, &key, &hash, 0, now);
    server.app.store.commit(batch).await.unwrap();
}

async fn t25_2_t6_7_3_the_realm_says_whose_password_counts(server: TestServer) {
    let server = tills(server).await;
    employees(&server).await;
    let ask = async |realm: &str, password: &str| {
        let members = json!({"grant_type": REALM, "realm": realm, "password": password});
        ask(&server, &members).await
    };
    let subject = |answer: &Answer| {
        let (_, claims) = crate::support::decoded(&answer.access_token());
        claims["sub"].as_str().unwrap().to_owned()
    };
    let at_work = "Plums-and-cherries-8";
    assert_eq!(subject(&ask(DIRECTORY, PASSWORD).await), ADA);
    for realm in ["Employees", "Staff"] {
        assert_eq!(subject(&ask(realm, at_work).await), "auth0|ada-at-work");
    }
    ask(DIRECTORY, at_work)
        .await
        .refused(403, "invalid_grant", SENTENCE);
    ask("Employees", PASSWORD)
        .await
        .refused(403, "invalid_grant", SENTENCE);
}

async fn t25_3_a_connection_of_other_applications_is_refused(server: TestServer) {
    let server = tills(server).await;
    let sentence = "invalid connection specified for password grant";
    for members in [
        json!({"client_id": "kiosk"}),
        json!({"grant_type": REALM, "client_id": "kiosk", "realm": DIRECTORY}),
        json!({"grant_type": REALM, "realm": "Nowhere"}),
    ] {
        ask(&server, &members)
            .await
            .refused(403, "invalid_request", sentence);
    }
    let event = server.logged_with("fepft", sentence).await;
    broke(&event, Rule::PasswordConnectionUnusable);
}

async fn t25_4_t27_3_the_log_has_the_connection_the_name_and_both_addresses(server: TestServer) {
    let server = tills(server).await;
    ask(&server, &json!({})).await.access_token();
    let event = server.logged("sepft").await;
    assert_eq!(event["connection"], DIRECTORY);
    assert_eq!(event["user_name"], "Ada@Orchard.test");
    assert_eq!(event["client_id"], "pos");
    assert_eq!(
        (&event["ip"], &event["client_ip"]),
        (&json!("192.0.2.1"), &json!("192.0.2.1"))
    );
    ask(&server, &json!({"password": "wrong"})).await;
    let event = server.logged_with("fepft", SENTENCE).await;
    assert_eq!(event["connection"], DIRECTORY);
    assert_eq!(event["user_name"], "Ada@Orchard.test");
    broke(&event, Rule::PasswordWrong);
}

async fn t25_5_nobody_and_a_wrong_password_get_the_same_answer(server: TestServer) {
    let server = tills(server).await;
    let long = "x".repeat(5000);
    let mut bodies = Vec::new();
    for members in [
        json!({"password": "wrong"}),
        json!({"username": "nobody@orchard.test"}),
        json!({"username": "nobody@orchard.test", "password": "wrong"}),
        json!({"username": long}),
        json!({"password": long}),
    ] {
        let answer = ask(&server, &members).await;
        answer.refused(403, "invalid_grant", SENTENCE);
        bodies.push((answer.status, answer.body, answer.headers.len()));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1);
    let strict = json!({"grantor_profile": "oidc"});
    server.change::<Client>("pos", &strict).await;
    ask(&server, &json!({"password": "wrong"}))
        .await
        .refused(400, "invalid_grant", SENTENCE);
}

async fn t25_6_t6_7_4_who_may_not_use_the_grant_hears_it_before_any_password_is_looked_at(
    server: TestServer,
) {
    let server = tills(server).await;
    let sentence = "Grant type 'password' not allowed for the client.";
    for password in [PASSWORD, "wrong"] {
        // Registered for codes alone.
        let members = json!({"client_id": "web", "password": password});
        ask(&server, &members)
            .await
            .refused(403, "unauthorized_client", sentence);
    }
    let stranger = json!({"is_first_party": false});
    server.change::<Client>("pos", &stranger).await;
    ask(&server, &json!({}))
        .await
        .refused(403, "unauthorized_client", sentence);
    let sentence = format!("Grant type '{REALM}' not allowed for the client.");
    ask(&server, &json!({"grant_type": REALM, "realm": DIRECTORY}))
        .await
        .refused(403, "unauthorized_client", &sentence);
    let event = server.logged_with("fepft", &sentence).await;
    let reason = event["details"]["reason"].as_str().unwrap();
    assert!(reason.contains("not the tenant's own"), "{reason}");
}

async fn t6_4_3_a_password_makes_no_session(server: TestServer) {
    let server = tills(server).await;
    ask(&server, &json!({})).await.access_token();
    let mut browser = Browser::new(&server);
    let page = browser
        .go(&authorize("web", "scope=openid&prompt=none&state=s"))
        .await;
    assert_eq!(refused(&page, "login_required"), "Login required");
}

async fn offline_access_gives_a_refresh_token_that_goes_on_without_the_password(
    server: TestServer,
) {
    let server = tills(server).await;
    let offline = json!({"allow_offline_access": true});
    server
        .change::<ResourceServer>("65a1f0c2d3e4b5a697887766", &offline)
        .await;
    let scope = json!({"scope": "openid offline_access read:orders"});
    // A client that cannot use one gets none.
    assert_eq!(ask(&server, &scope).await.json().get("refresh_token"), None);
    let grants = json!({"grant_types": ["password", "refresh_token"]});
    server.change::<Client>("pos", &grants).await;

    let answer = ask(&server, &scope).await.json();

    let refresh = json!({"grant_type": "refresh_token", "client_id": "pos", "client_secret": "s3cret",
        "refresh_token": answer["refresh_token"]});
    let again = server.token(&refresh).await;
    let (_, claims) = server
        .verified(&again.access_token(), Algorithm::RS256)
        .await;
    assert_eq!(
        (&claims["sub"], &claims["scope"]),
        (&json!(ADA), &json!("openid offline_access read:orders"))
    );
    // Nobody who asks for nothing is given one.
    let without = ask(&server, &json!({"scope": null})).await.json();
    assert_eq!(without.get("refresh_token"), None);
    // It ends with the password.
    server.clock.advance(1);
    let body = json!({"password": "Plums-and-cherries-8", "connection": DIRECTORY});
    server.manage("PATCH", &format!("/users/{ADA}"), body).await;
    server
        .token(&refresh)
        .await
        .refused(403, "invalid_grant", "Unknown or invalid refresh token.");
}

async fn a_blocked_user_is_told_so_if_the_password_fits(server: TestServer) {
    let server = tills(server).await;
    let (tenant, store) = (TenantId::default_tenant(), &server.app.store);
    let id = UserId::parse(ADA).unwrap();
    let mut found = store.find_user(&tenant, &id).await.unwrap().unwrap();
    found.user.blocked = Some(true);
    let mut batch = store.batch();
    batch.replace_user(&tenant, &found.user, found.revision);
    store.commit(batch).await.unwrap();
    ask(&server, &json!({}))
        .await
        .refused(401, "unauthorized", "user is blocked");
    ask(&server, &json!({"password": "wrong"}))
        .await
        .refused(403, "invalid_grant", SENTENCE);
    assert_eq!(ada(&server).await.logins_count, None);
}

pub(crate) async fn ada(server: &TestServer) -> User {
    let id = UserId::parse(ADA).unwrap();
    let tenant = TenantId::default_tenant();
    let found = server.app.store.find_user(&tenant, &id).await;
    found.unwrap().unwrap().user
}

async fn a_login_is_counted_where_a_user_is_shown(server: TestServer) {
    let server = tills(server).await;
    ask(&server, &json!({"password": "wrong"})).await;
    assert_eq!(ada(&server).await.logins_count, None);
    ask(&server, &json!({})).await.access_token();
    ask(&server, &json!({})).await.access_token();
    let ada = ada(&server).await;
    assert_eq!(ada.logins_count, Some(2));
    assert_eq!(ada.last_login, Some(server.app.env.now()));
    assert_eq!(ada.last_ip.as_deref(), Some("192.0.2.1"));
}

async fn a_public_client_gets_an_rs256_id_token(server: TestServer) {
    let server = tills(server).await;
    let public = json!({"token_endpoint_auth_method": "none", "client_secret": null,
        "jwt_configuration": {"alg": "HS256"}});
    server.change::<Client>("pos", &public).await;
    let answer = ask(&server, &json!({"client_secret": "(absent)"})).await;
    let id_token = answer.json()["id_token"].as_str().unwrap().to_owned();
    let (_, claims) = server.verified(&id_token, Algorithm::RS256).await;
    assert_eq!(claims["sub"], ADA);
}
