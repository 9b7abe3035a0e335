//! Named formats of texts.

/// A format: its name in messages and what it accepts.
#[derive(Debug)]
pub(crate) struct Format {
    pub(crate) name: &'static str,
    accepts: fn(&str) -> bool,
}

impl Format {
    /// The format called `name`.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        FORMATS.iter().find(|format| format.name == name)
    }

    /// Whether `value` has it.
    pub(crate) fn matches(&self, value: &str) -> bool {
        (self.accepts)(value)
    }
}

const fn format(name: &'static str, accepts: fn(&str) -> bool) -> Format {
    Format { name, accepts }
}

const FORMATS: &[Format] = &[
    format("uri", is_uri),
    format("url", is_web_url),
    format("absolute-uri-or-empty", |text| {
        text.is_empty() || is_web_url(text)
    }),
    format("absolute-https-uri-or-empty", |text| {
        text.is_empty() || is_https_url(text)
    }),
    format("absolute-https-uri-with-placeholders-or-empty", |text| {
        text.is_empty() || is_https_url(text)
    }),
    format("callback-url", is_uri),
    format("url-with-placeholders", is_uri),
    format("email", is_email),
    format("email-or-empty", |text| text.is_empty() || is_email(text)),
    format("date-time", is_date_time),
    format("hostname", is_hostname),
    format("ip-or-cidr", is_ip_or_cidr),
    format("locale", is_locale),
    format("date", |text| {
        text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit())
    }),
];

/// RFC 3986: a scheme and something after it. Schemes that a browser runs as script are refused wherever a URL is kept.
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else {
        return false;
    };
    let scheme_is_well_formed = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let runs = ["javascript", "data", "vbscript"]
        .iter()
        .any(|script| scheme.eq_ignore_ascii_case(script));
    scheme_is_well_formed
        && !runs
        && !rest.is_empty()
        && !text
            .chars()
            .any(|character| character.is_whitespace() || character.is_control())
}

fn is_web_url(text: &str) -> bool {
    is_https_url(text) || has_authority(text, "http://")
}

fn is_https_url(text: &str) -> bool {
    has_authority(text, "https://")
}

fn has_authority(text: &str, scheme: &str) -> bool {
    let rest = text.strip_prefix(scheme);
    is_uri(text) && rest.is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['/', '?', '#']))
}

fn is_email(text: &str) -> bool {
    text.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && !domain.contains('@')
            && is_hostname(domain)
            && !text
                .chars()
                .any(|character| character.is_whitespace() || character.is_control())
    })
}

fn is_hostname(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.contains('.') && text.split('.').all(label)
}

/// RFC 3339 §5.6.
fn is_date_time(text: &str) -> bool {
    crate::time::parse_rfc3339(text).is_some()
}

fn is_ip_or_cidr(text: &str) -> bool {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address, Some(length)),
        None => (text, None),
    };
    let Ok(address) = address.parse::<std::net::IpAddr>() else {
        return false;
    };
    let longest = if address.is_ipv4() { 32 } else { 128 };
    length.is_none_or(|length| length.parse::<u8>().is_ok_and(|length| length <= longest))
}

/// A language tag such as `en`, `pt-BR` or `zh-Hant` (RFC 5646, the shapes that occur; §4.4.1 has the longest).
pub(crate) fn is_locale(text: &str) -> bool {
    let mut parts = text.split('-');
    let language = parts.next().unwrap_or_default();
    text.len() <= 35
        && (2..=3).contains(&language.len())
        && language.bytes().all(|byte| byte.is_ascii_lowercase())
        && parts.all(|part| {
            (2..=8).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(name: &str, text: &str) -> bool {
        Format::find(name).unwrap().matches(text)
    }

    #[test]
    fn a_callback_has_a_scheme_that_is_no_script() {
        for good in [
            "https://a.test/cb",
            "com.example.app:/callback",
            "http://localhost:3000",
            "https://*.a.test/cb",
        ] {
            assert!(accepts("callback-url", good), "{good}");
        }
        for bad in [
            "",
            "a.test/cb",
            "javascript:alert(1)",
            "JavaScript:x",
            "data:text/html,x",
            "https://a.test/a b",
            ":x",
        ] {
            assert!(!accepts("callback-url", bad), "{bad}");
        }
    }

    #[test]
    fn an_absolute_https_uri_has_a_host_and_may_be_empty() {
        let format = "absolute-https-uri-or-empty";
        assert!(accepts(format, ""));
        assert!(accepts(format, "https://a.test/x"));
        assert!(!accepts(format, "http://a.test/x"));
        assert!(!accepts(format, "https:///x"));
    }

    #[test]
    fn an_address_range_is_an_address_with_a_length_that_fits() {
        for good in ["10.0.0.1", "10.0.0.0/8", "::1", "2001:db8::/32"] {
            assert!(accepts("ip-or-cidr", good), "{good}");
        }
        for bad in ["10.0.0.0/33", "a", "::/129", "10.0.0.0/"] {
            assert!(!accepts("ip-or-cidr", bad), "{bad}");
        }
    }
}
