//! The form of a URL that every parser reads alike, and its parts. Nothing is decoded, folded or resolved.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::{MAX_LENGTH, Malformed};

/// Schemes that a browser runs, opens locally or treats in its own way; never redirected to, even if registered.
const FORBIDDEN: &[&str] = &[
    "about",
    "blob",
    "chrome",
    "chrome-extension",
    "content",
    "data",
    "feed",
    "file",
    "filesystem",
    "ftp",
    "intent",
    "jar",
    "javascript",
    "livescript",
    "mailto",
    "mhtml",
    "moz-extension",
    "mocha",
    "resource",
    "tel",
    "urn",
    "vbscript",
    "view-source",
    "ws",
    "wss",
];

/// Whether a browser knows the scheme as one of the web.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `http` and `https`.
    Web,
    /// A native application's own scheme (RFC 8252 §7.1).
    Native,
}

/// The parts of a well-formed URL, as written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Url<'a> {
    pub(super) kind: Kind,
    pub(super) scheme: &'a str,
    /// Absent in a native URL without `//`.
    pub(super) host: Option<&'a str>,
    pub(super) port: Option<&'a str>,
    pub(super) path: &'a str,
    pub(super) query: Option<&'a str>,
    pub(super) fragment: Option<&'a str>,
}

impl<'a> Url<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, Malformed> {
        Self::parse_with(text, host)
    }

    /// Parses with another rule for hosts; a registered URL may have a `*` there.
    pub(super) fn parse_with(
        text: &'a str,
        check_host: impl Fn(&str, Kind) -> Result<(), Malformed>,
    ) -> Result<Self, Malformed> {
        if text.len() > MAX_LENGTH {
            return Err(Malformed::TooLong);
        }
        characters(text)?;
        let (scheme, rest) = text.split_once(':').ok_or(Malformed::Scheme)?;
        let kind = kind(scheme)?;
        let (rest, fragment) = cut(rest, '#');
        let (rest, query) = cut(rest, '?');
        let (authority, path) = match rest.strip_prefix("//") {
            Some(rest) => {
                let end = rest.find('/').unwrap_or(rest.len());
                let (authority, path) = rest.split_at(end);
                (Some(authority), path)
            }
            None if kind == Kind::Web => return Err(Malformed::NoHost),
            None => (None, rest),
        };
        // RFC 3986 §3.3: brackets belong to IPv6 hosts. Parsers agree on them in queries and fragments.
        if path.contains(['[', ']']) {
            return Err(Malformed::Character);
        }
        if authority.is_none() && path.is_empty() {
            return Err(Malformed::NoHost);
        }
        let (host, port) = match authority {
            Some(authority) => split_authority(authority, kind, check_host)?,
            None => (None, None),
        };
        Ok(Self {
            kind,
            scheme,
            host,
            port,
            path,
            query,
            fragment,
        })
    }

    pub(super) fn is_verifiable(&self) -> bool {
        self.kind == Kind::Web && !self.host.is_some_and(is_loopback)
    }

    pub(super) fn origin(&self) -> Option<String> {
        let host = self.host.filter(|_| self.kind == Kind::Web)?;
        let scheme = self.scheme.to_ascii_lowercase();
        let standard = if scheme == "https" { "443" } else { "80" };
        let port = match self.port {
            Some(port) if port != standard => format!(":{port}"),
            _ => String::new(),
        };
        Some(format!("{scheme}://{}{port}", host.to_ascii_lowercase()))
    }
}

/// The text before the first `mark`, and what follows it.
fn cut(text: &str, mark: char) -> (&str, Option<&str>) {
    match text.split_once(mark) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

/// RFC 3986 appendix A, and whole escapes.
fn characters(text: &str) -> Result<(), Malformed> {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let hex = |byte: Option<u8>| byte.is_some_and(|byte: u8| byte.is_ascii_hexdigit());
                if !hex(bytes.next()) || !hex(bytes.next()) {
                    return Err(Malformed::Escape);
                }
            }
            _ if byte.is_ascii_alphanumeric() => {}
            _ if b"-._~:/?#[]@!$&'()*+,;=".contains(&byte) => {}
            _ => return Err(Malformed::Character),
        }
    }
    // A second mark is read as part of the fragment by some and refused by others.
    if text.matches('#').count() > 1 {
        return Err(Malformed::Character);
    }
    Ok(())
}

fn kind(scheme: &str) -> Result<Kind, Malformed> {
    let well_formed = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    if !well_formed {
        return Err(Malformed::Scheme);
    }
    let is = |name: &&str| scheme.eq_ignore_ascii_case(name);
    if FORBIDDEN.iter().any(is) {
        return Err(Malformed::ForbiddenScheme);
    }
    Ok(if is(&"http") || is(&"https") {
        Kind::Web
    } else {
        Kind::Native
    })
}

type HostAndPort<'a> = (Option<&'a str>, Option<&'a str>);

fn split_authority(
    authority: &str,
    kind: Kind,
    check_host: impl Fn(&str, Kind) -> Result<(), Malformed>,
) -> Result<HostAndPort<'_>, Malformed> {
    if authority.contains('@') {
        return Err(Malformed::UserInformation);
    }
    // The colon of a port comes after the bracket of an IPv6 address.
    let end_of_host = authority.rfind(']').map_or(0, |bracket| bracket + 1);
    let colon = authority
        .get(end_of_host..)
        .and_then(|tail| tail.find(':'))
        .map(|at| end_of_host + at);
    let (host, port) = match colon {
        Some(colon) => {
            let (host, port) = authority.split_at(colon);
            (host, Some(port.get(1..).unwrap_or_default()))
        }
        None => (authority, None),
    };
    if host.is_empty() && (kind == Kind::Web || port.is_some()) {
        return Err(Malformed::NoHost);
    }
    if !host.is_empty() {
        check_host(host, kind)?;
    }
    port.map_or(Ok(()), check_port)?;
    Ok((Some(host), port))
}

fn check_port(port: &str) -> Result<(), Malformed> {
    let plain = port.bytes().all(|byte| byte.is_ascii_digit()) && !port.starts_with('0');
    match port.parse::<u16>() {
        Ok(_) if plain => Ok(()),
        _ => Err(Malformed::Port),
    }
}

/// A host that every parser reads alike.
pub(super) fn host(host: &str, kind: Kind) -> Result<(), Malformed> {
    if let Some(address) = host.strip_prefix('[') {
        let address = address.strip_suffix(']').ok_or(Malformed::Host)?;
        return ipv6(address);
    }
    let named = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if host.len() > 253 || !host.bytes().all(named) {
        return Err(Malformed::Host);
    }
    if kind == Kind::Native {
        return Ok(());
    }
    // A root dot is kept by browsers and dropped by others.
    let labels_fit = host
        .split('.')
        .all(|label| !label.is_empty() && label.len() <= 63);
    if !labels_fit {
        return Err(Malformed::Host);
    }
    // Browsers read a host whose last label is a number as an IPv4 address, in decimal, octal or hexadecimal.
    let last = host.rsplit('.').next().unwrap_or_default();
    if is_number(last) {
        return match host.parse::<Ipv4Addr>() {
            Ok(address) if address.to_string() == host => Ok(()),
            _ => Err(Malformed::Host),
        };
    }
    Ok(())
}

fn is_number(label: &str) -> bool {
    let hexadecimal = label
        .strip_prefix("0x")
        .or_else(|| label.strip_prefix("0X"));
    hexadecimal.is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
        || label.bytes().all(|digit| digit.is_ascii_digit())
}

/// RFC 5952 spelling alone; embedded IPv4 addresses are spelt differently by browsers and operating systems.
fn ipv6(text: &str) -> Result<(), Malformed> {
    let address: Ipv6Addr = text.parse().map_err(|_| Malformed::Host)?;
    let canonical = address.to_string().eq_ignore_ascii_case(text);
    if canonical && !text.contains('.') && address.to_ipv4_mapped().is_none() {
        Ok(())
    } else {
        Err(Malformed::Host)
    }
}

fn is_loopback(host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    let address = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    host == "localhost"
        || host.ends_with(".localhost")
        || host
            .parse::<Ipv4Addr>()
            .is_ok_and(|address| address.is_loopback() || address.is_unspecified())
        || address.is_some_and(|address| {
            address
                .parse::<Ipv6Addr>()
                .is_ok_and(|address| address.is_loopback() || address.is_unspecified())
        })
}
