//! A registered URL: one URL, or with a `*` many of one domain.

use std::borrow::Cow;

use super::{
    Malformed, Wildcards,
    url::{self, Kind, Url},
};

/// A registered URL with its placeholders filled in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pattern<'a> {
    pub(super) kind: Kind,
    scheme: &'a str,
    host: Option<&'a str>,
    port: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

impl<'a> Pattern<'a> {
    /// Reads an entry. `None` if it can match nothing: such an entry was registered before a rule existed, and is no
    /// reason to refuse the others.
    pub(super) fn parse(text: &'a str, wildcards: Wildcards) -> Option<Self> {
        let wild = |host: &str, kind: Kind| match wildcards {
            Wildcards::Honoured if kind == Kind::Web && host.contains('*') => wildcard(host),
            _ => url::host(host, kind),
        };
        let url = Url::parse_with(text, wild).ok()?;
        // RFC 3986 allows a `*` elsewhere, and there it is a plain character; nobody who registers one means that.
        if [Some(url.path), url.query]
            .iter()
            .flatten()
            .any(|part| part.contains('*'))
        {
            return None;
        }
        Some(Self {
            kind: url.kind,
            scheme: url.scheme,
            host: url.host,
            port: url.port,
            path: url.path,
            query: url.query,
            fragment: url.fragment,
        })
    }

    /// Whether scheme, host and port are the same.
    pub(super) fn host_is(&self, url: &Url<'_>) -> bool {
        self.scheme.eq_ignore_ascii_case(url.scheme)
            && self.port == url.port
            && match (self.host, url.host) {
                (None, None) => true,
                (Some(own), Some(other)) => same_host(own, other),
                _ => false,
            }
    }
}

fn same_host(pattern: &str, host: &str) -> bool {
    let Some((prefix, suffix)) = pattern.split_once('*') else {
        return pattern.eq_ignore_ascii_case(host);
    };
    let host = host.to_ascii_lowercase();
    // Parsers disagree on which internationalised labels are valid, so none is taken that nobody registered.
    if host.starts_with("xn--") {
        return false;
    }
    let middle = host
        .strip_prefix(&prefix.to_ascii_lowercase())
        .and_then(|host| host.strip_suffix(&suffix.to_ascii_lowercase()));
    middle.is_some_and(|middle| !middle.is_empty() && !middle.contains('.'))
}

/// One `*` in the left-most label, with two plain labels or more behind it, so that nobody registers a whole public
/// suffix such as `*.com`.
fn wildcard(host: &str) -> Result<(), Malformed> {
    let (first, rest) = host.split_once('.').ok_or(Malformed::Host)?;
    let once = first.matches('*').count() == 1;
    if !once || !(rest.contains('.') || rest.eq_ignore_ascii_case("localhost")) {
        return Err(Malformed::Host);
    }
    url::host(&host.replacen('*', "x", 1), Kind::Web)
}

/// Fills in the placeholders of `entry`; `None` if one has no value or is misplaced.
pub(super) fn fill<'a>(
    entry: &'a str,
    organization_name: Option<&str>,
    domain_metadata: &[(String, String)],
) -> Option<Cow<'a, str>> {
    if !entry.contains(['{', '}']) {
        return Some(Cow::Borrowed(entry));
    }
    let mut text = String::with_capacity(entry.len());
    let mut rest = entry;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, after) = after.split_once('}')?;
        text.push_str(before);
        let value = match name.strip_prefix("custom_domain.metadata.") {
            Some(key) if key.starts_with("public_") => domain_metadata
                .iter()
                .find(|(known, _)| known == key)
                .map(|(_, value)| value.as_str()),
            // The name is one label of a host, the left-most.
            None if name == "organization_name" && is_left_most(&text) => {
                organization_name.filter(|name| !name.contains('.'))
            }
            _ => None,
        }?;
        if !is_plain(value) {
            return None;
        }
        text.push_str(value);
        rest = after;
    }
    text.push_str(rest);
    Some(Cow::Owned(text))
}

/// Whether what follows `text` stands in the left-most label of the host.
fn is_left_most(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, host)| !host.contains(['.', '/', '?', '#', ':', '[']))
}

/// A value cannot bring a delimiter, a dot segment or a wildcard into the URL.
fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte))
        && !value.bytes().all(|byte| byte == b'.')
}
