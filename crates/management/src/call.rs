//! What is asked of the Management API, by whom, and the answer.

use std::collections::BTreeSet;

use grantor_protocol::{logout::Ended, tenant::Issuer};
use serde_json::Value;

/// Who asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The `sub` of the token, or the operator's name.
    pub subject: String,
    /// The client that the token was issued to.
    pub client_id: Option<String>,
    /// What the token allows.
    pub scopes: BTreeSet<String>,
    /// Where the authority comes from.
    pub authority: Authority,
}

/// Where a caller's authority comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authority {
    /// An access token; its scopes count.
    Token,
    /// The machine itself (the command line): every scope.
    Operator,
}

impl Caller {
    /// The operator at the command line, who may do everything.
    pub fn operator() -> Self {
        Self {
            subject: "operator".to_owned(),
            client_id: None,
            scopes: BTreeSet::new(),
            authority: Authority::Operator,
        }
    }

    /// Whether any one of `scopes` was granted.
    pub fn has_any(&self, scopes: &[&str]) -> bool {
        self.authority == Authority::Operator
            || scopes.iter().any(|scope| self.scopes.contains(*scope))
    }

    /// Whether every one of `scopes` was granted.
    pub fn has_all(&self, scopes: &[&str]) -> bool {
        self.authority == Authority::Operator
            || scopes.iter().all(|scope| self.scopes.contains(*scope))
    }
}

/// One request, already authenticated.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET`, `POST` …
    pub method: &'a str,
    /// The path after `/api/v2`, as it was sent (still percent-encoded).
    pub path: &'a str,
    /// The query, as it was sent.
    pub query: Option<&'a str>,
    /// `Content-Type`.
    pub content_type: Option<&'a str>,
    /// The body; ignored where the operation has none.
    pub body: &'a [u8],
    /// `If-Match`.
    pub if_match: Option<&'a str>,
    /// The issuer under which the request arrived.
    pub issuer: &'a Issuer,
    /// The address it came from, for the log.
    pub ip: Option<&'a str>,
    /// `User-Agent`, for the log.
    pub user_agent: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// A request without query, body and conditions.
    pub fn new(method: &'a str, path: &'a str, issuer: &'a Issuer) -> Self {
        Self {
            method,
            path,
            query: None,
            content_type: None,
            body: b"",
            if_match: None,
            issuer,
            ip: None,
            user_agent: None,
        }
    }
}

/// The answer to a [`Request`].
#[derive(Clone, Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The JSON body; none for 204.
    pub body: Option<Value>,
    /// Further headers (`ETag`, `Link`).
    pub headers: Vec<(&'static str, String)>,
    /// Sessions that have ended with it, for whoever tells their applications.
    pub ended: Vec<Ended>,
}

impl Response {
    /// `body` with `status`.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            status,
            body: Some(body),
            headers: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// 204.
    pub(crate) fn nothing() -> Self {
        Self {
            status: 204,
            body: None,
            headers: Vec::new(),
            ended: Vec::new(),
        }
    }

    /// The same with sessions that have ended with it.
    pub(crate) fn ending(mut self, ended: Vec<Ended>) -> Self {
        self.ended = ended;
        self
    }

    /// The same with a header more.
    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}
