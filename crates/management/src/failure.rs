//! Why a request is refused, and the envelope that says so.

use grantor_storage::Error as StoreError;
use serde_json::{Value, json};

use crate::{call::Response, keys::KeyProblem, passwords::TooBusy, schema::Problem};

/// A refusal.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// `errorCode`, where the compatible API has one.
    pub code: Option<&'static str>,
    /// The sentence for the caller.
    pub message: String,
}

impl Failure {
    /// A refusal with a code.
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code: Some(code),
            message: message.into(),
        }
    }

    /// A failure without `errorCode`, as those of the parts of the compatible service that send none.
    pub(crate) fn bare(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            code: None,
            message: message.into(),
        }
    }

    /// The body breaks its schema or says something that cannot be.
    pub(crate) fn body(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_body", message)
    }

    /// The body breaks its schema.
    pub(crate) fn payload(problem: &Problem) -> Self {
        Self::body(problem.sentence("Payload"))
    }

    /// The query cannot be understood.
    pub(crate) fn query(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_query_string", message)
    }

    /// The path cannot be understood.
    pub(crate) fn uri(message: impl Into<String>) -> Self {
        Self::new(400, "invalid_uri", message)
    }

    /// There is no such route.
    pub(crate) fn no_route() -> Self {
        Self::bare(404, "Not Found")
    }

    /// The route is one of the compatible API that is still to come.
    pub(crate) fn not_yet() -> Self {
        Self::new(
            501,
            "not_implemented",
            "This resource cannot be changed yet.",
        )
    }

    /// The caller lacks every one of `scopes`.
    pub(crate) fn scope(scopes: &[&str]) -> Self {
        let scopes = scopes.join(", ");
        Self::new(
            403,
            "insufficient_scope",
            format!("Insufficient scope, expected any of: {scopes}"),
        )
    }

    /// Another entry has it already.
    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::bare(409, message)
    }

    /// The entry is not in the state that `If-Match` names.
    pub(crate) fn precondition() -> Self {
        Self::new(
            412,
            "precondition_failed",
            "The resource was changed since it was read.",
        )
    }

    /// Others change the same entry all the time.
    pub(crate) fn busy() -> Self {
        let message = "The resource is being changed by others, try again later";
        Self::new(503, "service_unavailable", message)
    }

    /// Something of ours is broken; the log has the details.
    pub(crate) fn internal() -> Self {
        Self::new(500, "internal_error", "An internal server error occurred")
    }

    /// The error envelope.
    pub fn envelope(&self) -> Value {
        let mut envelope = json!({
            "statusCode": self.status,
            "error": reason(self.status),
            "message": self.message,
        });
        if let (Some(code), Value::Object(envelope)) = (self.code, &mut envelope) {
            envelope.insert("errorCode".to_owned(), json!(code));
        }
        envelope
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        let source: &dyn std::error::Error = &error;
        if error.is_unavailable() {
            tracing::error!(error = source, "the store is unavailable");
            return Self::new(
                503,
                "service_unavailable",
                "The service is unavailable, try again later",
            );
        }
        tracing::error!(error = source, "the store failed");
        Self::internal()
    }
}

impl From<TooBusy> for Failure {
    fn from(_: TooBusy) -> Self {
        let message = "Too many passwords are waiting to be hashed, try again later";
        Self::new(503, "service_unavailable", message)
    }
}

impl From<KeyProblem> for Failure {
    fn from(problem: KeyProblem) -> Self {
        tracing::error!(%problem, "the keys cannot be used");
        Self::internal()
    }
}

impl From<Failure> for Response {
    fn from(failure: Failure) -> Self {
        Self::json(failure.status, failure.envelope())
    }
}

/// The reason phrase of a status (RFC 9110 §15).
fn reason(status: u16) -> &'static str {
    match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        409 => "Conflict",
        412 => "Precondition Failed",
        413 => "Payload Too Large",
        415 => "Unsupported Media Type",
        429 => "Too Many Requests",
        501 => "Not Implemented",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    }
}
