//! Self-signed certificates around signing keys, and what is shown of certificates.
//!
//! The certificates carry a key to tools that want X.509; nobody builds a chain on them.

use std::{fmt::Write, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ED25519,
    PKCS_RSA_SHA256, SerialNumber, date_time_ymd,
};
use x509_parser::{
    certificate::X509Certificate, pem::parse_x509_pem, prelude::FromDer, x509::X509Name,
};

use crate::{
    Error, KeyType, SigningKey,
    digest::{base64url, sha1, sha256},
};

/// The first second of the year 10000, which X.509 cannot write.
const END_OF_TIME: i64 = 253_402_300_800;

/// A certificate in DER.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    not_after: i64,
    subject: String,
}

impl Certificate {
    /// The certificate in `der`.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCertificate`] if it is none.
    pub fn from_der(der: Vec<u8>) -> Result<Self, Error> {
        let (not_after, subject) = match X509Certificate::from_der(&der) {
            Ok(([], certificate)) => (
                certificate.validity().not_after.timestamp(),
                lines(certificate.subject()),
            ),
            _ => return Err(Error::InvalidCertificate),
        };
        Ok(Self {
            der,
            not_after,
            subject,
        })
    }

    /// The first certificate of a PEM text.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidCertificate`] if there is none.
    pub fn from_pem(text: &str) -> Result<Self, Error> {
        match parse_x509_pem(text.as_bytes()) {
            Ok((_, block)) if block.label == "CERTIFICATE" => Self::from_der(block.contents),
            _ => Err(Error::InvalidCertificate),
        }
    }

    /// The DER bytes.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// PEM with lines that end in `newline`.
    pub fn pem(&self, newline: &str) -> String {
        pem("CERTIFICATE", &self.der, newline)
    }

    /// The certificate alone in PKCS#7 (RFC 2315 §9.1, without signers), as PEM with lines that end in `newline`.
    pub fn pkcs7(&self, newline: &str) -> String {
        const SIGNED_DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
        const DATA: &[u8] = &[6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
        const VERSION: &[u8] = &[2, 1, 1];
        const EMPTY_SET: &[u8] = &[0x31, 0];
        let content = tlv(0x30, &[DATA]);
        let certificates = tlv(0xa0, &[&self.der]);
        let signed = tlv(
            0x30,
            &[VERSION, EMPTY_SET, &content, &certificates, EMPTY_SET],
        );
        let explicit = tlv(0xa0, &[&signed]);
        pem("PKCS7", &tlv(0x30, &[SIGNED_DATA, &explicit]), newline)
    }

    /// The SHA-1 fingerprint as upper-case hexadecimal with colons.
    pub fn sha1_fingerprint(&self) -> String {
        colons(&sha1(&self.der))
    }

    /// The SHA-256 fingerprint as upper-case hexadecimal with colons.
    pub fn sha256_fingerprint(&self) -> String {
        colons(&sha256(&self.der))
    }

    /// The SHA-1 fingerprint as upper-case hexadecimal alone.
    pub fn sha1_hex(&self) -> String {
        hex(&sha1(&self.der)).to_uppercase()
    }

    /// The SHA-256 thumbprint, base64url (`x5t#S256`, RFC 7515 §4.1.8).
    pub fn sha256_thumbprint(&self) -> String {
        base64url(&sha256(&self.der))
    }

    /// The subject's distinguished name, an attribute a line in the certificate's order: `C=es\nO=Example\nCN=client`.
    ///
    /// The order and the line breaks are those of the compatible API; RFC 4514 turns the order round.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// When it expires, in Unix seconds.
    pub const fn not_after(&self) -> i64 {
        self.not_after
    }
}

/// A name, a relative name a line. A line break inside a value would pass for another attribute, so it is written as a
/// blank.
fn lines(name: &X509Name<'_>) -> String {
    let relative = name.iter_rdn().map(|rdn| {
        let name = X509Name::new(vec![rdn.clone()], &[]).to_string();
        name.replace(['\n', '\r'], " ")
    });
    relative.collect::<Vec<_>>().join("\n")
}

/// A certificate for `subject_cn` that the key signs itself.
///
/// `pkcs8` is the document that `key` was parsed from; the times are Unix seconds from 1970 to 9999.
///
/// # Errors
///
/// [`Error::InvalidKey`] if `pkcs8` is not a key of the kind of `key`, [`Error::InvalidCertificate`] if the times or the
/// subject cannot be written.
pub fn self_signed(
    key: &SigningKey,
    pkcs8: &[u8],
    subject_cn: &str,
    not_before_unix: i64,
    not_after_unix: i64,
    serial: [u8; 16],
) -> Result<Certificate, Error> {
    let algorithm = match key.kty() {
        Some(KeyType::Rsa2048) => &PKCS_RSA_SHA256,
        Some(KeyType::P256) => &PKCS_ECDSA_P256_SHA256,
        Some(KeyType::Ed25519) => &PKCS_ED25519,
        None => return Err(Error::InvalidKey("a secret has no certificate")),
    };
    let pair = KeyPair::from_pkcs8_der_and_sign_algo(&pkcs8.into(), algorithm)
        .map_err(|_| Error::InvalidKey("not a PKCS#8 key of that kind"))?;
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, subject_cn);
    let mut params = CertificateParams::default();
    params.distinguished_name = name;
    params.not_before = date_time_ymd(1970, 1, 1) + since_epoch(not_before_unix)?;
    params.not_after = date_time_ymd(1970, 1, 1) + since_epoch(not_after_unix)?;
    params.serial_number = Some(SerialNumber::from_slice(&positive(serial)));
    let made = params
        .self_signed(&pair)
        .map_err(|_| Error::InvalidCertificate)?;
    Certificate::from_der(made.der().to_vec())
}

/// When the first certificate of a PEM text expires, in Unix seconds.
///
/// # Errors
///
/// [`Error::InvalidCertificate`] if there is none.
pub fn expiry(pem: &str) -> Result<i64, Error> {
    Certificate::from_pem(pem).map(|certificate| certificate.not_after())
}

/// A PEM block of lines of 64 characters that end in `newline`.
pub fn pem(label: &str, der: &[u8], newline: &str) -> String {
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----{newline}");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push_str(newline);
        rest = after;
    }
    // Writing to a string cannot fail.
    let _ = write!(pem, "-----END {label}-----{newline}");
    pem
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Upper-case hexadecimal with a colon between bytes.
pub fn colons(bytes: &[u8]) -> String {
    let bytes: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    bytes.join(":")
}

fn since_epoch(seconds: i64) -> Result<Duration, Error> {
    match u64::try_from(seconds) {
        Ok(elapsed) if seconds < END_OF_TIME => Ok(Duration::from_secs(elapsed)),
        _ => Err(Error::InvalidCertificate),
    }
}

/// A serial number is positive and not zero (RFC 5280 §4.1.2.2).
fn positive(mut serial: [u8; 16]) -> [u8; 16] {
    if let Some(first) = serial.first_mut() {
        *first = (*first & 0x7f) | 0x40;
    }
    serial
}

/// One DER element with a definite length.
fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let significant = length
        .iter()
        .position(|byte| *byte != 0)
        .unwrap_or(length.len() - 1);
    let significant = length.get(significant..).unwrap_or_default();
    let mut element = vec![tag];
    match significant {
        [short] if *short < 0x80 => element.push(*short),
        long => {
            // A length has at most eight bytes.
            element.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            element.extend(long);
        }
    }
    element.extend(content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(kty: KeyType) -> Certificate {
        let pkcs8 = SigningKey::generate(kty).unwrap().pkcs8;
        let key = SigningKey::from_pkcs8(kty, &pkcs8).unwrap();
        self_signed(
            &key,
            &pkcs8,
            "login.test",
            1_700_000_000,
            1_900_000_000,
            [0xff; 16],
        )
        .unwrap()
    }

    #[test]
    fn each_kind_of_key_gets_a_certificate_that_names_it() {
        for kty in [KeyType::Rsa2048, KeyType::P256, KeyType::Ed25519] {
            let certificate = made(kty);
            let (_, parsed) = X509Certificate::from_der(certificate.der()).unwrap();
            assert_eq!(parsed.subject().to_string(), "CN=login.test");
            assert_eq!(parsed.validity().not_before.timestamp(), 1_700_000_000);
            assert_eq!(certificate.not_after(), 1_900_000_000);
            assert_eq!(expiry(&certificate.pem("\r\n")), Ok(1_900_000_000));
            assert!(parsed.raw_serial()[0] < 0x80);
        }
    }

    #[test]
    fn a_subject_is_told_an_attribute_a_line_and_no_value_adds_a_line() {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        for (kind, value) in [
            (DnType::CountryName, "es"),
            (DnType::OrganizationName, "Example, Inc."),
            (DnType::CommonName, "a\nCN=b"),
        ] {
            params.distinguished_name.push(kind, value);
        }
        let key = KeyPair::generate_for(&PKCS_ED25519).unwrap();
        let made = params.self_signed(&key).unwrap();

        let read = Certificate::from_der(made.der().to_vec()).unwrap();

        assert_eq!(read.subject(), "C=es\nO=Example, Inc.\nCN=a CN=b");
    }

    #[test]
    fn a_certificate_holds_the_key_it_was_made_for() {
        let pkcs8 = SigningKey::generate(KeyType::P256).unwrap().pkcs8;
        let key = SigningKey::from_pkcs8(KeyType::P256, &pkcs8).unwrap();
        let certificate = self_signed(&key, &pkcs8, "a", 0, 1, [1; 16]).unwrap();
        let read = crate::VerificationKey::from_pem(&certificate.pem("\n")).unwrap();
        let own = key.public_jwk("k", None).unwrap();
        assert_eq!(read.jwk().unwrap().thumbprint(), own.thumbprint());
    }

    #[test]
    fn pem_lines_have_64_characters_and_the_given_end() {
        let text = pem("CERTIFICATE", &[7; 100], "\r\n");
        let lines: Vec<&str> = text.split("\r\n").collect();
        assert_eq!(lines[0], "-----BEGIN CERTIFICATE-----");
        assert_eq!(
            (lines[1].len(), lines[2].len(), lines[3].len()),
            (64, 64, 8)
        );
        assert_eq!(lines[4..], ["-----END CERTIFICATE-----", ""]);
    }

    #[test]
    fn times_outside_of_x509_are_refused() {
        let pkcs8 = SigningKey::generate(KeyType::Ed25519).unwrap().pkcs8;
        let key = SigningKey::from_pkcs8(KeyType::Ed25519, &pkcs8).unwrap();
        for (from, to) in [(-1, 0), (0, END_OF_TIME), (0, i64::MAX), (i64::MIN, 0)] {
            let made = self_signed(&key, &pkcs8, "a", from, to, [1; 16]);
            assert_eq!(made, Err(Error::InvalidCertificate), "{from} {to}");
        }
        let secret = SigningKey::from_secret(b"secret");
        let made = self_signed(&secret, &pkcs8, "a", 0, 1, [1; 16]);
        assert!(matches!(made, Err(Error::InvalidKey(_))));
    }

    #[test]
    fn fingerprints_are_written_as_openssl_writes_them() {
        let certificate = made(KeyType::Ed25519);
        let shown = certificate.sha256_fingerprint();
        assert_eq!(shown.len(), 32 * 3 - 1);
        assert_eq!(
            shown.replace(':', "").to_lowercase(),
            hex(&sha256(certificate.der()))
        );
        assert_eq!(
            certificate.sha1_fingerprint().replace(':', ""),
            certificate.sha1_hex()
        );
    }

    #[test]
    fn lengths_are_written_in_their_shortest_form() {
        assert_eq!(tlv(4, &[]), [4, 0]);
        assert_eq!(tlv(4, &[&[0; 127]])[..2], [4, 127]);
        assert_eq!(tlv(4, &[&[0; 128]])[..3], [4, 0x81, 128]);
        assert_eq!(tlv(4, &[&[0; 256]])[..4], [4, 0x82, 1, 0]);
    }
}
