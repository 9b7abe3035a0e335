//! Tower layers: one checks the bearer token of a request, the other asks for scopes.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::{HeaderMap, Request, Response, header::AUTHORIZATION};
use tower::{Layer, Service};

use crate::{AccessToken, Challenge, Verifier};

type Answer<B, E> = Pin<Box<dyn Future<Output = Result<Response<B>, E>> + Send>>;

/// Lets through requests with a good access token and puts the [`AccessToken`] into their extensions.
///
/// The token is taken from the `Authorization` header alone (RFC 6750 §2.1): in a form or a query it ends up in logs.
#[derive(Clone, Debug)]
pub struct BearerLayer(Verifier);

impl BearerLayer {
    /// A layer that checks with `verifier`.
    pub const fn new(verifier: Verifier) -> Self {
        Self(verifier)
    }
}

impl<S> Layer<S> for BearerLayer {
    type Service = Bearer<S>;

    fn layer(&self, inner: S) -> Bearer<S> {
        Bearer {
            inner,
            verifier: self.0.clone(),
        }
    }
}

/// The service of [`BearerLayer`].
#[derive(Clone, Debug)]
pub struct Bearer<S> {
    inner: S,
    verifier: Verifier,
}

impl<S, A, B> Service<Request<A>> for Bearer<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    A: Send + 'static,
    B: Default,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Answer<B, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let verifier = self.verifier.clone();
        // The service that was polled ready is the one to call; a clone takes its place.
        let clone = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, clone);
        Box::pin(async move {
            let token = match bearer(request.headers()) {
                Ok(token) => token,
                Err(challenge) => return Ok(challenge.response()),
            };
            match verifier.verify(token).await {
                Ok(token) => request.extensions_mut().insert(token),
                Err(error) => {
                    tracing::debug!(?error, "an access token was refused");
                    return Ok(Challenge::Refused(error).response());
                }
            };
            inner.call(request).await
        })
    }
}

/// Lets through requests whose [`AccessToken`] was granted every one of some scopes. Goes inside of [`BearerLayer`].
#[derive(Clone, Debug)]
pub struct RequireScopesLayer(Arc<Vec<String>>);

impl RequireScopesLayer {
    /// A layer that asks for all of `scopes`.
    pub fn new<T: Into<String>>(scopes: impl IntoIterator<Item = T>) -> Self {
        Self(Arc::new(scopes.into_iter().map(Into::into).collect()))
    }
}

impl<S> Layer<S> for RequireScopesLayer {
    type Service = RequireScopes<S>;

    fn layer(&self, inner: S) -> RequireScopes<S> {
        RequireScopes {
            inner,
            scopes: Arc::clone(&self.0),
        }
    }
}

/// The service of [`RequireScopesLayer`].
#[derive(Clone, Debug)]
pub struct RequireScopes<S> {
    inner: S,
    scopes: Arc<Vec<String>>,
}

impl<S, A, B> Service<Request<A>> for RequireScopes<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
    B: Default + Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Answer<B, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let refusal = match request.extensions().get::<AccessToken>() {
            // Without the outer layer nobody gets through, rather than everybody.
            None => Challenge::Missing,
            Some(token) if self.scopes.iter().all(|scope| token.has_scope(scope)) => {
                return Box::pin(self.inner.call(request));
            }
            Some(_) => Challenge::InsufficientScope(self.scopes.to_vec()),
        };
        Box::pin(async move { Ok(refusal.response()) })
    }
}

/// The token of a request.
fn bearer(headers: &HeaderMap) -> Result<&str, Challenge> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (value, None) = (values.next().ok_or(Challenge::Missing)?, values.next()) else {
        return Err(Challenge::InvalidRequest(
            "There is more than one Authorization header",
        ));
    };
    let malformed = Challenge::InvalidRequest("The Authorization header is malformed");
    let Ok(value) = value.to_str() else {
        return Err(malformed);
    };
    let (scheme, token) = value.split_once(' ').unwrap_or((value, ""));
    // Another scheme is another way to authenticate, of which this layer knows nothing.
    if !scheme.eq_ignore_ascii_case("Bearer") {
        return Err(Challenge::Missing);
    }
    let token = token.trim_matches(' ');
    if token.is_empty() || !token.bytes().all(is_token_byte) {
        return Err(malformed);
    }
    Ok(token)
}

/// `b64token` of RFC 6750 §2.1.
const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
}
