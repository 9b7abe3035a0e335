//! Tenants: found by host, unseen by each other.

use axum::body::Body;
use grantor_protocol::{
    model::{Client, ClientGrant, ResourceServer},
    tenant::TenantId,
};
use http::Request;
use serde_json::json;

use crate::support::{Answer, TestServer, grant, on_both_engines, service};

on_both_engines!(
    a_tenant_is_found_by_its_host_and_sees_nothing_of_another,
    an_unknown_host_is_refused,
    a_removed_tenant_is_gone_at_once,
    t30_5_a_token_carries_the_host_it_was_asked_under,
);

async fn ask_at(server: &TestServer, host: &str) -> Answer {
    let body = "grant_type=client_credentials&client_id=svc&client_secret=s3cret&audience=https%3A%2F%2Forders.orchard.test";
    let request = Request::post("/oauth/token")
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded");
    server.send(request.body(Body::from(body)).unwrap()).await
}

async fn with_tenant(server: &TestServer, name: &str, host: &str) -> TenantId {
    let tenant = TenantId::parse(name).unwrap();
    server
        .app
        .store
        .create_tenant(&tenant, &[host.to_owned()], server.app.env.now())
        .await
        .unwrap();
    tenant
}

async fn a_tenant_is_found_by_its_host_and_sees_nothing_of_another(server: TestServer) {
    let server = server.with_orders().await;
    let acme = with_tenant(&server, "acme", "acme.test").await;
    assert_eq!(ask_at(&server, "login.orchard.test").await.status, 200);
    ask_at(&server, "acme.test")
        .await
        .refused(401, "access_denied", "Unauthorized");

    server
        .put_for::<ResourceServer>(
            &acme,
            &json!({"id": "1", "identifier": "https://orders.orchard.test"}),
        )
        .await;
    server
        .put_for::<Client>(&acme, &service("svc", &json!({})))
        .await;
    server
        .put_for::<ClientGrant>(&acme, &grant("cgr_1", "svc", &[]))
        .await;

    let token = ask_at(&server, "acme.test").await.access_token();
    let (header, claims) = crate::support::decoded(&token);
    assert_eq!(claims["iss"], "https://acme.test/");
    let own = server.key_set().await;
    assert!(
        own.find(header["kid"].as_str().unwrap()).is_none(),
        "each tenant has its own keys"
    );
}

async fn an_unknown_host_is_refused(server: TestServer) {
    let server = server.with_orders().await;
    for host in [
        "evil.test",
        "login.orchard.test.evil.test",
        "login.orchard.test:9999",
    ] {
        ask_at(&server, host)
            .await
            .refused(404, "not_found", "Unknown host");
    }
    let request = Request::get("/.well-known/openid-configuration")
        .header("host", "login.orchard.test")
        .header("x-forwarded-host", "evil.test")
        .header("forwarded", "host=evil.test");
    let answer = server.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.json()["issuer"], "https://login.orchard.test/");
}

async fn a_removed_tenant_is_gone_at_once(server: TestServer) {
    let acme = with_tenant(&server, "acme", "acme.test").await;
    server
        .put_for::<Client>(&acme, &service("svc", &json!({})))
        .await;
    assert_eq!(ask_at(&server, "acme.test").await.status, 403);
    server
        .app
        .store
        .remove_tenant(&acme, server.app.env.now())
        .await
        .unwrap();
    ask_at(&server, "acme.test")
        .await
        .refused(404, "not_found", "Unknown host");
    let again = with_tenant(&server, "acme", "acme.test").await;
    assert_eq!(again, acme);
    ask_at(&server, "acme.test")
        .await
        .refused(401, "access_denied", "Unauthorized");
}

async fn t30_5_a_token_carries_the_host_it_was_asked_under(server: TestServer) {
    let server = server.with_orders().await;
    server
        .app
        .store
        .add_host(
            &TenantId::default_tenant(),
            "id.orchard.test",
            server.app.env.now(),
        )
        .await
        .unwrap();
    for host in ["login.orchard.test", "id.orchard.test"] {
        let (_, claims) = crate::support::decoded(&ask_at(&server, host).await.access_token());
        assert_eq!(claims["iss"], format!("https://{host}/"));
    }
}
