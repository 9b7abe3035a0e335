//! Private keys: made, parsed once, and used to sign.

use std::{fmt, sync::Arc};

use aws_lc_rs::{
    encoding::{AsDer, Pkcs8V1Der},
    hmac,
    rand::SystemRandom,
    rsa::KeySize,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair, RSA_PKCS1_SHA256,
        RSA_PKCS1_SHA384, RSA_PKCS1_SHA512, RSA_PSS_SHA256, RSA_PSS_SHA384, RSA_PSS_SHA512,
        RsaEncoding, RsaKeyPair,
    },
};
use zeroize::Zeroizing;

use crate::{Algorithm, Error, Jwk, mac::MacKey, pem};

/// The largest signature: that of an RSA key of 8192 bits.
const MAX_SIGNATURE: usize = 1024;

/// A kind of signing key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyType {
    /// RSA with a modulus of 2048 bits, for `RS*` and `PS*`.
    Rsa2048,
    /// The NIST curve P-256, for `ES256`.
    P256,
    /// Edwards curve 25519, for `EdDSA`.
    Ed25519,
}

/// A new private key.
pub struct GeneratedKey {
    /// The key as PKCS#8 DER, wiped when dropped.
    pub pkcs8: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for GeneratedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("GeneratedKey(..)")
    }
}

/// A key that signs. Parsed once; a clone shares it.
#[derive(Clone)]
pub struct SigningKey(Arc<Private>);

#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each key, always behind an Arc"
)]
enum Private {
    Rsa(RsaKeyPair),
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
    Mac(MacKey),
}

/// A signature without an allocation of its own.
pub(crate) struct Signature {
    bytes: [u8; MAX_SIGNATURE],
    length: usize,
}

impl AsRef<[u8]> for Signature {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl SigningKey {
    /// Makes a key. An RSA key takes tenths of a second: call it where that does not matter.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the library cannot make one.
    pub fn generate(kty: KeyType) -> Result<GeneratedKey, Error> {
        let pkcs8 = match kty {
            KeyType::Rsa2048 => {
                let key = RsaKeyPair::generate(KeySize::Rsa2048).map_err(|_| Error::Crypto)?;
                let der: Pkcs8V1Der<'_> = key.as_der().map_err(|_| Error::Crypto)?;
                der.as_ref().to_vec()
            }
            KeyType::P256 => {
                let rule = &ECDSA_P256_SHA256_FIXED_SIGNING;
                let document = EcdsaKeyPair::generate_pkcs8(rule, &random());
                document.map_err(|_| Error::Crypto)?.as_ref().to_vec()
            }
            KeyType::Ed25519 => {
                let document = Ed25519KeyPair::generate_pkcs8(&random());
                document.map_err(|_| Error::Crypto)?.as_ref().to_vec()
            }
        };
        Ok(GeneratedKey {
            pkcs8: Zeroizing::new(pkcs8),
        })
    }

    /// The key in a PKCS#8 document.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKey`] if `pkcs8` is not a private key of that kind, or an RSA key of fewer than 2048 bits.
    pub fn from_pkcs8(kty: KeyType, pkcs8: &[u8]) -> Result<Self, Error> {
        let private = match kty {
            KeyType::Rsa2048 => RsaKeyPair::from_pkcs8(pkcs8).map(Private::Rsa),
            KeyType::P256 => {
                EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8).map(Private::P256)
            }
            KeyType::Ed25519 => {
                Ed25519KeyPair::from_pkcs8_maybe_unchecked(pkcs8).map(Private::Ed25519)
            }
        };
        let private = private.map_err(|_| Error::InvalidKey("not a PKCS#8 key of that kind"))?;
        Ok(Self(Arc::new(private)))
    }

    /// The HMAC key that is `secret`.
    pub fn from_secret(secret: &[u8]) -> Self {
        Self(Arc::new(Private::Mac(MacKey::new(secret))))
    }

    /// The kind of key; `None` for HMAC.
    pub fn kty(&self) -> Option<KeyType> {
        match &*self.0 {
            Private::Rsa(_) => Some(KeyType::Rsa2048),
            Private::P256(_) => Some(KeyType::P256),
            Private::Ed25519(_) => Some(KeyType::Ed25519),
            Private::Mac(_) => None,
        }
    }

    /// The public half as a signature JWK; `None` for HMAC, whose key has none.
    pub fn public_jwk(&self, kid: &str, alg: Option<Algorithm>) -> Option<Jwk> {
        let jwk = match &*self.0 {
            Private::Rsa(key) => {
                let (n, e) = pem::rsa_components(key.public_key().as_ref()).ok()?;
                Jwk::rsa(&n, &e)
            }
            Private::P256(key) => Jwk::ec("P-256", key.public_key().as_ref())?,
            Private::Ed25519(key) => Jwk::okp("Ed25519", key.public_key().as_ref()),
            Private::Mac(_) => return None,
        };
        Some(Jwk {
            use_: Some("sig".to_owned()),
            alg: alg.map(|alg| alg.as_str().to_owned()),
            kid: Some(kid.to_owned()),
            ..jwk
        })
    }

    /// Whether the key can sign with `alg`.
    pub fn fits(&self, alg: Algorithm) -> bool {
        match &*self.0 {
            Private::Rsa(_) => rsa_encoding(alg).is_some(),
            Private::P256(_) => alg == Algorithm::ES256,
            Private::Ed25519(_) => alg == Algorithm::EdDSA,
            Private::Mac(_) => alg.is_symmetric(),
        }
    }

    /// Signs `message`. ECDSA signatures are `r || s`, as JWS has them (RFC 7518 §3.4).
    ///
    /// # Errors
    ///
    /// [`Error::KeyMismatch`] if `alg` does not fit the key; [`Error::Crypto`] if the library fails.
    pub fn sign(&self, alg: Algorithm, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.signature(alg, message)?.as_ref().to_vec())
    }

    pub(crate) fn signature(&self, alg: Algorithm, message: &[u8]) -> Result<Signature, Error> {
        if !self.fits(alg) {
            return Err(Error::KeyMismatch);
        }
        match &*self.0 {
            Private::Rsa(key) => sign_rsa(key, alg, message),
            Private::P256(key) => {
                let signature = key.sign(&random(), message).map_err(|_| Error::Crypto)?;
                Signature::copy(signature.as_ref())
            }
            Private::Ed25519(key) => {
                let signature = key.try_sign(message).map_err(|_| Error::Crypto)?;
                Signature::copy(signature.as_ref())
            }
            Private::Mac(key) => {
                let key = key.get(alg).ok_or(Error::KeyMismatch)?;
                Signature::copy(hmac::sign(key, message).as_ref())
            }
        }
    }
}

impl Signature {
    fn copy(from: &[u8]) -> Result<Self, Error> {
        let mut bytes = [0; MAX_SIGNATURE];
        bytes
            .get_mut(..from.len())
            .ok_or(Error::Crypto)?
            .copy_from_slice(from);
        Ok(Self {
            bytes,
            length: from.len(),
        })
    }
}

fn sign_rsa(key: &RsaKeyPair, alg: Algorithm, message: &[u8]) -> Result<Signature, Error> {
    let encoding = rsa_encoding(alg).ok_or(Error::KeyMismatch)?;
    let mut signature = Signature {
        bytes: [0; MAX_SIGNATURE],
        length: key.public_modulus_len(),
    };
    let space = signature
        .bytes
        .get_mut(..signature.length)
        .ok_or(Error::Crypto)?;
    key.sign(encoding, &random(), message, space)
        .map_err(|_| Error::Crypto)?;
    Ok(signature)
}

fn rsa_encoding(alg: Algorithm) -> Option<&'static dyn RsaEncoding> {
    Some(match alg {
        Algorithm::RS256 => &RSA_PKCS1_SHA256,
        Algorithm::RS384 => &RSA_PKCS1_SHA384,
        Algorithm::RS512 => &RSA_PKCS1_SHA512,
        Algorithm::PS256 => &RSA_PSS_SHA256,
        Algorithm::PS384 => &RSA_PSS_SHA384,
        Algorithm::PS512 => &RSA_PSS_SHA512,
        _ => return None,
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "keys and signatures need the library's own generator; nothing a test would want to repeat is drawn from it"
)]
fn random() -> SystemRandom {
    SystemRandom::new()
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}
