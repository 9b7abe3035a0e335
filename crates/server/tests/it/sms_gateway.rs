//! Texts through an HTTP server of the tenant.

use axum::body::Body;
use grantor_jose::{Algorithm, Jws, VerificationKey};
use grantor_protocol::{model::Client, rule::Rule, users::Connection};
use http::Request;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{Answer, TestServer, broke, decoded, on_both_engines};

on_both_engines!(
    t6_11_a_text_is_posted_to_the_gateway_which_recognises_us,
    t6_11_what_a_gateway_does_not_do_is_told,
);

const OTP: &str = "http://auth0.com/oauth/grant-type/passwordless/otp";
const SECRET: &str = "a secret that both sides know, and nobody else";

fn options(url: &str) -> Value {
    json!({"provider": "sms_gateway", "gateway_url": url, "from": "Orchard", "forward_req_info": true,
        "gateway_authentication": {"method": "bearer", "subject": "orchard", "audience": "sms.test",
        "secret": SECRET}})
}

async fn with_gateway(server: TestServer, url: &str) -> TestServer {
    let options = options(url);
    server
        .put::<Connection>(
            &json!({"id": "con_0000000000000003", "name": "sms", "strategy": "sms",
            "options": options, "enabled_clients": ["mobile"]}),
        )
        .await;
    server
        .put::<Client>(
            &json!({"client_id": "mobile", "name": "Shop", "app_type": "native",
            "token_endpoint_auth_method": "none", "grant_types": [OTP]}),
        )
        .await;
    server
}

async fn start(server: &TestServer) -> Answer {
    let body = json!({"client_id": "mobile", "connection": "sms", "phone_number": "+15551234"});
    let request = Request::post("/passwordless/start")
        .header("content-type", "application/json")
        .header("x-request-language", "en")
        .body(Body::from(body.to_string()))
        .unwrap();
    server.send(request).await
}

/// Takes one request, answers it with `status`, and tells its head and body.
async fn hear(listener: &TcpListener, status: &str) -> (String, Value) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = String::new();
    loop {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        text.push_str(std::str::from_utf8(&part[..read]).unwrap());
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        if let Ok(body) = serde_json::from_str(body) {
            let answer =
                format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
            return (head.to_ascii_lowercase(), body);
        }
    }
}

async fn t6_11_a_text_is_posted_to_the_gateway_which_recognises_us(server: TestServer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    let server = with_gateway(server, &url).await;
    let hearing = tokio::spawn(async move {
        let (head, body) = hear(&listener, "200 OK").await;
        (head, body, listener)
    });
    let started = start(&server).await;
    assert_eq!(started.status, 200, "{:?}", started.json());
    let (head, body, _) = hearing.await.unwrap();
    assert!(head.starts_with("post /send "), "{head}");
    assert!(head.contains("content-type: application/json"), "{head}");
    assert_eq!(
        (&body["recipient"], &body["sender"]),
        (&json!("+15551234"), &json!("Orchard"))
    );
    assert_eq!(body["req"]["language"], "en");
    let text = body["body"].as_str().unwrap();
    let code: String = text.chars().filter(char::is_ascii_digit).collect();
    let answer = server
        .token(
            &json!({"grant_type": OTP, "client_id": "mobile", "username": "+15551234", "otp": code,
            "realm": "sms", "scope": "openid"}),
        )
        .await;
    answer.access_token();

    // The header is in lower case here, so what it carries is checked in another message.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    let options = json!({"options": options(&url)});
    server
        .change::<Connection>("con_0000000000000003", &options)
        .await;
    let hearing = tokio::spawn(async move { hear_bearer(&listener).await });
    let started = start(&server).await;
    assert_eq!(started.status, 200, "{:?}", started.json());
    let bearer = hearing.await.unwrap();
    let key = VerificationKey::from_secret(SECRET.as_bytes());
    let signed = Jws::parse(&bearer).unwrap();
    signed.verify(&key, &[Algorithm::HS256]).unwrap();
    let (_, claims) = decoded(&bearer);
    assert_eq!(
        (&claims["aud"], &claims["sub"]),
        (&json!("sms.test"), &json!("orchard"))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        60
    );
}

async fn hear_bearer(listener: &TcpListener) -> String {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut text = String::new();
    while !text.contains("\"recipient\"") {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        text.push_str(std::str::from_utf8(&part[..read]).unwrap());
    }
    let answer = "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
    stream.write_all(answer.as_bytes()).await.unwrap();
    let line = text
        .lines()
        .find(|line| line.to_ascii_lowercase().starts_with("authorization: "));
    let (_, bearer) = line.unwrap().split_once("Bearer ").unwrap();
    bearer.to_owned()
}

async fn t6_11_what_a_gateway_does_not_do_is_told(server: TestServer) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/send", listener.local_addr().unwrap());
    let server = with_gateway(server, &url).await;
    for (status, rule, description) in [
        (
            "401 Unauthorized",
            Rule::SmsGatewayRefused,
            "Authentication failed while calling the SMS gateway: 401",
        ),
        (
            "500 Oh",
            Rule::SmsGatewayUnexpected,
            "Unexpected response while calling the SMS gateway: 500",
        ),
        (
            "302 Found",
            Rule::SmsGatewayUnexpected,
            "Unexpected response while calling the SMS gateway: 302",
        ),
    ] {
        let (answer, _) = tokio::join!(start(&server), hear(&listener, status));
        answer.refused(400, "sms_provider_error", description);
        broke(&server.logged_with("fn", description).await, rule);
    }
    drop(listener);
    let answer = start(&server).await;
    let description = "Unexpected response while calling the SMS gateway: no answer";
    answer.refused(400, "sms_provider_error", description);
    // A network that is not public and not allowed is not called.
    let options = json!({"options": options("https://10.0.0.1/send")});
    server
        .change::<Connection>("con_0000000000000003", &options)
        .await;
    start(&server)
        .await
        .refused(400, "sms_provider_error", description);
}
