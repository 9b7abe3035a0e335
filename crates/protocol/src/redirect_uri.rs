//! **The** matcher of redirect and return URLs: whether a URL that somebody sent is one that the application registered.
//!
//! A browser, this server and an application's own library may read one odd URL in three ways, and the difference is what
//! an attacker sends. So nothing is normalised here: a URL is first held against a form that every parser reads alike
//! (`url::Url`), and what is left is compared as text. Who registers where, and what happens on a mismatch, is not known
//! here.
//!
//! The rules are those of the compatible API: exact text, scheme and host in any case, ports never wild (not even on
//! loopback addresses), one `*` in the left-most label of a web host, and placeholders for the organization and the custom
//! domain.

mod pattern;
mod url;

#[cfg(test)]
mod differentials;

use std::fmt;

use serde::{Deserialize, Serialize};

use self::{
    pattern::Pattern,
    url::{Kind, Url},
};
use crate::{refusal::Refusal, rule::Rule};

/// Longest URL that is looked at, in bytes; the longest that can be registered has 2000 characters.
pub const MAX_LENGTH: usize = 2048;

/// A URL that may be sent to a browser: it has the form that every parser reads alike, and it was registered. Made by
/// [`Registered`]; reading a stored one checks the form again.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri(String);

impl RedirectUri {
    /// The URL as it was sent, without its fragment where the rules cut that off.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the operating system gives the URL to nobody but its owner. Custom schemes and loopback addresses can be
    /// claimed by any program on the device.
    pub fn is_verifiable(&self) -> bool {
        Url::parse(&self.0).is_ok_and(|url| url.is_verifiable())
    }

    /// `scheme://host[:port]` in lower case, as a browser writes the origin of a web URL.
    pub fn origin(&self) -> Option<String> {
        Url::parse(&self.0).ok()?.origin()
    }

    /// The URL with `parameters` added to its query, before its fragment.
    pub fn with_query(&self, parameters: &[(&str, String)]) -> String {
        if parameters.is_empty() {
            return self.0.clone();
        }
        let (base, fragment) = match self.0.split_once('#') {
            Some((base, fragment)) => (base, Some(fragment)),
            None => (self.0.as_str(), None),
        };
        let joint = match base.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        let mut text = format!("{base}{joint}{}", encode(parameters));
        if let Some(fragment) = fragment {
            text.push('#');
            text.push_str(fragment);
        }
        text
    }

    /// The URL with `parameters` as its fragment, in place of any it has.
    pub fn with_fragment(&self, parameters: &[(&str, String)]) -> String {
        let base = self.0.split('#').next().unwrap_or_default();
        format!("{base}#{}", encode(parameters))
    }
}

impl fmt::Display for RedirectUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.0
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = Malformed;

    fn try_from(text: String) -> Result<Self, Malformed> {
        Url::parse(&text)?;
        Ok(Self(text))
    }
}

/// Form-encodes, with `%20` for a space: every decoder reads that, and not every one of an operating system reads `+`.
fn encode(parameters: &[(&str, String)]) -> String {
    let pairs: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", escape(name), escape(value)))
        .collect();
    pairs.join("&")
}

fn escape(text: &str) -> percent_encoding::PercentEncode<'_> {
    /// RFC 3986 §2.3: what needs no escape anywhere.
    const RESERVED: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'~');
    percent_encoding::utf8_percent_encode(text, RESERVED)
}

/// Why a text is no URL that every parser reads alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// More than [`MAX_LENGTH`] bytes.
    #[error("too long")]
    TooLong,
    /// A character outside RFC 3986: blanks, controls, backslashes, quotes, brackets, anything beyond ASCII.
    #[error("a character that RFC 3986 has not")]
    Character,
    /// No scheme, or one that RFC 3986 §3.1 does not allow.
    #[error("no scheme")]
    Scheme,
    /// A scheme that a browser runs, opens locally or cannot navigate to.
    #[error("a scheme that is never redirected to")]
    ForbiddenScheme,
    /// `http` or `https` without exactly `//` and a host.
    #[error("no host")]
    NoHost,
    /// `user@` before the host.
    #[error("user information before the host")]
    UserInformation,
    /// A host that is no plain name, no dotted quad and no plain IPv6 address.
    #[error("a host that parsers read differently")]
    Host,
    /// A port that is no number from 1 to 65535 without leading zeros.
    #[error("a port that is no number")]
    Port,
    /// `%` without two hexadecimal digits.
    #[error("a broken percent escape")]
    Escape,
}

/// Why a URL is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Mismatch {
    /// It has no form that every parser reads alike.
    #[error("no well-formed URL: {0}")]
    Malformed(#[from] Malformed),
    /// No registered URL is the same.
    #[error("not registered")]
    NotRegistered,
}

impl Mismatch {
    /// The refusal by `rule` of the URL that was sent; its sentence calls it `{url}`.
    pub fn refusal(self, rule: Rule, sent: &str) -> Refusal {
        // What a page shows of it is enough to recognise it.
        let shown: String = sent.chars().take(500).collect();
        Refusal::new(rule)
            .naming("url", shown)
            .with("because", self)
    }
}

/// Whether `*` in registered URLs counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wildcards {
    /// In the left-most label of web hosts.
    #[default]
    Honoured,
    /// Not at all: strict third-party applications and FAPI.
    Ignored,
}

/// A list of URLs that an application or a tenant registered, and what its placeholders stand for.
#[derive(Clone, Copy, Debug)]
pub struct Registered<'a> {
    /// The entries, as registered.
    pub entries: &'a [String],
    /// Whether `*` counts.
    pub wildcards: Wildcards,
    /// The value of `{organization_name}`.
    pub organization_name: Option<&'a str>,
    /// The values of `{custom_domain.metadata.…}`, by the name after `metadata.`.
    pub domain_metadata: &'a [(String, String)],
}

impl<'a> Registered<'a> {
    /// A list without values for its placeholders.
    pub const fn new(entries: &'a [String]) -> Self {
        Self {
            entries,
            wildcards: Wildcards::Honoured,
            organization_name: None,
            domain_metadata: &[],
        }
    }

    /// Matches a `redirect_uri` against callbacks: the same text once the fragments are cut off (RFC 6749 §3.1.2 has
    /// none); scheme and host in any case.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn callback(&self, sent: &str) -> Result<RedirectUri, Mismatch> {
        let sent = sent.split('#').next().unwrap_or_default();
        let url = Url::parse(sent)?;
        self.find(&url, |entry, url| {
            entry.host_is(url) && entry.path == url.path && entry.query == url.query
        })?;
        Ok(RedirectUri(sent.to_owned()))
    }

    /// Matches `returnTo` of `/v2/logout`: queries and fragments do not count.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn return_to(&self, sent: &str) -> Result<RedirectUri, Mismatch> {
        let url = Url::parse(sent)?;
        self.find(&url, |entry, url| {
            entry.host_is(url) && entry.path == url.path
        })?;
        Ok(RedirectUri(sent.to_owned()))
    }

    /// Matches `post_logout_redirect_uri` of `/oidc/logout`: everything counts.
    ///
    /// # Errors
    /// Why it is refused.
    pub fn post_logout(&self, sent: &str) -> Result<RedirectUri, Mismatch> {
        let url = Url::parse(sent)?;
        self.find(&url, |entry, url| {
            entry.host_is(url)
                && entry.path == url.path
                && entry.query == url.query
                && entry.fragment == url.fragment
        })?;
        Ok(RedirectUri(sent.to_owned()))
    }

    /// Whether `origin`, as a browser sends it, is the origin of an entry; paths do not count.
    pub fn allows_origin(&self, origin: &str) -> bool {
        let Ok(url) = Url::parse(origin) else {
            return false;
        };
        // A browser's origin is scheme, host and port alone.
        let bare = url.kind == Kind::Web
            && url.path.is_empty()
            && url.query.is_none()
            && url.fragment.is_none();
        bare && self
            .find(&url, |entry, url| {
                entry.kind == Kind::Web && entry.host_is(url)
            })
            .is_ok()
    }

    /// The first entry that stands for one URL, for a request that names none.
    pub fn first(&self) -> Option<RedirectUri> {
        self.entries.iter().find_map(|entry| {
            let entry = entry.split('#').next().unwrap_or_default();
            let plain = !entry.contains(['*', '{']);
            Url::parse(entry)
                .ok()
                .filter(|_| plain)
                .map(|_| RedirectUri(entry.to_owned()))
        })
    }

    fn find(
        &self,
        url: &Url<'_>,
        same: impl Fn(&Pattern<'_>, &Url<'_>) -> bool,
    ) -> Result<(), Mismatch> {
        let found = self.entries.iter().any(|entry| {
            let Some(text) = pattern::fill(entry, self.organization_name, self.domain_metadata)
            else {
                return false;
            };
            Pattern::parse(&text, self.wildcards).is_some_and(|entry| same(&entry, url))
        });
        if found {
            Ok(())
        } else {
            Err(Mismatch::NotRegistered)
        }
    }
}

#[cfg(test)]
mod tests;
