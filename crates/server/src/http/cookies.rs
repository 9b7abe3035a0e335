//! Cookies: the one place that reads and sets them.
//!
//! Two are ever set, both for one host and hidden from scripts. Under TLS their names have the `__Host-` prefix, which
//! keeps neighbours in the domain from planting them (RFC 6265bis §4.1.3.2), and they travel in requests from other sites,
//! which frames of applications and posted authorization requests need. What a page of another site could do with that is
//! prevented by tokens in the forms. Plain HTTP exists on loopback alone.

use grantor_protocol::{env::Timestamp, secret::Secret};
use http::{HeaderMap, HeaderValue, header};

use crate::hosts::Site;

/// Longest value that is looked at; ours have 43 characters.
const MAX_LENGTH: usize = 64;

/// Which cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cookie {
    /// Leads to the browser session.
    Session,
    /// Tells this browser from others, so that a page works only where it was shown. Ends with the browser.
    Browser,
}

impl Cookie {
    fn name(self, site: &Site) -> &'static str {
        match (self, is_secure(site)) {
            (Self::Session, true) => "__Host-grantor_session",
            (Self::Session, false) => "grantor_session",
            (Self::Browser, true) => "__Host-grantor_browser",
            (Self::Browser, false) => "grantor_browser",
        }
    }
}

/// The value of a cookie, if the browser sent one that could be ours.
pub fn find(headers: &HeaderMap, site: &Site, cookie: Cookie) -> Option<Secret> {
    let name = cookie.name(site);
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    pairs
        .filter(|(found, _)| *found == name)
        .map(|(_, value)| value)
        .find(|value| !value.is_empty() && value.len() <= MAX_LENGTH && value.bytes().all(url_safe))
        .map(|value| Secret::new(value.to_owned()))
}

/// Sets a cookie until `expires_at`; `None`: until the browser is closed.
pub fn set(
    headers: &mut HeaderMap,
    site: &Site,
    cookie: Cookie,
    value: &Secret,
    (expires_at, now): (Option<Timestamp>, Timestamp),
) {
    let seconds = expires_at.map(|at| (at.seconds() - now.seconds()).max(0));
    append(headers, site, cookie, value.expose(), seconds);
}

/// Makes the browser forget a cookie.
pub fn clear(headers: &mut HeaderMap, site: &Site, cookie: Cookie) {
    append(headers, site, cookie, "", Some(0));
}

fn append(
    headers: &mut HeaderMap,
    site: &Site,
    cookie: Cookie,
    value: &str,
    max_age_seconds: Option<i64>,
) {
    let name = cookie.name(site);
    let scope = if is_secure(site) {
        "; Secure; SameSite=None"
    } else {
        "; SameSite=Lax"
    };
    let max_age = max_age_seconds.map_or_else(String::new, |age| format!("; Max-Age={age}"));
    let text = format!("{name}={value}; Path=/; HttpOnly{scope}{max_age}");
    // Name, value and attributes are ours and in the alphabet of headers.
    if let Ok(mut value) = HeaderValue::from_str(&text) {
        value.set_sensitive(true);
        headers.append(header::SET_COOKIE, value);
    }
}

fn is_secure(site: &Site) -> bool {
    site.issuer.as_str().starts_with("https:")
}

#[cfg(test)]
mod tests {
    use grantor_protocol::tenant::{Issuer, TenantId};

    use super::*;

    fn site(scheme: &str) -> Site {
        Site {
            tenant: TenantId::default_tenant(),
            issuer: Issuer::new(scheme, "login.test"),
        }
    }

    fn sent(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, HeaderValue::from_static(line));
        }
        headers
    }

    #[test]
    fn a_cookie_is_for_one_host_over_tls_and_hidden_from_scripts() {
        let mut headers = HeaderMap::new();
        let now = Timestamp::from_seconds(100);
        let value = Secret::new("abc-_1".to_owned());
        let times = (Some(Timestamp::from_seconds(160)), now);
        set(&mut headers, &site("https"), Cookie::Session, &value, times);
        assert_eq!(
            headers[header::SET_COOKIE],
            "__Host-grantor_session=abc-_1; Path=/; HttpOnly; Secure; SameSite=None; Max-Age=60"
        );
        let mut headers = HeaderMap::new();
        set(
            &mut headers,
            &site("http"),
            Cookie::Browser,
            &value,
            (None, now),
        );
        assert_eq!(
            headers[header::SET_COOKIE],
            "grantor_browser=abc-_1; Path=/; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn only_a_value_that_could_be_ours_is_found() {
        let find = |lines| {
            find(&sent(lines), &site("https"), Cookie::Session).map(|s| s.expose().to_owned())
        };
        assert_eq!(
            find(&["a=1; __Host-grantor_session=xyz", "b=2"]).as_deref(),
            Some("xyz")
        );
        assert_eq!(
            find(&["a=1", "__Host-grantor_session=xyz"]).as_deref(),
            Some("xyz")
        );
        for none in [
            &["grantor_session=xyz"][..],
            &["__Host-grantor_session="],
            &["__Host-grantor_session=x.y"],
            &["__Host-grantor_session=\"x\""],
            &["X__Host-grantor_session=xyz"],
        ] {
            assert_eq!(find(none), None, "{none:?}");
        }
    }
}
