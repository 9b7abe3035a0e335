//! **The** outbound HTTP gateway: every request to a URL that somebody else named goes through it.
//!
//! Whoever may write a URL into a setting could otherwise have the server call what only the server can reach. So names are
//! resolved here and addresses that are not public are left out, redirects are not followed, no proxy of the environment is
//! asked, answers are not read, and time and number of requests are bounded.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, OnceLock},
    time::Duration,
};

use reqwest::{
    Client, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use tokio::sync::Semaphore;

use crate::config::cidr::Cidr;

/// How long one request may take, with everything.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many requests are under way at once; more of them wait.
const AT_ONCE: usize = 32;

/// Why a request was not made, or not answered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The URL is not one that may be called.
    #[error("{0} may not be called: https, or http to an allowed network")]
    Url(String),
    /// No answer.
    #[error("the request failed")]
    Request(#[source] reqwest::Error),
    /// The server is shutting down.
    #[error("the server is shutting down")]
    Closed,
}

/// What is posted as JSON.
pub(super) struct Json<'a> {
    pub(super) body: &'a serde_json::Value,
    /// What the other side recognises us by.
    pub(super) bearer: Option<&'a str>,
    /// How long the request may take, with everything.
    pub(super) timeout: Duration,
}

/// Makes outbound requests.
#[derive(Clone, Debug)]
pub struct Gateway {
    /// Made at the first request: reading the operating system's certificates takes a while.
    client: Arc<OnceLock<Client>>,
    allowed: Arc<[Cidr]>,
    permits: Arc<Semaphore>,
}

impl Gateway {
    /// A gateway to public addresses, and to those of `allowed` networks.
    pub fn new(allowed: &[Cidr]) -> Self {
        Self {
            client: Arc::default(),
            allowed: allowed.into(),
            permits: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }

    fn client(&self) -> Result<&Client, Error> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        // Somebody else may have installed it already, in the same process.
        let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = Client::builder()
            .dns_resolver(Resolver(Arc::clone(&self.allowed)))
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(TIMEOUT)
            .user_agent(concat!("grantor/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(Error::Request)?;
        Ok(self.client.get_or_init(|| client))
    }

    /// Posts a form, and answers with the status.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn post_form(&self, url: &str, fields: &[(&str, &str)]) -> Result<u16, Error> {
        let url = self.checked(url)?;
        let _permit = self.permits.acquire().await.map_err(|_| Error::Closed)?;
        let body = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        let request = self.client()?.post(url).body(body).header(
            http::header::CONTENT_TYPE,
            "application/x-www-form-urlencoded",
        );
        let response = request.send().await.map_err(Error::Request)?;
        Ok(response.status().as_u16())
    }

    /// Posts JSON, and answers with the status.
    ///
    /// # Errors
    /// [`Error`].
    pub(super) async fn post_json(&self, url: &str, json: Json<'_>) -> Result<u16, Error> {
        let url = self.checked(url)?;
        let _permit = self.permits.acquire().await.map_err(|_| Error::Closed)?;
        let mut request = self
            .client()?
            .post(url)
            .timeout(json.timeout)
            .header(http::header::CONTENT_TYPE, "application/json")
            .body(json.body.to_string());
        if let Some(bearer) = json.bearer {
            request = request.bearer_auth(bearer);
        }
        let response = request.send().await.map_err(Error::Request)?;
        Ok(response.status().as_u16())
    }

    /// Where `host` is, for whoever speaks something else than HTTP to it: the first of its addresses that may be called.
    pub(super) async fn address_of(&self, host: &str, port: u16) -> io::Result<SocketAddr> {
        let open = open_addresses(host, port, &self.allowed).await?;
        let first = open.first().copied();
        first.ok_or_else(|| io::Error::other(format!("{host} has no address")))
    }

    /// A URL that may be called. Addresses in it are checked here, names where they are resolved.
    fn checked(&self, text: &str) -> Result<Url, Error> {
        let refused = || Error::Url(text.to_owned());
        let url = Url::parse(text).map_err(|_| refused())?;
        let address = match url.host() {
            None => return Err(refused()),
            Some(host) => host
                .to_string()
                .trim_matches(['[', ']'])
                .parse::<IpAddr>()
                .ok(),
        };
        let named = |address| self.allowed.iter().any(|network| network.contains(address));
        let local = address.map_or(url.host_str() == Some("localhost"), named);
        let scheme = url.scheme() == "https" || (url.scheme() == "http" && local);
        let reachable = address.is_none_or(|address| is_open(address, &self.allowed));
        if scheme && reachable && url.username().is_empty() && url.password().is_none() {
            Ok(url)
        } else {
            Err(refused())
        }
    }
}

/// The operating system's resolver, without addresses that may not be called.
struct Resolver(Arc<[Cidr]>);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allowed = Arc::clone(&self.0);
        Box::pin(async move {
            let open = open_addresses(name.as_str(), 0, &allowed).await?;
            Ok(Box::new(open.into_iter()) as Addrs)
        })
    }
}

/// The addresses of `host` that may be called; at least one.
async fn open_addresses(host: &str, port: u16, allowed: &[Cidr]) -> io::Result<Vec<SocketAddr>> {
    let found = tokio::net::lookup_host((host, port)).await?;
    let open: Vec<SocketAddr> = found
        .filter(|address| is_open(address.ip(), allowed))
        .collect();
    if open.is_empty() {
        return Err(io::Error::other(format!("{host} has no public address")));
    }
    Ok(open)
}

/// Whether an address may be called.
fn is_open(address: IpAddr, allowed: &[Cidr]) -> bool {
    allowed.iter().any(|network| network.contains(address))
        || match address.to_canonical() {
            IpAddr::V4(address) => is_public_v4(address),
            IpAddr::V6(address) => is_public_v6(address),
        }
}

/// RFC 6890: what is reachable from everywhere.
fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let special = matches!(
        (a, b, c),
        (0 | 10 | 127 | 224.., _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    );
    !special
}

/// RFC 4291: global unicast, without what carries IPv4 addresses inside or is for documentation.
fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, ..] = address.segments();
    let global = (0x2000..0x4000).contains(&a);
    global && !matches!((a, b), (0x2001, 0..=0x01ff | 0x0db8) | (0x2002 | 0x3fff, _))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gateway(allowed: &[&str]) -> Gateway {
        let allowed: Vec<Cidr> = allowed
            .iter()
            .filter_map(|text| Cidr::parse(text))
            .collect();
        Gateway::new(&allowed)
    }

    #[test]
    fn addresses_that_are_not_public_are_not_called_however_they_are_written() {
        let gateway = gateway(&[]);
        for url in [
            "https://127.0.0.1/x",
            "https://2130706433/x",
            "https://0x7f.1/x",
            "https://017700000001/",
            "https://10.1.2.3/",
            "https://100.64.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://172.31.0.1/",
            "https://192.168.1.1/",
            "https://0.0.0.0/",
            "https://224.0.0.1/",
            "https://255.255.255.255/",
            "https://[::1]/",
            "https://[::]/",
            "https://[::ffff:127.0.0.1]/",
            "https://[::ffff:7f00:1]/",
            "https://[64:ff9b::7f00:1]/",
            "https://[2002:7f00:1::]/",
            "https://[fc00::1]/",
            "https://[fe80::1]/",
            "https://[ff02::1]/",
            "http://93.184.216.34/",
            "https://user:word@93.184.216.34/",
            "ftp://93.184.216.34/",
            "file:///etc/passwd",
            "not a url",
        ] {
            assert!(gateway.checked(url).is_err(), "{url}");
        }
        for url in [
            "https://93.184.216.34/",
            "https://[2606:4700::1]:8443/x",
            "https://shop.test/",
        ] {
            assert!(gateway.checked(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn an_allowed_network_is_called_and_no_other() {
        let gateway = gateway(&["127.0.0.0/8"]);
        assert!(gateway.checked("http://127.0.0.1:9/x").is_ok());
        assert!(gateway.checked("https://127.0.0.1:9/x").is_ok());
        assert!(gateway.checked("https://10.0.0.1/").is_err());
        assert!(gateway.checked("http://93.184.216.34/").is_err());
    }

    #[tokio::test]
    async fn a_name_that_leads_to_a_private_address_is_not_called() {
        let failure = gateway(&[])
            .post_form("https://localhost:9/", &[("a", "b")])
            .await
            .unwrap_err();
        let mut reasons = Vec::new();
        let mut next: Option<&dyn std::error::Error> = Some(&failure);
        while let Some(reason) = next {
            reasons.push(reason.to_string());
            next = reason.source();
        }
        let reasons = reasons.join(": ");
        assert!(
            reasons.contains("localhost has no public address"),
            "{reasons}"
        );
    }
}
