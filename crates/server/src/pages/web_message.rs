//! The page that tells a window of the application what came of a silent login, or of one in a popup.
//!
//! It stands apart from the other pages: nobody looks at it, nothing of the tenant's is in it, and it is the only one that
//! may be framed.

use askama::Template;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::Value;

use super::{assets, headers::Policy};

/// The message is text in an attribute, and the script a file of ours.
#[derive(Template)]
#[template(path = "pages/web_message.html")]
struct Page<'a> {
    message: String,
    target_origin: &'a str,
    script: String,
}

/// The page that sends `message` to windows of `target_origin`, which alone may frame it.
pub fn web_message(target_origin: &str, message: &Value) -> Response {
    let page = Page {
        message: message.to_string(),
        target_origin,
        script: assets::url("web-message.js"),
    };
    match page.render() {
        Ok(html) => (Policy::framed_by(target_origin).headers(), html).into_response(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a page failed");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use http::header;
    use serde_json::json;

    use super::*;

    async fn seen(target_origin: &str, message: &Value) -> (http::HeaderMap, String) {
        let (parts, body) = web_message(target_origin, message).into_parts();
        let body = axum::body::to_bytes(body, 10_000).await.unwrap();
        (parts.headers, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn t15_3_one_origin_may_frame_it_and_nothing_in_it_runs_but_our_file() {
        let message = json!({"response": {"state": "\"><script>alert(1)</script>"}});
        let (headers, html) = seen("https://spa.test:8443", &message).await;
        assert_eq!(headers.get(header::X_FRAME_OPTIONS), None);
        let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        for directive in [
            "default-src 'none'",
            "script-src 'self'",
            "frame-ancestors https://spa.test:8443",
        ] {
            assert!(policy.split("; ").any(|one| one == directive), "{policy}");
        }
        assert_eq!(headers[header::CACHE_CONTROL], "no-store");
        assert_eq!(html.matches("<script").count(), 1, "{html}");
        assert!(html.contains("data-target-origin=\"https://spa.test:8443\""));
    }

    #[tokio::test]
    async fn an_origin_that_a_policy_cannot_name_frames_nothing() {
        for origin in ["", "https://[::1]:3000", "https://a.test; script-src *"] {
            let (headers, _) = seen(origin, &json!({})).await;
            let policy = headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.contains("frame-ancestors 'none'"), "{policy}");
            assert_eq!(headers[header::X_FRAME_OPTIONS], "DENY");
        }
    }
}
