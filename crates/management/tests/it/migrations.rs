//! Who still has to move: legacy grant types, the report, and which flows an application may use.

use grantor_protocol::{
    event::Event,
    legacy::{DEPRECATION_NOTICE, Feature},
};
use serde_json::{Value, json};

use crate::support::{Answer, Api};

const RO: &str = "http://auth0.com/oauth/legacy/grant-type/ro";

async fn switch(api: &Api, flags: Value) {
    let body = json!({ "flags": flags });
    api.send("PATCH", "/tenants/settings", body).await.ok(200);
}

fn path(client: &Value) -> String {
    format!("/clients/{}", client["client_id"].as_str().unwrap())
}

#[tokio::test]
async fn t6_12_3_a_legacy_grant_type_is_taken_away_for_good() {
    let api = Api::start().await;
    let till = json!({"name": "Till", "oidc_conformant": false, "grant_types": ["implicit", RO]});
    let refused = api.send("POST", "/clients", till.clone()).await;
    refused.refused(400);
    switch(
        &api,
        json!({"grantor_legacy_pipeline": true, "allow_legacy_ro_grant_types": true}),
    )
    .await;
    let client = api.make("/clients", till).await;
    assert_eq!(client["grant_types"], json!(["implicit", RO]));
    // It stays while others change, with the switches off as well.
    switch(&api, json!({"grantor_legacy_pipeline": false})).await;
    let kept = json!({"grant_types": [RO, "authorization_code"]});
    api.send("PATCH", &path(&client), kept.clone())
        .await
        .ok(200);
    let without = json!({"grant_types": ["authorization_code"]});
    api.send("PATCH", &path(&client), without).await.ok(200);
    switch(&api, json!({"grantor_legacy_pipeline": true})).await;
    api.send("PATCH", &path(&client), kept).await.refused(400);
    let shown = api.read(&path(&client)).await;
    assert_eq!(shown["grant_types"], json!(["authorization_code"]));
}

#[tokio::test]
async fn t6_12_2_the_flag_is_shown_and_changed() {
    let api = Api::start().await;
    let client = api
        .make("/clients", json!({"name": "Till", "oidc_conformant": true}))
        .await;
    assert_eq!(client["oidc_conformant"], true);
    for flag in [false, true] {
        let body = json!({ "oidc_conformant": flag });
        api.send("PATCH", &path(&client), body).await.ok(200);
        assert_eq!(api.read(&path(&client)).await["oidc_conformant"], flag);
    }
}

#[tokio::test]
async fn t6_1_the_report_lists_each_client_with_its_flag_and_its_last_use() {
    let api = Api::start().await;
    let mut ids = Vec::new();
    for (name, flag) in [("Till", false), ("Shop", true)] {
        let body = json!({"name": name, "oidc_conformant": flag});
        ids.push(api.make("/clients", body).await["client_id"].clone());
    }
    let tenant = grantor_protocol::tenant::TenantId::default_tenant();
    let store = &api.management.store;
    let now = api.management.env.now();
    let events = [(Feature::TokenInfo, 0), (Feature::ResourceOwner, 60)].map(|(feature, later)| {
        let event = Event {
            code: DEPRECATION_NOTICE,
            at: now.plus_seconds(later),
            client_id: ids[0].as_str().map(str::to_owned),
            user_id: None,
            members: json!({"details": {"feature": feature.name()}})
                .as_object()
                .unwrap()
                .clone(),
        };
        (tenant.clone(), event)
    });
    store.append_events(&events).await.unwrap();

    let report = api.read("/grantor/migrations").await;
    let row = |id: &Value| {
        let mut rows = report.as_array().unwrap().iter();
        rows.find(|row| row["client_id"] == *id).unwrap()
    };
    let (till, shop) = (row(&ids[0]), row(&ids[1]));
    assert_eq!(
        (
            &till["name"],
            &till["oidc_conformant"],
            &till["last_used_at"]
        ),
        (
            &json!("Till"),
            &json!(false),
            &json!(now.plus_seconds(60).rfc3339())
        )
    );
    assert_eq!(till["uses"][0]["feature"], "oauth_ro");
    assert_eq!(till["uses"][1]["successor"], Feature::TokenInfo.successor());
    assert_eq!(
        (&shop["oidc_conformant"], &shop["uses"]),
        (&json!(true), &json!([]))
    );
    assert!(shop.get("last_used_at").is_none());
    let page = api.read("/grantor/migrations?page=0&per_page=1").await;
    assert_eq!(page.as_array().unwrap().len(), 1);
    // A client that is gone is forgotten.
    let gone = format!("/clients/{}", ids[0].as_str().unwrap());
    api.send("DELETE", &gone, Value::Null).await;
    let id = ids[0].as_str().unwrap();
    assert!(store.deprecated_uses(&tenant, id).await.unwrap().is_empty());
}

async fn flow(api: &Api, client: &Value, name: &str) -> Value {
    let flows = api.read(&format!("{}/grantor/flows", path(client))).await;
    let mut flows = flows.as_array().unwrap().iter();
    flows.find(|flow| flow["flow"] == name).unwrap().clone()
}

#[tokio::test]
async fn a_client_of_each_type_has_its_defaults_and_hears_which_flows_it_may_use() {
    let api = Api::start().await;
    let browser = json!(["authorization_code", "implicit", "refresh_token"]);
    let confidential = json!([
        "authorization_code",
        "implicit",
        "refresh_token",
        "client_credentials"
    ]);
    for (app_type, method, grants) in [
        ("native", "none", &browser),
        ("spa", "none", &browser),
        ("regular_web", "client_secret_post", &confidential),
        ("non_interactive", "client_secret_post", &confidential),
    ] {
        let body =
            json!({"name": app_type, "app_type": app_type, "token_endpoint_auth_method": method});
        let client = api.make("/clients", body).await;
        assert_eq!(client["grant_types"], *grants, "{app_type}");
        let machine = flow(&api, &client, "client_credentials").await;
        assert_eq!(machine["usable"], method != "none", "{app_type}");
        let code = flow(&api, &client, "authorization_code").await;
        assert_eq!(
            code["advice"],
            if app_type == "non_interactive" {
                "discouraged"
            } else {
                "advised"
            }
        );
        let implicit = flow(&api, &client, "implicit").await;
        assert_eq!(
            (&implicit["usable"], &implicit["advice"]),
            (&json!(true), &json!("discouraged"))
        );
        let password = flow(&api, &client, "password").await;
        assert_eq!(
            (&password["usable"], &password["change"]),
            (&json!(false), &json!("add password to grant_types"))
        );
    }
}

#[tokio::test]
async fn t7_2_the_type_changes_later_and_the_grants_only_when_asked() {
    let api = Api::start().await;
    let body = json!({"name": "Shop", "app_type": "spa", "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"]});
    let client = api.make("/clients", body).await;
    let changed = json!({"app_type": "regular_web"});
    api.send("PATCH", &path(&client), changed).await.ok(200);
    let shown = api.read(&path(&client)).await;
    assert_eq!(
        (&shown["app_type"], &shown["grant_types"]),
        (&json!("regular_web"), &json!(["authorization_code"]))
    );
    let machine = flow(&api, &client, "client_credentials").await;
    assert_eq!(machine["change"], "add client_credentials to grant_types");
    let more = json!({"grant_types": ["authorization_code", "client_credentials"],
        "token_endpoint_auth_method": "client_secret_post"});
    api.send("PATCH", &path(&client), more).await.ok(200);
    assert_eq!(
        flow(&api, &client, "client_credentials").await["usable"],
        true
    );
    api.send("GET", "/clients/nobody/grantor/flows", Value::Null)
        .await
        .refused(404);
}
