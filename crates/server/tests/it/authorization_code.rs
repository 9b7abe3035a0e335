//! The authorization-code exchange and userinfo end to end.

use axum::body::Body;
use grantor_jose::{Algorithm, digest};
use grantor_protocol::model::{Client, ResourceServer};
use http::Request;
use serde_json::{Value, json};

use crate::support::{ADA, Answer, ISSUER, TestServer, decoded, on_both_engines, service};

on_both_engines!(
    t9_8_t12_2_a_code_becomes_tokens_for_the_user_and_the_api,
    j11_1_an_access_token_without_an_api_is_opaque_and_opens_userinfo,
    j11_5_t6_5_3_without_openid_there_is_no_id_token_and_no_userinfo,
    t12_a_public_client_needs_the_verifier_and_a_wrong_one_burns_the_code,
    t8_2_a_replayed_code_is_refused_and_revokes_what_came_from_it,
    t8_3_a_code_is_worth_nothing_to_another_client_or_later,
    a_redirect_uri_that_differs_is_refused_by_its_origin,
    j11_4_a_user_who_is_blocked_or_gone_gets_nothing,
    j11_2_profile_adds_the_profile_claims_that_have_a_value,
    j11_3_the_token_of_an_hs256_api_is_refused_at_userinfo,
    t9_6_the_scope_is_named_if_it_differs_from_what_was_asked,
    of_200_parallel_exchanges_on_two_nodes_one_wins,
);

const CALLBACK: &str = "https://shop.orchard.test/cb";
const ORDERS: &str = "https://orders.orchard.test";
const INVALID: &str = "Invalid authorization code";

async fn prepared(server: TestServer) -> TestServer {
    let server = server.with_ada().await;
    server
        .put::<ResourceServer>(&json!({
            "id": "65a1f0c2d3e4b5a697887766", "identifier": ORDERS, "name": "Orders", "token_lifetime": 7200,
            "skip_consent_for_verifiable_first_party_clients": true,
            "scopes": [{"value": "read:orders"}, {"value": "write:orders"}],
        }))
        .await;
    let web = json!({"app_type": "regular_web", "grant_types": ["authorization_code"], "callbacks": [CALLBACK]});
    server.put::<Client>(&service("web", &web)).await;
    server.put::<Client>(&service("other", &web)).await;
    let mut phone = service("phone", &web);
    phone["token_endpoint_auth_method"] = json!("none");
    phone.as_object_mut().unwrap().remove("client_secret");
    server.put::<Client>(&phone).await;
    server
}

async fn exchange(server: &TestServer, code: &str, members: &Value) -> Answer {
    let mut body = json!({
        "grant_type": "authorization_code", "client_id": "web", "client_secret": "s3cret", "code": code,
        "redirect_uri": CALLBACK,
    });
    body.as_object_mut()
        .unwrap()
        .extend(members.as_object().unwrap().clone());
    body.as_object_mut()
        .unwrap()
        .retain(|_, value| !value.is_null());
    server.token(&body).await
}

async fn userinfo(server: &TestServer, token: &str) -> Answer {
    let request = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
    server.send(request.body(Body::empty()).unwrap()).await
}

fn refused_as_expired(answer: &Answer) -> bool {
    answer.status == 401
        && answer.body == b"Unauthorized"
        && answer.header("www-authenticate").contains("invalid_token")
}

async fn t9_8_t12_2_a_code_becomes_tokens_for_the_user_and_the_api(server: TestServer) {
    let server = prepared(server).await;
    let query =
        format!("scope=openid+profile+email+read:orders+unknown&audience={ORDERS}&nonce=n-1");
    let code = server.code("web", &query).await;

    let answer = exchange(&server, &code, &json!({})).await;

    let access_token = answer.access_token();
    let body = answer.json();
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(7200))
    );
    assert_eq!(body["scope"], "openid profile email read:orders");
    let (_, claims) = server.verified(&access_token, Algorithm::RS256).await;
    assert_eq!(claims["sub"], ADA);
    let lifetime = claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!(Some(lifetime), body["expires_in"].as_i64());
    assert_eq!(claims["aud"], json!([ORDERS, format!("{ISSUER}userinfo")]));
    assert_eq!((&claims["azp"], claims.get("gty")), (&json!("web"), None));
    let (_, id) = server
        .verified(body["id_token"].as_str().unwrap(), Algorithm::RS256)
        .await;
    let now = server.app.env.now().seconds();
    assert_eq!(
        (&id["iss"], &id["aud"], &id["sub"]),
        (&json!(ISSUER), &json!("web"), &json!(ADA))
    );
    assert_eq!((&id["nonce"], &id["sid"]), (&json!("n-1"), &json!("sid")));
    assert_eq!(
        (&id["iat"], &id["exp"]),
        (&json!(now), &json!(now + 36_000))
    );
    assert_eq!(
        (&id["email"], &id["email_verified"]),
        (&json!("ada@orchard.test"), &json!(true))
    );
    assert_eq!(server.logged("seacft").await["client_id"], "web");
}

async fn j11_1_an_access_token_without_an_api_is_opaque_and_opens_userinfo(server: TestServer) {
    let server = prepared(server).await;
    let strict = json!({"grantor_profile": "oidc"});
    server.change::<Client>("web", &strict).await;
    let code = server.code("web", "scope=openid+email").await;

    let answer = exchange(&server, &code, &json!({})).await;

    let token = answer.access_token();
    assert_eq!(
        (
            token.len(),
            token.contains('.'),
            &answer.json()["expires_in"]
        ),
        (32, false, &json!(86_400))
    );
    let (_, id) = decoded(answer.json()["id_token"].as_str().unwrap());
    assert_eq!(id["at_hash"], digest::at_hash(&token));
    assert_eq!(
        (id["auth_time"].as_i64().unwrap(), &id["amr"]),
        (id["iat"].as_i64().unwrap() - 60, &json!(["pwd"]))
    );
    assert_eq!(id.get("email"), None);
    let told = userinfo(&server, &token).await;
    assert_eq!(told.status, 200);
    assert_eq!(told.json()["sub"], id["sub"]);
    assert_eq!(
        told.json(),
        json!({"sub": ADA, "email": "ada@orchard.test", "email_verified": true})
    );
    let form =
        Request::post("/userinfo").header("content-type", "application/x-www-form-urlencoded");
    let posted = server
        .send(
            form.body(Body::from(format!("access_token={token}")))
                .unwrap(),
        )
        .await;
    assert_eq!(posted.json(), told.json());
    server.clock.advance(86_400);
    assert!(refused_as_expired(&userinfo(&server, &token).await));
}

async fn j11_5_t6_5_3_without_openid_there_is_no_id_token_and_no_userinfo(server: TestServer) {
    let server = prepared(server).await;
    let with_openid = server
        .code(
            "web",
            &format!("scope=openid+read:orders&audience={ORDERS}"),
        )
        .await;
    let answer = exchange(&server, &with_openid, &json!({})).await;
    assert_eq!(
        userinfo(&server, &answer.access_token()).await.json(),
        json!({"sub": ADA})
    );
    let id_token = answer.json()["id_token"].as_str().unwrap().to_owned();
    assert!(refused_as_expired(&userinfo(&server, &id_token).await));
    let without = server
        .code("web", &format!("scope=read:orders&audience={ORDERS}"))
        .await;
    let answer = exchange(&server, &without, &json!({})).await;
    assert_eq!(answer.json().get("id_token"), None);
    assert!(refused_as_expired(
        &userinfo(&server, &answer.access_token()).await
    ));
    let bare = server.code("web", "").await;
    let bare = exchange(&server, &bare, &json!({})).await.access_token();
    let refused = userinfo(&server, &bare).await;
    assert_eq!(refused.status, 403);
    assert!(
        refused
            .header("www-authenticate")
            .contains("insufficient_scope")
    );
    let nothing = server.get("/userinfo").await;
    assert_eq!(
        (nothing.status.as_u16(), nothing.header("www-authenticate")),
        (401, "Bearer realm=\"Users\"")
    );
    assert!(refused_as_expired(&userinfo(&server, "guessed").await));
}

async fn t12_a_public_client_needs_the_verifier_and_a_wrong_one_burns_the_code(server: TestServer) {
    let server = prepared(server).await;
    let verifier = "v".repeat(43);
    let challenge = digest::base64url(&digest::sha256(verifier.as_bytes()));
    let query = format!("scope=openid&code_challenge={challenge}&code_challenge_method=S256");
    let public = |verifier: Option<&str>| json!({"client_id": "phone", "client_secret": null, "code_verifier": verifier});

    let good = server.code("phone", &query).await;
    exchange(&server, &good, &public(Some(&verifier)))
        .await
        .access_token();

    let wrong = "Failed to verify code verifier";
    for sent in [None, Some("short"), Some("w".repeat(43).as_str())] {
        let code = server.code("phone", &query).await;
        exchange(&server, &code, &public(sent))
            .await
            .refused(403, "invalid_grant", wrong);
        exchange(&server, &code, &public(Some(&verifier)))
            .await
            .refused(403, "invalid_grant", INVALID);
    }
    let unasked = server.code("web", "scope=openid").await;
    let with_verifier = json!({"code_verifier": verifier});
    exchange(&server, &unasked, &with_verifier)
        .await
        .refused(403, "invalid_grant", wrong);
}

async fn t8_2_a_replayed_code_is_refused_and_revokes_what_came_from_it(server: TestServer) {
    let server = prepared(server).await;
    let code = server.code("web", "scope=openid").await;
    let token = exchange(&server, &code, &json!({})).await.access_token();
    assert_eq!(userinfo(&server, &token).await.status, 200);
    exchange(&server, &code, &json!({}))
        .await
        .refused(403, "invalid_grant", INVALID);
    assert!(refused_as_expired(&userinfo(&server, &token).await));
    assert_eq!(
        server.logged("feacft").await["details"]["rule"],
        "CodeReplayed"
    );
}

async fn t8_3_a_code_is_worth_nothing_to_another_client_or_later(server: TestServer) {
    let server = prepared(server).await;
    let code = server.code("web", "scope=openid").await;
    let other = json!({"client_id": "other"});
    exchange(&server, &code, &other)
        .await
        .refused(403, "invalid_grant", INVALID);
    exchange(&server, &code, &json!({})).await.access_token();
    let late = server.code("web", "scope=openid").await;
    server.clock.advance(600);
    exchange(&server, &late, &json!({}))
        .await
        .refused(403, "invalid_grant", INVALID);
    exchange(&server, "invented", &json!({}))
        .await
        .refused(403, "invalid_grant", INVALID);
    exchange(&server, "", &json!({"code": null})).await.refused(
        400,
        "invalid_request",
        "Missing required parameter: code",
    );
}

async fn a_redirect_uri_that_differs_is_refused_by_its_origin(server: TestServer) {
    let server = prepared(server).await;
    let code = server.code("web", "scope=openid").await;
    let elsewhere = json!({"redirect_uri": "https://evil.test/x?secret"});
    let told = "The redirect URI is wrong. You sent https://evil.test, and we expected https://shop.orchard.test";
    exchange(&server, &code, &elsewhere)
        .await
        .refused(403, "unauthorized_client", told);
    let left_out = server.code("web", "scope=openid").await;
    exchange(&server, &left_out, &json!({"redirect_uri": null}))
        .await
        .access_token();
}

async fn j11_4_a_user_who_is_blocked_or_gone_gets_nothing(server: TestServer) {
    let server = prepared(server).await;
    let tenant = grantor_protocol::tenant::TenantId::default_tenant();
    let id = grantor_protocol::users::UserId::parse(ADA).unwrap();
    let early = server.code("web", "scope=openid").await;
    let token = exchange(&server, &early, &json!({})).await.access_token();
    let code = server.code("web", "scope=openid").await;

    let mut found = server
        .app
        .store
        .find_user(&tenant, &id)
        .await
        .unwrap()
        .unwrap();
    found.user.blocked = Some(true);
    let mut batch = server.app.store.batch();
    batch.replace_user(&tenant, &found.user, found.revision);
    server.app.store.commit(batch).await.unwrap();
    exchange(&server, &code, &json!({}))
        .await
        .refused(401, "unauthorized", "user is blocked");
    assert!(refused_as_expired(&userinfo(&server, &token).await));

    let mut batch = server.app.store.batch();
    batch.delete_user(&tenant, &id, server.app.env.now());
    server.app.store.commit(batch).await.unwrap();
    exchange(&server, &code, &json!({}))
        .await
        .refused(403, "invalid_grant", INVALID);
    assert!(refused_as_expired(&userinfo(&server, &token).await));
}

async fn of_200_parallel_exchanges_on_two_nodes_one_wins(server: TestServer) {
    let server = std::sync::Arc::new(prepared(server).await);
    let other = std::sync::Arc::new(server.another_node().await);
    let code = server.code("web", "scope=openid").await;
    let mut exchanges = tokio::task::JoinSet::new();
    for number in 0..200 {
        let node = std::sync::Arc::clone(if number % 2 == 0 { &server } else { &other });
        let code = code.clone();
        exchanges.spawn(async move { exchange(&node, &code, &json!({})).await });
    }
    let answers = exchanges.join_all().await;
    let won: Vec<_> = answers
        .iter()
        .filter(|answer| answer.status == 200)
        .collect();
    assert_eq!(won.len(), 1);
    for lost in answers.iter().filter(|answer| answer.status != 200) {
        lost.refused(403, "invalid_grant", INVALID);
    }
    assert!(refused_as_expired(
        &userinfo(&server, &won[0].access_token()).await
    ));
}

async fn j11_2_profile_adds_the_profile_claims_that_have_a_value(server: TestServer) {
    let server = prepared(server).await;
    let told = async |scope: &str| {
        let code = server.code("web", &format!("scope={scope}")).await;
        let token = exchange(&server, &code, &json!({})).await.access_token();
        userinfo(&server, &token).await.json()
    };
    assert_eq!(told("openid").await, json!({"sub": ADA}));
    let profile = told("openid+profile").await;
    let names: Vec<_> = profile.as_object().unwrap().keys().collect();
    // In the recorded order.
    assert_eq!(names, ["sub", "nickname", "name", "picture", "updated_at"]);
    assert_eq!(
        (
            &profile["name"],
            &profile["nickname"],
            &profile["updated_at"]
        ),
        (
            &json!("Ada"),
            &json!("ada"),
            &json!("2026-11-25T00:00:00.000Z")
        )
    );
}

async fn j11_3_the_token_of_an_hs256_api_is_refused_at_userinfo(server: TestServer) {
    let server = prepared(server).await;
    let hs256 = json!({"signing_alg": "HS256", "signing_secret": "x".repeat(32)});
    server
        .change::<ResourceServer>("65a1f0c2d3e4b5a697887766", &hs256)
        .await;
    let query = format!("scope=openid+read:orders&audience={ORDERS}");
    let code = server.code("web", &query).await;
    let token = exchange(&server, &code, &json!({})).await.access_token();
    let (header, claims) = decoded(&token);
    assert_eq!(
        (&header["alg"], &claims["aud"]),
        (&json!("HS256"), &json!(ORDERS))
    );
    assert!(refused_as_expired(&userinfo(&server, &token).await));
}

async fn t9_6_the_scope_is_named_if_it_differs_from_what_was_asked(server: TestServer) {
    let server = prepared(server).await;
    for (asked, named) in [("openid+email", None), ("openid+invented", Some("openid"))] {
        let code = server.code("web", &format!("scope={asked}")).await;
        let body = exchange(&server, &code, &json!({})).await.json();
        assert_eq!(body.get("scope").and_then(Value::as_str), named);
    }
}
