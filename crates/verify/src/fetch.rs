//! How documents of the issuer are fetched. Does not decide what is fetched, nor how often.

#[cfg(feature = "http")]
mod http;

use std::{future::Future, pin::Pin};

use bytes::Bytes;

#[cfg(feature = "http")]
pub use self::http::HttpFetcher;

/// A fetch under way.
pub type Fetching<'a> = Pin<Box<dyn Future<Output = Result<Fetched, FetchError>> + Send + 'a>>;

/// What makes HTTP GET requests.
///
/// An implementation gives up after some seconds, does not follow redirects, and reads no more than it wants to hold.
pub trait Fetch: Send + Sync {
    /// Fetches `url`, an absolute URL.
    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a>;
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The status code.
    pub status: u16,
    /// The value of `Cache-Control`, if there is one.
    pub cache_control: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request failed: {0}")]
pub struct FetchError(pub String);
