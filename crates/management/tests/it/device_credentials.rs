//! Device credentials: refresh tokens and public keys.

use grantor_management::Caller;
use serde_json::{Value, json};

use crate::{
    refresh_tokens::{alive, issue, rotating_client},
    support::{Answer, Api, bearer, text},
    users::{make, path},
};

/// A token of `user` at a client.
fn token_of(user: &Value, client_id: Option<&str>) -> Caller {
    let scopes = [
        "create:current_user_device_credentials",
        "delete:current_user_device_credentials",
    ];
    Caller {
        subject: text(user, "/user_id").to_owned(),
        client_id: client_id.map(str::to_owned),
        ..bearer(&scopes)
    }
}

fn key(device: &str) -> Value {
    json!({"device_name": "Phone", "type": "public_key", "value": "QUJD", "device_id": device})
}

async fn listed(api: &Api, query: &str) -> Vec<Value> {
    let found = api.read(&format!("/device-credentials?{query}")).await;
    found.as_array().unwrap().clone()
}

/// J12-5 and T23b-3, their part about the API: unlinking a device revokes its refresh token.
#[tokio::test]
async fn refresh_tokens_are_devices_that_can_be_unlinked() {
    let api = Api::start().await;
    let user = make(&api, json!({})).await;
    let (rotating, still) = (
        rotating_client(&api, "rotating").await,
        rotating_client(&api, "non-rotating").await,
    );
    let id = issue(&api, &user, &rotating, "s1").await;
    issue(&api, &user, &still, "s1").await;
    let bob = make(&api, json!({"email": "bob@x.test"})).await;
    issue(&api, &bob, &still, "s2").await;

    let of_user = format!("user_id={}", text(&user, "/user_id").replace('|', "%7C"));
    let devices = listed(&api, &of_user).await;
    assert_eq!(devices.len(), 2);
    let expected = json!({"id": format!("dcr_{id}"), "device_name": "a telephone",
        "device_id": id, "type": "rotating_refresh_token", "user_id": user["user_id"],
        "client_id": rotating});
    assert!(devices.contains(&expected), "{devices:?}");
    for (query, count) in [
        (format!("{of_user}&type=rotating_refresh_token"), 1),
        (format!("{of_user}&type=refresh_token&client_id={still}"), 1),
        (format!("{of_user}&type=public_key"), 0),
        (format!("client_id={still}&type=refresh_token"), 2),
        (format!("client_id={still}&type=rotating_refresh_token"), 0),
        (format!("client_id={still}&page=1&per_page=1"), 1),
        (String::new(), 3),
    ] {
        assert_eq!(listed(&api, &query).await.len(), count, "{query}");
    }
    let unclear = "/device-credentials?type=refresh_token";
    api.send("GET", unclear, Value::Null).await.refused(400);
    let page = "/device-credentials?fields=id&include_fields=true&include_totals=true&per_page=2";
    let page = api.read(page).await;
    assert_eq!(
        (&page["total"], &page["start"], &page["limit"]),
        (&json!(3), &json!(0), &json!(2))
    );
    assert_eq!(page["device_credentials"][0].as_object().unwrap().len(), 1);

    let one = format!("/device-credentials/dcr_{id}");
    for _ in 0..2 {
        api.send("DELETE", &one, Value::Null).await.ok(204);
    }
    assert_eq!(alive(&api, &user).await.len(), 1);
    assert!(!alive(&api, &user).await.contains(&id));
}

#[tokio::test]
async fn a_user_registers_a_key_for_a_device_once_and_removes_it() {
    let api = Api::start().await;
    let user = make(&api, json!({})).await;
    let bob = make(&api, json!({"email": "bob@x.test"})).await;
    let app = rotating_client(&api, "rotating").await;
    let create = async |caller: &Caller, body: Value| {
        api.send_as(caller, "POST", "/device-credentials", body)
            .await
    };
    let ada = token_of(&user, Some(&app));
    let made = create(&ada, key("aa-01")).await.ok(201);
    let id = text(&made, "/id").to_owned();
    assert_eq!(made, json!({"id": id}));
    assert!(id.starts_with("dcr_") && id.len() == 20, "{id}");
    let again = create(&ada, key("aa-01")).await.refused(409);
    assert_eq!(again, "A public key already exists for the device.");
    create(&token_of(&bob, Some(&app)), key("aa-01"))
        .await
        .ok(201);
    create(&ada, key("zz")).await.refused(400);

    let machine = bearer(&["create:current_user_device_credentials"]);
    let refused = create(&machine, key("bb")).await.refused(403);
    assert_eq!(refused, "Cannot create device credentials for that user");
    let refused = create(&token_of(&user, None), key("bb")).await.refused(403);
    assert_eq!(refused, "Must provide client_id parameter");
    for other in ["gone", "other"] {
        let mut body = key("bb");
        body["client_id"] = json!(other);
        let caller = token_of(&user, (other == "other").then_some(&app));
        let refused = create(&caller, body).await.refused(403);
        assert_eq!(refused, "Cannot create device credentials for that client");
    }

    let keys = listed(&api, &format!("type=public_key&client_id={app}")).await;
    assert_eq!(keys.len(), 2);
    let expected = json!({"id": id, "device_name": "Phone", "device_id": "aa-01",
        "type": "public_key", "user_id": user["user_id"], "client_id": app});
    assert_eq!(keys[0], expected);
    let one = format!("/device-credentials/{id}");
    let as_bob = token_of(&bob, Some(&app));
    api.send_as(&as_bob, "DELETE", &one, Value::Null)
        .await
        .refused(403);
    api.send_as(&ada, "DELETE", &one, Value::Null).await.ok(204);
    assert_eq!(listed(&api, "type=public_key").await.len(), 1);
    // The other's key goes with its user, and a client's with the client.
    api.send("DELETE", &path(&bob), Value::Null).await.ok(204);
    assert_eq!(listed(&api, "").await, [Value::Null; 0]);
    create(&ada, key("aa-01")).await.ok(201);
    let client = format!("/clients/{app}");
    api.send("DELETE", &client, Value::Null).await.ok(204);
    assert_eq!(listed(&api, "").await, [Value::Null; 0]);
}
