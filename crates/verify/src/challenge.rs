//! How a refusal is said, RFC 6750 §3.

use http::{HeaderValue, Response, StatusCode, header};

use crate::VerifyError;

/// An answer to a request that is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// There is no token; RFC 6750 §3.1 wants no error code then.
    Missing,
    /// The request does not carry a token as RFC 6750 §2.1 has it.
    InvalidRequest(&'static str),
    /// The token was refused.
    Refused(VerifyError),
    /// The token was not granted these scopes, which the answer names.
    InsufficientScope(Vec<String>),
}

impl Challenge {
    /// The answer's status.
    ///
    /// 503 when the keys are unavailable: a client that got 401 would throw away a token that may well be good.
    pub const fn status(&self) -> StatusCode {
        match self {
            Self::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Self::Refused(VerifyError::KeysUnavailable) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Missing | Self::Refused(_) => StatusCode::UNAUTHORIZED,
            Self::InsufficientScope(_) => StatusCode::FORBIDDEN,
        }
    }

    /// The value of `WWW-Authenticate`, if the answer has one.
    pub fn www_authenticate(&self) -> Option<HeaderValue> {
        let text = match self {
            Self::Missing => "Bearer".to_owned(),
            Self::InvalidRequest(why) => error("invalid_request", why),
            Self::Refused(VerifyError::KeysUnavailable) => return None,
            Self::Refused(why) => error("invalid_token", &why.to_string()),
            Self::InsufficientScope(scopes) => {
                let why = "The access token was not granted a scope that is needed";
                format!(
                    "{}, scope=\"{}\"",
                    error("insufficient_scope", why),
                    scopes.join(" ")
                )
            }
        };
        // Scopes are the API's own; one that a header cannot hold is left out with the rest of the explanation.
        Some(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("Bearer")))
    }

    /// The answer, with an empty body.
    pub fn response<B: Default>(&self) -> Response<B> {
        let mut response = Response::new(B::default());
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        match self.www_authenticate() {
            Some(challenge) => headers.insert(header::WWW_AUTHENTICATE, challenge),
            None => headers.insert(header::RETRY_AFTER, HeaderValue::from_static("5")),
        };
        response
    }
}

/// The answer for a token that lacks one of `scopes`, all of which the request needs.
pub fn insufficient_scope<B: Default>(scopes: &[&str]) -> Response<B> {
    let scopes = scopes.iter().map(|&scope| scope.to_owned()).collect();
    Challenge::InsufficientScope(scopes).response()
}

fn error(code: &str, description: &str) -> String {
    format!("Bearer error=\"{code}\", error_description=\"{description}\"")
}
