//! TLS: the operator's own certificate, or a development authority.

mod authority;
mod own;

use std::{path::Path, sync::Arc};

use rustls::{ServerConfig, server::ResolvesServerCert};

pub use self::authority::DevelopmentAuthority;
pub use self::own::OwnCertificate;

/// Why TLS cannot be offered.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file cannot be read or written.
    #[error("{path} cannot be read or written")]
    File {
        /// The file.
        path: std::path::PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A PEM file does not hold what it should.
    #[error("{path} holds no {expected} in PEM form")]
    Pem {
        /// The file.
        path: std::path::PathBuf,
        /// `certificate` or `private key`.
        expected: &'static str,
    },
    /// Certificate and key do not fit, or the key is of an unknown kind.
    #[error("the certificate and the private key cannot be used together")]
    Unusable(#[from] rustls::Error),
    /// The development authority could not make a certificate.
    #[error("the development authority could not make a certificate")]
    Made(#[from] rcgen::Error),
}

impl Error {
    fn file(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        |source| Self::File {
            path: path.to_owned(),
            source,
        }
    }
}

/// The TLS configuration that serves what `certificates` resolves, over HTTP/2 and HTTP/1.1.
///
/// # Errors
/// If the crypto library offers no TLS version, which would be a defect of the build.
pub fn server_config(certificates: Arc<dyn ResolvesServerCert>) -> Result<ServerConfig, Error> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(certificates);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
