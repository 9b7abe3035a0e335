//! Public keys out of DER and PEM.

use x509_parser::{
    certificate::X509Certificate, pem::parse_x509_pem, prelude::FromDer, public_key::RSAPublicKey,
    x509::SubjectPublicKeyInfo,
};

use crate::{Error, VerificationKey};

/// The longest PEM read: an RSA key of 8192 bits in a certificate with room to spare.
const MAX_PEM: usize = 32 * 1024;

/// The modulus and the exponent of an `RSAPublicKey` (RFC 8017 §A.1.1), big-endian without leading zeros.
pub(crate) fn rsa_components(der: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Error> {
    match RSAPublicKey::from_der(der) {
        Ok(([], key)) => Ok((unsigned(key.modulus)?, unsigned(key.exponent)?)),
        _ => Err(Error::InvalidKey("not an RSAPublicKey")),
    }
}

/// The key in the first block of `text`.
pub(crate) fn parse(text: &str) -> Result<VerificationKey, Error> {
    if MAX_PEM < text.len() {
        return Err(Error::InvalidKey("too long"));
    }
    let (_, block) = parse_x509_pem(text.as_bytes()).map_err(|_| Error::InvalidKey("not PEM"))?;
    match block.label.as_str() {
        "PUBLIC KEY" => match SubjectPublicKeyInfo::from_der(&block.contents) {
            Ok(([], info)) => from_info(&info),
            _ => Err(Error::InvalidKey("not a SubjectPublicKeyInfo")),
        },
        "RSA PUBLIC KEY" => {
            let (n, e) = rsa_components(&block.contents)?;
            VerificationKey::rsa(n, e)
        }
        "CERTIFICATE" => match X509Certificate::from_der(&block.contents) {
            Ok(([], certificate)) => from_info(certificate.public_key()),
            _ => Err(Error::InvalidKey("not a certificate")),
        },
        _ => Err(Error::InvalidKey("neither a public key nor a certificate")),
    }
}

fn from_info(info: &SubjectPublicKeyInfo<'_>) -> Result<VerificationKey, Error> {
    let bits = info.subject_public_key.data.as_ref();
    match info.algorithm.algorithm.to_id_string().as_str() {
        "1.2.840.113549.1.1.1" => {
            let (n, e) = rsa_components(bits)?;
            VerificationKey::rsa(n, e)
        }
        "1.2.840.10045.2.1" => {
            let parameters = info.algorithm.parameters.as_ref();
            let curve = parameters.and_then(|any| any.as_oid().ok());
            match curve.map(|oid| oid.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => VerificationKey::ec("P-256", bits),
                Some("1.3.132.0.34") => VerificationKey::ec("P-384", bits),
                _ => Err(Error::InvalidKey("unknown curve")),
            }
        }
        "1.3.101.112" => VerificationKey::ed25519(bits),
        _ => Err(Error::InvalidKey("unknown kind of key")),
    }
}

/// A non-negative DER INTEGER without its sign byte.
fn unsigned(integer: &[u8]) -> Result<Vec<u8>, Error> {
    match integer {
        [0, rest @ ..] => Ok(rest.to_vec()),
        [first, ..] if *first < 0x80 => Ok(integer.to_vec()),
        _ => Err(Error::InvalidKey("negative integer")),
    }
}
