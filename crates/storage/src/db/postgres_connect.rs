//! How PostgreSQL is reached: the address, and TLS with verified certificates.
//!
//! `sslmode=require` in the address demands TLS and a certificate that the system's roots (or `sslrootcert=FILE`) vouch
//! for. `prefer`, the default, does the same if the server offers TLS, except over the loopback and sockets, where no
//! TLS is used. `disable` uses none.

use std::{
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use tokio_postgres::{
    Config,
    config::{Host, SslMode},
};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::error::{Error, Result};

/// Where systems keep the roots they trust.
const SYSTEM_ROOTS: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Server-side limits: no statement holds a connection or a lock for long.
const SESSION: &str = "-c statement_timeout=10000 -c lock_timeout=5000 \
                       -c idle_in_transaction_session_timeout=20000";

/// Whether connections are encrypted.
#[derive(Clone)]
pub(super) enum Tls {
    /// They are not.
    No,
    /// They are, if the server offers it or the address demands it, and the certificate is verified.
    Verified(MakeRustlsConnect),
}

/// Reads the address.
pub(super) fn configure(url: &str) -> Result<(Config, Tls)> {
    let (url, roots) = split_roots(url);
    let mut config: Config = url.parse().map_err(|source| Error::Configuration {
        what: format!("the PostgreSQL address is not understood: {source}"),
    })?;
    let session = match config.get_options() {
        Some(own) => format!("{SESSION} {own}"),
        None => SESSION.to_owned(),
    };
    config
        .options(session)
        .application_name("grantor")
        .connect_timeout(Duration::from_secs(5))
        .tcp_user_timeout(Duration::from_secs(10))
        .keepalives_idle(Duration::from_secs(30));
    let near = config.get_hosts().iter().all(is_near);
    let tls = match config.get_ssl_mode() {
        SslMode::Disable => Tls::No,
        SslMode::Prefer if near && roots.is_none() => Tls::No,
        _ => Tls::Verified(MakeRustlsConnect::new(client_config(roots.as_deref())?)),
    };
    if matches!(tls, Tls::No) {
        config.ssl_mode(SslMode::Disable);
    }
    Ok((config, tls))
}

fn is_near(host: &Host) -> bool {
    match host {
        Host::Unix(_) => true,
        Host::Tcp(name) => {
            name == "localhost"
                || name
                    .parse::<IpAddr>()
                    .is_ok_and(|address| address.is_loopback())
        }
    }
}

/// Takes `sslrootcert` out of the address, because the driver does not know it.
fn split_roots(url: &str) -> (String, Option<PathBuf>) {
    let Some((base, query)) = url.split_once('?') else {
        return (url.to_owned(), None);
    };
    let (mut rest, mut roots) = (Vec::new(), None);
    for pair in query.split('&') {
        match pair.strip_prefix("sslrootcert=") {
            Some(path) => roots = Some(PathBuf::from(path)),
            None => rest.push(pair),
        }
    }
    if rest.is_empty() {
        return (base.to_owned(), roots);
    }
    (format!("{base}?{}", rest.join("&")), roots)
}

fn client_config(roots: Option<&Path>) -> Result<ClientConfig> {
    let wrong = |what: String| Error::Configuration { what };
    let file = match roots {
        Some(path) => Some(path),
        None => SYSTEM_ROOTS
            .iter()
            .map(Path::new)
            .find(|path| path.exists()),
    };
    let file = file.ok_or_else(|| {
        wrong("no trusted certificates were found; name them with sslrootcert=FILE".to_owned())
    })?;
    let unread = |source| wrong(format!("{} cannot be read: {source}", file.display()));
    let mut store = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(unread)?;
    let certificates: std::result::Result<Vec<_>, _> = certificates.collect();
    store.add_parsable_certificates(certificates.map_err(unread)?);
    let provider = std::sync::Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|source| wrong(source.to_string()))?;
    Ok(builder.with_root_certificates(store).with_no_client_auth())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_plain(url: &str) -> bool {
        matches!(configure(url).unwrap().1, Tls::No)
    }

    #[test]
    fn connections_to_other_machines_use_tls_unless_it_is_disabled() {
        assert!(is_plain("postgres://u@127.0.0.1/d"));
        assert!(is_plain("postgres://u@localhost/d"));
        assert!(is_plain("postgres:///d?host=/run/postgresql"));
        assert!(is_plain("postgres://u@db.test/d?sslmode=disable"));
        assert!(!is_plain("postgres://u@db.test/d"));
        assert!(!is_plain("postgres://u@127.0.0.1/d?sslmode=require"));
    }

    #[test]
    fn a_file_of_roots_that_is_not_there_is_named() {
        let Err(error) = configure("postgres://u@db.test/d?sslrootcert=/nowhere.pem") else {
            panic!("accepted");
        };
        assert!(error.to_string().contains("/nowhere.pem"), "{error}");
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        assert!(matches!(
            configure("postgres://u@h:x/d"),
            Err(Error::Configuration { .. })
        ));
    }
}
