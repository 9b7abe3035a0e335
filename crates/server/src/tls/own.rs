//! The operator's certificate, read again when the files change, so that a renewal needs no restart.

use std::{path::PathBuf, sync::Arc, time::SystemTime};

use arc_swap::ArcSwap;
use rustls::{
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::{ClientHello, ResolvesServerCert},
    sign::CertifiedKey,
};

use super::Error;

/// A certificate chain and its key, from two PEM files.
#[derive(Debug)]
pub struct OwnCertificate {
    certificate: PathBuf,
    private_key: PathBuf,
    current: ArcSwap<(CertifiedKey, Option<SystemTime>)>,
}

impl OwnCertificate {
    /// Reads the files.
    ///
    /// # Errors
    /// An [`Error`] that names the file that is wrong.
    pub fn load(certificate: PathBuf, private_key: PathBuf) -> Result<Self, Error> {
        let loaded = load(&certificate, &private_key)?;
        Ok(Self {
            certificate,
            private_key,
            current: ArcSwap::from_pointee(loaded),
        })
    }

    /// Reads the files again if the certificate's has changed; the old pair goes on serving if the new one is unusable.
    ///
    /// # Errors
    /// An [`Error`] that names the file that is wrong.
    pub fn reload_if_changed(&self) -> Result<bool, Error> {
        if modified(&self.certificate) == self.current.load().1 {
            return Ok(false);
        }
        self.current
            .store(Arc::new(load(&self.certificate, &self.private_key)?));
        Ok(true)
    }
}

impl ResolvesServerCert for OwnCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::new(self.current.load().0.clone()))
    }
}

fn load(
    certificate: &PathBuf,
    private_key: &PathBuf,
) -> Result<(CertifiedKey, Option<SystemTime>), Error> {
    let changed = modified(certificate);
    let read = |path: &PathBuf| std::fs::read(path).map_err(Error::file(path));
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&read(certificate)?)
        .filter_map(Result::ok)
        .collect();
    if chain.is_empty() {
        return Err(Error::Pem {
            path: certificate.clone(),
            expected: "certificate",
        });
    }
    let key = PrivateKeyDer::from_pem_slice(&read(private_key)?).map_err(|_| Error::Pem {
        path: private_key.clone(),
        expected: "private key",
    })?;
    let key = rustls::crypto::aws_lc_rs::sign::any_supported_type(&key)?;
    let pair = CertifiedKey::new(chain, key);
    pair.keys_match()?;
    Ok((pair, changed))
}

fn modified(path: &PathBuf) -> Option<SystemTime> {
    std::fs::metadata(path)
        .and_then(|metadata| metadata.modified())
        .ok()
}
