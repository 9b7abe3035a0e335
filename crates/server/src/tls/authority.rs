//! The development authority: made on first start, so that SDKs can speak TLS to a laptop.
//!
//! It signs a certificate for whatever name a client asks for. Its key never leaves the data directory; trusting it is
//! the developer's own choice, and the serving configuration of a real host has a real certificate.

use std::{
    fmt,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use grantor_protocol::env::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use rustls::{
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::Error;
use crate::files;

/// Names that every certificate of the authority has.
const LOOPBACK: [&str; 3] = ["localhost", "127.0.0.1", "::1"];
/// Most names whose certificates are held.
const MAX_NAMES: u64 = 256;
/// Life of a certificate, in days; a restart makes new ones.
const LIFE_DAYS: u32 = 365;
const DAY: Duration = Duration::from_secs(86_400);

/// The authority, and the certificates it has made.
pub struct DevelopmentAuthority {
    /// Where the authority's certificate is, for clients to trust.
    pub certificate: PathBuf,
    issuer: Issuer<'static, KeyPair>,
    leaf_key: KeyPair,
    now: Timestamp,
    made: moka::sync::Cache<String, Arc<CertifiedKey>>,
}

impl DevelopmentAuthority {
    /// Opens the authority in `directory`, or makes it.
    ///
    /// # Errors
    /// An [`Error`] that names the file that is wrong.
    pub fn open(directory: &Path, now: Timestamp) -> Result<Self, Error> {
        let certificate = directory.join("development-authority.pem");
        let private_key = directory.join("development-authority.key");
        let (key, is_new) = match std::fs::read_to_string(&private_key) {
            Ok(pem) => (KeyPair::from_pem(&pem)?, false),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                (KeyPair::generate()?, true)
            }
            Err(source) => {
                return Err(Error::File {
                    path: private_key,
                    source,
                });
            }
        };
        let params = authority_params();
        if is_new || !certificate.exists() {
            let own = params.self_signed(&key)?;
            files::write_owner_only(&private_key, key.serialize_pem().as_bytes())
                .map_err(Error::file(&private_key))?;
            std::fs::write(&certificate, own.pem()).map_err(Error::file(&certificate))?;
        }
        let made = moka::sync::Cache::new(MAX_NAMES);
        Ok(Self {
            certificate,
            issuer: Issuer::new(params, key),
            leaf_key: KeyPair::generate()?,
            now,
            made,
        })
    }

    fn make(&self, name: &str) -> Result<CertifiedKey, Error> {
        let names = LOOPBACK
            .iter()
            .copied()
            .chain((!LOOPBACK.contains(&name)).then_some(name));
        let mut params = CertificateParams::new(names.map(str::to_owned).collect::<Vec<_>>())?;
        params.distinguished_name = named("Grantor development certificate");
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let epoch = rcgen::date_time_ymd(1970, 1, 1);
        let today = Duration::from_secs(self.now.seconds().unsigned_abs());
        (params.not_before, params.not_after) =
            (epoch + today - DAY, epoch + today + DAY * LIFE_DAYS);
        let leaf = params.signed_by(&self.leaf_key, &self.issuer)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.leaf_key.serialize_der()));
        let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)?;
        Ok(CertifiedKey::new(vec![leaf.der().clone()], key))
    }

    fn certified(&self, name: &str) -> Option<Arc<CertifiedKey>> {
        if let Some(made) = self.made.get(name) {
            return Some(made);
        }
        match self.make(name) {
            Ok(made) => {
                let made = Arc::new(made);
                self.made.insert(name.to_owned(), Arc::clone(&made));
                Some(made)
            }
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    name,
                    "no development certificate"
                );
                None
            }
        }
    }
}

impl ResolvesServerCert for DevelopmentAuthority {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // A client that connects to an address sends no name (RFC 6066 §3).
        let name = hello
            .server_name()
            .filter(|name| name.parse::<IpAddr>().is_err());
        self.certified(name.unwrap_or("localhost"))
    }
}

impl fmt::Debug for DevelopmentAuthority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DevelopmentAuthority({})", self.certificate.display())
    }
}

/// The same at every start, so that the stored certificate stays the issuer of new ones.
fn authority_params() -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = named("Grantor development authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (
        rcgen::date_time_ymd(2026, 1, 1),
        rcgen::date_time_ymd(2046, 1, 1),
    );
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut distinguished = DistinguishedName::new();
    distinguished.push(DnType::CommonName, name);
    distinguished
}
