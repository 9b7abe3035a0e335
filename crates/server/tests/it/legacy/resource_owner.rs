//! `/oauth/ro`.

use grantor_protocol::{model::Client, users::Connection};
use serde_json::json;

use super::{
    change_ada, conformant, flags, log_in_by_password, old_shop, post, signed_with_the_secret,
};
use crate::support::{ADA, TestServer, on_both_engines};

on_both_engines!(
    t6_7_2_a_legacy_application_logs_in_with_the_flag_on,
    t6_7_1_t5_4_a_conformant_application_is_refused,
    t6_3_without_its_switches_it_is_gone_for_the_whole_tenant,
);

async fn t6_7_2_a_legacy_application_logs_in_with_the_flag_on(server: TestServer) {
    let server = old_shop(server).await;
    let answer = log_in_by_password(&server, &json!({"scope": "openid email"})).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    assert_eq!(answer.header("cache-control"), "no-store");
    let body = answer.json();
    let members: Vec<_> = body.as_object().unwrap().keys().cloned().collect();
    assert_eq!(members, ["id_token", "access_token", "token_type"]);
    assert_eq!(body["token_type"], "bearer");
    let claims = signed_with_the_secret(body["id_token"].as_str().unwrap());
    assert_eq!(
        (&claims["sub"], &claims["aud"], &claims["email"]),
        (&json!(ADA), &json!("till"), &json!("ada@orchard.test"))
    );
    // Neither a session nor a cookie.
    assert!(claims.get("sid").is_none() && !answer.headers.contains_key("set-cookie"));
    let token = body["access_token"].as_str().unwrap();
    let request =
        http::Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
    let told = server
        .send(request.body(axum::body::Body::empty()).unwrap())
        .await;
    assert_eq!(told.json()["email"], "ada@orchard.test");
    let logged = server.logged("s").await;
    assert_eq!(logged["client_id"], "till");
    let noted = server.logged("depnote").await;
    assert_eq!(
        (&noted["client_name"], &noted["details"]["feature"]),
        (&json!("till"), &json!("oauth_ro"))
    );
}

async fn t6_7_1_t5_4_a_conformant_application_is_refused(server: TestServer) {
    let server = old_shop(server).await;
    conformant(&server, "till").await;
    log_in_by_password(&server, &json!({})).await.refused(
        400,
        "invalid_request",
        "OIDC conformant clients cannot use /oauth/ro: use POST /oauth/token with the password-realm or the \
         passwordless/otp grant",
    );
    // Without the grant an application that is not conformant is refused as well.
    server
        .change::<Client>("scales", &json!({"grant_types": ["implicit"]}))
        .await;
    log_in_by_password(&server, &json!({"client_id": "scales"}))
        .await
        .refused(
            403,
            "unauthorized_client",
            "Grant type 'http://auth0.com/oauth/legacy/grant-type/ro' not allowed for the client.",
        );
}

async fn t6_3_without_its_switches_it_is_gone_for_the_whole_tenant(server: TestServer) {
    let server = old_shop(server).await;
    assert_eq!(log_in_by_password(&server, &json!({})).await.status, 200);
    for off in [
        json!({"grantor_legacy_pipeline": true, "allow_legacy_ro_grant_types": false}),
        json!({"grantor_legacy_pipeline": false, "allow_legacy_ro_grant_types": true}),
        json!({}),
    ] {
        flags(&server, &off).await;
        let refused = log_in_by_password(&server, &json!({})).await;
        let text = refused.json()["error_description"]
            .as_str()
            .unwrap()
            .to_owned();
        assert_eq!(refused.status, 404);
        assert_eq!(refused.json()["error"], "endpoint_disabled");
        assert!(
            text.starts_with("This endpoint is retired. ") && text.contains("password-realm"),
            "{text}"
        );
    }
}

#[tokio::test]
async fn the_words_of_old() {
    let server = old_shop(TestServer::on_sqlite().await).await;
    // Rule::LegacyParameterMissing.
    for (left_out, text) in [
        ("client_id", "missing client_id parameter"),
        ("connection", "missing connection parameter"),
        ("username", "missing username parameter"),
        ("password", "missing password parameter"),
        ("grant_type", "missing grant_type parameter"),
    ] {
        let answer = log_in_by_password(&server, &json!({ left_out: null })).await;
        answer.refused(400, "invalid_request", text);
    }
    let offline = json!({"scope": "openid offline_access", "device": null});
    let answer = log_in_by_password(&server, &offline).await;
    answer.refused(400, "invalid_request", "missing device parameter");
    // Rule::LegacyScopeNotText.
    let answer = log_in_by_password(&server, &json!({"scope": ["openid"]})).await;
    answer.refused(400, "invalid_request", "scope parameter must be a string");
    // Rule::LegacyClientInvalid.
    let answer = log_in_by_password(&server, &json!({"client_id": "nobody"})).await;
    answer.refused(403, "unauthorized_client", "invalid client");
    // Rule::LegacyPasswordWrong.
    for name in ["ada@orchard.test", "nobody@orchard.test"] {
        let wrong = json!({"username": name, "password": "wrong"});
        let answer = log_in_by_password(&server, &wrong).await;
        answer.refused(401, "invalid_user_password", "Wrong email or password.");
    }
    let logged = server.logged("fp").await;
    assert_eq!(logged["connection"], "Username-Password-Authentication");
    server.logged("fu").await;
}

#[tokio::test]
async fn connections_that_do_not_fit() {
    let server = old_shop(TestServer::on_sqlite().await).await;
    for (id, name, strategy, clients) in [
        ("con_0000000000000002", "Others", "auth0", json!([])),
        ("con_0000000000000003", "email", "email", json!(["till"])),
    ] {
        server
            .put::<Connection>(
                &json!({"id": id, "name": name, "strategy": strategy, "options": {},
                "enabled_clients": clients}),
            )
            .await;
    }
    // Rule::ConnectionUnknown, Rule::ConnectionDisabled, Rule::StrategyUnsuitable.
    for (name, text) in [
        ("Nowhere", "the connection was not found"),
        ("Others", "the connection was disabled"),
        (
            "email",
            "specified strategy does not support requested operation",
        ),
    ] {
        let answer = log_in_by_password(&server, &json!({"connection": name})).await;
        answer.refused(400, "invalid_request", text);
    }
}

/// The code that came by mail was a password to `/oauth/ro`.
#[tokio::test]
async fn t6_11_3_the_passwordless_variant_is_refused_for_conformant_applications() {
    let server = old_shop(TestServer::on_sqlite().await).await;
    conformant(&server, "till").await;
    let body = json!({"client_id": "till", "connection": "email", "grant_type": "password",
        "username": "ada@orchard.test", "password": "271828", "scope": "openid"});
    let refused = post(&server, "/oauth/ro", &body).await;
    assert_eq!(refused.status, 400);
    let text = refused.json()["error_description"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        text.starts_with("OIDC conformant clients cannot use /oauth/ro")
            && text.contains("passwordless/otp"),
        "{text}"
    );
}

#[tokio::test]
async fn a_blocked_user_is_kept_out() {
    let server = old_shop(TestServer::on_sqlite().await).await;
    change_ada(&server, |ada| ada.blocked = Some(true)).await;
    let answer = log_in_by_password(&server, &json!({})).await;
    answer.refused(401, "unauthorized", "user is blocked");
}
