//! Roles, permissions, and who has them.

use serde_json::{Value, json};

use crate::{
    support::{Answer, Api, text},
    users::{make, path},
};

const ORDERS: &str = "https://orders.test";

pub(crate) async fn make_role(api: &Api, name: &str) -> String {
    let body = json!({"name": name, "description": "Does things"});
    let made = api.send("POST", "/roles", body).await.ok(200);
    text(&made, "/id").to_owned()
}

fn named(names: &[&str]) -> Value {
    let entries = names
        .iter()
        .map(|name| json!({"resource_server_identifier": ORDERS, "permission_name": name}));
    json!({"permissions": entries.collect::<Vec<_>>()})
}

async fn give(api: &Api, role: &str, names: &[&str]) {
    let path = format!("/roles/{role}/permissions");
    let given = api.send("POST", &path, named(names)).await.ok(201);
    assert_eq!(given, json!({}));
}

/// The names of what is listed at `path`.
async fn permissions(api: &Api, path: &str) -> Vec<String> {
    let listed = api.read(&format!("{path}/permissions")).await;
    let names = listed.as_array().unwrap().iter();
    names
        .map(|row| text(row, "/permission_name").to_owned())
        .collect()
}

/// `GET` of `path` with totals.
async fn counted(api: &Api, path: &str) -> Value {
    api.read(&format!("{path}?include_totals=true&per_page=50"))
        .await
}

#[tokio::test]
async fn j16_roles_are_made_read_changed_and_deleted() {
    let api = Api::start().await;
    let made = api.send("POST", "/roles", json!({"name": "Packer"})).await;
    let made = made.ok(200);
    let id = text(&made, "/id").to_owned();
    assert!(id.starts_with("rol_") && id.len() == 20, "{id}");
    assert_eq!(made, json!({"id": id, "name": "Packer", "type": "tenant"}));
    let path = format!("/roles/{id}");
    let read = api.read(&path).await;
    assert_eq!(read["description"], "");
    let changed = api.send("PATCH", &path, json!({"description": "Packs"}));
    let changed = changed.await.ok(200);
    let expected = json!({"id": id, "name": "Packer", "description": "Packs", "type": "tenant"});
    assert_eq!(changed, expected);
    let taken = api.send("POST", "/roles", json!({"name": "Packer"})).await;
    assert_eq!(taken.refused(409), "The role already exists.");
    make_role(&api, "Head of packing").await;
    let listed = api.read("/roles?name_filter=PACK").await;
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let listed = counted(&api, "/roles").await;
    assert_eq!((&listed["total"], &listed["start"]), (&json!(2), &json!(0)));
    let deleted = api.send("DELETE", &path, Value::Null).await.ok(200);
    assert_eq!(deleted, json!({}));
    for method in ["GET", "DELETE"] {
        let gone = api.send(method, &path, Value::Null).await;
        assert_eq!(gone.body.as_ref().unwrap().get("errorCode"), None);
        assert_eq!(gone.refused(404), "The role does not exist.");
    }
    let of_nobody = json!({"name": "X", "type": "organization", "owner_id": "org_1"});
    api.send("POST", "/roles", of_nobody).await.refused(404);
}

#[tokio::test]
async fn j16_a_role_has_permissions_of_apis() {
    let api = Api::start().await;
    let scopes = json!([{"value": "read:orders", "description": "Read"}, {"value": "pack:orders"}]);
    let body = json!({"name": "Orders", "identifier": ORDERS, "scopes": scopes});
    api.make("/resource-servers", body).await;
    let role = make_role(&api, "Packer").await;
    give(&api, &role, &["read:orders"]).await;
    give(&api, &role, &["read:orders", "pack:orders"]).await;
    let path = format!("/roles/{role}");
    let listed = counted(&api, &format!("{path}/permissions")).await;
    assert_eq!(listed["total"], 2);
    let read = json!({"permission_name": "read:orders", "description": "Read",
        "resource_server_name": "Orders", "resource_server_identifier": ORDERS});
    assert_eq!(listed["permissions"][1], read);
    let taken = named(&["pack:orders", "never:had"]);
    let permissions_path = format!("{path}/permissions");
    api.send("DELETE", &permissions_path, taken).await.ok(204);
    assert_eq!(permissions(&api, &path).await, ["read:orders"]);

    let unknown = api
        .send("POST", &permissions_path, named(&["fly:orders"]))
        .await;
    unknown.refused(400);
    let elsewhere = json!({"permissions": [{"resource_server_identifier": "https://gone.test",
        "permission_name": "read:orders"}]});
    let unknown = api.send("POST", &permissions_path, elsewhere.clone()).await;
    assert_eq!(unknown.refused(404), "The resource server does not exist.");
    api.send("DELETE", &permissions_path, elsewhere)
        .await
        .ok(204);
    let nowhere = api.send(
        "POST",
        "/roles/rol_gone/permissions",
        named(&["read:orders"]),
    );
    assert_eq!(nowhere.await.refused(404), "The role does not exist.");
    assert_eq!(permissions(&api, &path).await, ["read:orders"]);
}

/// The server's own API is an API like others.
#[tokio::test]
async fn a_role_may_have_scopes_of_the_management_api() {
    let api = Api::start().await;
    let role = make_role(&api, "Support").await;
    let own = json!({"permissions": [{"permission_name": "read:users",
        "resource_server_identifier": "https://login.test/api/v2/"}]});
    let path = format!("/roles/{role}/permissions");
    api.send("POST", &path, own).await.ok(201);
    let listed = api.read(&path).await;
    let identifier = text(&listed, "/0/resource_server_identifier");
    assert_eq!(identifier, "https://login.test/api/v2/");
}

#[tokio::test]
async fn j16_a_user_has_permissions_by_roles_and_directly() {
    let api = Api::start().await;
    api.make_api(ORDERS, &["read:orders", "pack:orders", "sell:orders"])
        .await;
    let user = make(&api, json!({})).await;
    let (packer, seller) = (
        make_role(&api, "Packer").await,
        make_role(&api, "A seller").await,
    );
    give(&api, &packer, &["read:orders", "pack:orders"]).await;
    give(&api, &seller, &["read:orders", "sell:orders"]).await;
    let roles = format!("{}/roles", path(&user));
    let both = json!({"roles": [packer, seller]});
    api.send("POST", &roles, both.clone()).await.ok(204);
    api.send("POST", &roles, both).await.ok(204);
    let own = format!("{}/permissions", path(&user));
    api.send("POST", &own, named(&["pack:orders"]))
        .await
        .ok(201);

    let listed = counted(&api, &roles).await;
    assert_eq!(listed["total"], 2);
    let expected = json!({"id": seller, "name": "A seller", "description": "Does things"});
    assert_eq!(listed["roles"][0], expected);
    let listed = counted(&api, &own).await;
    assert_eq!(listed["total"], 3);
    let pack = &listed["permissions"][0];
    assert_eq!(pack["permission_name"], "pack:orders");
    let sources = json!([
        {"source_id": "", "source_name": "", "source_type": "DIRECT"},
        {"source_id": packer, "source_name": "Packer", "source_type": "ROLE"},
    ]);
    assert_eq!(pack["sources"], sources);
    let part = api.read(&format!("{own}?page=1&per_page=2")).await;
    assert_eq!(part.as_array().unwrap().len(), 1);
    assert_eq!(part[0]["permission_name"], "sell:orders");

    let taken = json!({"roles": [seller, "rol_gone"]});
    api.send("DELETE", &roles, taken).await.ok(204);
    assert_eq!(
        permissions(&api, &path(&user)).await,
        ["pack:orders", "read:orders"]
    );
    api.send("DELETE", &own, named(&["pack:orders"]))
        .await
        .ok(204);
    let listed = counted(&api, &own).await;
    assert_eq!(
        listed["permissions"][0]["sources"]
            .as_array()
            .unwrap()
            .len(),
        1
    );

    let unknown = api
        .send("POST", &roles, json!({"roles": ["rol_gone"]}))
        .await;
    assert_eq!(unknown.refused(404), "The role does not exist.");
    let nobody = api.send(
        "POST",
        "/users/auth0%7Cnobody/roles",
        json!({"roles": [packer]}),
    );
    assert_eq!(nobody.await.refused(404), "The user does not exist.");
}

#[tokio::test]
async fn j16_a_role_knows_who_has_it() {
    let api = Api::start().await;
    let role = make_role(&api, "Packer").await;
    let members = format!("/roles/{role}/users");
    let mut users = Vec::new();
    for name in ["zoe", "ada", "mia"] {
        users.push(make(&api, json!({"email": format!("{name}@x.test")})).await);
    }
    for user in &users {
        let one = json!({"users": [text(user, "/user_id")]});
        assert_eq!(api.send("POST", &members, one).await.ok(200), json!({}));
    }
    let page = api.read(&format!("{members}?take=2")).await;
    let row = json!({"user_id": users[0]["user_id"], "email": "zoe@x.test",
        "name": "zoe@x.test", "picture": users[0]["picture"]});
    assert_eq!(page["users"][0], row);
    let rest = format!("{members}?take=2&from={}", text(&page, "/next"));
    let rest = api.read(&rest).await;
    assert_eq!(rest["users"].as_array().unwrap().len(), 1);
    assert_eq!(
        (text(&rest, "/users/0/email"), rest.get("next")),
        ("mia@x.test", None)
    );
    let counted = counted(&api, &members).await;
    assert_eq!(
        (&counted["total"], &counted["limit"]),
        (&json!(3), &json!(50))
    );
    api.send("GET", &format!("{members}?page=20"), Value::Null)
        .await
        .refused(400);

    let nobody = json!({"users": [text(&users[0], "/user_id"), "auth0|nobody"]});
    let refused = api.send("POST", &members, nobody).await.refused(404);
    assert_eq!(refused, "One or more of the users do not exist.");
    api.send("DELETE", &path(&users[0]), Value::Null)
        .await
        .ok(204);
    assert_eq!(api.read(&members).await.as_array().unwrap().len(), 2);
}

/// J16-6, and the same for whole roles and APIs.
#[tokio::test]
async fn j16_6_a_deleted_permission_is_taken_from_every_role_and_user() {
    let api = Api::start().await;
    let made = api.make_api(ORDERS, &["read:orders", "pack:orders"]).await;
    let api_path = format!("/resource-servers/{}", text(&made, "/id"));
    let user = make(&api, json!({})).await;
    let role = make_role(&api, "Packer").await;
    let (role_path, user_path) = (format!("/roles/{role}"), path(&user));
    give(&api, &role, &["read:orders", "pack:orders"]).await;
    let own = format!("{user_path}/permissions");
    let both = named(&["read:orders", "pack:orders"]);
    api.send("POST", &own, both.clone()).await.ok(201);
    let roles = json!({"roles": [role]});
    api.send("POST", &format!("{user_path}/roles"), roles)
        .await
        .ok(204);

    let fewer = json!({"scopes": [{"value": "read:orders"}]});
    api.send("PATCH", &api_path, fewer).await.ok(200);
    assert_eq!(permissions(&api, &role_path).await, ["read:orders"]);
    assert_eq!(permissions(&api, &user_path).await, ["read:orders"]);
    // One of the same name made later is nobody's.
    let again = json!({"scopes": [{"value": "read:orders"}, {"value": "pack:orders"}]});
    api.send("PATCH", &api_path, again).await.ok(200);
    assert_eq!(permissions(&api, &user_path).await, ["read:orders"]);

    api.send("DELETE", &api_path, Value::Null).await.ok(204);
    assert_eq!(permissions(&api, &role_path).await, [""; 0]);
    assert_eq!(permissions(&api, &user_path).await, [""; 0]);
    api.make_api(ORDERS, &["read:orders", "pack:orders"]).await;
    assert_eq!(permissions(&api, &user_path).await, [""; 0]);

    give(&api, &role, &["read:orders"]).await;
    assert_eq!(permissions(&api, &user_path).await, ["read:orders"]);
    api.send("DELETE", &role_path, Value::Null).await.ok(200);
    assert_eq!(permissions(&api, &user_path).await, [""; 0]);
    assert_eq!(api.read(&format!("{user_path}/roles")).await, json!([]));
}

#[tokio::test]
async fn what_a_user_and_a_role_may_have_is_bounded() {
    let api = Api::start().await;
    let names: Vec<String> = (0..1_000).map(|n| format!("do:{n}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    api.make_api(ORDERS, &names).await;
    let more = json!({"name": "More", "identifier": "https://more.test",
        "scopes": [{"value": "one"}]});
    api.make("/resource-servers", more).await;
    let one = json!({"permissions": [{"resource_server_identifier": "https://more.test",
        "permission_name": "one"}]});
    let user = make(&api, json!({})).await;
    let own = format!("{}/permissions", path(&user));
    api.send("POST", &own, named(&names)).await.ok(201);
    let refused = api.send("POST", &own, one.clone()).await.refused(400);
    assert_eq!(refused, "No more permissions can be assigned to this user");
    let role = make_role(&api, "Everything").await;
    give(&api, &role, &names).await;
    let path_of_role = format!("/roles/{role}/permissions");
    api.send("POST", &path_of_role, one).await.refused(400);

    let mut ids = vec![role];
    for number in 0..50 {
        ids.push(make_role(&api, &format!("Role {number}")).await);
    }
    let roles = format!("{}/roles", path(&user));
    let too_many = api.send("POST", &roles, json!({"roles": ids})).await;
    too_many.refused(403);
    let most = json!({"roles": ids.split_first().unwrap().1});
    api.send("POST", &roles, most).await.ok(204);
    let members = format!("/roles/{}/users", ids[0]);
    let one_more = json!({"users": [text(&user, "/user_id")]});
    let refused = api.send("POST", &members, one_more).await.refused(403);
    assert_eq!(
        refused,
        "You reached the limit of entities of this type for this user"
    );
}
