//! Where errors of the authorization endpoint go, row by row of the reference's table.

use grantor_protocol::model::{Client, ResourceServer};
use serde_json::json;

use crate::support::{Browser, CALLBACK, TestServer, authorize, on_both_engines, refused, shop};

on_both_engines!(
    errors_of_a_proven_application_are_redirected_with_the_state,
    errors_before_the_callback_is_proven_stay_on_a_page,
    errors_of_applications_under_redirect_protection_stay_on_a_page,
    j18_2_t4_7_the_tenants_own_error_page_is_told_what_happened,
);

const REDIRECTED: &[(&str, &str, &str)] = &[
    (
        "response_mode=pigeon",
        "invalid_request",
        "Unsupported response mode: pigeon",
    ),
    (
        "prompt=none%20login",
        "invalid_request",
        "prompt=none cannot be used with other prompts",
    ),
    (
        "scope=online_access%20offline_access",
        "invalid_request",
        "Cannot request both online_access and offline_access scopes",
    ),
    (
        "max_age=soon",
        "invalid_request",
        "Invalid value of parameter: max_age",
    ),
    (
        "code_challenge=short&code_challenge_method=S256",
        "invalid_request",
        "Invalid value of parameter: code_challenge",
    ),
    (
        "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S512",
        "invalid_request",
        "Unsupported code challenge method: S512",
    ),
    (
        "request=a.b.c",
        "request_not_supported",
        "The request parameter is not supported",
    ),
    (
        "request_uri=https%3A%2F%2Fx.test",
        "request_uri_not_supported",
        "The request_uri parameter is not supported",
    ),
    (
        "organization=org_1",
        "invalid_request",
        "parameter organization is not allowed for this client",
    ),
    (
        "audience=https%3A%2F%2Fgone.test",
        "access_denied",
        "Service not found: https://gone.test",
    ),
    (
        "audience=https%3A%2F%2Fclosed.test",
        "access_denied",
        "Client is not authorized to access \"https://closed.test\".",
    ),
];

async fn world(server: TestServer) -> TestServer {
    let server = shop(server).await;
    server
        .put::<ResourceServer>(&json!({
            "id": "65a1f0c2d3e4b5a697887700", "identifier": "https://closed.test", "name": "Closed",
            "subject_type_authorization": {"user": {"policy": "deny_all"}},
        }))
        .await;
    server
}

async fn errors_of_a_proven_application_are_redirected_with_the_state(server: TestServer) {
    let server = world(server).await;
    let mut browser = Browser::new(&server);
    for (query, error, description) in REDIRECTED {
        let page = browser
            .go(&authorize("web", &format!("state=a%2Bb&{query}")))
            .await;
        assert_eq!(refused(&page, error), *description, "{query}");
        assert_eq!(page.parameter("state").as_deref(), Some("a+b"));
    }
    for (response_type, error, description) in [
        (
            "pigeon",
            "unsupported_response_type",
            "Unsupported response type: pigeon",
        ),
        (
            "token",
            "unauthorized_client",
            "Grant type 'implicit' not allowed for the client.",
        ),
    ] {
        let page = browser
            .go(&format!(
                "/authorize?client_id=web&redirect_uri={CALLBACK}&response_type={response_type}"
            ))
            .await;
        assert_eq!(refused(&page, error), description);
    }
    server
        .change::<Client>("other", &json!({"organization_usage": "require"}))
        .await;
    let page = browser.go(&authorize("other", "")).await;
    assert_eq!(
        refused(&page, "invalid_request"),
        "parameter organization is required for this client"
    );
}

async fn errors_before_the_callback_is_proven_stay_on_a_page(server: TestServer) {
    let server = world(server).await;
    let mut browser = Browser::new(&server);
    for (query, status, sentence) in [
        (
            "response_type=code",
            400,
            "Missing required parameter: client_id",
        ),
        (
            "client_id=gone&response_type=code",
            400,
            "Unknown client: gone",
        ),
        (
            "client_id=web&redirect_uri=https%3A%2F%2Fshop.test%2Fcb",
            400,
            "Missing required parameter: response_type",
        ),
        (
            "client_id=web&client_id=web&response_type=code",
            400,
            "Duplicate parameter: client_id",
        ),
        (
            "client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fevil.test",
            403,
            "Callback URL mismatch. https://evil.test is not in the list of allowed callback URLs",
        ),
    ] {
        let page = browser.go(&format!("/authorize?{query}")).await;
        assert_eq!(page.answer.status.as_u16(), status, "{query}");
        assert_eq!(page.path(), "/authorize");
        assert!(page.html().contains(sentence), "{query}: {}", page.html());
        assert_eq!(page.answer.header("x-frame-options"), "DENY");
    }
}

async fn errors_of_applications_under_redirect_protection_stay_on_a_page(server: TestServer) {
    let server = world(server).await;
    let strict = json!({"third_party_security_mode": "strict"});
    server.change::<Client>("tpc", &strict).await;
    let mut browser = Browser::new(&server);
    let page = browser.go(&authorize("tpc", "scope=openid")).await;
    assert_eq!(
        (page.answer.status.as_u16(), page.path()),
        (400, "/authorize")
    );
    assert!(
        page.html()
            .contains("Missing required parameter: code_challenge"),
        "{}",
        page.html()
    );
}

async fn j18_2_t4_7_the_tenants_own_error_page_is_told_what_happened(server: TestServer) {
    let server = world(server).await;
    let own = json!({"id": "settings", "error_page": {"url": "https://orchard.test/oops?a=1"}});
    server
        .put::<grantor_protocol::model::TenantSettings>(&own)
        .await;
    let mut browser = Browser::new(&server);
    let page = browser
        .go("/authorize?client_id=web&response_type=code&redirect_uri=https%3A%2F%2Fevil.test&ui_locales=fr")
        .await;
    assert!(
        page.url.starts_with("https://orchard.test/oops?a=1&"),
        "{}",
        page.url
    );
    assert_eq!(page.parameter("client_id").as_deref(), Some("web"));
    assert_eq!(
        page.parameter("error").as_deref(),
        Some("unauthorized_client")
    );
    assert_eq!(page.parameter("lang").as_deref(), Some("fr"));
    let description = page.parameter("error_description").unwrap();
    assert!(description.contains("https://evil.test"), "{description}");
    let tracking = page.parameter("tracking").unwrap();
    let event = server.logged_with("f", &description).await;
    assert_eq!(event["details"]["request_id"], tracking.as_str());
    // Own HTML instead of a URL.
    let html = "<h1>{{ error }}</h1><p>{{ error_description }}|{{ tracking }}|{{ client_id }}|{{ lang }}</p>";
    server
        .change::<grantor_protocol::model::TenantSettings>(
            "settings",
            &json!({"error_page": {"html": html}}),
        )
        .await;
    let page = browser
        .go("/authorize?client_id=web&response_type=code&redirect_uri=%3Cscript%3E")
        .await;
    let shown = page.html();
    assert!(shown.starts_with("<h1>unauthorized_client</h1>"), "{shown}");
    assert!(
        shown.contains("&lt;script&gt;") || shown.contains("&#60;script&#62;"),
        "{shown}"
    );
    assert!(!shown.contains("<script>"), "{shown}");
    assert!(shown.contains("|web|en</p>"), "{shown}");
    let policy = page.answer.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
}
