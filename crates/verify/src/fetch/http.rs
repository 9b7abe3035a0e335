//! Fetching with reqwest.

use std::{error::Error, time::Duration};

use bytes::BytesMut;
use reqwest::{Client, ClientBuilder, Url, header::CACHE_CONTROL, redirect};

use super::{Fetch, FetchError, Fetched, Fetching};

/// The largest document read.
const MAX_BODY: usize = 256 * 1024;

/// A [`Fetch`] over a reqwest client.
///
/// The client needs a rustls crypto provider: install one for the process before building it.
#[derive(Clone, Debug)]
pub struct HttpFetcher(Client);

impl HttpFetcher {
    /// Fetches with `client`, best made by [`HttpFetcher::client_builder`].
    pub const fn new(client: Client) -> Self {
        Self(client)
    }

    /// A builder of clients that are fit for keys: no redirects, and an end after ten seconds. Add root certificates to it
    /// as needed.
    pub fn client_builder() -> ClientBuilder {
        Client::builder()
            .redirect(redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(10))
    }

    async fn fetch(&self, url: &str) -> Result<Fetched, FetchError> {
        let mut response = self
            .0
            .get(url)
            .send()
            .await
            .map_err(|error| explain(&error))?;
        // A client that follows redirects could be led away from the issuer's origin.
        if Ok(response.url()) != Url::parse(url).as_ref() {
            return Err(FetchError("the answer came from elsewhere".to_owned()));
        }
        let status = response.status().as_u16();
        let cache_control = response.headers().get(CACHE_CONTROL);
        let cache_control = cache_control
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned);
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| explain(&error))? {
            if MAX_BODY < body.len() + chunk.len() {
                return Err(FetchError("the answer is too long".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Fetched {
            status,
            cache_control,
            body: body.freeze(),
        })
    }
}

impl Fetch for HttpFetcher {
    fn get<'a>(&'a self, url: &'a str) -> Fetching<'a> {
        Box::pin(self.fetch(url))
    }
}

/// The error with its causes, which say what reqwest's own text does not.
fn explain(error: &reqwest::Error) -> FetchError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    FetchError(text)
}
