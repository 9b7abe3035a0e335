//! What holds for every request for a user's tokens, and for the tokens.

use axum::body::Body;
use grantor_protocol::{
    model::{Client, ResourceServer},
    tenant::TenantId,
    users::UserId,
};
use http::Request;
use serde_json::{Value, json};

use crate::support::{
    ADA, Answer, Browser, CALLBACK, TestServer, authorize, code_of, decoded, log_in,
    on_both_engines, redeem, shop,
};

on_both_engines!(
    t9_1_json_and_form_bodies_give_identical_answers,
    t9_4_a_wrong_secret_is_401_and_burns_the_code_of_that_client_alone,
    t28_3_an_id_token_tells_no_scope_and_no_permissions,
    t28_4_an_access_token_is_no_hint_of_an_id_token,
    t34_2_t7_4_two_apis_need_two_authorizations_and_one_login,
    j3_7_metadata_of_a_user_is_in_no_token,
);

const ORDERS: &str = "https://orders.orchard.test";
const ORDERS_ID: &str = "65a1f0c2d3e4b5a697887766";

/// A shop whose own applications need no consent for the API.
async fn silent_shop(server: TestServer) -> TestServer {
    let server = shop(server).await;
    let skip = json!({"skip_consent_for_verifiable_first_party_clients": true});
    server.change::<ResourceServer>(ORDERS_ID, &skip).await;
    server
}

/// A browser in which Ada has logged in.
async fn logged_in(server: &TestServer) -> Browser<'_> {
    let mut browser = Browser::new(server);
    let page = browser.go(&authorize("web", "scope=openid")).await;
    code_of(&log_in(&mut browser, &page).await);
    browser
}

/// A code for `web` that nobody is asked for.
async fn code(browser: &mut Browser<'_>, more: &str) -> String {
    code_of(&browser.go(&authorize("web", more)).await)
}

/// What an exchange of `code` sends, with `secret`.
fn exchange(code: &str, secret: &str) -> [(&'static str, String); 5] {
    [
        ("grant_type", "authorization_code".to_owned()),
        ("client_id", "web".to_owned()),
        ("client_secret", secret.to_owned()),
        ("redirect_uri", CALLBACK.to_owned()),
        ("code", code.to_owned()),
    ]
}

async fn as_json(server: &TestServer, fields: &[(&'static str, String)]) -> Answer {
    let body: Value = fields
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect::<serde_json::Map<_, _>>()
        .into();
    server.token(&body).await
}

async fn as_form(server: &TestServer, fields: &[(&'static str, String)]) -> Answer {
    let form: String = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let request = Request::post("/oauth/token")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from(form));
    server.send(request.unwrap()).await
}

/// The answer with what differs from exchange to exchange taken out of it.
fn shape(answer: &Answer) -> (u16, Value) {
    let mut body = answer.json();
    for token in ["access_token", "id_token"] {
        let Some(text) = body.get(token).and_then(Value::as_str) else {
            continue;
        };
        let shape = if text.contains('.') {
            let (header, mut claims) = decoded(text);
            claims.as_object_mut().unwrap().remove("jti");
            json!([header, claims])
        } else {
            json!(text.len())
        };
        body[token] = shape;
    }
    (answer.status.as_u16(), body)
}

async fn t9_1_json_and_form_bodies_give_identical_answers(server: TestServer) {
    let server = silent_shop(server).await;
    let mut browser = logged_in(&server).await;
    for (secret, status) in [("s3cret", 200), ("wrong", 401)] {
        for more in [
            "scope=openid+email",
            &format!("scope=openid+read:orders&audience={ORDERS}"),
        ] {
            let first = code(&mut browser, more).await;
            let second = code(&mut browser, more).await;
            let form = as_form(&server, &exchange(&first, secret)).await;
            let json = as_json(&server, &exchange(&second, secret)).await;
            assert_eq!(form.status, status);
            assert_eq!(shape(&form), shape(&json));
        }
    }
    let unknown = exchange("invented", "s3cret");
    let (form, json) = (
        as_form(&server, &unknown).await,
        as_json(&server, &unknown).await,
    );
    assert_eq!(form.status, 403);
    assert_eq!(shape(&form), shape(&json));
}

async fn t9_4_a_wrong_secret_is_401_and_burns_the_code_of_that_client_alone(server: TestServer) {
    let server = silent_shop(server).await;
    let mut browser = logged_in(&server).await;
    let burnt = code(&mut browser, "scope=openid").await;
    as_form(&server, &exchange(&burnt, "wrong")).await.refused(
        401,
        "access_denied",
        "Unauthorized",
    );
    as_form(&server, &exchange(&burnt, "s3cret")).await.refused(
        403,
        "invalid_grant",
        "Invalid authorization code",
    );
    // Nobody does anything to the code of another client.
    let kept = code(&mut browser, "scope=openid").await;
    let mut other = exchange(&kept, "wrong");
    "other".clone_into(&mut other[1].1);
    as_form(&server, &other)
        .await
        .refused(401, "access_denied", "Unauthorized");
    as_form(&server, &exchange(&kept, "s3cret"))
        .await
        .access_token();
    // The strict profile says it as RFC 6749 §5.2 does.
    let strict = json!({"grantor_profile": "oidc"});
    server.change::<Client>("web", &strict).await;
    let answer = as_form(&server, &exchange("invented", "wrong")).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]),
        (401, &json!("invalid_client"))
    );
}

async fn t28_3_an_id_token_tells_no_scope_and_no_permissions(server: TestServer) {
    let server = silent_shop(server).await;
    let authz = json!({"token_dialect": "access_token_authz"});
    server.change::<ResourceServer>(ORDERS_ID, &authz).await;
    let mut browser = logged_in(&server).await;
    let more = format!("scope=openid+profile+email+read:orders&audience={ORDERS}");
    let code = code(&mut browser, &more).await;

    let tokens = redeem(&server, "web", &code).await;

    let (_, access) = decoded(tokens["access_token"].as_str().unwrap());
    assert!(access.get("scope").is_some() && access.get("permissions").is_some());
    let (_, id) = decoded(tokens["id_token"].as_str().unwrap());
    assert_eq!((id.get("scope"), id.get("permissions")), (None, None));
}

async fn t28_4_an_access_token_is_no_hint_of_an_id_token(server: TestServer) {
    let server = silent_shop(server).await;
    let urls = json!({"allowed_logout_urls": ["https://shop.test/bye"]});
    server.change::<Client>("web", &urls).await;
    let mut browser = logged_in(&server).await;
    let more = format!("scope=openid+read:orders&audience={ORDERS}");
    let code = code(&mut browser, &more).await;
    let tokens = redeem(&server, "web", &code).await;
    let away = "post_logout_redirect_uri=https%3A%2F%2Fshop.test%2Fbye&client_id=web";
    let mut at = async |token: &str| {
        let hint = tokens[token].as_str().unwrap();
        browser
            .go(&format!("/oidc/logout?{away}&id_token_hint={hint}"))
            .await
    };
    // As if there were none: the user is asked. The ID token ends the session at once.
    assert_eq!(at("access_token").await.answer.status, 200);
    assert_eq!(at("id_token").await.url, "https://shop.test/bye");
}

async fn t34_2_t7_4_two_apis_need_two_authorizations_and_one_login(server: TestServer) {
    let server = silent_shop(server).await;
    server
        .put::<ResourceServer>(&json!({
            "id": "65a1f0c2d3e4b5a697887799", "identifier": "https://stock.test", "name": "Stock",
            "scopes": [{"value": "read:stock"}], "skip_consent_for_verifiable_first_party_clients": true,
        }))
        .await;
    let mut browser = Browser::new(&server);
    let orders = format!("scope=openid+read:orders&audience={ORDERS}");
    let page = browser.go(&authorize("web", &orders)).await;
    let first = code_of(&log_in(&mut browser, &page).await);
    // No page.
    let second = code(
        &mut browser,
        "scope=openid+read:stock&audience=https://stock.test",
    )
    .await;
    for (code, api, scope) in [
        (first, ORDERS, "openid read:orders"),
        (second, "https://stock.test", "openid read:stock"),
    ] {
        let tokens = redeem(&server, "web", &code).await;
        let (_, claims) = decoded(tokens["access_token"].as_str().unwrap());
        assert_eq!(
            (&claims["aud"][0], &claims["scope"]),
            (&json!(api), &json!(scope))
        );
    }
}

async fn j3_7_metadata_of_a_user_is_in_no_token(server: TestServer) {
    let server = silent_shop(server).await;
    let (tenant, id) = (TenantId::default_tenant(), UserId::parse(ADA).unwrap());
    let found = server.app.store.find_user(&tenant, &id).await.unwrap();
    let mut found = found.unwrap();
    let secret = json!({"colour": "vermilion"});
    found.user.user_metadata = secret.as_object().cloned();
    found.user.app_metadata = secret.as_object().cloned();
    let mut batch = server.app.store.batch();
    batch.replace_user(&tenant, &found.user, found.revision);
    server.app.store.commit(batch).await.unwrap();
    let mut browser = logged_in(&server).await;
    let scope =
        "openid+profile+email+phone+address+name+identities+user_metadata+app_metadata+colour";
    for audience in [String::new(), format!("&audience={ORDERS}")] {
        let code = code(&mut browser, &format!("scope={scope}{audience}")).await;
        let tokens = redeem(&server, "web", &code).await;
        let token = tokens["access_token"].as_str().unwrap();
        let mut told = vec![decoded(tokens["id_token"].as_str().unwrap()).1];
        if token.contains('.') {
            told.push(decoded(token).1);
        }
        let request = Request::get("/userinfo").header("authorization", format!("Bearer {token}"));
        let userinfo = server.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(userinfo.status, 200);
        told.push(userinfo.json());
        for claims in told {
            let text = claims.to_string();
            assert!(
                !text.contains("vermilion") && !text.contains("metadata"),
                "{text}"
            );
        }
    }
}
