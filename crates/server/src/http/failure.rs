//! How a failure is answered: the one place where an error becomes a response.

use axum::response::{IntoResponse, Response};
use grantor_protocol::{profile::ErrorDialect, refusal::Refusal, rule::Rule};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

/// What to answer when it is not success.
#[derive(Debug)]
pub struct Failure {
    /// The refusal.
    pub refusal: Refusal,
    /// The dialect of the client, as far as it is known.
    pub dialect: ErrorDialect,
}

impl Failure {
    /// The same failure in `dialect`.
    #[must_use]
    pub const fn in_dialect(mut self, dialect: ErrorDialect) -> Self {
        self.dialect = dialect;
        self
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            dialect: ErrorDialect::Vendor,
        }
    }
}

impl From<grantor_storage::Error> for Failure {
    /// The client hears 503 for a store that does not answer and 500 for one that answers wrongly; the log gets the whole
    /// chain, once, here.
    fn from(error: grantor_storage::Error) -> Self {
        let rule = match error {
            grantor_storage::Error::Unavailable { .. } => Rule::Unavailable,
            _ => Rule::Internal,
        };
        tracing::error!(error = &error as &dyn std::error::Error, rule = ?rule, "the store failed");
        Refusal::new(rule).into()
    }
}

impl From<grantor_jose::Error> for Failure {
    fn from(error: grantor_jose::Error) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "signing failed");
        Refusal::new(Rule::Internal).into()
    }
}

/// RFC 6749 §5.2.
#[derive(Serialize)]
struct OAuthError<'a> {
    error: &'static str,
    error_description: &'a str,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.refusal.status(self.dialect))
            .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let description = self.refusal.description();
        let body = OAuthError {
            error: self.refusal.code(self.dialect).as_str(),
            error_description: &description,
        };
        let mut response = json(status, &body);
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            // RFC 6749 §5.2: a client that tried Basic must be challenged with Basic.
            headers.insert(
                header::WWW_AUTHENTICATE,
                HeaderValue::from_static("Basic realm=\"grantor\""),
            );
        }
        if matches!(self.refusal.rule, Rule::RateLimited | Rule::Unavailable) {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

/// A JSON response, with the bare `application/json` of the token endpoint.
pub fn json(status: StatusCode, body: &impl Serialize) -> Response {
    // What is answered consists of texts, numbers and documents that came from JSON.
    let bytes = serde_json::to_vec(body).unwrap_or_default();
    (
        status,
        [(
            header::CONTENT_TYPE,
            HeaderValue::from_static("application/json"),
        )],
        bytes,
    )
        .into_response()
}
