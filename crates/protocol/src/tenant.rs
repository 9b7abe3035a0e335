//! Who is asked: the tenant and the issuer.

use std::fmt;

/// The name of a tenant. Every call of the store takes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TenantId(String);

impl TenantId {
    /// Longest name, in characters.
    pub const MAX_LENGTH: usize = 63;

    /// The tenant that needs no configuration.
    pub fn default_tenant() -> Self {
        Self("default".to_owned())
    }

    /// Reads a name: 1 to 63 of `[a-z0-9-]`, beginning and ending with a letter or a digit.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let (first, last) = (text.bytes().next()?, text.bytes().last()?);
        let well_formed = text.len() <= Self::MAX_LENGTH
            && plain(first)
            && plain(last)
            && text.bytes().all(|byte| plain(byte) || byte == b'-');
        well_formed.then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The issuer identifier: `https://{host}/`, always with the trailing slash.
///
/// The same tenant under two hosts has two issuers, so identifiers of the server's own APIs (`{issuer}api/v2/`) differ
/// by host. They are stored once, with [`OWN_PREFIX`] in place of the issuer; [`Issuer::to_stored`] and
/// [`Issuer::to_wire`] translate.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Issuer(String);

/// Stands for the issuer in stored identifiers of the server's own APIs.
pub const OWN_PREFIX: &str = "urn:grantor:own:";

/// The server's own APIs, below the issuer.
const OWN_APIS: [&str; 4] = ["api/v2/", "me/", "my-org/", "mfa/"];

impl Issuer {
    /// The issuer of `host` (with its port, if that is not the scheme's own) under `scheme`.
    pub fn new(scheme: &str, host: &str) -> Self {
        Self(format!("{scheme}://{host}/"))
    }

    /// The identifier, with its trailing slash.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The URL of `path`, which has no leading slash.
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.0)
    }

    /// An API's identifier as it is stored.
    pub fn to_stored(&self, identifier: &str) -> String {
        match identifier.strip_prefix(&self.0) {
            Some(path) if OWN_APIS.contains(&path) => format!("{OWN_PREFIX}{path}"),
            _ => identifier.to_owned(),
        }
    }

    /// An API's identifier as a client sees it.
    pub fn to_wire(&self, identifier: &str) -> String {
        match identifier.strip_prefix(OWN_PREFIX) {
            Some(path) => self.url(path),
            None => identifier.to_owned(),
        }
    }
}

impl fmt::Display for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tenant_name_is_a_dns_label_in_lower_case() {
        for good in ["a", "default", "t-1", "0x", &"a".repeat(63)] {
            assert_eq!(TenantId::parse(good).unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "A", "a b", "a.b", "ä", &"a".repeat(64)] {
            assert_eq!(TenantId::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn own_apis_are_stored_without_the_host() {
        let (one, two) = (
            Issuer::new("https", "a.test"),
            Issuer::new("https", "b.test:8443"),
        );
        let stored = one.to_stored("https://a.test/api/v2/");
        assert_eq!(two.to_wire(&stored), "https://b.test:8443/api/v2/");
        assert_eq!(
            one.to_stored("https://a.test/other"),
            "https://a.test/other"
        );
        assert_eq!(
            one.to_stored("https://b.test:8443/api/v2/"),
            "https://b.test:8443/api/v2/"
        );
    }
}
