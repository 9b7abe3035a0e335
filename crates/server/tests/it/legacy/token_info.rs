//! `/tokeninfo`.

use serde_json::json;

use super::{change_ada, conformant, flags, log_in_by_password, old_shop, post};
use crate::support::{ADA, TestServer, on_both_engines};

on_both_engines!(an_id_token_opens_the_profile_for_applications_that_are_not_conformant);

async fn an_id_token_opens_the_profile_for_applications_that_are_not_conformant(
    server: TestServer,
) {
    let server = old_shop(server).await;
    change_ada(&server, |ada| {
        ada.user_metadata = json!({"size": 38}).as_object().cloned();
    })
    .await;
    let answer = log_in_by_password(&server, &json!({})).await.json();
    let token = answer["id_token"].as_str().unwrap();
    for told in [
        post(&server, "/tokeninfo", &json!({"id_token": token})).await,
        server.get(&format!("/tokeninfo?id_token={token}")).await,
    ] {
        let told = told.json();
        assert_eq!(
            (&told["user_id"], &told["clientID"], &told["user_metadata"]),
            (&json!(ADA), &json!("till"), &json!({"size": 38}))
        );
        assert!(told.get("sub").is_none());
    }
    let bad = post(&server, "/tokeninfo", &json!({"id_token": "x.y.z"})).await;
    bad.refused(401, "unauthorized", "invalid id_token");
    let none = post(&server, "/tokeninfo", &json!({})).await;
    none.refused(400, "invalid_request", "missing id_token parameter");
    // An opaque access token is none, and neither is one of an API.
    let opaque = json!({"id_token": answer["access_token"]});
    assert_eq!(post(&server, "/tokeninfo", &opaque).await.status, 401);

    conformant(&server, "till").await;
    post(&server, "/tokeninfo", &json!({"id_token": token}))
        .await
        .refused(
            400,
            "invalid_request",
            "OIDC conformant clients cannot use /tokeninfo: use GET /userinfo with an access token",
        );
    flags(&server, &json!({"grantor_legacy_pipeline": true})).await;
    let gone = post(&server, "/tokeninfo", &json!({"id_token": "x"})).await;
    assert_eq!(
        (gone.status.as_u16(), gone.json()["error"].as_str()),
        (404, Some("endpoint_disabled"))
    );
}
