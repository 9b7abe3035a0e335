//! The issuer's metadata, OIDC Discovery §4 and RFC 8414, as far as keys need it; and what answers say about their life.

use std::time::Duration;

use http::{Uri, uri::Scheme};
use serde::Deserialize;

/// How long keys are kept at least, so that a server without caching is not asked for each token.
const MIN_AGE: Duration = Duration::from_secs(15);
/// How long keys are kept at most, so that a withdrawn key is not trusted for days.
const MAX_AGE: Duration = Duration::from_secs(3600);
/// How long keys are kept if the server does not say.
const DEFAULT_AGE: Duration = Duration::from_secs(300);

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    jwks_uri: String,
}

/// Where the metadata of `issuer` is.
pub(crate) fn url(issuer: &str) -> String {
    format!(
        "{}/.well-known/openid-configuration",
        issuer.strip_suffix('/').unwrap_or(issuer)
    )
}

/// The address of the keys in the metadata of `issuer`; otherwise what is wrong.
///
/// The metadata must name the very issuer (OIDC Discovery §4.3) and keys of the same origin: whoever can write one document
/// of the issuer could otherwise name keys of his own anywhere.
pub(crate) fn jwks_uri(issuer: &str, metadata: &[u8]) -> Result<String, &'static str> {
    let metadata: Metadata =
        serde_json::from_slice(metadata).map_err(|_| "the metadata is not as expected")?;
    if metadata.issuer != issuer {
        return Err("the metadata names another issuer");
    }
    let (own, other) = (origin(issuer), origin(&metadata.jwks_uri));
    if own.is_none() || own != other {
        return Err("the keys have another origin than the issuer");
    }
    Ok(metadata.jwks_uri)
}

/// Whether `issuer` is a URL whose answers can be trusted: over TLS, or on this machine.
pub(crate) fn is_trustworthy(issuer: &str) -> bool {
    match origin(issuer) {
        Some((scheme, _, _)) if scheme == "https" => true,
        Some((_, host, _)) => {
            matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
                || host.ends_with(".localhost")
        }
        None => false,
    }
}

/// How long an answer with that `Cache-Control` is kept, RFC 9111 §5.2.2, within bounds.
pub(crate) fn age(cache_control: Option<&str>) -> Duration {
    let Some(directives) = cache_control else {
        return DEFAULT_AGE;
    };
    let directives = directives.to_ascii_lowercase();
    let mut directives = directives.split(',').map(str::trim);
    if directives
        .clone()
        .any(|directive| matches!(directive, "no-store" | "no-cache"))
    {
        return MIN_AGE;
    }
    let seconds = directives.find_map(|directive| directive.strip_prefix("max-age="));
    match seconds.map(|seconds| seconds.trim_matches('"').parse().map(Duration::from_secs)) {
        Some(Ok(age)) => age.clamp(MIN_AGE, MAX_AGE),
        Some(Err(_)) => MIN_AGE,
        None => DEFAULT_AGE,
    }
}

/// Scheme, host and port.
fn origin(url: &str) -> Option<(String, String, u16)> {
    let uri: Uri = url.parse().ok()?;
    let default = match uri.scheme()? {
        scheme if *scheme == Scheme::HTTPS => 443,
        scheme if *scheme == Scheme::HTTP => 80,
        _ => return None,
    };
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let port = authority.port_u16().unwrap_or(default);
    Some((
        uri.scheme_str()?.to_owned(),
        authority.host().to_ascii_lowercase(),
        port,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys_of(issuer: &str, named: &str, jwks_uri: &str) -> Result<String, &'static str> {
        let metadata = serde_json::json!({"issuer": named, "jwks_uri": jwks_uri, "more": 1});
        super::jwks_uri(issuer, metadata.to_string().as_bytes())
    }

    #[test]
    fn metadata_is_below_the_issuer_with_or_without_its_slash() {
        for issuer in ["https://a.test/", "https://a.test"] {
            assert_eq!(
                url(issuer),
                "https://a.test/.well-known/openid-configuration"
            );
        }
        assert_eq!(
            url("https://a.test/t/"),
            "https://a.test/t/.well-known/openid-configuration"
        );
    }

    #[test]
    fn keys_of_the_same_origin_are_accepted() {
        for uri in [
            "https://a.test/keys",
            "https://A.test:443/.well-known/jwks.json",
        ] {
            assert_eq!(
                keys_of("https://a.test/", "https://a.test/", uri),
                Ok(uri.to_owned())
            );
        }
    }

    #[test]
    fn metadata_of_another_issuer_is_refused() {
        for named in ["https://a.test", "https://b.test/", "https://A.test/", ""] {
            assert!(
                keys_of("https://a.test/", named, "https://a.test/keys").is_err(),
                "{named}"
            );
        }
        assert!(jwks_uri("https://a.test/", b"[]").is_err());
    }

    #[test]
    fn keys_of_another_origin_are_refused() {
        let others = [
            "https://b.test/keys",
            "http://a.test/keys",
            "https://a.test:8443/keys",
            "https://a.test.b.test/keys",
            "https://a.test@b.test/keys",
            "file:///etc/passwd",
            "/keys",
            "",
        ];
        for uri in others {
            assert!(
                keys_of("https://a.test/", "https://a.test/", uri).is_err(),
                "{uri}"
            );
        }
    }

    #[test]
    fn plain_http_is_for_this_machine_alone() {
        let trusted = [
            "https://a.test/",
            "http://localhost:8080/",
            "http://t1.localhost/",
            "http://127.0.0.1:1/",
            "http://[::1]/",
        ];
        for issuer in trusted {
            assert!(is_trustworthy(issuer), "{issuer}");
        }
        for issuer in [
            "http://a.test/",
            "http://localhost.a.test/",
            "ftp://localhost/",
            "a.test",
            "",
            "https://",
        ] {
            assert!(!is_trustworthy(issuer), "{issuer}");
        }
    }

    /// 15 seconds to one hour.
    #[test]
    fn the_age_of_keys_is_bounded() {
        let cases = [
            (Some("public, max-age=600"), 600),
            (Some("Max-Age=15"), 15),
            (Some("max-age=\"60\""), 60),
            (Some("max-age=1"), 15),
            (Some("max-age=0"), 15),
            (Some("max-age=86400"), 3600),
            (Some("max-age=-1"), 15),
            (Some("max-age=99999999999999999999"), 15),
            (Some("no-store, max-age=600"), 15),
            (Some("no-cache"), 15),
            (Some("public"), 300),
            (None, 300),
        ];
        for (header, seconds) in cases {
            assert_eq!(age(header).as_secs(), seconds, "{header:?}");
        }
    }
}
