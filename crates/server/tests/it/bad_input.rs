//! Bad input: each with a clear error, and the server goes on.

use serde_json::json;

use crate::support::{TestServer, on_both_engines};

on_both_engines!(bad_input_is_refused_early_and_clearly);

const FORM: Option<&str> = Some("application/x-www-form-urlencoded");
const JSON: Option<&str> = Some("application/json");

async fn bad_input_is_refused_early_and_clearly(server: TestServer) {
    let server = server.with_orders().await;
    let deep = format!("{{\"a\":{}{}}}", "[".repeat(5_000), "]".repeat(5_000));
    let many = (0..200)
        .map(|n| format!("p{n}=1"))
        .collect::<Vec<_>>()
        .join("&");
    let long = format!("audience={}", "x".repeat(20_000));
    let cases: [(Option<&str>, &[u8], &str, &str); 16] = [
        (FORM, b"", "invalid_request", "Missing required parameter: grant_type"),
        (FORM, b"grant_type=", "invalid_request", "Missing required parameter: grant_type"),
        (FORM, b"grant_type=client_credentials", "invalid_request", "Missing required parameter: client_id"),
        (FORM, b"grant_type=a&grant_type=b", "invalid_request", "Duplicate parameter: grant_type"),
        (FORM, b"grant_type=%ff", "invalid_request", "Request body is not valid UTF-8"),
        (FORM, b"grant_type=a%00b", "invalid_request", "Parameter contains a NUL character"),
        (FORM, many.as_bytes(), "invalid_request", "Too many parameters"),
        (FORM, long.as_bytes(), "invalid_request", "Parameter too long"),
        (JSON, b"", "invalid_request", "Invalid JSON in request body"),
        (JSON, b"{\"grant_type\":", "invalid_request", "Invalid JSON in request body"),
        (JSON, b"[1]", "invalid_request", "Invalid JSON in request body"),
        (JSON, deep.as_bytes(), "invalid_request", "Invalid JSON in request body"),
        (JSON, b"{\"grant_type\":1}", "invalid_request", "Parameter must be a string: grant_type"),
        (JSON, b"{\"grant_type\":\"a\",\"grant_type\":\"b\"}", "invalid_request", "Duplicate parameter: grant_type"),
        (
            JSON,
            b"{\"grant_type\":\"client_credentials\",\"client_id\":\"svc\",\"client_secret\":\"s3cret\",\"scope\":5}",
            "invalid_scope",
            "Scope must be an array or a string",
        ),
        (
            Some("text/plain"),
            b"grant_type=client_credentials",
            "invalid_request",
            "Content-Type must be application/x-www-form-urlencoded or application/json",
        ),
    ];
    for (content_type, body, error, description) in cases {
        server
            .token_raw(content_type, None, body)
            .await
            .refused(400, error, description);
    }
    let huge = vec![b'x'; 10 * 1024 * 1024];
    server.token_raw(FORM, None, &huge).await.refused(
        413,
        "invalid_request",
        "Request body too large",
    );
    let malformed = server
        .token_raw(FORM, Some("Basic !!"), b"grant_type=client_credentials")
        .await;
    malformed.refused(400, "invalid_request", "Malformed Authorization header");
    let not_found = server.get("/no/such/path").await;
    not_found.refused(404, "not_found", "Not found");
    server
        .get("/oauth/token")
        .await
        .refused(405, "method_not_allowed", "Method not allowed");
    server.ask(&json!({})).await.access_token();
}
