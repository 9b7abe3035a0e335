//! Applications in a browser: whose scripts may read what.

use axum::body::Body;
use grantor_protocol::model::Client;
use http::Request;
use serde_json::json;

use crate::support::{Answer, TestServer, on_both_engines, shop};

on_both_engines!(t12_3_scripts_of_registered_origins_read_the_answer_and_no_others);

async fn ask(server: &TestServer, origin: &str) -> Answer {
    let body = json!({"grant_type": "authorization_code", "client_id": "web", "client_secret": "s3cret",
        "code": "none", "redirect_uri": "https://shop.test/cb"});
    let request = Request::post("/oauth/token")
        .header("content-type", "application/json")
        .header("origin", origin)
        .body(Body::from(body.to_string()))
        .unwrap();
    server.send(request).await
}

async fn t12_3_scripts_of_registered_origins_read_the_answer_and_no_others(server: TestServer) {
    let server = shop(server).await;
    let origins =
        json!({"allowed_origins": ["https://*.apps.test"], "web_origins": ["https://spa.test"]});
    server.change::<Client>("web", &origins).await;
    for origin in [
        "https://shop.test",
        "http://localhost:3000",
        "https://spa.test",
        "https://a.apps.test",
    ] {
        let answer = ask(&server, origin).await;
        assert_eq!(answer.header("access-control-allow-origin"), origin);
        assert_eq!(answer.header("vary"), "Origin");
        assert!(
            !answer
                .headers
                .contains_key("access-control-allow-credentials")
        );
    }
    for origin in [
        "https://evil.test",
        "https://shop.test.evil.test",
        "http://shop.test",
        "https://shop.test:8443",
        "http://localhost:3001",
        "https://a.b.apps.test",
        "null",
    ] {
        let answer = ask(&server, origin).await;
        assert!(
            !answer.headers.contains_key("access-control-allow-origin"),
            "{origin}"
        );
    }
    let preflight = Request::options("/oauth/token")
        .header("origin", "https://spa.test")
        .header("access-control-request-method", "POST")
        .header(
            "access-control-request-headers",
            "auth0-client, content-type",
        )
        .body(Body::empty())
        .unwrap();
    let answer = server.send(preflight).await;
    assert_eq!(answer.status, 204);
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("auth0-client")
    );
    // Userinfo is read with a token that a script has to have; who has it may read.
    let request = Request::get("/userinfo")
        .header("origin", "https://evil.test")
        .body(Body::empty())
        .unwrap();
    let answer = server.send(request).await;
    assert_eq!(answer.header("access-control-allow-origin"), "*");
}
