//! From the host a request arrived on to its tenant and issuer, and the one parser of forwarded headers.

use std::{net::IpAddr, sync::Arc};

use grantor_protocol::{
    refusal::Refusal,
    rule::Rule,
    tenant::{Issuer, TenantId},
};
use grantor_storage::Store;
use http::HeaderMap;

use crate::{config::cidr::Cidr, http::failure::Failure};

/// Longest host name, in bytes (RFC 1035 §2.3.4), with a port.
const MAX_HOST_LENGTH: usize = 255 + 6;

/// Where a request came from and where it meant to go, as far as it is to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The host, in lower case, without the scheme's own port.
    pub host: String,
    /// `https`, or `http` on loopback.
    pub scheme: &'static str,
    /// The address of the client.
    pub client_ip: IpAddr,
}

/// How connections arrive at this listener.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// Whether they are plain HTTP.
    pub plain: bool,
    /// Whose forwarded headers are believed.
    pub trusted_proxies: Arc<[Cidr]>,
}

impl Arrival {
    /// Reads where a request from `peer` came from and meant to go.
    ///
    /// Forwarded headers count only if the peer is a trusted proxy; of a chain in `X-Forwarded-For` the last address
    /// that is not a trusted proxy is the client. A host on two lines is none. An `http` issuer exists on loopback only:
    /// elsewhere, plain HTTP is what a proxy that speaks TLS forwards.
    pub fn origin(
        &self,
        peer: IpAddr,
        headers: &HeaderMap,
        authority: Option<&str>,
    ) -> Option<Origin> {
        let proxied = self.trusts(peer);
        let once: &[&str] = if proxied {
            &["host", "x-forwarded-host", "x-forwarded-proto"]
        } else {
            &["host"]
        };
        if once.iter().any(|name| is_repeated(headers, name)) {
            return None;
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let forwarded = |name| if proxied { header(name) } else { None };
        let host = forwarded("x-forwarded-host")
            .or(authority)
            .or_else(|| header("host"))?;
        let secure = !self.plain
            || match forwarded("x-forwarded-proto") {
                Some(scheme) => scheme.eq_ignore_ascii_case("https"),
                None => !is_loopback(host),
            };
        let scheme = if secure || !is_loopback(host) {
            "https"
        } else {
            "http"
        };
        let client = proxied.then(|| self.client_of(headers)).flatten();
        Some(Origin {
            host: normal_host(host, scheme)?,
            scheme,
            client_ip: client.unwrap_or(peer),
        })
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies
            .iter()
            .any(|network| network.contains(address))
    }

    /// Of a chain on several lines, the later lines are those of later proxies.
    fn client_of(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let lines = headers.get_all("x-forwarded-for").iter().rev();
        let addresses = lines
            .flat_map(|line| line.to_str().unwrap_or_default().split(',').rev())
            .map(|text| text.trim().parse::<IpAddr>().ok());
        addresses
            .map_while(|address| address)
            .find(|address| !self.trusts(*address))
    }
}

/// Whether a header stands on more than one line. Of two hosts (RFC 9112 §3.2), whoever stands before this server might have
/// gone by the other one.
fn is_repeated(headers: &HeaderMap, name: &str) -> bool {
    headers.get_all(name).iter().nth(1).is_some()
}

/// The host in lower case without the scheme's own port; nothing if it could not be one.
fn normal_host(host: &str, scheme: &str) -> Option<String> {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']' | b'_')
    };
    if host.is_empty() || host.len() > MAX_HOST_LENGTH || !host.bytes().all(plain) {
        return None;
    }
    let own_port = if scheme == "https" { ":443" } else { ":80" };
    Some(
        host.strip_suffix(own_port)
            .unwrap_or(host)
            .to_ascii_lowercase(),
    )
}

/// The host without its port.
pub fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if port.bytes().all(|byte| byte.is_ascii_digit()) && !name.ends_with(':') =>
        {
            name
        }
        _ => host,
    }
}

/// Whether `host`, with or without a port, is this machine's own name for itself.
pub fn is_loopback(host: &str) -> bool {
    let name = without_port(host)
        .trim_start_matches('[')
        .trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whom a request is for.
#[derive(Clone, Debug)]
pub struct Site {
    /// The tenant.
    pub tenant: TenantId,
    /// The issuer under the host that the request arrived on.
    pub issuer: Issuer,
}

/// Finds the tenant of `origin`: the one that has the host; else the default tenant for its configured hosts and for
/// loopback names.
///
/// # Errors
/// [`Rule::HostUnknown`], and what the store reports.
pub async fn find_site(store: &Store, hosts: &[String], origin: &Origin) -> Result<Site, Failure> {
    let issuer = Issuer::new(origin.scheme, &origin.host);
    if is_loopback(&origin.host) || hosts.contains(&origin.host) {
        return Ok(Site {
            tenant: TenantId::default_tenant(),
            issuer,
        });
    }
    match store.find_tenant_by_host(&origin.host).await? {
        Some(tenant) => Ok(Site {
            tenant: TenantId::clone(&tenant),
            issuer,
        }),
        None => Err(Refusal::new(Rule::HostUnknown)
            .with("host", &origin.host)
            .into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(plain: bool, peer: &str, headers: &[(&'static str, &'static str)]) -> Option<Origin> {
        let arrival = Arrival {
            plain,
            trusted_proxies: Arc::from([Cidr::parse("10.0.0.0/8").unwrap()]),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        arrival.origin(peer.parse().unwrap(), &map, None)
    }

    #[test]
    fn the_issuer_follows_the_host_the_request_arrived_on() {
        let found = origin(false, "192.0.2.1", &[("host", "Login.Test:443")]).unwrap();
        assert_eq!((found.host.as_str(), found.scheme), ("login.test", "https"));
        let found = origin(false, "192.0.2.1", &[("host", "login.test:8443")]).unwrap();
        assert_eq!(found.host, "login.test:8443");
    }

    #[test]
    fn forwarded_headers_of_a_stranger_are_not_believed() {
        let forged = [
            ("host", "login.test"),
            ("x-forwarded-host", "evil.test"),
            ("x-forwarded-for", "198.51.100.9"),
            ("x-forwarded-proto", "http"),
        ];
        let found = origin(false, "192.0.2.1", &forged).unwrap();
        assert_eq!(
            found,
            Origin {
                host: "login.test".into(),
                scheme: "https",
                client_ip: "192.0.2.1".parse().unwrap()
            }
        );
        let found = origin(true, "10.1.1.1", &forged).unwrap();
        assert_eq!(
            (found.host.as_str(), found.client_ip.to_string().as_str()),
            ("evil.test", "198.51.100.9")
        );
    }

    #[test]
    fn a_client_cannot_prepend_addresses_to_the_chain() {
        let chain = [
            ("host", "a.test"),
            ("x-forwarded-for", "127.0.0.1, 198.51.100.9, 10.2.2.2"),
        ];
        assert_eq!(
            origin(true, "10.1.1.1", &chain)
                .unwrap()
                .client_ip
                .to_string(),
            "198.51.100.9"
        );
        let broken = [
            ("host", "a.test"),
            ("x-forwarded-for", "127.0.0.1, what, 10.2.2.2"),
        ];
        assert_eq!(
            origin(true, "10.1.1.1", &broken)
                .unwrap()
                .client_ip
                .to_string(),
            "10.1.1.1"
        );
    }

    #[test]
    fn a_chain_on_two_lines_is_one_and_the_last_line_is_the_proxys() {
        let chain = [
            ("host", "a.test"),
            ("x-forwarded-for", "203.0.113.7"),
            ("x-forwarded-for", "198.51.100.9, 10.2.2.2"),
        ];
        let found = origin(true, "10.1.1.1", &chain).unwrap();
        assert_eq!(found.client_ip.to_string(), "198.51.100.9");
    }

    #[test]
    fn a_host_on_two_lines_is_none() {
        let twice = [("host", "a.test"), ("host", "b.test")];
        assert_eq!(origin(false, "192.0.2.1", &twice), None);
        for name in ["x-forwarded-host", "x-forwarded-proto"] {
            let twice = [("host", "a.test"), (name, "https"), (name, "https")];
            assert_eq!(origin(true, "10.1.1.1", &twice), None, "{name}");
            // What a stranger forwards counts neither once nor twice.
            assert!(origin(true, "192.0.2.1", &twice).is_some(), "{name}");
        }
    }

    #[test]
    fn an_http_issuer_exists_on_loopback_only() {
        for (host, scheme) in [
            ("localhost:8080", "http"),
            ("127.0.0.1:8080", "http"),
            ("[::1]:8080", "http"),
            ("login.test", "https"),
            ("localhost.evil.test", "https"),
        ] {
            assert_eq!(
                origin(true, "192.0.2.1", &[("host", host)]).unwrap().scheme,
                scheme,
                "{host}"
            );
        }
        let told = [("host", "login.test"), ("x-forwarded-proto", "http")];
        assert_eq!(origin(true, "10.1.1.1", &told).unwrap().scheme, "https");
    }

    #[test]
    fn what_is_no_host_is_refused() {
        for host in ["", "a b", "a/b", "a@b", "a?b", &"a".repeat(300)] {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().unwrap());
            let arrival = Arrival {
                plain: false,
                trusted_proxies: Arc::from([]),
            };
            assert_eq!(
                arrival.origin("192.0.2.1".parse().unwrap(), &headers, None),
                None,
                "{host}"
            );
        }
    }
}
